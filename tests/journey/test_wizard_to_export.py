"""From the first click of the wizard to a model that plain transformers loads."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.runs.folder import RunFolder
from tests.helpers.journey import Person
from tests.helpers.wizard import texts

_GENERATE = """
import sys
from transformers import AutoModelForCausalLM, AutoTokenizer
model = AutoModelForCausalLM.from_pretrained(sys.argv[1])
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
asked = tokenizer("What is number 3?", return_tensors="pt")
told = model.generate(**asked, max_new_tokens=1, min_new_tokens=1, do_sample=False)
print(told.shape[1] - asked["input_ids"].shape[1], "studio" in sys.modules)
"""


@pytest.mark.slow
def test_wizard_training_answers_and_export(
    sit_down: Callable[[], Person],
    monkeypatch: pytest.MonkeyPatch,
    llama: Path,
    rows: Path,
    tmp_path: Path,
) -> None:
    """Every page once: train, stop, train again, ask, export, and load the export elsewhere."""
    person = sit_down()
    stopped = _train_and_stop(person, monkeypatch, llama, rows)
    finished = _train_again(person, stopped)
    _ask(person)
    merged = _export(person, finished, tmp_path / "exports")
    assert _generated(merged, tmp_path) == "1 False"


def _train_and_stop(
    person: Person, patch: pytest.MonkeyPatch, llama: Path, rows: Path
) -> RunFolder:
    """Click through the wizard, watch the charts grow, stop and keep."""
    person.choose_model(llama)
    person.choose_data(patch, rows)
    task = person.go_next("task")
    assert task.cards["causal_lm"].is_chosen()
    method = person.go_next("method")
    person.press(next(card for card in method.guide.seen() if card.key == "lora"))
    person.go_next("training")
    person.set_training(max_steps=4000, eval_every=10, save_every=0, sample_prompts=1)
    person.go_next("review")
    folder = person.start()
    person.sees(3)
    before = len(person.points())
    person.sees(before + 5)
    person.until(lambda: person.points("loss", "eval"))
    person.until(lambda: person.points("memory", "used"))
    assert person.state() == "Training"
    assert person.window.windowTitle().endswith("Finetune Studio")
    person.stop()
    assert (folder.adapter / "adapter_model.safetensors").is_file()
    assert "Stopped at step" in texts(person.live.head.banner)
    return folder


def _train_again(person: Person, stopped: RunFolder) -> RunFolder:
    """The wizard still has what was chosen; only the steps are set anew."""
    person.context.open_page("new_run", "training")
    person.set_training(max_steps=12)
    person.go_next("review")
    folder = person.start()
    assert folder.path != stopped.path
    person.until(lambda: person.state() == "Finished")
    person.until(lambda: person.points() == list(range(1, 13)))
    return folder


def _ask(person: Person) -> None:
    """Both models answer one prompt, a piece at a time."""
    person.press(person.live.buttons.button("try_it"))
    page = person.tries
    person.until(lambda: page.stack.state() == "ready")
    pieces: dict[str, list[str]] = {"base": [], "tuned": []}
    for name, told in pieces.items():
        document = page.pair.side(name).text
        document.textChanged.connect(lambda d=document, t=told: t.append(d.toPlainText()))
    page.asking.input.setFocus()
    person.qtbot.keyClicks(page.asking.input, "What is number 3?")
    person.press(page.ask_button)
    person.until(lambda: page.ask_button.text() == "Ask both")
    for name, told in pieces.items():
        side = page.pair.side(name)
        assert side.took.text().endswith("a second"), page.pair.tuned.text.toPlainText()
        assert len(set(told)) > 2, name


def _export(person: Person, run: RunFolder, out: Path) -> Path:
    """Export the merged model; the page says that it answers as the adapter did."""
    person.context.open_page("export", str(run.path))
    page = person.exports
    person.until(lambda: page.stack.state() == "ready" and page.targets.chosen())
    person.write(page.folder.line, str(out))
    if "adapter" in page.targets.chosen():
        person.press(page.targets._rows["adapter"].box)
    assert page.targets.chosen() == ["merged"]
    person.press(page.export_button)
    person.until(lambda: "merged" in page._done or page.targets.error.text())
    assert not page.targets.error.text()
    person.until(lambda: "answers" in texts(page.targets))
    good = {"The same but for rounding", "Close to the adapter"}
    person.until(lambda: good & set(texts(page.parity).splitlines()))
    return Path(page._done["merged"]["folder"])


def _generated(folder: Path, elsewhere: Path) -> str:
    """Load a folder in a fresh Python, far from our source, and generate one token."""
    command = [sys.executable, "-P", "-W", "ignore", "-c", _GENERATE, str(folder)]
    told = subprocess.run(
        command, cwd=elsewhere, capture_output=True, text=True, timeout=300, check=False
    )
    assert told.returncode == 0, told.stderr
    return told.stdout.strip()
