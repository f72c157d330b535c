"""The survey: everything that a recipe names, and every problem at once."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from studio import survey as surveys
from studio.estimate import with_method
from studio.models.facts import ModelFacts
from studio.recipe import Recipe, from_mapping
from studio.rows import Message, Row
from studio.survey import (
    longest_row,
    split,
    survey,
    survey_data,
    tokens_of,
    training_problems,
)
from tests.helpers.facts import BERT, IDLE, LAPTOP, LLAMA_3B
from tests.helpers.tiny import (
    chat_rows,
    image_rows,
    label_rows,
    pair_rows,
    span_rows,
    summary_rows,
    tag_rows,
)

pytestmark = pytest.mark.usefixtures("home")


def _survey(
    monkeypatch: pytest.MonkeyPatch, facts: ModelFacts | None, **sections: object
) -> surveys.Survey:
    """Survey a recipe whose model is known to have these facts."""
    if facts:
        monkeypatch.setattr(surveys, "inspect", lambda _source, _revision: facts)
    recipe = from_mapping({"model": {"source": "x/y"}, **sections})  # type: ignore[dict-item]
    return survey(recipe, IDLE, LAPTOP)


def test_good_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No problems, figures for all."""
    data = {"files": [str(chat_rows(tmp_path / "c.jsonl", 40))]}
    found = _survey(monkeypatch, LLAMA_3B, data=data)
    assert found.problems == []
    assert found.task is not None
    assert found.task.name == "causal_lm"
    assert found.data is not None
    assert (found.data.facts.rows, found.data.facts.eval_rows) == (38, 2)
    assert found.estimate is not None


def test_every_problem_at_once(tmp_path: Path) -> None:
    """Model and data and method, each with its field."""
    data = {"files": [str(tmp_path / "none.jsonl")]}
    recipe = from_mapping({"model": {"source": str(tmp_path / "no")}, "data": data})
    found = survey(recipe, IDLE, LAPTOP)
    assert [problem.field for problem in found.problems] == ["model.source", "data.files"]
    assert all(problem.step() for problem in found.problems)
    json.dumps([problem.values for problem in found.problems])


