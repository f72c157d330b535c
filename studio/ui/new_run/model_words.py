"""A model in a few words: what it is, what of it this machine can train."""

from dataclasses import dataclass
from pathlib import Path

from studio.errors import HubError, Problem, StudioError
from studio.estimate import Estimate, by_method
from studio.flow import Draft
from studio.hardware import Machine, Use
from studio.models.facts import ModelFacts
from studio.ui.widgets.checks import Check
from studio.ui.widgets.tablemodel import Cell
from studio.ui.words import MISSING, count, file_size, gigabytes, parameters
from studio.words import tr, trn


def kind_words(facts: ModelFacts) -> str:
    """Return where a model is from and what it does, such as "Qwen · chat"."""
    maker = facts.source.split("/")[0] if facts.kind == "hub" else ""
    kinds = {
        "sample": tr("Sample"),
        "folder": tr("Folder"),
        "gguf": tr("GGUF file"),
        "hub": maker,
    }
    if not facts.generates:
        use = tr("reads, does not write")
    else:
        use = tr("chat") if facts.chat_template else tr("text")
    return f"{kinds[facts.kind]} · {use}"


def licence_words(facts: ModelFacts) -> str:
    """Return the licence that the model names, or that it names none."""
    return facts.licence or tr("licence not named")


def source_name(source: str) -> str:
    """Return the last part of a source, before anything else is known of it."""
    return Path(source).name or source


@dataclass(frozen=True)
class Trains:
    """What of a model this machine can train, with its mark."""

    text: str
    icon: str
    color: str
    rank: int


def needs(draft: Draft, facts: ModelFacts, machine: Machine, now: Use) -> dict[str, Estimate]:
    """Estimate the draft with this model by each method."""
    return by_method(draft.recipe, facts, draft.data_facts(), machine, now)


def trains(needed: dict[str, Estimate], four_bit: bool) -> Trains:
    """Say which ways of training fit."""
    fits = {key: need.verdict != "too large" for key, need in needed.items()}
    qlora = fits["qlora"] and four_bit
    if fits["full"]:
        return Trains(tr("All methods"), "check-circle", "good", 0)
    if fits["lora"]:
        text = tr("LoRA and QLoRA") if four_bit else tr("LoRA")
        return Trains(text, "check-circle", "good", 1)
    if qlora:
        return Trains(tr("QLoRA only"), "warning-circle", "warn", 2)
    least = min(need.total for key, need in needed.items() if four_bit or key in ("lora", "full"))
    return Trains(tr("No: needs {size}", size=gigabytes(least)), "x-circle", "text-muted", 3)


def facts_cells(facts: ModelFacts, able: Trains) -> list[Cell]:
    """Return the cells of a model that is known."""
    size = Cell(MISSING)
    if facts.bytes:
        size = Cell(file_size(facts.bytes), muted=True, sort=facts.bytes)
    if not facts.ready and facts.kind in ("hub", "sample"):
        size = Cell(tr("not fetched"), muted=True, sort=0)
    weights = Cell(MISSING)
    able_cell = Cell(MISSING)
    if facts.parameters:
        weights = Cell(parameters(facts.parameters), sort=facts.parameters)
        able_cell = Cell(able.text, icon=able.icon, color=able.color, sort=able.rank)
    name = Cell(facts.name, kind_words(facts), strong=True, tip=facts.source)
    return [name, weights, size, able_cell]


def unknown_cells(source: str, looking: bool) -> list[Cell]:
    """Return the cells of a model before it was looked at."""
    second = tr("Looking at it…") if looking else tr("Hugging Face · not on this computer")
    return [Cell(source_name(source), second, strong=True, tip=source), Cell(), Cell(), Cell()]


def problem_cells(source: str, error: StudioError) -> list[Cell]:
    """Return the cells of a model that cannot be used."""
    if isinstance(error, HubError):
        second = tr("Hugging Face · not on this computer")
        name = Cell(source_name(source), second, strong=True, tip=str(error))
        apart = Cell(tr("Not reached"), icon="cloud-slash", sort=8, tip=str(error))
        return [name, Cell(), Cell(), apart]
    name = Cell(source_name(source), error.sentence(), strong=True, tip=str(error))
    refused = Cell(tr("Cannot be used"), icon="x-circle", color="bad", sort=9, tip=str(error))
    return [name, Cell(), Cell(), refused]


def fact_rows(facts: ModelFacts) -> list[tuple[str, str]]:
    """Return what the side panel tells of a model."""
    shape = f"{facts.layers}, {count(facts.width)}" if facts.layers else MISSING
    context = tr("{tokens} tokens", tokens=count(facts.context)) if facts.context else MISSING
    return [
        (tr("Parameters"), parameters(facts.parameters) if facts.parameters else MISSING),
        (tr("Architecture"), facts.architecture or facts.model_type or MISSING),
        (tr("Layers, width"), shape),
        (tr("Vocabulary"), count(facts.vocabulary) if facts.vocabulary else MISSING),
        (tr("Context"), context),
        (tr("Data type"), facts.dtype or MISSING),
        (tr("Size on disk"), file_size(facts.bytes) if facts.bytes else MISSING),
    ]


def checks(facts: ModelFacts) -> list[Check]:
    """Return what was checked of a model."""
    found = [_weights_check(facts)]
    if facts.own_code:
        found.append(Check("warn", tr("It brings Python code of its own")))
    else:
        found.append(Check("good", tr("No code of its own is needed")))
    if facts.tokenizer:
        found.append(Check("good", tr("Has a tokenizer")))
    else:
        text = tr("Put the tokenizer's files into its folder.")
        found.append(Check("bad", tr("Has no tokenizer"), text))
    if facts.chat_template:
        found.append(Check("good", tr("Has a chat template")))
    elif facts.generates:
        detail = tr("Questions with one answer can be trained, conversations cannot.")
        found.append(Check("warn", tr("Has no chat template"), detail))
    return found


def _weights_check(facts: ModelFacts) -> Check:
    """Say what form the weights have, and whether all of them are there."""
    if facts.pickled:
        return Check("warn", tr("Weights are pickled"), tr("There are no safetensors."))
    if facts.kind == "gguf" and not facts.ready:
        detail = tr("They are unpacked to 16-bit safetensors once.")
        return Check("info", tr("Weights are GGUF, {type}", type=facts.dtype), detail)
    if not facts.ready:
        text = trn(
            "Weights are safetensors, {n} file", "Weights are safetensors, {n} files", facts.files
        )
        return Check("good", text)
    return Check(
        "good",
        trn(
            "Weights are safetensors, the file is whole",
            "Weights are safetensors, {n} of {n} files whole",
            facts.files,
        ),
    )


def as_problem(error: StudioError) -> Problem:
    """Return an error as the problem of the field that names the model."""
    problem = error.problem
    return Problem("model.source", problem.text, problem.next_step, problem.values)
