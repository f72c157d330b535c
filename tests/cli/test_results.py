"""Check with real tokens, chat and export from the terminal, with a real engine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from studio.runs.service import Service, ServiceError
from tests.cli.conftest import REPOSITORY, Terminal, Tiny
from tests.helpers.tiny import chat_rows

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    folder = tmp_path_factory.mktemp("run")
    recipe = tiny.recipe(folder / "recipe.toml")
    program = [sys.executable, "-m", "studio", "train", recipe, "--runs", folder / "runs"]
    home = {"FINETUNE_STUDIO_HOME": str(folder), "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        program, env={**os.environ, **home}, check=True, stdout=subprocess.PIPE, encoding="utf-8"
    )
    return Path(done.stdout.strip())


def test_check_counts_real_tokens(terminal: Terminal, tiny: Tiny, tmp_path: Path):
    recipe = tiny.recipe(tmp_path / "recipe.toml")
    said = terminal("check", recipe, "--json")
    assert said.returncode == 0, said.stderr
    told = json.loads(said.stdout)
    assert told["problems"] == told["warnings"] == []
    assert told["tokens"]["kept"] == told["tokens"]["rows"] == told["data"]["rows"]
    assert 0 < told["tokens"]["trained_tokens"] < told["tokens"]["tokens"]


def test_check_refuses_rows_that_are_all_too_long(terminal: Terminal, tiny: Tiny, tmp_path: Path):
    recipe = tiny.recipe(tmp_path / "recipe.toml")
    said = terminal("check", recipe, "--json", "--set", "training.max_length=8")
    assert said.returncode == 1
    assert "8 tokens" in json.loads(said.stdout)["problems"][0]["text"]


def test_check_only_warns_of_single_rows(terminal: Terminal, tiny: Tiny, tmp_path: Path):
    data = chat_rows(tmp_path / "rows.jsonl", 20)
    turns = [{"role": "user", "content": "red boat " * 99}, {"role": "assistant", "content": "ok"}]
    with open(data, "a", encoding="utf-8") as out:
        out.write(json.dumps({"messages": turns}) + "\n")
    recipe = tiny.recipe(tmp_path / "recipe.toml")
    changes = ["--set", f"data.files=['{data.as_posix()}']", "--set", "data.eval_share=0.0"]
    said = terminal("check", recipe, "--json", *changes)
    told = json.loads(said.stdout)
    assert (said.returncode, told["problems"], told["tokens"]["left_out"]) == (0, [], 1)
    assert len(told["warnings"]) == 1


@pytest.mark.parametrize("side", [[], ["--base"]])
def test_chat_streams_an_answer(terminal: Terminal, run: Path, side: list[str]):
    said = terminal("chat", run, "--prompt", "What is number 3?", *side)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.endswith("\n")


def test_export_adapter(terminal: Terminal, run: Path, tmp_path: Path):
    said = terminal("export", run, "--to", "adapter", "--out", tmp_path / "out")
    assert said.returncode == 0, said.stderr
    assert said.stdout.strip() == str(tmp_path / "out")
    assert (tmp_path / "out" / "adapter_model.safetensors").is_file()


def test_export_merged_and_not_twice(terminal: Terminal, run: Path, tmp_path: Path):
    out = tmp_path / "out"
    said = terminal("export", run, "--to", "merged", "--out", out, "--json")
    assert said.returncode == 0, said.stderr
    told = json.loads(said.stdout)
    assert told["folder"] == str(out)
    assert told["parity"]["verdict"] == "same"
    assert told["parity"]["tokens"] > 0
    before = sorted(file.name for file in out.iterdir())
    again = terminal("export", run, "--to", "merged", "--out", out)
    assert (again.returncode, again.stdout) == (1, "")
    assert "not empty" in again.stderr
    assert sorted(file.name for file in out.iterdir()) == before


def test_an_unknown_target(terminal: Terminal, run: Path, tmp_path: Path):
    said = terminal("export", run, "--to", "mergd", "--out", tmp_path / "out")
    assert (said.returncode, said.stdout) == (1, "")
    assert "merged" in said.stderr
    assert not (tmp_path / "out").exists()


def test_the_service_ends_with_its_block():
    with Service() as service:
        (process,) = psutil.Process().children()
        with pytest.raises(ServiceError) as told:
            service.result("check", recipe={})
        assert told.value.sentence() and told.value.step()
        assert "Traceback" in told.value.detail
    assert not process.is_running()


def test_a_service_that_dies_is_told():
    with Service() as service:
        (process,) = psutil.Process().children()
        process.kill()
        with pytest.raises(ServiceError, match="without an answer"):
            service.result("release")
