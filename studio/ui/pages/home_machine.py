"""The card of this computer: what it has, what it lacks, how large a model fits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from studio import hardware
from studio.errors import StudioError
from studio.ui import jobs
from studio.ui.context import Context
from studio.ui.fitting import Largest, largest
from studio.ui.widgets.buttons import Link
from studio.ui.widgets.cards import Card
from studio.ui.widgets.checks import Check, CheckList
from studio.ui.widgets.facts import FactRows
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import hairline, hbox, holder, vbox
from studio.ui.words import MISSING, clock, file_size, gigabytes_number, parameters, whole_gigabytes
from studio.words import tr

if TYPE_CHECKING:
    from studio.ui.charts.curve import SmallPlot

_CHART_HEIGHT = 96


@dataclass(frozen=True)
class _Found:
    """What took a moment to find out."""

    machine: hardware.Machine
    fits: Largest
    disk: int
    torch: str


class MachineCard(Card):
    """Facts that change each second, and the largest models."""

    def __init__(self, context: Context) -> None:
        super().__init__(margins=(16, 14, 16, 14), gap=12)
        self._context = context
        self._found: _Found | None = None
        self._chart: SmallPlot | None = None
        self.ready_icon = IconLabel("circle", "text-faint")
        self.ready = Label(tr("Looking at this computer"), "strong", wrap=True)
        self.facts = FactRows()
        self.lack = _Lack()
        self.lack_line = hairline()
        self.missing = CheckList([], gap=12)
        self.fits = FactRows(strong=True)
        self.lack.link.clicked.connect(self._on_missing_asked)
        self.fits_block = holder(
            vbox(hairline(), Label(tr("Largest model that fits"), "small-name"), self.fits, gap=12)
        )
        self.chart_block = holder(vbox(gap=8))
        for part in (self.lack, self.lack_line, self.missing, self.fits_block, self.chart_block):
            part.hide()
        ready = hbox(self.ready_icon, self.ready, gap=8)
        ready.setStretch(1, 1)
        self.body.addLayout(ready)
        for part in (
            self.facts, self.lack_line, self.lack, self.missing, self.fits_block,
            self.chart_block,
        ):  # fmt: skip
            self.body.addWidget(part)
        self.body.addStretch(1)
        context.use_changed.connect(self._on_use_changed)

    def look(self) -> None:
        """Find out, in the background, what takes a moment; called when the page is shown."""
        context, living = self._context, self._context.runs.living()
        folder = context.settings.runs

        def find() -> _Found:
            machine, now = hardware.machine(), hardware.use()
            ours = sum(_bytes_of(view.state.memory, machine) for view in living)
            return _Found(
                machine,
                largest(machine, _without(now, ours)),
                hardware.free_disk(folder),
                torch_version(),
            )

        jobs.run(self, find, self._on_found, self._on_not_found)

    def _on_found(self, found: _Found) -> None:
        self._found = found
        self._show_ready(found)
        self._show_fits(found)
        self._on_use_changed()

    def _on_not_found(self, error: StudioError) -> None:
        self.ready_icon.set_icon("warning", "warn")
        self.ready.setText(str(error))

    def _show_ready(self, found: _Found) -> None:
        """Say where training would run, and what is missing for more."""
        card, unused = found.machine.card, "+cpu" in found.torch
        on_card = card is not None and not unused
        self.ready_icon.set_icon("check-circle", "good")
        self.ready.setText(
            tr("Ready to train") if on_card else tr("Ready to train on the processor")
        )
        if card is None:
            self.lack.say(
                tr("No NVIDIA card found"),
                tr("Large models would take days. Small ones train well here."),
                tr("I have one: what is missing?"),
            )
        elif unused:
            self.lack.say(
                tr("{card} is not used", card=card.name),
                tr("The PyTorch that is installed is the one for processors."),
                tr("What is missing?"),
            )
        for part in (self.lack, self.lack_line):
            part.setVisible(not on_card)

    def _show_fits(self, found: _Found) -> None:
        """Show the largest model for each way of training."""
        fits, on_card = found.fits, found.machine.card is not None
        last = (
            (tr("QLoRA, 4-bit"), _size(fits.qlora))
            if on_card
            else (tr("Comfortable, under 1 hour"), _size(fits.within_an_hour))
        )
        self.fits.set_rows(
            [
                (tr("All weights"), _size(fits.full)),
                (tr("LoRA, 16-bit"), _size(fits.lora)),
                last,
            ]
        )
        self.fits.setToolTip(
            tr("Estimated for rows of 1,024 tokens, one at a time, activations recomputed; "
               "an hour means 1,000 rows of 300 tokens seen once.")
        )  # fmt: skip
        self.fits_block.show()

    def _on_use_changed(self) -> None:
        if self._found is None or not self._context.measured:
            return
        self.facts.set_rows(_facts(self._found, self._context.use))
        if self._found.machine.card is not None and self.isVisible():
            self._show_chart(self._found.machine.card)

    def _show_chart(self, card: hardware.Card) -> None:
        """Draw the card's memory since the window was opened, two hours at most."""
        points = list(self._context.watcher.history)
        if len(points) < 2:
            return
        if self._chart is None:
            self._chart = self._new_chart(card)
        self._chart.set_curve([t for t, _ in points], [used / 2**30 for _, used in points])
        first, last = points[0][0], points[-1][0]
        self._chart.set_x_ticks([first, (first + last) / 2, last], clock)

    def _new_chart(self, card: hardware.Card) -> SmallPlot:
        from studio.ui.charts.curve import SmallPlot

        chart = SmallPlot(tr("Card memory"), form="memory")
        chart.setFixedHeight(_CHART_HEIGHT)
        chart.set_limit(card.memory / 2**30)
        block = self.chart_block.layout()
        if block is not None:
            for part in (hairline(), Label(tr("Card memory, GB"), "small-name"), chart):
                block.addWidget(part)
        self.chart_block.show()
        return chart

    def _on_missing_asked(self) -> None:
        if self._found is not None:
            self.missing.set_checks(missing_for_card(self._found.machine, self._found.torch))
            self.missing.setVisible(not self.missing.isVisible())


