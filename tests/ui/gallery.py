"""Draw every widget on one sheet: python tests/ui/gallery.py OUT_DIR [--dark]."""

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QGridLayout, QLayout, QWidget

from studio.ui.focus import FocusRing, follow_focus
from studio.ui.theme import themes
from studio.ui.widgets.banner import Banner
from studio.ui.widgets.bars import MemoryBar, NeedBar, ProgressBar
from studio.ui.widgets.buttons import Button, IconButton, Link
from studio.ui.widgets.cards import Card, ChoiceCard, StartCard
from studio.ui.widgets.checkbox import CheckBox, RadioButton
from studio.ui.widgets.checks import Check, CheckList
from studio.ui.widgets.chips import Chip, StateWord
from studio.ui.widgets.dialogs import ChoiceDialog
from studio.ui.widgets.facts import FactRows
from studio.ui.widgets.fields import ChoiceField, LineField, SearchField, TextField
from studio.ui.widgets.form import FormCard, FormRow
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import FlowGrid, hbox, holder, vbox
from studio.ui.widgets.numbers import FloatField, IntField
from studio.ui.widgets.page import Page
from studio.ui.widgets.paths import PathField
from studio.ui.widgets.rail import Rail
from studio.ui.widgets.segments import FilterChip, Segments
from studio.ui.widgets.states import BusyState, EmptyState, ProblemState
from studio.ui.widgets.stepper import Stepper
from studio.ui.widgets.strips import MachineStrip, RunStrip
from studio.ui.widgets.tablemodel import Cell, Rows
from studio.ui.widgets.tables import Table
from studio.ui.widgets.toast import Toaster

PARTS = [("weights", 5.7), ("adapter", 1.3), ("activations", 2.1), ("logits", 1.4), ("other", 0.7)]
WIDE = [("weights", 15.3), ("adapter", 1.4), ("activations", 2.7), ("logits", 1.4), ("other", 0.6)]
HUGE = [("weights", 20.3), ("adapter", 1.9), ("activations", 5.0), ("logits", 3.1), ("other", 0.7)]


def block(title: str, *items: QWidget | QLayout | int | None) -> QLayout:
    """Return a titled column."""
    return vbox(Label(title, "small-medium"), *items, gap=8)


def buttons() -> QLayout:
    """Return buttons of each kind at rest, off, busy."""
    grid = QGridLayout()
    kinds = [("Start", "primary"), ("Back", "default"), ("More", "quiet"), ("Stop…", "danger")]
    for row, (text, kind) in enumerate(kinds):
        off, busy = Button(text, kind), Button(text, kind)
        off.setEnabled(False)
        busy.set_busy(True)
        items = [Button(text, kind), off, busy, Button(text, kind, icon="play", compact=True)]
        for column, button in enumerate(items):
            grid.addWidget(button, row, column)
    grid.addWidget(Button("Delete", "danger-fill"), 3, 4)
    grid.addWidget(IconButton("dots-three", "More", framed=True), 2, 4)
    grid.addWidget(IconButton("folder-open", "Open"), 1, 4)
    ring = Button("Focus")
    grid.addWidget(ring, 0, 4)
    grid.setColumnStretch(5, 1)
    ring.window().setProperty("ring_on", ring)
    RINGED.append(ring)
    return grid


RINGED: list[QWidget] = []


def fields() -> QLayout:
    """Return fields of each kind."""
    off = LineField("Off")
    off.setEnabled(False)
    bad = LineField("0.5")
    bad.set_error("A learning rate of 0.5 will diverge. Try 2e-4.")
    rate = FloatField(1e-7, 1, 2e-4, scientific=True)
    layers = ChoiceField([("all", "All linear layers"), ("attention", "Attention")])
    return vbox(
        hbox(LineField(placeholder="Rest"), off),
        hbox(rate, layers),
        hbox(IntField(1, 99999, 2048, unit="tokens"), FloatField(0, 1, 0.03, percent=True)),
        bad,
        Label("A learning rate of 0.5 will diverge. Try 2e-4.", "error"),
        SearchField("Name, size or licence"),
        PathField("folder", "/data/chats"),
        TextField("Some text\nin lines", lines=2),
    )


def choices() -> QLayout:
    """Return check boxes, radio buttons, segments, filters."""
    some = CheckBox("Some")
    some.setTristate(True)
    some.setCheckState(Qt.CheckState.PartiallyChecked)
    boxes = hbox(CheckBox("Off"), CheckBox("On", True), some, gap=16)
    boxes.addWidget(RadioButton("One", True))
    boxes.addWidget(RadioButton("Other"))
    boxes.addStretch(1)
    kinds = [("b", "Balance"), ("q", "Quality"), ("m", "Memory")]
    icons = [("grid", "icon:squares-four|Cards"), ("chart", "icon:chart-line|Chart")]
    row = hbox(Segments(kinds, compact=True), FilterChip("Fits", True), FilterChip("4-bit"))
    row.addWidget(Segments(icons, compact=True))
    row.addStretch(1)
    return vbox(boxes, row, hbox(Segments(kinds), None))


