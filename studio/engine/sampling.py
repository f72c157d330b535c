"""What a model in training says to held-out rows, and to prompts that a person asks meanwhile."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from studio.engine.generate import answers, generating
from studio.rows import Row, RowError
from studio.runs.events import Sample
from studio.tasks.task import Prediction, Question, Setting, Task
from studio.words import tr

_SAMPLE_TOKENS = 64
_TOGETHER = 8  # prompts that are answered at once


@dataclass(frozen=True)
class Sampler:
    """The held-out rows as questions, and how the task answers them."""

    task: Task
    processor: Any
    setting: Setting
    held_out: Sequence[Row]
    stopped: Callable[[], bool] = lambda: False

    def samples(self, model: Any, step: int, held: int, prompts: Sequence[str]) -> list[Sample]:
        """Answer the first held-out rows and the prompts."""
        typed = [asked(self.task, prompt, self.held_out) for prompt in prompts]
        questions = [*self.questions(held), *typed]
        said = self._said(model, questions)
        return [
            Sample(step, index, question.prompt, one.words, question.reference, one.right)
            for index, (question, one) in enumerate(zip(questions, said, strict=True))
        ]

    def judged(self, model: Any) -> dict[str, float]:
        """Return the figures of generated answers, where the task has any."""
        questions = self.questions(self.task.judged)
        if not questions:
            return {}
        said = [one.words for one in self._said(model, questions, self._longest(questions))]
        return {} if self.stopped() else self.task.judge(said, [q.reference for q in questions])

    def questions(self, count: int) -> list[Question]:
        """Return the first held-out rows that can be asked."""
        near = self.task.candidates(self.held_out)
        found = (self.task.question(row) for row in self.held_out)
        return [replace(one, candidates=near) for one in found if one][:count]

    def _longest(self, questions: Sequence[Question]) -> int:
        """Return the tokens of the longest reference: an answer is held against the whole of it."""
        references = [question.reference for question in questions]
        lengths = [len(ids) for ids in self.processor(text_target=references)["input_ids"]]
        return max(_SAMPLE_TOKENS, min(max(lengths), self.setting.max_length))

    def _said(
        self, model: Any, questions: Sequence[Question], longest: int = _SAMPLE_TOKENS
    ) -> list[Prediction]:
        """Answer as the task does, in `longest` tokens at most."""
        if not self.task.generates:
            return [self._predicted(model, question) for question in questions]
        groups = [questions[at : at + _TOGETHER] for at in range(0, len(questions), _TOGETHER)]
        texts = [answers(model, self.processor, group, longest, self.stopped)
                 for group in groups]  # fmt: skip
        return [Prediction(text) for some in texts for text in some]

    def _predicted(self, model: Any, question: Question) -> Prediction:
        """Return a prediction; what cannot be asked is said in words."""
        try:
            return predict(self.task, model, self.processor, question, self.setting)
        except RowError as reason:
            return Prediction(tr(reason.text, **reason.values))


def predict(
    task: Task, model: Any, processor: Any, question: Question, setting: Setting
) -> Prediction:
    """Ask a model that does not generate; raises RowError for what cannot be asked."""
    with generating(model):
        return task.predict(model, processor, question, setting)


def asked(task: Task, prompt: str, held_out: Sequence[Row]) -> Question:
    """Return a prompt that a person wrote as a question; a picture is named by its path."""
    image = prompt if task.processor == "image" else ""
    return Question(prompt, "", image=image, candidates=task.candidates(held_out))
