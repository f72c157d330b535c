"""Whatever ends a run is told in one sentence, and never guessed."""

import errno

import pytest
import torch

from studio.engine.failure import failed, unanswered, unseen
from studio.errors import ModelError


@pytest.mark.parametrize(
    ("reason", "kind", "words"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "memory", "card ran out of memory"),
        (MemoryError(), "memory", "ran out of memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 9"), "memory", "out of memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk", "disk is full"),
        (ModelError("There is no folder {folder}.", "Choose.", folder="x"), "", "no folder"),
        (RuntimeError("shapes differ\nlong text"), "error", "RuntimeError: {"),
    ],
)
def test_each_ending_has_its_sentence(reason, kind, words):
    event = failed(reason, 7, on_card=True)
    assert event.kind == kind
    assert event.step == 7
    assert words in event.text or words.rstrip("{") in str(event.values.get("reason", ""))
    assert event.next_step


def test_an_unknown_error_gives_its_first_line_only():
    event = failed(RuntimeError("shapes differ\nlong text"), 1, on_card=False)
    assert event.values["reason"] == "RuntimeError: shapes differ"


def test_a_real_lack_of_memory_is_recognised():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert failed(caught.value, 1, on_card=False).kind == "memory"


def test_a_look_that_failed_is_told_with_what_to_do():
    evaluating = unseen(IndexError("index out of range"), 4, "evaluate")
    assert evaluating.text.startswith("The held-out rows could not be evaluated")
    assert evaluating.values == {"step": 4, "reason": "IndexError: index out of range"}
    assert "worker.log" in evaluating.next_step
    sampling = unseen(torch.OutOfMemoryError("CUDA out of memory"), 4, "sample")
    assert sampling.text.startswith("The samples")
    assert "fewer rows" in sampling.next_step


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "not enough memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (ModelError("There is no folder {folder}.", "Choose.", folder="x"), "no folder x"),
        (RuntimeError("shapes differ\nlong text"), "ended this: RuntimeError: shapes differ."),
    ],
)
def test_a_request_that_failed_was_no_training(reason, words):
    told = unanswered(reason)
    assert words in told.sentence()
    assert "raining" not in told.sentence() and "step 0" not in told.sentence()
    assert told.step()
