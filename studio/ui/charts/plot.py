"""One plot: axes, grid and a view in which dragging zooms along x."""

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem

from studio.ui.charts import numbers
from studio.ui.charts.axes import ROW, BottomAxis, LeftAxis, colour_axis
from studio.ui.theme import theme

_LEAST_DRAG = 4  # px; less is a click with an unsteady hand


class ZoomBox(pg.ViewBox):
    """A view that is moved by code, and by dragging a stretch of x.

    Signals: `zoomed(low, high)` after a drag, `reset()` after a double click.
    """

    zoomed = Signal(float, float)
    reset = Signal()

    def __init__(self) -> None:
        super().__init__(enableMenu=False, defaultPadding=0.0)
        self.disableAutoRange()
        self.setMouseEnabled(x=False, y=False)

    def wheelEvent(self, ev: object, axis: object = None) -> None:
        """Leave the wheel to the page."""
        ev.ignore()  # type: ignore[attr-defined]

    def mouseDragEvent(self, ev: object, axis: object = None) -> None:
        """Mark a stretch while the left button is held, and show only that one after."""
        if ev.button() != Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            ev.ignore()  # type: ignore[attr-defined]
            return
        ev.accept()  # type: ignore[attr-defined]
        start, end = ev.buttonDownPos().x(), ev.pos().x()  # type: ignore[attr-defined]
        left, right = sorted(min(max(x, 0.0), self.width()) for x in (start, end))
        if not ev.isFinish():  # type: ignore[attr-defined]
            self.updateScaleBox(QPointF(left, 0.0), QPointF(right, self.height()))
            return
        self.rbScaleBox.hide()
        if right - left >= _LEAST_DRAG:
            low, high = (self.mapToView(QPointF(x, 0.0)).x() for x in (left, right))
            self.zoomed.emit(low, high)

    def mouseClickEvent(self, ev: object) -> None:
        """Ask for the whole run after a double click."""
        if ev.double():  # type: ignore[attr-defined]
            ev.accept()  # type: ignore[attr-defined]
            self.reset.emit()

    def x_of(self, value: float) -> float:
        """Return the horizontal place of a value in px of this view."""
        (low, high), _y = self.viewRange()
        return float((value - low) / (high - low) * self.width())

    def y_of(self, value: float) -> float:
        """Return the vertical place of a value in px of this view."""
        _x, (low, high) = self.viewRange()
        return float((high - value) / (high - low) * self.height())


class Layer(QGraphicsItem):
    """Something painted over a whole view in its pixels, below or above the curves.

    What has to reach out of the view is given the plot as its parent: a view clips.
    """

    def __init__(self, box: ZoomBox, below: bool, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent or box)
        self.box = box
        self.setZValue(-10 if below else 10)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._area = QRectF()  # Qt asks for it many times in every painting
        box.sigResized.connect(self._on_view_changed)
        box.sigRangeChanged.connect(self._on_view_changed)

    def _on_view_changed(self, *_args: object) -> None:
        area = QRectF(0.0, 0.0, self.box.width(), self.box.height())
        if area != self._area:
            self.prepareGeometryChange()
            self._area = area
        if self.parentItem() is not self.box:
            self.setPos(self.box.pos())
        self.update()

    def boundingRect(self) -> QRectF:
        """Cover the view."""
        return QRectF(self._area)


class Grid(Layer):
    """The steps not yet done, and the grid lines over them."""

    def __init__(self, plot: "Plot") -> None:
        super().__init__(plot.box, below=True)
        self._plot = plot
        self._future: float | None = None
        self._dotted: list[float] = []

    def show_places(self, future: float | None, dotted: list[float]) -> None:
        """Shade from `future` on, None for nothing; draw dotted verticals."""
        before = self._future_px(), self._dotted
        self._future, self._dotted = future, dotted
        if (self._future_px(), dotted) != before:
            self.update()

    def _future_px(self) -> int | None:
        if self._future is None:
            return None
        return round(min(max(self.box.x_of(self._future), 0.0), self._area.width()))

    def paint(self, painter: QPainter, _option: object, _widget: object = None) -> None:
        """Paint from back to front: future, grid, epochs."""
        area = self.boundingRect()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        left = self._future_px()
        if left is not None:
            rest = QRectF(left, 0.0, area.width() - left, area.height())
            painter.fillRect(rest, theme().color("chart-future"))
        painter.setPen(pg.mkPen(theme().color("chart-grid")))
        self._lines(painter, self._plot.bottom.ticks(), area)
        for value in self._plot.left.ticks():
            place = numbers.log10(value) if self._plot.left.log else value
            y = self.box.y_of(place)
            painter.drawLine(QPointF(0.0, y), QPointF(area.width(), y))
        pen = pg.mkPen(theme().color("border"))
        pen.setDashPattern([2.0, 3.0])
        painter.setPen(pen)
        self._lines(painter, self._dotted, area)

    def _lines(self, painter: QPainter, places: list[float], area: QRectF) -> None:
        for value in places:
            x = round(self.box.x_of(value))
            if 0 <= x <= area.width():
                painter.drawLine(QPointF(x, 0.0), QPointF(x, area.height()))


class Plot(pg.PlotItem):
    """A plot with our axes, without menu, buttons or automatic ranges."""

    def __init__(
        self, numbered: bool, steps: tuple[float, ...] = numbers.VALUES, row: int = ROW
    ) -> None:
        self.box = ZoomBox()
        self.left, self.bottom = LeftAxis(steps, row), BottomAxis(numbered)
        super().__init__(
            viewBox=self.box,
            axisItems={"left": self.left, "bottom": self.bottom},
            enableMenu=False,
        )
        self.hideButtons()
        self.layout.setSpacing(0)
        self.grid = Grid(self)
        self.recolour()

    def set_margins(self, left: float, top: float, right: float, bottom: float) -> None:
        """Keep room around the plot, in px."""
        self.layout.setContentsMargins(left, top, right, bottom)

    def show_x(self, low: float, high: float) -> bool:
        """Show this stretch of x; return whether another one was shown before."""
        moved = bool(self.box.viewRange()[0] != [low, high])
        if moved:
            self.box.setXRange(low, high, padding=0)
        return moved

    def show_y(self, low: float, high: float) -> None:
        """Show this stretch of y."""
        if self.box.viewRange()[1] != [low, high]:
            self.box.setYRange(low, high, padding=0)

    def refresh(self, blank: bool = False) -> None:
        """Paint axes and grid anew where ticks changed; `blank` leaves out numbers at the left."""
        self.left.blank = blank
        moved = [axis.refresh() for axis in (self.left, self.bottom)]
        if any(moved):
            self.grid.update()

    def recolour(self) -> None:
        """Take the colours of the theme in use."""
        colour_axis(self.left)
        colour_axis(self.bottom)
        band = theme().color("accent")
        self.box.rbScaleBox.setPen(pg.mkPen(band))
        band.setAlpha(40)
        self.box.rbScaleBox.setBrush(pg.mkBrush(band))
        self.grid.update()