def test_empty_recipe() -> None:
    """Nothing chosen is two problems."""
    said = [problem.sentence() for problem in survey(Recipe(), IDLE, LAPTOP).problems]
    assert said == ["No base model is chosen.", "No data is chosen."]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"pickled": True}, "model.allow_pickle"),
        ({"own_code": True}, "model.trust_remote_code"),
        ({"tokenizer": False}, "model.source"),
        ({"context": 512}, "training.max_length"),
    ],
)
def test_model_problems(
    change: dict[str, object], field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not safe, not whole, or cannot read rows so long."""
    data = {"files": [str(chat_rows(tmp_path / "c.jsonl", 10))]}
    facts = replace(LLAMA_3B, **change)  # type: ignore[arg-type]
    found = _survey(monkeypatch, facts, data=data, training={"max_length": 1024})
    assert [problem.field for problem in found.problems] == [field]
    assert str(found.problems[0])


def test_default_length_gives_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody asked for a longest row, the model's own is taken, whatever the method."""
    facts = replace(LLAMA_3B, context=512)
    recipe = with_method(Recipe(), "qlora")
    assert training_problems(recipe, facts) == []
    assert longest_row(recipe, facts) == 512
    data = {"files": [str(chat_rows(tmp_path / "c.jsonl", 10))]}
    assert _survey(monkeypatch, facts, data=data).problems == []


@pytest.mark.parametrize(
    ("method", "room"),
    [
        ({"name": "lora"}, 512),
        ({"name": "prompt_tuning", "num_virtual_tokens": 30}, 482),
        ({"name": "p_tuning_v2"}, 492),
        ({"name": "cpt", "cpt_text": "Answer: 好"}, 500),
        ({"name": "prompt_tuning", "num_virtual_tokens": 600}, 1),
    ],
)
def test_the_longest_row_leaves_room_for_learnt_tokens(
    method: dict[str, object], room: int
) -> None:
    """A model of 512 positions reads them before each row."""
    recipe = from_mapping({"method": method})
    assert longest_row(recipe, replace(BERT, context=512)) == room
    assert longest_row(recipe, replace(BERT, context=0)) == recipe.training.max_length


@pytest.mark.parametrize(
    ("key", "method", "most"),
    [
        ("num_virtual_tokens", {"name": "prefix_tuning", "num_virtual_tokens": 300}, 240),
        ("num_virtual_tokens", {"name": "p_tuning", "num_virtual_tokens": 241}, 240),
        ("cpt_text", {"name": "cpt", "cpt_text": "Answer. " * 40}, 239),
    ],
)
def test_learnt_tokens_that_leave_no_room_are_told(
    key: str, method: dict[str, object], most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are not to blame; what is said to fit does."""
    data = {"files": [str(chat_rows(tmp_path / "c.jsonl", 10))]}
    facts = replace(LLAMA_3B, context=256)
    (problem,) = _survey(monkeypatch, facts, data=data, method=method).problems
    assert problem.field == f"method.{key}"
    assert f" {most} " in problem.step()
    fitting = {**method, key: "x" * most if key == "cpt_text" else most}
    assert _survey(monkeypatch, facts, data=data, method=fitting).problems == []


def test_a_wrong_number_of_learnt_tokens_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its own knob; a method that there is not has no tokens."""
    data = {"files": [str(chat_rows(tmp_path / "c.jsonl", 10))]}
    facts = replace(LLAMA_3B, context=256)
    for method in ({"name": "p_tuning", "num_virtual_tokens": 9999},
                   {"name": "p_tuning", "num_virtual_tokens": "many"},
                   {"name": "no_such"}):  # fmt: skip
        assert len(_survey(monkeypatch, facts, data=data, method=method).problems) == 1


def test_consent_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the person agreed to is no problem."""
    data = {"files": [str(chat_rows(tmp_path / "c.jsonl", 10))]}
    facts = replace(LLAMA_3B, pickled=True, own_code=True)
    model = {"source": "x/y", "allow_pickle": True, "trust_remote_code": True}
    assert _survey(monkeypatch, facts, data=data, model=model).problems == []


def test_task_that_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels for a chat task, chats for a classifier, an encoder that shall write."""
    labels = {"files": [str(label_rows(tmp_path / "l.jsonl", 20))]}
    chats = {"files": [str(chat_rows(tmp_path / "c.jsonl", 20))]}
    short = {"max_length": 128}
    cases = [(labels, "causal_lm", LLAMA_3B), (chats, "seq_cls", LLAMA_3B), (chats, "auto", BERT)]
    for data, task, facts in cases:
        found = _survey(monkeypatch, facts, data=data, task={"name": task}, training=short)
        assert [problem.field for problem in found.problems] == ["task.name"]


def test_unknown_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the nearest one."""
    data = {"files": [str(chat_rows(tmp_path / "c.jsonl", 20))]}
    (problem,) = _survey(monkeypatch, LLAMA_3B, data=data, task={"name": "casual_lm"}).problems
    assert (problem.field, problem.step()) == ("task.name", "Did you mean causal_lm?")


def test_disk_too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked before and not after."""
    monkeypatch.setattr(surveys, "free_disk", lambda _folder: 1000)
    data = {"files": [str(chat_rows(tmp_path / "c.jsonl", 20))]}
    (problem,) = _survey(monkeypatch, LLAMA_3B, data=data).problems
    assert "and the disk" in problem.sentence() or "on the disk" in problem.sentence()


@pytest.mark.parametrize(
    ("rows", "share", "held"), [(1, 0.5, 0), (4, 0.05, 0), (5, 0.05, 1), (100, 0.05, 5), (10, 0, 0)]
)
def test_split(rows: int, share: float, held: int) -> None:
    """The same each time, nothing lost, at least one row trained."""
    all_rows = [Row(text=str(number)) for number in range(rows)]
    trained, out = split(all_rows, share, 7)
    assert len(out) == held
    assert sorted([*trained, *out], key=lambda row: int(row.text)) == all_rows
    assert split(all_rows, share, 7) == (trained, out)


def test_eval_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of their own are held out, and none of the others."""
    data = {
        "files": [str(chat_rows(tmp_path / "a.jsonl", 10))],
        "eval_files": [str(chat_rows(tmp_path / "b.jsonl", 3))],
    }
    found = _survey(monkeypatch, LLAMA_3B, data=data)
    assert found.data is not None
    assert (len(found.data.rows), len(found.data.held_out)) == (10, 3)


def test_token_estimate() -> None:
    """Latin letters share a token, Chinese characters take one each."""
    assert tokens_of(Row(text="word " * 100)) == pytest.approx(140, rel=0.15)
    assert tokens_of(Row(text="中" * 100)) == pytest.approx(100, rel=0.15)
    assert tokens_of(Row(messages=(Message("user", "a"), Message("assistant", "b")))) < 20


def test_token_estimate_of_other_rows() -> None:
    """A passage counts with its question, words one by one; of a pair the longer text counts."""
    question, long = "word " * 10, "word " * 100
    asked = tokens_of(Row(text=question, passage=long))
    assert asked == tokens_of(Row(text=question)) + tokens_of(Row(text=long))
    assert tokens_of(Row(text=question, positive=long)) == tokens_of(Row(text=long))
    assert tokens_of(Row(tokens=("a", "b", "c"), tags=("O", "O", "O"))) == 3
    assert tokens_of(Row(image="a.png", label="x")) == 197


@pytest.mark.parametrize(
    ("write", "gives"),
    [
        (chat_rows, "messages"),
        (summary_rows, "messages"),
        (label_rows, "label"),
        (tag_rows, "tags"),
        (span_rows, "span"),
        (pair_rows, "pair"),
        (image_rows, "image"),
    ],
)
def test_every_kind_of_rows(write: Callable[[Path, int], Path], gives: str, tmp_path: Path) -> None:
    """Read and counted; only in chats there is something that is not trained on."""
    recipe = from_mapping({"data": {"files": [str(write(tmp_path / "rows.jsonl", 10))]}})
    found = survey_data(recipe)
    assert (found.gives, found.facts.rows, found.facts.eval_rows) == (gives, 9, 1)
    assert found.bad == []
    assert found.facts.longest >= found.facts.mean_tokens / 3 > 0
    assert (found.facts.trained_share < 1) == (gives == "messages")


def test_named_task_decides_how_rows_are_read(tmp_path: Path) -> None:
    """A question with a passage can be learnt from in more than one way."""
    data = {"files": [str(tmp_path / "rows.jsonl")]}
    row = {"question": "Who?", "context": "Wick sleeps.", "answer": "Wick"}
    (tmp_path / "rows.jsonl").write_text((json.dumps(row) + "\n") * 5, "utf-8")
    for name, gives in (("auto", "span"), ("causal_lm", "messages"), ("seq_cls", "span")):
        assert survey_data(from_mapping({"data": data, "task": {"name": name}})).gives == gives


def test_held_out_rows_that_do_not_fit_are_told(tmp_path: Path) -> None:
    """They lie beside those of the trained files, each with its file."""
    chats = chat_rows(tmp_path / "c.jsonl", 8)
    held = tmp_path / "held.jsonl"
    held.write_text(chats.read_text("utf-8") + '{"messages": []}\n', "utf-8")
    recipe = from_mapping({"data": {"files": [str(chats)], "eval_files": [str(held)]}})
    found = survey_data(recipe)
    assert (len(found.rows), len(found.held_out)) == (8, 8)
    assert [(bad.file, bad.number) for bad in found.bad] == [(str(held), 9)]
