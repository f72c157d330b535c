"""What a run becomes: the adapter, the merged model, and the proof that both answer alike."""

import json
import shutil
import subprocess
import sys

import pytest

from studio.engine.export import export
from studio.engine.result import open_result
from studio.errors import ExportError, RunError
from tests.engine.conftest import run_here

pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing`:FutureWarning",  # PEFT's, inside its own code
)
_FRESH = """
import sys, torch
from transformers import {kind}, AutoTokenizer
model = {kind}.from_pretrained(sys.argv[1])
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
out = model(**tokenizer("The red boat", return_tensors="pt")).logits
assert torch.isfinite(out).all()
assert not any(name.startswith("studio") for name in sys.modules)
print(tuple(out.shape)[-1], model.config.id2label)
"""


def _silent(_stage, _done, _total):
    """Hear no progress."""


def _fresh(folder, kind, cwd):
    """Load a folder in a Python that knows nothing of us; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", _FRESH.format(kind=kind), str(folder)],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def done(tmp_path_factory, llama, chats):
    """A finished LoRA run on the tiny Llama, made once."""
    from studio.recipe import from_mapping
    from studio.runs.folder import create

    recipe = from_mapping(
        {
            "model": {"source": str(llama)},
            "data": {"files": [str(chats)], "eval_share": 0.1},
            "method": {"name": "lora"},
            "training": {"max_steps": 10, "learning_rate": 0.02, "save_every": 0},
        }
    )
    folder = create(recipe, tmp_path_factory.mktemp("runs"))
    run_here(folder)
    return folder


def test_the_merged_model_answers_as_the_adapter_and_loads_anywhere(done, tmp_path):
    out = tmp_path / "merged"
    stages = []
    told = export(
        open_result(done.path, _silent),
        "merged",
        out,
        lambda stage, d, t: stages.append((stage, d, t)),
    )
    assert told["parity"]["verdict"] in ("same", "close")
    assert told["parity"]["prompts"] == 4
    assert json.loads((out / "parity.json").read_text())["tokens"] == told["parity"]["tokens"]
    assert {stage for stage, _d, _t in stages} == {"merge", "compare"}
    names = {file.name for file in out.iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json", "README.md"} <= names
    assert not any(name.startswith("adapter") for name in names)
    assert "<|im_start|>" in (out / "chat_template.jinja").read_text()
    card = (out / "README.md").read_text("utf-8")
    assert "from transformers import AutoModelForCausalLM" in card and "import peft" not in card
    assert "library_name: transformers" in card and "AutoPeft" not in card
    _fresh(out, "AutoModelForCausalLM", tmp_path)


def test_the_adapter_is_a_peft_folder(done, tmp_path):
    from peft import AutoPeftModelForCausalLM

    out = tmp_path / "adapter"
    export(open_result(done.path, _silent), "adapter", out, _silent)
    model = AutoPeftModelForCausalLM.from_pretrained(out)
    assert model.active_peft_config.r == 8


def test_a_folder_with_something_in_it_is_never_written_to(done, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    for to in ("adapter", "merged"):
        with pytest.raises(ExportError, match="not empty"):
            export(open_result(done.path, _silent), to, tmp_path, _silent)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_disk_without_room_is_asked_before(done, tmp_path, monkeypatch):
    full = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: full)
    with pytest.raises(ExportError, match="GB free"):
        export(open_result(done.path, _silent), "merged", tmp_path / "out", _silent)
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_result_is_refused(make_run):
    with pytest.raises(RunError, match="no result yet"):
        open_result(make_run().path, _silent)


@pytest.mark.parametrize("gone", ["adapter_model.safetensors", "adapter_config.json"])
def test_a_result_without_a_file_names_it(done, tmp_path, gone):
    run = shutil.copytree(done.path, tmp_path / "run")
    (run / "adapter" / gone).unlink()
    with pytest.raises(RunError, match=f"not whole: adapter/{gone} is missing") as caught:
        open_result(run, _silent)
    assert caught.value.step()


@pytest.mark.parametrize("gone", ["model.safetensors", "config.json"])
def test_a_whole_model_without_a_file_names_it(done, tmp_path, gone):
    run = shutil.copytree(done.path, tmp_path / "run")
    recipe = (run / "recipe.toml").read_text("utf-8").replace('"lora"', '"full"')
    (run / "recipe.toml").write_text(recipe, "utf-8")
    for name in {"model.safetensors", "config.json"} - {gone}:
        (run / "adapter" / name).touch()
    with pytest.raises(RunError, match=f"adapter/{gone} is missing"):
        open_result(run, _silent)


def test_a_prefix_cannot_be_merged(make_run, tmp_path):
    folder = make_run(method={"name": "prefix_tuning"}, training={"max_steps": 2})
    run_here(folder)
    with pytest.raises(ExportError, match="cannot be merged"):
        export(open_result(folder.path, _silent), "merged", tmp_path / "out", _silent)
    export(open_result(folder.path, _silent), "adapter", tmp_path / "adapter", _silent)


@pytest.mark.parametrize("name", ["qlora", "ia3"])
def test_other_methods_merge_onto_the_16_bit_base(make_run, tmp_path, name):
    folder = make_run(method={"name": name}, training={"max_steps": 4})
    run_here(folder)
    told = export(open_result(folder.path, _silent), "merged", tmp_path / "out", _silent)
    assert told["parity"]["verdict"] in ("same", "close")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert "quantization_config" not in config
    assert config["dtype"] == "bfloat16"


def test_a_full_fine_tuning_is_a_whole_model(make_run, tmp_path):
    folder = make_run(method={"name": "full"}, training={"max_steps": 2, "learning_rate": 1e-3})
    run_here(folder)
    result = open_result(folder.path, _silent)
    with pytest.raises(ExportError, match="has no adapter"):
        export(result, "adapter", tmp_path / "adapter", _silent)
    export(result, "merged", tmp_path / "out", _silent)
    _fresh(tmp_path / "out", "AutoModelForCausalLM", tmp_path)


def test_a_classifier_keeps_its_labels(make_run, tmp_path, bert, labels):
    folder = make_run(
        model={"source": str(bert)}, data={"files": [str(labels)]}, training={"max_steps": 4}
    )
    run_here(folder)
    told = export(open_result(folder.path, _silent), "merged", tmp_path / "out", _silent)
    assert told["parity"]["verdict"] in ("same", "close")
    said = _fresh(tmp_path / "out", "AutoModelForSequenceClassification", tmp_path)
    assert said.split(" ", 1) == ["2", "{0: 'cold', 1: 'warm'}\n"]
