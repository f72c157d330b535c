"""Everything a run can say: small typed records, one JSON object a line in events.jsonl.

Each line carries `seq` (1, 2, ...), `t` (seconds since 1970) and `type`, the record's name in
lower case. Readers skip a torn last line, unknown types and unknown fields.
"""

import functools
import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar


@dataclass
class Event:
    """What all events share; `seq` and `t` are set by the writer."""

    seq: int = field(default=0, kw_only=True)
    t: float = field(default=0.0, kw_only=True)
    kinds: ClassVar[dict[str, type["Event"]]] = {}

    def __init_subclass__(cls) -> None:
        """Remember each kind under its name in lower case."""
        super().__init_subclass__()
        Event.kinds[cls.__name__.lower()] = cls


@dataclass
class Queued(Event):
    """The folder is made; nothing runs yet."""


@dataclass
class Started(Event):
    """Training begins: what is trained, on what, for how long. Sizes in bytes."""

    device: str
    device_name: str
    memory_limit: int
    total_steps: int
    epochs: float
    rows: int
    eval_rows: int
    parameters: int
    trainable: int
    precision: str
    tokens_per_epoch: int = 0


@dataclass
class Stage(Event):
    """What the worker does now, such as fetching or loading; total 0 means unknown."""

    name: str
    done: int = 0
    total: int = 0


@dataclass
class Step(Event):
    """One optimizer step. Loss is a mean over trained tokens; seconds are this step's own."""

    step: int
    loss: float
    learning_rate: float
    grad_norm: float
    epoch: float
    tokens: int
    tokens_per_second: float
    seconds: float


@dataclass
class Eval(Event):
    """One evaluation on the held-out rows."""

    step: int
    loss: float
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass
class Sample(Event):
    """A held-out prompt and what the model answered at this step.

    `right` says whether it is the data's answer, None where that cannot be told.
    """

    step: int
    index: int
    prompt: str
    answer: str
    reference: str = ""
    right: bool | None = None


@dataclass
class Memory(Event):
    """What is in use, in bytes; the card's figures are 0 without one. Also the heartbeat."""

    step: int
    process: int
    machine_used: int
    machine_total: int
    allocated: int = 0
    reserved: int = 0
    card_used: int = 0
    card_total: int = 0
    card_load: int = 0
    temperature: int = 0
    processor_load: float = 0.0


@dataclass
class Checkpoint(Event):
    """A checkpoint is whole on the disk; `folder` is relative to the run folder."""

    step: int
    folder: str
    bytes: int
    removed: list[str] = field(default_factory=list)


@dataclass
class Warned(Event):
    """Something the person should know; text and next_step are templates, see errors.py."""

    text: str
    next_step: str = ""
    values: dict[str, Any] = field(default_factory=dict)


@dataclass
class Paused(Event):
    """Training waits at this step and keeps its memory."""

    step: int


@dataclass
class Resumed(Event):
    """Training goes on from this step; points beyond it are told again."""

    step: int
    checkpoint: str = ""


@dataclass
class Stopped(Event):
    """The person stopped the run; what it had learnt is in `adapter` (relative folder)."""

    step: int
    adapter: str
    seconds: float = 0.0


@dataclass
class Failed(Event):
    """The run ended with an error; `kind` is one of RunState's repairs, "" for the rest."""

    text: str
    next_step: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    kind: str = ""


@dataclass
class Finished(Event):
    """The run is complete; the result is in `adapter` (relative folder)."""

    step: int
    adapter: str
    seconds: float
    loss: float = 0.0
    eval_loss: float = 0.0


def encode(event: Event) -> str:
    """Return the event's line, without the line's end."""
    named = {"seq": event.seq, "t": round(event.t, 3), "type": type(event).__name__.lower()}
    rest = {name: value for name, value in asdict(event).items() if name not in named}
    return json.dumps({**named, **rest}, default=str)


def decode(line: str | bytes) -> Event | None:
    """Return the event of a line, or None for a torn or damaged line or an unknown kind."""
    try:
        values = json.loads(line)
        fitting = _fitting(values["type"])
        known = {name: values[name] for name in fitting if name in values}
        whole = all(isinstance(value, fitting[name]) for name, value in known.items())
        return Event.kinds[values["type"]](**known) if whole else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


@functools.cache
def _fitting(kind: str) -> dict[str, tuple[type, ...]]:
    """Return what each field of a kind may hold; every number may be whole or not."""
    kinds: dict[Any, tuple[type, ...]] = {
        int: (int, float),
        float: (int, float),
        str: (str,),
        bool | None: (bool, type(None)),
    }
    return {f.name: kinds.get(f.type, (dict, list)) for f in fields(Event.kinds[kind])}
