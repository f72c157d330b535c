"""Recommendations: an order, and reasons that can be read."""

from studio.methods.catalogue import methods
from studio.methods.recommend import Recommendation, recommend
from studio.words import tr

_GB = 1 << 30


def _ranked(
    needs: dict[str, float], rows: int = 200, task: str = "causal_lm", four_bit: bool = True
) -> list[Recommendation]:
    """Rank on a card of 10 GB; a method that is not named needs 1."""
    found = {key: int(needs.get(key, 1) * _GB) for key in methods()}
    return recommend(task, rows, found, 10 * _GB, four_bit)


def test_lora_first() -> None:
    """Where everything fits."""
    assert [one.method.key for one in _ranked({})][:3] == ["lora", "qlora", "lora_8bit"]
    assert all(one.fits for one in _ranked({}))


def test_what_does_not_fit_comes_last() -> None:
    """97 % is the end."""
    found = _ranked({"lora": 9.8, "full": 40, "qlora": 9.6})
    assert [one.method.key for one in found][-3:] == ["qlora", "lora", "full"]
    assert {one.method.key for one in found if not one.fits} == {"lora", "full"}


def test_room_to_spare_comes_before_a_tight_fit() -> None:
    """Where LoRA takes 85 % of the card, QLoRA is the safer one."""
    assert _ranked({"lora": 8.5})[0].method.key == "qlora"
    assert _ranked({"lora": 7.9})[0].method.key == "lora"


def test_tasks_are_heeded() -> None:
    """A prefix cannot classify."""
    assert "prefix_tuning" not in [one.method.key for one in _ranked({}, task="seq_cls")]


def test_without_bitsandbytes() -> None:
    """What needs it does not fit, and says so."""
    found = {one.method.key: one for one in _ranked({}, four_bit=False)}
    assert not found["qlora"].fits
    assert "bad" in {reason.kind for reason in found["qlora"].reasons}
    assert found["lora"].fits


def test_reasons_can_be_read() -> None:
    """Each fills in, and says good, warn or bad."""
    for rows in (10, 100_000):
        for needs in ({}, dict.fromkeys(methods(), 9.0), dict.fromkeys(methods(), 90.0)):
            for one in _ranked(needs, rows):
                assert len(one.reasons) >= 3
                for reason in one.reasons:
                    assert reason.kind in ("good", "warn", "bad")
                    assert "{" not in tr(reason.text, **reason.values)


def test_memory_is_said() -> None:
    """In figures."""
    first = _ranked({"lora": 2.5})[0].reasons[0]
    assert tr(first.text, **first.values) == "2.5 GB, 25% of the memory"
