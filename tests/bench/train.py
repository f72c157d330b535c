"""Real tokens a second of our training kernel against plain `Trainer`, at the same loss.

Both train the same LoRA on the same rows in the same order and number type. The reference pads to
the longest row and computes every logit, as `Trainer` does out of the box; ours packs the rows.
A third training is ours again, watched as the worker watches it: an event a step, telemetry once
a second. Padding is never counted as a token. Rounds alternate, and each step counts with its
fastest round, so that a busy machine hurts all alike.
"""

import argparse
import gc
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from studio.engine.control import Control
from studio.engine.loss import token_loss
from studio.engine.packing import PackedCollator, PaddedCollator, Row, enable_packing
from studio.engine.telemetry import measure as measure_machine
from studio.engine.watch import Watch
from studio.recipe.model import TrainingSection
from studio.runs.folder import RunFolder
from studio.runs.log import EventWriter
from tests.helpers.real import ALPACA, package_file, sample_model

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
    sides = [
        (_train(plan), _train(plan, packed=True), _train(plan, packed=True, watched=True))
        for _ in range(rounds)
    ]
    plain, bare, ours = zip(*sides, strict=True)
    tokens = _tokens(plan)
    figure, alone, reference = (tokens / _fastest(side) for side in (ours, bare, plain))
    return {
        "name": "train",
        "figure": round(figure, 1),
        "unit": "tokens/s",
        "reference": round(reference, 1),
        "reference_name": "transformers.Trainer, padded, all logits",
        "ratio": round(figure / reference, 3),
        "unwatched": round(alone, 1),
        "unwatched_ratio": round(figure / alone, 3),
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


def _train(plan: Plan, packed: bool = False, watched: bool = False) -> Timing:
    """Train a fresh adapter for the plan's steps."""
    torch.manual_seed(0)
    model = _adapted(plan)
    if packed:
        enable_packing(model)
    collate: Callable = PackedCollator() if packed else PaddedCollator(plan.pad_token_id)
    clock = StepClock()
    with tempfile.TemporaryDirectory() as folder, _watching(Path(folder), watched) as watch:
        trainer = Trainer(
            model=model,
            args=_arguments(folder, plan, watched),
            train_dataset=plan.rows,
            data_collator=collate,
            compute_loss_func=token_loss if packed else None,
            callbacks=[*watch, clock],
        )
        for one in watch:
            model.register_forward_pre_hook(one.count, with_kwargs=True)
        loss = trainer.train().training_loss
    del trainer, model
    gc.collect()
    return Timing(np.diff(clock.ends), loss)


@contextmanager
def _watching(folder: Path, watched: bool) -> Iterator[list[Watch]]:
    """Give the worker's callback and measure once a second, as the worker does; or nothing."""
    if not watched:
        yield []
        return
    run, journal, over = RunFolder(folder), EventWriter(folder / "events.jsonl"), threading.Event()

    def measured() -> None:
        while not over.wait(1.0):
            journal.write(measure_machine(0))

    telemetry = threading.Thread(target=measured)
    telemetry.start()
    quiet = TrainingSection(eval_every=0, save_every=0)
    try:
        yield [Watch(run, journal, Control(), quiet, lambda _step, _ask: None)]
    finally:
        over.set()
        telemetry.join()
        journal.close()


def _adapted(plan: Plan) -> torch.nn.Module:
    """Load the model and put a LoRA on each of its linear layers."""
    base = AutoModelForCausalLM.from_pretrained(plan.model, dtype=plan.dtype)
    lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    return get_peft_model(base, lora, autocast_adapter_dtype=False)


def _arguments(folder: str, plan: Plan, watched: bool) -> TrainingArguments:
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
        logging_strategy="steps" if watched else "no",
        logging_steps=1,
        logging_nan_inf_filter=False,
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
    parser.add_argument("--model", type=Path, help="folder of SmolLM2-135M; fetched if not given")
    parser.add_argument("--data", type=Path, help="alpaca_en_demo.json; fetched if not given")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=9)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), help="default: the faster")
    return parser.parse_args()


def main() -> None:
    """Measure and print one JSON line."""
    given = _options()
    model = given.model or sample_model()
    data = given.data or package_file(*ALPACA)
    rows, pad = alpaca_rows(model, data, given.batch * given.steps)
    dtype = getattr(torch, given.dtype) if given.dtype else faster_dtype()
    plan = Plan(model, rows, pad, given.batch, given.steps, dtype)
    print(json.dumps(measure(plan, given.rounds)))


if __name__ == "__main__":
    main()
