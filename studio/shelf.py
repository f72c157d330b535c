"""What a shelf is: a folder in which each file with a certain name in it is one entry."""

import importlib
import pkgutil
from types import ModuleType
from typing import Any


def entries(folder: ModuleType, attribute: str) -> list[Any]:
    """Return that attribute of every module in the folder that has it, by file name.

    No list is kept anywhere: a new file is found because it is there.
    """
    names = sorted(found.name for found in pkgutil.iter_modules(folder.__path__))
    modules = [importlib.import_module(f"{folder.__name__}.{name}") for name in names]
    return [getattr(module, attribute) for module in modules if hasattr(module, attribute)]
