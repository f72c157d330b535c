"""The estimate, held against PEFT's published benchmark and against plain arithmetic."""

import time
from dataclasses import replace

import pytest

from studio.estimate import (
    DataFacts,
    by_method,
    calibrated,
    estimate,
    steps_of,
    trainable_parameters,
    with_method,
)
from studio.methods.catalogue import methods
from studio.recipe import Recipe, from_mapping
from tests.helpers.facts import BERT, IDLE, LAPTOP, LLAMA_3B, with_card

_BENCHMARK = DataFacts(
    rows=20_000, mean_tokens=250, longest=768, trained_share=1.0, gives="messages"
)
_MLP = ["up_proj", "gate_proj", "down_proj"]

# From PEFT's method_comparison (MetaMathQA on one L40S, July 2026, Apache-2.0): Llama-3.2-3B in
# bfloat16, batches of 4 padded rows of at most 768 tokens. Method, knobs, parameters trained, and
# the largest number of bytes that torch had reserved.
_MEASURED = [
    ("lora", {"r": 32, "target_modules": "auto"}, 9_175_040, 22.3e9),
    ("lora", {"r": 64, "target_modules": "auto"}, 18_350_080, 22.6e9),
    ("lora", {"r": 10, "target_modules": _MLP}, 9_461_760, 24.7e9),
    ("ia3", {}, 286_720, 23.2e9),
    ("prefix_tuning", {"num_virtual_tokens": 50}, 2_867_200, 20.6e9),
    ("prefix_tuning", {"num_virtual_tokens": 200}, 11_468_800, 22.0e9),
    ("full", {}, 3_212_749_824, 38.9e9),
]


def _recipe(method: str, **training: object) -> Recipe:
    """Return a recipe of this method."""
    return from_mapping({"method": {"name": method}, "training": training})


@pytest.mark.parametrize(("method", "knobs", "trainable", "peak"), _MEASURED)
def test_against_the_benchmark(
    method: str, knobs: dict[str, object], trainable: int, peak: float
) -> None:
    """Within a quarter of what was measured; the parameters exactly."""
    recipe = from_mapping(
        {
            "method": {"name": method, **knobs},
            "training": {"batch_size": 4, "max_length": 768, "packing": False},
        }
    )
    machine, now = with_card(48)
    found = estimate(recipe, LLAMA_3B, _BENCHMARK, machine, now)
    assert found.trainable == trainable
    # Their full fine-tuning held weights, gradients and both moments in bfloat16, 8 bytes a
    # parameter; ours holds them in float32, 16 bytes, so that small steps are not rounded away.
    same = found.run_bytes - (8 * trainable if method == "full" else 0)
    assert same == pytest.approx(peak, rel=0.25)


def test_all_linear_counts_every_matrix() -> None:
    """q 3072, k and v 1024, o 3072, three of 8192."""
    recipe = from_mapping({"method": {"r": 2}})
    a_layer = 2 * ((3072 + 3072) * 2 + (3072 + 1024) * 2 + (3072 + 8192) * 3)
    assert trainable_parameters(recipe, LLAMA_3B) == 28 * a_layer


def test_heads_wider_than_their_share() -> None:
    """Some families give heads a width of their own."""
    recipe = from_mapping({"method": {"r": 1, "target_modules": ["q_proj", "v_proj"]}})
    wide = replace(LLAMA_3B, head_width=256)
    assert trainable_parameters(recipe, wide) == 28 * (3072 + 6144 + 3072 + 2048)


def test_four_bit_weights() -> None:
    """The embedding stays in 16-bit, the rest takes 4.127 bits."""
    machine, now = with_card(24)
    found = estimate(_recipe("qlora"), LLAMA_3B, DataFacts(), machine, now)
    embedding = 128_256 * 3072
    linear = LLAMA_3B.parameters - embedding
    assert found.parts["weights"] == int(2 * embedding + linear * 4.127 / 8)


def test_order_of_methods() -> None:
    """4-bit needs less than 8-bit, that less than 16-bit, that less than everything."""
    machine, now = with_card(24)
    data = DataFacts(rows=100, mean_tokens=200, longest=500)
    needs = {
        key: found.total for key, found in by_method(Recipe(), LLAMA_3B, data, machine, now).items()
    }
    assert needs["qlora"] < needs["lora_8bit"] < needs["lora"] < needs["full"]
    assert set(needs) == set(methods())


def test_processor_without_bfloat16_takes_twice_as_much() -> None:
    """The engine computes in float32 there."""
    old = replace(LAPTOP, bfloat16=False)
    data = DataFacts(rows=10, mean_tokens=50, longest=100)
    fast = estimate(Recipe(), LLAMA_3B, data, LAPTOP, IDLE)
    slow = estimate(Recipe(), LLAMA_3B, data, old, IDLE)
    assert slow.parts["weights"] == 2 * fast.parts["weights"]
    assert slow.seconds > fast.seconds


def test_processor_chosen_beside_a_card() -> None:
    """The machine's memory counts then, not the card's."""
    machine, now = with_card(8)
    recipe = from_mapping({"hardware": {"device": "cpu"}})
    found = estimate(recipe, LLAMA_3B, DataFacts(), machine, now)
    assert found.limit == machine.memory
    assert found.parts["other"] == IDLE.memory_used


