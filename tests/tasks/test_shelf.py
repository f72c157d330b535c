"""The shelf of tasks: what each must do, and which one is guessed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.errors import MethodError
from studio.formats.detect import load_rows
from studio.rows import Row, RowError
from studio.tasks.shelf import guess, resolve, task, tasks
from studio.tasks.task import IGNORED, Setting, Task
from tests.helpers.facts import BERT, LLAMA_3B
from tests.helpers.tiny import chat_rows, label_rows, tiny_bert, tiny_llama


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return real tokenizers by task."""
    from transformers import AutoTokenizer

    folder = tmp_path_factory.mktemp("models")
    return {
        "causal_lm": AutoTokenizer.from_pretrained(tiny_llama(folder / "llama")),
        "seq_cls": AutoTokenizer.from_pretrained(tiny_bert(folder / "bert")),
    }


@pytest.mark.parametrize("one", tasks().values(), ids=list(tasks()))
def test_every_task(one: Task, tokenizers: dict[str, Any], tmp_path: Path) -> None:
    """Words, a class of transformers, encoded rows with something to train, tensors, figures."""
    import transformers
    from peft import TaskType

    assert one.title
    assert one.summary.endswith(".")
    assert hasattr(transformers, one.model_class)
    assert TaskType[one.peft_type]
    rows = _rows(one, tmp_path)
    facts = LLAMA_3B if one.generates else BERT
    assert one.fits_model(facts)
    assert one.problems(rows, facts) == []
    setting = Setting(64, labels=one.labels(rows))
    encoded = [one.encode(row, tokenizers[one.name], setting) for row in rows]
    for example in (example for some in encoded for example in some):
        assert example.ids.dtype == example.labels.dtype == np.int32
        assert (example.labels != IGNORED).any()
        assert not example.cut
    question = one.question(rows[0])
    assert question is not None
    assert question.prompt
    assert question.reference
    if one.next_token:
        for refused in (lambda: one.collator(None), lambda: one.loss(None, None, None)):
            with pytest.raises(TypeError):
                refused()
    with pytest.raises(RowError):
        one.encode(Row(), tokenizers[one.name], setting)


def _rows(one: Task, folder: Path) -> list[Row]:
    """Return rows that a task can learn from."""
    write = label_rows if one.needs == ("label",) else chat_rows
    return load_rows([str(write(folder / "rows.jsonl", 12))]).good


def test_guess() -> None:
    """By what the rows hold, and the model."""
    assert guess("messages", LLAMA_3B).name == "causal_lm"
    assert guess("text").name == "causal_lm"
    assert guess("label", BERT).name == "seq_cls"
    assert guess("messages", BERT).name == "causal_lm"
    assert resolve("seq_cls", "text").name == "seq_cls"
    assert resolve("auto", "label").name == "seq_cls"


def test_unknown_task() -> None:
    """With the nearest one."""
    with pytest.raises(MethodError, match=r"no task seq_cl\. Did you mean seq_cls\?"):
        task("seq_cl")
