"""The one question before a run is stopped."""

from typing import Literal

from PySide6.QtWidgets import QWidget

from studio.runs.state import RunState
from studio.ui.widgets.dialogs import ask
from studio.ui.words import count
from studio.words import tr

Answer = Literal["stop", "stop_at_checkpoint", ""]


def ask_to_stop(parent: QWidget, state: RunState) -> Answer:
    """Ask how to stop and return the name of the request, "" to go on training."""
    answers = [("", tr("Go on training"), "default")]
    step = count(state.step)
    last = max(state.checkpoints, default=0)
    if 0 < last < state.step:
        back = tr("Stop and go back to {step}", step=count(last))
        answers.append(("stop_at_checkpoint", back, "default"))
    keep = tr("Stop and keep step {step}", step=step)
    answers.append(
        ("stop", keep if state.step else tr("Stop before the first step"), "danger-fill")
    )
    text = tr("The step at work is finished first. What was learnt can be tried and exported.")
    if not state.step:
        text = tr("Nothing has been learnt yet.")
    found = ask(parent, tr("Stop training?"), text, answers)
    return "stop" if found == "stop" else "stop_at_checkpoint" if found else ""
