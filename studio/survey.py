"""Look at all that a recipe names, without torch: model, rows, task; what is wrong or needed."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from studio import settings
from studio.errors import DiskError, Problem, StudioError
from studio.estimate import DataFacts, Estimate, estimate
from studio.formats.detect import BadRow, load_rows
from studio.formats.shelf import layout, layout_title
from studio.hardware import Machine, Use, free_disk, machine, use
from studio.methods import check as method_check
from studio.methods.catalogue import knobs_for
from studio.models.facts import ModelFacts
from studio.models.inspect import inspect
from studio.recipe import Recipe
from studio.rows import Row
from studio.tasks.shelf import resolve, tasks
from studio.tasks.task import Task
from studio.words import mark, tr

_T = TypeVar("_T")

_CHARACTERS_A_TOKEN = 3.6  # English with the tokenizers of 2023 to 2026; others count one each
_TOKENS_A_TURN = 6
_LEAST_ROOM = 16  # tokens of a row: a short question with its answer
_TOKENS_A_PICTURE = 197  # ViT-B/16 at 224 × 224: 14 × 14 patches and one for the class


@dataclass(frozen=True)
class DataSurvey:
    """The rows as they were read, and their figures."""

    layout: str
    gives: str
    rows: list[Row] = field(repr=False)
    held_out: list[Row] = field(repr=False)
    bad: list[BadRow] = field(repr=False)
    facts: DataFacts


@dataclass(frozen=True)
class Survey:
    """All that is known before a start."""

    model: ModelFacts | None
    data: DataSurvey | None
    task: Task | None
    problems: list[Problem]
    estimate: Estimate | None


def survey(
    recipe: Recipe,
    now: Use | None = None,
    here: Machine | None = None,
    runs: Path | None = None,
) -> Survey:
    """Look at everything and return every problem at once; `runs` is where the run will lie."""
    problems: list[Problem] = []
    here, now = here or machine(), now or use()
    named = recipe.model
    model = _try(problems, "model.source", lambda: inspect(named.source, named.revision))
    data = _try(problems, "data.files", lambda: survey_data(recipe))
    task = None
    if data:
        task = _try(problems, "task.name", lambda: resolve(recipe.task.name, data.gives, model))
    problems += model_problems(recipe, model) + task_problems(task, data, model)
    problems += training_problems(recipe, model) + batch_problems(recipe, task)
    problems += method_problems(recipe, task.name, here, model) if task else []
    need = None
    if model and data and not any(p.field.startswith("method") for p in problems):
        need = estimate(recipe, model, data.facts, here, now)
        problems += disk_problems(need.disk, runs or settings.load().runs)
    return Survey(model, data, task, problems, need)


def _try(problems: list[Problem], field_name: str, look: Callable[[], _T]) -> _T | None:
    """Return what `look` finds, or note its error as a problem of the field."""
    try:
        return look()
    except StudioError as reason:
        problems.append(replace(reason.problem, field=field_name))
        return None


def survey_data(recipe: Recipe) -> DataSurvey:
    """Read the rows, hold some out, count them; raises DataError."""
    chosen = recipe.data
    read = load_rows(chosen.files, chosen.layout, chosen.max_rows, _wanted(recipe))
    bad = read.bad
    if chosen.eval_files:
        apart = load_rows(chosen.eval_files, read.layout)
        rows, held, bad = read.good, apart.good, [*bad, *apart.bad]
    else:
        rows, held = split(read.good, chosen.eval_share, recipe.training.seed)
    gives = layout(read.layout).gives
    facts = _figures(rows, held, gives, read.layout)
    return DataSurvey(read.layout, gives, rows, held, bad, facts)


def _wanted(recipe: Recipe) -> tuple[str, ...]:
    """Return the parts of a row that the named task learns from; nothing where none is named."""
    known = tasks().get(recipe.task.name)
    return known.needs if known else ()


def split(rows: list[Row], share: float, seed: int) -> tuple[list[Row], list[Row]]:
    """Part rows into trained and held out, the same way each time; at least one row is trained."""
    count = min(round(len(rows) * share), len(rows) - 1)
    if share > 0 and count == 0 and len(rows) > 4:
        count = 1
    held = set(random.Random(seed).sample(range(len(rows)), count))
    trained = [row for index, row in enumerate(rows) if index not in held]
    return trained, [rows[index] for index in sorted(held)]


def _figures(rows: list[Row], held: list[Row], gives: str, layout_name: str) -> DataFacts:
    """Count rows and estimate tokens, before any tokenizer is there."""
    sizes = [_sequences(row) for row in rows]
    answers = sum(answer_tokens_of(row) for row in rows)
    total = sum(map(sum, sizes))
    return DataFacts(
        rows=len(rows),
        eval_rows=len(held),
        mean_tokens=total / len(rows) if rows else 0.0,
        longest=max(map(max, sizes), default=0),
        trained_share=answers / total if total else 1.0,
        gives=gives,
        layout=layout_name,
    )


def tokens_of(row: Row) -> int:
    """Estimate the tokens that a row has at once: of a pair, those of its longer text."""
    return max(_sequences(row))


def answer_tokens_of(row: Row) -> int:
    """Estimate how many of a row's tokens are trained on when only answers are."""
    if not row.messages:
        return sum(_sequences(row))
    return sum(_tokens(turn.content) + 1 for turn in row.messages if turn.role == "assistant")


