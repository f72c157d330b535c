"""The exact check of the chosen method: the service builds it without weights, a little later."""

from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from studio.errors import Problem, StudioError
from studio.ui.context import Context
from studio.ui.service import Call

_DEBOUNCE_MS = 400


class FitCheck(QObject):
    """Asks once the person rests, and only while nothing newer is asked.

    Signals:
        found(trainable, problems): for the recipe as it was asked; `trainable` is 0 if unknown.
    """

    found = Signal(int, object)

    def __init__(self, context: Context, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._call: Call | None = None
        self._asked = ""
        self._problems: list[Problem] = []
        self._trainable = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DEBOUNCE_MS)
        self._timer.timeout.connect(self._ask)

    def ask(self) -> None:
        """Check the draft as it is soon, unless it is the one that was asked last."""
        draft = self._context.draft
        ready = draft.model is not None and draft.model.ready and draft.data is not None
        if not ready or not self._context.service.is_running():
            return  # nothing to build on; the service is not woken for this alone
        recipe = self._recipe()
        if recipe != self._asked:
            self.stop()
            self._timer.start()

    def stop(self) -> None:
        """Drop what was asked."""
        self._timer.stop()
        self._asked, self._problems, self._trainable = "", [], 0
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def problems(self) -> list[Problem]:
        """Return what does not fit the model, as long as the draft is the one that was asked."""
        return self._problems if self._problems and self._recipe() == self._asked else []

    def trainable(self) -> int:
        """Return what was counted, as long as the draft is the one that was asked; else 0."""
        return self._trainable if self._trainable and self._recipe() == self._asked else 0

    def _recipe(self) -> str:
        """Return what the answer depends on."""
        recipe = self._context.draft.recipe
        return recipe.model_dump_json(include={"model", "method", "task"})

    def _ask(self) -> None:
        self._asked = self._recipe()
        values = {"recipe": self._context.draft.recipe.model_dump()}
        self._call = self._context.service.call(
            "fit", values, result=self._on_result, failure=self._on_failure
        )

    def _on_result(self, values: dict[str, Any]) -> None:
        self._call = None
        self._problems = [Problem(**one) for one in values.get("problems", ())]
        self._trainable = int(values.get("trainable", 0))
        self.found.emit(self._trainable, self._problems)

    def _on_failure(self, _error: StudioError) -> None:
        """Stay with the estimate: the check before the run says what is wrong."""
        self._call = None
