"""The panel beside the data: how many rows, how long, and what should be looked at."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from studio.errors import Problem, StudioError
from studio.flow import take_counts
from studio.recipe import Recipe
from studio.ui.context import Context
from studio.ui.new_run.data_reading import Reading
from studio.ui.service import Call
from studio.ui.widgets.checks import Check, CheckList
from studio.ui.widgets.facts import FactRows
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hairline, hbox, holder, vbox
from studio.ui.words import MISSING, count, percent
from studio.words import tr, trn

_AT_ONCE = 20_000  # rows that are counted without being asked


class DataPanel(QWidget):
    """Figures and checks of what was read; exact ones as soon as the tokenizer has counted.

    Signals:
        show_bad: the person wants to see the rows that are left out.
        counted(text): what holds for all rows, in one line.
    """

    show_bad = Signal()
    counted = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._reading: Reading | None = None
        self._key: object = None
        self._exact: dict[str, Any] | None = None
        self._error: StudioError | None = None
        self._call: Call | None = None
        self.facts = FactRows()
        self.summary = Label("", "small")
        self.checks = CheckList()
        self.checks.acted.connect(self._on_acted)
        self.empty = Label("", "muted", wrap=True)
        self._known = holder(
            vbox(
                self.facts,
                hairline(),
                hbox(Label(tr("Checks"), "section"), None, self.summary),
                self.checks,
                gap=16,
            )
        )
        head = Label(tr("What was read"), "section")
        vbox(head, self.empty, self._known, None, gap=16, margins=(24, 20, 24, 24), into=self)
        self.show_nothing()

    def show_nothing(self) -> None:
        """Say what will stand here."""
        self._reading, self._exact, self._error, self._key = None, None, None, None
        self._drop_call()
        self.empty.setText(tr("How many rows there are, how long they are, and what is wrong."))
        self.empty.show()
        self._known.hide()

    def show_reading(self, reading: Reading, key: object) -> None:
        """Show a reading; `key` says when the tokens must be counted anew."""
        self._reading = reading
        if key != self._key:
            self._key, self._exact, self._error = key, None, None
            self._drop_call()
            if len(reading.survey.rows) <= _AT_ONCE:
                self.begin_counting()
        self.empty.hide()
        self._known.show()
        self._show()

    # Counting

    def begin_counting(self) -> None:
        """Let the service encode every row, where the model is there for it."""
        model = self._context.draft.model
        if model is None or not model.ready or self._call is not None:
            return
        values = {"recipe": self._context.draft.recipe.model_dump()}
        self._call = self._context.service.call(
            "check", values, result=self._on_counted, failure=self._on_failed
        )

    def is_counting(self) -> bool:
        """Say whether the service counts."""
        return self._call is not None

    def _drop_call(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _on_counted(self, values: dict[str, Any]) -> None:
        self._call, self._exact = None, values
        take_counts(self._context.draft, values)
        self._show()

    def _on_failed(self, error: StudioError) -> None:
        self._call, self._error = None, error
        self._show()

    # Showing

    def _show(self) -> None:
        """Show figures and checks."""
        reading = self._reading
        if reading is None:
            return
        recipe = self._context.draft.recipe
        self.facts.set_rows(self._fact_rows(reading))
        found = [*self._row_checks(reading, recipe), *self._token_checks(reading, recipe)]
        self.checks.set_checks(found)
        good = sum(check.kind == "good" for check in found)
        bad = sum(check.kind in ("warn", "bad") for check in found)
        words = trn("{n} passed", "{n} passed", good)
        if bad:
            words = tr("{passed}, {bad} to look at", passed=words, bad=count(bad))
        self.summary.setText(words)
        self.counted.emit(self._totals())

    def _fact_rows(self, reading: Reading) -> list[tuple[str, str]]:
        """Return rows and lengths."""
        survey, exact = reading.survey, self._exact
        facts = survey.facts
        if exact:
            mean, longest = count(exact["mean"]), count(exact["longest"])
        else:
            mean = tr("about {number}", number=count(facts.mean_tokens))
            longest = tr("about {number}", number=count(facts.longest))
        return [
            (tr("Trained on"), trn("{n} row", "{n} rows", len(survey.rows))),
            (tr("Held out"), trn("{n} row", "{n} rows", len(survey.held_out))),
            (tr("Left out"), count(len(survey.bad)) if survey.bad else MISSING),
            (tr("Mean length, tokens"), mean),
            (tr("Longest, tokens"), longest),
        ]

    def _totals(self) -> str:
        """Return what holds for all rows, once it was counted."""
        if not self._exact or not self._exact["tokens"]:
            return tr("Counting all rows…") if self._call else ""
        share = percent(self._exact["trained_tokens"] / self._exact["tokens"])
        tokens = count(self._exact["tokens"])
        if self._reading and self._reading.survey.gives not in ("messages", "text"):
            return tr("All rows: {tokens} tokens an epoch", tokens=tokens)
        return tr("All rows: {percent} trained, {tokens} tokens", percent=share, tokens=tokens)

    def _row_checks(self, reading: Reading, recipe: Recipe) -> list[Check]:
        """Return what the rows themselves show."""
        survey = reading.survey
        found: list[Check] = []
        if survey.bad:
            text = trn(
                "{n} row does not fit and is left out",
                "{n} rows do not fit and are left out",
                len(survey.bad),
            )
            first = survey.bad[0]
            reason = tr(first.text, **first.values)
            detail = tr("Row {number}: {reason}", number=first.number, reason=reason)
            found.append(Check("warn", text, detail, tr("Show"), "bad"))
        else:
            found.append(Check("good", tr("Every row fits the layout")))
        if reading.silent:
            silent = reading.silent
            text = trn("{n} row has an empty answer", "{n} rows have an empty answer", silent)
            found.append(Check("warn", text, tr("They would teach silence.")))
        elif survey.gives == "messages":
            found.append(Check("good", tr("No answer is empty")))
        if survey.held_out:
            text = trn(
                "Evaluation: {n} row, not trained on",
                "Evaluation: {n} rows, not trained on",
                len(survey.held_out),
            )
            found.append(Check("good", text))
        else:
            detail = tr("Nothing will show whether it learns or only repeats.")
            found.append(Check("warn", tr("No row is held out"), detail))
        return found

    def _token_checks(self, reading: Reading, recipe: Recipe) -> list[Check]:
        """Return what the lengths show: counted where possible, else estimated."""
        longest = recipe.training.max_length
        if self._exact:
            told = [Problem(p["field"], p["text"], p["next_step"], p["values"])
                    for p in self._exact["problems"]]  # fmt: skip
            fresh = [p for p in told if not (reading.survey.bad and "fit the layout" in p.text)]
            found = [Check("warn", p.sentence(), p.step()) for p in fresh]
            return found or [Check("good", tr("No row is cut or left out"))]
        if self._error is not None:
            return [Check("warn", self._error.sentence(), self._error.step())]
        longer = reading.longer(longest)
        words = count(longest)
        if longer:
            text = trn(
                "About {n} row is longer than {longest} tokens",
                "About {n} rows are longer than {longest} tokens",
                longer,
                longest=words,
            )
            found = [Check("warn", text, tr("What is longer is cut."))]
        else:
            found = [Check("good", tr("All rows fit into {longest} tokens", longest=words),
                           tr("Estimated; the tokenizer counts them exactly."))]  # fmt: skip
        return [*found, *self._offer_count()]

    def _offer_count(self) -> list[Check]:
        """Offer to count a large set, which takes a while."""
        model = self._context.draft.model
        if self._call is not None:
            return [Check("info", tr("Counting the tokens…"))]
        if model is None or not model.ready:
            return []
        return [Check("info", tr("Lengths are estimated"), "", tr("Count now"), "count")]

    def _on_acted(self, key: str) -> None:
        if key == "bad":
            self.show_bad.emit()
        elif key == "count":
            self.begin_counting()
            self._show()
