"""What the service can do: one function a request."""

from pathlib import Path
from typing import Any

from studio.engine.arguments import planned_steps
from studio.engine.completed import Given
from studio.engine.examples import Encoded, encode, nothing_left, setting_of, warnings
from studio.engine.export import export
from studio.engine.fitting import Case, fit
from studio.engine.generate import answer, reference_loss
from studio.engine.load import load_processor
from studio.engine.prepare import prepare, prepare_for
from studio.engine.result import Loaded, free, open_result
from studio.engine.sampling import predict
from studio.engine.service import Reply, Request
from studio.errors import DataError, MethodError, Problem
from studio.methods.catalogue import knobs_for, method
from studio.models.folder import inspect_folder
from studio.recipe import Recipe
from studio.rows import Row, RowError
from studio.runs.held_out import load_saved
from studio.survey import DataSurvey, survey_data
from studio.tasks.shelf import resolve
from studio.tasks.task import IGNORED, Example, Question, Setting, Task
from studio.words import mark, tr

_LONGEST_ANSWER = 256


class _Kept:
    """What stays in memory between requests: one loaded run, one encoded set of rows."""

    def __init__(self) -> None:
        self.loaded: Loaded | None = None
        self.rows_key = ""
        self.rows: tuple[DataSurvey, Task, Any, Setting] | None = None


_kept = _Kept()


def _prepare(request: Request) -> Reply:
    """Fetch or unpack a base model."""
    values = request.values
    folder = prepare(
        values["source"],
        values.get("revision", ""),
        request.progress,
        request.stopped,
        pickles=bool(values.get("allow_pickle")),
        code=bool(values.get("trust_remote_code")),
    )
    return {"folder": str(folder)}


def _check(request: Request) -> Reply:
    """Encode every row and count what is trained, cut and left out."""
    data, task, processor, setting = _rows(request)
    found = encode(data.rows, task, processor, setting)
    held_out = encode(data.held_out, task, processor, setting)
    sizes = [len(example.ids) for example in found.examples]
    told = [*_nothing_left(found, data, setting), *warnings(found, held_out, data, setting)]
    return {
        "rows": len(data.rows),
        "kept": len(data.rows) - len(found.left_out),
        "left_out": len(found.left_out),
        "cut": found.cut,
        "tokens": found.tokens,
        "trained_tokens": found.trained,
        "longest": max(sizes, default=0),
        "mean": sum(sizes) / len(sizes) if sizes else 0.0,
        "problems": [_plain_problem(problem) for problem in told],
    }


def _fit(request: Request) -> Reply:
    """Put the method on the model's shapes: what it would train, or which setting does not fit."""
    recipe = Recipe.model_validate(request.values["recipe"])
    data, task, processor, setting = _rows(request)
    folder = prepare_for(recipe.model, request.progress, request.stopped)
    given = Given(planned_steps(recipe, len(data.rows)), processor)
    knobs = knobs_for(recipe, inspect_folder(folder))
    trust = recipe.model.trust_remote_code
    case = Case(folder, method(recipe.method.name), knobs, task, setting, given, trust)
    try:
        found = fit(case)
    except MethodError as error:
        return {"trainable": 0, "total": 0, "problems": [_plain_problem(error.problem)]}
    return {"trainable": found.trainable, "total": found.total, "problems": []}


def _nothing_left(found: Encoded, data: DataSurvey, setting: Setting) -> list[Problem]:
    """Return the problem of a set of which nothing can be trained on."""
    return [] if found.examples else [nothing_left(found, data, setting).problem]


def _plain_problem(problem: Problem) -> Reply:
    """Return a problem as JSON knows it."""
    return {
        "field": problem.field,
        "text": problem.text,
        "next_step": problem.next_step,
        "values": {key: str(value) for key, value in problem.values.items()},
    }


def _preview(request: Request) -> Reply:
    """Return rows as the model will see them, in pieces that are trained on or only read."""
    data, task, processor, setting = _rows(request)
    start, count = int(request.values.get("start", 0)), int(request.values.get("count", 1))
    shown = data.rows[start : start + count]
    rows = [_shown(start + i, row, task, processor, setting) for i, row in enumerate(shown)]
    return {"layout": data.layout, "total": len(data.rows), "rows": rows}


def _shown(number: int, row: Row, task: Task, processor: Any, setting: Setting) -> Reply:
    """Return one row in pieces, or why nothing of it is trained on."""
    try:
        example = task.encode(row, processor, setting)[0]
    except RowError as reason:
        problem = tr(reason.text, **reason.values)
        return {"number": number, "pieces": [], "tokens": 0, "trained": 0, "problem": problem}
    per_token = task.next_token or task.needs == ("tags",)
    counted = per_token or task.generates
    trained = int((example.labels != IGNORED).sum()) if counted else 0
    question = None if task.generates else task.question(row)
    return {
        "number": number,
        "pieces": _shown_pieces(example, task, processor, per_token),
        "tokens": len(example.ids),
        "trained": trained,
        "label": question.reference if question else "",
    }


def _shown_pieces(example: Example, task: Task, processor: Any, per_token: bool) -> list[Reply]:
    """Return what is read and what is learnt of an example as text; a picture has none."""
    if task.processor == "image":
        return []
    pieces = _pieces(example, processor, per_token)
    if task.generates and not per_token:  # what is written stands apart from what is read
        pieces.append({"text": processor.decode(example.labels), "trained": True})
    return pieces


