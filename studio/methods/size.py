"""How many parameters a method trains, from the formulas in its file and the model's shape.

A formula is arithmetic over names. In a method's `[size]`, `each` is added up over the target
matrices of every layer, `layer` counts once a layer, `model` once. `each` knows the matrix's
`name` (Llama's: "q_proj" ...) and its sides `inputs` and `outputs`. All three know

- the model: `layers` (and `depth`, the same, where a knob is called layers; an encoder-decoder's
  are its encoder's, and `each` and `layer` count its decoder's as well), `width`, `inner`
  (the feed-forward's width), `kv` (the width of keys and values), `heads`, `kv_heads`,
  `head_width`, `vocabulary`, `parameters`, `embedding` (parameters of embedding and head),
  `biases` (of a layer, its norms' too; 0 where the family has none) and `gated` (whether the
  feed-forward has three matrices, as Llama's, or two, as BERT's);
- `targets`: how many matrices of a layer the method changes;
- the method's knobs and fixed values by their names, which go before the model's;
- + - * / // % **, comparisons, `a if b else c`, and, or, not, true values and words in quotes;
- min, max, round, ceil, floor, sqrt, log2, gcd, abs, and count (the entries of a list, or of a
  text with commas between them).

`held_each`, `held_layer`, `held_model` and the same with `saved_` say what stands in memory, and
in the result's file, beside what is trained: frozen matrices of the method's own.

`reach` is how many layers, counted from the last, the backward pass goes through: all of them
where the file says nothing.

The targets are those of the knob `target_modules`: "all-linear", a list of names, or (where it
is "auto" or not a knob) the file's own `targets`.
"""

import ast
import functools
import math
import operator
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from studio.methods.catalogue import Method
from studio.models.facts import ModelFacts

_Formula = Callable[[Mapping[str, Any]], Any]
_Sides = tuple[int, int]

_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def entries(value: Any) -> list[str]:
    """Return the entries of a list, or of a text with commas between them."""
    named = value.split(",") if isinstance(value, str) else value or []
    return [text for text in (str(one).strip() for one in named) if text]


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "count": lambda value: len(entries(value)),
    "round": round,
    "ceil": math.ceil,
    "floor": math.floor,
    "sqrt": math.sqrt,
    "log2": math.log2,
    "gcd": math.gcd,
}
_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")  # a decoder has them twice: to read with
_BIASED_ATTENTION = ("qwen2",)  # biases on queries, keys and values alone
_TWO_MATRICES = ("bert", "roberta", "gpt2", "distilbert", "gpt_neox", "opt", "vit")


def trainable(method: Method, knobs: Mapping[str, Any], facts: ModelFacts) -> int:
    """Return how many parameters a method with these knobs trains in this model.

    Never below 0, which is also what a model without known figures gives.
    """
    return _total(method, "", knobs, facts)


def held(method: Method, knobs: Mapping[str, Any], facts: ModelFacts) -> int:
    """Return how many numbers a method holds in memory beside the model and what it trains."""
    return _total(method, "held_", knobs, facts)


def saved(method: Method, knobs: Mapping[str, Any], facts: ModelFacts) -> int:
    """Return how many numbers are in the result's file beside those that are trained."""
    return _total(method, "saved_", knobs, facts)


def _total(method: Method, kind: str, knobs: Mapping[str, Any], facts: ModelFacts) -> int:
    """Add up a method's formulas of a kind."""
    formulas = {name: method.size.get(kind + name, "") for name in ("each", "layer", "model")}
    if not any(formulas.values()):
        return 0
    names = {**_model(facts), **method.fixed, **knobs}
    targets = _targets(method, names)
    names["targets"] = len(targets)
    total, stacked = 0.0, facts.layers + facts.decoder_layers
    if formulas["each"]:
        total += stacked * _each(formulas["each"], targets, names)
        crossing = {name: sides for name, sides in targets.items() if name in _ATTENTION}
        total += facts.decoder_layers * _each(formulas["each"], crossing, names)
    if formulas["layer"]:
        total += stacked * evaluate(formulas["layer"], names)
    if formulas["model"]:
        total += evaluate(formulas["model"], names)
    return max(0, round(total))


def reached(method: Method, knobs: Mapping[str, Any], facts: ModelFacts) -> int:
    """Return through how many layers the backward pass goes."""
    if "reach" not in method.size:
        return facts.layers
    return int(evaluate(method.size["reach"], {**_model(facts), **method.fixed, **knobs}))


@functools.lru_cache(maxsize=8)  # a gallery asks for every method of the same model
def _model(facts: ModelFacts) -> Mapping[str, Any]:
    """Return the model's figures under the names that formulas use."""
    return {
        "layers": facts.layers,
        "depth": facts.layers,
        "width": facts.width,
        "inner": facts.inner_width,
        "kv": kv_width(facts),
        "heads": facts.heads,
        "kv_heads": facts.kv_heads,
        "head_width": facts.head_width,
        "vocabulary": facts.vocabulary,
        "parameters": facts.parameters,
        "embedding": embedding(facts),
        "biases": biases(facts),
        "gated": gated(facts),
        "matrices": matrices(facts),
    }


