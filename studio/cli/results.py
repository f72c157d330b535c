"""What a run has brought: ask it something, write it into a folder."""

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from studio.cli import numbers
from studio.cli.options import AsJson, RunName, Runs, runs_folder
from studio.cli.terminal import document, note, result, waiting
from studio.errors import RunError
from studio.exports.shelf import target
from studio.runs.folder import find
from studio.runs.service import Reply, Service
from studio.words import mark, tr

_ANSWER_TOKENS = 512
_SCORES = 10
_VERDICTS = {
    "same": mark("The merged model answers as the adapter did: {same} of {tokens} tokens agree."),
    "close": mark(
        "The merged model answers nearly as the adapter did: {same} of {tokens} tokens agree."
    ),
    "different": mark(
        "The merged model answers differently: only {same} of {tokens} tokens agree. "
        "Use the adapter instead."
    ),
}


def chat(
    run: RunName,
    prompt: Annotated[
        str, typer.Option("--prompt", metavar="TEXT", help=mark("What to ask."))
    ] = "",
    passage: Annotated[
        str,
        typer.Option("--passage", metavar="TEXT", help=mark("Where the answer is looked for.")),
    ] = "",
    image: Annotated[
        Path | None, typer.Option("--image", metavar="FILE", help=mark("A picture to sort."))
    ] = None,
    base: Annotated[
        bool, typer.Option("--base", help=mark("Ask the base model instead, as it was before."))
    ] = False,
    runs: Runs = None,
) -> int:
    """Stream the answer to stdout; where the model writes no text, print what it says of yours."""
    if not (prompt or image):
        raise typer.BadParameter(tr("Give a text with --prompt, or a picture with --image."))
    folder = find(run, runs_folder(runs))
    side = "base" if base else "tuned"
    with Service() as service:
        replies = service.call(
            "chat",
            run=str(folder.path),
            prompt=prompt,
            passage=passage,
            image=str(image.expanduser().absolute()) if image else "",
            messages=None,
            reference=None,
            sides=[side],
            max_new_tokens=_ANSWER_TOKENS,
        )
        with waiting(tr("Loading the model…")):
            reply = next(reply for reply in replies if reply["kind"] != "progress")
        _write(reply)
        for reply in replies:
            _write(reply)
    told = reply.get(side) or {}
    result(_said(told["prediction"]) if "prediction" in told else "")
    return 0


def _write(reply: Reply) -> None:
    """Write a piece of the answer as it comes."""
    if reply["kind"] == "text":
        sys.stdout.write(reply["text"])
        sys.stdout.flush()


def _said(prediction: dict[str, Any] | None) -> str:
    """Return a prediction in words, and what it was chosen among; raises RunError for none."""
    if prediction is None:
        raise RunError(
            mark("The base model was never trained for this task, so it says nothing."),
            mark("Ask without --base."),
        )
    scores = [f"  {value:7.3f}  {name}" for name, value in prediction["scores"]]
    return "\n".join([prediction["words"], *scores[:_SCORES]])


def export(
    run: RunName,
    to: Annotated[
        str, typer.Option("--to", metavar="TARGET", help=mark("What to write: adapter or merged."))
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help=mark("A folder that is new or empty."))
    ],
    as_json: AsJson = False,
    runs: Runs = None,
) -> int:
    """Write the export and say whether it answers as the run does; 1 when it does not."""
    chosen = target(to).name
    folder = find(run, runs_folder(runs))
    made = _export(folder.path, chosen, out.expanduser().absolute())
    parity = made["parity"]
    if as_json:
        document(made)
    else:
        note(_made_text(made))
        result(made["folder"])
    return 1 if parity and parity["verdict"] == "different" else 0


def _export(run: Path, to: str, out: Path) -> dict[str, Any]:
    """Have the engine write the export, with its progress on stderr; return its result."""
    from studio.cli.progress import Shown, stage_text

    reply: Reply = {}
    began = time.monotonic()
    with Service() as service, Shown() as shown:
        shown.show(stage_text("start"))
        for reply in service.call("export", run=str(run), to=to, out=str(out)):
            if reply["kind"] == "progress":
                shown.show(stage_text(reply["stage"]), reply["done"], reply["total"])
    keys = ("folder", "bytes", "parity")
    return {**{key: reply[key] for key in keys}, "seconds": time.monotonic() - began}


def _made_text(made: dict[str, Any]) -> str:
    """Return what was written and how it compares."""
    size, seconds = numbers.disk(made["bytes"]), numbers.duration(made["seconds"])
    wrote = tr("Wrote {size} in {time}.", size=size, time=seconds)
    return f"{wrote}\n{_parity_text(made['parity'])}" if made["parity"] else wrote


def _parity_text(parity: dict[str, Any]) -> str:
    """Return the comparison's result in words, with the loss on both sides."""
    text = tr(
        _VERDICTS[parity["verdict"]],
        same=f"{parity['same_tokens']:.1%}",
        tokens=f"{parity['tokens']:,}",
    )
    ours, theirs = parity.get("loss_adapter"), parity.get("loss_merged")
    if ours is None:
        return text
    losses = {"adapter": numbers.figure(ours), "merged": numbers.figure(theirs)}
    return text + "\n" + tr("Loss on held-out rows: adapter {adapter}, merged {merged}.", **losses)
