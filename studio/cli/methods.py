"""The methods: all in a table, one on a page of its own, or those that the guide advises."""

from collections.abc import Mapping
from typing import Annotated

import typer

from studio.cli.known import able, in_four_bit, merges, values
from studio.cli.options import AsJson
from studio.cli.terminal import document, note, table
from studio.errors import MethodError, suggest
from studio.methods import capabilities
from studio.methods.catalogue import FAMILIES, Method, method, methods
from studio.words import mark, tr

_GOAL = "general"  # what the guide takes where nothing is said

Name = Annotated[
    str | None, typer.Argument(metavar="NAME", help=mark("Tell everything about one method."))
]
OfTask = Annotated[
    str, typer.Option("--task", metavar="TASK", help=mark("Only those that can do this task."))
]
OfFamily = Annotated[
    str, typer.Option("--family", metavar="FAMILY", help=mark("Only those of this family."))
]
Guided = Annotated[
    bool, typer.Option("--guide", help=mark("Recommend methods, and say why and who says so."))
]
Goal = Annotated[
    str, typer.Option("--goal", metavar="GOAL", help=mark("What the guide should heed most."))
]
Size = Annotated[
    str, typer.Option("--size", metavar="SIZE", help=mark("How large the model is, such as 7B."))
]
Rows = Annotated[
    int, typer.Option("--rows", metavar="N", min=0, help=mark("How many rows of data there are."))
]
Memory = Annotated[
    float | None,
    typer.Option(
        "--memory",
        metavar="GB",
        min=0.1,
        help=mark("Memory of the card; without it, what this computer has."),
    ),
]


def list_methods(
    name: Name = None,
    task: OfTask = "",
    family: OfFamily = "",
    guide: Guided = False,
    goal: Goal = _GOAL,
    size: Size = "",
    rows: Rows = 0,
    memory: Memory = None,
    as_json: AsJson = False,
) -> int:
    """List the methods, tell of one, or let the guide rank them."""
    listing = {"--task": task, "--family": family}
    guiding = {"--goal": goal != _GOAL, "--size": size, "--rows": rows, "--memory": memory}
    _refuse_idle(name, guide, listing, guiding)
    task, family = _known_task(task), _known_family(family)
    # Each of the three is imported only when it is meant, so that the list comes at once.
    if guide:
        from studio.cli.guide import Answers, recommend

        return recommend(Answers(goal, task, size, rows, memory), family, as_json)
    if name:
        from studio.cli.page import show

        return show(method(name), as_json)
    return _list(_chosen(task, family), as_json)


def _refuse_idle(
    name: str | None, guide: bool, listing: Mapping[str, object], guiding: Mapping[str, object]
) -> None:
    """Refuse what would do nothing beside the rest, so that no answer looks like another's."""
    beside = {"--guide": guide, **listing, **guiding} if name else {}
    idle = next((option for option, value in beside.items() if value), "")
    if idle:
        text = mark("{option} does nothing beside the name of one method.")
        raise MethodError(text, mark("Leave out {name}, or {option}."), name=name, option=idle)
    idle = next((option for option, value in guiding.items() if value and not guide), "")
    if idle:
        text = mark("{option} is a question of the guide.")
        raise MethodError(text, mark("Add --guide, or leave out {option}."), option=idle)


def _list(found: list[Method], as_json: bool) -> int:
    """Show these methods, one family after the other."""
    if as_json:
        document([values(one) for one in found])
        return 0
    if not found:
        note(tr("No method is left. Leave out --task or --family."))
        return 0
    heads = (tr("Method"), tr("Name"), tr("Family"), tr("Merges"), tr("4-bit"), tr("Tasks"))
    order = list(FAMILIES)
    table(heads, [_line(one) for one in sorted(found, key=lambda one: order.index(one.family))])
    note(tr("One method in full: finetune-studio methods NAME. Advice: --guide."))
    return 0


def _known_task(name: str) -> str:
    """Return the name of a task; raises MethodError for an unknown one."""
    if name:
        from studio.tasks.shelf import task  # brings numpy

        task(name)
    return name


def _known_family(name: str) -> str:
    """Return the key of a family; raises MethodError for an unknown one."""
    if name and name not in FAMILIES:
        step, known = suggest(name, FAMILIES)
        raise MethodError(mark("There is no family {name}."), step, name=name, **known)
    return name


def _chosen(task: str, family: str) -> list[Method]:
    """Return the methods of a family that can do a task, each "" for all."""
    return [
        one
        for one in methods().values()
        if family in ("", one.family)
        and not (task and capabilities.refusal(one.key, task, one.quantization))
    ]


def _line(one: Method) -> tuple[str, ...]:
    """Return the cells of a method."""
    return (
        one.key,
        one.name,
        tr(FAMILIES[one.family]),
        _word(merges(one)),
        _word(in_four_bit(one)),
        _task_words(one),
    )


def _task_words(one: Method) -> str:
    """Return the tasks that a method can do."""
    found = able(one)
    if len(found) == len(capabilities.tasks()):
        return tr("all") if found else tr("not tried")
    return ", ".join(found) or tr("none")


def _word(answer: bool | None) -> str:
    """Return yes, no, or that it was not tried."""
    return tr("not tried") if answer is None else tr("yes") if answer else tr("no")
