"""Put the script together: values of the recipe at the top, then only the parts that are needed."""

import json
import re
import textwrap
from pathlib import Path
from typing import Any

from studio.errors import ModelError
from studio.formats.pairs import Pairs
from studio.formats.read import resolve
from studio.formats.shelf import layout
from studio.formats.source import encoding_of
from studio.hardware import Machine, machine
from studio.methods.catalogue import knobs_for, method, quantization
from studio.models.facts import ModelFacts
from studio.models.inspect import inspect, kind_of, ready_folder
from studio.recipe import Recipe
from studio.runs.folder import short_model
from studio.script import pieces
from studio.survey import DataSurvey, survey_data
from studio.tasks.shelf import resolve as resolve_task
from studio.tasks.task import Task
from studio.words import mark

_OPTIMIZERS = {
    "adamw": "adamw_torch_fused",
    "adamw_8bit": "adamw_bnb_8bit",
    "paged_adamw_8bit": "paged_adamw_8bit",
}
_READERS = {
    ".jsonl": pieces.READ_LINES,
    ".ndjson": pieces.READ_LINES,
    ".csv": pieces.READ_TABLE,
    ".tsv": pieces.READ_TABLE,
    ".parquet": pieces.READ_PARQUET,
    ".txt": pieces.READ_TEXT,
    ".md": pieces.READ_TEXT,
}
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
_WIDTH = 80
_SAID = ("remove_unused_columns", "dataloader_pin_memory")  # whose default is true
_DTYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}


