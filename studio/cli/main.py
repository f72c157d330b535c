"""Take a command line apart, do what it says, and turn what goes wrong into a sentence."""

import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Annotated

import typer
from typer.exceptions import TyperException

from studio import __version__, settings
from studio.cli.terminal import complain, note, result, speak_utf8
from studio.errors import StudioError
from studio.words import mark, tr, use_language

NAME = "finetune-studio"

# Name, module, function, help. A module is imported only when its command may be meant.
_COMMANDS: tuple[tuple[str, str, str, str], ...] = (
    ("train", "train", "train", mark("Train a recipe; the last line is the run's folder.")),
    ("check", "recipes", "check", mark("Find everything that is wrong with a recipe.")),
    ("estimate", "recipes", "estimate", mark("Estimate a recipe's memory, time and disk.")),
    ("chat", "results", "chat", mark("Ask a run's model something.")),
    ("export", "results", "export", mark("Write a run's result into a folder.")),
    ("methods", "methods", "list_methods", mark("List, explain or recommend methods.")),
    ("runs", "runs", "list_runs", mark("List the runs.")),
    ("watch", "train", "watch", mark("Watch a run that is being trained.")),
    ("stop", "train", "stop", mark("Stop a run after this step and keep what it learnt.")),
    ("resume", "train", "resume", mark("Go on with a run from its last checkpoint.")),
    ("doctor", "doctor", "doctor", mark("Show what this computer has, and what is wrong.")),
)


def main(arguments: list[str]) -> int:
    """Do what the arguments say; return 0 only when it worked, 2 for a wrong usage."""
    # --debug may stand anywhere, also behind the command, so it is taken out beforehand.
    debug = "--debug" in arguments
    given = [argument for argument in arguments if argument != "--debug"]
    speak_utf8()
    use_language(settings.load().language)
    try:
        return _run(given)
    except TyperException as usage:
        return _explain(usage)
    except Exception as error:  # noqa: BLE001 - the last guard: a person gets a sentence
        if debug:
            note(getattr(error, "detail", ""))
            traceback.print_exception(error)
        return complain(_worded(error), as_json="--json" in given)


def _run(arguments: list[str]) -> int:
    """Run the command that the arguments name and return its exit code."""
    tree = _translated(_build(arguments[0] if arguments else ""))
    code = tree(args=arguments, prog_name=NAME, standalone_mode=False)
    return int(code or 0)


def _build(wanted: str) -> typer.Typer:
    """Lay the wanted command, or where there is none of that name, all of them together."""
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        help=mark("Fine-tune a model on this computer. Without a command the window opens."),
    )
    app.callback()(_root)
    named = [command for command in _COMMANDS if command[0] == wanted]
    for name, module, function, text in named or _COMMANDS:
        act = getattr(import_module(f"studio.cli.{module}"), function)
        app.command(name, help=text)(act)
    return app


def _version(asked: bool) -> None:
    """Print the version and leave."""
    if asked:
        result(__version__)
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help=mark("Print the version and leave.")
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help=mark("Print tracebacks; may stand anywhere."))
    ] = False,
) -> None:
    """Take the options that belong to no command; `main` has seen to both by now."""


def _translated(app: typer.Typer) -> Callable[..., int | None]:
    """Return the command tree with its help in the person's language."""
    tree = typer.main.get_command(app)
    for command in (tree, *getattr(tree, "commands", {}).values()):
        command.help = tr(command.help or "")
        for parameter in command.params:
            parameter.help = tr(parameter.help or "")
    return tree


def _explain(usage: TyperException) -> int:
    """Tell a wrong usage with the help that fits; return 2."""
    context = getattr(usage, "ctx", None)
    command = context.command_path if context else NAME
    message = usage.format_message()
    message = message if message.endswith((".", "?")) else f"{message}."
    note(f"{message} " + tr("See: {command} --help", command=command))
    return usage.exit_code


def _worded(error: Exception) -> StudioError:
    """Return the error as a person can read it."""
    if isinstance(error, StudioError):
        return error
    return StudioError(
        mark("Something went wrong that should not: {kind}: {reason}."),
        mark("Run the command again with --debug and report what it prints."),
        kind=type(error).__name__,
        reason=str(error).rstrip("."),
    )
