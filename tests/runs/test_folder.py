"""Run folders: made whole or not at all, named, found, removed."""

from pathlib import Path

import pytest

from studio.errors import DiskError, RecipeError, RunError
from studio.recipe import Recipe, from_mapping
from studio.runs import folder as folders
from studio.runs.folder import RunFolder, all_runs, create, find, folder_name, remove, title
from studio.runs.log import EventReader


def _recipe(**output: str) -> Recipe:
    return from_mapping({"model": {"source": "org/Some-Model"}, "output": output})


def test_create(tmp_path: Path) -> None:
    """A recipe that reads back, and a first event."""
    made = create(_recipe(name="My run!"), tmp_path / "deep" / "runs")
    assert made.recipe() == _recipe(name="My run!")
    assert [type(event).__name__ for event in EventReader(made.events).read()] == ["Queued"]
    assert all_runs(tmp_path / "deep" / "runs") == [made]


@pytest.mark.parametrize(
    ("output", "label"),
    [({}, "some-model-lora"), ({"name": "Ärger / 中文: run."}, "ärger-中文-run"),
     ({"name": "../../etc"}, "etc"), ({"name": "..."}, "run"), ({"name": "x" * 300}, "x" * 60)],
)  # fmt: skip
def test_names(output: dict[str, str], label: str) -> None:
    """Nothing that a file system minds, nothing that leads elsewhere."""
    name = folder_name(_recipe(**output))
    assert title(name) == label
    assert name == Path(name).name


def test_names_that_collide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another name is taken, and the first run stays as it is."""
    names = iter(["same", "same", "other"])
    monkeypatch.setattr(folders, "folder_name", lambda _recipe: next(names))
    first, second = create(_recipe(), tmp_path), create(_recipe(), tmp_path)
    assert (first.name, second.name) == ("same", "other")


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up leaves no half of a run."""

    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders.recipes, "save", full)
    with pytest.raises(DiskError, match="No space left on device"):
        create(_recipe(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_runs_folder_that_is_a_file(tmp_path: Path) -> None:
    """One sentence."""
    (tmp_path / "runs").write_text("x", "utf-8")
    with pytest.raises(DiskError, match="cannot be written to"):
        create(_recipe(), tmp_path / "runs")


def test_find(tmp_path: Path) -> None:
    """By path, name, title, or a part that fits one alone."""
    cat, dog = (create(_recipe(name=name), tmp_path) for name in ("cat", "cat-and-dog"))
    assert find(cat.path, Path("/nowhere")) == cat
    assert find(cat.name, tmp_path) == cat
    assert find("cat", tmp_path) == cat
    assert find("dog", tmp_path) == dog
    with pytest.raises(RunError, match="There is no run mouse"):
        find("mouse", tmp_path)
    with pytest.raises(RunError, match="fits 2 runs"):
        find("ca", tmp_path)


def test_damaged_runs(tmp_path: Path) -> None:
    """A broken recipe is said, a folder without one is no run."""
    made = create(_recipe(), tmp_path)
    made.recipe_file.write_text("format = ", "utf-8")
    with pytest.raises(RecipeError, match="is not a TOML file"):
        made.recipe()
    made.recipe_file.unlink()
    assert all_runs(tmp_path) == []
    assert all_runs(tmp_path / "none") == []


def test_whole_checkpoints(tmp_path: Path) -> None:
    """Folders with such a name, in the order of their steps; what is written aside is none."""
    run = RunFolder(tmp_path)
    assert run.whole_checkpoints() == []
    for name in (
        "checkpoint-20",
        "checkpoint-100",
        "checkpoint-3",
        ".checkpoint-5",
        "tmp-checkpoint-6",
    ):
        (run.checkpoints / name).mkdir(parents=True)
    (run.checkpoints / "checkpoint-7").write_text("a file", "utf-8")
    assert [step for step, _ in run.whole_checkpoints()] == [3, 20, 100]


def test_remove(tmp_path: Path) -> None:
    """All of it."""
    made = create(_recipe(), tmp_path)
    remove(made)
    assert list(tmp_path.iterdir()) == []
