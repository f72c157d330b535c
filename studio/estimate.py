"""How much memory and time a run needs, in microseconds of plain arithmetic.

The figures follow from the model's shape, the method and the batch:
- weights: 2 bytes each in 16-bit; 4 in float32, where the processor has no bfloat16 and for a full
  fine-tuning; 1 byte in 8-bit, 4.127 bits in NF4 with double quantisation (QLoRA, arXiv
  2305.14314, section 3: 32 / (64 * 256) + 8 / 64 bits a weight for the scales);
- what is trained: 4 bytes for the gradient and 8 for AdamW's two moments, 2 in 8-bit;
- activations: what the backward pass of a decoder layer keeps, after Korthikanti et al. 2022
  (arXiv 2205.05198), without the attention matrix, which fused attention does not keep;
- logits: only at trained positions, in 16-bit and twice in float32.
Time is 2 operations a parameter and token forward, as many backward for frozen weights, twice as
many for trained ones (Kaplan et al. 2020), at a share of the device's speed that was measured.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from studio.hardware import Machine, Use
from studio.methods.catalogue import Method, knobs_for, method, methods, quantization
from studio.models.facts import ModelFacts
from studio.recipe import Recipe
from studio.recipe.model import MethodSection

PARTS = ("weights", "adapter", "activations", "logits", "other")

_CONTEXT = 600 << 20  # what CUDA, cuBLAS and the libraries take before the first tensor
_NF4_BYTES = 4.127 / 8
# Operations a second: measured on one core in bfloat16 (AVX512-BF16) and float32 (tests/bench).
_CORE_BF16, _CORE_FP32 = 100e9, 60e9
_CARD_SHARE = 0.35
_STEP_SECONDS = 0.03  # around the products: optimizer, collation, Python (tiny model, measured)
_START_SECONDS = 10.0  # imports and loading


@dataclass(frozen=True)
class DataFacts:
    """What is known of the rows; tokens are estimates until a tokenizer has counted them."""

    rows: int = 0
    eval_rows: int = 0
    mean_tokens: float = 0.0
    longest: int = 0
    trained_share: float = 0.5
    gives: str = "messages"
    layout: str = ""


@dataclass(frozen=True)
class Estimate:
    """What a run needs: bytes by part, steps, seconds, bytes on the disk."""

    parts: dict[str, int]
    limit: int
    steps: int
    seconds: float
    trainable: int
    disk: int
    adapter_bytes: int

    @property
    def run_bytes(self) -> int:
        """Bytes that the run itself takes at its peak."""
        return sum(value for name, value in self.parts.items() if name != "other")

    @property
    def total(self) -> int:
        """Bytes in use at the peak, other programs included."""
        return sum(self.parts.values())

    @property
    def verdict(self) -> str:
        """ "fits" to 80 %, "tight" to 97 %, "too large" beyond."""
        share = self.total / self.limit if self.limit else 1.0
        return "fits" if share <= 0.8 else "tight" if share <= 0.97 else "too large"


def estimate(
    recipe: Recipe, facts: ModelFacts, data: DataFacts, machine: Machine, now: Use
) -> Estimate:
    """Estimate a run of this recipe on this machine."""
    recipe = _within(recipe, facts.context)
    card = machine.card if recipe.hardware.device != "cpu" else None
    trainable = trainable_parameters(recipe, facts)
    tokens, wide = batch_tokens(recipe, data), _number_bytes(recipe, machine)
    steps = steps_of(recipe, data)
    used = now.card.used if card and now.card else now.memory_used
    parts = {
        "weights": _weights(recipe, facts, wide),
        "adapter": _trained(recipe, trainable),
        "activations": _activations(recipe, facts, tokens, wide),
        "logits": _logits(recipe, facts, tokens, data),
        "other": used + (_CONTEXT if card else 0),
    }
    adapter = trainable * (2 if not method(recipe.method.name).peft else 4)
    return Estimate(
        parts,
        card.memory if card else machine.memory,
        steps,
        _seconds(recipe, facts, data, machine, trainable, steps) if facts.parameters else 0.0,
        trainable,
        _disk(recipe, trainable, adapter),
        adapter,
    )


def _number_bytes(recipe: Recipe, machine: Machine) -> int:
    """Return the bytes of a number in the computation, as the engine chooses it."""
    named = recipe.training.precision
    on_card = machine.card is not None and recipe.hardware.device != "cpu"
    return 4 if named == "fp32" or (named == "auto" and not on_card and not machine.bfloat16) else 2


def _within(recipe: Recipe, context: int) -> Recipe:
    """Return the recipe with rows no longer than the model reads, as the engine cuts them."""
    if not context or recipe.training.max_length <= context:
        return recipe
    shorter = recipe.training.model_copy(update={"max_length": context})
    return recipe.model_copy(update={"training": shorter})


def by_method(
    recipe: Recipe, facts: ModelFacts, data: DataFacts, machine: Machine, now: Use
) -> dict[str, Estimate]:
    """Estimate the same run by each method, with the method's own sensible knobs."""
    found = {}
    for key in methods():
        other = with_method(recipe, key)
        found[key] = estimate(other, facts, data, machine, now)
    return found


