"""Fields for numbers, with their units in the field."""

import math

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QSpinBox

from studio.ui.icons import paint_icon
from studio.ui.theme import set_props
from studio.ui.widgets.fields import prepare

DIGITS = 4  # significant figures shown
SMALLEST_PLAIN = 1e-3  # numbers below are written like 2e-4
LARGEST_PLAIN = 1e5


def number_text(value: float) -> str:
    """Return a number as people write it: 0.05, 12, 2e-4."""
    size = abs(value)
    if value == 0 or SMALLEST_PLAIN <= size < LARGEST_PLAIN:
        return f"{value:.{DIGITS}g}" if size < 1000 else f"{value:.0f}"
    mantissa, exponent = f"{value:.{DIGITS - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def _prepare(field: QAbstractSpinBox, compact: bool) -> None:
    prepare(field, compact)
    field.setMinimumWidth(80)
    side = 7 if compact else 9
    field.lineEdit().setTextMargins(side, 0, 0, 0)  # padding does not reach the inner field


def _paint_carets(field: QAbstractSpinBox) -> None:
    painter = QPainter(field)
    color = "text-muted" if field.isEnabled() else "text-disabled"
    left, middle = field.width() - 20, field.height() / 2
    paint_icon(painter, QRectF(left, middle - 8, 9, 9), "caret-up", color)
    paint_icon(painter, QRectF(left, middle - 1, 9, 9), "caret-down", color)


def _show_error(field: QAbstractSpinBox, text: str) -> None:
    set_props(field, state="bad" if text else "")
    field.setAccessibleDescription(text)


class IntField(QSpinBox):
    """A whole number; `special` is shown in place of the lowest value."""

    error_changed = Signal(str)

    def __init__(
        self,
        low: int = 0,
        high: int = 1_000_000_000,
        value: int = 0,
        unit: str = "",
        step: int = 1,
        special: str = "",
        compact: bool = False,
    ) -> None:
        super().__init__()
        _prepare(self, compact)
        self.setGroupSeparatorShown(True)
        self.setRange(low, high)
        self.setSingleStep(step)
        self.setSuffix(f" {unit}" if unit else "")
        self.setSpecialValueText(special)
        self.setValue(value)

    def set_error(self, text: str) -> None:
        """Show a bad border; an empty text takes it away."""
        _show_error(self, text)
        self.error_changed.emit(text)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the page unless the field has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the field and its two marks."""
        super().paintEvent(event)
        _paint_carets(self)


class FloatField(QDoubleSpinBox):
    """A number such as 0.05 or 2e-4; with `percent` 0.03 is shown and typed as 3%.

    A scientific field steps 1, 2, 5, 10 of each power; another one by `step`.
    """

    error_changed = Signal(str)

    def __init__(
        self,
        low: float = 0.0,
        high: float = 1e9,
        value: float = 0.0,
        scientific: bool = False,
        unit: str = "",
        step: float = 0.01,
        percent: bool = False,
        compact: bool = False,
    ) -> None:
        super().__init__()
        _prepare(self, compact)
        self._scientific, self._percent = scientific, percent
        self.setDecimals(12)
        self.setRange(low, high)
        self.setSingleStep(step)
        self.setSuffix("%" if percent else f" {unit}" if unit else "")
        self.setValue(value)

    def set_error(self, text: str) -> None:
        """Show a bad border; an empty text takes it away."""
        _show_error(self, text)
        self.error_changed.emit(text)

    def textFromValue(self, value: float) -> str:
        """Write a value."""
        return number_text(value * 100 if self._percent else value)

    def valueFromText(self, text: str) -> float:
        """Read a value; what is not a number yet keeps the present one."""
        number = self._parse(text)
        return self.value() if number is None else number

    def validate(self, text: str, pos: int) -> tuple[QValidator.State, str, int]:
        """Accept numbers in range, let others be typed on, refuse letters."""
        number = self._parse(text)
        if number is None:
            bare = text.removesuffix(self.suffix()).strip()
            typing = all(letter in "0123456789.,eE+-" for letter in bare)
            state = QValidator.State.Intermediate if typing else QValidator.State.Invalid
        elif self.minimum() <= number <= self.maximum():
            state = QValidator.State.Acceptable
        else:
            state = QValidator.State.Intermediate
        return state, text, pos

    def stepBy(self, steps: int) -> None:
        """Step evenly, or along 1, 2, 5, 10 where powers matter."""
        if not self._scientific:
            super().stepBy(steps)
            return
        value = self.value()
        for _ in range(abs(steps)):
            value = _next_round(value, up=steps > 0)
        self.setValue(value)
        self.selectAll()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the page unless the field has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the field and its two marks."""
        super().paintEvent(event)
        _paint_carets(self)

    def _parse(self, text: str) -> float | None:
        bare = text.removesuffix(self.suffix()).strip().replace(",", ".")
        try:
            number = float(bare)
        except ValueError:
            return None
        if not math.isfinite(number):
            return None
        return number / 100 if self._percent else number


def _next_round(value: float, up: bool) -> float:
    """Return the next of 1, 2, 5 times a power of ten."""
    if value <= 0:
        return 1e-6 if up else 0.0
    power = math.floor(math.log10(value) + 1e-9)
    ladder = [m * 10.0**p for p in (power - 1, power, power + 1) for m in (1, 2, 5)]
    slack = value * 1e-6
    if up:
        return float(next(rung for rung in ladder if rung > value + slack))
    return float(next(rung for rung in reversed(ladder) if rung < value - slack))
