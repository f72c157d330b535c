"""The trainer's callback: tell what happens, do what is asked, save so that nothing is lost."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import TrainerCallback

from studio.engine import checkpoints, learnt
from studio.engine.control import Control
from studio.recipe.model import TrainingSection
from studio.runs import events as ev
from studio.runs.folder import RunFolder
from studio.runs.log import EventWriter


@dataclass(frozen=True)
class Ask:
    """What to look at between two steps."""

    evaluate: bool
    held_out: bool
    prompts: list[str]


class Watch(TrainerCallback):
    """Sit in transformers' Trainer: one Step event a step, requests met between steps.

    `examine(step, prompts)` evaluates and samples; it is called between steps as well.
    """

    def __init__(
        self,
        folder: RunFolder,
        journal: EventWriter,
        control: Control,
        training: TrainingSection,
        examine: Callable[[int, Ask], None],
    ) -> None:
        self.folder, self.journal, self.control = folder, journal, control
        self.training, self.examine = training, examine
        self._began = 0.0
        self._tokens: list[torch.Tensor | int] = []
        self._seconds = 0.0
        self._count = 0

    def count(self, _module: Any, _args: Any, given: dict[str, Any]) -> None:
        """Count the real tokens of a batch; the model's forward hook calls it."""
        if not _module.training:
            return
        ids = given.get("input_ids")
        if ids is None:  # a picture counts as one
            self._tokens.append(len(given["pixel_values"]))
            return
        mask = given.get("attention_mask")
        if mask is not None and mask.dim() == 2:
            self._tokens.append(mask.sum())
        else:
            self._tokens.append(ids.numel())

    def on_step_begin(self, *_args: Any, **_kwargs: Any) -> None:
        """Start the step's clock."""
        self._tokens.clear()
        self._began = time.perf_counter()

    def on_optimizer_step(self, _args: Any, state: Any, *_more: Any, **kwargs: Any) -> None:
        """Let a method that hands out ranks do so, while the gradients are still there."""
        tuner = getattr(kwargs.get("model"), "base_model", None)
        allocate = getattr(tuner, "update_and_allocate", None)
        if allocate is not None:
            allocate(state.global_step)

    def on_step_end(self, _args: Any, state: Any, _control: Any, **_kwargs: Any) -> None:
        """Stop the clock before anything else is done."""
        self._count = int(sum(int(found) for found in self._tokens))
        self._seconds = time.perf_counter() - self._began
        self.control.step = state.global_step

    def on_log(
        self, _args: Any, state: Any, control: Any, logs: dict[str, float], **_kwargs: Any
    ) -> None:
        """Tell the step, then evaluate, sample, pause, save or stop as is due."""
        if "loss" not in logs:
            return
        self._tell(state, logs)
        self._examine_if_due(state)
        self._wait_while_paused(state.global_step)
        self._obey(control, state)

    def _tell(self, state: Any, logs: dict[str, float]) -> None:
        """Write the Step event."""
        self.journal.write(
            ev.Step(
                step=state.global_step,
                loss=float(logs["loss"]),
                learning_rate=float(logs.get("learning_rate", 0.0)),
                grad_norm=float(logs.get("grad_norm", 0.0)),
                epoch=float(state.epoch or 0.0),
                tokens=self._count,
                tokens_per_second=self._count / self._seconds if self._seconds else 0.0,
                seconds=self._seconds,
            )
        )

    def _examine_if_due(self, state: Any) -> None:
        """Evaluate every so many steps and at the end; answer prompts when asked."""
        every = self.training.eval_every
        last = state.global_step >= state.max_steps
        due = last or bool(every and state.global_step % every == 0)
        asked = list(self.control.prompts)
        self.control.prompts.clear()
        wanted, self.control.sample_now = self.control.sample_now, False
        if due or wanted or asked:
            self.examine(state.global_step, Ask(due, due or wanted, asked))

    def _wait_while_paused(self, step: int) -> None:
        """Hold between two steps until somebody says go on or stop; samples are still answered."""
        if self.control.going.is_set():
            return
        self.journal.write(ev.Paused(step))
        while not self.control.going.wait(0.2):
            prompts = list(self.control.prompts)
            self.control.prompts.clear()
            if prompts or self.control.sample_now:
                wanted, self.control.sample_now = self.control.sample_now, False
                self.examine(step, Ask(False, wanted, prompts))
        if not self.control.stopping:
            self.journal.write(ev.Resumed(step))

    def _obey(self, control: Any, state: Any) -> None:
        """Save or stop through the trainer's own means."""
        every = self.training.save_every
        last = state.global_step >= state.max_steps
        due = bool(every) and (last or state.global_step % every == 0)
        stop = self.control.ending
        control.should_training_stop = control.should_training_stop or bool(stop)
        if due or self.control.save or stop == "keep":
            control.should_save = stop != "checkpoint"
            self.control.save = False

    def on_save(self, _args: Any, state: Any, _control: Any, **kwargs: Any) -> None:
        """Complete the checkpoint, rename it into place and remove what is older than is kept."""
        learnt.keep(kwargs["model"], checkpoints.written(self.folder, state.global_step))
        path, size = checkpoints.publish(self.folder, state.global_step)
        removed = checkpoints.prune(self.folder, self.training.keep_checkpoints)
        name = path.relative_to(self.folder.path).as_posix()
        self.journal.write(ev.Checkpoint(state.global_step, name, size, removed))
