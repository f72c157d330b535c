"""Turn whatever ended a run or a request into a sentence with a next step. Never a guess: what is
not known is called unknown, and the log has the full text."""

import errno
from typing import Literal

from studio.errors import Problem, StudioError
from studio.runs.events import Failed, Warned
from studio.words import mark

Look = Literal["evaluate", "sample"]


def failed(reason: BaseException, step: int, on_card: bool) -> Failed:
    """Return the event for an exception that ended the run at a step."""
    if isinstance(reason, StudioError):
        problem = reason.problem
        return Failed(problem.text, problem.next_step, plain(problem.values), step)
    if _out_of_memory(reason):
        return _memory(step, on_card)
    if _disk_full(reason):
        return Failed(
            mark("The disk is full at step {step}."),
            mark("Free some space, then go on from the last checkpoint."),
            {"step": step},
            step,
            "disk",
        )
    return Failed(
        mark("Training ended with an error at step {step}: {reason}."),
        mark("The full text is in worker.log in the run's folder."),
        {"step": step, "reason": _short(reason)},
        step,
        "error",
    )


def unanswered(reason: BaseException) -> Problem:
    """Return what is told of a request that failed, where nothing trains and no step is known."""
    if isinstance(reason, StudioError):
        return reason.problem
    if _out_of_memory(reason):
        return Problem(
            "",
            mark("There is not enough memory for this."),
            mark("Close other programs that use the card or much memory, and try again."),
        )
    if _disk_full(reason):
        return Problem("", mark("The disk is full."), mark("Free some space and try again."))
    return Problem(
        "",
        mark("An error ended this: {reason}."),
        mark("The full text is in the log; its folder is named in the settings."),
        {"reason": _short(reason)},
    )


def unseen(reason: Exception, step: int, kind: Look) -> Warned:
    """Return the event for a look at the model that failed at a step while it trains on."""
    said = reason.sentence().rstrip(".") if isinstance(reason, StudioError) else _short(reason)
    return Warned(
        mark("The held-out rows could not be evaluated at step {step}: {reason}.")
        if kind == "evaluate"
        else mark("The samples at step {step} could not be written: {reason}."),
        mark("Training goes on. Take fewer rows at a time or shorter rows in the next run.")
        if _out_of_memory(reason)
        else mark("Training goes on. The full text is in worker.log in the run's folder."),
        {"step": step, "reason": said},
    )


def plain(values: dict[str, object]) -> dict[str, object]:
    """Return values that JSON knows."""
    return {
        name: value if isinstance(value, str | int | float | bool) else str(value)
        for name, value in values.items()
    }


def _memory(step: int, on_card: bool) -> Failed:
    """Return the event for a lack of memory."""
    return Failed(
        mark("The card ran out of memory at step {step}.")
        if on_card
        else mark("The computer ran out of memory at step {step}."),
        mark("Take fewer rows at a time, shorter rows, or recompute activations."),
        {"step": step},
        step,
        "memory",
    )


def _disk_full(reason: BaseException) -> bool:
    """Say whether the disk, or the person's share of it, is full."""
    return isinstance(reason, OSError) and reason.errno in (errno.ENOSPC, errno.EDQUOT)


def _out_of_memory(reason: BaseException) -> bool:
    """Say whether memory ran out, on the card or off it; torch's CPU allocator has no own type."""
    name = type(reason).__name__
    text = str(reason)
    return (
        isinstance(reason, MemoryError)
        or name == "OutOfMemoryError"
        or "DefaultCPUAllocator: can't allocate memory" in text
        or "CUBLAS_STATUS_ALLOC_FAILED" in text
    )


def _short(reason: BaseException) -> str:
    """Return the kind and the first line of an exception."""
    first = (str(reason).strip() or "–").split("\n")[0][:300].rstrip(".")
    return f"{type(reason).__name__}: {first}"