def _sequences(row: Row) -> list[int]:
    """Estimate the tokens of each sequence that the model reads for a row."""
    if row.image:
        return [_TOKENS_A_PICTURE]
    if row.tokens:
        return [sum(map(_tokens, row.tokens))]
    if row.positive:
        texts = (row.text, row.positive, row.negative)
        return [_tokens(text) + _TOKENS_A_TURN for text in texts if text]
    asked = [row.passage, row.text] if row.passage else [row.text]
    parts = [turn.content for turn in row.messages] or asked
    return [sum(_tokens(text) + _TOKENS_A_TURN for text in parts)]


def _tokens(text: str) -> int:
    """Estimate a text's tokens: Latin letters share one, Chinese characters take one each."""
    plain = len(text.encode("ascii", "ignore"))
    return int(plain / _CHARACTERS_A_TOKEN) + (len(text) - plain) + 1


def model_problems(recipe: Recipe, model: ModelFacts | None) -> list[Problem]:
    """Refuse what is not safe or not complete, unless the person agreed to it."""
    found: list[Problem] = []
    if model and model.pickled and not recipe.model.allow_pickle:
        found.append(
            Problem(
                "model.allow_pickle",
                mark("{model} has only pickled weights, which can run any program when read."),
                mark("Choose a model with safetensors, or agree to it on the model page."),
                {"model": model.name},
            )
        )
    if model and model.own_code and not recipe.model.trust_remote_code:
        found.append(
            Problem(
                "model.trust_remote_code",
                mark("{model} brings Python code of its own, which would run with your rights."),
                mark("Choose another model, or agree to it on the model page."),
                {"model": model.name},
            )
        )
    if model and not model.tokenizer and not model.sees:
        found.append(
            Problem(
                "model.source",
                mark("{model} has no tokenizer."),
                mark("Put the tokenizer's files into its folder."),
                {"model": model.name},
            )
        )
    return found


def task_problems(
    task: Task | None, data: DataSurvey | None, model: ModelFacts | None
) -> list[Problem]:
    """Hold the task against rows and model."""
    if task is None or data is None:
        return []
    if data.gives not in task.needs:
        return [
            Problem(
                "task.name",
                mark("The task {task} needs other columns than the layout {layout} has."),
                mark("Choose another task, or another layout on the data page."),
                {"task": tr(task.title), "layout": layout_title(data.layout)},
            )
        ]
    return task.problems(data.rows, model) if model else []


