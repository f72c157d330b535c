"""Classification: one class, several labels, a number; lengths, batches, figures."""

import math
from typing import Any

import numpy as np
import pytest

from studio.rows import Row, RowError
from studio.tasks.seq_cls import NOTHING, TASK
from studio.tasks.task import Example, Question, Setting
from tests.helpers.facts import BERT, LLAMA_3B
from tests.tasks.conftest import Outputs, Says

_AB = Setting(8, labels=("a", "b"), kind="one")
_SEVERAL = Setting(8, labels=("a", "b", "c"), kind="several")
_NUMBER = Setting(8, kind="number")


def _rows(*labels: str) -> list[Row]:
    return [Row(text=f"text {n}", label=label) for n, label in enumerate(labels)]


def _many(*labels: tuple[str, ...]) -> list[Row]:
    return [Row(text=f"text {n}", labels=some) for n, some in enumerate(labels)]


def test_labels_are_ordered() -> None:
    """Numbers by value, words by alphabet, odd digits as words; a number has no classes."""
    assert TASK.labels(_rows("10", "9", "-1")) == ("-1", "9", "10")
    assert TASK.labels(_rows("b", "a", "b")) == ("a", "b")
    assert TASK.labels(_rows("²", "1", "--5")) == ("--5", "1", "²")
    assert TASK.labels(_many(("b",), ("c", "a"), ())) == ("a", "b", "c")
    assert TASK.labels(_rows("0.5", "1")) == ()


def test_a_fraction_by_mistake_is_no_class() -> None:
    """Among the held-out rows it is told as a label of no trained row."""
    assert TASK.labels(_rows(*"12345" * 4, "2.5")) == tuple("12345")


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (_rows("a", "b"), "one"),
        (_rows("1", "2", "5"), "one"),
        (_rows("1.0", "2.0"), "one"),
        (_rows("1", "2.5"), "number"),
        (_rows("-0.5", "1e-3"), "number"),
        (_rows("0.5", "x"), "one"),
        (_rows("nan", "0.5"), "one"),
        (_rows(*"12345" * 4, "2.5"), "one"),
        (_rows(*["1.0", "2.0"] * 10, "2.5"), "number"),
        (_many(("a",), ()), "several"),
        ([Row(text="x")], "one"),
    ],
)
def test_kind(rows: list[Row], kind: str) -> None:
    """Lists of labels; numbers of which more than a few are not whole; else a class."""
    assert TASK.kind(rows) == kind


def test_problems() -> None:
    """No label, one label, a label a row, a number that is always the same, other models."""
    encoder_decoder = type(BERT)("x", "x", "folder", "t5", config={"is_encoder_decoder": True})
    cases = [
        ([Row(text="x")], BERT, "have no labels"),
        (_rows("a", "a"), BERT, "the same label, a."),
        (_rows(*map(str, range(40))), BERT, "There are 40 different labels in 40 rows."),
        (_rows("0.5", "0.5"), BERT, "the same label"),
        (
            _rows(*"12345" * 4, "2.5"),
            BERT,
            "such as 2.5 of “text 20”.",
        ),
        (_many(("0", "1"), ("1", "0")), BERT, "the same labels, 0, 1."),
        (_many((), ()), BERT, "the same labels, –."),
        (_rows("a", "b"), encoder_decoder, "cannot be made to sort texts"),
        (_rows("a", "b"), type(BERT)("x", "x", "folder", "vit"), "cannot be made to sort texts"),
    ]
    for rows, facts, said in cases:
        (problem,) = TASK.problems(rows, facts)
        assert said in problem.sentence()
        assert problem.step()
    for rows in (_rows("a", "b"), _rows(*map(str, np.arange(40) / 8)), _many(("a",), ())):
        assert TASK.problems(rows, BERT) == []
    assert TASK.fits_model(LLAMA_3B)


def test_head() -> None:
    """What config.json says of the outputs."""
    assert TASK.head(_AB) == {
        "num_labels": 2,
        "id2label": {0: "a", 1: "b"},
        "label2id": {"a": 0, "b": 1},
        "problem_type": "single_label_classification",
    }
    assert TASK.head(_SEVERAL)["problem_type"] == "multi_label_classification"
    assert TASK.head(_NUMBER) == {"num_labels": 1, "problem_type": "regression"}


def test_cut_keeps_the_end_token(bert: Any) -> None:
    """A row of just the longest length is not cut."""
    row = Row(text="The red boat is number", label="a")
    (whole,) = TASK.encode(row, bert, Setting(7, labels=("a", "b")))
    assert (len(whole.ids), whole.cut) == (7, False)
    (cut,) = TASK.encode(row, bert, Setting(6, labels=("a", "b")))
    assert (len(cut.ids), cut.cut) == (6, True)
    assert cut.ids[-1] == bert.sep_token_id
    assert cut.labels.tolist() == [0]


def test_labels_as_numbers(bert: Any) -> None:
    """A 0 or 1 for each label; a number as it is, unless it would count as not trained."""
    (found,) = TASK.encode(_many(("c", "a"))[0], bert, _SEVERAL)
    assert found.labels.tolist() == [1, 0, 1]
    (none,) = TASK.encode(_many(())[0], bert, _SEVERAL)
    assert none.labels.tolist() == [0, 0, 0]
    (half,) = TASK.encode(_rows("0.5")[0], bert, _NUMBER)
    assert half.labels.tolist() == [0.5]
    (odd,) = TASK.encode(_rows("-100")[0], bert, _NUMBER)
    assert odd.labels[0] != -100
    assert odd.labels[0] == pytest.approx(-100)


