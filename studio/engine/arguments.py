"""What a recipe means in transformers' own words."""

import torch
from transformers import TrainingArguments

from studio.engine import checkpoints
from studio.engine.device import Device
from studio.recipe import Recipe
from studio.runs.folder import RunFolder

_OPTIMIZERS = {
    "adamw": "adamw_torch_fused",
    "adamw_8bit": "adamw_bnb_8bit",
    "paged_adamw_8bit": "paged_adamw_8bit",
}


def arguments(
    recipe: Recipe, folder: RunFolder, device: Device, adapter: bool
) -> TrainingArguments:
    """Return transformers' arguments for a recipe. Checkpoints go aside; our callback renames."""
    training = recipe.training
    mixed = not adapter or device.dtype is torch.float16
    return TrainingArguments(
        output_dir=str(checkpoints.aside(folder)),
        num_train_epochs=training.epochs,
        max_steps=training.max_steps or -1,
        per_device_train_batch_size=training.batch_size,
        gradient_accumulation_steps=training.accumulation,
        learning_rate=training.learning_rate,
        lr_scheduler_type=_schedule(training.schedule, training.warmup),
        warmup_steps=training.warmup,
        optim=_OPTIMIZERS[training.optimizer],
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_grad_norm,
        activation_checkpointing=training.gradient_checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False},
        bf16=mixed and device.dtype is torch.bfloat16,
        fp16=mixed and device.dtype is torch.float16,
        use_cpu=not device.on_card,
        seed=training.seed,
        data_seed=training.seed,
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="no",
        eval_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=["labels"],
        dataloader_pin_memory=device.on_card,
    )


def _schedule(name: str, warmup: float) -> str:
    """Return transformers' name of a schedule; a constant rate may still rise at first."""
    return "constant_with_warmup" if name == "constant" and warmup else name


def planned_steps(recipe: Recipe, examples: int) -> int:
    """Return the number of optimizer steps that transformers' Trainer will make."""
    training = recipe.training
    if training.max_steps:
        return training.max_steps
    batches = -(-examples // training.batch_size)
    an_epoch = max(1, -(-batches // training.accumulation))
    return int(-(-an_epoch * training.epochs // 1))
