"""Real tokens a second of our training kernel against plain `Trainer`, at the same loss.

Both train the same LoRA on the same rows in the same order and number type. The reference pads to
the longest row and computes every logit, as `Trainer` does out of the box; ours packs the rows.
Padding is never counted as a token. Rounds alternate, and each step counts with its fastest round,
so that a busy machine hurts both alike.
"""

import argparse
import gc
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from studio.engine.loss import token_loss
from studio.engine.packing import PackedCollator, PaddedCollator, Row, enable_packing

WARM_STEPS = 1


@dataclass(frozen=True)
class Plan:
    """What both sides train."""

    model: Path
    rows: list[Row]
    pad_token_id: int
    batch: int
    steps: int
    dtype: torch.dtype


@dataclass(frozen=True)
class Timing:
    """Seconds of each step, and the mean loss, of one training."""

    seconds: np.ndarray
    loss: float


class StepClock(TrainerCallback):
    """Note when each step ends."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_step_end(self, *_args: Any, **_kwargs: Any) -> None:
        """Note the time."""
        self.ends.append(time.perf_counter())


def measure(plan: Plan, rounds: int) -> dict[str, Any]:
    """Train both sides `rounds` times in turn and compare them."""
    pairs = [(_train(plan, packed=False), _train(plan, packed=True)) for _ in range(rounds)]
    plain, ours = zip(*pairs, strict=True)
    tokens = _tokens(plan)
    figure, reference = (tokens / _fastest(side) for side in (ours, plain))
    return {
        "name": "train",
        "figure": round(figure, 1),
        "unit": "tokens/s",
        "reference": round(reference, 1),
        "reference_name": "transformers.Trainer, padded, all logits",
        "ratio": round(figure / reference, 3),
        "loss": round(ours[0].loss, 4),
        "reference_loss": round(plain[0].loss, 4),
    }


def alpaca_rows(model: Path, data: Path, count: int) -> tuple[list[Row], int]:
    """Return the first `count` rows in the model's chat format, and the padding token."""
    tokenizer = AutoTokenizer.from_pretrained(model)
    examples = json.loads(data.read_text(encoding="utf-8"))[:count]
    return [_row(tokenizer, example) for example in examples], tokenizer.pad_token_id


def faster_dtype(size: int = 1024) -> torch.dtype:
    """Return the number type whose matrix product is faster here, bfloat16 or float32."""
    types = (torch.bfloat16, torch.float32)
    return min(types, key=lambda dtype: _product_seconds(torch.ones(size, size, dtype=dtype)))


def _product_seconds(square: torch.Tensor) -> float:
    """Return the seconds of one matrix product, the best of five."""
    marks = [time.perf_counter()]
    for _ in range(5):
        square @ square
        marks.append(time.perf_counter())
    return float(np.diff(marks).min())


def _row(tokenizer: Any, example: dict[str, str]) -> Row:
    """Tokenise one example; only the answer is trained."""
    question = "\n".join(filter(None, (example["instruction"], example["input"])))
    chat = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
    prompt = tokenizer(chat)["input_ids"]
    answer = tokenizer(example["output"] + "<|im_end|>\n")["input_ids"]
    return {
        "input_ids": np.array(prompt + answer, dtype=np.int32),
        "labels": np.array([-100] * len(prompt) + answer, dtype=np.int32),
    }


def _train(plan: Plan, packed: bool) -> Timing:
    """Train a fresh adapter for the plan's steps."""
    torch.manual_seed(0)
    model = _adapted(plan)
    if packed:
        enable_packing(model)
    collate: Callable = PackedCollator() if packed else PaddedCollator(plan.pad_token_id)
    clock = StepClock()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=_arguments(folder, plan),
            train_dataset=plan.rows,
            data_collator=collate,
            compute_loss_func=token_loss if packed else None,
            callbacks=[clock],
        )
        loss = trainer.train().training_loss
    del trainer, model
    gc.collect()
    return Timing(np.diff(clock.ends), loss)


def _adapted(plan: Plan) -> torch.nn.Module:
    """Load the model and put a LoRA on each of its linear layers."""
    base = AutoModelForCausalLM.from_pretrained(plan.model, dtype=plan.dtype)
    lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    return get_peft_model(base, lora, autocast_adapter_dtype=False)


def _arguments(folder: str, plan: Plan) -> TrainingArguments:
    """Return the same arguments for both sides."""
    return TrainingArguments(
        output_dir=folder,
        use_cpu=True,
        per_device_train_batch_size=plan.batch,
        max_steps=plan.steps,
        learning_rate=2e-4,
        train_sampling_strategy="sequential",
        remove_unused_columns=False,
        save_strategy="no",
        report_to="none",
        logging_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        seed=0,
    )


def _tokens(plan: Plan) -> int:
    """Count the real tokens of the timed steps."""
    timed = plan.rows[WARM_STEPS * plan.batch : plan.steps * plan.batch]
    return sum(len(row["input_ids"]) for row in timed)


def _fastest(side: tuple[Timing, ...]) -> float:
    """Return the timed steps' seconds, each step from its fastest round."""
    return float(np.min([timing.seconds for timing in side], axis=0).sum())


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="folder of SmolLM2-135M")
    parser.add_argument("--data", type=Path, required=True, help="alpaca_en_demo.json")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=9)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), help="default: the faster")
    return parser.parse_args()


def main() -> None:
    """Measure and print one JSON line."""
    given = _options()
    rows, pad = alpaca_rows(given.model, given.data, given.batch * given.steps)
    dtype = getattr(torch, given.dtype) if given.dtype else faster_dtype()
    plan = Plan(given.model, rows, pad, given.batch, given.steps, dtype)
    print(json.dumps(measure(plan, given.rounds)))


if __name__ == "__main__":
    main()
