"""Image classification: which class a picture belongs to."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from studio.errors import Problem
from studio.models.facts import ModelFacts
from studio.rows import Row, RowError
from studio.tasks.batch import run
from studio.tasks.choices import accuracy_and_f1, class_problems, in_order, one_of
from studio.tasks.task import Defaults, Example, Prediction, Question, Setting
from studio.words import mark

_GLANCE = (64, 64)  # a JPEG is looked at in a fraction of its size, which finds what is broken


class ImageCls(Defaults):
    """One label a picture."""

    name = "image_cls"
    title = mark("Sort pictures into classes")
    summary = mark("Learns which of your labels a picture gets.")
    icon = "image"
    needs = ("image",)
    needs_words = mark("pictures and their labels, or a folder for each class")
    model_class = "AutoModelForImageClassification"
    peft_type = ""
    processor = "image"
    shown_metric = "accuracy"

    def fits_model(self, facts: ModelFacts) -> bool:
        """Say whether transformers has a classifier of pictures for the family."""
        return facts.has_head(self.model_class)

    def problems(self, rows: Sequence[Row], facts: ModelFacts) -> list[Problem]:
        """Refuse rows without labels or with a single one, and models that see nothing."""
        return class_problems(rows) if self.fits_model(facts) else [_sees_nothing(facts)]

    def labels(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Return the classes, whole numbers by value and words by alphabet."""
        return in_order(row.label for row in rows if row.label is not None)

    def encode(self, row: Row, processor: Any, setting: Setting) -> list[Example]:
        """Number the label and make sure of the picture, which is read again for each batch.

        The example's ids are a single 0 that stands for the picture wherever tokens are counted.
        """
        if row.label not in setting.labels:
            raise RowError(mark("The label {label} is in no trained row."), label=row.label or "–")
        _glance(row.image)
        label = np.asarray([setting.labels.index(row.label)], dtype=np.int32)
        return [Example(np.zeros(1, dtype=np.int32), label, extra={"image": row.image})]

    def question(self, row: Row) -> Question | None:
        """Ask for the label of the picture."""
        return Question(Path(row.image).name, row.label or "", image=row.image)

    def collator(self, processor: Any) -> Callable[[list[Example]], dict[str, Any]]:
        """Open the pictures and bring them to the model's size; labels have shape (rows,)."""
        import torch

        def lay(examples: list[Example]) -> dict[str, Any]:
            pixels = _pixels([example.extra["image"] for example in examples], processor)
            labels = torch.tensor([int(example.labels[0]) for example in examples])
            return {"pixel_values": pixels, "labels": labels}

        return lay

    def loss(self, outputs: Any, labels: Any, items: Any) -> Any:
        """Cross entropy in float32."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(outputs.logits.float(), labels, reduction="sum") / items

    def metrics(self, outputs: Any, labels: Any, examples: Sequence[Example]) -> dict[str, Any]:
        """Gather the predicted and the true classes."""
        return {"predicted": outputs.logits.argmax(-1).tolist(), "true": labels.tolist()}

    def summarise(self, gathered: dict[str, list[Any]], setting: Setting) -> dict[str, float]:
        """Return accuracy and macro F1."""
        return accuracy_and_f1(gathered)

    def predict(
        self, model: Any, processor: Any, question: Question, setting: Setting
    ) -> Prediction:
        """Return the likeliest class; raises RowError for a file that is no picture."""
        batch = {"pixel_values": _pixels([question.image], processor)}
        return one_of(run(model, batch).logits[0], setting.labels, question.reference)


def _pixels(files: Sequence[str], processor: Any) -> Any:
    """Return pictures as the model wants them, shape (pictures, channels, height, width)."""
    pictures = [_open(file) for file in files]
    return processor(images=pictures, return_tensors="pt")["pixel_values"]


def _open(file: str) -> Any:
    """Return a picture in three colours, the right side up; raises RowError."""
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as picture:
            return ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as reason:
        raise _broken(file) from reason


def _glance(file: str) -> None:
    """Raise RowError for a file that cannot be read to its end as a picture."""
    from PIL import Image

    try:
        with Image.open(file) as picture:
            picture.draft("RGB", _GLANCE)
            picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as reason:
        raise _broken(file) from reason


def _broken(file: str) -> RowError:
    """Return the error of a file that is no picture."""
    return RowError(mark("{file} cannot be read as a picture."), file=Path(file).name or "–")


def _sees_nothing(facts: ModelFacts) -> Problem:
    """Return the problem of a model that does not sort pictures."""
    return Problem(
        "task.name",
        mark("{model} ({architecture}) cannot sort pictures."),
        mark("Choose a model for pictures, such as ViT or CLIP."),
        {"model": facts.name, "architecture": facts.architecture or facts.model_type},
    )


TASK = ImageCls()
