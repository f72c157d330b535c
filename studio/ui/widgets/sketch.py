"""Small schematic drawings from the theme's colours: boxes, funnels, arrows, signs."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.ui.theme import theme

WIDTH, HEIGHT = 304.0, 104.0  # the space that sketches are drawn in, px at scale 1
_HEAD = 4.0  # px an arrow's head is long
_TINT = 0.16  # share of colour in the ground of what is trained

Point = tuple[float, float]


class Sketch:
    """What a drawing is made of: frozen things are grey, trained ones blue, random ones dashed."""

    def __init__(self, painter: QPainter) -> None:
        self.painter = painter

    def frozen(self, x: float, y: float, w: float, h: float, text: str = "") -> None:
        """Draw what stays as it is."""
        self._box(QRectF(x, y, w, h), theme().color("track"), "border-strong", text, "text-muted")

    def trained(self, x: float, y: float, w: float, h: float, text: str = "") -> None:
        """Draw what is trained."""
        self._box(QRectF(x, y, w, h), trained_ground(), "chart-1", text, "chart-1")

    def random(self, x: float, y: float, w: float, h: float, text: str = "") -> None:
        """Draw what was drawn at random once and stays."""
        ground, dash = theme().color("raised"), Qt.PenStyle.DashLine
        self._box(QRectF(x, y, w, h), ground, "border-strong", text, "text-muted", dash)

    def cells(
        self, x: float, y: float, columns: int, rows: int, side: float, trained: Sequence[int] = ()
    ) -> None:
        """Draw a matrix of cells, of which those at these places are trained."""
        for place in range(columns * rows):
            column, row = place % columns, place // columns
            draw = self.trained if place in trained else self.frozen
            draw(x + column * side, y + row * side, side - 1.5, side - 1.5)

    def funnel(self, x: float, y: float, w: float, left: float, right: float) -> None:
        """Draw a trained matrix from a side of one height to one of another, around `y`."""
        corners = [
            QPointF(x, y - left / 2),
            QPointF(x + w, y - right / 2),
            QPointF(x + w, y + right / 2),
            QPointF(x, y + left / 2),
        ]
        self.painter.setPen(_pen("chart-1"))
        self.painter.setBrush(trained_ground())
        self.painter.drawPolygon(QPolygonF(corners))

    def pair(self, x: float, y: float, high: float = 28, low: float = 10, w: float = 22) -> None:
        """Draw two small matrices, narrow in the middle: down, then up."""
        self.funnel(x, y, w, high, low)
        self.funnel(x + w + 3, y, w, low, high)

    def line(self, *points: Point, color: str = "text-muted") -> None:
        """Draw a line through points."""
        self.painter.setPen(_pen(color))
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        self.painter.drawPolyline(QPolygonF([QPointF(*point) for point in points]))

    def arrow(self, *points: Point, color: str = "text-muted") -> None:
        """Draw a line through points with a head at its end."""
        self.line(*points, color=color)
        (x0, y0), (x1, y1) = points[-2], points[-1]
        length = max(1e-6, ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
        dx, dy = (x1 - x0) / length, (y1 - y0) / length
        back = (x1 - _HEAD * dx, y1 - _HEAD * dy)
        wings = [(back[0] - side * dy * 3, back[1] + side * dx * 3) for side in (1, -1)]
        self.painter.setBrush(theme().color(color))
        head = [QPointF(x1, y1), *(QPointF(*wing) for wing in wings)]
        self.painter.drawPolygon(QPolygonF(head))

    def arc(self, x: float, y: float, radius: float, start: float, span: float) -> None:
        """Draw a part of a circle in degrees, counted against the clock from the right."""
        self.painter.setPen(_pen("chart-1", 1.5))
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        rect = QRectF(x - radius, y - radius, 2 * radius, 2 * radius)
        self.painter.drawArc(rect, round(start * 16), round(span * 16))

    def sign(self, x: float, y: float, text: str = "+", trained: bool = False) -> None:
        """Draw a sign in a circle: where ways meet."""
        edge = "chart-1" if trained else "text-muted"
        self.painter.setPen(_pen(edge))
        self.painter.setBrush(trained_ground() if trained else theme().color("raised"))
        self.painter.drawEllipse(QPointF(x, y), 8, 8)
        self.word(x, y, text, edge)

    def word(self, x: float, y: float, text: str, color: str = "text-muted") -> None:
        """Write a letter or a sign around a point."""
        self.painter.setFont(theme().font("caption", "medium"))
        self.painter.setPen(theme().color(color))
        self.painter.drawText(QRectF(x - 40, y - 10, 80, 20), Qt.AlignmentFlag.AlignCenter, text)

    def turned(self, x: float, y: float, side: float, degrees: float) -> None:
        """Draw a trained square turned around its middle."""
        self.painter.save()
        self.painter.translate(x, y)
        self.painter.rotate(degrees)
        self.trained(-side / 2, -side / 2, side, side)
        self.painter.restore()

    def _box(
        self, rect: QRectF, ground: QColor, edge: str, text: str, color: str,
        style: Qt.PenStyle = Qt.PenStyle.SolidLine,
    ) -> None:  # fmt: skip
        self.painter.setPen(_pen(edge, style=style))
        self.painter.setBrush(ground)
        radius = min(3.0, min(rect.width(), rect.height()) / 4)
        self.painter.drawRoundedRect(rect, radius, radius)
        if text:
            self.word(rect.center().x(), rect.center().y(), text, color)


def trained_ground() -> QColor:
    """Return the ground of what is trained: blue, mostly let through."""
    color = theme().color("chart-1")
    color.setAlphaF(_TINT * (1.8 if theme().dark else 1.0))
    return color


def _pen(color: str, width: float = 1.2, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    pen = QPen(theme().color(color), width)
    pen.setStyle(style)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


class SketchView(QWidget):
    """Shows one drawing in the middle, as large as the room allows up to `most` times."""

    def __init__(self, height: int = int(HEIGHT), most: float = 1.0) -> None:
        super().__init__()
        self._draw: Callable[[Sketch], None] | None = None
        self._most = most
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_drawing(self, draw: Callable[[Sketch], None] | None, text: str) -> None:
        """Show a drawing, and say it in words to those who do not see it."""
        self._draw = draw
        self.setVisible(draw is not None)
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.update()

    def sizeHint(self) -> QSize:
        """Return the room of a drawing at its own size."""
        return QSize(int(WIDTH), self.maximumHeight())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it to scale."""
        if self._draw is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = min(self.width() / WIDTH, self.height() / HEIGHT, self._most)
        painter.translate((self.width() - WIDTH * scale) / 2, (self.height() - HEIGHT * scale) / 2)
        painter.scale(scale, scale)
        self._draw(Sketch(painter))
