"""Sources: what a text means, and what is known of it."""

from pathlib import Path

import pytest

from studio import settings
from studio.errors import ModelError
from studio.models import hub
from studio.models.ggufs import converted_folder
from studio.models.inspect import inspect, kind_of, known_models, ready_folder
from studio.models.sample import sample_folder
from studio.settings import Settings
from tests.helpers.facts import LLAMA_3B
from tests.helpers.tiny import tiny_llama


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("sample", "sample"),
        ("org/name", "hub"),
        ("Qwen/Qwen3-0.6B", "hub"),
        ("x.gguf", "gguf"),
        ("org/x.GGUF", "gguf"),
        ("./name", "folder"),
        ("../name", "folder"),
        ("/a/b", "folder"),
        ("~/model", "folder"),
        ("gpt2", "folder"),
        ("a/b/c", "folder"),
        ("组织/模型", "folder"),
    ],
)
def test_kinds(source: str, kind: str) -> None:
    """By the look of it."""
    assert kind_of(source) == kind


def test_a_folder_that_looks_like_an_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is one when it is there."""
    (tmp_path / "org" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert kind_of("org/name") == "folder"


@pytest.mark.parametrize("source", ["", "  "])
def test_nothing(source: str) -> None:
    """Is said."""
    with pytest.raises(ModelError, match="No base model is chosen"):
        inspect(source)


@pytest.mark.parametrize("source", ["/no/such/folder", "./none", "/no/such.gguf"])
def test_not_there(source: str, home: Path) -> None:
    """A sentence, and no question to the hub."""
    with pytest.raises(ModelError, match="There is no"):
        inspect(source)


def test_sample(home: Path) -> None:
    """Known before it is fetched, measured after."""
    before = inspect("sample")
    assert (before.kind, before.ready, before.layers, before.generates) == (
        "sample",
        False,
        30,
        True,
    )
    tiny_llama(sample_folder(settings.load().models))
    after = inspect("sample")
    assert (after.name, after.source, after.ready, after.layers) == (before.name, "sample", True, 2)
    assert after.licence == before.licence


def test_folder(tmp_path: Path, home: Path) -> None:
    """Under the name it was given."""
    folder = tiny_llama(tmp_path / "mine")
    facts = inspect(str(folder))
    assert (facts.source, facts.name, facts.kind) == (str(folder), "mine", "folder")
    assert ready_folder(str(folder)) == folder


def test_gguf_that_was_converted(tmp_path: Path, home: Path) -> None:
    """Is read from its folder and shown as the file."""
    file = tmp_path / "My-Model.gguf"
    file.write_bytes(b"x")
    assert ready_folder(str(file)) is None
    tiny_llama(converted_folder(file, settings.load().models))
    facts = inspect(str(file))
    assert (facts.kind, facts.name, facts.ready) == ("gguf", "My-Model", True)


def test_hub_model(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked of the hub until it is whole here; another revision is another model."""
    asked: list[tuple[str, str]] = []

    def ask(name: str, revision: str) -> object:
        asked.append((name, revision))
        return LLAMA_3B

    monkeypatch.setattr(hub, "inspect_hub", ask)
    models = settings.load().models
    folder = tiny_llama(hub.local_folder("org/name", models))
    assert inspect("org/name") == LLAMA_3B
    (folder / ".whole").touch()
    facts = inspect("org/name")
    assert (facts.kind, facts.name, facts.layers) == ("hub", "name", 2)
    inspect("org/name", "v2")
    assert asked == [("org/name", ""), ("org/name", "v2")]


def test_known_models(home: Path) -> None:
    """The sample, recent ones, fetched ones; none twice."""
    settings.save(Settings(recent_models=["/a/b", "org/name"]))
    models = settings.load().models
    for name, revision in (("org/name", ""), ("org/other", ""), ("org/other", "v1")):
        folder = hub.local_folder(name, models, revision)
        folder.mkdir(parents=True)
        (folder / ".whole").touch()
    (models / "hub" / "half--fetched").mkdir()
    assert known_models() == ["sample", "/a/b", "org/name", "org/other"]
