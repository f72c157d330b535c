"""The list of runs."""

from typing import Any

from studio.cli import numbers
from studio.cli.options import AsJson, Runs, runs_folder
from studio.cli.terminal import document, note, table
from studio.runs.folder import RunFolder, all_runs
from studio.runs.state import RunState, read_state
from studio.words import tr


def list_runs(runs: Runs = None, as_json: AsJson = False) -> int:
    """List the runs, newest first."""
    folder = runs_folder(runs)
    found = [(one, read_state(one)) for one in all_runs(folder)]
    if as_json:
        document([_values(one, state) for one, state in found])
    elif not found:
        note(tr("There are no runs in {folder}.", folder=folder))
        note(tr("Start one with: finetune-studio train sample"))
    else:
        heads = (tr("Run"), tr("State"), tr("Step"), tr("Loss"), tr("Held out"), tr("Began"))
        table(heads, [_line(one, state) for one, state in found], numbers=(2, 3, 4))
    return 0


def _values(folder: RunFolder, state: RunState) -> dict[str, Any]:
    """Return a run, as JSON shows it; times in seconds since 1970."""
    names = ("step", "total_steps", "loss", "eval_loss", "metrics", "began", "last", "checkpoints")
    return {
        "name": folder.name,
        "folder": folder.path,
        "state": state.name,
        **{name: getattr(state, name) for name in names},
        "adapter": folder.path / state.adapter if state.adapter else None,
        "problem": str(state.problem) if state.problem else None,
    }


def _line(folder: RunFolder, state: RunState) -> tuple[str, ...]:
    """Return the cells of a run."""
    step = f"{state.step:,} / {state.total_steps:,}" if state.total_steps else numbers.NONE
    return (
        folder.name,
        _word(state.name),
        step,
        numbers.figure(state.loss),
        numbers.figure(state.eval_loss),
        numbers.moment(state.began),
    )


def _word(state: str) -> str:
    """Return the word for a state."""
    words = {
        "queued": tr("Queued"),
        "starting": tr("Starting"),
        "training": tr("Training", "state"),
        "paused": tr("Paused"),
        "finished": tr("Finished"),
        "stopped": tr("Stopped"),
        "failed": tr("Failed"),
        "lost": tr("Ended without a word"),
    }
    return words[state]
