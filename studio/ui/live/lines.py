"""One line of the log for each event."""

import time
import unicodedata

from studio.errors import Problem
from studio.runs import events as ev
from studio.runs.metric_names import metric_name
from studio.ui.charts.numbers import value_text
from studio.ui.live.header import stage_text
from studio.ui.words import count, file_size, gigabytes, preview
from studio.words import tr

TIME_WIDTH = 8
KIND_WIDTH = 11  # of the longest word and two spaces
_PREVIEW = 80  # letters of an answer


class LogLines:
    """Turns events into lines; measurements are kept for the lines of steps and failures."""

    def __init__(self) -> None:
        self._memory: ev.Memory | None = None

    def of(self, events: list[ev.Event]) -> list[str]:
        """Return a line for each event that has one."""
        found: list[str] = []
        for event in events:
            if isinstance(event, ev.Memory):
                self._memory = event
                continue
            if isinstance(event, ev.Failed) and self._memory is not None:
                found.append(_line(event.t, tr("memory"), self._memory_text()))
            found.append(self._line_of(event))
        return found

    def _line_of(self, event: ev.Event) -> str:
        """Return time, kind and what happened."""
        if isinstance(event, ev.Step):
            return _line(event.t, tr("step"), self._step_text(event))
        kind, text = _kind_and_text(event)
        return _line(event.t, kind, text)

    def _step_text(self, event: ev.Step) -> str:
        """Return one step's figures in columns."""
        return tr(
            "{step}  loss {loss}   lr {rate}   {speed} tok/s   {memory}",
            step=f"{event.step:<7,}",
            loss=loss_text(event.loss),
            rate=f"{event.learning_rate:.2e}",
            speed=f"{event.tokens_per_second:>6,.0f}",
            memory=gigabytes(self._ours()) if self._memory else "",
        ).rstrip()

    def _ours(self) -> int:
        """Return the bytes that the run held at the last measurement."""
        return (self._memory.reserved or self._memory.process) if self._memory else 0

    def _memory_text(self) -> str:
        """Return the last measurement in words."""
        memory = self._memory
        if memory is None:
            return ""
        on_card = bool(memory.reserved)
        used = memory.card_used if on_card else memory.machine_used
        total = memory.card_total if on_card else memory.machine_total
        return tr(
            "{ours} held by the run, {used} of {total} in use",
            ours=gigabytes(self._ours()),
            used=gigabytes(used),
            total=gigabytes(total),
        )


def loss_text(loss: float) -> str:
    """Return a loss as the charts write it, also one that is no number any more."""
    return value_text(loss, "loss")


def _line(t: float, kind: str, text: str) -> str:
    """Lay time, kind and text into columns; a text of several lines becomes one."""
    clock = time.strftime("%H:%M:%S", time.localtime(t))
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in kind)
    return f"{clock}  {kind:<{KIND_WIDTH - wide}}{' '.join(text.split(chr(10)))}"


def _kind_and_text(event: ev.Event) -> tuple[str, str]:
    """Return the kind's word and what is said of the event."""
    if isinstance(event, ev.Queued):
        return tr("queued"), tr("the run folder is made")
    if isinstance(event, ev.Started):
        return tr("started"), _started(event)
    if isinstance(event, ev.Stage):
        return tr("stage"), stage_text(event)
    if isinstance(event, ev.Eval):
        return tr("evaluated"), _evaluated(event)
    if isinstance(event, ev.Sample):
        return tr("sample"), _sample(event)
    if isinstance(event, ev.Checkpoint):
        step, size = count(event.step), file_size(event.bytes)
        return tr("saved"), tr("checkpoint of step {step}, {size}", step=step, size=size)
    if isinstance(event, ev.Warned | ev.Failed):
        word = tr("failed") if isinstance(event, ev.Failed) else tr("warning")
        return word, Problem("", event.text, event.next_step, event.values).sentence()
    return _kind_and_step(event)


def _kind_and_step(event: ev.Event) -> tuple[str, str]:
    """Return the same for events that only name a step."""
    step = count(getattr(event, "step", 0))
    if isinstance(event, ev.Paused):
        return tr("paused"), tr("at step {step}", step=step)
    if isinstance(event, ev.Resumed):
        return tr("goes on"), tr("from step {step}", step=step)
    if isinstance(event, ev.Stopped):
        return tr("stopped"), tr("at step {step}", step=step)
    if isinstance(event, ev.Finished):
        return tr("finished"), tr("at step {step}", step=step)
    return type(event).__name__.lower(), ""


def _started(event: ev.Started) -> str:
    """Return what is about to be trained."""
    return tr(
        "{steps} steps on {rows} rows, {device}, {trainable} of {parameters} parameters trained",
        steps=count(event.total_steps),
        rows=count(event.rows),
        device=event.device_name,
        trainable=count(event.trainable),
        parameters=count(event.parameters),
    )


def _evaluated(event: ev.Eval) -> str:
    """Return loss and metrics of an evaluation."""
    parts = [tr("step {step}, loss {loss}", step=count(event.step), loss=loss_text(event.loss))]
    parts += [f"{metric_name(name)} {value:.3f}" for name, value in event.metrics.items()]
    return ", ".join(parts)


def _sample(event: ev.Sample) -> str:
    """Return the beginning of an answer."""
    answer = preview(event.answer, _PREVIEW)
    return tr("step {step}: {answer}", step=count(event.step), answer=answer)