def status() -> QLayout:
    """Return states and chips."""
    words = hbox(
        StateWord("activity", "Training", "accent"),
        StateWord("clock", "Queued"),
        StateWord("pause", "Paused", "warn"),
        StateWord("check", "Finished", "good", "39 s"),
        None,
        gap=16,
    )
    chips = hbox(
        Chip("Training", "accent", "activity"),
        Chip("Fits", "good", "check"),
        Chip("Tight", "warn", "warning"),
        Chip("Too large", "bad", "x"),
        Chip("Keeps skills"),
        None,
    )
    return vbox(words, chips)


def stepper() -> Stepper:
    """Return a stepper with each state."""
    made = Stepper([("m", "Model"), ("d", "Data"), ("t", "Task"), ("x", "Method")])
    made.set_states({"m": "done", "d": "now", "t": "problem"})
    return made


def memory() -> QLayout:
    """Return memory bars and progress bars."""
    column = vbox(gap=8)
    for parts, chip in (
        (PARTS, Chip("Fits", "good", "check")),
        (WIDE, Chip("Tight", "warn", "warning")),
        (HUGE, Chip("7.0 too large", "bad", "x")),
    ):
        bar = MemoryBar()
        bar.set_parts(parts, 24)
        column.addLayout(hbox(Label(f"{bar.total():.1f} of 24 GB", "small"), None, chip))
        column.addWidget(bar)
    for value in (11.2, 20.1, 122):
        need = NeedBar(room=4 / 3)
        need.set_value(value, 24)
        column.addWidget(need)
    known, unknown = ProgressBar(), ProgressBar()
    known.set_share(0.58)
    known.set_ticks([0.18, 0.36, 0.54])
    unknown.set_share(None)
    for item in (known, unknown):
        column.addWidget(item)
    return column


def banners() -> QLayout:
    """Return banners."""
    detail = "Two rows of 2,048 tokens needed 24.9 GB. Nothing is lost."
    return vbox(
        Banner("info", "A newer version is on your disk.", action="Use it"),
        Banner("warn", "Rows exceed the model's context.", action="Cut at 4,096"),
        Banner("bad", "The card ran out of memory at step 412.", detail),
    )


def states() -> QLayout:
    """Return page states in cards."""
    row = hbox(gap=12)
    for state in (
        EmptyState("list-bullets", "No runs yet", "Try the sample.", "Run the sample"),
        BusyState("Reading rows", "8,120 of 12,549", can_cancel=True),
        ProblemState("File has no rows", "Line 1 is empty.", "Choose another"),
    ):
        card = Card(margins=0)
        card.body.addWidget(state)
        card.setFixedHeight(148)
        row.addWidget(card, 1)
    return row


def table(two_lines: bool) -> Table:
    """Return a table with a selected row."""
    model = Rows(["Run", "Method", "State", "Evaluation"])
    states = [
        ("check", "good", "Finished"),
        ("activity", "accent", "Training"),
        ("x", "bad", "Failed"),
    ]
    rows = []
    for place, name in enumerate(["sample", "support-tone", "sql-assist"]):
        icon, color, word = states[place]
        second = "Qwen · chat" if two_lines else ""
        first = Cell(name, strong=True, second=second, check=place == 1, line=place + 1)
        state = Cell(word, icon=icon, color=color, more="step 412" if place == 2 else "")
        rows.append((name, [first, Cell("LoRA, rank 8", muted=True), state, Cell("1.386")]))
    made = Table(model, numbers=[3], two_lines=two_lines, sortable=True)
    made.set_rows(rows)
    made.set_head_check(Qt.CheckState.PartiallyChecked)
    made.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    made.choose("support-tone")
    made.setFixedHeight(34 + 3 * (48 if two_lines else 36))
    return made


def cards() -> QLayout:
    """Return cards to choose from, starts, facts and checks."""
    grid = FlowGrid(least=110, gap=12)
    made = []
    for place, name in enumerate(["DoRA", "OFT", "LoRA"]):
        card = ChoiceCard()
        card.body.addWidget(Label(name, "section"))
        card.body.addWidget(Label("46.9%", "small"))
        card.set_chosen(place == 2)
        made.append(card)
    grid.set_cards(made)
    legend = FactRows([("Weights, 4-bit", "5.7 GB", "chart-1"), ("Logits", "1.4 GB", "chart-2")])
    checks = CheckList(
        [
            Check("good", "Stop token is trained"),
            Check(
                "warn", "Windows restarts tonight at 03:00", "The run is done by then.", "Postpone"
            ),
        ]
    )
    facts = FactRows([("Parameters", "8.19B"), ("Layers, width", "36, 4,096")])
    start = StartCard("plus-circle", "New run", "Model, data, method: step by step", primary=True)
    return vbox(grid, start, facts, legend, checks, gap=12)


def form() -> QWidget:
    """Return a form as on the training page."""
    card = FormCard()
    length = card.add_group("Length")
    length.add(FormRow("Epochs", IntField(1, 99, 3, compact=True), "How often each row is seen"))
    group = card.add_group("Learning")
    rate = FormRow("Learning rate", FloatField(0, 1, 0.5, True, compact=True), "Default: 2e-4")
    rate.set_changed(True)
    rate.set_error("A learning rate of 0.5 will diverge. Try 2e-4.")
    group.add(rate)
    choice = ChoiceField([("c", "Cosine")], compact=True)
    group.add(FormRow("Schedule", choice, "Falls to zero along a half wave"))
    return card


