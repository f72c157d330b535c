"""Put a method on a model that has shapes and no weights, before anything large is loaded.

What does not fit is found by PEFT itself, which checks sizes while it builds. Which values would
fit is found by trying: nothing here knows what any method asks of its sizes.
"""

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
import transformers
from peft.tuners.tuners_utils import BaseTunerLayer
from transformers.pytorch_utils import Conv1D

from studio.engine.adapt import apply_method, count
from studio.engine.completed import Given
from studio.engine.device import Device
from studio.errors import MethodError, Problem
from studio.methods.catalogue import Method
from studio.tasks.task import Setting, Task
from studio.words import mark

_SHOWN = 6  # values that are named as fitting
_TRIED = 24  # values of a setting that are tried at most


@dataclass(frozen=True)
class Fit:
    """What a method makes of a model: trained and all parameters; 0 where it cannot be told."""

    trainable: int = 0
    total: int = 0


@dataclass(frozen=True)
class Case:
    """A method with its settings, and the model that it shall fit."""

    folder: Path
    method: Method
    knobs: dict[str, Any]
    task: Task
    setting: Setting | None = None
    given: Given = field(default_factory=Given)
    trust: bool = False


def fit(case: Case) -> Fit:
    """Build the method on the model's shapes and count.

    Raises MethodError whose problem names the setting that does not fit, and values that do.
    Some methods look at the weights while they are built, which shapes do not have: they pass.
    """
    try:
        base = _shapes(case)
    except (OSError, ValueError, KeyError):
        return Fit()  # loading says better what is wrong with the model
    _require_layers(case, base)
    try:
        model = _built(case, base)
    except MethodError as error:
        if _wants_weights(error.__cause__):
            return Fit()
        raise _explained(case, error) from error
    _require_small_ranks(case, model)
    total, trained = count(model)
    return Fit(trained, total)


def _shapes(case: Case) -> Any:
    """Return the base model on the meta device, ready for the task."""
    head = case.task.head(case.setting) if case.setting else {}
    config = transformers.AutoConfig.from_pretrained(
        case.folder, trust_remote_code=case.trust, **head
    )
    kind = getattr(transformers, case.task.model_class)
    with torch.device("meta"):
        return kind.from_config(config, trust_remote_code=case.trust)


def _built(case: Case, base: Any) -> Any:
    """Return the method on the base's shapes; raises MethodError."""
    with torch.device("meta"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "for .*copying from a non-meta parameter")
        device = Device("cpu", torch.float32)
        return apply_method(base, case.method, case.knobs, case.task, device, case.given)


def _wants_weights(reason: BaseException | None) -> bool:
    """Say whether building ended only because there are no weights to look at."""
    return isinstance(reason, NotImplementedError) or "meta" in str(reason).lower()


def _require_layers(case: Case, base: Any) -> None:
    """Refuse each name of which the model has no layer, and a list of none; raises MethodError."""
    named = case.knobs.get("target_modules")
    if not isinstance(named, list):
        return
    given = [name for name in named if name.strip()]
    layers = [name for name, part in base.named_modules() if _has_weights(part)]
    missing = [name for name in given if not any(_is_called(layer, name) for layer in layers)]
    if given and not missing:
        return
    short = sorted({name.rpartition(".")[2] for name, part in base.named_modules()
                    if _is_linear(part)})  # fmt: skip
    near = [one for name in missing for one in get_close_matches(name, short, 3, 0.4)]
    raise _problem(
        "target_modules",
        mark("The model has no layer named {given}.") if given else mark("No layer is named."),
        mark("Its linear layers are: {values}."),
        given=", ".join(missing),
        values=", ".join(dict.fromkeys([*near, *short])),
    )


def _is_called(layer: str, name: str) -> bool:
    """Say whether a name means a layer, as PEFT takes it: its end, from a dot on."""
    return layer == name or layer.endswith(f".{name}")


