"""Model: choose the base model, see what it is, what it needs, and whether it is safe to read."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMenu, QStackedWidget, QWidget

from studio.errors import Problem, StudioError
from studio.models.facts import ModelFacts
from studio.models.inspect import kind_of
from studio.models.sample import NAME as SAMPLE_NAME
from studio.models.sample import SAMPLE
from studio.ui.context import Context
from studio.ui.new_run.hub_models import HubModels
from studio.ui.new_run.local_models import LocalModels
from studio.ui.new_run.model_looks import ModelLooks
from studio.ui.new_run.model_panel import ModelPanel
from studio.ui.new_run.model_words import as_problem
from studio.ui.pages.step import Step
from studio.ui.widgets.buttons import IconButton
from studio.ui.widgets.fields import SearchField
from studio.ui.widgets.layouts import hbox
from studio.ui.widgets.segments import Segments
from studio.words import mark, tr


class ModelStep(Step):
    """Models on this computer, or on the hub; the panel tells of the chosen one."""

    def __init__(self, context: Context) -> None:
        super().__init__(
            context,
            tr("Choose a base model"),
            tr("Start from one that already does something close to your task."),
            scrolls=False,
        )
        self.looks = ModelLooks(context, self)
        self.looks.listed.connect(self._show_rows)
        self.looks.looked.connect(self._on_looked)
        self._again = False  # look even if the last look told a reason why not
        self._wanted = ""  # the source that is to be chosen when its look ends
        self.panel = ModelPanel(context)
        self.panel.consented.connect(self._on_consented)
        self.panel.acted.connect(self._on_panel_acted)
        self.panel.fetch.done.connect(self._on_fetched)
        self._build_tools()
        self._build_tables()
        self.fields = {"model.source": self.table, "model.allow_pickle": self.panel.pickle_box,
                       "model.trust_remote_code": self.panel.code_box}  # fmt: skip

    def _build_tools(self) -> None:
        self.search = SearchField(tr("Name, size or licence"))
        self.search.textChanged.connect(self._on_search_changed)
        self.search.returnPressed.connect(self._on_search_entered)
        self.places = Segments([("here", tr("On this computer")), ("hub", tr("Hugging Face"))])
        self.places.chosen.connect(self._on_place_chosen)
        self.folder_button = IconButton("folder-open", tr("Use a folder or a file"), framed=True)
        menu = QMenu(self)
        menu.addAction(tr("Model folder…")).triggered.connect(self._on_folder_asked)
        menu.addAction(tr("GGUF file…")).triggered.connect(self._on_file_asked)
        self._folder_menu = menu
        self.folder_button.clicked.connect(self._on_folder_button)
        tools = hbox(self.search, self.places, self.folder_button)
        tools.setStretch(0, 1)
        self.body.addLayout(tools)

    def _build_tables(self) -> None:
        self.table = LocalModels(self.context, self.looks)
        self.table.chosen.connect(self.choose)
        self.hub = HubModels(self.context)
        self.hub.chosen.connect(self.choose)
        self._tables = QStackedWidget()
        self._tables.addWidget(self.table)
        self._tables.addWidget(self.hub)
        self.body.addWidget(self._tables, 1)

    # What the wizard asks

    def side(self) -> QWidget:
        """Return the panel."""
        return self.panel

    def first_field(self) -> QWidget:
        """Begin at the table: arrows choose at once, and letters go to the search."""
        return self.table if self.places.key() == "here" else self.search

    def enter(self) -> None:
        """Look again at what is on this computer."""
        self._take_in_draft()
        self.looks.begin()

    def refresh(self) -> None:
        """Show the draft's model."""
        self._take_in_draft()
        self._show_panel()
        self._show_rows()

    def problems(self) -> list[Problem]:
        """Say that a look is under way rather than that nothing is chosen."""
        if self._wanted and self.looks.is_looking(self._wanted):
            text, step = mark("The model is still being looked at."), mark("Wait a moment.")
            return [Problem("model.source", text, step)]
        return super().problems()

    def show_problem(self, problem: Problem) -> None:
        """Say it once: above the table in place of the panel."""
        super().show_problem(problem)
        if problem == self.context.draft.wrong.get("model"):
            self.panel.show_unknown(self.context.draft.recipe.model.source)

    # Choosing

    def choose(self, source: str) -> None:
        """Make a source the draft's base model; it is looked at before, off this thread."""
        source = source.strip()
        recipe = self.context.draft.recipe
        if source == recipe.model.source and self.context.draft.model and not self._wanted:
            return
        self._wanted = source
        found = self.looks.found(source)
        if isinstance(found, ModelFacts) or (isinstance(found, StudioError) and not self._again):
            self._take(source, found)
        else:
            self.looks.look(source)
            self.refresh()

    def choose_path(self, path: str) -> None:
        """List a folder, a file or an id that the person named, and choose it."""
        self.places.set_key("here")
        self._tables.setCurrentIndex(0)
        self.search.clear()
        self.looks.add(path)
        self._again = True
        self.choose(path)
        self._again = False

    def _take(self, source: str, found: ModelFacts | StudioError) -> None:
        """Write what was chosen into the draft."""
        self._wanted = ""
        draft = self.context.draft
        agreed = self.context.settings.consents.get(source, [])
        chosen = draft.recipe.model
        if chosen.source != source:
            chosen.revision = ""
        chosen.source = source
        chosen.allow_pickle, chosen.trust_remote_code = "pickle" in agreed, "code" in agreed
        draft.wrong.pop("model", None)
        draft.model = None
        if isinstance(found, StudioError):
            draft.wrong["model"] = as_problem(found)
        else:
            draft.model = found
            if found.context:
                longest = draft.recipe.training.max_length
                draft.recipe.training.max_length = max(8, min(longest, found.context))
        self.context.touch()
        self.refresh()

    def _on_looked(self, source: str) -> None:
        found = self.looks.found(source)
        chosen = self.context.draft.recipe.model.source
        news = source == chosen and found != self.context.draft.model
        if found is not None and (source == self._wanted or news):
            self._take(source, found)
        self._show_rows()

    def _take_in_draft(self) -> None:
        """List the model of a draft that was made elsewhere."""
        draft = self.context.draft
        source = draft.recipe.model.source
        if not source:
            return
        if source not in self.looks.sources and not self._is_on_hub(source):
            self.looks.add(source)
        if draft.model is not None:
            self.looks.keep(source, draft.model)
        elif self.looks.found(source) is None:
            self._wanted = source
            self.looks.look(source)

    def _is_on_hub(self, source: str) -> bool:
        """Say whether the table of the hub lists a source."""
        return any(model.id == source for model in self.hub.found)

    # Showing

    def _show_rows(self) -> None:
        """Fill the table with what matches the search."""
        search = self.search.text() if self.places.key() == "here" else ""
        wanted = self._wanted or self.context.draft.recipe.model.source
        self.table.show_models(search, wanted)

    def _show_panel(self) -> None:
        """Show the chosen model, or why there is none."""
        draft = self.context.draft
        found = self.looks.found(draft.recipe.model.source)
        if self._wanted and self.looks.is_looking(self._wanted):
            self.panel.show_busy(self._wanted)
        elif draft.model is not None:
            self.panel.show_model(draft.model)
        elif isinstance(found, StudioError) and self.alert.isHidden():
            hub = kind_of(draft.recipe.model.source) == "hub"
            self.panel.show_problem(found, tr("Try again") if hub else tr("Look again"))
        elif isinstance(found, StudioError):
            self.panel.show_unknown(draft.recipe.model.source)
        else:
            self.panel.show_nothing()

    # Events

    def _on_search_changed(self, _text: str) -> None:
        if self.places.key() == "here":
            self._show_rows()

    def _on_search_entered(self) -> None:
        text = self.search.text().strip()
        if self.places.key() == "hub":
            self.hub.search(text)
        elif _is_path(text):
            self.choose_path(str(Path(text).expanduser()))
        elif self.table.rows.rowCount():
            self.table.setFocus(Qt.FocusReason.TabFocusReason)

    def _on_place_chosen(self, place: str) -> None:
        self._tables.setCurrentIndex(0 if place == "here" else 1)
        hub = place == "hub"
        self.search.setPlaceholderText(
            tr("Name on Hugging Face, then Enter") if hub else tr("Name, size or licence")
        )
        if hub:
            self.hub.show_start()
            self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        self._show_rows()

    def _on_folder_button(self) -> None:
        corner = self.folder_button.rect().bottomLeft()
        self._folder_menu.popup(self.folder_button.mapToGlobal(corner))

    def _on_folder_asked(self) -> None:
        path = QFileDialog.getExistingDirectory(self, tr("Choose a model's folder"))
        if path:
            self.choose_path(path)

    def _on_file_asked(self) -> None:
        path, _kind = QFileDialog.getOpenFileName(
            self, tr("Choose a GGUF file"), "", tr("GGUF files (*.gguf)")
        )
        if path:
            self.choose_path(path)

    def _on_panel_acted(self, state: str) -> None:
        if state == "busy":
            self.looks.forget(self._wanted)
            self._wanted = ""
            self.refresh()
        elif state == "problem":
            self._again = True
            self.choose(self.context.draft.recipe.model.source)
            self._again = False

    def _on_consented(self, kind: str, agreed: bool) -> None:
        """Keep a consent with the model it was given for."""
        draft, settings = self.context.draft, self.context.settings
        source = draft.recipe.model.source
        kept = [one for one in settings.consents.get(source, []) if one != kind]
        kept += [kind] if agreed else []
        settings.consents = {**settings.consents, source: kept}
        if not kept:
            settings.consents.pop(source)
        field = "allow_pickle" if kind == "pickle" else "trust_remote_code"
        setattr(draft.recipe.model, field, agreed)
        self.context.save_settings()
        self.context.touch()

    def _on_fetched(self, source: str) -> None:
        name = SAMPLE_NAME if source == SAMPLE else Path(source).name
        self.context.say(tr("{name} is ready.", name=name))
        self.looks.absent.discard(source)
        self.looks.look(source)


def _is_path(text: str) -> bool:
    """Say whether a text in the search field names a file or a folder."""
    return text.startswith(("/", "~", ".")) or "\\" in text or text.lower().endswith(".gguf")