def _targets(method: Method, names: Mapping[str, Any]) -> Mapping[str, _Sides]:
    """Return the sides of the matrices that the method changes in a layer."""
    named, shapes = names.get("target_modules", "auto"), names["matrices"]
    if named == "all-linear":
        return shapes  # type: ignore[no-any-return]
    known = named if isinstance(named, list) else method.targets
    return {name: shapes[name] for name in known if name in shapes}


def _each(formula: str, targets: Mapping[str, _Sides], names: dict[str, Any]) -> float:
    """Add a formula up over matrices; those that it cannot tell apart are worked out once."""
    named, total = "name" in _words(formula), 0.0
    alike = Counter((name if named else "", *sides) for name, sides in targets.items())
    for (name, inputs, outputs), count in alike.items():
        names |= {"name": name, "inputs": inputs, "outputs": outputs}
        total += count * evaluate(formula, names)
    return total


def matrices(facts: ModelFacts) -> Mapping[str, _Sides]:
    """Return (inputs, outputs) of the matrices in a layer, under Llama's names for them."""
    width, inner = facts.width, facts.inner_width
    queries, keys = (facts.head_width * facts.heads) or width, kv_width(facts)
    shapes = {
        "q_proj": (width, queries),
        "k_proj": (width, keys),
        "v_proj": (width, keys),
        "o_proj": (queries, width),
        "up_proj": (width, inner),
        "down_proj": (inner, width),
    }
    return {**shapes, "gate_proj": (width, inner)} if gated(facts) else shapes


def kv_width(facts: ModelFacts) -> int:
    """Return the width of keys and values, which grouped heads make smaller."""
    if not facts.heads:
        return facts.width
    return (facts.head_width or facts.width // facts.heads) * facts.kv_heads


def gated(facts: ModelFacts) -> bool:
    """Say whether the feed-forward has a gate: three matrices a layer instead of two."""
    told = facts.config.get("feed_forward_proj")  # T5's kin have either
    return "gated" in told if told else facts.model_type not in _TWO_MATRICES


def biases(facts: ModelFacts) -> int:
    """Return the biases of a layer: of matrices and norms where a family has two matrices."""
    shapes = matrices(facts)
    if facts.model_type in _BIASED_ATTENTION:
        return sum(shapes[name][1] for name in ("q_proj", "k_proj", "v_proj"))
    return 0 if gated(facts) else sum(sides[1] for sides in shapes.values()) + 2 * facts.width


def embedding(facts: ModelFacts) -> int:
    """Return the parameters of the embedding and the head, which are never quantised."""
    return facts.vocabulary * facts.width * (1 if facts.tied else 2)


def evaluate(formula: str, names: Mapping[str, Any]) -> float:
    """Return the value of a formula.

    Raises ValueError for anything but arithmetic over names, KeyError for a name that is unknown.
    """
    return float(_compiled(formula)(names))


@functools.cache
def _compiled(formula: str) -> _Formula:
    """Turn a formula into nested functions of the names, once."""
    return _part(ast.parse(formula, mode="eval").body)


@functools.cache
def _words(formula: str) -> frozenset[str]:
    """Return the names in a formula."""
    nodes = ast.walk(ast.parse(formula, mode="eval"))
    return frozenset(node.id for node in nodes if isinstance(node, ast.Name))


def _part(node: ast.expr) -> _Formula:
    """Turn one part of a formula into a function of the names."""
    match node:
        case ast.Constant(value=value):
            return lambda _names: value
        case ast.Name(id=name):
            return operator.itemgetter(name)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _call(_OPERATORS[type(op)], operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _two(_OPERATORS[type(op)], left, right)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
            return _two(_OPERATORS[type(op)], left, right)
        case ast.BoolOp(op=op, values=values):
            return _bool(all if isinstance(op, ast.And) else any, values)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _choice(_part(test), _part(body), _part(orelse))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _call(_FUNCTIONS[name], *args)
    raise ValueError(f"not arithmetic over names: {ast.unparse(node)}")


def _two(function: Callable[..., Any], left: ast.expr, right: ast.expr) -> _Formula:
    """Apply a function to two parts."""
    first, second = _part(left), _part(right)
    return lambda names: function(first(names), second(names))


def _call(function: Callable[..., Any], *args: ast.expr) -> _Formula:
    """Apply a function to any number of parts."""
    parts = [_part(arg) for arg in args]
    return lambda names: function(*[part(names) for part in parts])


def _bool(function: Callable[..., Any], values: list[ast.expr]) -> _Formula:
    """Apply all or any to parts, in order and no further than needed."""
    parts = [_part(value) for value in values]
    return lambda names: function(part(names) for part in parts)


def _choice(test: _Formula, body: _Formula, orelse: _Formula) -> _Formula:
    """Choose one of two parts by a third."""
    return lambda names: body(names) if test(names) else orelse(names)
