"""The terminal without an engine: words, exit codes, JSON, speed, what it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from studio import __version__
from studio.methods.catalogue import methods
from tests.cli.conftest import Terminal, Tiny
from tests.helpers.tiny import chat_rows

COMMANDS = [
    "train",
    "check",
    "estimate",
    "chat",
    "export",
    "methods",
    "runs",
    "watch",
    "stop",
    "resume",
    "doctor",
]


def test_help_names_every_command(terminal: Terminal):
    said = terminal("--help")
    assert said.returncode == 0
    assert all(f"\n  {name} " in said.stdout for name in COMMANDS)


def test_version(terminal: Terminal):
    assert terminal("--version").stdout.strip() == __version__


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["trian", "sample"], "train"),
        (["train"], "RECIPE"),
        (["check", "sample", "--jsno"], "--json"),
        (["chat", "some-run"], "--prompt"),
    ],
)
def test_wrong_usage_is_two_with_a_hint(terminal: Terminal, arguments: list[str], named: str):
    said = terminal(*arguments)
    assert (said.returncode, said.stdout) == (2, "")
    assert named in said.stderr
    assert "--help" in said.stderr
    assert "Traceback" not in said.stderr


def test_the_terminal_loads_neither_torch_nor_qt(environment: dict[str, str]):
    code = (
        "import sys; from studio import cli; cli.main(['methods', '--json']);"
        "cli.main(['estimate', 'nothing']); cli.main(['doctor', '--json']);"
        "bad = {'torch', 'transformers', 'peft', 'PySide6', 'bitsandbytes'} & set(sys.modules);"
        "sys.exit(', '.join(bad) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL, stderr=-1
    )
    assert done.returncode == 0, done.stderr.decode()


def test_runs_of_an_empty_home(terminal: Terminal):
    said = terminal("runs")
    assert (said.returncode, said.stdout) == (0, "")
    assert "finetune-studio train sample" in said.stderr
    assert json.loads(terminal("runs", "--json").stdout) == []


def test_an_unknown_run(terminal: Terminal):
    said = terminal("watch", "nothing")
    assert (said.returncode, said.stdout) == (1, "")
    assert "nothing" in said.stderr
    assert "finetune-studio runs" in said.stderr


def test_estimate_tells_memory_by_part(terminal: Terminal, tiny: Tiny, tmp_path: Path):
    recipe = tiny.recipe(tmp_path / "recipe.toml", steps=7)
    told = json.loads(terminal("estimate", recipe, "--json").stdout)
    assert told["steps"] == 7
    assert told["total"] == sum(told["parts"].values())
    assert told["verdict"] in ("fits", "tight", "too large")
    assert told["problems"] == []
    shown = terminal("estimate", recipe)
    assert shown.returncode == 0
    assert "Activations" in shown.stdout


def test_a_change_reaches_the_estimate(terminal: Terminal, tiny: Tiny, tmp_path: Path):
    recipe = tiny.recipe(tmp_path / "recipe.toml")
    said = terminal("estimate", recipe, "--json", "--set", "training.max_steps=11")
    assert json.loads(said.stdout)["steps"] == 11


def test_every_problem_at_once(terminal: Terminal, tiny: Tiny, tmp_path: Path):
    recipe = tiny.recipe(tmp_path / "recipe.toml")
    changes = ["--set", "data.files=['gone.jsonl']", "--set", "model.source=/no/such/folder"]
    said = terminal("check", recipe, "--json", *changes)
    assert said.returncode == 1
    problems = json.loads(said.stdout)["problems"]
    assert {problem["field"] for problem in problems} >= {"model.source", "data.files"}
    assert all(problem["text"] and problem["next_step"] for problem in problems)


def test_unknown_fields_and_wrong_values(terminal: Terminal, tiny: Tiny, tmp_path: Path):
    recipe = tiny.recipe(tmp_path / "recipe.toml")
    changes = ["--set", "training.epoch=2", "--set", "training.batch_size=0"]
    said = terminal("check", recipe, *changes)
    assert (said.returncode, said.stdout) == (1, "")
    assert "training.epoch" in said.stderr
    assert "epochs" in said.stderr
    assert "batch_size" in said.stderr
    as_json = terminal("check", recipe, "--json", *changes)
    assert len(json.loads(as_json.stdout)["problems"]) == 2


def test_a_change_that_is_none(terminal: Terminal):
    said = terminal("check", "sample", "--set", "max_steps")
    assert said.returncode == 1
    assert "KEY=VALUE" in said.stderr


def test_broken_json_is_named_with_its_line(terminal: Terminal, tiny: Tiny, tmp_path: Path):
    broken = chat_rows(tmp_path / "broken.jsonl", 5)
    broken.write_text(broken.read_text("utf-8") + "{not json\n", encoding="utf-8")
    recipe = tiny.recipe(tmp_path / "recipe.toml")
    said = terminal("check", recipe, "--set", f"data.files=['{broken.as_posix()}']")
    assert said.returncode == 1
    assert "Line 6 of broken.jsonl" in said.stderr


def test_train_refuses_and_leaves_nothing(terminal: Terminal, tiny: Tiny, tmp_path: Path):
    recipe = tiny.recipe(tmp_path / "recipe.toml")
    runs = tmp_path / "runs"
    said = terminal("train", recipe, "--set", "method.name=loar", "--runs", runs)
    assert (said.returncode, said.stdout) == (1, "")
    assert "loar" in said.stderr
    assert not runs.exists()


def test_tracebacks_only_under_debug(terminal: Terminal):
    assert "Traceback" not in terminal("resume", "nothing").stderr
    assert "Traceback" in terminal("resume", "nothing", "--debug").stderr


def test_chinese(terminal: Terminal, home: Path):
    home.mkdir()
    (home / "settings.toml").write_text('language = "zh_CN"\n', encoding="utf-8")
    said = terminal("methods", "lora", PYTHONIOENCODING="ascii")  # a terminal that knows no Chinese
    assert said.returncode == 0
    assert methods()["lora"].texts["summary_zh"] in said.stdout


def test_doctor(terminal: Terminal, home: Path):
    said = terminal("doctor", "--json")
    told = json.loads(said.stdout)
    assert (said.returncode == 0) == (not told["problems"])
    assert told["packages"]["torch"]
    assert told["machine"]["memory"] > 0
    assert {folder["for"] for folder in told["folders"]} == {"settings", "runs", "models"}
    assert "torch" in terminal("doctor").stdout
    assert not home.exists()  # it only looks


def test_a_pipe_that_closes_early(environment: dict[str, str]):
    program = [sys.executable, "-m", "studio", "methods", "--json"]
    with subprocess.Popen(
        program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout and running.stderr
        running.stdout.close()
        assert b"Traceback" not in running.stderr.read()
