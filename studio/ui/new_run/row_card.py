"""The card that shows the data one row at a time, and the rows that are left out."""

import random
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QWidget

from studio.errors import StudioError
from studio.formats.detect import BadRow
from studio.rows import Row
from studio.survey import DataSurvey, tokens_of
from studio.ui.context import Context
from studio.ui.new_run.row_view import RowView
from studio.ui.service import Call
from studio.ui.theme import set_props
from studio.ui.widgets.buttons import IconButton
from studio.ui.widgets.cards import Card
from studio.ui.widgets.facts import Swatch
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hairline, hbox, holder
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.states import StateStack
from studio.ui.widgets.tablemodel import Cell, Rows
from studio.ui.widgets.tables import Table
from studio.ui.words import count, percent
from studio.words import tr, trn

_HEAD = 44
_FOOT = 36
_LISTED = 1000


class RowCard(Card):
    """Rows of a survey: as a chat, as trained, raw, and the ones left out.

    Signals:
        wants_model: the person wants to see to the model, which "As trained" needs.
    """

    wants_model = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(margins=1, gap=0)
        self._context = context
        self._survey: DataSurvey | None = None
        self._place = 0
        self._call: Call | None = None
        self._seen: dict[int, dict[str, Any]] = {}  # rows as trained, by place
        self._key: object = None
        self._build_head()
        self.view = RowView()
        self.stack = StateStack(self.view)
        self.stack.acted.connect(lambda _state: self.wants_model.emit())
        self._build_bad()
        self._build_foot()
        self.body.addWidget(self._head)
        self.body.addWidget(hairline())
        self.body.addWidget(self.stack, 1)
        self.body.addWidget(self.bad, 1)
        self.body.addWidget(self._foot)

    def _build_head(self) -> None:
        self.number, self.total = Label("", "section"), Label("", "muted")
        self.previous = IconButton("caret-left", tr("Row before"), compact=True)
        self.next = IconButton("caret-right", tr("Next row"), compact=True)
        self.shuffle = IconButton("shuffle", tr("Any other row"), compact=True)
        self.previous.clicked.connect(lambda: self.go(self._place - 1))
        self.next.clicked.connect(lambda: self.go(self._place + 1))
        self.shuffle.clicked.connect(self._on_shuffle)
        trained = hbox(Swatch("token-b"), Label(tr("trained"), "small"), gap=6)
        only_read = hbox(Swatch("token-special"), Label(tr("read only"), "small"), gap=6)
        self.legend = holder(hbox(trained, only_read, gap=12))
        self.views = Segments(compact=True)
        self.views.chosen.connect(self._on_view_chosen)
        self.walk = holder(
            hbox(self.number, self.total, 6, self.previous, self.next, self.shuffle, gap=6)
        )
        self._head = QWidget()
        self._head.setFixedHeight(_HEAD)
        hbox(self.walk, None, self.legend, self.views, gap=12, margins=(16, 0, 8, 0),
             into=self._head)  # fmt: skip

    def _build_bad(self) -> None:
        heads = [tr("Row"), tr("Reason"), tr("File")]
        self.bad = Table(Rows(heads), 1, numbers=(0,), widths={0: 72, 2: 160}, framed=False)
        self.bad.setAccessibleName(tr("Rows that are left out"))

    def _build_foot(self) -> None:
        self.tokens, self.share = Label("", "small-name"), Label("", "small")
        self.everything = Label("", "small", elide=True)
        self._foot = QFrame()
        set_props(self._foot, part="sunken")
        self._foot.setFixedHeight(_FOOT)
        hbox(self.tokens, self.share, None, self.everything, gap=8, margins=(16, 0, 16, 0),
             into=self._foot)  # fmt: skip

    # Showing

    def show_survey(self, survey: DataSurvey, key: object) -> None:
        """Show the rows of a survey; `key` says when rows must be asked for anew."""
        if key != self._key:
            self._key = key
            self._seen.clear()
            self._drop_call()
        if survey is not self._survey:
            self._survey = survey
            self._place = min(self._place, len(survey.rows) - 1)
            self.bad.set_rows(_bad_rows(survey.bad))
        items = [("chat", tr("Chat") if survey.gives == "messages" else tr("Text")),
                 ("trained", tr("As trained")), ("raw", tr("Raw"))]  # fmt: skip
        if survey.bad:
            items.append(("bad", tr("Left out {count}", count=count(len(survey.bad)))))
        before = self.views.key()
        self.views.set_items(items)
        self.views.set_key(before if before in dict(items) else "chat")
        self._show()

    def show_totals(self, text: str) -> None:
        """Say what holds for all rows."""
        self.everything.setText(text)

    def show_bad(self) -> None:
        """Show the rows that are left out."""
        if self._survey is not None and self._survey.bad:
            self.views.set_key("bad")
            self._show()

    def place(self) -> int:
        """Return the position of the row that is shown, from 0."""
        return self._place

    def go(self, place: int) -> None:
        """Show another row."""
        if self._survey is not None and 0 <= place < len(self._survey.rows):
            self._place = place
            self._show()

    def _show(self) -> None:
        """Show the row in the way that is chosen."""
        if self._survey is None:
            return
        view, rows = self.views.key(), self._survey.rows
        listing = view == "bad"
        self.bad.setVisible(listing)
        self.stack.setVisible(not listing)
        self._foot.setVisible(not listing)
        self.walk.setVisible(not listing)
        self.legend.setVisible(view == "trained")
        if listing:
            return
        self.number.setText(tr("Row {number}", number=count(self._place + 1)))
        self.total.setText(tr("of {total}", total=count(len(rows))))
        self.previous.setEnabled(self._place > 0)
        self.next.setEnabled(self._place + 1 < len(rows))
        self._show_row(view, rows[self._place])

    def _show_row(self, view: str, row: Row) -> None:
        """Fill the view with one row."""
        if view == "trained":
            self._show_trained()
            return
        about = trn("about {n} token", "about {n} tokens", tokens_of(row))
        self.tokens.setText(about)
        self.share.setText("")
        self.stack.show_ready()
        if view == "raw":
            self.view.show_raw(row.raw)
        else:
            self.view.show_chat(row)

    # As trained

    def _show_trained(self) -> None:
        """Show the row as the service tokenised it, or why that cannot be."""
        self.tokens.setText("")
        self.share.setText("")
        model = self._context.draft.model
        if model is None:
            text = tr("Its tokenizer and its chat template decide what is trained.")
            title = tr("No base model is chosen")
            self.stack.show_empty("cube", title, text, tr("Choose a model"))
        elif not model.ready:
            text = tr("Fetch it on the Model step to see the very words that are trained.")
            title = tr("{model} is not on this computer yet", model=model.name)
            self.stack.show_empty("download-simple", title, text, tr("Go to Model"))
        elif self._place in self._seen:
            self._show_seen(self._seen[self._place])
        else:
            self._ask()

    def _ask(self) -> None:
        """Ask the service for the row."""
        self._drop_call()
        self.stack.show_busy(tr("Loading the tokenizer…"), tr("The first time takes a while."))
        values = {"recipe": self._context.draft.recipe.model_dump(), "start": self._place}
        self._call = self._context.service.call(
            "preview", {**values, "count": 1}, result=self._on_previewed, failure=self._on_failed
        )

    def _drop_call(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _on_previewed(self, values: dict[str, Any]) -> None:
        self._call = None
        for row in values["rows"]:
            self._seen[int(row["number"])] = row
        if self.views.key() == "trained":
            self._show()

    def _on_failed(self, error: StudioError) -> None:
        self._call = None
        if self.views.key() == "trained":
            self.stack.show_problem(error.sentence(), error.step())

    def _show_seen(self, row: dict[str, Any]) -> None:
        """Show what the service answered."""
        if row.get("problem"):
            self.stack.show_problem(row["problem"], tr("The row is left out."))
            return
        self.stack.show_ready()
        self.view.show_trained(row["pieces"], row.get("label") or "")
        self.tokens.setText(trn("{n} token", "{n} tokens", row["tokens"]))
        if row["trained"]:
            share = percent(row["trained"] / max(1, row["tokens"]))
            words = {"count": count(row["trained"]), "percent": share}
            self.share.setText(tr("{count} trained ({percent})", **words))

    # Events

    def _on_view_chosen(self, _view: str) -> None:
        self._show()

    def _on_shuffle(self) -> None:
        if self._survey is not None:
            self.go(random.randrange(len(self._survey.rows)))


def _bad_rows(bad: list[BadRow]) -> list[tuple[str, list[Cell]]]:
    """Return the table's rows of what is left out, the first thousand."""
    return [
        (
            str(place),
            [
                Cell(count(row.number), sort=row.number),
                Cell(tr(row.text, **row.values), tip=tr(row.text, **row.values)),
                Cell(row.file.rsplit("/", 1)[-1], muted=True, tip=row.file),
            ],
        )
        for place, row in enumerate(bad[:_LISTED])
    ]
