"""How a run ended, in the words of the banner."""

from dataclasses import dataclass

from studio.runs.state import RunState
from studio.ui.words import count, duration, gigabytes, loss
from studio.words import paragraph, tr


@dataclass(frozen=True)
class Ending:
    """Kind of the banner, one sentence, what is safe or measured, the next step."""

    kind: str
    text: str
    detail: str = ""
    action: str = ""


def ending(state: RunState, checkpoint: int, drawer: bool) -> Ending | None:
    """Return how the run ended, None for one that has not.

    `checkpoint` is the step of the last whole one, 0 without any; in a drawer the ways on are
    not seen, so the banner leads to them.
    """
    if state.name == "finished":
        taken = duration(state.seconds_gone)
        return Ending("good", tr("Finished in {time}.", time=taken), _figures(state))
    if state.name == "stopped":
        return _stopped(state)
    if state.name in ("failed", "lost"):
        text = state.problem.sentence() if state.problem else tr("Training ended with an error.")
        action = tr("What can be done") if drawer else ""
        return Ending("bad", text, _what_is_safe(state, checkpoint), action)
    return None


def _stopped(state: RunState) -> Ending:
    """Return the words for a run that the person stopped."""
    if not state.adapter:
        return Ending("info", tr("Stopped before the first step."))
    text = tr("Stopped at step {step}.", step=count(state.step))
    return Ending("info", text, tr("What was learnt until there is kept."))


def _figures(state: RunState) -> str:
    """Return what a finished run came to."""
    step = count(state.step)
    if state.best_eval is None:
        return tr("{steps} steps, loss {loss}", steps=step, loss=loss(state.loss))
    return tr(
        "{steps} steps, evaluation {loss} at step {best}",
        steps=step,
        loss=loss(state.best_eval),
        best=count(state.best_step),
    )


def _what_is_safe(state: RunState, checkpoint: int) -> str:
    """Return what was measured last and what is not lost."""
    found = []
    memory = state.memory
    if state.failed_kind == "memory" and memory is not None:
        ours, used, total = (
            (memory.reserved, memory.card_used, memory.card_total)
            if memory.reserved
            else (memory.process, memory.machine_used, memory.machine_total)
        )
        found.append(
            tr(
                "At the last look the run held {ours}, and {used} of {total} were in use.",
                ours=gigabytes(ours),
                used=gigabytes(used),
                total=gigabytes(total),
            )
        )
    elif state.name == "failed" and state.problem is not None and state.problem.step():
        found.append(state.problem.step())
    if checkpoint:
        safe = tr(
            "Nothing is lost: the checkpoint of step {step} is whole.", step=count(checkpoint)
        )
        found.append(safe)
    elif state.step:
        found.append(tr("No checkpoint was saved before."))
    return paragraph(*found)
