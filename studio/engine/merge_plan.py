"""Decide, before anything is written, which tensors a merged model has and where each comes from.

An adapter names layers as the model that was trained does; a base names them as it was saved,
with or without the base model's prefix ("model.", "bert."). Tied weights have one tensor on the
disk and two names in the model. All of that is settled here, from names and shapes alone.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from studio.engine.deltas import INSTEAD, METHODS, Change, Layer, Method, parts
from studio.engine.shards import NAMES, Output, Part, Weights, unchanged
from studio.errors import ExportError
from studio.words import mark

PREFIX = "base_model.model."
WEIGHTS = "adapter_model.safetensors"
# Heads of a language model, dead weight once another task's head takes their place.
HEADS = {"lm_head", "cls", "embed_out", "vocab_transform", "vocab_layer_norm", "vocab_projector"}


class RenamedError(Exception):
    """The base is saved under other names than its model has: transformers renames on loading."""


@dataclass
class Adapter:
    """An adapter on the disk: layer -> piece -> key, and the tensors that it replaces whole."""

    config: dict[str, Any]
    weights: Weights
    layers: dict[str, dict[str, str]] = field(default_factory=dict)
    whole: dict[str, str] = field(default_factory=dict)

    def shapes(self, layer: str) -> dict[str, tuple[int, ...]]:
        """Return the shape of each piece of a layer."""
        return {piece: self.weights.shape(key) for piece, key in self.layers[layer].items()}

    def pieces(self, layer: str) -> dict[str, torch.Tensor]:
        """Return the mapped pieces of a layer."""
        return {piece: self.weights.tensor(key) for piece, key in self.layers[layer].items()}


@dataclass
class Plan:
    """What will be written: the tensors, how many differ from the base's, and config.json."""

    outputs: list[Output]
    changed: int
    config: dict[str, Any]


@dataclass
class _Names:
    """The base's names as the trained model says them, each with the name it has on the disk."""

    places: dict[str, str]
    added: str = ""

    def find(self, name: str) -> str:
        """Return the model's name for a name in the adapter."""
        longer = f"{self.added}.{name}"
        return longer if self.added and name not in self.places and longer in self.places else name


def read_adapter(folder: Path, config: dict[str, Any], method: Method) -> Adapter:
    """Sort an adapter's tensors by the layer they belong to."""
    adapter = Adapter(config, Weights([folder / WEIGHTS]))
    for key in adapter.weights:
        name = key.removeprefix(PREFIX)
        if found := method.suffix.search(name):
            adapter.layers.setdefault(name[: found.start()], {})[found[1]] = key
        else:
            adapter.whole[name.replace(".base_layer.", ".").replace("modules_to_save.", "")] = key
    return adapter


def make_plan(
    base: Weights, adapter: Adapter, config: dict[str, Any], overlay: Mapping[str, Any], device: str
) -> Plan:
    """Settle names, tied weights and shapes; raise ExportError where they do not fit.

    Raises RenamedError where only transformers knows which tensor on the disk is which.
    """
    planner = _Planner(base, adapter, {**config, **overlay}, device)
    planner.untie()
    if planner.config.get("architectures") != config.get("architectures"):
        planner.drop_heads()
    planner.require_known()
    planner.note_vocabulary()
    outputs = list(planner.outputs())
    return Plan(outputs, planner.changed, planner.config)


