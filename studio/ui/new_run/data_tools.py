"""What is chosen about the data: its layout, and which rows are held out."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.formats.read import ENDINGS
from studio.formats.shelf import layout, layout_title, layouts
from studio.recipe.model import DataSection
from studio.survey import DataSurvey
from studio.ui.new_run.data_reading import files_words
from studio.ui.widgets.buttons import Button
from studio.ui.widgets.fields import ChoiceField
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox
from studio.ui.widgets.numbers import FloatField
from studio.words import tr

_WAIT_MS = 400


def ask_files(parent: QWidget, title: str) -> list[str]:
    """Ask for data files."""
    kinds = " ".join(f"*{ending}" for ending in ENDINGS)
    names, _kind = QFileDialog.getOpenFileNames(
        parent, title, "", tr("Data ({kinds})", kinds=kinds)
    )
    return list(names)


class DataTools(QWidget):
    """Layout and evaluation in one line.

    Signals:
        layout_chosen(name): "auto" or a layout's name.
        share_chosen(share): rows held out, as a share.
        files_chosen(files): evaluation files of their own; an empty list goes back to a share.
    """

    layout_chosen = Signal(str)
    share_chosen = Signal(float)
    files_chosen = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self._on_share_settled)
        self.layout_field = ChoiceField()
        self.layout_field.setAccessibleName(tr("Layout"))
        self.layout_field.chosen.connect(self.layout_chosen)
        self.held = ChoiceField(
            [("share", tr("A share of the rows")), ("files", tr("Files of their own"))]
        )
        self.held.setAccessibleName(tr("Held out"))
        self.held.chosen.connect(self._on_held_chosen)
        self.share = FloatField(0.0, 0.5, 0.05, percent=True, step=0.01)
        self.share.setAccessibleName(tr("Share held out"))
        self.share.setFixedWidth(84)
        self.share.valueChanged.connect(lambda _value: self._timer.start())
        self.files = Button("")
        self.files.clicked.connect(self._on_files_clicked)
        hbox(
            Label(tr("Layout"), "muted"), self.layout_field, 8,
            Label(tr("Held out"), "muted"), self.held, self.share, self.files, None,
            gap=8, into=self,
        )  # fmt: skip

    def show_data(self, chosen: DataSection, survey: DataSurvey | None) -> None:
        """Show what is chosen, and the layout that was found."""
        found = tr("Find it in the rows")
        if survey is not None and chosen.layout == "auto":
            found = tr("{layout} (found)", layout=layout_title(survey.layout))
        items = [("auto", found)] + [(name, layout_title(name)) for name in layouts()]
        if [self.layout_field.itemText(i) for i in range(self.layout_field.count())] != [
            text for _name, text in items
        ]:
            self.layout_field.set_items(items)
            for name in layouts():
                self._name_columns(name)
        self.layout_field.set_key(chosen.layout)
        own = bool(chosen.eval_files)
        self.held.set_key("files" if own else "share")
        self.share.setVisible(not own)
        self.files.setVisible(own)
        self.files.setText(files_words(chosen.eval_files))
        if not self._timer.isActive() and self.share.value() != chosen.eval_share:
            self.share.blockSignals(True)
            self.share.setValue(chosen.eval_share)
            self.share.blockSignals(False)

    def _name_columns(self, name: str) -> None:
        """Tell a layout's columns in its tool tip."""
        tip = tr("Columns: {columns}", columns=layout(name).columns)
        self.layout_field.set_item_enabled(name, True, tip)

    def _on_held_chosen(self, way: str) -> None:
        if way == "share":
            self.files_chosen.emit([])
        elif not self._ask_files():
            self.held.set_key("share")

    def _on_share_settled(self) -> None:
        self.share_chosen.emit(self.share.value())

    def _on_files_clicked(self) -> None:
        self._ask_files()

    def _ask_files(self) -> bool:
        """Ask for evaluation files; return whether some were chosen."""
        names = ask_files(self, tr("Choose evaluation files"))
        if names:
            self.files_chosen.emit(names)
        return bool(names)