def script(
    recipe: Recipe,
    facts: ModelFacts | None = None,
    data: DataSurvey | None = None,
    here: Machine | None = None,
) -> str:
    """Return a Python program that trains what the recipe says with transformers and peft alone.

    What is not given is looked at. The number format is that of this machine. Raises ModelError,
    DataError, MethodError.
    """
    facts = facts or inspect(recipe.model.source, recipe.model.revision)
    data = data or survey_data(recipe)
    task = resolve_task(recipe.task.name, data.gives, facts)
    here = here or machine()
    body = [
        _rows(recipe, data),
        _encoding(data, facts),
        _prepare(recipe, data, task),
        _model(recipe, facts, task, here),
        _train(recipe, data, task, here),
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
    names = sorted(set(re.findall(r"\b(?:%s)\b" % "|".join(_TRANSFORMERS), body)))
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


def _values(
    recipe: Recipe, facts: ModelFacts, data: DataSurvey, here: Machine, body: str
) -> str:
    """Write the values that the script uses at its top."""
    training = recipe.training
    files = [str(resolve(name)) for name in recipe.data.files]
    held = [str(resolve(name)) for name in recipe.data.eval_files]
    values: dict[str, Any] = {
        "MODEL": _source(recipe),
        "FILES": files,
        "EVAL_FILES": held,
        "ENCODINGS": {name: encoding_of(Path(name)) for name in _texts([*files, *held])},
        "EVAL_ROWS": data.facts.eval_rows,
        "MAX_ROWS": recipe.data.max_rows,
        "MAX_LENGTH": training.max_length,
        "TRAIN_ON_ALL": recipe.task.train_on == "all",
        "SEED": training.seed,
        "OUTPUT": recipe.output.name or f"{short_model(facts.name)}-{recipe.method.name}".lower(),
        **_columns(data),
    }
    used = {key: value for key, value in values.items() if re.search(rf"\b{key}\b", body)}
    named = "".join(f"{key} = {_shown(value)}\n" for key, value in used.items())
    return f"{named}DTYPE = torch.{_dtype(recipe, here)}\n"


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


def _texts(files: list[str]) -> list[str]:
    """Return the files that are read as text."""
    return [name for name in files if not name.lower().endswith(".parquet")]


def _columns(data: DataSurvey) -> dict[str, Any]:
    """Return the columns that the layout reads, where they are not always the same."""
    known = layout(data.layout)
    if isinstance(known, Pairs):
        return {
            "PROMPT": known.prompt,
            "EXTRA": known.extra,
            "SYSTEM": known.system,
            "ANSWER": known.completion,
        }
    if data.gives != "label":
        return {}
    row = data.rows[0]
    found = {str(value): str(key) for key, value in reversed(list(row.raw.items()))}
    return {"TEXT": found.get(row.text, "text"), "LABEL": found.get(str(row.label), "label")}


def _shown(value: Any, indent: int = 0) -> str:
    """Return a value as Python writes it; long lists and tables go over several lines."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        items = [f"{_shown(key)}: {_shown(one)}" for key, one in value.items()]
        left, right = "{", "}"
    elif isinstance(value, list):
        items, left, right = [_shown(one) for one in value], "[", "]"
    else:
        return repr(value)
    short = left + ", ".join(items) + right
    if len(short) <= _WIDTH:
        return short
    margin = " " * indent
    return left + "".join(f"\n{margin}    {item}," for item in items) + f"\n{margin}{right}"


def _dtype(recipe: Recipe, here: Machine) -> str:
    """Return the number format that the engine would choose here."""
    named = recipe.training.precision
    if named != "auto":
        return _DTYPES[named]
    card = here.card if recipe.hardware.device != "cpu" else None
    if card is not None:
        return "bfloat16" if card.capability >= (8, 0) else "float16"
    return "bfloat16" if here.bfloat16 else "float32"


def _rows(recipe: Recipe, data: DataSurvey) -> str:
    """Write the functions that read files and rows."""
    kind = data.layout if data.gives != "messages" or data.layout == "messages" else "pairs"
    rows = {
        "messages": pieces.ROW_MESSAGES,
        "pairs": pieces.ROW_PAIRS,
        "text": pieces.ROW_TEXT,
        "labelled": pieces.ROW_LABELLED,
    }
    return "\n".join((_reader(recipe), rows[kind], pieces.LOAD_ROWS))


def _reader(recipe: Recipe) -> str:
    """Return the function that reads a file, or one for each kind of file that there is."""
    files = [resolve(name) for name in [*recipe.data.files, *recipe.data.eval_files]]
    readers = {str(file): _READERS.get(file.suffix.lower()) or _json_reader(file) for file in files}
    kinds = list(dict.fromkeys(readers.values()))
    if len(kinds) == 1:
        return kinds[0]
    named = [kind.replace("def read(", f"def read_{n}(") for n, kind in enumerate(kinds, 1)]
    table = "".join(f"    {_shown(k)}: read_{kinds.index(v) + 1},\n" for k, v in readers.items())
    return "\n".join((*named, f"READERS = {{\n{table}}}\n", pieces.READ_ANY))


def _json_reader(file: Path) -> str:
    """Return the reader of a .json file: one list, or one object a line."""
    with open(file, encoding=encoding_of(file)) as source:
        first = next((line for line in source if line.strip()), "").strip()
    lines = first.startswith("{") and first.endswith("}")
    return pieces.READ_LINES if lines else pieces.READ_JSON


def _encoding(data: DataSurvey, facts: ModelFacts) -> str:
    """Write the functions that turn a row into tokens."""
    if data.gives == "label":
        return "\n".join((pieces.ENCODE_LABEL, pieces.EXAMPLES))
    if data.gives == "text":
        return "\n".join((pieces.ENCODE_TEXT, pieces.EXAMPLES))
    render = pieces.ENCODE_TEMPLATE if facts.chat_template else pieces.ENCODE_PLAIN
    return "\n".join((render, pieces.ENCODE_CHAT, pieces.EXAMPLES))


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
        lines.append(f"LABELS = {_shown(labels)}")
    return "\n".join(lines)


def _from(recipe: Recipe) -> str:
    """Return the first arguments of from_pretrained."""
    more = f", revision={_shown(recipe.model.revision)}" if recipe.model.revision else ""
    return "MODEL" + more + (", trust_remote_code=True" if recipe.model.trust_remote_code else "")


def _model(recipe: Recipe, facts: ModelFacts, task: Task, here: Machine) -> str:
    """Write how the model is loaded and the method put on it."""
    chosen, bits = method(recipe.method.name), quantization(recipe)
    device = "0" if _on_card(recipe, here) else '"cpu"'
    given = [
        _from(recipe),
        "dtype=DTYPE" if chosen.peft else "dtype=torch.float32",
        *([] if facts.pickled and recipe.model.allow_pickle else ["use_safetensors=True"]),
        *([f"quantization_config={_quantized(bits)}"] if bits != "none" else []),
        *([f'device_map={{"": {device}}}'] if bits != "none" or device == "0" else []),
        *([] if task.next_token else _label_arguments()),
    ]
    lines = [
        f"model = {task.model_class}.from_pretrained(\n    " + ",\n    ".join(given) + ",\n)",
        *([] if task.next_token else ["model.config.pad_token_id = tokenizer.pad_token_id"]),
        "set_seed(SEED)",
        *(_peft(recipe, facts, task, here) if chosen.peft else ["model.requires_grad_(True)"]),
    ]
    return "\n".join(lines)


def _on_card(recipe: Recipe, here: Machine) -> bool:
    """Say whether it runs on a graphics card."""
    return here.card is not None and recipe.hardware.device != "cpu"


def _quantized(bits: str) -> str:
    """Return bitsandbytes' settings."""
    if bits == "int8":
        return "BitsAndBytesConfig(load_in_8bit=True)"
    return textwrap.dedent(
        """\
        BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_use_double_quant=True,
                bnb_4bit_compute_dtype=DTYPE,
            )"""
    )


def _label_arguments() -> list[str]:
    """Return what a classifier is told of its classes."""
    return [
        "num_labels=len(LABELS)",
        "id2label=dict(enumerate(LABELS))",
        "label2id={label: index for index, label in enumerate(LABELS)}",
    ]


def _peft(recipe: Recipe, facts: ModelFacts, task: Task, here: Machine) -> list[str]:
    """Write the method's configuration; what is "auto" is left to PEFT."""
    knobs = knobs_for(recipe, facts).items()
    given = {key: value for key, value in knobs if value != "auto" and value is not None}
    kind = {"peft_type": method(recipe.method.name).peft, "task_type": task.peft_type}
    values = "".join(f"    {_shown(k)}: {_shown(v)},\n" for k, v in {**kind, **given}.items())
    cast = _on_card(recipe, here)
    return [
        f"config = get_peft_config({{\n{values}}})",
        f"model = get_peft_model(model, config, autocast_adapter_dtype={cast})",
        "model.print_trainable_parameters()",
    ]


def _train(recipe: Recipe, data: DataSurvey, task: Task, here: Machine) -> str:
    """Write how it is trained and saved."""
    arguments = _arguments(recipe, data, here).items()
    given = "".join(f"    {key}={_shown(value)},\n" for key, value in arguments)
    collator = "DataCollatorForSeq2Seq" if task.next_token else "DataCollatorWithPadding"
    no_cache = ["model.config.use_cache = False"] if recipe.training.gradient_checkpointing else []
    lines = [
        *no_cache,
        "arguments = TrainingArguments(",
        f'    output_dir=OUTPUT + "/checkpoints",\n{given})',
        "trainer = Trainer(",
        "    model=model,",
        "    args=arguments,",
        "    train_dataset=examples(rows),",
        "    eval_dataset=examples(held_out) or None,",
        f"    data_collator={collator}(tokenizer),",
        ")",
        "trainer.train()",
        *(["print(trainer.evaluate())"] if data.held_out else []),
        "model.save_pretrained(OUTPUT)",
        "tokenizer.save_pretrained(OUTPUT)",
        'print("Saved in", OUTPUT)',
    ]
    return "\n".join(lines)


def _arguments(recipe: Recipe, data: DataSurvey, here: Machine) -> dict[str, Any]:
    """Return the arguments of the trainer."""
    training, dtype = recipe.training, _dtype(recipe, here)
    mixed = not method(recipe.method.name).peft or dtype == "float16"
    watched = bool(data.held_out and training.eval_every)
    constant = "constant_with_warmup" if training.warmup else "constant"
    found: dict[str, Any] = {
        "num_train_epochs": training.epochs,
        "max_steps": training.max_steps or False,
        "per_device_train_batch_size": training.batch_size,
        "per_device_eval_batch_size": training.batch_size,
        "gradient_accumulation_steps": training.accumulation,
        "learning_rate": training.learning_rate,
        "lr_scheduler_type": constant if training.schedule == "constant" else training.schedule,
        "warmup_steps": training.warmup,
        "optim": _OPTIMIZERS[training.optimizer],
        "weight_decay": training.weight_decay,
        "max_grad_norm": training.max_grad_norm,
        "activation_checkpointing": training.gradient_checkpointing,
        "activation_checkpointing_kwargs": {"use_reentrant": False},
        "bf16": mixed and dtype == "bfloat16",
        "fp16": mixed and dtype == "float16",
        "use_cpu": not _on_card(recipe, here),
        "seed": training.seed,
        "data_seed": training.seed,
        "logging_steps": 1,
        "eval_strategy": "steps" if watched else "no",
        "save_strategy": "steps" if training.save_every else "no",
        "save_total_limit": training.keep_checkpoints,
        "prediction_loss_only": True,
        "remove_unused_columns": False,
        "dataloader_pin_memory": _on_card(recipe, here),
        "report_to": "none",
    }
    found.update({"eval_steps": training.eval_every} if watched else {})
    found.update({"save_steps": training.save_every} if training.save_every else {})
    return {key: value for key, value in found.items() if value is not False or key in _SAID}
