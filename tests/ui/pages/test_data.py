"""The Data step, with real files: what is found, what is refused, and the rows as trained."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from studio.ui.pages.data import DataStep
from studio.ui.window import MainWindow
from tests.helpers.facts import LLAMA_3B
from tests.helpers.tiny import chat_rows, label_rows, tiny_llama
from tests.helpers.wizard import draft_of, open_step, page_of, settle, texts

Open = Callable[[], MainWindow]


@pytest.fixture
def step(open_window: Open, qtbot: QtBot) -> DataStep:
    """Return the Data step of a window."""
    found: DataStep = open_step(open_window(), qtbot, "data")
    return found


def use(step: DataStep, qtbot: QtBot, *files: Path) -> None:
    """Choose files and wait until they were read."""
    step.use_files([str(file) for file in files])
    qtbot.waitUntil(lambda: step._job is None)
    settle(step.context, qtbot)


def refused(step: DataStep, qtbot: QtBot, file: Path) -> str:
    """Choose a file that cannot be used; return what is said in place."""
    use(step, qtbot, file)
    draft = step.context.draft
    assert draft.data is None and step.stack.state() == "problem"
    assert draft.wrong["data"].step() in texts(step.stack)
    page = page_of(step.window())  # type: ignore[arg-type]
    page.go_next()
    assert page.current() == "data"
    assert page.window().focusWidget() is step.change_button
    return texts(step.stack)


def write(file: Path, *rows: Any) -> Path:
    """Write rows as JSON lines."""
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def test_without_files_there_is_a_place_to_drop_them(step: DataStep, qtbot: QtBot) -> None:
    """Next goes to the button that chooses them."""
    assert step.drop.isVisible() and not step.stack.isVisible()
    assert not step.drop.sample.isVisible()
    page = page_of(step.window())  # type: ignore[arg-type]
    page.go_next()
    assert "No data is chosen." in texts(step.alert)
    assert page.window().focusWidget() is step.drop.choose


def test_chats_are_read_counted_and_shown(step: DataStep, tmp_path: Path, qtbot: QtBot) -> None:
    """Rows, layout, held out, and the first row as a chat."""
    use(step, qtbot, chat_rows(tmp_path / "chats.jsonl", 40))
    assert step.subtitle.text() == "chats.jsonl · 40 rows · chat messages"
    assert step.panel.facts.values()["Trained on"] == "38 rows"
    assert step.panel.facts.values()["Held out"] == "2 rows"
    assert "What is number" in step.card.view.toPlainText()
    assert "Answer" in step.card.view.toPlainText()
    assert step.card.total.text() == "of 38" and not step.card.previous.isEnabled()
    said = texts(step.panel)
    assert "Every row fits the layout" in said and "Evaluation: 2 rows, not trained on" in said
    assert step.tools.layout_field.currentText() == "Chat messages (found)"
    assert not step.problems()


def test_rows_are_walked_and_shown_raw(step: DataStep, tmp_path: Path, qtbot: QtBot) -> None:
    """Forward, back, any other, to the end."""
    use(step, qtbot, chat_rows(tmp_path / "chats.jsonl", 10))
    step.card.next.click()
    assert step.card.number.text() == "Row 2"
    step.card.previous.click()
    assert step.card.number.text() == "Row 1"
    step.card.go(8)
    assert not step.card.next.isEnabled()
    step.card.shuffle.click()
    step.card.views.button("raw").click()
    assert '"messages": [' in step.card.view.toPlainText()


def test_several_files_and_a_drop(step: DataStep, tmp_path: Path, qtbot: QtBot) -> None:
    """What is dropped on the step is read."""
    files = [chat_rows(tmp_path / name, 10) for name in ("a.jsonl", "b.jsonl")]
    carried = QMimeData()
    carried.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, carried,
                       Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)  # fmt: skip
    step.dropEvent(event)
    qtbot.waitUntil(lambda: step.context.draft.data is not None)
    settle(step.context, qtbot)
    assert step.subtitle.text().startswith("a.jsonl and 1 more · 20 rows")


def test_rows_that_do_not_fit_are_listed_with_their_reason(
    step: DataStep, tmp_path: Path, qtbot: QtBot
) -> None:
    """Mixed rows: the good ones are kept."""
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    rows = [{"messages": turns}] * 6 + [{"messages": turns[:1]}, {"text": "x"}]
    use(step, qtbot, write(tmp_path / "mixed.jsonl", *rows))
    assert "2 rows do not fit and are left out" in texts(step.panel)
    step.panel.checks.acted.emit("bad")
    cells = [[step.card.bad.rows.cell(r, c).text for c in (0, 1)] for r in (0, 1)]
    assert cells == [
        ["7", "The conversation has no answer."],
        ["8", "The column messages is missing."],
    ]
    assert step.card.bad.isVisible() and not step.card.stack.isVisible()


def test_empty_answers_are_told(step: DataStep, tmp_path: Path, qtbot: QtBot) -> None:
    """They would teach silence."""
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": " "}]
    use(step, qtbot, write(tmp_path / "silent.jsonl", *[{"messages": turns}] * 8))
    assert "rows have an empty answer" in texts(step.panel)


def test_an_empty_file(step: DataStep, tmp_path: Path, qtbot: QtBot) -> None:
    """One sentence."""
    file = tmp_path / "empty.jsonl"
    file.touch()
    assert "empty.jsonl has no rows." in refused(step, qtbot, file)


def test_a_broken_line_is_named(step: DataStep, tmp_path: Path, qtbot: QtBot) -> None:
    """By its number in the file."""
    file = tmp_path / "broken.jsonl"
    file.write_text('{"text": "a"}\n{"text":\n', "utf-8")
    assert "Line 2 of broken.jsonl is not JSON" in refused(step, qtbot, file)


def test_what_is_no_text(step: DataStep, tmp_path: Path, qtbot: QtBot) -> None:
    """Wrong encoding, or no text at all."""
    file = tmp_path / "image.jsonl"
    file.write_bytes(bytes(range(256)) * 8)
    assert "image.jsonl is not text" in refused(step, qtbot, file)


def test_unknown_columns(step: DataStep, tmp_path: Path, qtbot: QtBot) -> None:
    """The columns are named."""
    file = write(tmp_path / "odd.jsonl", {"a": 1, "b": 2})
    assert "its columns are a, b" in refused(step, qtbot, file)


def test_a_file_that_is_gone(step: DataStep, tmp_path: Path, qtbot: QtBot) -> None:
    """A recipe may name it still."""
    assert "There is no file" in refused(step, qtbot, tmp_path / "gone.jsonl")


def test_the_layout_is_overruled_and_a_missing_column_is_said(
    step: DataStep, tmp_path: Path, qtbot: QtBot
) -> None:
    """The other layout has its say; going back is one choice."""
    row = {"instruction": "a", "output": "b", "text": "both in one"}
    use(step, qtbot, write(tmp_path / "two.jsonl", *[row] * 10))
    found = step.context.draft.data
    assert found is not None and found.layout == "alpaca"
    step.tools.layout_field.chosen.emit("text")
    qtbot.waitUntil(lambda: step.context.draft.data is not None)
    assert step.context.draft.data is not None and step.context.draft.data.gives == "text"
    step.tools.layout_field.chosen.emit("prompt_completion")
    qtbot.waitUntil(lambda: step.stack.state() == "problem")
    assert "The column prompt is missing." in texts(step.stack)
    assert step.tools.isVisible()


def test_the_share_held_out_is_changed(step: DataStep, tmp_path: Path, qtbot: QtBot) -> None:
    """The rows are parted anew; none held out is warned of."""
    use(step, qtbot, chat_rows(tmp_path / "chats.jsonl", 40))
    step.tools.share.setValue(0.25)
    qtbot.waitUntil(lambda: step.context.draft.recipe.data.eval_share == 0.25)
    qtbot.waitUntil(lambda: step.panel.facts.values().get("Held out") == "10 rows")
    step.tools.share.setValue(0.0)
    qtbot.waitUntil(lambda: "No row is held out" in texts(step.panel))


def test_evaluation_files_of_their_own(step: DataStep, tmp_path: Path, qtbot: QtBot) -> None:
    """Then no share is taken from the rows."""
    use(step, qtbot, chat_rows(tmp_path / "chats.jsonl", 40))
    step.tools.files_chosen.emit([str(chat_rows(tmp_path / "held.jsonl", 7))])
    qtbot.waitUntil(lambda: step.panel.facts.values().get("Held out") == "7 rows")
    assert step.panel.facts.values()["Trained on"] == "40 rows"
    assert step.tools.files.text() == "held.jsonl" and not step.tools.share.isVisible()


def test_the_sample_rows_go_with_the_sample_model(step: DataStep, qtbot: QtBot) -> None:
    """One click."""
    step.context.draft.recipe.model.source = "sample"
    step.refresh()
    step.drop.sample.click()
    qtbot.waitUntil(lambda: step.context.draft.data is not None)
    assert len(step.context.draft.data.rows) >= 150  # type: ignore[union-attr]
    assert step.context.draft.recipe.data.eval_files == ["sample:held_out"]


def test_reading_can_be_cancelled(
    step: DataStep, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was there before is there again; Next says what goes on."""
    use(step, qtbot, chat_rows(tmp_path / "chats.jsonl", 10))
    other = chat_rows(tmp_path / "other.jsonl", 10)
    step.use_files([str(other)])
    assert step.stack.state() == "busy"
    assert "still being read" in step.problems()[0].sentence()
    step.stack.acted.emit("busy")
    qtbot.waitUntil(lambda: step._job is None)
    settle(step.context, qtbot)
    assert step.subtitle.text().startswith("chats.jsonl")


