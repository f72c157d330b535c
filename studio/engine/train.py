"""One training run, read from top to bottom: model, rows, method, trainer, result."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, set_seed

from studio.engine import checkpoints
from studio.engine.arguments import arguments, planned_steps
from studio.engine.aside import replace_folder
from studio.engine.card import write_card
from studio.engine.control import Control
from studio.engine.device import Device, choose_device, device_name
from studio.engine.evaluate import Result, evaluate
from studio.engine.examples import Encoded, encode, encode_trained, warnings
from studio.engine.failure import plain
from studio.engine.generate import answers, classify
from studio.engine.load import apply_method, count, load_model, load_tokenizer, weights_type
from studio.engine.loss import token_loss
from studio.engine.packing import PackedCollator, PaddedCollator, enable_packing, supports_packing
from studio.engine.prepare import prepare_for
from studio.engine.watch import Ask, Watch
from studio.errors import RecipeError
from studio.hardware import machine
from studio.methods.catalogue import knobs_for, method, quantization
from studio.models.facts import ModelFacts
from studio.models.folder import inspect_folder
from studio.recipe import Recipe
from studio.runs import events as ev
from studio.runs.folder import RunFolder
from studio.runs.held_out import save_rows
from studio.runs.log import EventWriter
from studio.survey import DataSurvey, longest_row, survey, survey_data
from studio.tasks.shelf import resolve
from studio.tasks.task import Example, Question, Setting, Task

_SAMPLE_TOKENS = 64


class StoppedEarlyError(Exception):
    """The person stopped the run before its first step; nothing was learnt yet."""


def train(folder: RunFolder, journal: EventWriter, control: Control) -> None:
    """Train the run in a folder from its start, or from its last whole checkpoint.

    Raises StudioError and whatever torch raises; the worker words it.
    """
    recipe = folder.recipe()
    checkpoints.clear_aside(folder)
    resume = checkpoints.latest(folder)
    job = _Job(folder, recipe, journal, control)
    job.prepare()
    job.load()
    trainer = job.trainer()
    job.announce(trainer, resume)
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    job.conclude(trainer)


@dataclass
class _Ready:
    """What is loaded."""

    facts: ModelFacts
    base: Path
    data: DataSurvey
    task: Task
    tokenizer: Any
    train: Encoded
    held_out: list[Example]


class _Job:
    """The parts of one run."""

    def __init__(
        self, folder: RunFolder, recipe: Recipe, journal: EventWriter, control: Control
    ) -> None:
        self.folder, self.recipe = folder, recipe
        self.journal, self.control = journal, control
        self.method = method(recipe.method.name)
        self.device = choose_device(recipe)
        self.best = float("nan")
        self.last_eval: Result | None = None
        self.began = time.time()

    def prepare(self) -> None:
        """Make the base model ready and turn rows into tokens; raises when a check fails."""
        set_seed(self.recipe.training.seed)
        base = self._prepare_model()
        self._refuse_problems()
        self._stage("data")
        facts = replace(inspect_folder(base), source=self.recipe.model.source)
        data = survey_data(self.recipe)
        task = resolve(self.recipe.task.name, data.gives, facts)
        tokenizer = load_tokenizer(base, self.recipe.model.trust_remote_code)
        train, held = self._encode(data, task, tokenizer, longest_row(self.recipe, facts))
        self.ready = _Ready(facts, base, data, task, tokenizer, train, held)
        save_rows(data.held_out, self.folder.held_out)

    def _prepare_model(self) -> Path:
        """Fetch or unpack the base model where that is needed."""
        told = _Throttle(lambda name, done, total: self._stage(name, done, total))
        return prepare_for(self.recipe.model, told, lambda: self.control.stopping)

    def _refuse_problems(self) -> None:
        """Check everything once more: files may have changed since the wizard saw them."""
        found = survey(self.recipe, runs=self.folder.path.parent).problems
        if found:
            raise RecipeError(found)

    def _encode(
        self, data: DataSurvey, task: Task, tokenizer: Any, longest: int
    ) -> tuple[Encoded, list[Example]]:
        """Encode trained and held-out rows, and tell what was left out."""
        labels = task.labels([*data.rows, *data.held_out])
        setting = Setting(longest, self.recipe.task.train_on, labels)
        self.labels = labels
        train = encode_trained(data, task, tokenizer, setting)
        for told in warnings(train, data, longest):
            self.journal.write(ev.Warned(told.text, told.next_step, plain(told.values)))
        return train, encode(data.held_out, task, tokenizer, setting).examples

    def load(self) -> None:
        """Load the weights and put the method on them."""
        self._leave_if_stopped()
        self._stage("load")
        ready = self.ready
        base = load_model(
            ready.base,
            ready.task,
            self.device,
            dtype=weights_type(self.method, self.device),
            quantization=quantization(self.recipe),
            labels=self.labels,
            trust=self.recipe.model.trust_remote_code,
            pickles=self.recipe.model.allow_pickle and ready.facts.pickled,
        )
        set_seed(self.recipe.training.seed)  # loading draws random numbers for new heads
        knobs = knobs_for(self.recipe, ready.facts)
        self.model = apply_method(base, self.method, knobs, ready.task, self.device)
        self.packed = self._packs()
        if self.packed:
            enable_packing(self.model)
        self._lay_together()

    def _packs(self) -> bool:
        """Say whether rows are laid end to end."""
        wanted = self.recipe.training.packing and self.method.packs and self.ready.task.next_token
        return wanted and supports_packing(self.model)

    def _lay_together(self) -> None:
        """Choose collation and loss: the engine's for next tokens, the task's own otherwise."""
        task, tokenizer = self.ready.task, self.ready.tokenizer
        if not task.next_token:
            self.collate = task.collator(tokenizer)
            self.loss = lambda outputs, labels, num_items_in_batch=None: task.loss(
                outputs, labels, num_items_in_batch
            )
            return
        lay = PackedCollator() if self.packed else PaddedCollator(tokenizer.pad_token_id)
        self.collate = lambda rows: lay([_named(example) for example in rows])
        self.loss = token_loss

    def trainer(self) -> Trainer:
        """Return transformers' trainer with our callback, collation and loss."""
        self._leave_if_stopped()
        training = self.recipe.training
        self.watch = Watch(self.folder, self.journal, self.control, training, self.examine)
        self.model.register_forward_pre_hook(self.watch.count, with_kwargs=True)
        if training.gradient_checkpointing:
            self.model.config.use_cache = False
        return Trainer(
            model=self.model,
            args=arguments(self.recipe, self.folder, self.device, bool(self.method.peft)),
            train_dataset=self.ready.train.examples,
            data_collator=self.collate,
            compute_loss_func=self.loss,
            processing_class=self.ready.tokenizer,
            callbacks=[self.watch],
        )

    def announce(self, trainer: Trainer, resume: Path | None) -> None:
        """Tell what is about to be trained."""
        total, trained = count(self.model)
        steps = planned_steps(self.recipe, len(self.ready.train.examples))
        self.journal.write(
            ev.Started(
                device=self.device.name,
                device_name=device_name(self.device),
                memory_limit=_limit(self.device),
                total_steps=steps,
                epochs=self.recipe.training.epochs,
                rows=len(self.ready.train.examples),
                eval_rows=len(self.ready.held_out),
                parameters=total,
                trainable=trained,
                precision=self.device.precision,
                tokens_per_epoch=self.ready.train.tokens,
            )
        )
        if resume:
            step = int(resume.name.rsplit("-", 1)[-1])
            self.journal.write(ev.Resumed(step, resume.name))

    def examine(self, step: int, ask: Ask) -> None:
        """Evaluate on the held-out rows and answer prompts, as asked."""
        if ask.evaluate:
            self._evaluate(step)
        if ask.held_out or ask.prompts:
            self._sample(step, ask)

    def _evaluate(self, step: int) -> None:
        """Write an Eval event."""
        found = evaluate(
            self.model,
            self.ready.held_out,
            self.ready.task,
            self.collate,
            self.loss,
            self.recipe.training.batch_size,
            autocast=None if self.method.peft else _autocast(self.device),
            stopped=lambda: self.control.stopping,
        )
        if found:
            self.last_eval = found
            self.journal.write(ev.Eval(step, found.loss, found.metrics))

    def _sample(self, step: int, ask: Ask) -> None:
        """Write a Sample event for each prompt."""
        asked = [Question(prompt, "") for prompt in ask.prompts]
        held = self._held_questions() if ask.held_out else []
        questions = [*held, *asked]
        if not questions:
            return
        for index, (question, text) in enumerate(
            zip(questions, self._answers(questions), strict=True)
        ):
            self.journal.write(ev.Sample(step, index, question.prompt, text, question.reference))

    def _answers(self, questions: Sequence[Question]) -> list[str]:
        """Answer as the task does: with text, or with the likeliest label."""
        tokenizer = self.ready.tokenizer
        if self.ready.task.generates:
            return answers(
                self.model, tokenizer, questions, _SAMPLE_TOKENS, lambda: self.control.stopping
            )
        found = [classify(self.model, tokenizer, question.prompt)[0] for question in questions]
        return [f"{label} ({chance:.0%})" for label, chance in found]

    def _held_questions(self) -> list[Question]:
        """Return the first held-out rows as prompts."""
        wanted = self.recipe.training.sample_prompts
        found = (self.ready.task.question(row) for row in self.ready.data.held_out)
        return [question for question in found if question][:wanted]

    def conclude(self, trainer: Trainer) -> None:
        """Write the result and say how the run ended."""
        step = trainer.state.global_step
        if self.control.ending == "checkpoint":
            step = self._go_back(trainer)
        self._stage("save")
        self.save()
        seconds = round(time.time() - self.began, 1)
        if self.control.stopping and step < trainer.state.max_steps:
            self.journal.write(ev.Stopped(step, "adapter", seconds))
            return
        losses = [log["loss"] for log in trainer.state.log_history if "loss" in log]
        held = self.last_eval.loss if self.last_eval else float("nan")
        self.journal.write(ev.Finished(step, "adapter", seconds, float(losses[-1]), held))

    def _go_back(self, trainer: Trainer) -> int:
        """Take up the weights of the last checkpoint; return its step."""
        found = checkpoints.latest(self.folder)
        if found is None:
            return int(trainer.state.global_step)
        trainer._load_from_checkpoint(str(found))
        return int(found.name.rsplit("-", 1)[-1])

    def save(self) -> None:
        """Write adapter (or model), tokenizer and card aside, then rename."""
        aside = self.folder.path / ".adapter.writing"
        self.model.save_pretrained(aside)
        self.ready.tokenizer.save_pretrained(aside)
        facts = {"labels": self.labels, "task": self.ready.task.name, "base": str(self.ready.base)}
        (aside / "studio.json").write_text(json.dumps(facts, ensure_ascii=False), "utf-8")
        write_card(aside, self.recipe, self.ready.facts, self.method, self.ready.task)
        replace_folder(aside, self.folder.adapter)

    def _stage(self, name: str, done: int = 0, total: int = 0) -> None:
        """Tell what is done now."""
        self.journal.write(ev.Stage(name, done, total))

    def _leave_if_stopped(self) -> None:
        """Leave before the costly parts when nobody wants them any more."""
        if self.control.stopping:
            raise StoppedEarlyError


class _Throttle:
    """Tell progress four times a second at most, and always the end."""

    def __init__(self, told: Callable[[str, int, int], None]) -> None:
        self.told = told
        self.last = 0.0

    def __call__(self, name: str, done: int, total: int) -> None:
        """Pass on what is due."""
        now = time.monotonic()
        if now - self.last >= 0.25 or done == total:
            self.last = now
            self.told(name, done, total)


def _named(example: Example) -> dict[str, Any]:
    """Return an example as the engine's collators want it."""
    return {"input_ids": example.ids, "labels": example.labels}


def _limit(device: Device) -> int:
    """Return the bytes that there are at most."""
    if device.on_card:
        return int(torch.cuda.get_device_properties(0).total_memory)
    return machine().memory


def _autocast(device: Device) -> torch.dtype | None:
    """Return the type that float32 weights are computed in."""
    return None if device.dtype is torch.float32 else device.dtype