class _Lack(QWidget):
    """What is missing, in one sentence and a muted one, and a link that explains it."""

    def __init__(self) -> None:
        super().__init__()
        self.title, self.text = Label("", "strong", wrap=True), Label("", "small", wrap=True)
        self.link = Link("", small=True)
        words = vbox(self.title, self.text, hbox(self.link, None), gap=3)
        mark = vbox(IconLabel("warning", "warn"), None)
        hbox(mark, words, gap=8, into=self).setStretch(1, 1)

    def say(self, title: str, text: str, link: str) -> None:
        """Say what is missing."""
        self.title.setText(title)
        self.text.setText(text)
        self.link.setText(link)


def missing_for_card(machine: hardware.Machine, torch: str) -> list[Check]:
    """Return what an NVIDIA card needs, and whether it is there."""
    driver = (
        Check("good", tr("NVIDIA driver {version}", version=machine.card.driver))
        if machine.card
        else Check("bad", tr("The NVIDIA driver does not answer"),
                   tr("Install the driver of your system, start the computer again, and see "
                      "whether the command nvidia-smi lists the card."))
    )  # fmt: skip
    build = (
        Check("bad", tr("PyTorch {version} is the build for processors", version=torch),
              tr("Install the build for CUDA in this environment; pytorch.org names the "
                 "command for your system."))
        if "+cpu" in torch
        else Check("good", tr("PyTorch {version}", version=torch or MISSING))
    )  # fmt: skip
    four_bit = (
        Check("good", tr("bitsandbytes for 4-bit and 8-bit"))
        if machine.four_bit
        else Check("warn", tr("bitsandbytes is not installed"), tr("4-bit and 8-bit need it."))
    )
    return [driver, build, four_bit]


def torch_version() -> str:
    """Return the version of the PyTorch that is installed, without loading it."""
    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        return ""


def _facts(found: _Found, now: hardware.Use) -> list[tuple[str, str]]:
    """Return names and values of the upper part."""
    machine, card = found.machine, found.machine.card
    four_bit = tr("available") if machine.four_bit else tr("not installed")
    memory = tr(
        "{free} of {total} GB free",
        free=gigabytes_number(now.memory_total - now.memory_used),
        total=whole_gigabytes(now.memory_total),
    )
    disk = tr("{size} free", size=file_size(found.disk))
    common = [(tr("Memory"), memory), (tr("Disk for runs"), disk), (tr("4-bit"), four_bit)]
    if card is None:
        cores = tr("{count} cores, bfloat16") if machine.bfloat16 else tr("{count} cores")
        return [(tr("Processor"), cores.format(count=machine.cores)), *common]
    short = card.name.removeprefix("GeForce ")
    name = tr("{card}, {memory} GB", card=short, memory=whole_gigabytes(card.memory))
    return [(tr("Graphics card"), name), (tr("Driver"), card.driver), *common]


def _size(count: int) -> str:
    """Return a model size in one figure after the point at most, or a dash."""
    if not count:
        return MISSING
    return f"{count / 1e9:.1f}B".replace(".0B", "B") if count >= 1e8 else parameters(count)


def _bytes_of(memory: object, machine: hardware.Machine) -> int:
    """Return what a living run takes where the next one would go."""
    if memory is None:
        return 0
    return int(getattr(memory, "reserved" if machine.card else "process"))


def _without(now: hardware.Use, ours: int) -> hardware.Use:
    """Return the use as it would be after our own runs."""
    used = max(0, now.memory_used - ours)
    card = replace(now.card, used=max(0, now.card.used - ours)) if now.card else None
    return replace(now, memory_used=now.memory_used if card else used, card=card)
