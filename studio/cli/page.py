"""One method in words: what it is, when to take it, its settings, what was seen and measured."""

from collections.abc import Iterator

from studio.cli import numbers
from studio.cli.known import in_four_bit, merges, values
from studio.cli.terminal import document, facts, result, table
from studio.methods import capabilities, evidence
from studio.methods.capabilities import FORMATS, Cell
from studio.methods.catalogue import FAMILIES, Knob, Method
from studio.words import mark, tr

_BITS = {"none": mark("16-bit"), "int8": mark("8-bit"), "nf4": mark("4-bit")}
_TOLD = {
    "summary": mark("What it does"),
    "when": mark("When to take it"),
    "when_not": mark("When not"),
    "documents": mark("In the documents"),
}


def show(one: Method, as_json: bool) -> int:
    """Tell everything about a method."""
    if as_json:
        document(values(one))
        return 0
    result(f"{one.name} ({one.key}) · {tr(FAMILIES[one.family])}")
    for name, caption in _TOLD.items():
        if one.text(name):
            _head(tr(caption))
            result(one.text(name))
    _head(tr("Facts"))
    facts(_facts(one))
    _show_knobs(one)
    _show_seen(one)
    _show_measured(one)
    return 0


def _head(text: str) -> None:
    """Begin a part of the page."""
    result(f"\n{text.upper()}")


def _facts(one: Method) -> list[tuple[str, str]]:
    """Return captions and values of what is fixed."""
    found = [
        (tr("Model held in"), tr(_BITS[one.quantization])),
        (tr("Learning rate"), numbers.figure(one.learning_rate)),
        (tr("Merges into 16-bit"), _answer(merges(one))),
        (tr("Works on 4-bit weights"), _answer(in_four_bit(one))),
        (tr("Trained layers"), ", ".join(one.targets)),
        (tr("Name in PEFT"), one.peft),
        (tr("Paper"), one.paper),
        (tr("Documentation"), one.docs),
    ]
    return [(caption, value) for caption, value in found if value]


def _answer(found: bool | None) -> str:
    """Return yes or no, or nothing where it was not tried."""
    return "" if found is None else tr("yes") if found else tr("no")


def _show_knobs(one: Method) -> None:
    """List the settings."""
    if one.knobs:
        _head(tr("Settings"))
        heads = (tr("Setting"), tr("Name"), tr("Possible"), tr("Otherwise"), tr("What it does"))
        table(heads, [_knob_line(knob) for knob in one.knobs.values()])


def _knob_line(knob: Knob) -> tuple[str, ...]:
    """Return the cells of a setting."""
    return knob.key, knob.title, _possible(knob), _usual(knob), knob.help


def _possible(knob: Knob) -> str:
    """Return what a setting can be."""
    if knob.choices:
        return ", ".join(value for value, _ in knob.captions())
    if knob.kind == "bool":
        return "true, false"
    if knob.low is None or knob.high is None:
        return ""
    return tr("{low} to {high}", low=f"{knob.low:,g}", high=f"{knob.high:,g}")


def _usual(knob: Knob) -> str:
    """Return what a setting is where nobody sets it; by size, from small models to large ones."""
    if knob.by_size:
        return " · ".join(f"{value:g}" for _, value in knob.by_size)
    if isinstance(knob.default, bool):
        return str(knob.default).lower()
    return "" if knob.default is None else str(knob.default)


def _show_seen(one: Method) -> None:
    """Say what the method was seen to do, by task and number format."""
    version = capabilities.measured_with()
    if not version:
        return
    _head(tr("Seen with PEFT {version}", version=version))
    heads = (tr("Task"), *(tr(text) for text in _BITS.values()), tr("Merges"), tr("Why not"))
    table(heads, [_seen_line(one, task) for task in capabilities.tasks()])


def _seen_line(one: Method, task: str) -> tuple[str, ...]:
    """Return the cells of a task: yes, no, or which model families."""
    found = {bits: capabilities.cells(one.key, task, bits) for bits in FORMATS}
    merged = merges(one) if not one.peft else capabilities.merges(one.key, task)
    reasons = dict.fromkeys(_reasons(found))
    why = " ".join(tr(reason) for reason in reasons)
    return task, *(_trains(cells) for cells in found.values()), _answer(merged), why


def _trains(cells: dict[str, Cell]) -> str:
    """Say on which model families a method learns."""
    able = [family for family, cell in cells.items() if cell.trains]
    if not cells or not able:
        return tr("no") if cells else numbers.NONE
    return tr("yes") if len(able) == len(cells) else ", ".join(able)


def _reasons(found: dict[str, dict[str, Cell]]) -> Iterator[str]:
    """Give the reason of each cell that does not learn."""
    return (cell.reason for cells in found.values() for cell in cells.values() if not cell.trains)


def _show_measured(one: Method) -> None:
    """List what was measured, and what that can tell."""
    points = evidence.of(one.key)
    if not points:
        return
    _head(tr("Measured"))
    heads = (
        tr("Right"), tr("Forgetting"), tr("Memory"), tr("Time"), tr("File"), tr("Trained"),
        tr("Settings"),
    )  # fmt: skip
    lines = [
        (
            f"{point.accuracy:.1%}",
            numbers.figure(point.forgetting),
            numbers.memory(point.memory),
            numbers.duration(point.seconds),
            numbers.disk(point.size),
            numbers.count(point.trainable),
            point.knobs,
        )
        for point in points
    ]
    table(heads, lines, numbers=range(6))
    for text in (evidence.SOURCE, *evidence.LIMITS):
        result(tr(text))
