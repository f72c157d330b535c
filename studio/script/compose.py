"""Put the script together: values of the recipe at the top, then only the parts that are needed."""

import re
from pathlib import Path
from typing import Any

from studio.errors import ModelError
from studio.formats.read import resolve
from studio.formats.source import encoding_of
from studio.hardware import Machine, machine
from studio.methods.catalogue import knobs_for, method, quantization
from studio.models.facts import ModelFacts
from studio.models.inspect import inspect, kind_of, ready_folder
from studio.recipe import Recipe
from studio.runs.folder import short_model
from studio.script.literal import literal
from studio.script.pieces import NEW_LAYERS
from studio.script.refuse import refuse
from studio.script.rows import columns, encoding, reading
from studio.script.training import dtype, on_card, train
from studio.survey import DataSurvey, longest_row, survey_data
from studio.tasks.shelf import resolve as resolve_task
from studio.tasks.task import Task
from studio.words import mark

_TRANSFORMERS = (
    "AutoModelForCausalLM",
    "AutoModelForSequenceClassification",
    "AutoTokenizer",
    "BitsAndBytesConfig",
    "DataCollatorForSeq2Seq",
    "DataCollatorWithPadding",
    "Trainer",
    "TrainingArguments",
    "set_seed",
)


def script(
    recipe: Recipe,
    facts: ModelFacts | None = None,
    data: DataSurvey | None = None,
    here: Machine | None = None,
) -> str:
    """Return a Python program that trains what the recipe says with transformers and peft alone.

    What is not given is looked at. The number format is that of this machine. Raises ModelError,
    DataError, MethodError (also for what a plain script cannot say yet).
    """
    facts = facts or inspect(recipe.model.source, recipe.model.revision)
    data = data or survey_data(recipe)
    task = resolve_task(recipe.task.name, data.gives, facts)
    here = here or machine()
    refuse(recipe, facts, data, task, here)
    body = [
        reading(recipe, data),
        encoding(data, facts),
        *([NEW_LAYERS] if _has_new_head(recipe, task) else []),
        _prepare(recipe, data, task),
        _model(recipe, facts, task, here),
        train(recipe, data, task, here),
    ]
    text = _joined(body)
    return _joined([_head(recipe, facts, text), _values(recipe, facts, data, here, text), text])


def _joined(parts: list[str]) -> str:
    """Join parts with one empty line between, and two before a function."""
    text = "\n".join(part.strip("\n") + "\n" for part in parts)
    return re.sub(r"\n+(?=(def|ROLES|READERS|rows = load))", "\n\n\n", text)


def _head(recipe: Recipe, facts: ModelFacts, body: str) -> str:
    """Say what the script does and what it needs; import that."""
    chosen = method(recipe.method.name)
    bits, paged = quantization(recipe) != "none", recipe.training.optimizer != "adamw"
    needed = ["torch", "transformers", "accelerate", *(["peft"] if chosen.peft else [])]
    needed += ["bitsandbytes"] if bits or paged else []
    needed += ["pyarrow"] if "pyarrow." in body else []
    own = [f"import {name}" for name in ("csv", "json", "random") if f"{name}." in body]
    others = [f"import {name}" for name in ("jinja2", "pyarrow.parquet") if f"{name}." in body]
    peft = ["from peft import get_peft_config, get_peft_model"] if chosen.peft else []
    names = sorted(name for name in _TRANSFORMERS if name in body)
    lines = [
        f'"""Fine-tune {short_model(facts.name)} with {chosen.name}: transformers and peft alone.',
        "",
        f"    pip install {' '.join(needed)}",
        '"""',
        "",
        *own,
        "",
        *others,
        "import torch",
        *peft,
        "from transformers import (",
        *(f"    {name}," for name in names),
        ")",
    ]
    return "\n".join(lines)


def _values(recipe: Recipe, facts: ModelFacts, data: DataSurvey, here: Machine, body: str) -> str:
    """Write the values that the script uses at its top."""
    training = recipe.training
    files = [str(resolve(name)) for name in recipe.data.files]
    held = [str(resolve(name)) for name in recipe.data.eval_files]
    read_as_text = [name for name in [*files, *held] if not name.lower().endswith(".parquet")]
    values: dict[str, Any] = {
        "MODEL": _source(recipe),
        "FILES": files,
        "EVAL_FILES": held,
        "ENCODINGS": {name: encoding_of(Path(name)) for name in read_as_text},
        "EVAL_ROWS": data.facts.eval_rows,
        "MAX_ROWS": recipe.data.max_rows,
        "MAX_LENGTH": longest_row(recipe, facts),
        "TRAIN_ON_ALL": recipe.task.train_on == "all",
        "SEED": training.seed,
        "OUTPUT": recipe.output.name or f"{short_model(facts.name)}-{recipe.method.name}".lower(),
        **columns(data),
    }
    used = {key: value for key, value in values.items() if re.search(rf"\b{key}\b", body)}
    named = "".join(f"{key} = {literal(value)}\n" for key, value in used.items())
    return f"{named}DTYPE = torch.{dtype(recipe, here)}\n"


def _source(recipe: Recipe) -> str:
    """Return what from_pretrained takes; raises ModelError for a model that is still packed."""
    source = recipe.model.source
    if kind_of(source) == "hub":
        return source
    ready = ready_folder(source, recipe.model.revision)
    if ready is None:
        raise ModelError(
            mark("{model} is not unpacked yet, and a script cannot train it as it is."),
            mark("Start the run once; then the script can be written."),
            model=short_model(source),
        )
    return str(ready)


