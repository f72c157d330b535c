"""The model card of a result: what it is, how it was made, how to load it."""

from pathlib import Path

from studio import __version__
from studio.methods.catalogue import Method
from studio.models.facts import ModelFacts
from studio.recipe import Recipe, dumps
from studio.tasks.task import Task

_CARD = """---
base_model: {base}
library_name: {library}{licence}
tags:
- finetune-studio
- {method}
---

# {name}

{name} is {base} fine-tuned with {method_name} in Finetune Studio {version}.

## Recipe

```toml
{recipe}```

## Use

```python
{code}
```
"""

_USE = """from {library} import {name}
from transformers import AutoTokenizer

model = {name}.from_pretrained("path/to/this/folder")
tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")"""


def write_card(folder: Path, recipe: Recipe, facts: ModelFacts, method: Method, task: Task) -> None:
    """Write README.md into a result's folder; it replaces the one that PEFT writes."""
    name = recipe.output.name or f"{facts.name}-{method.key}"
    text = _CARD.format(
        base=facts.source if facts.kind == "hub" else facts.name,
        library="peft" if method.peft else "transformers",
        licence=f"\nlicense: {facts.licence}" if facts.licence else "",
        method=method.key.replace("_", "-"),
        method_name=method.texts["name"],
        name=name,
        version=__version__,
        recipe=dumps(_without_paths(recipe)),
        code=_code(task, bool(method.peft)),
    )
    (folder / "README.md").write_text(text, "utf-8")


def _without_paths(recipe: Recipe) -> Recipe:
    """Return the recipe with file names only: a card is shared, folders are nobody's business."""
    shown = recipe.model_copy(deep=True)
    shown.data.files = [Path(name).name for name in recipe.data.files]
    shown.data.eval_files = [Path(name).name for name in recipe.data.eval_files]
    if Path(recipe.model.source).is_absolute():
        shown.model.source = Path(recipe.model.source).name
    return shown


def _code(task: Task, adapter: bool) -> str:
    """Return the lines that load the result."""
    if not adapter:
        return _USE.format(library="transformers", name=task.model_class)
    return _USE.format(library="peft", name=task.model_class.replace("Auto", "AutoPeft", 1))
