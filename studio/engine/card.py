"""The model card of a result: what it is, how it was made, how to load it."""

import json
from pathlib import Path
from typing import Any

from peft import PEFT_TYPE_TO_CONFIG_MAPPING

import studio.engine.tuners  # noqa: F401 - registers our own types in PEFT
from studio import __version__
from studio.engine.heads import HEADS
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

_USE = """{own}from {library} import {name}
from transformers import {imported}

{before}model = {name}.from_pretrained("path/to/this/folder"{more})
{called} = {processor}.from_pretrained("path/to/this/folder")"""

# PEFT has no class of its own for pictures.
_USE_ON_BASE = """{own}from peft import PeftModel
from transformers import {name}, {imported}

{before}base = {name}.from_pretrained("{base}"{more})
model = PeftModel.from_pretrained(base, "path/to/this/folder")
{called} = {processor}.from_pretrained("path/to/this/folder")"""

_USE_MIXTURE = """# Finetune Studio has to be installed: PEFT alone cannot load a mixture.
from pathlib import Path

from studio.engine.mixture import load_mixture
from transformers import {name}, {imported}

base = {name}.from_pretrained("{base}"{more})
model = load_mixture(base, Path("path/to/this/folder"))
{called} = {processor}.from_pretrained("path/to/this/folder")"""

_OWN = """# Finetune Studio has to be installed: PEFT knows the method from it.
import studio.engine.tuners

"""

_IN_FOUR_BITS = """# The adapter makes up for what 4-bit takes from the base's weights.
in_four_bits = BitsAndBytesConfig(
    load_in_4bit=True,
    bnb_4bit_quant_type="nf4",
    bnb_4bit_use_double_quant=True,{skipped}
)
"""

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
        code=_code(task, setting, base if method.peft else "", method),
    )
    (folder / "README.md").write_text(text, "utf-8")


def write_merged_card(
    folder: Path, adapter: Path, method: Method, task: Task, setting: Setting
) -> None:
    """Write the adapter's card for the merged model: only how it is loaded differs."""
    card = (adapter / "README.md").read_text("utf-8")
    card = card.replace("library_name: peft", "library_name: transformers", 1)
    told, use, old = card.rpartition("```python\n")
    end = old[old.index("\n```") :]
    text = told + use + _code(task, setting, "", method) + end
    (folder / "README.md").write_text(text, "utf-8")


def _without_paths(recipe: Recipe) -> Recipe:
    """Return the recipe with file names only: a card is shared, folders are nobody's business."""
    shown = recipe.model_copy(deep=True)
    shown.data.files = [Path(name).name for name in recipe.data.files]
    shown.data.eval_files = [Path(name).name for name in recipe.data.eval_files]
    if Path(recipe.model.source).is_absolute():
        shown.model.source = Path(recipe.model.source).name
    return shown


def _code(task: Task, setting: Setting, base: str, method: Method) -> str:
    """Return the lines that load the result; `base` is given where it is an adapter."""
    image, mixture = task.processor == "image", bool(base) and "adapters" in method.knobs
    on_base = bool(base) and (image or mixture)
    processor = "AutoImageProcessor" if image else "AutoTokenizer"
    quantised = bool(base) and method.start == "loftq"
    values = {
        "own": _OWN if base and _is_own(method) else "",
        "base": base,
        "library": "peft" if base else "transformers",
        "name": _class(task) if base and not on_base else task.model_class,
        "imported": f"{processor}, BitsAndBytesConfig" if quantised else processor,
        "before": _in_four_bits(task) if quantised else "",
        "processor": processor,
        "called": "processor" if image else "tokenizer",
        "more": _more(task.head(setting) if base else {}, quantised),
    }
    use = _USE_MIXTURE if mixture else _USE_ON_BASE if on_base else _USE
    return use.format(**values) + (_EMBED if task.model_class == "AutoModel" else "")


def _is_own(method: Method) -> bool:
    """Say whether PEFT knows a method's type from us alone."""
    kind = PEFT_TYPE_TO_CONFIG_MAPPING.get(method.peft)
    return kind is not None and kind.__module__.startswith("studio.")


def _in_four_bits(task: Task) -> str:
    """Return the lines that say how the base is held, as it was in training."""
    skipped = "" if task.generates else f"\n    llm_int8_skip_modules={json.dumps(list(HEADS))},"
    return _IN_FOUR_BITS.format(skipped=skipped)


def _more(head: dict[str, Any], quantised: bool) -> str:
    """Return what is given to the loading besides the folder."""
    labels = f", num_labels={head['num_labels']}" if "num_labels" in head else ""
    return labels + (", quantization_config=in_four_bits" if quantised else "")


def _class(task: Task) -> str:
    """Return PEFT's class for an adapter of a task."""
    return _PEFT_CLASSES.get(task.model_class, task.model_class.replace("Auto", "AutoPeft", 1))
