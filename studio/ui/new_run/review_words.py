"""The recipe in words for the Review step: what will be trained, from what, how, and where to."""

from pathlib import Path

from studio.estimate import Estimate
from studio.flow import Draft
from studio.formats.shelf import layout_title
from studio.hardware import Machine
from studio.methods.catalogue import knobs_for, method, quantization
from studio.recipe import Recipe
from studio.recipe.fields import describe
from studio.recipe.model import TrainingSection
from studio.ui.describe import data_name, model_name
from studio.ui.new_run.review_cards import Line
from studio.ui.widgets.numbers import number_text
from studio.ui.words import count, parameters, percent
from studio.words import tr, trn


def lines(draft: Draft, machine: Machine, need: Estimate | None, runs: Path) -> list[Line]:
    """Return the parts of the recipe in words; those that are missing say so."""
    recipe = draft.recipe
    return [
        Line(tr("Model"), model_name(recipe), _loaded(recipe, machine), "new_run", "model"),
        Line(tr("Data"), _data(draft), _left_out(draft), "new_run", "data"),
        Line(tr("Task"), *_task(draft), "new_run", "task"),
        Line(tr("Method"), *_method(draft, need), "new_run", "method"),
        Line(tr("Training"), *_training(recipe), "new_run", "training"),
        Line(tr("Output"), str(runs), _kept(recipe), "settings"),
    ]


def _loaded(recipe: Recipe, machine: Machine) -> str:
    """Say in which format weights are held and numbers computed."""
    number = computes_in(recipe, machine)
    bits = quantization(recipe)
    if bits == "nf4":
        return tr("Loaded in 4-bit (NF4, double quantised), computes in {type}", type=number)
    if bits == "int8":
        return tr("Loaded in 8-bit, computes in {type}", type=number)
    if not method(recipe.method.name).peft:
        return tr("Weights in float32, computes in {type}", type=number)
    return tr("Loaded and computed in {type}", type=number)


def computes_in(recipe: Recipe, machine: Machine) -> str:
    """Return the number format that the engine will choose."""
    named = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
    if recipe.training.precision in named:
        return named[recipe.training.precision]
    card = machine.card if recipe.hardware.device != "cpu" else None
    if card is not None:
        return "bfloat16" if card.capability >= (8, 0) else "float16"
    return "bfloat16" if machine.bfloat16 else "float32"


def _data(draft: Draft) -> str:
    """Name the file and count its rows."""
    if draft.data is None:
        return data_name(draft.recipe) or tr("No data is chosen")
    rows = draft.data.facts.rows
    return trn("{name}, {n} row", "{name}, {n} rows", rows, name=data_name(draft.recipe))


def _left_out(draft: Draft) -> str:
    """Say what is held out and what is left out."""
    if draft.data is None:
        return ""
    values = {
        "layout": layout_title(draft.data.layout),
        "held": count(draft.data.facts.eval_rows),
        "bad": count(len(draft.data.bad)),
    }
    if draft.data.bad:
        return tr("{layout}; {held} more for evaluation, {bad} left out", **values)
    return tr("{layout}; {held} more for evaluation", **values)


def _task(draft: Draft) -> tuple[str, str]:
    """Say what is learnt, and from which tokens."""
    task = draft.task
    if task is None:
        return tr("Not known yet"), ""
    if not task.next_token:
        return tr(task.title), tr("One label a text")
    if draft.recipe.task.train_on == "all":
        return tr(task.title), tr("Every token of a row is trained")
    share = percent(draft.data_facts().trained_share)
    detail = tr("Only the tokens of the answers are trained, about {share} of all", share=share)
    return tr(task.title), detail


def _method(draft: Draft, need: Estimate | None) -> tuple[str, str]:
    """Name the method with its rank, where it trains, and how much."""
    chosen = method(draft.recipe.method.name)
    knobs = knobs_for(draft.recipe, draft.model)
    rank = knobs.get("r")
    name = tr("{method}, rank {rank}", method=chosen.name, rank=rank) if rank else chosen.name
    total = draft.model.parameters if draft.model else 0
    if need is None or not total:
        return name, ""
    values = {
        "trained": parameters(need.trainable),
        "share": f"{100 * need.trainable / total:.3g}",
    }
    place = chosen.knobs.get("target_modules")
    captions = dict(place.captions()) if place else {}
    where = captions.get(str(knobs.get("target_modules")))
    if where is None:
        return name, tr("{trained} parameters, {share}% of the model", **values)
    detail = tr("{where}; {trained} parameters, {share}% of the model", where=where, **values)
    return name, detail


def _training(recipe: Recipe) -> tuple[str, str]:
    """Say how long and how fast, and how rows are laid together."""
    training = recipe.training
    values = {
        "epochs": number_text(training.epochs),
        "steps": count(training.max_steps),
        "rate": number_text(training.learning_rate),
        "schedule": _caption("schedule", training.schedule).lower(),
    }
    by_steps = tr("{steps} steps at learning rate {rate}, {schedule}", **values)
    by_epochs = tr("{epochs} epochs at learning rate {rate}, {schedule}", **values)
    details = {
        "rows": count(training.batch_size),
        "times": count(training.accumulation),
        "tokens": count(training.max_length),
        "optimizer": _caption("optimizer", training.optimizer),
    }
    kept = tr("{rows} rows × {times}, up to {tokens} tokens, {optimizer}", **details)
    again = tr(
        "{rows} rows × {times}, up to {tokens} tokens, {optimizer}, recomputes activations",
        **details,
    )
    detail = again if training.gradient_checkpointing else kept
    return by_steps if training.max_steps else by_epochs, detail


def _caption(field: str, value: str) -> str:
    """Return the caption of a choice."""
    return tr(describe(TrainingSection, field).choices[value])


def _kept(recipe: Recipe) -> str:
    """Say when checkpoints are written and how many are kept."""
    training = recipe.training
    if not training.save_every:
        return tr("A folder of its own; checkpoint at the end")
    return tr(
        "A folder of its own; checkpoint every {steps} steps, the last {kept} are kept",
        steps=count(training.save_every),
        kept=count(training.keep_checkpoints),
    )
