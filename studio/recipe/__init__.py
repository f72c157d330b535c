"""What a run is: a typed recipe, its file, its overlays and its checks."""

from studio.recipe.check import checked, from_mapping, problems_of
from studio.recipe.file import adapter_folders, dumps, load, overlay, read_mapping, save
from studio.recipe.model import Recipe

__all__ = [
    "Recipe",
    "adapter_folders",
    "checked",
    "dumps",
    "from_mapping",
    "load",
    "overlay",
    "problems_of",
    "read_mapping",
    "save",
]
