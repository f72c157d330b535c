"""How the terminal speaks: results on stdout, all else on stderr, in the person's language."""

import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from studio.errors import Problem, RecipeError, StudioError

if TYPE_CHECKING:
    from rich.console import Console

_ENDLESS = 10_000  # columns of a pipe: nothing is wrapped that another program reads


def speak_utf8() -> None:
    """Write UTF-8 everywhere; Windows would choose a code page that lacks our letters."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


def result(text: str) -> None:
    """Print a line of the result."""
    print(text, flush=True)


def note(text: str) -> None:
    """Print a line beside the result."""
    print(text, file=sys.stderr, flush=True)


def document(values: Any) -> None:
    """Print one JSON document."""
    result(json.dumps(_plain(values), ensure_ascii=False, indent=2))


def _plain(value: Any) -> Any:
    """Return the value as JSON can hold it; NaN and infinity become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def problem_values(problem: Problem) -> dict[str, str]:
    """Return a problem as JSON shows it."""
    return {"field": problem.field, "text": problem.sentence(), "next_step": problem.step()}


def tell_problems(problems: Iterable[Problem]) -> None:
    """Print each problem on a line of its own, with the field where there is one."""
    for problem in problems:
        note(f"{problem.field}: {problem}" if problem.field else str(problem))


def complain(error: StudioError, *, as_json: bool = False) -> int:
    """Tell an error with all that it names; return the exit code of a failure."""
    problems = error.problems if isinstance(error, RecipeError) else [error.problem]
    tell_problems(problems)
    if as_json:
        document({"problems": [problem_values(problem) for problem in problems]})
    return 1


def console(*, stderr: bool = False) -> "Console":
    """Return rich's console; in a pipe it is endlessly wide."""
    from rich.console import Console

    found = Console(stderr=stderr, highlight=False)
    return found if found.is_terminal else Console(stderr=stderr, highlight=False, width=_ENDLESS)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> None:
    """Print a table; columns in `numbers` stand right."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for index, head in enumerate(heads):
        right = index in numbers
        shown.add_column(Text(head), justify="right" if right else "left", no_wrap=right)
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    console().print(shown)


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Print captions and values in two columns."""
    from rich.table import Table
    from rich.text import Text

    shown = Table.grid(padding=(0, 2))
    for caption, value in pairs:
        shown.add_row(Text(caption), Text(value))
    console().print(shown)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show on a terminal that something goes on which has no total."""
    shown = console(stderr=True)
    if not shown.is_terminal:
        yield
        return
    from rich.text import Text

    with shown.status(Text(text)):
        yield
