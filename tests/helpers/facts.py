"""Models in figures, and machines, for tests that load nothing."""

from dataclasses import replace

from studio.hardware import Card, CardUse, Machine, Use
from studio.models.facts import ModelFacts

GIGABYTE = 1 << 30

LLAMA_3B = ModelFacts(
    source="meta-llama/Llama-3.2-3B",
    name="Llama-3.2-3B",
    kind="hub",
    model_type="llama",
    architecture="LlamaForCausalLM",
    parameters=3_212_749_824,
    layers=28,
    width=3072,
    inner_width=8192,
    heads=24,
    kv_heads=8,
    head_width=128,
    vocabulary=128_256,
    context=131_072,
    tied=True,
    chat_template=True,
)
BERT = replace(
    LLAMA_3B,
    name="bert",
    model_type="bert",
    architecture="BertModel",
    parameters=22_700_000,
    context=512,
    chat_template=False,
)

LAPTOP = Machine("Processor", 4, 16 * GIGABYTE, True, None, True, "Linux 6")
IDLE = Use(2 * GIGABYTE, 16 * GIGABYTE, 0.0, None)


def with_card(gigabytes: int, capability: tuple[int, int] = (8, 9)) -> tuple[Machine, Use]:
    """Return the laptop with an empty card of this size."""
    card = Card("RTX", gigabytes * GIGABYTE, "580", capability)
    return replace(LAPTOP, card=card), replace(IDLE, card=CardUse(0, 0, 40))