def type_card() -> QWidget:
    """Return all text roles."""
    card = Card()
    for text, role in (
        ("2 h 7 min", "figure"),
        ("Page title 标题", "title"),
        ("Card title 卡片", "lead"),
        ("Body text 正文 0123456789", "body"),
        ("Secondary 次要 0123456789", "small"),
        ("Caption 说明 0123456789", "caption"),
        ("lr 2.00e-04 0O 1lI -> <|im_start|>", "mono"),
    ):
        card.body.addWidget(Label(text, role))
    card.body.addWidget(Link("A link"))
    return card


def sheet() -> QWidget:
    """Return the sheet of components."""
    left = vbox(
        block("Buttons", buttons()),
        block("Fields", fields()),
        block("Choices", choices()),
        block("Status", status()),
        block("Stepper", hbox(stepper(), None)),
        None,
        gap=20,
    )
    middle = vbox(
        block("Memory and progress", memory()),
        block("Banners", banners()),
        block("Page states", states()),
        block("Form", form()),
        None,
        gap=20,
    )
    right = vbox(
        block("Tables", table(False), table(True)),
        block("Cards", cards()),
        block("Type", type_card()),
        None,
        gap=20,
    )
    page = QWidget()
    page.setProperty("part", "page")
    page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    row = hbox(gap=24, margins=24, into=page)
    for column in (left, middle, right):
        side = holder(column)
        side.setMinimumWidth(395)
        row.addWidget(side, 1)
    return page


def shell(width: int) -> QWidget:
    """Return a window with rail, page, side panel and footer."""
    window = QWidget()
    window.resize(width, 768)
    items = [
        ("home", "Home", "house"),
        ("new", "New run", "plus-circle"),
        ("runs", "Runs", "list-bullets"),
        ("try", "Try it", "chat-text"),
        ("export", "Export", "package"),
    ]
    rail = Rail(items, ("settings", "Settings", "gear"))
    rail.set_current("new")
    rail.set_count("runs", 1)
    run, machine = RunStrip(), MachineStrip()
    run.set_run("support-tone", "58%", 0.58, "Training", "54 min left")
    used = [("weights", 11.2), ("other", 0.7)]
    machine.set_machine("RTX 4090", "11.9 of 24 GB", used, 24, "GPU 97%", "67 °C")
    rail.add_strip(run)
    rail.add_strip(machine)
    page = shell_page()
    row = hbox(rail, page, gap=0, into=window)
    row.setStretch(1, 1)
    rail.set_narrow(width < 1120)
    return window


def shell_page() -> Page:
    """Return a page with all its parts."""
    page = Page("Choose a base model", "Start from one close to your task.")
    page.add_chip(Chip("Draft"))
    page.add_action(Button("Back"))
    page.add_action(Button("Next: Data", "primary"))
    page.body.addWidget(Banner("warn", "Rows exceed the model's context.", action="Cut at 4,096"))
    page.body.addWidget(form())
    page.body.addWidget(table(False))
    page.body.addStretch(1)
    side = holder(vbox(Label("Qwen3-8B", "lead"), gap=12, margins=24))
    side.layout().addWidget(FactRows([("Parameters", "8.19B"), ("Context", "40,960 tokens")]))
    side.layout().addStretch(1)
    page.set_side(side)
    page.set_footer(Label("Memory"), None, Button("Next: Data", "primary"))
    return page


def save(widget: QWidget, path: Path) -> None:
    """Show a widget off screen and save what it looks like."""
    widget.show()
    QApplication.processEvents()
    widget.grab().save(str(path))


def main() -> None:
    """Draw the sheets."""
    out = Path(sys.argv[1])
    dark = "--dark" in sys.argv
    out.mkdir(parents=True, exist_ok=True)
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    themes().apply(app, "dark" if dark else "light")
    follow_focus(app)
    end = "-dark" if dark else ""
    page = sheet()
    page.resize(page.sizeHint())
    page.show()
    ring = FocusRing(page)
    ring.setWidget(RINGED[0])
    save(page, out / f"components{end}.png")
    for width in (1280, 1040):
        window = shell(width)
        toaster = Toaster(window)
        toaster.show("Checkpoint saved.", action="Show")
        toaster.show("The folder cannot be written.", "bad")
        save(window, out / f"shell-{width}{end}.png")
    text = "Step 1,284 is not saved yet."
    answers = [
        ("go", "Go on training", "default"),
        ("stop", "Stop and keep step 1,284", "danger-fill"),
    ]
    dialog = ChoiceDialog(None, "Stop support-tone?", text, answers)
    save(dialog, out / f"dialog{end}.png")
    for widget in app.topLevelWidgets():
        if not shiboken6.isValid(widget):
            continue
        shiboken6.delete(widget)  # nothing may outlive the application


if __name__ == "__main__":
    main()
