"""The methods as rows of the gallery: what each is, does and needs here, and which are shown."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, Qt

from studio.ui.widgets.bars import verdict
from studio.ui.widgets.tablemodel import KEY_ROLE, Index
from studio.ui.words import MISSING, file_size, gigabytes, whole_gigabytes
from studio.words import tr

ENTRY_ROLE = int(Qt.ItemDataRole.UserRole) + 20


@dataclass(frozen=True)
class Entry:
    """One method as its card shows it.

    `words` are what a search looks through. `need` and `size` are bytes, None while unknown;
    `score` is the best measured accuracy as a share of 1, `measured` says how it was measured.
    `refused` is the sentence that says why the method cannot be taken here, or "".
    """

    key: str
    name: str
    family: str
    family_name: str
    summary: str
    words: str
    need: int | None = None
    limit: int = 0
    size: int | None = None
    score: float | None = None
    measured: str = ""
    refused: str = ""
    suits: bool = True
    merges: bool = False
    four_bit: bool = False
    chosen: bool = False

    @property
    def verdict(self) -> str:
        """Return "fits", "tight", "too-large", or "" while it is not known."""
        return "" if self.need is None else verdict(self.need, self.limit)

    @property
    def dim(self) -> bool:
        """Say whether the card is greyed: refused, or larger than there is room."""
        return bool(self.refused) or self.verdict == "too-large"

    def score_text(self) -> str:
        """Return the measured accuracy, or a dash."""
        return MISSING if self.score is None else f"{100 * self.score:.1f}%"

    def need_text(self) -> str:
        """Return the memory, with the limit where it is more than that."""
        if self.need is None:
            return MISSING
        if self.verdict != "too-large":
            return gigabytes(self.need)
        limit = whole_gigabytes(self.limit)
        return tr("{need} of {limit} GB", need=gigabytes(self.need), limit=limit)

    def size_text(self) -> str:
        """Return the size of the result on the disk."""
        return "" if self.size is None else file_size(self.size)

    def tip(self) -> str:
        """Return what the figures of the card mean, one a line."""
        lines = [self.refused or self.summary]
        if self.score is not None:
            lines.append(tr("{score} right: {how}", score=self.score_text(), how=self.measured))
        if self.need is not None:
            lines.append(tr("{need} at the peak, by the estimate", need=self.need_text()))
        if self.size is not None:
            lines.append(tr("{size} on the disk", size=self.size_text()))
        return "\n".join(lines)

    def spoken(self) -> str:
        """Return the card in words, for screen readers."""
        state = tr("Chosen") if self.chosen else ""
        return ". ".join(part for part in (self.name, self.family_name, state, self.tip()) if part)


@dataclass(frozen=True)
class Query:
    """What is asked of the gallery; every part narrows it further."""

    text: str = ""
    family: str = ""
    suits: bool = False
    fits: bool = False
    merges: bool = False
    four_bit: bool = False
    measured: bool = False

    def takes(self, one: Entry) -> bool:
        """Say whether a method is shown."""
        return (
            (not self.family or one.family == self.family)
            and (not self.suits or one.suits)
            and (not self.fits or not one.dim)
            and (not self.merges or one.merges)
            and (not self.four_bit or one.four_bit)
            and (not self.measured or one.score is not None)
            and all(word in one.words for word in self.text.casefold().split())
        )

    def names(self, one: Entry) -> bool:
        """Say whether the search is (a part of) the method's name: those come first."""
        return self.text.casefold().strip() in one.name.casefold()


def search_words(texts: Iterable[str]) -> str:
    """Return texts as a search looks through them."""
    return "\n".join(texts).casefold()


class MethodRows(QAbstractListModel):
    """The methods that a query leaves, in the order that they were given."""

    def __init__(self) -> None:
        super().__init__()
        self._all: list[Entry] = []
        self._shown: list[Entry] = []
        self._query = Query()

    def set_entries(self, entries: list[Entry]) -> None:
        """Show these methods as far as the query takes them."""
        self._all = entries
        self._narrow()

    def set_query(self, query: Query) -> None:
        """Ask something else."""
        if query != self._query:
            self._query = query
            self._narrow()

    def _narrow(self) -> None:
        """Show what the query takes; the view keeps its place while no method comes or goes."""
        found = [one for one in self._all if self._query.takes(one)]
        found.sort(key=lambda one: not self._query.names(one))
        if [one.key for one in found] == self.keys():
            self._shown = found
            if found:
                self.dataChanged.emit(self.index(0, 0), self.index(len(found) - 1, 0))
            return
        self.beginResetModel()
        self._shown = found
        self.endResetModel()

    def keys(self) -> list[str]:
        """Return the keys that are shown, in order."""
        return [one.key for one in self._shown]

    def entry(self, key: str) -> Entry | None:
        """Return a method, shown or not."""
        return next((one for one in self._all if one.key == key), None)

    def total(self) -> int:
        """Return how many methods there are, shown or not."""
        return len(self._all)

    def rowCount(self, parent: Index | None = None) -> int:
        """Return how many are shown."""
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a role of a method says."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        one = self._shown[index.row()]
        say = _ROLES.get(int(role))
        return say(one) if say else None


_CHECK = {True: Qt.CheckState.Checked, False: Qt.CheckState.Unchecked}
_ROLES: dict[int, Callable[[Entry], object]] = {
    int(Qt.ItemDataRole.DisplayRole): lambda one: one.name,
    int(Qt.ItemDataRole.ToolTipRole): lambda one: f"{one.name}\n{one.tip()}",
    int(Qt.ItemDataRole.AccessibleTextRole): Entry.spoken,
    int(Qt.ItemDataRole.CheckStateRole): lambda one: _CHECK[one.chosen],
    KEY_ROLE: lambda one: one.key,
    ENTRY_ROLE: lambda one: one,
}
