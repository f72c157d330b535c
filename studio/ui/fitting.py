"""How large a model this computer can train, estimated over the usual sizes."""

from dataclasses import dataclass, replace

from studio.estimate import DataFacts, Estimate, estimate, with_method
from studio.hardware import Machine, Use
from studio.models.facts import ModelFacts
from studio.recipe import Recipe

# Shapes of published models (their config.json): parameters, layers, width, inner width, heads,
# key and value heads, vocabulary. SmolLM2 up to 0.4B, Qwen3 up to 32B, Llama 3 at 70B.
_SHAPES = (
    (134_515_008, 30, 576, 1536, 9, 3, 49_152),
    (361_821_120, 32, 960, 2560, 15, 5, 49_152),
    (596_049_920, 28, 1024, 3072, 16, 8, 151_936),
    (1_720_574_976, 28, 2048, 6144, 16, 8, 151_936),
    (4_022_468_096, 36, 2560, 9728, 32, 8, 151_936),
    (8_190_735_360, 36, 4096, 12_288, 32, 8, 151_936),
    (14_768_307_200, 40, 5120, 17_408, 40, 8, 151_936),
    (32_762_123_264, 64, 5120, 25_600, 64, 8, 151_936),
    (70_553_706_496, 80, 8192, 28_672, 64, 8, 128_256),
)
_ROWS = DataFacts(rows=1000, eval_rows=50, mean_tokens=300, longest=1024, trained_share=0.5)
_HOUR = 3600


@dataclass(frozen=True)
class Largest:
    """Parameters of the largest model by way of training; 0 where none fits."""

    full: int
    lora: int
    qlora: int
    within_an_hour: int


def largest(machine: Machine, now: Use) -> Largest:
    """Estimate one row of 1,024 tokens at a time with recomputed activations."""
    full, lora, qlora = (_sizes(key, machine, now) for key in ("full", "lora", "qlora"))
    quick = [size for size, need in lora if need.seconds <= _HOUR]
    return Largest(_top(full), _top(lora), _top(qlora), max(quick, default=0))


def _top(found: list[tuple[int, Estimate]]) -> int:
    """Return the largest of the sizes, 0 where there is none."""
    return max((size for size, _need in found), default=0)


def _sizes(key: str, machine: Machine, now: Use) -> list[tuple[int, Estimate]]:
    """Return the sizes that fit by this method, with their estimates."""
    recipe = with_method(_recipe(), key)
    found = [(shape[0], estimate(recipe, _facts(*shape), _ROWS, machine, now)) for shape in _SHAPES]
    return [(size, need) for size, need in found if need.verdict != "too large"]


def _recipe() -> Recipe:
    """Return a recipe that saves memory: one row at a time, activations recomputed."""
    recipe = Recipe()
    recipe.training.epochs = 1
    recipe.training.batch_size = 1
    recipe.training.gradient_checkpointing = True
    return recipe


def _facts(
    parameters: int, layers: int, width: int, inner: int, heads: int, kv: int, vocabulary: int
) -> ModelFacts:
    """Describe a model of this shape."""
    facts = ModelFacts("", "", "folder", "llama", "LlamaForCausalLM", parameters)
    return replace(
        facts,
        layers=layers,
        width=width,
        inner_width=inner,
        heads=heads,
        kv_heads=kv,
        vocabulary=vocabulary,
        tied=parameters < 5e9,
    )
