"""The measured figures: read whole, by method, with what they can tell."""

import pytest

from studio.methods import evidence
from studio.methods.catalogue import methods
from studio.words import tr


def test_every_run_is_of_a_method() -> None:
    """63 runs, of which two are of settings that are no method here."""
    found = evidence.points()
    assert len(found) == 61
    assert {one.method for one in found} <= set(methods())
    assert len({one.method for one in found}) >= 40
    assert len({one.experiment for one in found}) == len(found)


def test_figures_are_figures() -> None:
    """Shares, bytes, seconds and counts in their ranges."""
    for one in evidence.points():
        assert 0 <= one.accuracy < 1
        assert 15e9 < one.memory < 40e9
        assert 600 < one.train_seconds < one.seconds < 10_000
        assert one.trainable > 0 and one.size > 0 and one.learning_rate > 0
        assert one.date.startswith("2026-0")


@pytest.mark.parametrize(
    ("method", "accuracy", "seconds"),
    [
        ("rslora", "51.3%", 1159.7),
        ("lora", "49.4%", 1269.2),
        ("dora", "46.9%", 1470.6),
        ("lora_fa", "40.4%", 1367.1),
        ("full", "47.2%", 2374.9),
        ("boft", "34.3%", 9701.5),
        ("llama_adapter", "38.4%", None),
        ("prefix_tuning", "41.6%", 1073.2),
    ],
)
def test_best_run(method: str, accuracy: str, seconds: float | None) -> None:
    """As PEFT published it, under our name of the method."""
    best = evidence.best(method)
    assert best is not None
    assert f"{best.accuracy:.1%}" == accuracy
    assert seconds is None or best.seconds == seconds


def test_what_the_documents_are_contradicted_with() -> None:
    """Prompts scored 6 to 42 %, plain LoRA 47 to 49 %; BOFT took eight times as long."""
    prompts = [p.accuracy for key in ("prompt_tuning", "prefix_tuning", "p_tuning")
               for p in evidence.of(key)]  # fmt: skip
    assert (f"{min(prompts):.0%}", f"{max(prompts):.0%}") == ("6%", "42%")
    lora = [one.accuracy for one in evidence.of("lora")]
    assert (f"{min(lora):.0%}", f"{max(lora):.0%}") == ("47%", "49%")
    boft, plain = evidence.thrifty("boft"), evidence.thrifty("lora")
    assert boft and plain and round(boft.seconds / plain.seconds) == 8


def test_not_measured() -> None:
    """Is nothing, not zero."""
    assert evidence.of("bitfit") == []
    assert evidence.best("bitfit") is None
    assert evidence.thrifty("bitfit") is None


def test_thrifty_run_scores_as_well_and_needs_less() -> None:
    """LoRA's on the attention instead of the wide layers."""
    best, thrifty = evidence.best("lora"), evidence.thrifty("lora")
    assert best and thrifty
    assert thrifty.memory < best.memory
    assert best.accuracy - thrifty.accuracy <= evidence.NOISE


def test_main_settings_in_words() -> None:
    """What tells the runs of a method apart."""
    rslora = evidence.of("rslora")[0]
    assert rslora.knobs.startswith("r 64, lora_alpha 64, target_modules q_proj + v_proj")
    assert rslora.knobs.endswith("use_rslora, lr 0.0001")
    for method in methods():
        told = [one.knobs for one in evidence.of(method)]
        assert len(set(told)) == len(told), told


def test_source_is_said_with_its_limits() -> None:
    """The head of the file and the sentence for people name the same things."""
    about = evidence.about()
    assert set(about) >= {"name", "source", "licence", "date", "model", "data", "card"}
    assert about["licence"].startswith("Apache-2.0")
    said = tr(evidence.SOURCE)
    assert about["model"].split("/")[1] in said and about["card"] in said
    assert "GSM8K" in about["data"] and "GSM8K" in said
    assert len(evidence.LIMITS) >= 3
