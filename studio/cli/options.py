"""Arguments and options that several commands share; help texts are translated in cli/main.py."""

from pathlib import Path
from typing import Annotated

import typer

from studio import settings
from studio.words import mark

RecipeName = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE",
        help=mark(
            'A recipe file, or the name of one that comes with the program, such as "sample".'
        ),
    ),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help=mark("Change a value of the recipe, such as training.max_steps=20; can be repeated."),
    ),
]
RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help=mark("A run's folder, its name, or a part that only it has.")
    ),
]
Runs = Annotated[
    Path | None,
    typer.Option(
        "--runs", metavar="DIR", help=mark("Folder of the runs; else the one in the settings.")
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help=mark("Print one JSON document instead."))]


def runs_folder(given: Path | None) -> Path:
    """Return the folder that an option names, or the one in the settings."""
    return (given.expanduser() if given else settings.load().runs).absolute()