def _pieces(example: Example, tokenizer: Any, per_token: bool) -> list[Reply]:
    """Join neighbouring tokens of one kind into pieces of text."""
    ids = example.ids.tolist()
    flags = (example.labels != IGNORED).tolist() if per_token else [False] * len(ids)
    pieces: list[Reply] = []
    begin = 0
    for end in range(1, len(ids) + 1):
        if end == len(ids) or flags[end] != flags[begin]:
            text = tokenizer.decode(ids[begin:end], clean_up_tokenization_spaces=False)
            pieces.append({"text": text, "trained": flags[begin]})
            begin = end
    return pieces


def _rows(request: Request) -> tuple[DataSurvey, Task, Any, Setting]:
    """Read the recipe's rows and tokenizer, once for the same recipe."""
    recipe = Recipe.model_validate(request.values["recipe"])
    sections = ("model", "data", "task")
    key = f"{recipe.model_dump_json(include=set(sections))} {recipe.training.max_length}"
    if _kept.rows is None or _kept.rows_key != key:
        _kept.rows, _kept.rows_key = _read_rows(recipe, request), key
    return _kept.rows


def _read_rows(recipe: Recipe, request: Request) -> tuple[DataSurvey, Task, Any, Setting]:
    """Read rows and tokenizer."""
    folder = prepare_for(recipe.model, request.progress, request.stopped)
    request.progress("data", 0, 0)
    data = survey_data(recipe)
    facts = inspect_folder(folder)
    task = resolve(recipe.task.name, data.gives, facts)
    setting = setting_of(recipe, facts, task, [*data.rows, *data.held_out])
    processor = load_processor(folder, task, recipe.model.trust_remote_code)
    return data, task, processor, setting


def _chat(request: Request) -> Reply:
    """Answer a prompt with the base model and the tuned one, streamed where it is text.

    A side's reply has "tokens", "seconds" and "loss", or "prediction" (a Prediction, or None for
    a base model whose head was never trained).
    """
    loaded = _loaded(request)
    asked = _question(loaded, request)
    return {
        side: _one_side(loaded, side, asked, request)
        for side in request.values.get("sides", ["tuned"])
    }


def _question(loaded: Loaded, request: Request) -> Question:
    """Return what is asked, with the texts among which the nearest are looked for."""
    values = request.values
    held_out = load_saved(loaded.result.folder.held_out)
    return Question(
        values.get("prompt") or "",
        values.get("reference") or "",
        tuple(values.get("messages") or ()),
        passage=values.get("passage") or "",
        image=values.get("image") or "",
        candidates=loaded.result.task.candidates(held_out),
    )


def _one_side(loaded: Loaded, side: str, question: Question, request: Request) -> Reply:
    """Answer with one side."""
    task = loaded.result.task
    if side == "base" and not task.base_answers:
        return {"prediction": None}
    with loaded.side(side) as model:
        if not task.generates:
            return {"prediction": _prediction(model, loaded, question)}
        _text, tokens, seconds = answer(
            model,
            loaded.processor,
            question,
            longest=int(request.values.get("max_new_tokens") or _LONGEST_ANSWER),
            told=lambda piece: request.text(side, piece),
            stopped=request.stopped,
        )
        loss = _loss(model, loaded, question)
    return {"tokens": tokens, "seconds": seconds, "loss": loss}


def _prediction(model: Any, loaded: Loaded, question: Question) -> Reply:
    """Return a prediction; raises DataError for what cannot be asked."""
    result = loaded.result
    try:
        return predict(result.task, model, loaded.processor, question, result.setting).as_json()
    except RowError as reason:
        raise DataError(reason.text, mark("Ask something else."), **reason.values) from reason


def _loss(model: Any, loaded: Loaded, question: Question) -> float | None:
    """Return the loss on the reference, where there is one."""
    if not question.reference:
        return None
    turns = question.messages or ({"role": "user", "content": question.prompt},)
    asked = Question(question.prompt, question.reference, turns)
    result = loaded.result
    return reference_loss(
        model, loaded.processor, asked, question.reference, result.task, result.setting.max_length
    )


def _loaded(request: Request) -> Loaded:
    """Return the run's model, loaded once."""
    path = Path(request.values["run"])
    if _kept.loaded is None or _kept.loaded.result.folder.path != path:
        _release(request)
        result = open_result(path, request.progress)
        request.progress("load", 0, 0)
        _kept.loaded = Loaded(result)
    return _kept.loaded


def _export(request: Request) -> Reply:
    """Export a run."""
    _release(request)
    result = open_result(Path(request.values["run"]), request.progress)
    out = Path(request.values["out"]).expanduser()
    return export(result, request.values["to"], out, request.progress, request.stopped)


def _release(_request: Request) -> Reply:
    """Give the model's memory back, as before a run starts on the same card."""
    if _kept.loaded is not None:
        device = _kept.loaded.result.device.name
        _kept.loaded = None
        free(device)
    return {}


HANDLERS = {
    "prepare": _prepare,
    "check": _check,
    "fit": _fit,
    "preview": _preview,
    "chat": _chat,
    "export": _export,
    "release": _release,
}
