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
many for trained ones, none below the first layer that is trained (Kaplan et al. 2020), at a share
of the device's speed that was measured.
"""

from dataclasses import dataclass, replace
from typing import Any

from studio.hardware import Machine, Use
from studio.methods import size
from studio.methods.capabilities import packs
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
    packed = recipe.training.packing and packs(recipe.method.name, facts.model_type)
    tokens, wide = batch_tokens(recipe, data, packed), _number_bytes(recipe, machine)
    steps = steps_of(recipe, data)
    used = now.card.used if card and now.card else now.memory_used
    parts = {
        "weights": _weights(recipe, facts, wide),
        "adapter": _trained(recipe, trainable) + 4 * size.held(*_of_method(recipe, facts)),
        "activations": _activations(recipe, facts, tokens, wide),
        "logits": _logits(recipe, facts, tokens, data, packed),
        "other": used + (_CONTEXT if card else 0),
    }
    whole = not method(recipe.method.name).peft
    beside = size.saved(*_of_method(recipe, facts))
    adapter = 2 * facts.parameters if whole else 4 * (trainable + beside)
    return Estimate(
        parts,
        card.memory if card else machine.memory,
        steps,
        _seconds(recipe, facts, data, machine, trainable, steps) if facts.parameters else 0.0,
        trainable,
        _disk(recipe, facts.parameters if whole else 2 * trainable + beside, trainable, adapter),
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
    plain = _taken_back(recipe)
    return {key: estimate(_switched(plain, key), facts, data, machine, now) for key in methods()}


def with_method(recipe: Recipe, key: str) -> Recipe:
    """Return the recipe with another method and what that method sets.

    What the method before had set goes back to its default, unless it was changed since. Fields
    that nobody set stay unset, so that defaults still give way to the model.
    """
    return _switched(_taken_back(recipe), key)


def _taken_back(recipe: Recipe) -> Recipe:
    """Return a copy of the recipe without what its method has set."""
    changed = recipe.model_copy(deep=True)
    before = methods().get(recipe.method.name)
    for section, values in before.sets.items() if before else ():
        held = getattr(changed, section)
        for name in (name for name, value in values.items() if getattr(held, name) == value):
            setattr(held, name, type(held).model_fields[name].default)
            held.model_fields_set.discard(name)
    return changed


def _switched(recipe: Recipe, key: str) -> Recipe:
    """Return the recipe with a method and what it sets; the other sections are shared."""
    chosen = method(key)
    rate = {"learning_rate": chosen.learning_rate}
    sets = {**chosen.sets, "training": {**chosen.sets.get("training", {}), **rate}}
    sections = {name: getattr(recipe, name).model_copy(update=sets[name]) for name in sets}
    return recipe.model_copy(update={**sections, "method": MethodSection(name=key)})


def steps_of(recipe: Recipe, data: DataFacts) -> int:
    """Return the number of optimizer steps."""
    training = recipe.training
    batches = -(-data.rows // training.batch_size) if data.rows else 0
    an_epoch = max(1, -(-batches // training.accumulation)) if batches else 0
    by_epochs = -(-round(an_epoch * training.epochs * 1000) // 1000)
    if training.max_steps:
        return training.max_steps
    return int(by_epochs)


def batch_tokens(recipe: Recipe, data: DataFacts, packed: bool) -> int:
    """Return the tokens of the largest batch that can come; packed: rows are laid end to end."""
    longest = min(recipe.training.max_length, data.longest or recipe.training.max_length)
    if not packed or not data.mean_tokens:
        return recipe.training.batch_size * longest
    # In a pack of several rows not all are the longest: one is, the rest are average and a half.
    rest = min(longest, 1.5 * data.mean_tokens)
    return int(longest + (recipe.training.batch_size - 1) * rest)


def trainable_parameters(recipe: Recipe, facts: ModelFacts) -> int:
    """Return how many parameters the method trains, from the model's shape."""
    return size.trainable(*_of_method(recipe, facts))


def _of_method(recipe: Recipe, facts: ModelFacts) -> tuple[Method, dict[str, Any], ModelFacts]:
    """Return what a method's formulas need."""
    return method(recipe.method.name), knobs_for(recipe, facts), facts


def _reached(recipe: Recipe, facts: ModelFacts) -> int:
    """Return through how many layers the backward pass goes."""
    return size.reached(*_of_method(recipe, facts))


def _weights(recipe: Recipe, facts: ModelFacts, wide: int) -> int:
    """Bytes of the base model's weights."""
    bits = quantization(recipe)
    if bits == "none":
        return facts.parameters * (wide if method(recipe.method.name).peft else 4)
    wide_ones = min(size.embedding(facts), facts.parameters)
    linear = facts.parameters - wide_ones
    return int(wide * wide_ones + linear * (_NF4_BYTES if bits == "nf4" else 1.0))


def _trained(recipe: Recipe, trainable: int) -> int:
    """Bytes of trained weights (an adapter's own), gradients and optimizer state."""
    own = 0 if not method(recipe.method.name).peft else 4
    state = 8 if recipe.training.optimizer == "adamw" else 2
    return trainable * (own + 4 + state)


def _activations(recipe: Recipe, facts: ModelFacts, tokens: int, wide: int) -> int:
    """Bytes that the backward pass keeps."""
    width, inner, kv = facts.width, facts.inner_width, size.kv_width(facts)
    gates = 4 if size.gated(facts) else 2
    numbers = 8 * width + 2 * kv + gates * inner
    a_layer = tokens * (wide * numbers + 2 * 4 * width)  # the norms compute in float32
    layers = _reached(recipe, facts) + facts.decoder_layers
    if recipe.training.gradient_checkpointing:
        return layers * tokens * width * wide + a_layer
    return layers * a_layer


def _logits(recipe: Recipe, facts: ModelFacts, tokens: int, data: DataFacts, packed: bool) -> int:
    """Bytes of the predictions over the vocabulary, at the positions that are trained."""
    if data.gives not in ("messages", "text"):  # the others predict classes or places
        return 0
    share = data.trained_share if recipe.task.train_on == "answers" and packed else 1.0
    return int(tokens * share * facts.vocabulary * 10)


def _seconds(
    recipe: Recipe, facts: ModelFacts, data: DataFacts, machine: Machine, trainable: int, steps: int
) -> float:
    """Estimate of the seconds that training takes, evaluations included."""
    training = recipe.training
    rows = training.batch_size * training.accumulation
    mean = min(data.mean_tokens or training.max_length, training.max_length)
    backward = facts.parameters * _reached(recipe, facts) / max(facts.layers, 1)
    operations = 2 * facts.parameters + 2 * backward + 2 * trainable
    if training.gradient_checkpointing:
        operations += 2 * backward
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


def _disk(recipe: Recipe, kept: int, trainable: int, adapter: int) -> int:
    """Bytes that checkpoints (float32 weights and optimizer state) and the result take.

    A checkpoint holds an adapter twice: as PEFT writes it, and as the training goes on from it.
    One more than are kept: the oldest is removed when the newest is whole.
    """
    state = 8 if recipe.training.optimizer == "adamw" else 2
    checkpoint = 4 * kept + state * trainable
    return (recipe.training.keep_checkpoints + 1) * checkpoint + adapter + (16 << 20)


def calibrated(guess: Estimate, measured: float) -> Estimate:
    """Return the estimate with `measured` seconds a step in place of the guess."""
    return replace(guess, seconds=guess.steps * measured)
