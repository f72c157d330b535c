"""From the guide's recommendation to a model that sorts texts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.journey import Person
from tests.helpers.tiny import label_rows, tiny_bert


@pytest.mark.slow
def test_a_recommended_method_is_trained_and_tried(
    sit_down: Callable[[], Person], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The last card that is recommended, not the one that was chosen already."""
    person = sit_down()
    person.choose_model(tiny_bert(tmp_path / "tiny-bert"))
    person.choose_data(monkeypatch, label_rows(tmp_path / "labels.jsonl", 64))
    assert person.go_next("task").cards["seq_cls"].is_chosen()
    method = person.go_next("method")
    advised = method.guide.seen()[-1]
    person.press(advised)
    assert person.context.draft.recipe.method.name == advised.key != "lora"
    person.go_next("training")
    person.set_training(max_steps=20, eval_every=10, save_every=0)
    person.go_next("review")
    folder = person.start()
    person.until(lambda: person.state() == "Finished")
    assert folder.recipe().method.name == advised.key
    assert (folder.adapter / "adapter_model.safetensors").is_file()
    _try(person)


def _try(person: Person) -> None:
    """A row of the held-out ones is sorted, with a bar for each class."""
    person.press(person.live.buttons.button("try_it"))
    page = person.tries
    person.until(lambda: page.stack.state() == "ready")
    page.asking.input.setFocus()
    person.qtbot.keyClicks(page.asking.input, "The red boat is number 3.")
    person.press(page.ask_button)
    person.until(lambda: page.said.tuned.scores.isVisible())
    told = page.said.tuned.scores.accessibleDescription()
    assert "warm: " in told and "cold: " in told
    assert page.said.tuned.words.text() in ("warm", "cold")
