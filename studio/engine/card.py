"""The model card of a result: what it is, how it was made, how to load it."""

from pathlib import Path

from studio import __version__
from studio.methods.catalogue import Method
from studio.models.facts import ModelFacts
from studio.recipe import Recipe, dumps
from studio.tasks.task import Setting, Task

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
from transformers import {processor}

model = {name}.from_pretrained("path/to/this/folder"{more})
{called} = {processor}.from_pretrained("path/to/this/folder")"""

# PEFT has no class of its own for pictures.
_USE_ON_BASE = """from peft import PeftModel
from transformers import {name}, {processor}

base = {name}.from_pretrained("{base}"{more})
model = PeftModel.from_pretrained(base, "path/to/this/folder")
{called} = {processor}.from_pretrained("path/to/this/folder")"""

_EMBED = """

given = tokenizer(["a text", "another text"], padding=True, return_tensors="pt")
hidden = model(**given).last_hidden_state[:, -given["input_ids"].shape[1] :]
mask = given["attention_mask"][:, :, None]
embeddings = (hidden * mask).sum(1) / mask.sum(1)  # compare them by their cosine"""
_PEFT_CLASSES = {"AutoModel": "AutoPeftModelForFeatureExtraction"}


def write_card(
    folder: Path,
    recipe: Recipe,
    facts: ModelFacts,
    method: Method,
    task: Task,
    setting: Setting,
) -> None:
    """Write README.md into a result's folder; it replaces the one that PEFT writes."""
    name = recipe.output.name or f"{facts.name}-{method.key}"
    base = facts.source if facts.kind == "hub" else facts.name
    text = _CARD.format(
        base=base,
        library="peft" if method.peft else "transformers",
        licence=f"\nlicense: {facts.licence}" if facts.licence else "",
        method=method.key.replace("_", "-"),
        method_name=method.texts["name"],
        name=name,
        version=__version__,
        recipe=dumps(_without_paths(recipe)),
        code=_code(task, setting, base if method.peft else ""),
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


def _code(task: Task, setting: Setting, base: str) -> str:
    """Return the lines that load the result; `base` is given where it is an adapter."""
    image = task.processor == "image"
    head = task.head(setting) if base else {}
    values = {
        "base": base,
        "library": "peft" if base else "transformers",
        "name": _class(task) if base and not image else task.model_class,
        "processor": "AutoImageProcessor" if image else "AutoTokenizer",
        "called": "processor" if image else "tokenizer",
        "more": f", num_labels={head['num_labels']}" if "num_labels" in head else "",
    }
    use = _USE_ON_BASE if base and image else _USE
    return use.format(**values) + (_EMBED if task.model_class == "AutoModel" else "")


def _class(task: Task) -> str:
    """Return PEFT's class for an adapter of a task."""
    return _PEFT_CLASSES.get(task.model_class, task.model_class.replace("Auto", "AutoPeft", 1))
