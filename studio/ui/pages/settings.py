"""Settings: language, theme, folders, hub, about. Changes act at once; there is no Save."""

import os
from pathlib import Path

from PySide6.QtWidgets import QLineEdit, QWidget

import studio
from studio import settings as settings_file
from studio.errors import HubError, StudioError
from studio.ui import jobs
from studio.ui.context import Context
from studio.ui.pages.runs import show_folder
from studio.ui.widgets.buttons import Button, Link
from studio.ui.widgets.checkbox import CheckBox
from studio.ui.widgets.facts import FactRows
from studio.ui.widgets.fields import ChoiceField, LineField
from studio.ui.widgets.form import LABEL_WIDTH, FormCard, FormGroup, FormRow
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, holder
from studio.ui.widgets.page import Page
from studio.ui.widgets.paths import PathField
from studio.ui.widgets.segments import Segments
from studio.words import LANGUAGES, mark, tr

_FOLDERS = {"runs": "runs_folder", "models": "models_folder"}
_GAP = 16


class SettingsPage(Page):
    """One column of groups."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(tr("Settings"))
        self.context = context
        self.limit_width()
        card = FormCard()
        self._add_general(card)
        self._add_folders(card)
        self._add_hub(card)
        self._add_about(card)
        self.body.addWidget(card)
        self.body.addStretch(1)

    def open(self, argument: str) -> None:
        """Show what is set; look into the keyring in the background."""
        self._look = jobs.run(
            self, settings_file.hub_token, self._on_token_found, lambda _error: None
        )

    def _add_general(self, card: FormCard) -> None:
        group = card.add_group(tr("General"))
        chosen = self.context.settings
        languages = [("system", tr("As the computer")), *LANGUAGES.items()]
        self.language = ChoiceField(languages, compact=True)
        self.language.set_key(chosen.language)
        self.language.chosen.connect(self._on_language_chosen)
        group.add(FormRow(tr("Language"), self.language, tr("Switches at once.")))
        self.theme = Segments(
            [("system", tr("As the computer")), ("light", tr("Light")), ("dark", tr("Dark"))],
            compact=True,
        )
        self.theme.set_key(chosen.theme)
        self.theme.chosen.connect(self._on_theme_chosen)
        group.add(FormRow(tr("Theme"), holder(hbox(self.theme, None)), wide=True))

    def _add_folders(self, card: FormCard) -> None:
        group = card.add_group(tr("Folders"))
        chosen = self.context.settings
        self.folders: dict[str, PathField] = {}
        titles = {"runs": tr("Runs"), "models": tr("Models")}
        notes = {
            "runs": tr("New runs go there; runs that are elsewhere stay where they are."),
            "models": tr("Fetched and converted models; nothing is moved."),
        }
        for key, path in (("runs", chosen.runs), ("models", chosen.models)):
            field = self.folders[key] = PathField("folder", str(path), compact=True)
            field.changed.connect(lambda text, key=key: self._on_folder_changed(key, text))
            group.add(FormRow(titles[key], field, wide=True))
            group.add(_below(notes[key]))

    def _add_hub(self, card: FormCard) -> None:
        group = card.add_group(tr("Hub"))
        self.offline = CheckBox(tr("Stay offline"), self.context.settings.offline)
        self.offline.toggled.connect(self._on_offline_toggled)
        group.add(FormRow(tr("Network"), self.offline, tr("Models that are here are used.")))
        self.address = LineField(
            self.context.settings.hub_address, "https://huggingface.co", compact=True
        )
        self.address.editingFinished.connect(self._on_address_edited)
        group.add(FormRow(tr("Hub address"), self.address, wide=True))
        group.add(_below(tr("A mirror of the hub; empty for the hub itself.")))
        self._add_token(group)

    def _add_token(self, group: FormGroup) -> None:
        self.token = LineField("", tr("New token"), compact=True)
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token_state = Label("", "small")
        self.keep_button = Button(tr("Keep"), compact=True)
        self.forget_button = Button(tr("Forget"), "quiet", compact=True)
        self.keep_button.clicked.connect(lambda: self._set_token(self.token.text().strip()))
        self.token.returnPressed.connect(lambda: self._set_token(self.token.text().strip()))
        self.forget_button.clicked.connect(lambda: self._set_token(""))
        row = hbox(self.token, self.keep_button, self.forget_button, self.token_state, gap=8)
        row.setStretch(0, 1)
        self.token_row = FormRow(tr("Token"), holder(row), wide=True)
        self.token.error_changed.connect(self.token_row.set_error)
        group.add(self.token_row)
        note = tr("Kept in the system's keyring and never shown; some models ask for it.")
        group.add(_below(note))
        self._on_token_found("")

    def _add_about(self, card: FormCard) -> None:
        group = card.add_group(tr("About"))
        places = [
            (tr("Version"), studio.__version__),
            (tr("Licence"), "Apache-2.0"),
            (tr("Settings file"), str(settings_file.config_file())),
            (tr("Logs"), str(settings_file.data_home() / "logs")),
        ]
        self.about = FactRows(places)
        group.add(self.about)
        logs = Link(tr("Show the logs"), small=True)
        logs.clicked.connect(lambda: show_folder(str(settings_file.data_home() / "logs")))
        group.add(holder(hbox(logs, None)))

    def _on_language_chosen(self, key: str) -> None:
        self.context.settings.language = key  # type: ignore[assignment]
        self.context.save_settings()

    def _on_theme_chosen(self, key: str) -> None:
        self.context.settings.theme = key  # type: ignore[assignment]
        self.context.save_settings()

    def _on_offline_toggled(self, offline: bool) -> None:
        self.context.settings.offline = offline
        self.context.save_settings()

    def _on_address_edited(self) -> None:
        address = self.address.text().strip().rstrip("/")
        if address and not address.startswith(("http://", "https://")):
            self.address.set_error(tr("An address begins with https://."))
            return
        self.address.set_error("")
        if address != self.context.settings.hub_address:
            self.context.settings.hub_address = address
            self.context.save_settings()

    def _on_folder_changed(self, key: str, text: str) -> None:
        field = self.folders[key]
        wrong = folder_problem(Path(text).expanduser()) if text else ""
        field.set_error(wrong)
        if wrong:
            return
        setattr(self.context.settings, _FOLDERS[key], text)
        self.context.save_settings()
        if not text:
            field.set_path(str(getattr(self.context.settings, key)))

    def _set_token(self, token: str) -> None:
        """Keep a token in the keyring, or forget the one that is there."""
        if not token and self.sender() is not self.forget_button:
            self.token.set_error(tr("Paste the token first."))
            return
        self.token.set_error("")
        self._look.cancel()  # an answer from before this one must not overwrite it
        jobs.run(self, lambda: keep_token(token), self._on_token_kept, self._on_token_refused)

    def _on_token_kept(self, token: str) -> None:
        self.token.clear()
        self._on_token_found(token)

    def _on_token_refused(self, error: StudioError) -> None:
        self.token.set_error(str(error))

    def _on_token_found(self, token: str) -> None:
        self.token_state.setText(tr("set") if token else tr("not set"))
        self.forget_button.setVisible(bool(token))


def _below(note: str) -> QWidget:
    """Return a muted line under a field."""
    row = hbox(LABEL_WIDTH + _GAP, Label(note, "small", wrap=True), gap=0)
    row.setStretch(1, 1)
    return holder(row)


def keep_token(token: str) -> str:
    """Keep the token and return it; raises HubError where there is no keyring."""
    from keyring.errors import KeyringError

    try:
        settings_file.set_hub_token(token)
    except KeyringError as reason:
        raise HubError(
            mark("This system has no keyring that could keep the token: {reason}."),
            mark("Set HF_TOKEN in the environment instead."),
            reason=str(reason).split("\n")[0].rstrip("."),
        ) from reason
    return token


def folder_problem(folder: Path) -> str:
    """Return what keeps us from writing to a folder, "" where nothing does."""
    if not folder.is_absolute():
        return tr("Write the whole path, from the root of the disk.")
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        return tr("{name} is a file, not a folder.", name=place.name)
    if not os.access(place, os.W_OK | os.X_OK):
        return tr("{folder} cannot be written to.", folder=place)
    return ""