class _Planner:
    """The state of one plan; its methods run in the order in which `make_plan` calls them."""

    def __init__(
        self, base: Weights, adapter: Adapter, config: dict[str, Any], device: str
    ) -> None:
        self.base, self.adapter, self.config, self.device = base, adapter, config, device
        weights = [f"{layer}.weight" for layer in adapter.layers]
        self.names = _align(weights or list(adapter.whole), base)
        self.layers = {self.names.find(f"{layer}.weight"): layer for layer in adapter.layers}
        self.whole = {self.names.find(name): key for name, key in adapter.whole.items()}
        self.changed = 0

    def untie(self) -> None:
        """Give tied weights a tensor each where the adapter changes one of them alone.

        PEFT's own merge changes the shared tensor, and so the other layer too; the trained
        model did not, and the merged one must answer like it.
        """
        changed = {*self.layers, *self.whole}
        if not any(self._may_be_tied(name) for name in changed):
            return
        ties = _ties(self.config)
        touched = {alias: source for alias, source in ties.items() if {alias, source} & changed}
        if all(self._replaced_alike(alias, source) for alias, source in touched.items()):
            for alias in touched:
                del self.whole[alias]
            return
        _require_pairs(touched)
        places = self.names.places
        places |= {alias: places[source] for alias, source in ties.items()}
        _set_untied(self.config)

    def _may_be_tied(self, name: str) -> bool:
        place = self.names.places.get(name)
        rows = _text_config(self.config).get("vocab_size")
        return place is None or self.base.shape(place)[0] == rows

    def _replaced_alike(self, *pair: str) -> bool:
        """Say whether both are replaced by the same tensor, and so stay tied."""
        if not set(pair) <= set(self.whole):
            return False
        return torch.equal(*(self.adapter.weights.tensor(self.whole[name]) for name in pair))

    def drop_heads(self) -> None:
        """Leave out the old task's head."""
        for name in list(self.names.places):
            if name.partition(".")[0] in HEADS and name not in {*self.layers, *self.whole}:
                del self.names.places[name]

    def require_known(self) -> None:
        """Refuse an adapter with a tensor that has no place in the base."""
        saved = [f".{module}." for module in self.adapter.config.get("modules_to_save") or ()]
        new = {name for name in self.whole if any(module in f".{name}" for module in saved)}
        known = new | self.names.places.keys()
        strangers = sorted(name for name in {*self.layers, *self.whole} if name not in known)
        if strangers and set(strangers) <= _own_names(self.config):
            raise RenamedError
        if strangers:
            raise ExportError(
                mark("The base model has no {name}, which the adapter changes ({count} such)."),
                mark("Choose the base model that the adapter was trained on."),
                name=strangers[0],
                count=len(strangers),
            )

    def note_vocabulary(self) -> None:
        """Check the shapes of replaced tensors; longer embeddings mean a grown vocabulary."""
        text = _text_config(self.config)
        rows = text.get("vocab_size")
        for name in self.whole.keys() & self.names.places.keys():
            old = self.base.shape(self.names.places[name])
            new = self.adapter.weights.shape(self.whole[name])
            if old != new and old[1:] == new[1:] and old[:1] == (rows,):
                text["vocab_size"] = new[0]
            elif old[1:] != new[1:]:
                raise _misfit(name)

    def outputs(self) -> Iterator[Output]:
        """Yield every tensor of the merged model, in the base's order, new ones last."""
        biases = {
            f"{name.removesuffix('.weight')}.bias": layer for name, layer in self.layers.items()
        }
        self._require_biases(biases)
        for name, place in self.names.places.items():
            key = self.whole.get(name)
            weights, source = (self.adapter.weights, key) if key else (self.base, place)
            layer = self.layers.get(name) or biases.get(name)
            dtype = self.base.dtype(place)
            yield self._output(name, weights, source, dtype, layer)
        for name in sorted(self.whole.keys() - self.names.places.keys()):
            dtype = _common_dtype(self.base)
            yield self._output(name, self.adapter.weights, self.whole[name], dtype, None)

    def _require_biases(self, biases: Mapping[str, str]) -> None:
        for name, layer in biases.items():
            if "lora_B.bias" in self.adapter.layers[layer] and name not in self.names.places:
                raise _misfit(name)

    def _output(
        self, name: str, weights: Weights, key: str, dtype: str, layer: str | None
    ) -> Output:
        change = self._change(name, weights, key, layer) if layer else None
        self.changed += bool(change) or weights is self.adapter.weights
        if change is None and weights.dtype(key) == dtype:
            return unchanged(name, weights, key)
        kind, shape = _kind(dtype, name), weights.shape(key)

        def changed() -> Iterator[Part]:
            source = weights.tensor(key)
            if change is None:
                return parts(source.reshape(-1), _unchanged, kind, self.device)
            return parts(source, change(source), kind, self.device)

        size = math.prod(shape) * kind.itemsize
        return Output(name, dtype, shape, size, kind.itemsize, changed)

    def _change(
        self, name: str, weights: Weights, key: str, layer: str
    ) -> Callable[[torch.Tensor], Change] | None:
        """Return what makes the layer's change once its tensors are needed."""
        method = METHODS[self.adapter.config["peft_type"]]
        place = Layer(layer, self.adapter.config, self.config.get("model_type", ""))
        if name in self.layers:
            if not method.fits(weights.shape(key), self.adapter.shapes(layer), place):
                raise _misfit(name)
            return lambda source: method.weight(source, self.adapter.pieces(layer), place)
        bias = method.bias(self.adapter.pieces(layer), place)
        return None if bias is None else lambda source: bias


