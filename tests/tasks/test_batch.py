"""Rows laid together."""

from types import SimpleNamespace

import numpy as np
import pytest

from studio.tasks.batch import lay_labels, lay_tokens, run
from tests.tasks.conftest import Says

_ROWS = [np.array([5, 6, 7], np.int32), np.array([5], np.int32)]


@pytest.mark.parametrize("pad", [0, None])
def test_tokens(pad: int | None) -> None:
    """Padded at the right, with a mask; also where the tokenizer has no padding token."""
    batch = lay_tokens(_ROWS, SimpleNamespace(pad_token_id=pad, eos_token_id=9))
    filler = 9 if pad is None else pad
    assert batch["input_ids"].tolist() == [[5, 6, 7], [5, filler, filler]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]


def test_labels() -> None:
    """What is padded is not trained."""
    assert lay_labels(_ROWS).tolist() == [[5, 6, 7], [5, -100, -100]]
    assert lay_labels(_ROWS, 0).tolist() == [[5, 6, 7], [5, 0, 0]]


def test_run() -> None:
    """The labels stay behind; the mask comes along where there is one."""
    import torch

    model = Says(lambda batch: {"given": sorted(batch)})
    ones = torch.ones(1, 2)
    found = run(model, {"input_ids": ones, "attention_mask": ones, "labels": ones})
    assert found.given == ["attention_mask", "input_ids"]
    assert found["attention_mask"] is ones
    assert not hasattr(run(model, {"pixel_values": ones}), "attention_mask")