def with_method(recipe: Recipe, key: str) -> Recipe:
    """Return the recipe with another method and what that method sets.

    What the method before had set goes back to its default, unless it was changed since. Fields
    that nobody set stay unset, so that defaults still give way to the model.
    """
    changed = recipe.model_copy(deep=True)
    before = methods().get(recipe.method.name)
    for section, name, value in _sets(before) if before else ():
        held = getattr(changed, section)
        if getattr(held, name) == value:
            setattr(held, name, type(held).model_fields[name].default)
            held.model_fields_set.discard(name)
    changed.method = MethodSection(name=key)
    for section, name, value in _sets(method(key)):
        setattr(getattr(changed, section), name, value)
    changed.training.learning_rate = method(key).learning_rate
    return changed


def _sets(chosen: Method) -> Iterator[tuple[str, str, Any]]:
    """Give section, field and value of all that a method sets."""
    for section, changes in chosen.sets.items():
        for name, value in changes.items():
            yield section, name, value


def steps_of(recipe: Recipe, data: DataFacts) -> int:
    """Return the number of optimizer steps."""
    training = recipe.training
    batches = -(-data.rows // training.batch_size) if data.rows else 0
    an_epoch = max(1, -(-batches // training.accumulation)) if batches else 0
    by_epochs = -(-round(an_epoch * training.epochs * 1000) // 1000)
    if training.max_steps:
        return training.max_steps
    return int(by_epochs)


def batch_tokens(recipe: Recipe, data: DataFacts) -> int:
    """Return the tokens of the largest batch that can come."""
    longest = min(recipe.training.max_length, data.longest or recipe.training.max_length)
    packed = recipe.training.packing and method(recipe.method.name).packs
    if not packed or not data.mean_tokens:
        return recipe.training.batch_size * longest
    # In a pack of several rows not all are the longest: one is, the rest are average and a half.
    rest = min(longest, 1.5 * data.mean_tokens)
    return int(longest + (recipe.training.batch_size - 1) * rest)


def trainable_parameters(recipe: Recipe, facts: ModelFacts) -> int:
    """Return how many parameters the method trains, from the model's shape."""
    family = method(recipe.method.name).family
    knobs = knobs_for(recipe, facts)
    keys, inner = _kv_width(facts), facts.inner_width
    if family == "full":
        return facts.parameters
    if family == "prompt":
        return _prefix(facts, int(knobs["num_virtual_tokens"]), bool(knobs["prefix_projection"]))
    if family == "scaling":  # a scale for each key, each value and each input of the down matrix
        return facts.layers * (2 * keys + inner)
    shapes = _layer(facts)
    named = knobs.get("target_modules")
    if named == "all-linear":
        chosen = list(shapes.values())
    else:  # PEFT's map takes query and value in nearly all families
        names = named if isinstance(named, list) else ["q_proj", "v_proj"]
        chosen = [shapes[name] for name in names if name in shapes]
    return facts.layers * int(knobs["r"]) * sum(a + b for a, b in chosen)


def _layer(facts: ModelFacts) -> dict[str, tuple[int, int]]:
    """Return (inputs, outputs) of the matrices in a layer, under Llama's names for them."""
    width, inner = facts.width, facts.inner_width
    queries, keys = (facts.head_width * facts.heads) or width, _kv_width(facts)
    shapes = {
        "q_proj": (width, queries),
        "k_proj": (width, keys),
        "v_proj": (width, keys),
        "o_proj": (queries, width),
        "up_proj": (width, inner),
        "down_proj": (inner, width),
    }
    return {**shapes, "gate_proj": (width, inner)} if _gated(facts) else shapes


def _prefix(facts: ModelFacts, tokens: int, projected: bool) -> int:
    """Return the parameters of a prefix of keys and values; its network's are PEFT's default."""
    keys = _kv_width(facts)
    straight = facts.layers * 2 * keys
    if not projected:
        return tokens * straight
    return tokens * keys + (keys + 1) * keys + (keys + 1) * straight


def _kv_width(facts: ModelFacts) -> int:
    """Return the width of keys and values, which grouped heads make smaller."""
    if not facts.heads:
        return facts.width
    return (facts.head_width or facts.width // facts.heads) * facts.kv_heads


def _gated(facts: ModelFacts) -> bool:
    """Say whether the feed-forward has a gate: three matrices a layer instead of two."""
    return facts.model_type not in ("bert", "roberta", "gpt2", "distilbert", "gpt_neox", "opt")


def _embedding(facts: ModelFacts) -> int:
    """Return the parameters of the embedding and the head, which are never quantised."""
    return facts.vocabulary * facts.width * (1 if facts.tied else 2)


def _weights(recipe: Recipe, facts: ModelFacts, wide: int) -> int:
    """Bytes of the base model's weights."""
    bits = quantization(recipe)
    if bits == "none":
        return facts.parameters * (wide if method(recipe.method.name).peft else 4)
    embedding = min(_embedding(facts), facts.parameters)
    linear = facts.parameters - embedding
    return int(wide * embedding + linear * (_NF4_BYTES if bits == "nf4" else 1.0))


def _trained(recipe: Recipe, trainable: int) -> int:
    """Bytes of trained weights (an adapter's own), gradients and optimizer state."""
    own = 0 if not method(recipe.method.name).peft else 4
    state = 8 if recipe.training.optimizer == "adamw" else 2
    return trainable * (own + 4 + state)


def _activations(recipe: Recipe, facts: ModelFacts, tokens: int, wide: int) -> int:
    """Bytes that the backward pass keeps."""
    width, inner, kv = facts.width, facts.inner_width, _kv_width(facts)
    gates = 4 if _gated(facts) else 2
    numbers = 8 * width + 2 * kv + gates * inner
    a_layer = tokens * (wide * numbers + 2 * 4 * width)  # the norms compute in float32
    if recipe.training.gradient_checkpointing:
        return facts.layers * tokens * width * wide + a_layer
    return facts.layers * a_layer


def _logits(recipe: Recipe, facts: ModelFacts, tokens: int, data: DataFacts) -> int:
    """Bytes of the predictions over the vocabulary, at the positions that are trained."""
    if data.gives == "label":
        return 0
    packed = recipe.training.packing and method(recipe.method.name).packs
    share = data.trained_share if recipe.task.train_on == "answers" and packed else 1.0
    return int(tokens * share * facts.vocabulary * 10)


def _seconds(
    recipe: Recipe, facts: ModelFacts, data: DataFacts, machine: Machine, trainable: int, steps: int
) -> float:
    """Estimate of the seconds that training takes, evaluations included."""
    training = recipe.training
    rows = training.batch_size * training.accumulation
    mean = min(data.mean_tokens or training.max_length, training.max_length)
    operations = 4 * facts.parameters + 2 * trainable
    if training.gradient_checkpointing:
        operations += 2 * facts.parameters
    step = rows * mean * operations
    evals = (steps // training.eval_every if training.eval_every else 1) * data.eval_rows
    evaluating = evals * mean * 2 * facts.parameters
    at_work = (steps * step + evaluating) / operations_a_second(recipe, machine)
    return at_work + steps * _STEP_SECONDS + _START_SECONDS


def operations_a_second(recipe: Recipe, machine: Machine) -> float:
    """Estimate of the operations a second that training reaches on this machine.

    For a card: cores and clock are not known without CUDA, so memory stands for the class; a
    measured run replaces this guess as soon as there is one.
    """
    if machine.card is None or recipe.hardware.device == "cpu":
        fast = machine.bfloat16 and recipe.training.precision in ("auto", "bf16")
        return machine.cores * (_CORE_BF16 if fast else _CORE_FP32)
    return _CARD_SHARE * _card_peak(machine.card.capability, machine.card.memory)


def _card_peak(capability: tuple[int, int], memory: int) -> float:
    """Guess a card's bf16 peak from its generation and memory (makers' data sheets)."""
    gigabytes = memory / 2**30
    if capability >= (9, 0) and gigabytes > 60:
        return 900e12
    if capability == (8, 0):
        return 300e12
    a_gigabyte = 7e12 if capability >= (8, 9) else 3e12 if capability >= (8, 0) else 1.5e12
    return gigabytes * a_gigabyte


def _disk(recipe: Recipe, trainable: int, adapter: int) -> int:
    """Bytes that checkpoints (float32 weights and optimizer state) and the result take.

    One more than are kept: the oldest is removed when the newest is whole.
    """
    state = 8 if recipe.training.optimizer == "adamw" else 2
    return (recipe.training.keep_checkpoints + 1) * trainable * (4 + state) + adapter + (16 << 20)


def calibrated(guess: Estimate, measured: float) -> Estimate:
    """Return the estimate with `measured` seconds a step in place of the guess."""
    return replace(guess, seconds=guess.steps * measured)
