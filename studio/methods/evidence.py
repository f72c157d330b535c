"""What was measured of the methods: PEFT's comparison in presets/evidence.csv. No torch."""

import csv
import functools
import json
from dataclasses import dataclass, field
from typing import Any

from studio.paths import PRESETS
from studio.words import mark

SOURCE = mark(
    "PEFT's own method comparison (Apache-2.0), July and August 2026: Llama-3.2-3B trained on "
    "MetaMathQA and tested on GSM8K, 5,000 steps of 4 rows on one NVIDIA L40S."
)
# What one model and one data set can tell, and what they cannot.
LIMITS = (
    mark(
        "One model and one data set: a hint, not a promise. A lead of a point or two may be lost "
        "with other rows; a lead of ten hardly will."
    ),
    mark(
        "All runs were in 16-bit with 4 rows at a time. Memory and time will differ here; which "
        "method needs more of them mostly will not."
    ),
    mark(
        "School maths in words, answered in text: nothing here says how a method does with "
        "classes, with pictures or with a hundred rows."
    ),
    mark(
        "Most methods were tried with one or two settings. A poor score can also mean a poor "
        "learning rate."
    ),
)
NOISE = 0.03  # of the answers: runs that lie nearer than this score alike
# Fields of PEFT's config that tell runs of one method apart, in the order they are said.
_KNOBS = (
    "r", "target_r", "num_virtual_tokens", "adapter_len", "n_frequency", "block_size", "lora_alpha",
    "u", "scaling", "init_weights", "prompt_tuning_init", "psoft_svd", "sparse_rate", "config_A_B",
    "weight_tying", "decomposition_method", "target_modules",
)  # fmt: skip


@dataclass(frozen=True)
class Point:
    """One measured run of a method.

    `accuracy`: share of right answers. `forgetting`: how much the loss on other text rose.
    `memory`: peak bytes on the card. `seconds`: the whole run, `train_seconds` without its checks.
    `size`: bytes of the saved file. `config`: the fields of PEFT's config that were set.
    """

    method: str
    experiment: str
    accuracy: float
    forgetting: float
    memory: int
    seconds: float
    train_seconds: float
    size: int
    trainable: int
    learning_rate: float
    date: str
    config: dict[str, Any] = field(compare=False, repr=False)

    @property
    def knobs(self) -> str:
        """Return the main settings in PEFT's words, such as "r 64, lora_alpha 64"."""
        known = [(key, self.config.get(key)) for key in _KNOBS]
        told = [f"{key} {_words(value)}" for key, value in known if _tells(value)]
        on = [key for key in self.config if key.startswith("use_") and self.config[key] is True]
        return ", ".join([*told, *on, f"lr {self.learning_rate:g}"])


def _tells(value: Any) -> bool:
    """Say whether a setting was chosen, and not only switched on as it is by default."""
    return value is not None and not isinstance(value, bool)


def _words(value: Any) -> str:
    """Return a setting's value in words; a list of layers by their names."""
    return " + ".join(sorted(map(str, value))) if isinstance(value, list) else str(value)


@functools.lru_cache(maxsize=1)
def _file() -> tuple[dict[str, str], tuple[dict[str, str], ...]]:
    """Return the file's head (name, source, licence, model, ...) and its rows."""
    lines = (PRESETS / "evidence.csv").read_text("utf-8").splitlines()
    head = [line[1:].partition(":") for line in lines if line.startswith("#")]
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {name.strip(): text.strip() for name, _, text in head}, tuple(rows)


def about() -> dict[str, str]:
    """Return what the file says of itself: name, source, licence, date, model, data, card, ..."""
    return dict(_file()[0])


def points() -> list[Point]:
    """Return every run of a method of ours, the best first."""
    return list(_points())


@functools.lru_cache(maxsize=1)
def _points() -> tuple[Point, ...]:
    """Read the runs once."""
    found = [_point(row) for row in _file()[1] if row["method"]]
    return tuple(sorted(found, key=lambda one: -one.accuracy))


def _point(row: dict[str, str]) -> Point:
    """Make a point of a line."""
    return Point(
        method=row["method"],
        experiment=row["experiment"],
        accuracy=float(row["test_accuracy"]),
        forgetting=float(row["forgetting"]),
        memory=int(row["mem_max_bytes"]),
        seconds=float(row["time_s"]),
        train_seconds=float(row["train_time_s"]),
        size=int(row["file_size_bytes"]),
        trainable=int(row["trainable_params"]),
        learning_rate=float(row["lr"]),
        date=row["created"],
        config=json.loads(row["peft_config"]),
    )


@functools.lru_cache(maxsize=1)
def _by_method() -> dict[str, list[Point]]:
    """Return the runs of each method that was measured."""
    found: dict[str, list[Point]] = {}
    for one in _points():
        found.setdefault(one.method, []).append(one)
    return found


def of(method: str) -> list[Point]:
    """Return the runs of a method, the best first; none where it was not measured."""
    return list(_by_method().get(method, ()))


def best(method: str) -> Point | None:
    """Return the run with the most right answers, or None where none was measured."""
    return max(of(method), key=lambda one: one.accuracy, default=None)


def thrifty(method: str) -> Point | None:
    """Return the run that needs the least memory among those that score as well as the best."""
    top = best(method)
    near = [one for one in of(method) if top and one.accuracy >= top.accuracy - NOISE]
    return min(near, key=lambda one: one.memory, default=None)