@pytest.mark.parametrize(
    ("row", "setting"),
    [
        (Row(text="x", label="c"), _AB),
        (Row(text="x"), _AB),
        (Row(label="a"), _AB),
        (Row(text="x", labels=("z",)), _SEVERAL),
        (Row(text="x", label="many"), _NUMBER),
        (Row(text="x", label="inf"), _NUMBER),
    ],
)
def test_rows_that_do_not_fit(bert: Any, row: Row, setting: Setting) -> None:
    """Held-out rows may have labels of no trained row; a number must be one."""
    with pytest.raises(RowError):
        TASK.encode(row, bert, setting)


@pytest.mark.parametrize(
    ("setting", "rows", "shape"),
    [(_AB, _rows("b", "a"), (2,)), (_SEVERAL, _many(("a",), ()), (2, 3)),
     (_NUMBER, _rows("0.5", "2"), (2,))],
)  # fmt: skip
def test_batches(bert: Any, setting: Setting, rows: list[Row], shape: tuple[int, ...]) -> None:
    """Labels of the kind's shape."""
    examples = [one for row in rows for one in TASK.encode(row, bert, setting)]
    batch = TASK.collator(bert)(examples)
    assert tuple(batch["labels"].shape) == shape
    assert batch["input_ids"].shape == batch["attention_mask"].shape


def test_losses_add_up_to_the_mean() -> None:
    """Over all labels of a step, whatever its batches."""
    import torch
    from torch.nn import functional

    logits, one = torch.randn(6, 3), torch.tensor([0, 1, 2, 2, 1, 0])
    several, number = torch.randint(2, (6, 3)).float(), torch.randn(6)
    wanted = [
        (logits, one, functional.cross_entropy(logits, one)),
        (logits, several, functional.binary_cross_entropy_with_logits(logits, several)),
        (logits[:, :1], number, functional.mse_loss(logits[:, 0], number)),
    ]
    for given, labels, mean in wanted:
        parts = [
            TASK.loss(Outputs({"logits": given[part]}), labels[part], labels.numel())
            for part in (slice(0, 2), slice(2, 6))
        ]
        assert torch.allclose(sum(parts), mean)


def _figures(logits: Any, labels: Any, setting: Setting) -> dict[str, float]:
    """Return the figures of one batch."""
    examples: list[Example] = []
    gathered = TASK.metrics(Outputs({"logits": logits}), labels, examples)
    return TASK.summarise(gathered, setting)


def test_figures_of_classes() -> None:
    """Accuracy and macro F1."""
    import torch

    found = _figures(torch.eye(3), torch.tensor([0, 1, 1]), Setting(8, labels=("a", "b", "c")))
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_figures_of_several_labels() -> None:
    """Micro F1, and the rows in which all is right."""
    import torch

    logits = torch.tensor([[1.0, -1, 1], [-1, 1, -1], [-1, -1, -1]])
    labels = torch.tensor([[1.0, 0, 1], [1, 1, 0], [0, 0, 0]])
    found = _figures(logits, labels, _SEVERAL)
    assert found["exact_match"] == pytest.approx(2 / 3)
    assert found["f1"] == pytest.approx(2 * 3 / (3 + 4))  # 3 right of 3 said and 4 true


def test_figures_of_numbers() -> None:
    """The root of the mean squared error, and how both go up and down together."""
    import torch

    found = _figures(torch.tensor([[1.0], [2], [3]]), torch.tensor([2.0, 4, 6]), _NUMBER)
    assert found["rmse"] == pytest.approx(math.sqrt((1 + 4 + 9) / 3))
    assert found["pearson"] == pytest.approx(1)
    assert _figures(torch.ones(2, 1), torch.tensor([1.0, 2]), _NUMBER)["pearson"] == 0.0


def _says(*logits: float) -> Says:
    import torch

    return Says(lambda _batch: {"logits": torch.tensor([logits])})


def test_prediction_of_a_class(bert: Any) -> None:
    """The likeliest first, with the chance of each."""
    asked = TASK.question(_rows("b")[0])
    assert asked == Question("text 0", "b")
    found = TASK.predict(_says(0.0, math.log(3)), bert, asked, _AB)
    assert (found.words, found.right) == ("b", True)
    assert [name for name, _chance in found.scores] == ["b", "a"]
    assert [chance for _name, chance in found.scores] == pytest.approx([0.75, 0.25])
    assert TASK.predict(_says(1.0, 0.0), bert, asked, _AB).right is False
    assert TASK.predict(_says(1.0, 0.0), bert, Question("x", ""), _AB).right is None


def test_prediction_of_several_labels(bert: Any) -> None:
    """All that are likelier than not, or none."""
    asked = TASK.question(_many(("c", "a"))[0])
    assert asked == Question("text 0", "a, c")
    found = TASK.predict(_says(1.0, -2.0, 3.0), bert, asked, _SEVERAL)
    assert (found.words, found.right) == ("a, c", True)
    assert [name for name, _chance in found.scores] == ["c", "a", "b"]
    nothing = TASK.question(_many(())[0])
    assert nothing == Question("text 0", NOTHING)
    assert TASK.predict(_says(-1.0, -2.0, -3.0), bert, nothing, _SEVERAL).right is True


def test_prediction_of_a_number(bert: Any) -> None:
    """The number; whether it is right cannot be told."""
    found = TASK.predict(_says(3.14159), bert, Question("x", "3"), _NUMBER)
    assert (found.words, found.scores, found.right) == ("3.142", (), None)