def test_methods_that_do_not_pack_are_padded() -> None:
    """A pack is shorter than a padded batch, and a prefix cannot be packed."""
    machine, now = with_card(24)
    data = DataFacts(rows=100, mean_tokens=50, longest=1000)
    packed, padded = (
        estimate(_recipe(name), LLAMA_3B, data, machine, now).parts["activations"]
        for name in ("lora", "prefix_tuning")
    )
    assert packed < padded


@pytest.mark.parametrize(
    ("values", "rows", "steps"),
    [
        ({"epochs": 3, "batch_size": 4}, 10, 9),
        ({"epochs": 1.5, "batch_size": 1}, 3, 5),
        ({"epochs": 1, "batch_size": 2, "accumulation": 4}, 17, 3),
        ({"epochs": 0.1, "batch_size": 1}, 1, 1),
        ({"max_steps": 7}, 1000, 7),
        ({}, 0, 0),
    ],
)
def test_steps(values: dict[str, object], rows: int, steps: int) -> None:
    """As transformers' Trainer counts them: each begun batch and each begun step is one."""
    assert steps_of(from_mapping({"training": values}), DataFacts(rows=rows)) == steps


def test_verdicts() -> None:
    """Fits to 80 %, tight to 97 %."""
    found = estimate(Recipe(), LLAMA_3B, DataFacts(), *with_card(24))
    verdicts = [
        replace(found, limit=int(found.total / share)).verdict for share in (0.79, 0.9, 0.98)
    ]
    assert verdicts == ["fits", "tight", "too large"]


def test_method_change_takes_back_what_the_last_one_set() -> None:
    """QLoRA's optimizer does not stay when LoRA is chosen, unless the person changed it."""
    qlora = with_method(Recipe(), "qlora")
    assert qlora.training.optimizer == "paged_adamw_8bit"
    assert with_method(qlora, "lora").training.optimizer == "adamw"
    assert "optimizer" not in with_method(qlora, "lora").training.model_fields_set
    qlora.training.optimizer = "adamw_8bit"
    assert with_method(qlora, "lora").training.optimizer == "adamw_8bit"
    assert with_method(Recipe(), "full").training.learning_rate == methods()["full"].learning_rate


def test_disk_holds_the_checkpoints() -> None:
    """Float32 weights and two moments each, one more than are kept, and the result."""
    recipe = _recipe("full", keep_checkpoints=1)
    found = estimate(recipe, LLAMA_3B, DataFacts(), *with_card(80))
    parameters = LLAMA_3B.parameters
    assert found.disk == 2 * 12 * parameters + 2 * parameters + (16 << 20)


def test_a_checkpoint_holds_an_adapter_twice() -> None:
    """As PEFT writes it, and as the training goes on from it."""
    found = estimate(_recipe("lora", keep_checkpoints=1), LLAMA_3B, DataFacts(), *with_card(80))
    trained = found.trainable
    assert found.disk == 2 * (4 + 4 + 8) * trained + 4 * trained + (16 << 20)


def test_last_layers_are_kept_in_a_whole_model() -> None:
    """The result and each checkpoint hold all weights, the optimizer only what is trained."""
    recipe = from_mapping(
        {"method": {"name": "last_layers", "layers": 7}, "training": {"keep_checkpoints": 1}}
    )
    parameters = LLAMA_3B.parameters
    trained = (parameters - 128_256 * 3072 - 3072) // 4 + 3072  # the head is the embedding
    found = estimate(recipe, LLAMA_3B, DataFacts(), *with_card(80))
    assert found.trainable == trained
    assert found.adapter_bytes == 2 * parameters
    assert found.disk == 2 * (4 * parameters + 8 * trained) + 2 * parameters + (16 << 20)


def test_backward_stops_at_the_first_trained_layer() -> None:
    """A quarter of the layers keeps a quarter of what all of them keep, and takes less time."""
    data, recipe = DataFacts(rows=100), _recipe("last_layers")
    recipe.method = type(recipe.method)(name="last_layers", layers=7)
    some = estimate(recipe, LLAMA_3B, data, *with_card(80))
    whole = estimate(_recipe("full"), LLAMA_3B, data, *with_card(80))
    assert 4 * some.parts["activations"] == whole.parts["activations"]
    assert some.seconds < whole.seconds


@pytest.mark.parametrize("gives", ["label", "tags", "span", "pair", "image"])
def test_only_text_is_predicted_over_the_vocabulary(gives: str) -> None:
    """Classes and places are few."""
    found = estimate(Recipe(), LLAMA_3B, DataFacts(gives=gives), *with_card(24))
    assert found.parts["logits"] == 0


def test_measured_speed_replaces_the_guess() -> None:
    """Once there is a measured second a step."""
    found = estimate(Recipe(), LLAMA_3B, DataFacts(rows=40), LAPTOP, IDLE)
    assert calibrated(found, 2.0).seconds == 2.0 * found.steps


@pytest.mark.parametrize("facts", [LLAMA_3B, BERT, replace(LLAMA_3B, heads=0, parameters=0)])
def test_live_footer_takes_no_time(facts: object) -> None:
    """Under a millisecond, so that it can follow each turn of a wheel."""
    recipe, data = Recipe(), DataFacts(rows=1000, mean_tokens=100, longest=400)
    began = time.perf_counter()
    for _ in range(100):
        estimate(recipe, facts, data, LAPTOP, IDLE)  # type: ignore[arg-type]
    assert (time.perf_counter() - began) / 100 < 0.001
