"""The methods: all in a table, one on a page of its own, or those that the guide advises."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from studio.cli.options import AsJson
from studio.cli.terminal import document, note, table
from studio.errors import MethodError, suggest
from studio.methods import capabilities, evidence
from studio.methods.catalogue import FAMILIES, Knob, Method, method, methods
from studio.words import mark, tr

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
    goal: Goal = "general",
    size: Size = "",
    rows: Rows = 0,
    memory: Memory = None,
    as_json: AsJson = False,
) -> int:
    """List the methods, tell of one, or let the guide rank them."""
    # Each of the three is imported only when it is meant, so that the list comes at once.
    if guide:
        from studio.cli.guide import Answers, recommend

        return recommend(Answers(goal, _known_task(task), size, rows, memory), as_json)
    if name:
        from studio.cli.page import show

        return show(method(name), as_json)
    return _list(_chosen(_known_task(task), _known_family(family)), as_json)


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
    if len(found) == len(_tasks()):
        return tr("all") if found else tr("not tried")
    return ", ".join(found) or tr("none")


def _word(answer: bool | None) -> str:
    """Return yes, no, or that it was not tried."""
    return tr("not tried") if answer is None else tr("yes") if answer else tr("no")


def able(one: Method) -> list[str]:
    """Return the tasks that a method was seen to learn, held as it is meant to be."""
    tried = {task: capabilities.cells(one.key, task, one.quantization) for task in _tasks()}
    return [task for task, cells in tried.items() if any(c.trains for c in cells.values())]


def _tasks() -> list[str]:
    return capabilities.tasks()


def merges(one: Method) -> bool | None:
    """Say whether the result was seen to merge; a whole model needs no merging; None: untried."""
    if not one.peft:
        return True
    tried = any(capabilities.cells(one.key, task) for task in _tasks())
    return capabilities.merges(one.key) if tried else None


def in_four_bit(one: Method) -> bool | None:
    """Say whether it was seen to learn over weights in 4-bit; None where that was not tried."""
    tried = [
        cell for task in _tasks() for cell in capabilities.cells(one.key, task, "nf4").values()
    ]
    return any(cell.trains for cell in tried) if tried else None


def values(one: Method) -> dict[str, Any]:
    """Return everything that is known of a method, as JSON shows it."""
    names = (
        "key", "name", "family", "peft", "quantization", "learning_rate", "targets", "optimizer",
        "start", "fixed", "size", "paper", "docs",
    )  # fmt: skip
    texts = {name: one.text(name) for name in ("summary", "when", "when_not", "documents")}
    return {
        **{name: getattr(one, name) for name in names},
        **texts,
        "merges": merges(one),
        "four_bit": in_four_bit(one),
        "tasks": able(one),
        "knobs": {key: _knob(knob) for key, knob in one.knobs.items()},
        "capabilities": {"peft": capabilities.measured_with(), "tasks": _seen(one)},
        "evidence": [{**asdict(point), "knobs": point.knobs} for point in evidence.of(one.key)],
    }


def _knob(knob: Knob) -> dict[str, Any]:
    """Return a setting, as JSON shows it; `by_size` is bounds and values, 0 for no bound."""
    names = ("title", "help", "kind", "default", "low", "high", "by_size", "tier")
    return {**{name: getattr(knob, name) for name in names}, "choices": knob.captions()}


def _seen(one: Method) -> dict[str, Any]:
    """Return what was seen of a method by task, number format and model family."""
    return {
        task: {
            bits: {
                family: {"passed": cell.passed, "stops": cell.stops, "trains": cell.trains}
                for family, cell in capabilities.cells(one.key, task, bits).items()
            }
            for bits in capabilities.FORMATS
        }
        for task in _tasks()
    }