def _has_weights(part: torch.nn.Module) -> bool:
    """Say whether a module is a layer itself: linear, or an embedding, a norm, a convolution."""
    return next(part.parameters(recurse=False), None) is not None


def _is_linear(part: torch.nn.Module) -> bool:
    return isinstance(part, torch.nn.Linear | Conv1D)


def _require_small_ranks(case: Case, model: Any) -> None:
    """Refuse a rank above the widest layer's smaller side, where it only wastes.

    One narrow layer, such as a gate, is no reason. Raises MethodError.
    """
    ranks = {key: value for key, value in case.knobs.items() if _is_rank(key, value)}
    layers = [(name, part) for name, part in model.named_modules() if _sides(part)]
    if not layers:
        return
    name, layer = max(layers, key=lambda one: min(_sides(one[1])))
    size = min(_sides(layer))
    learnt = {side for one in _learnt(layer) for side in one.shape} - {*_sides(layer)}
    for key, value in ranks.items():
        if value > size and value in learnt:
            raise _problem(
                key,
                mark("{key} is {given}, but the layer {layer} has only {size} numbers a side."),
                mark("Choose {size} or less."),
                given=value,
                layer=name.rpartition(".")[2],
                size=size,
            )


def _is_rank(key: str, value: Any) -> bool:
    return isinstance(value, int) and (key == "r" or key.endswith("_r"))


def _sides(layer: torch.nn.Module) -> tuple[int, ...]:
    """Return inputs and outputs of an adapted layer, nothing where it is no matrix."""
    if not isinstance(layer, BaseTunerLayer):
        return ()
    weight = getattr(layer.get_base_layer(), "weight", None)
    return tuple(weight.shape) if weight is not None and weight.dim() == 2 else ()


def _learnt(layer: torch.nn.Module) -> Iterator[torch.Tensor]:
    """Give the matrices that a layer trains."""
    return (one for one in layer.parameters() if one.requires_grad and one.dim() == 2)


def _explained(case: Case, error: MethodError) -> MethodError:
    """Return an error that names the setting to change, or the same one where none helps."""
    for key in (key for key, knob in case.method.knobs.items() if knob.kind == "int"):
        given = case.knobs.get(key)
        fitting = _fitting(case, key) if isinstance(given, int) else []
        if fitting:
            return _problem(
                key,
                mark("{key} is {given}, which does not fit the layers of this model."),
                mark("Values that fit: {values}."),
                given=given,
                values=", ".join(str(value) for value in fitting),
            )
    error.problem = replace(error.problem, field="method.name")
    return error


def _fitting(case: Case, key: str) -> list[int]:
    """Return the values of a setting that can be built, those nearest to the given one."""
    given = case.knobs[key]
    found: list[int] = []
    for value in _candidates(case, key, given):
        if len(found) < _SHOWN and _fits(replace(case, knobs={**case.knobs, key: value})):
            found.append(value)
    return sorted(found)


def _fits(case: Case) -> bool:
    try:
        _built(case, _shapes(case))
    except MethodError as error:
        return _wants_weights(error.__cause__)
    return True


def _candidates(case: Case, key: str, given: int) -> list[int]:
    """Return divisors of the layers' sides and powers of two within the setting's range."""
    knob = case.method.knobs[key]
    sides = [side for part in _shapes(case).modules() if _is_linear(part)
             for side in part.weight.shape]  # fmt: skip
    common = math.gcd(*sides)
    values = {one for one in range(1, common + 1) if common % one == 0}
    values |= {2**power for power in range(13)}
    low, high = knob.low or 1, knob.high or math.inf
    kept = [one for one in values if low <= one <= high and one != given]
    return sorted(kept, key=lambda one: abs(math.log(one / max(given, 1))))[:_TRIED]


def _problem(key: str, text: str, step: str, **values: object) -> MethodError:
    """Return the error of a setting."""
    error = MethodError(text, step, key=key, **values)
    error.problem = Problem(f"method.{key}", text, step, error.problem.values)
    return error