def training_problems(recipe: Recipe, model: ModelFacts | None) -> list[Problem]:
    """Refuse a longest row that was asked for and that the model cannot read."""
    longest = recipe.training.max_length
    if "max_length" not in recipe.training.model_fields_set:
        return []  # the default gives way to the model, see longest_row
    if model is None or not model.context or longest <= model.context:
        return []
    return [
        Problem(
            "training.max_length",
            mark("{model} reads at most {context:,} tokens; the longest row may have {longest:,}."),
            mark("Set the longest row to {context} or less."),
            {"model": model.name, "context": model.context, "longest": longest},
        )
    ]


def batch_problems(recipe: Recipe, task: Task | None) -> list[Problem]:
    """Refuse batches in which the task would learn nothing: pairs are told from each other."""
    if task is None or recipe.training.batch_size >= task.least_batch:
        return []
    return [
        Problem(
            "training.batch_size",
            mark("“{task}” learns from rows beside each other, and a batch holds {size}."),
            mark("Set the batch to {least} or more."),
            {"task": tr(task.title), "size": recipe.training.batch_size, "least": task.least_batch},
        )
    ]


def longest_row(recipe: Recipe, model: ModelFacts) -> int:
    """Return the tokens of the longest row: as the recipe says, or what the model can read."""
    longest, most = recipe.training.max_length, most_read(recipe, model)
    return min(longest, most) if most else longest


def most_read(recipe: Recipe, model: ModelFacts) -> int:
    """Return the tokens of a row that the model can read beside the method's; 0 means unknown."""
    return max(1, model.context - _learnt_in_front(recipe, model)) if model.context else 0


def _learnt_in_front(recipe: Recipe, model: ModelFacts) -> int:
    """Return the tokens at most that the method lays in front of each row."""
    knobs = knobs_for(recipe, model)
    text, number = knobs.get("cpt_text"), knobs.get("num_virtual_tokens")
    written = len(str(text).encode()) + 1 if text is not None else 0  # a token is a byte or more
    return written + (number if isinstance(number, int) else 0)  # others are refused by their knob


def method_problems(
    recipe: Recipe, task: str, here: Machine, model: ModelFacts | None
) -> list[Problem]:
    """Hold the method against task, machine and model, and what it lays before the rows too."""
    found = method_check.problems(recipe, task, here, model)
    wrong = {problem.field for problem in found}
    room = room_problems(recipe, model) if model and "method.name" not in wrong else []
    return found + [problem for problem in room if problem.field not in wrong]


def room_problems(recipe: Recipe, model: ModelFacts) -> list[Problem]:
    """Refuse a method that lays so much before each row that the model cannot read the row."""
    in_front = _learnt_in_front(recipe, model)
    if not model.context or not in_front or model.context - in_front >= _LEAST_ROOM:
        return []
    most = max(1, model.context - _LEAST_ROOM)
    values = {"model": model.name, "context": model.context, "count": in_front, "most": most}
    if "cpt_text" in knobs_for(recipe, model):
        text = mark(
            "The prompt can be {count:,} tokens; {model} reads {context:,}, the row among them."
        )
        step = mark("Write it in {most} bytes or less: a letter is one, a Chinese character three.")
        return [Problem("method.cpt_text", text, step, {**values, "most": max(1, most - 1)})]
    text = mark(
        "{count:,} learnt tokens leave no room for the row; {model} reads {context:,} in all."
    )
    return [Problem("method.num_virtual_tokens", text, mark("Set them to {most} or less."), values)]


def disk_problems(needed: int, folder: Path) -> list[Problem]:
    """Refuse a run whose checkpoints the disk has no room for."""
    try:
        free = free_disk(folder)
    except DiskError as reason:
        return [replace(reason.problem, field="output.name")]
    if needed <= free:
        return []
    return [
        Problem(
            "output.name",
            mark("The run needs {needed:.1f} GB on the disk, which has {free:.1f} GB free."),
            mark("Free some space, or choose another folder for runs in the settings."),
            {"needed": needed / 1e9, "free": free / 1e9},
        )
    ]


def fields_of(problems: Iterable[Problem], section: str) -> list[Problem]:
    """Return the problems of one section of the recipe."""
    return [problem for problem in problems if problem.field.split(".")[0] == section]