def _unchanged(rows: torch.Tensor, at: slice) -> None:
    """Change nothing but the dtype."""


def _align(targets: Collection[str], base: Weights) -> _Names:
    """Choose the prefix to add or take away with which most of the targets are found."""
    stored = list(base)
    options = [_Names({name: name for name in stored})]
    for first in dict.fromkeys(name.partition(".")[0] for name in targets):
        options.append(_Names({f"{first}.{name}": name for name in stored}))
    for first in dict.fromkeys(name.partition(".")[0] for name in stored):
        options.append(_Names(dict(options[0].places), first))
    return max(options, key=lambda names: sum(names.find(name) in names.places for name in targets))


def _ties(config: Mapping[str, Any]) -> dict[str, str]:
    """Ask the model class which weights are tied: name -> the name it shares a tensor with."""
    model = _shapes(config)
    if model is None:
        raise ExportError(
            mark("Which weights this model shares is unknown: its class is not in transformers."),
            INSTEAD,
        )
    return dict(model.all_tied_weights_keys)


def _own_names(config: Mapping[str, Any]) -> set[str]:
    """Return the names of the tensors as the model has them, nothing where it is not known."""
    model = _shapes(config)
    return set() if model is None else set(model.state_dict())


def _shapes(config: Mapping[str, Any]) -> Any:
    """Return the model without its weights, None where transformers does not have its class."""
    import transformers

    fields = {key: value for key, value in config.items() if key != "model_type"}
    kind = getattr(transformers, (config.get("architectures") or ["none"])[0], None)
    if kind is None:
        return None
    with torch.device("meta"):
        return kind(transformers.AutoConfig.for_model(config["model_type"], **fields))


def _require_pairs(touched: Mapping[str, str]) -> None:
    if len(set(touched.values())) < len(touched):
        raise ExportError(
            mark("The adapter changes weights that more than two layers share."), INSTEAD
        )


def _set_untied(config: dict[str, Any]) -> None:
    config["tie_word_embeddings"] = False
    if "text_config" in config:
        config["text_config"] = {**config["text_config"], "tie_word_embeddings": False}


def _text_config(config: Mapping[str, Any]) -> Any:
    return config if "vocab_size" in config else config.get("text_config") or {}


def _common_dtype(base: Weights) -> str:
    dtypes = [base.dtype(name) for name in base]
    return max(sorted(set(dtypes)), key=dtypes.count)


def _kind(dtype: str, name: str) -> torch.dtype:
    """Return torch's dtype; raise ExportError where the base holds packed or 8-bit numbers."""
    for kind, known in NAMES.items():
        if known == dtype and kind.is_floating_point:
            return kind
    raise ExportError(
        mark("The base model's weights are quantised: {name} is {dtype}."),
        mark("Merge onto the original 16-bit model."),
        name=name,
        dtype=dtype,
    )


def _misfit(name: str) -> ExportError:
    return ExportError(
        mark("The adapter's tensors for {name} do not have the base model's shape."),
        mark("Choose the base model that the adapter was trained on."),
        name=name,
    )
