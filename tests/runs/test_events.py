"""Events: lines that come back as they went, and lines that do not."""

import json
import math
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.runs import events as ev
from studio.runs.events import Event, decode, encode

_VALUES = {
    int: st.integers(0, 2**53),
    float: st.floats(),
    str: st.text(),
    bool | None: st.one_of(st.none(), st.booleans()),
    list[str]: st.lists(st.text(max_size=5), max_size=3),
    dict[str, float]: st.dictionaries(st.text(max_size=5), st.floats(), max_size=3),
}
_ANYTHING = st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(), st.none()))


def _events() -> st.SearchStrategy[Event]:
    """Return any event of any kind."""
    made = []
    for kind in Event.kinds.values():
        names = {f.name: _VALUES.get(f.type, _ANYTHING) for f in fields(kind)}  # type: ignore[arg-type]
        made.append(st.builds(kind, **names | {"t": st.floats(0, 4e9)}))
    return st.one_of(made)


@given(_events())
def test_any_event_comes_back(event: Event) -> None:
    """With numbers that are none, line ends and half characters in it."""
    line = encode(event)
    assert "\n" not in line
    found = decode(line.encode("utf-8"))
    assert type(found) is type(event)
    assert repr(found) == repr(replace(event, t=round(event.t, 3)))


def test_line_begins_with_number_time_and_type() -> None:
    """So that a person can read it."""
    event = ev.Step(1, math.nan, 1e-4, math.inf, 0.5, 10, 5.0, 2.0, seq=3, t=1.23456)
    line = encode(event)
    assert line.startswith('{"seq": 3, "t": 1.235, "type": "step", "step": 1, "loss": NaN')
    found = decode(line)
    assert isinstance(found, ev.Step)
    assert math.isnan(found.loss)


def test_kinds() -> None:
    """The names that other programs may rely on."""
    assert set(Event.kinds) == {
        "queued", "started", "stage", "step", "eval", "sample", "memory", "checkpoint",
        "warned", "paused", "resumed", "stopped", "failed", "finished",
    }  # fmt: skip


def test_newer_fields_are_passed_over() -> None:
    """And older lines without the newer fields are read too."""
    line = '{"seq": 1, "t": 2, "type": "eval", "step": 5, "loss": 0.5, "mood": "good"}'
    assert decode(line) == ev.Eval(5, 0.5, seq=1, t=2)


@pytest.mark.parametrize(
    "line",
    [
        "", "{", "[]", "3", "null", '{"type": "unheard"}', '{"type": []}', '{"step": 1}',
        '{"type": "step", "step": 1}', '{"type": "paused", "step": "one"}',
        '{"type": "paused", "step": 1, "t": "now"}', '{"type": "eval", "step": 1, "loss": null}',
        b"\xff\xfe", "[" * 100_000,
    ],
)  # fmt: skip
def test_lines_that_are_none(line: str | bytes) -> None:
    """Torn, damaged, of another kind or with wrong types: no event, and no exception."""
    assert decode(line) is None


def test_odd_values_are_written_as_texts() -> None:
    """Telling an error must never be one."""
    line = encode(ev.Failed("No {x}", values={"x": ValueError("y")}))
    assert json.loads(line)["values"] == {"x": "y"}
