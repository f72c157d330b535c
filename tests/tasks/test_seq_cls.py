"""Classification: labels, lengths, batches, figures."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studio.rows import Row, RowError
from studio.tasks.seq_cls import TASK
from studio.tasks.task import Example, Setting
from tests.helpers.facts import BERT
from tests.helpers.tiny import tiny_bert


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a real tokenizer with [CLS] and [SEP]."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_bert(tmp_path_factory.mktemp("bert")))


def _rows(*labels: str) -> list[Row]:
    return [Row(text=f"text {n}", label=label) for n, label in enumerate(labels)]


def test_labels_are_ordered() -> None:
    """Numbers by value, words by alphabet, odd digits as words."""
    assert TASK.labels(_rows("10", "9", "-1")) == ("-1", "9", "10")
    assert TASK.labels(_rows("b", "a", "b")) == ("a", "b")
    assert TASK.labels(_rows("²", "1", "--5")) == ("--5", "1", "²")


def test_problems() -> None:
    """No label, one label, a label a row, a model that cannot."""
    many = _rows(*map(str, range(40)))
    encoder_decoder = type(BERT)("x", "x", "folder", "t5", config={"is_encoder_decoder": True})
    cases = [
        ([Row(text="x")], BERT, "have no labels"),
        (_rows("a", "a"), BERT, "the same label, a."),
        (many, BERT, "There are 40 different labels in 40 rows."),
        (_rows("a", "b"), encoder_decoder, "cannot be made to sort texts"),
    ]
    for rows, facts, said in cases:
        (problem,) = TASK.problems(rows, facts)
        assert said in problem.sentence()
        assert problem.step()


def test_cut_keeps_the_end_token(tokenizer: Any) -> None:
    """A row of just the longest length is not cut."""
    row = Row(text="The red boat is number", label="a")
    (whole,) = TASK.encode(row, tokenizer, Setting(7, labels=("a", "b")))
    assert (len(whole.ids), whole.cut) == (7, False)
    (cut,) = TASK.encode(row, tokenizer, Setting(6, labels=("a", "b")))
    assert (len(cut.ids), cut.cut) == (6, True)
    assert cut.ids[-1] == tokenizer.sep_token_id
    assert cut.labels.tolist() == [0]


def test_label_that_is_in_no_trained_row(tokenizer: Any) -> None:
    """Held-out rows may have one."""
    with pytest.raises(RowError):
        TASK.encode(Row(text="x", label="c"), tokenizer, Setting(8, labels=("a",)))


@pytest.mark.parametrize("pad", [0, None])
def test_batches(pad: int | None) -> None:
    """Padded at the right, with a mask; also where the tokenizer has no padding token."""
    lay = TASK.collator(SimpleNamespace(pad_token_id=pad, eos_token_id=9))
    one = Example(np.array([5, 6, 7], np.int32), np.array([1], np.int32))
    two = Example(np.array([5], np.int32), np.array([0], np.int32))
    batch = lay([one, two])
    filler = 9 if pad is None else pad
    assert batch["input_ids"].tolist() == [[5, 6, 7], [5, filler, filler]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["labels"].tolist() == [1, 0]


def test_loss_adds_up_to_the_mean() -> None:
    """Over all rows of a step, whatever its batches."""
    import torch
    from torch.nn.functional import cross_entropy

    logits, labels = torch.randn(6, 3), torch.tensor([0, 1, 2, 2, 1, 0])
    parts = [
        TASK.loss(SimpleNamespace(logits=logits[part]), labels[part], 6)
        for part in (slice(0, 2), slice(2, 6))
    ]
    assert torch.allclose(sum(parts), cross_entropy(logits, labels))


def test_figures() -> None:
    """Accuracy and macro F1."""
    import torch

    outputs = SimpleNamespace(logits=torch.eye(3))
    gathered = TASK.metrics(outputs, torch.tensor([0, 1, 1]))
    figures = TASK.summarise(gathered)
    assert figures["accuracy"] == pytest.approx(2 / 3)
    assert figures["f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)
