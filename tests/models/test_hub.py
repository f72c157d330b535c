"""The hub, through its real client, against a server of our own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio import settings
from studio.errors import HubError
from studio.models import hub
from studio.models.hub import fetch, inspect_hub, local_folder, search
from studio.settings import Settings
from tests.helpers.hub import COMMIT, Hub, served

_CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "max_position_embeddings": 128,
}
_FILES = {
    "config.json": json.dumps(_CONFIG).encode(),
    "tokenizer.json": b"{}",
    "tokenizer_config.json": b'{"chat_template": "x"}',
    "model.safetensors": b"w" * 1000,
    "consolidated.safetensors": b"w" * 1000,
    "pytorch_model.bin": b"p" * 1000,
    "modeling_own.py": b"print()",
    "original/model.safetensors": b"w" * 1000,
    "onnx/config.json": b"{}",
    "README.md": b"card",
}
_PICKLED = {name: _FILES[name] for name in ("config.json", "tokenizer.json", "pytorch_model.bin")}


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Serve three repositories and tell the settings where."""
    import huggingface_hub
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    repositories = {"org/good": _FILES, "org/pickled": _PICKLED, "org/adapter": {"README.md": b"x"}}
    with served(repositories) as found:
        settings.save(Settings(hub_address=found.address))
        yield found
        huggingface_hub.close_session()


def _wrong(ask: Any) -> HubError:
    """Return what is said when the hub does not do it."""
    with pytest.raises(HubError) as found:
        ask()
    assert found.value.step()
    return found.value


def test_search(server: Hub) -> None:
    """Name, size, downloads, licence."""
    assert search("GOOD") == [hub.HubModel("org/good", 100, 7, "apache-2.0")]
    assert server.asked == ["/api/models"]


def test_inspect(server: Hub) -> None:
    """From the config and the list of files; no weights are fetched."""
    facts = inspect_hub("org/good")
    assert (facts.name, facts.kind, facts.model_type, facts.layers) == ("good", "hub", "llama", 2)
    assert (facts.parameters, facts.bytes, facts.files) == (100, 1000, 1)
    assert (facts.licence, facts.chat_template, facts.tokenizer) == ("apache-2.0", True, True)
    assert (facts.pickled, facts.ready) == (False, False)
    assert not [path for path in server.asked if path.endswith((".safetensors", ".bin"))]


def test_inspect_pickled(server: Hub) -> None:
    """It is said before it is fetched."""
    facts = inspect_hub("org/pickled")
    assert (facts.pickled, facts.bytes, facts.chat_template) == (True, 1000, False)


def test_fetch(server: Hub, tmp_path: Path) -> None:
    """What training needs, once, with progress; no pickles, no code, no second form of weights."""
    told: list[tuple[int, int]] = []
    folder = fetch("org/good", tmp_path / "good", progress=lambda *now: told.append(now))
    names = {file.name for file in folder.iterdir() if not file.name.startswith(".")}
    assert names == {
        "config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors", "README.md"
    }  # fmt: skip
    total = sum(len(_FILES[name]) for name in names)
    assert told[-1] == (total, total)
    assert (folder / ".whole").is_file()
    server.asked.clear()
    fetch("org/good", folder)
    assert not [path for path in server.asked if path.endswith(".safetensors")]


def test_fetch_what_was_agreed_to(server: Hub, tmp_path: Path) -> None:
    """Pickles only where there are no others, code only when asked."""
    folder = fetch("org/pickled", tmp_path / "pickled", pickles=True)
    assert (folder / "pytorch_model.bin").is_file()
    folder = fetch("org/good", tmp_path / "good", pickles=True, code=True)
    assert not (folder / "pytorch_model.bin").exists()
    assert (folder / "modeling_own.py").is_file()


def test_revision(server: Hub, tmp_path: Path) -> None:
    """One that there is, and one that there is not."""
    assert inspect_hub("org/good", COMMIT).layers == 2
    assert "no such revision" in _wrong(lambda: inspect_hub("org/good", "v9")).sentence()
    assert local_folder("org/good", tmp_path, "v/9") != local_folder("org/good", tmp_path)


def test_no_such_model(server: Hub) -> None:
    """The name is in the sentence, also one that cannot be a name."""
    for name in ("org/none", "a--b/c..d"):
        assert _wrong(lambda n=name: inspect_hub(n)).sentence() == f"The hub has no model {name}."


def test_no_config(server: Hub) -> None:
    """An adapter, or a GGUF conversion."""
    said = _wrong(lambda: inspect_hub("org/adapter")).sentence()
    assert said == "org/adapter is no model that transformers can load: it has no config.json."


def test_gated(server: Hub) -> None:
    """It says what to do."""
    server.refusals["/api/models/org/good"] = (403, {"X-Error-Code": "GatedRepo"})
    found = _wrong(lambda: inspect_hub("org/good"))
    assert "accepted its terms" in found.sentence()
    assert "token" in found.step()


def test_server_error(server: Hub) -> None:
    """Of the hub's own making."""
    server.refusals["/api/models"] = (500, {})
    assert "cannot be reached" in _wrong(lambda: search("x")).sentence()


def test_not_reachable(server: Hub) -> None:
    """Nobody listens there."""
    settings.save(Settings(hub_address="http://127.0.0.1:9"))
    for ask in (lambda: search("x"), lambda: inspect_hub("org/good")):
        assert "cannot be reached" in _wrong(ask).sentence()


def test_too_little_room(server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked before anything is fetched."""
    monkeypatch.setattr(hub, "free_disk", lambda _folder: 10)
    assert "and the disk has" in _wrong(lambda: fetch("org/good", tmp_path / "x")).sentence()
    assert not [path for path in server.asked if "/resolve/" in path]


def test_broken_off(server: Hub, tmp_path: Path) -> None:
    """What is not whole is not taken for whole."""
    server.refusals["/org/good/resolve"] = (404, {"X-Error-Code": "EntryNotFound"})
    _wrong(lambda: fetch("org/good", tmp_path / "x"))
    assert not (tmp_path / "x" / ".whole").exists()


def test_offline(home: Path) -> None:
    """The setting is a promise: nothing is asked."""
    settings.save(Settings(offline=True, hub_address="http://127.0.0.1:9"))
    for ask in (lambda: search("x"), lambda: inspect_hub("a/b"), lambda: fetch("a/b", home / "x")):
        assert _wrong(ask).sentence() == "The settings say to stay offline."
