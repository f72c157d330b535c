"""The shelf of tasks: what each must do, and which one is guessed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.errors import MethodError
from studio.formats.detect import load_rows
from studio.models.folder import inspect_folder
from studio.rows import PARTS, Row, RowError
from studio.tasks.shelf import guess, resolve, task, tasks
from studio.tasks.task import IGNORED, Setting, Task
from tests.helpers import tiny
from tests.helpers.facts import BERT, LLAMA_3B

# The tiny model that each task is tried on, and what writes its rows.
_BENCH: dict[str, tuple[str, Callable[[Path, int], Path]]] = {
    "causal_lm": ("llama", tiny.chat_rows),
    "seq2seq_lm": ("t5", tiny.summary_rows),
    "seq_cls": ("bert", tiny.label_rows),
    "token_cls": ("bert", tiny.tag_rows),
    "question_answering": ("bert", tiny.span_rows),
    "feature_extraction": ("bert", tiny.pair_rows),
    "image_cls": ("vit", tiny.image_rows),
}
T5 = replace(
    BERT,
    model_type="t5",
    architecture="T5ForConditionalGeneration",
    config={"is_encoder_decoder": True},
)
VIT = replace(BERT, model_type="vit", architecture="ViTModel", tokenizer=False)


def test_the_bench_has_every_task() -> None:
    """A task that is added is tried here too."""
    assert set(_BENCH) == set(tasks())


@pytest.mark.parametrize("one", tasks().values(), ids=list(tasks()))
def test_words_and_names(one: Task) -> None:
    """Texts, an icon of the font that we ship, names that transformers and PEFT know."""
    import transformers
    from peft import TaskType

    assert one.title
    assert one.summary.endswith(".")
    assert one.needs_words
    assert set(one.needs) <= set(PARTS)
    assert hasattr(transformers, one.model_class)
    assert not one.peft_type or TaskType[one.peft_type]
    assert one.processor in ("tokenizer", "image")
    assert not one.judged or one.generates


@pytest.mark.parametrize("one", tasks().values(), ids=list(tasks()))
def test_every_task(
    one: Task, folders: dict[str, Path], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Its own model fits; rows become examples with something to train, and tensors."""
    model, write = _BENCH[one.name]
    facts, processor = inspect_folder(folders[model]), request.getfixturevalue(model)
    rows = load_rows([str(write(tmp_path / "rows.jsonl", 12))], wanted=one.needs).good
    assert len(rows) == 12
    assert one.fits_model(facts)
    assert one.problems(rows, facts) == []
    setting = Setting(64, labels=one.labels(rows), kind=one.kind(rows))
    examples = [found for row in rows for found in one.encode(row, processor, setting)]
    assert len(examples) == 12
    for example in examples:
        assert example.ids.dtype == example.labels.dtype == np.int32
        assert (example.labels != IGNORED).any()
        assert not example.cut
    _asks(one, rows[0])
    if one.next_token:
        _leaves_it_to_the_engine(one)
    else:
        _lays_together(one, one.collator(processor)(examples[:3]))
    with pytest.raises(RowError):
        one.encode(Row(), processor, setting)


def _asks(one: Task, row: Row) -> None:
    """A row becomes a question with its answer."""
    question = one.question(row)
    assert question is not None
    assert question.prompt
    assert question.reference
    assert bool(question.passage) == ("span" in one.needs)
    assert bool(question.image) == ("image" in one.needs)


def _leaves_it_to_the_engine(one: Task) -> None:
    """What the engine does for next tokens is not done twice."""
    for refused in (lambda: one.collator(None), lambda: one.loss(None, None, None)):
        with pytest.raises(TypeError):
            refused()


def _lays_together(one: Task, batch: dict[str, Any]) -> None:
    """A batch holds labels for all rows, and ids with their mask or pixels."""
    labels = batch["labels"]
    assert len(labels) == 3
    assert (labels != IGNORED).any()
    if "pixel_values" in batch:
        assert batch["pixel_values"].shape == (3, 3, 16, 16)
    else:
        assert batch["input_ids"].shape == batch["attention_mask"].shape


@pytest.mark.parametrize("one", tasks().values(), ids=list(tasks()))
def test_models_that_do_not_fit(one: Task, folders: dict[str, Path], tmp_path: Path) -> None:
    """Are refused in a sentence that names the model, with a next step."""
    _model, write = _BENCH[one.name]
    rows = load_rows([str(write(tmp_path / "rows.jsonl", 12))], wanted=one.needs).good
    other = inspect_folder(folders["bert" if one.processor == "image" else "vit"])
    assert not one.fits_model(other)
    (problem,) = one.problems(rows, other)
    assert other.name in problem.sentence()
    assert problem.step()


@pytest.mark.parametrize(
    ("gives", "facts", "name"),
    [
        ("messages", LLAMA_3B, "causal_lm"),
        ("messages", T5, "seq2seq_lm"),
        ("messages", BERT, "causal_lm"),
        ("messages", None, "causal_lm"),
        ("text", None, "causal_lm"),
        ("label", BERT, "seq_cls"),
        ("label", LLAMA_3B, "seq_cls"),
        ("label", VIT, "seq_cls"),
        ("tags", BERT, "token_cls"),
        ("span", LLAMA_3B, "question_answering"),
        ("pair", BERT, "feature_extraction"),
        ("image", VIT, "image_cls"),
        ("image", BERT, "image_cls"),
    ],
)
def test_guess(gives: str, facts: Any, name: str) -> None:
    """By what the rows hold and, where more than one can learn from them, the model."""
    assert guess(gives, facts).name == name
    assert resolve("auto", gives, facts).name == name


def test_every_part_of_a_row_has_a_task() -> None:
    """Whatever a layout gives, something can be learnt from it."""
    for part in PARTS:
        assert part in guess(part).needs


def test_a_named_task_is_not_guessed() -> None:
    """The person has the last word."""
    assert resolve("seq_cls", "text").name == "seq_cls"


def test_unknown_task() -> None:
    """With the nearest one."""
    with pytest.raises(MethodError, match=r"no task seq_cl\. Did you mean seq_cls\?"):
        task("seq_cl")
