"""The methods in the terminal: the table, one page each, the guide, and all of it as JSON."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from studio.methods import capabilities, evidence
from studio.methods.catalogue import FAMILIES, methods
from studio.methods.guide import questions
from tests.cli.conftest import Terminal


def _json(terminal: Terminal, *arguments: object) -> Any:
    """Return what the command prints as JSON."""
    return json.loads(terminal("methods", *arguments, "--json").stdout)


def test_methods_lists_the_shelf(terminal: Terminal):
    assert [one["key"] for one in _json(terminal)] == list(methods())
    lines = terminal("methods").stdout.splitlines()[1:]
    assert sorted(line.split()[0] for line in lines) == sorted(methods())
    families = [methods()[line.split()[0]].family for line in lines]
    assert list(dict.fromkeys(families)) == list(FAMILIES)


def test_methods_answers_in_half_a_second(environment: dict[str, str]):
    # Time of the processor, since the machine may be busy with other tests; the best of three.
    took = []
    for _again in range(3):
        before = os.times()
        subprocess.run(
            [sys.executable, "-m", "studio", "methods"],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        after = os.times()
        taken = after.children_user - before.children_user
        took.append(taken + after.children_system - before.children_system)
    assert min(took) < 0.5


def test_a_family(terminal: Terminal):
    found = {one["key"] for one in _json(terminal, "--family", "prompt")}
    assert found == {key for key, one in methods().items() if one.family == "prompt"}


def test_a_task_leaves_what_can_do_it(terminal: Terminal):
    found = [one["key"] for one in _json(terminal, "--task", "seq_cls")]
    assert found == [
        key
        for key, one in methods().items()
        if not capabilities.refusal(key, "seq_cls", one.quantization)
    ]


def test_json_has_settings_capabilities_and_figures(terminal: Terminal):
    one = _json(terminal, "rslora")
    assert one["knobs"]["r"]["kind"] == "int"
    assert one["knobs"]["target_modules"]["choices"]
    assert one["evidence"][0]["accuracy"] == evidence.of("rslora")[0].accuracy
    assert one["evidence"][0]["config"]["use_rslora"] is True
    assert one["capabilities"]["peft"] == capabilities.measured_with()
    assert list(one["capabilities"]["tasks"]) == capabilities.tasks()


@pytest.mark.parametrize("key", ["boft", "full", "qlora", "prompt_tuning", "trainable_tokens"])
def test_a_page_tells_all_in_words(terminal: Terminal, key: str):
    one, said = methods()[key], terminal("methods", key).stdout
    for name in ("name", "summary", "when", "when_not", "documents"):
        assert one.text(name) in said
    assert all(knob in said and value.title in said for knob, value in one.knobs.items())
    assert one.paper in said
    assert all(f"{point.accuracy:.1%}" in said for point in evidence.of(key))


def test_every_page_can_be_shown(environment: dict[str, str]):
    code = (
        "import sys; from studio.cli.main import main;"
        "from studio.methods.catalogue import methods;"
        "sys.exit(sum(main(['methods', key]) for key in methods()))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_the_guide_says_why_and_who_says_so(terminal: Terminal):
    said = terminal("methods", "--guide", "--size", "3B", "--rows", "50", "--memory", "24").stdout
    assert "1. LoRA (lora)" in said
    assert "04 - 其他PEFT方法: 选择建议" in said
    assert "Under 100 rows (50)" in said
    assert "1 to 10 billion parameters (3.00B)" in said


def test_the_guide_follows_what_it_is_told(terminal: Terminal):
    small = _json(terminal, "--guide", "--size", "13B", "--memory", "16")
    assert small["asked"]["parameters"] == 13 * 10**9
    assert small["ranked"][0]["method"] == "qlora"
    lora = next(one for one in small["ranked"] if one["method"] == "lora")
    assert not lora["fits"] and "more than there is" in lora["doubts"][0]["text"]
    large = _json(terminal, "--guide", "--goal", "accuracy", "--size", "1.5b", "--memory", "80")
    assert large["ranked"][0]["method"] == "rslora"
    for one in large["ranked"]:
        weights = [reason["weight"] for reason in (*one["reasons"], *one["doubts"])]
        assert one["score"] == pytest.approx(sum(weights))


def test_the_guide_without_a_size_speaks_of_no_memory(terminal: Terminal):
    found = _json(terminal, "--guide", "--task", "seq_cls", "--rows", "200000")
    assert found["ranked"][0]["method"] == "adapter_pfeiffer"
    texts = [reason["text"] for one in found["ranked"] for reason in one["reasons"]]
    assert not any("of the memory" in text for text in texts)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["lorra"], "Did you mean"),
        (["--task", "seq_clas"], "seq_cls"),
        (["--family", "prompts"], "prompt"),
        (["--guide", "--goal", "acuracy"], "accuracy"),
        (["--guide", "--size", "huge"], "7B"),
        (["--guide", "--size", "-5"], "-5 is no number of parameters"),
        (["--guide", "--size", "0"], "0 is no number of parameters"),
        (["--guide", "--size", "9" * 400], "is no number of parameters"),
    ],
)
def test_what_is_unknown_is_told_with_the_nearest(
    terminal: Terminal, arguments: list[str], named: str
):
    said = terminal("methods", *arguments)
    assert (said.returncode, said.stdout) == (1, "")
    assert named in said.stderr


def test_the_guide_ranks_a_family(terminal: Terminal):
    found = _json(terminal, "--guide", "--family", "prompt")["ranked"]
    assert {one["method"] for one in found} == {
        key for key, one in methods().items() if one.family == "prompt"
    }
    said = terminal("methods", "--guide", "--family", "prompts")
    assert (said.returncode, said.stdout) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["lora", "--guide"], "--guide does nothing beside the name"),
        (["lora", "--task", "seq_cls"], "--task does nothing beside the name"),
        (["--goal", "zzz"], "Add --guide"),
        (["--size", "7B"], "Add --guide"),
    ],
)
def test_what_would_do_nothing_is_refused(terminal: Terminal, arguments: list[str], named: str):
    said = terminal("methods", *arguments)
    assert (said.returncode, said.stdout) == (1, "")
    assert named in said.stderr


def test_the_guide_in_chinese(terminal: Terminal, environment: dict[str, str]):
    said = terminal("methods", "--guide", LANG="zh_CN.UTF-8").stdout
    assert "大多数微调任务的最佳起点" in said
    assert "你的目标是什么？" in said
    assert len(questions()) == 4
