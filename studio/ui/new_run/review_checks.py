"""What was checked before the start: what keeps it from starting, what to look at, what passed."""

from pathlib import Path

from studio.errors import DataError, Problem
from studio.estimate import Estimate
from studio.flow import STEPS, Draft
from studio.formats.read import resolve
from studio.hardware import Machine
from studio.ui.widgets.checks import Check
from studio.ui.words import count, gigabytes
from studio.words import mark, tr, trn


def gone(draft: Draft) -> list[Problem]:
    """Return what was there when it was looked at and is not there any more."""
    found: list[Problem] = []
    source = draft.recipe.model.source
    if draft.model is not None and draft.model.kind == "folder" and not Path(source).is_dir():
        text = mark("The folder {model} is not there any more.")
        step = mark("Choose the model again.")
        found.append(Problem("model.source", text, step, {"model": source}))
    for name in [*draft.recipe.data.files, *draft.recipe.data.eval_files]:
        try:
            resolve(name)
        except DataError as reason:
            wrong = reason.problem
            found.append(Problem("data.files", wrong.text, wrong.next_step, wrong.values))
            break
    return found


def checks(
    draft: Draft, found: list[Problem], machine: Machine, need: Estimate | None, others: list[str]
) -> list[Check]:
    """Return every check, worst first; `others` are the runs that are training now."""
    bad = [_refusal(one) for one in found]
    look = [*_data(draft), *_memory(need), *(_other(name) for name in others)]
    return [*bad, *look, *_passed(draft, found, machine, need)]


def owner(problem: Problem) -> str:
    """Return the step that a problem belongs to."""
    section = problem.field.split(".")[0]
    return {"hardware": "training", "output": "review"}.get(section, section)


def _refusal(problem: Problem) -> Check:
    """Return a problem with a link to where it is mended."""
    step = owner(problem)
    action = tr("Go there") if step in STEPS[:-1] else ""
    return Check("bad", problem.sentence(), problem.step(), action, step)


def _data(draft: Draft) -> list[Check]:
    """Return what to look at in the data."""
    found: list[Check] = []
    if draft.data is None:
        return found
    left_out = len(draft.data.bad)
    if left_out:
        text = trn(
            "{n} row does not fit and is left out", "{n} rows do not fit and are left out", left_out
        )
        found.append(Check("warn", text, "", tr("Look"), "data"))
    facts = draft.data.facts
    if not facts.eval_rows:
        detail = tr("Nothing will tell whether it only learns by heart.")
        found.append(Check("warn", tr("No rows are held out"), detail, tr("Look"), "data"))
    if facts.longest > draft.recipe.training.max_length:
        length = count(draft.recipe.training.max_length)
        text = tr("Rows longer than {length} tokens are cut", length=length)
        detail = tr("The longest has about {tokens} tokens.", tokens=count(facts.longest))
        found.append(Check("warn", text, detail, tr("Change"), "training"))
    return found


def _memory(need: Estimate | None) -> list[Check]:
    """Return what to look at where the memory is tight or too small by the estimate."""
    if need is None or need.verdict == "fits":
        return []
    values = {"need": gigabytes(need.total), "limit": gigabytes(need.limit)}
    tight, large = tr("Memory is tight"), tr("Memory may not be enough")
    text = tight if need.verdict == "tight" else large
    detail = tr("{need} of {limit}, by the estimate. Fewer rows at a time need less.", **values)
    return [Check("warn", text, detail, tr("Change"), "training")]


def _other(name: str) -> Check:
    """Return the check for a run that is training now."""
    text = tr("{run} is training now", run=name)
    return Check("warn", text, tr("Both will be slower, and share the memory."))


def _passed(
    draft: Draft, found: list[Problem], machine: Machine, need: Estimate | None
) -> list[Check]:
    """Return what is well; nothing is said of what follows from a model or rows not yet chosen."""
    wrong = {owner(one) for one in found}
    if draft.model is None or draft.data is None:
        wrong |= {"task", "method", "training", "review"}
    said = {
        "model": tr("Model is there and whole"),
        "data": tr("Data is there, {rows} rows", rows=count(draft.data_facts().rows)),
        "task": tr("Task fits rows and model"),
        "method": tr("Method fits task and machine"),
        "training": tr("Rows fit into what the model reads"),
        "review": tr("Disk has room for the checkpoints"),
    }
    passed = [text for step, text in said.items() if step not in wrong]
    if need is not None and need.verdict == "fits":
        spare = gigabytes(need.limit - need.total)
        passed.append(tr("Memory fits, {spare} to spare", spare=spare))
    card = machine.card if draft.recipe.hardware.device != "cpu" else None
    device = card.name if card else machine.processor
    return [Check("good", text) for text in (*passed, tr("Runs on {device}", device=device))]
