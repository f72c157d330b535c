"""The cells of the table of runs."""

from studio.ui.describe import model_and_method, state_look
from studio.ui.runs import RunView
from studio.ui.widgets.tablemodel import Cell
from studio.ui.words import MISSING, duration, exactly, gigabytes, loss, when
from studio.words import tr


def heads() -> list[str]:
    """Return the column heads."""
    return ["", tr("Run"), tr("Model and method"), tr("State"), tr("Evaluation"), tr("Time"),
            tr("Peak memory"), tr("Started")]  # fmt: skip


def states() -> list[tuple[str, str]]:
    """Return the states that the list can be narrowed to."""
    return [
        ("living", tr("Training", "state")),
        ("finished", tr("Finished")),
        ("stopped", tr("Stopped")),
        ("failed", tr("Failed")),
        ("lost", tr("Lost contact")),
    ]


def matches_state(view: RunView, wanted: str) -> bool:
    """Say whether a run is in the wanted state; "" wants all."""
    return wanted in ("", view.state.name) or (wanted == "living" and view.living)


def cells(view: RunView, orders: dict[str, int]) -> list[Cell]:
    """Return a run's row; a checked one shows its line before the name."""
    state, path = view.state, view.path
    what = model_and_method(view.recipe)
    gone = state.seconds_gone
    return [
        Cell("", check=path in orders, sort=float(path in orders)),
        Cell(view.title, strong=True, line=orders[path] + 1 if path in orders else 0, tip=path),
        Cell(what, muted=True, tip=what),
        _state(view),
        Cell(loss(state.eval_loss), sort=state.eval_loss),
        Cell(duration(gone) if gone else MISSING, muted=True, sort=gone or None),
        Cell(gigabytes(state.peak_memory) if state.peak_memory else MISSING, muted=True,
             sort=state.peak_memory or None),
        Cell(when(state.began) if state.began else MISSING, muted=True, sort=state.began or None,
             tip=exactly(state.began) if state.began else ""),
    ]  # fmt: skip


def _state(view: RunView) -> Cell:
    """Return the cell of the state; a damaged folder says what is wrong in its tip."""
    if view.problem is not None:
        return Cell(tr("Damaged"), icon="warning", color="warn", tip=str(view.problem))
    look = state_look(view.state)
    tip = view.state.problem.sentence() if view.state.problem else ""
    return Cell(look.text, icon=look.icon, color=look.color, more=look.more, tip=tip)