def _prepare(recipe: Recipe, data: DataSurvey, task: Task) -> str:
    """Write how the rows are parted and encoded."""
    whole = "[:MAX_ROWS]" if recipe.data.max_rows else ""
    split = [
        "held = set(random.Random(SEED).sample(range(len(rows)), EVAL_ROWS))",
        "held_out = [rows[index] for index in sorted(held)]",
        "rows = [row for index, row in enumerate(rows) if index not in held]",
    ]
    lines = [
        f"rows = load(FILES){whole}",
        *(["held_out = load(EVAL_FILES)"] if recipe.data.eval_files else split),
        "",
        f"tokenizer = AutoTokenizer.from_pretrained({_from(recipe)})",
        'tokenizer.padding_side = "right"',
        "if tokenizer.pad_token is None:",
        "    tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token",
    ]
    if not task.next_token:
        labels = list(task.labels([*data.rows, *data.held_out]))
        lines.append(f"LABELS = {literal(labels)}")
    return "\n".join(lines)


def _from(recipe: Recipe) -> str:
    """Return the first arguments of from_pretrained."""
    more = f", revision={literal(recipe.model.revision)}" if recipe.model.revision else ""
    return "MODEL" + more + (", trust_remote_code=True" if recipe.model.trust_remote_code else "")


def _has_new_head(recipe: Recipe, task: Task) -> bool:
    """Say whether a head is trained whole beside an adapter."""
    return bool(method(recipe.method.name).peft) and not task.next_token


def _model(recipe: Recipe, facts: ModelFacts, task: Task, here: Machine) -> str:
    """Write how the model is loaded and the method put on it."""
    chosen, head = method(recipe.method.name), _has_new_head(recipe, task)
    given = ",\n    ".join(_loading(recipe, facts, task, here))
    made = "model, told" if head else "model"
    lines = [
        # a run draws its new head from the seed, and the method from the seed again
        *([] if task.next_token else ["set_seed(SEED)"]),
        f"{made} = {task.model_class}.from_pretrained(\n    {given},\n)",
        *([] if task.next_token else ["model.config.pad_token_id = tokenizer.pad_token_id"]),
        *(["new = new_layers(model, told)"] if head else []),
        "set_seed(SEED)",
        *(_peft(recipe, facts, task, here) if chosen.peft else ["model.requires_grad_(True)"]),
    ]
    return "\n".join(lines)


def _loading(recipe: Recipe, facts: ModelFacts, task: Task, here: Machine) -> list[str]:
    """Return the arguments that the model is loaded with."""
    bits, head = quantization(recipe), _has_new_head(recipe, task)
    device = "0" if on_card(recipe, here) else '"cpu"'
    return [
        _from(recipe),
        "dtype=DTYPE" if method(recipe.method.name).peft else "dtype=torch.float32",
        *([] if facts.pickled and recipe.model.allow_pickle else ["use_safetensors=True"]),
        *([f"quantization_config={_quantized(bits, head)}"] if bits != "none" else []),
        *([f'device_map={{"": {device}}}'] if bits != "none" or device == "0" else []),
        *([] if task.next_token else _label_arguments()),
        *(["output_loading_info=True"] if head else []),
    ]


def _quantized(bits: str, head: bool) -> str:
    """Return bitsandbytes' settings; a head that is trained stays as it is."""
    eight = bits == "int8"
    four = ['bnb_4bit_quant_type="nf4"', "bnb_4bit_use_double_quant=True"]
    settings = [
        "load_in_8bit=True" if eight else "load_in_4bit=True",
        *(['llm_int8_skip_modules=["classifier", "score"]'] if head else []),
        *([] if eight else [*four, "bnb_4bit_compute_dtype=DTYPE"]),
    ]
    return "BitsAndBytesConfig(\n" + "".join(f"        {one},\n" for one in settings) + "    )"


def _label_arguments() -> list[str]:
    """Return what a classifier is told of its classes."""
    return [
        "num_labels=len(LABELS)",
        "id2label=dict(enumerate(LABELS))",
        "label2id={label: index for index, label in enumerate(LABELS)}",
        "ignore_mismatched_sizes=True",
    ]


def _peft(recipe: Recipe, facts: ModelFacts, task: Task, here: Machine) -> list[str]:
    """Write the method's configuration; what is "auto" is left to PEFT."""
    chosen = method(recipe.method.name)
    knobs = {**chosen.fixed, **knobs_for(recipe, facts)}.items()
    given = {key: value for key, value in knobs if value != "auto" and value is not None}
    kind = {"peft_type": chosen.peft, "task_type": task.peft_type}
    values = "".join(f"    {literal(k)}: {literal(v)},\n" for k, v in {**kind, **given}.items())
    head = _has_new_head(recipe, task)
    values += '    "modules_to_save": new,\n    "exclude_modules": kept_off,\n' if head else ""
    cast = on_card(recipe, here) or chosen.peft != "LORA"  # others learn nothing in 16-bit
    return [
        *(["names = [name for name, _ in model.named_modules()]"] if head else []),
        *(["kept_off = [name for name in names if name.endswith(tuple(new))]"] if head else []),
        f"config = get_peft_config({{\n{values}}})",
        f"model = get_peft_model(model, config, autocast_adapter_dtype={cast})",
        "model.print_trainable_parameters()",
    ]
