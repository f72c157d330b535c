"""Pictures: found broken before training, opened for each batch, sorted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.rows import Row, RowError
from studio.tasks.image_cls import TASK
from studio.tasks.task import Question, Setting
from tests.helpers.facts import BERT
from tests.helpers.tiny import image_rows
from tests.tasks.conftest import Outputs, Says

_SETTING = Setting(16, labels=("bright", "dark"))
VIT = type(BERT)("x", "x", "folder", "vit")


@pytest.fixture
def pictures(tmp_path: Path) -> list[Row]:
    """Return four pictures, dark and bright ones."""
    folder = image_rows(tmp_path / "pictures", 4)
    return [Row(image=str(file), label=file.parent.name) for file in sorted(folder.glob("*/*"))]


def test_models_and_rows(pictures: list[Row]) -> None:
    """Models that see, rows of more than one class."""
    assert TASK.problems(pictures, VIT) == []
    assert TASK.labels(pictures) == ("bright", "dark")
    for family in ("clip", "dinov2", "swin", "resnet", "convnext"):
        assert TASK.fits_model(type(BERT)("x", "x", "folder", family))
    (problem,) = TASK.problems(pictures, BERT)
    assert "cannot sort pictures" in problem.sentence()
    (problem,) = TASK.problems(pictures[:2], VIT)
    assert "the same label, bright." in problem.sentence()


def test_encoding_looks_at_the_picture(vit: Any, pictures: list[Row]) -> None:
    """The label by its number, the picture by its path."""
    (found,) = TASK.encode(pictures[0], vit, _SETTING)
    assert found.labels.tolist() == [0]
    assert found.extra["image"] == pictures[0].image
    assert found.ids.dtype == np.int32


def test_broken_pictures(vit: Any, pictures: list[Row], tmp_path: Path) -> None:
    """Cut short, no picture at all, gone, none named: each row is told and left out."""
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    for ending in ("png", "jpg"):
        whole = tmp_path / f"whole.{ending}"
        Image.fromarray(noise).save(whole)
        TASK.encode(Row(image=str(whole), label="dark"), vit, _SETTING)
        (tmp_path / f"cut.{ending}").write_bytes(whole.read_bytes()[:-2000])
    (tmp_path / "text.png").write_text("no picture")
    for name in ("cut.png", "cut.jpg", "text.png", "gone.png"):
        with pytest.raises(RowError) as told:
            TASK.encode(Row(image=str(tmp_path / name), label="dark"), vit, _SETTING)
        assert told.value.values["file"] == name
    for row in (Row(label="dark"), Row(image=pictures[0].image, label="other"), Row()):
        with pytest.raises(RowError):
            TASK.encode(row, vit, _SETTING)


def test_batches(vit: Any, pictures: list[Row], tmp_path: Path) -> None:
    """Pictures of any size and any number of colours, brought to the model's own."""
    from PIL import Image

    for mode in ("L", "RGBA", "P", "I;16", "CMYK"):
        file = tmp_path / f"{mode[:1]}.tiff"
        if mode == "P":
            file = file.with_suffix(".png")
        Image.new(mode, (9, 5)).save(file)
        pictures.append(Row(image=str(file), label="dark"))
    examples = [one for row in pictures for one in TASK.encode(row, vit, _SETTING)]
    batch = TASK.collator(vit)(examples)
    assert batch["pixel_values"].shape == (len(pictures), 3, 16, 16)
    assert batch["labels"].tolist()[:4] == [0, 0, 1, 1]
    levels = batch["pixel_values"][:4].mean((1, 2, 3)).tolist()
    assert levels == pytest.approx([0.73, 0.73, -0.84, -0.84], abs=0.02)


def test_pictures_taken_sideways(vit: Any, tmp_path: Path) -> None:
    """A camera's note on which side is up is followed."""
    from PIL import Image

    picture = Image.new("RGB", (16, 16))
    picture.paste((255, 255, 255), (0, 0, 16, 8))  # the upper half is white
    exif = picture.getexif()
    exif[0x0112] = 3  # upside down
    picture.save(tmp_path / "turned.png", exif=exif)
    (found,) = TASK.encode(Row(image=str(tmp_path / "turned.png"), label="dark"), vit, _SETTING)
    pixels = TASK.collator(vit)([found])["pixel_values"][0]
    assert pixels[:, 8:].mean() > 0.9
    assert pixels[:, :8].mean() < -0.9


def test_loss_and_figures() -> None:
    """Cross entropy over the items; accuracy and macro F1."""
    import torch
    from torch.nn.functional import cross_entropy

    logits, labels = torch.randn(4, 2), torch.tensor([0, 1, 1, 0])
    found = TASK.loss(Outputs({"logits": logits}), labels, 4)
    assert torch.allclose(found, cross_entropy(logits, labels))
    said = Outputs({"logits": torch.eye(2)[[0, 1, 1, 1]]})
    figures = TASK.summarise(TASK.metrics(said, labels, []), _SETTING)
    assert figures["accuracy"] == pytest.approx(3 / 4)
    assert figures["f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_prediction(vit: Any, pictures: list[Row]) -> None:
    """The likeliest class of a picture; a file that is none is told."""
    import torch

    def outputs(batch: dict[str, Any]) -> dict[str, Any]:
        level = batch["pixel_values"].mean((1, 2, 3))
        return {"logits": torch.stack([level, -level], -1)}

    asked = TASK.question(pictures[0])
    assert asked == Question("1.png", "bright", image=pictures[0].image)
    found = TASK.predict(Says(outputs), vit, asked, _SETTING)
    assert (found.words, found.right) == ("bright", True)
    assert sum(chance for _name, chance in found.scores) == pytest.approx(1)
    with pytest.raises(RowError):
        TASK.predict(Says(outputs), vit, Question("", "", image="/gone.png"), _SETTING)
