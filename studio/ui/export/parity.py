"""Is the export the same model? What the comparison of logits found, in words."""

from typing import Any

from PySide6.QtWidgets import QFrame, QWidget

from studio.ui.theme import set_props
from studio.ui.widgets.checks import Check, CheckList
from studio.ui.widgets.facts import FactRows
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import clear, hairline, holder, vbox
from studio.ui.words import count, loss
from studio.words import tr


class ParityPanel(QWidget):
    """One block for each export that answers by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.about = Label("", "muted", wrap=True)
        self.blocks = vbox(gap=16)
        vbox(
            Label(tr("Is the export the same model?"), "lead"),
            self.about,
            holder(self.blocks),
            None,
            gap=8,
            margins=24,
            into=self,
        )
        self.clear()

    def clear(self) -> None:
        """Say what will be here."""
        clear(self.blocks)
        self.about.setText(
            tr("After writing, the merged model answers held-out prompts as the adapter does.")
        )

    def add(self, name: str, parity: dict[str, Any] | None) -> None:
        """Show what was compared of an export; an adapter is a copy and needs no comparison."""
        if parity is None:
            return
        self.about.setText(
            tr(
                "{prompts} held-out prompts, {tokens} tokens, against the adapter.",
                prompts=count(parity["prompts"]),
                tokens=count(parity["tokens"]),
            )
        )
        self.blocks.addWidget(hairline())
        self.blocks.addWidget(Label(name, "section"))
        self.blocks.addWidget(FactRows(_facts(parity)))
        self.blocks.addWidget(CheckList([_verdict(parity)]))
        if parity.get("words"):
            self.blocks.addWidget(_difference(parity))


def _facts(parity: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the figures."""
    facts = [
        (tr("Same tokens"), f"{parity['same_tokens']:.1%}"),
        (tr("Largest logit difference"), f"{parity['largest_difference']:.3g}"),
    ]
    if parity.get("loss_adapter") is not None:
        facts.append((tr("Loss on these prompts, adapter"), loss(parity["loss_adapter"])))
        facts.append((tr("Loss on these prompts, merged"), loss(parity["loss_merged"])))
    return facts


def _verdict(parity: dict[str, Any]) -> Check:
    """Return the verdict as a check."""
    words = {
        "same": (
            "good",
            tr("The same but for rounding"),
            tr("Weights are rounded to 16-bit once more."),
        ),
        "close": ("good", tr("Close to the adapter"), tr("Rounding changes a few tokens.")),
        "different": (
            "bad",
            tr("Not the same model"),
            tr("Use the adapter, and report this with the run's log."),
        ),
    }
    kind, text, detail = words[parity["verdict"]]
    return Check(kind, text, detail)


def _difference(parity: dict[str, Any]) -> QWidget:
    """Show the first token at which the two part."""
    box = QFrame()
    set_props(box, part="sunken")
    first = parity["first_difference"]
    place = tr(
        "First difference: prompt {prompt}, token {token}",
        prompt=first["prompt"] + 1,
        token=count(first["position"] + 1),
    )
    vbox(
        Label(place, "small"),
        Label(tr("Adapter: “{text}”", text=parity["words"]["adapter"].strip()), selectable=True),
        Label(tr("Merged: “{text}”", text=parity["words"]["merged"].strip()), selectable=True),
        gap=4,
        margins=12,
        into=box,
    )
    return box
