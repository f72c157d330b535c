"""The place for data files while there are none."""

from PySide6.QtCore import Qt, Signal

from studio.ui.widgets.buttons import Button
from studio.ui.widgets.cards import Card
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import hbox
from studio.words import tr


class DropArea(Card):
    """Where files are dropped or chosen, while there are none.

    Signals:
        asked: the person wants to choose files.
        folder_asked: the person wants to choose a folder with one folder a class.
        sample_asked: the person wants the sample's rows.
    """

    asked = Signal()
    folder_asked = Signal()
    sample_asked = Signal()

    def __init__(self) -> None:
        super().__init__(margins=24, gap=8)
        title = Label(tr("Drop files here"), "strong")
        text = Label(
            tr(
                "JSON, JSONL, CSV, Parquet, CoNLL or plain text, several of one layout; "
                "or a folder with pictures or texts in one folder a class."
            ),
            "muted",
            wrap=True,
        )
        for label in (title, text):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.choose = Button(tr("Choose files…"))
        self.folder = Button(tr("Choose a folder…"))
        self.folder.clicked.connect(self.folder_asked)
        self.sample = Button(tr("Use the sample chats"))
        self.choose.clicked.connect(self.asked)
        self.sample.clicked.connect(self.sample_asked)
        icon = hbox(None, IconLabel("file-plus", "text-muted", 20), None)
        buttons = hbox(None, self.choose, self.folder, self.sample, None, gap=8)
        self.body.addStretch(1)
        self.body.addLayout(icon)
        self.body.addWidget(title)
        self.body.addWidget(text)
        self.body.addSpacing(4)
        self.body.addLayout(buttons)
        self.body.addStretch(1)