def test_as_trained_says_why_it_cannot_be_shown(
    step: DataStep, tmp_path: Path, qtbot: QtBot
) -> None:
    """Without a model, and with one that is not fetched yet."""
    use(step, qtbot, chat_rows(tmp_path / "chats.jsonl", 10))
    step.card.views.button("trained").click()
    qtbot.waitUntil(lambda: "No base model is chosen" in texts(step.card.stack))
    from dataclasses import replace

    step.context.draft.model = replace(LLAMA_3B, ready=False)
    step.context.touch()
    qtbot.waitUntil(lambda: "is not on this computer yet" in texts(step.card.stack))


def test_a_draft_from_elsewhere_is_shown_without_reading_it_again(
    step: DataStep, tmp_path: Path, qtbot: QtBot
) -> None:
    """A recipe that was opened was read already."""
    draft = draft_of(None, label_rows(tmp_path / "labels.jsonl", 40))
    step.context.draft = draft
    qtbot.waitUntil(lambda: step.subtitle.text().endswith("labelled text"))
    qtbot.waitUntil(lambda: step.stack.state() == "ready")
    assert step.context.draft.data is draft.data
    assert "Label" in step.card.view.toPlainText()


@pytest.mark.slow
def test_rows_as_trained_come_from_the_real_service(
    open_window: Open, tmp_path: Path, qtbot: QtBot
) -> None:
    """The very words, the trained ones on a ground of their own, and exact counts."""
    window = open_window()
    model = tiny_llama(tmp_path / "tiny")
    window.context.draft = draft_of(model, chat_rows(tmp_path / "chats.jsonl", 20))
    step: DataStep = open_step(window, qtbot, "data")
    qtbot.waitUntil(lambda: step.stack.state() == "ready")
    step.card.views.button("trained").click()
    qtbot.waitUntil(lambda: "<|im_start|>user" in step.card.view.toPlainText(), timeout=90_000)
    qtbot.waitUntil(lambda: "All rows:" in step.card.everything.text(), timeout=90_000)
    assert grounds(step)["token-a"].startswith("The ")
    assert grounds(step)["accent-fill"] == "<|im_end|>"
    assert "trained (" in step.card.share.text()
    assert "about" not in step.panel.facts.values()["Longest, tokens"]
    assert "No row is cut or left out" in texts(step.panel)


def grounds(step: DataStep) -> dict[str, str]:
    """Return the words that stand on each ground."""
    from studio.ui.theme import theme

    found: dict[str, str] = {}
    block = step.card.view.document().begin()
    while block.isValid():
        parts = block.begin()
        while not parts.atEnd():
            part = parts.fragment()
            color = part.charFormat().background().color().name()
            for name in ("token-a", "accent-fill"):
                if color == theme().color(name).name():
                    found[name] = found.get(name, "") + part.text()
            parts += 1
        block = block.next()
    return found
