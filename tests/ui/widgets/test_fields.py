"""Fields read and write what people type, and let the wheel pass."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent

from studio.ui.theme import theme, themes
from studio.ui.widgets.checkbox import CheckBox
from studio.ui.widgets.fields import ChoiceField, LineField, SearchField, TextField
from studio.ui.widgets.form import FormCard, FormRow
from studio.ui.widgets.numbers import FloatField, IntField, number_text
from studio.ui.widgets.paths import PathField
from studio.ui.widgets.segments import FilterChip, Segments


@pytest.fixture(autouse=True)
def light(qapp):
    """Draw in light."""
    themes().apply(qapp, "light")


def wheel(widget):
    """Return a wheel turn over a widget."""
    spot = QPointF(5, 5)
    return QWheelEvent(
        spot, widget.mapToGlobal(spot), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2e-4, "2e-4"),
        (0.05, "0.05"),
        (0, "0"),
        (1.25e-5, "1.25e-5"),
        (2048, "2048"),
        (1e-3, "0.001"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, text):
    assert number_text(value) == text


def test_scientific_field_reads_writes_and_steps(qtbot):
    field = FloatField(1e-7, 1, 2e-4, scientific=True)
    qtbot.addWidget(field)
    assert field.text() == "2e-4"
    field.stepBy(1)
    assert field.value() == pytest.approx(5e-4)
    field.stepBy(-2)
    assert field.value() == pytest.approx(1e-4)
    field.selectAll()
    qtbot.keyClicks(field, "3e-5")
    assert field.value() == pytest.approx(3e-5)


def test_percent_field_shows_a_share(qtbot):
    field = FloatField(0, 1, 0.03, percent=True)
    qtbot.addWidget(field)
    assert field.text() == "3%"
    field.selectAll()
    qtbot.keyClicks(field, "10")
    assert field.value() == pytest.approx(0.1)


def test_float_field_refuses_letters_and_infinity(qtbot):
    field = FloatField(0, 1, 0.5)
    qtbot.addWidget(field)
    field.selectAll()
    qtbot.keyClicks(field, "xyz")
    assert field.value() == 0.5
    assert field.valueFromText("inf") == 0.5


def test_int_field_has_its_unit_and_separator(qtbot):
    field = IntField(0, 99999, 2048, unit="tokens")
    qtbot.addWidget(field)
    assert field.text() == "2,048 tokens"


@pytest.mark.parametrize("make", [lambda: IntField(0, 9, 5), lambda: FloatField(0, 9, 5, step=1)])
def test_wheel_passes_unless_focused(qtbot, make):
    field = make()
    qtbot.addWidget(field)
    field.show()
    event = wheel(field)
    field.wheelEvent(event)
    assert field.value() == 5 and not event.isAccepted()
    field.activateWindow()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    field.wheelEvent(wheel(field))
    assert field.value() == 6


def test_choice_tells_only_the_user(qtbot):
    field = ChoiceField([("a", "A"), ("b", "B")])
    qtbot.addWidget(field)
    told = []
    field.chosen.connect(told.append)
    field.set_key("b")
    assert field.key() == "b" and told == []
    field.set_items([("b", "B"), ("c", "C")])
    assert field.key() == "b"
    qtbot.keyClick(field, Qt.Key.Key_Down)
    assert told == ["c"]


def test_search_empties_on_escape(qtbot):
    field = SearchField()
    qtbot.addWidget(field)
    qtbot.keyClicks(field, "qwen")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""


def test_text_field_submits_with_ctrl_enter(qtbot):
    field = TextField()
    qtbot.addWidget(field)
    qtbot.keyClicks(field, "hello")
    with qtbot.waitSignal(field.submitted):
        qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert field.text() == "hello"


def test_error_colours_the_border_and_goes_away(qtbot):
    field = LineField("0.5")
    qtbot.addWidget(field)
    field.resize(120, 32)
    field.set_error("Too high")
    assert field.grab().toImage().pixelColor(60, 0) == theme().color("bad")
    field.set_error("")
    assert field.grab().toImage().pixelColor(60, 0) == theme().color("border-strong")


def test_path_field_tells_once(qtbot, tmp_path):
    field = PathField("folder")
    qtbot.addWidget(field)
    told = []
    field.changed.connect(told.append)
    field.line.setText(str(tmp_path))
    field.line.editingFinished.emit()
    field.line.editingFinished.emit()
    assert told == [str(tmp_path)]


def test_form_row_shows_error_dot_and_reset(qtbot):
    card = FormCard()
    qtbot.addWidget(card)
    row = FormRow("Learning rate", FloatField(compact=True), "Default: 2e-4")
    card.add_group("Learning").add(row)
    card.show()
    assert not row.dot.isVisible() and not row.error.isVisible()
    before = row.field.x()
    row.set_changed(True)
    row.field.set_error("Too high")
    assert row.dot.isVisible() and row.error.text() == "Too high" and row.error.isVisible()
    assert row.field.x() == before
    with qtbot.waitSignal(row.reset):
        row.dot.click()


def test_long_label_wraps_instead_of_widening(qtbot):
    row = FormRow("A label that is far longer than any label ought to be", IntField(compact=True))
    qtbot.addWidget(row)
    row.resize(600, row.sizeHint().height())
    row.show()
    assert row.label.width() <= 168
    assert row.label.height() > 20


def test_segments_move_with_arrows_and_tell(qtbot):
    segments = Segments([("a", "A"), ("b", "B"), ("c", "C")])
    qtbot.addWidget(segments)
    segments.show()
    told = []
    segments.chosen.connect(told.append)
    segments.set_key("b")
    assert told == [] and segments.key() == "b"
    segments.button("b").setFocus()
    qtbot.keyClick(segments.button("b"), Qt.Key.Key_Right)
    assert segments.key() == "c" and told == ["c"]


def test_filter_chip_and_check_box_toggle(qtbot):
    for box in (FilterChip("4-bit"), CheckBox("Stop early")):
        qtbot.addWidget(box)
        qtbot.mouseClick(box, Qt.MouseButton.LeftButton)
        assert box.isChecked()
