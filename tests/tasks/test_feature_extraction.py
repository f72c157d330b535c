"""Embeddings: pooling, the contrastive loss, recall, the nearest texts."""

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest

from studio.rows import Row, RowError
from studio.tasks.feature_extraction import TASK, pooled
from studio.tasks.task import Question, Setting
from tests.helpers.facts import BERT, LLAMA_3B
from tests.tasks.conftest import Outputs, Says

_SETTING = Setting(16)


def _row(text: str = "red boat", positive: str = "The red boat", negative: str = "") -> Row:
    return Row(text=text, positive=positive, negative=negative)


def test_models_and_rows() -> None:
    """Models that read texts with one stack of layers; second texts that differ."""
    rows = [_row(), _row("blue house", "The blue house")]
    assert TASK.problems(rows, BERT) == TASK.problems(rows, LLAMA_3B) == []
    t5 = type(BERT)("x", "x", "folder", "t5", config={"is_encoder_decoder": True})
    for facts in (t5, type(BERT)("x", "x", "folder", "vit")):
        (problem,) = TASK.problems(rows, facts)
        assert "embeddings" in problem.sentence()
    (problem,) = TASK.problems([_row(), _row("boat")], BERT)
    assert "the same second text" in problem.sentence()


def test_encoding(bert: Any) -> None:
    """The texts lie one after the other, each cut at the longest length."""
    (found,) = TASK.encode(_row(negative="The blue house is here"), bert, _SETTING)
    assert found.extra["lengths"] == (4, 5, 7)
    assert len(found.ids) == 16
    assert not found.cut
    (cut,) = TASK.encode(_row(), bert, Setting(4))
    assert (cut.extra["lengths"], cut.cut) == ((4, 4), True)
    assert cut.ids[-1] == bert.sep_token_id
    for row in (Row(), Row(text="x"), Row(positive="x")):
        with pytest.raises(RowError):
            TASK.encode(row, bert, _SETTING)


def test_batches(bert: Any) -> None:
    """First texts, then second ones, then those that do not belong."""
    rows = [_row("red", "boat", "house"), _row("blue", "lamp"), _row("green", "stone", "road")]
    examples = [one for row in rows for one in TASK.encode(row, bert, _SETTING)]
    batch = TASK.collator(bert)(examples)
    read = [bert.decode(ids, skip_special_tokens=True) for ids in batch["input_ids"]]
    assert read == ["red", "blue", "green", "boat", "lamp", "stone", "house", "road"]
    assert batch["labels"].tolist() == [0, 1, 2]


def test_the_same_text_is_no_wrong_answer(bert: Any) -> None:
    """In a batch each second text stands once, be it another row's or a counter-example."""
    rows = [_row("red", "boat"), _row("blue", "boat"), _row("green", "lamp", "boat")]
    examples = [one for row in rows for one in TASK.encode(row, bert, _SETTING)]
    batch = TASK.collator(bert)(examples)
    read = [bert.decode(ids, skip_special_tokens=True) for ids in batch["input_ids"]]
    assert read == ["red", "blue", "green", "boat", "lamp"]
    assert batch["labels"].tolist() == [0, 0, 1]
    outputs = _vectors([[1, 0], [1, 0], [0, 1], [1, 0], [0, 1]])
    assert float(TASK.loss(outputs, batch["labels"], 3)) == pytest.approx(0, abs=1e-6)
    gathered = TASK.metrics(outputs, batch["labels"], examples)
    assert [list(one) for one in gathered["second"]] == [[1, 0], [1, 0], [0, 1]]


def test_pooling() -> None:
    """The mean over a row's own tokens, of length 1; padding and learnt tokens are left out."""
    import torch

    hidden = torch.tensor([[[9.0, 9], [3, 0], [0, 4], [7, 7]], [[9.0, 9], [0, 2], [0, 4], [0, 6]]])
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    found = pooled(Outputs({"last_hidden_state": hidden, "attention_mask": mask}))
    assert found.tolist() == [pytest.approx([0.6, 0.8]), pytest.approx([0.0, 1.0])]


