"""The transformer layers of a model, and the places in them that methods of our own work on.

Found by looking at what a layer is made of, not by the model's name: attention are the modules
that are called so, the feed-forward is what has weight matrices besides.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

_QUERIES = ("q", "query", "q_proj", "q_lin")
_VALUES = ("v", "value", "v_proj", "v_lin")
_ALL_THREE = ("c_attn", "qkv", "qkv_proj", "query_key_value", "Wqkv")


@dataclass(frozen=True)
class Block:
    """The places in one layer, by their full names in the model.

    `attends` is the module that computes the self-attention. `attention_outs` are the last
    matrices of all attentions, `first` and `last` the first and the last of the feed-forward,
    `queries_values` those that make queries and values, or the one that makes keys as well.
    """

    attends: str
    attention_outs: tuple[str, ...]
    queries_values: tuple[str, ...]
    first: str
    last: str


def stacks(model: nn.Module) -> list[nn.ModuleList]:
    """Return the lists of a model's transformer layers: one, or an encoder's and a decoder's."""
    return [one for _name, one in _named_stacks(model)]


def stack_names(model: nn.Module) -> list[str]:
    """Return the full names of those lists."""
    return [name for name, _one in _named_stacks(model)]


def blocks(model: nn.Module) -> list[Block]:
    """Return the places in every layer; raises ValueError for layers of an unknown make."""
    found = [
        _block(f"{name}.{place}", layer)
        for name, stack in _named_stacks(model)
        for place, layer in enumerate(stack)
    ]
    if not found:
        raise ValueError("no transformer layers were found in this model")
    return found


def is_matrix(module: nn.Module) -> bool:
    """Say whether a module multiplies by one weight matrix: linear layers, also quantised ones."""
    weight = getattr(module, "weight", None)
    known = isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D"
    return known and weight is not None


def _named_stacks(model: nn.Module) -> list[tuple[str, nn.ModuleList]]:
    """Return the outermost lists of layers with their names."""
    lists = [(n, part) for n, part in model.named_modules() if isinstance(part, nn.ModuleList)]
    inner = {id(one) for _n, some in lists for part in some for one in part.modules()}
    return [
        (name, one)
        for name, one in lists
        if id(one) not in inner and len(one) and _is_layer(one[0])
    ]


def _is_layer(part: nn.Module) -> bool:
    """Say whether a module is a transformer layer: it holds more than one weight matrix."""
    return sum(weight.dim() > 1 for weight in part.parameters()) > 1


def _block(name: str, layer: nn.Module) -> Block:
    """Look at one layer."""
    attentions = list(_attentions(layer))
    own = next((part for part in attentions if not _crosses(*part)), None)
    forward = [n for n, m in layer.named_modules() if is_matrix(m) and not _inside(n, attentions)]
    if own is None or not forward or any(weight.dim() == 3 for weight in layer.parameters()):
        raise ValueError(f"the layer {name} is not one attention and one feed-forward")
    width, _inner = width_of(layer.get_submodule(forward[0]))
    attends = next((n for n, m in own[1].named_modules() if hasattr(m, "is_causal")), "")
    return Block(
        _joined(name, own[0], attends),
        tuple(_joined(name, n, _last(part, width)) for n, part in attentions),
        tuple(_joined(name, own[0], one) for one in _queries_values(own[1])),
        _joined(name, forward[0]),
        _joined(name, forward[-1]),
    )


def _last(attention: nn.Module, width: int) -> str:
    """Return the matrix that ends an attention: the last made that gives the layer's width."""
    names = _matrices(attention)
    wide = [one for one in names if width_of(attention.get_submodule(one))[1] == width]
    return (wide or names)[-1]


def _attentions(layer: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Give the outermost modules that are called attention and hold matrices."""
    found: list[str] = []
    for name, part in layer.named_modules():
        called = "attention" in type(part).__name__.lower() and name
        if called and not any(name.startswith(f"{one}.") for one in found) and _matrices(part):
            found.append(name)
            yield name, part


def _crosses(name: str, part: nn.Module) -> bool:
    """Say whether an attention looks at another sequence."""
    called = f"{name} {type(part).__name__}".lower()
    return "cross" in called or "encdec" in called


def _inside(name: str, attentions: list[tuple[str, nn.Module]]) -> bool:
    """Say whether a module lies in an attention."""
    return any(name == one or name.startswith(f"{one}.") for one, _part in attentions)


def _matrices(part: nn.Module) -> list[str]:
    """Return the names of the matrices in a module, in the order in which it was made."""
    return [name for name, one in part.named_modules() if name and is_matrix(one)]


def _queries_values(attention: nn.Module) -> list[str]:
    """Return the matrices of queries and values, or the one that makes keys as well."""
    names = {one.rpartition(".")[2]: one for one in _matrices(attention)}
    own = [names[one] for one in (*_QUERIES, *_VALUES) if one in names]
    return own if len(own) == 2 else [names[one] for one in _ALL_THREE if one in names]


def _joined(*names: str) -> str:
    """Join the parts of a name that there are."""
    return ".".join(one for one in names if one)


def width_of(module: nn.Module) -> tuple[int, int]:
    """Return the inputs and outputs of a matrix, also of GPT-2's and of a quantised one."""
    if isinstance(module, nn.Linear):
        return module.in_features, module.out_features
    weight = module.weight
    assert isinstance(weight, torch.Tensor)
    return weight.shape[0], weight.shape[1]
