"""What stands at the right end of the first track's title line: menu, smoothing, axis."""

from PySide6.QtCore import QPoint, QSize, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from studio.ui.theme import theme
from studio.ui.widgets.buttons import IconButton
from studio.ui.widgets.layouts import hbox
from studio.ui.widgets.numbers import FloatField
from studio.ui.widgets.segments import Segments
from studio.words import tr

_MOST = 0.999
_NARROW = 24  # px: beside the field there is just room for the values of the loss
_SIDES = 32  # px of a field beside its text: edges and the two marks


class SmoothingField(FloatField):
    """The weight of the past, named inside the field."""

    def __init__(self, value: float) -> None:
        super().__init__(0.0, _MOST, value, step=0.01, compact=True)
        self.setPrefix(tr("Smoothing") + "  ")
        self.setAccessibleName(tr("Smoothing"))
        self.setToolTip(tr("How strongly the loss is smoothed; only what is shown, never the data"))
        self.setKeyboardTracking(False)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return room for the name and a value such as 0.999."""
        metrics = QFontMetrics(theme().font("small"))
        text = metrics.horizontalAdvance(f"{self.prefix()}0.99")
        return QSize(text + _SIDES, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Return the same: there is no room to give."""
        return self.sizeHint()

    def _parse(self, text: str) -> float | None:
        return super()._parse(text.removeprefix(self.prefix()).removeprefix(self.prefix().strip()))


class Corner(QWidget):
    """Charts menu, smoothing and the choice of the axis.

    Signals:
        smoothed(factor), axis_chosen("step" or "time").
    """

    smoothed = Signal(float)
    axis_chosen = Signal(str)

    def __init__(self, menu: QMenu, smoothing: float, axis: str) -> None:
        super().__init__()
        self.charts = IconButton(
            "sliders-horizontal", tr("Charts: choose, save, copy"), compact=True
        )
        self.charts.setFixedWidth(_NARROW)
        self.charts.clicked.connect(lambda: menu.popup(self._below()))
        self.smoothing = SmoothingField(smoothing)
        self.smoothing.valueChanged.connect(self.smoothed)
        self.axis = Segments([("step", tr("Step")), ("time", tr("Time"))], compact=True)
        self.axis.set_key(axis)
        self.axis.chosen.connect(self.axis_chosen)
        hbox(self.charts, self.smoothing, 4, self.axis, gap=2, into=self)

    def _below(self) -> QPoint:
        """Return where the menu opens."""
        return self.charts.mapToGlobal(self.charts.rect().bottomLeft())