def _vectors(rows: list[list[float]]) -> Outputs:
    """Return outputs of one token a row."""
    import torch

    mask = torch.ones(len(rows), 1, dtype=torch.long)
    return Outputs({"last_hidden_state": torch.tensor(rows)[:, None], "attention_mask": mask})


def test_loss() -> None:
    """Each first text against all second ones and all others, cosine times 20."""
    import torch

    outputs = _vectors([[1, 0], [0, 1], [1, 0], [3, 4], [0, -5]])
    likeness = [[1, 0.6, 0], [0, 0.8, -1]]
    losses = [
        -20 * row[i] + math.log(sum(math.exp(20 * one) for one in row))
        for i, row in enumerate(likeness)
    ]
    found = TASK.loss(outputs, torch.tensor([0, 1]), 4)
    assert float(found) == pytest.approx(sum(losses) / 4, rel=1e-4)


def test_figures() -> None:
    """Over all rows, however they were laid together."""
    import torch

    # the own second text of the first row is nearest, of the second row the second nearest
    parts = [
        TASK.metrics(_vectors([[1, 0], [1, 0]]), torch.tensor([0]), []),
        TASK.metrics(_vectors([[1, 0], [0, 1]]), torch.tensor([0]), []),
    ]
    gathered = {name: [*parts[0][name], *parts[1][name]] for name in parts[0]}
    found = TASK.summarise(gathered, _SETTING)
    assert found == pytest.approx({"recall_1": 0.5, "recall_5": 1.0, "mrr": (1 + 1 / 2) / 2})


def test_the_same_text_twice_is_no_mistake() -> None:
    """Two rows with one second text: neither is before the other."""
    vector = np.array([0.6, 0.8], np.float32)
    gathered = {"first": [vector, vector], "second": [vector, vector]}
    assert TASK.summarise(gathered, _SETTING)["recall_1"] == 1.0


def test_many_rows_are_ranked_in_little_memory() -> None:
    """A table of all rows against all of them is never held."""
    angles = np.linspace(0, 1, 4096, dtype=np.float32)
    vectors = list(np.stack([np.cos(angles), np.sin(angles)], 1))
    tracemalloc.start()
    found = TASK.summarise({"first": vectors, "second": vectors}, _SETTING)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found["recall_1"] == 1.0
    assert most < 4096 * 4096


def test_candidates() -> None:
    """The second texts of the rows, each once."""
    rows = [_row("a", "x"), _row("b", "y"), _row("c", "x")]
    assert TASK.candidates(rows) == ("x", "y")


def test_prediction(bert: Any) -> None:
    """The nearest of the candidates, with the cosine of each."""
    import torch

    by_word = {"red": [1.0, 0], "boat": [3.0, 4], "house": [0.0, 1], "lamp": [-1.0, 0]}
    by_token = {bert.convert_tokens_to_ids(word): one for word, one in by_word.items()}

    def outputs(batch: dict[str, Any]) -> dict[str, Any]:
        rows = [by_token[int(ids[1])] for ids in batch["input_ids"]]
        length = batch["input_ids"].shape[1]
        return {"last_hidden_state": torch.tensor(rows)[:, None].expand(-1, length, -1)}

    asked = Question("red", "boat", candidates=("lamp", "house", "boat"))
    found = TASK.predict(Says(outputs), bert, asked, _SETTING)
    assert (found.words, found.right) == ("boat", True)
    assert [name for name, _value in found.scores] == ["boat", "house", "lamp"]
    assert [value for _name, value in found.scores] == pytest.approx([0.6, 0, -1])
    other = Question("red", "house", candidates=("lamp", "boat"))
    assert TASK.predict(Says(outputs), bert, other, _SETTING).right is False
    assert TASK.predict(Says(outputs), bert, Question("red", ""), _SETTING).words == ""
