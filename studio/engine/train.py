"""One training run, read from top to bottom: model, rows, method, trainer, result."""

import json
import shutil
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, set_seed

from studio.engine import checkpoints
from studio.engine.adapt import MISFITS, apply_method, count, misfit, weights_type
from studio.engine.arguments import arguments, planned_steps
from studio.engine.aside import replace_folder
from studio.engine.card import write_card
from studio.engine.completed import Given
from studio.engine.control import Control
from studio.engine.device import Device, choose_device, device_name
from studio.engine.evaluate import Result, evaluate
from studio.engine.examples import Encoded, encode, encode_trained, setting_of, warnings
from studio.engine.failure import Look, plain, unseen
from studio.engine.fitting import Case, fit
from studio.engine.inputs import laid, wire
from studio.engine.learnt import LearntTrainer
from studio.engine.load import load_model, load_processor
from studio.engine.loss import token_loss
from studio.engine.optimizers import method_optimizer
from studio.engine.packing import enable_packing, supports_packing
from studio.engine.prepare import prepare_for
from studio.engine.sampling import Sampler
from studio.engine.starts import begin, save
from studio.engine.watch import Ask, Watch
from studio.errors import Problem, RecipeError
from studio.hardware import machine
from studio.methods.catalogue import knobs_for, method, quantization
from studio.models.facts import ModelFacts
from studio.models.folder import inspect_folder
from studio.recipe import Recipe
from studio.runs import events as ev
from studio.runs.folder import RunFolder
from studio.runs.held_out import save_rows
from studio.runs.log import EventWriter
from studio.survey import DataSurvey, survey, survey_data
from studio.tasks.shelf import resolve
from studio.tasks.task import Example, Setting, Task


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
    processor: Any
    setting: Setting
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
        processor = load_processor(base, task, self.recipe.model.trust_remote_code)
        setting = self._setting(data, task, facts)
        train = encode_trained(data, task, processor, setting)
        held = encode(data.held_out, task, processor, setting)
        self._tell(warnings(train, held, data, setting))
        self.ready = _Ready(facts, base, data, task, processor, setting, train, held.examples)
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

    def _setting(self, data: DataSurvey, task: Task, facts: ModelFacts) -> Setting:
        """Return how rows are encoded: the longest, and the classes of all of them."""
        rows = [*data.rows, *data.held_out]
        return setting_of(self.recipe, facts, task, rows)

    def _tell(self, found: list[Problem]) -> None:
        """Tell what the person should know of the rows."""
        for told in found:
            self.journal.write(ev.Warned(told.text, told.next_step, plain(told.values)))

    def load(self) -> None:
        """Load the weights and put the method on them."""
        self._leave_if_stopped()
        self._stage("load")
        ready = self.ready
        self.knobs = knobs_for(self.recipe, ready.facts)
        given = Given(self._steps(), ready.processor)
        trust = self.recipe.model.trust_remote_code
        fit(Case(ready.base, self.method, self.knobs, ready.task, ready.setting, given, trust))
        base = load_model(
            ready.base,
            ready.task,
            self.device,
            dtype=weights_type(self.method, self.device),
            quantization=quantization(self.recipe),
            setting=ready.setting,
            trust=trust,
            pickles=self.recipe.model.allow_pickle and ready.facts.pickled,
        )
        set_seed(self.recipe.training.seed)  # loading draws random numbers for new heads
        model = apply_method(base, self.method, self.knobs, ready.task, self.device, given)
        self.model = wire(model, ready.processor)
        self._begin()
        self.packed = self._packs()
        if self.packed:
            enable_packing(self.model)
        self._lay_together()

    def _steps(self) -> int:
        """Return the optimizer steps of the whole run."""
        return planned_steps(self.recipe, len(self.ready.train.examples))

    def _begin(self) -> None:
        """Bring the method to where it begins, where that is not the base model."""
        try:
            begin(self.method.start, self.model, self.ready.base, self._start, self._first_batches)
        except MISFITS as reason:
            raise misfit(self.method, reason) from reason

    @property
    def _start(self) -> Path:
        """Where a start is kept that the result is told from; PEFT allows no dot in the name."""
        return self.folder.path / "start"

    def _first_batches(self) -> Iterator[dict[str, Any]]:
        """Lay the first rows together, without their labels."""
        size = self.recipe.training.batch_size
        examples = self.ready.train.examples
        collate = laid(self.ready.task, self.ready.processor, self.model)
        for place in range(0, len(examples), size):
            batch = collate(examples[place : place + size])
            yield {name: value for name, value in batch.items() if name != "labels"}

    def _packs(self) -> bool:
        """Say whether rows are laid end to end."""
        wanted = self.recipe.training.packing and self.ready.task.next_token
        return wanted and supports_packing(self.model)

    def _lay_together(self) -> None:
        """Choose collation and loss: the engine's for next tokens, the task's own otherwise."""
        task = self.ready.task
        self.collate = laid(task, self.ready.processor, self.model, self.packed)
        loss = token_loss if task.next_token else _own_loss(task)
        self.loss = _with_penalty(loss, self.recipe.training.accumulation)

    def trainer(self) -> Trainer:
        """Return transformers' trainer with our callback, collation and loss."""
        self._leave_if_stopped()
        training = self.recipe.training
        self.watch = Watch(self.folder, self.journal, self.control, training, self.examine)
        self.model.register_forward_pre_hook(self.watch.count, with_kwargs=True)
        if training.gradient_checkpointing:
            self.model.config.use_cache = False
        return LearntTrainer(
            model=self.model,
            args=arguments(self.recipe, self.folder, self.device, bool(self.method.peft)),
            train_dataset=self.ready.train.examples,
            data_collator=self.collate,
            compute_loss_func=self.loss,
            processing_class=self.ready.processor,
            callbacks=[self.watch],
            optimizers=(self._optimizer(), None),
        )

    def _optimizer(self) -> torch.optim.Optimizer | None:
        """Return the method's own optimizer where it has one."""
        named, training = self.method.optimizer, self.recipe.training
        return method_optimizer(named, self.model, self.knobs, training)

    def announce(self, trainer: Trainer, resume: Path | None) -> None:
        """Tell what is about to be trained."""
        total, trained = count(self.model)
        steps = self._steps()
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
        """Evaluate on the held-out rows and answer prompts, as asked; training goes on anyway."""
        if ask.evaluate:
            self._look(step, "evaluate", lambda: self._evaluate(step))
        if ask.held_out or ask.prompts:
            self._look(step, "sample", lambda: self._sample(step, ask))

    def _look(self, step: int, kind: Look, look: Callable[[], None]) -> None:
        """Look at the model, and tell it where that fails: nothing learnt hangs on it."""
        try:
            look()
        except Exception as reason:  # noqa: BLE001 - whatever it is, the training can go on
            traceback.print_exc()
            self.journal.write(unseen(reason, step, kind))

    def _evaluate(self, step: int) -> None:
        """Write an Eval event."""
        found = evaluate(
            self.model,
            self.ready.held_out,
            self.ready.task,
            self.ready.setting,
            self.collate,
            self.loss,
            self.recipe.training.batch_size,
            autocast=None if self.method.peft else _autocast(self.device),
            stopped=lambda: self.control.stopping,
        )
        if found:
            self.last_eval = found
            metrics = {**found.metrics, **self._sampler.judged(self.model)}
            self.journal.write(ev.Eval(step, found.loss, metrics))

    def _sample(self, step: int, ask: Ask) -> None:
        """Write a Sample event for each prompt."""
        held = self.recipe.training.sample_prompts if ask.held_out else 0
        for sample in self._sampler.samples(self.model, step, held, ask.prompts):
            self.journal.write(sample)

    @property
    def _sampler(self) -> Sampler:
        """What asks the model."""
        ready = self.ready
        return Sampler(
            ready.task,
            ready.processor,
            ready.setting,
            ready.data.held_out,
            lambda: self.control.stopping,
        )

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
        save(self.method.start, self.model, aside, self._start)
        shutil.rmtree(self._start, ignore_errors=True)
        self.ready.processor.save_pretrained(aside)
        ready = self.ready
        facts = {
            "labels": ready.setting.labels,
            "kind": ready.setting.kind,
            "task": ready.task.name,
            "base": str(ready.base),
        }
        (aside / "studio.json").write_text(json.dumps(facts, ensure_ascii=False), "utf-8")
        write_card(aside, self.recipe, ready.facts, self.method, ready.task, ready.setting)
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


def _with_penalty(loss: Callable[..., torch.Tensor], batches: int) -> Callable[..., torch.Tensor]:
    """Add what a method asks of its matrices, once a step of so many batches."""

    def total(outputs: Any, labels: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        found = loss(outputs, labels, num_items_in_batch)
        penalty = outputs.get("loss")
        return found if penalty is None else found + penalty / batches

    return total


def _own_loss(task: Task) -> Callable[..., torch.Tensor]:
    """Return a task's loss under the names that the trainer gives."""

    def loss(outputs: Any, labels: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        return task.loss(outputs, labels, num_items_in_batch)

    return loss


def _limit(device: Device) -> int:
    """Return the bytes that there are at most."""
    if device.on_card:
        return int(torch.cuda.get_device_properties(0).total_memory)
    return machine().memory


def _autocast(device: Device) -> torch.dtype | None:
    """Return the type that float32 weights are computed in."""
    return None if device.dtype is torch.float32 else device.dtype
