"""The part of the script that trains and saves, and what device and number format it uses."""

from typing import Any

from studio.hardware import Machine
from studio.methods.catalogue import method
from studio.recipe import Recipe
from studio.script.literal import literal
from studio.survey import DataSurvey
from studio.tasks.task import Task

_OPTIMIZERS = {
    "adamw": "adamw_torch_fused",
    "adamw_8bit": "adamw_bnb_8bit",
    "paged_adamw_8bit": "paged_adamw_8bit",
}
_SAID = ("remove_unused_columns", "dataloader_pin_memory")  # whose default is true
_DTYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}


def dtype(recipe: Recipe, here: Machine) -> str:
    """Return the number format that the engine would choose here."""
    named = recipe.training.precision
    if named != "auto":
        return _DTYPES[named]
    card = here.card if recipe.hardware.device != "cpu" else None
    if card is not None:
        return "bfloat16" if card.capability >= (8, 0) else "float16"
    return "bfloat16" if here.bfloat16 else "float32"


def on_card(recipe: Recipe, here: Machine) -> bool:
    """Say whether it runs on a graphics card."""
    return here.card is not None and recipe.hardware.device != "cpu"


def train(recipe: Recipe, data: DataSurvey, task: Task, here: Machine) -> str:
    """Write how it is trained and saved."""
    arguments = _arguments(recipe, data, here).items()
    given = "".join(f"    {key}={literal(value)},\n" for key, value in arguments)
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
    training, number = recipe.training, dtype(recipe, here)
    mixed = not method(recipe.method.name).peft or number == "float16"
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
        "bf16": mixed and number == "bfloat16",
        "fp16": mixed and number == "float16",
        "use_cpu": not on_card(recipe, here),
        "seed": training.seed,
        "data_seed": training.seed,
        "logging_steps": 1,
        "eval_strategy": "steps" if watched else "no",
        "save_strategy": "steps" if training.save_every else "no",
        "save_total_limit": training.keep_checkpoints,
        "prediction_loss_only": True,
        "remove_unused_columns": False,
        "dataloader_pin_memory": on_card(recipe, here),
        "report_to": "none",
    }
    found.update({"eval_steps": training.eval_every} if watched else {})
    found.update({"save_steps": training.save_every} if training.save_every else {})
    return {key: value for key, value in found.items() if value is not False or key in _SAID}
