"""Looking at models off the GUI thread; what was found is kept while the program runs."""

from PySide6.QtCore import QObject, Signal

from studio.errors import StudioError
from studio.models.facts import ModelFacts
from studio.models.inspect import inspect, kind_of, known_models, ready_folder
from studio.models.sample import SAMPLE
from studio.ui import jobs
from studio.ui.context import Context

Found = ModelFacts | StudioError


class ModelLooks(QObject):
    """What is known of each source: facts, the reason why there are none, or nothing yet.

    Signals:
        listed: the sources on this computer are known.
        looked(source): a look at a model ended.
    """

    listed = Signal()
    looked = Signal(str)

    def __init__(self, context: Context, parent: QObject) -> None:
        super().__init__(parent)
        self._store = context.store("models")
        self._found: dict[str, Found] = self._store.setdefault("found", {})
        self._jobs: dict[str, jobs.Job[ModelFacts]] = {}
        self.sources: list[str] = self._store.setdefault("sources", [SAMPLE])
        self.absent: set[str] = set()  # models of the hub that were used but are not here

    def begin(self) -> None:
        """List the models on this computer and look at each; the hub is not asked."""
        jobs.run(self, _list_models, self._on_listed, lambda _error: self.listed.emit())

    def add(self, source: str) -> None:
        """List one more source, first after the sample."""
        if source not in self.sources:
            self.sources.insert(1, source)
        own = self._store.setdefault("own", [])
        if source not in own:
            own.insert(0, source)

    def look(self, source: str) -> None:
        """Look at a model; for one that is not here this asks the hub."""
        if source in self._jobs:
            return
        self._jobs[source] = jobs.run(
            self,
            lambda: inspect(source),
            lambda facts: self._on_looked(source, facts),
            lambda error: self._on_looked(source, error),
        )

    def forget(self, source: str) -> None:
        """Drop a look that is under way."""
        job = self._jobs.pop(source, None)
        if job is not None:
            job.cancel()

    def found(self, source: str) -> Found | None:
        """Return facts, the reason why there are none, or None before the first look."""
        return self._found.get(source)

    def keep(self, source: str, found: Found) -> None:
        """Take in what was found elsewhere, for example when a recipe was opened."""
        self._found[source] = found

    def is_looking(self, source: str) -> bool:
        """Say whether a look is under way."""
        return source in self._jobs

    def _on_listed(self, found: tuple[list[str], set[str]]) -> None:
        sources, self.absent = found
        own = [one for one in self._store.get("own", []) if one not in sources]
        self.sources[:] = [*sources[:1], *own, *sources[1:]]
        for source in self.sources:
            if source not in self.absent:
                self.look(source)
        self.listed.emit()

    def _on_looked(self, source: str, found: Found) -> None:
        self._jobs.pop(source, None)
        self._found[source] = found
        self.looked.emit(source)


def _list_models() -> tuple[list[str], set[str]]:
    """Return the sources on this computer, and those of the hub that are not fetched."""
    sources = known_models()
    absent = {one for one in sources if kind_of(one) == "hub" and ready_folder(one) is None}
    return sources, absent
