"""Fields of forms, made from what the recipe and the methods declare of their values."""

import math
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.methods.catalogue import Knob
from studio.recipe.fields import Described
from studio.ui.widgets.checkbox import CheckBox
from studio.ui.widgets.fields import ChoiceField, LineField
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, vbox
from studio.ui.widgets.numbers import FloatField, IntField, number_text
from studio.words import tr

Field = IntField | FloatField | ChoiceField | CheckBox | LineField

_HIGHEST = 2**31 - 1
_PERCENT = ("warmup",)
_PANEL_FIELD, _PANEL_CHOICE = 120, 168
PANEL = (24, 20, 24, 24)  # margins of a side panel's content


def recipe_field(found: Described, special: str = "") -> Field:
    """Make the field of a recipe's value; `special` is shown in place of 0."""
    if isinstance(found.default, bool):
        return CheckBox(tr("On"))
    if found.choices:
        return ChoiceField([(k, tr(text)) for k, text in found.choices.items()], compact=True)
    unit = tr(found.unit) if found.unit else ""
    if isinstance(found.default, int):
        bounds = int(found.low or 0), int(found.high or _HIGHEST)
        return IntField(*bounds, unit=unit, special=special, compact=True)
    high = found.high or 1e9
    return FloatField(
        found.low or 0.0,
        high,
        scientific=found.key == "learning_rate",
        percent=found.key in _PERCENT,
        unit=unit,
        step=0.5 if high > 1 else 0.01,
        compact=True,
    )


def knob_field(knob: Knob, value: Any) -> Field:
    """Make the field of a method's setting; a list of layer names is a choice of its own."""
    if knob.kind == "bool":
        return CheckBox(knob.title, tip=knob.help)
    if knob.kind == "choice":
        named = [(str(value), ", ".join(value))] if isinstance(value, list) else []
        return ChoiceField([*knob.captions(), *named], compact=True)
    if knob.kind == "text":
        return LineField(compact=True)
    if knob.kind == "int":
        return IntField(int(knob.low or 0), int(knob.high or _HIGHEST), compact=True)
    return FloatField(knob.low or 0.0, knob.high or 1e9, step=0.01, compact=True)


def value_of(field: Field) -> Any:
    """Return what a field holds."""
    if isinstance(field, CheckBox):
        return field.isChecked()
    if isinstance(field, LineField):
        return field.text()
    return field.key() if isinstance(field, ChoiceField) else field.value()


def show_value(field: Field, value: Any) -> None:
    """Show a value without telling anybody; what is being typed is left alone."""
    blocker = QSignalBlocker(field)
    if isinstance(field, CheckBox):
        field.setChecked(bool(value))
    elif isinstance(field, ChoiceField):
        field.set_key(str(value))
    elif isinstance(field, LineField) and field.text() != value:
        field.setText(str(value or ""))
        field.setCursorPosition(0)  # a text that is too long shows its beginning
    elif isinstance(field, IntField) and field.value() != value:
        field.setValue(int(value))
    elif isinstance(field, FloatField) and not math.isclose(field.value(), value):
        field.setValue(float(value))
    blocker.unblock()


def on_edited(field: Field, act: Callable[[], None]) -> None:
    """Call `act` whenever the person changes the value."""
    if isinstance(field, CheckBox):
        field.toggled.connect(lambda _checked: act())
    elif isinstance(field, ChoiceField):
        field.chosen.connect(lambda _key: act())
    elif isinstance(field, LineField):
        field.textEdited.connect(lambda _text: act())
    else:
        field.valueChanged.connect(lambda _value: act())


def range_words(knob: Knob) -> str:
    """Return what a number may be, such as "1 to 1,024"."""
    if knob.kind not in ("int", "float") or knob.low is None or knob.high is None:
        return ""
    low, high = (f"{v:,.0f}" if knob.kind == "int" else number_text(v) for v in knob_range(knob))
    return tr("{low} to {high}", low=low, high=high)


def knob_range(knob: Knob) -> tuple[float, float]:
    """Return the smallest and the largest value."""
    return knob.low or 0.0, knob.high or 0.0


class PanelRow(QWidget):
    """A name, what it may be, and its field, in a side panel; an error sentence below."""

    def __init__(
        self,
        title: str,
        field: IntField | FloatField | ChoiceField | LineField,
        about: str = "",
        limits: str = "",
    ) -> None:
        super().__init__()
        self.field = field
        self.error = Label("", "error", wrap=True)
        self.error.hide()
        field.setAccessibleName(title)
        field.error_changed.connect(self._on_error_changed)
        name = Label(title, wrap=True)
        name.setBuddy(field)
        words = vbox(name, gap=0)
        if limits:
            words.addWidget(Label(limits, "caption"))
        vbox(_beside(words, field), self.error, gap=4, into=self)
        self.setToolTip("\n".join(part for part in (about, limits) if part))

    def _on_error_changed(self, text: str) -> None:
        self.error.setText(text)
        self.error.setVisible(bool(text))


def _beside(words: QVBoxLayout, field: QWidget) -> QVBoxLayout | QHBoxLayout:
    """Return words and their field in one line; a text has a line of its own below them."""
    if isinstance(field, LineField):
        return vbox(words, field, gap=4)
    field.setFixedWidth(_PANEL_CHOICE if isinstance(field, ChoiceField) else _PANEL_FIELD)
    row = hbox(words, field, gap=8)
    row.setStretch(0, 1)
    return row
