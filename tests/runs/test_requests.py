"""Requests: in order, once, and nothing else."""

from pathlib import Path

from studio.runs.requests import Request, ask, clear, take


def test_asked_and_taken(tmp_path: Path) -> None:
    """Oldest first, however quickly they come, and each once."""
    folder = tmp_path / "requests"
    assert take(folder) == []
    for prompt in map(str, range(50)):
        ask(folder, "sample", prompt=prompt)
    ask(folder, "stop")
    found = take(folder)
    assert found == [*(Request("sample", {"prompt": str(n)}) for n in range(50)), Request("stop")]
    assert take(folder) == []
    assert list(folder.iterdir()) == []


def test_stray_files_do_no_harm(tmp_path: Path) -> None:
    """What is no request is removed; what is being written is left."""
    for name, content in {"1.json": "{", "2.json": "[]", "3.json": '{"name": "pause"}'}.items():
        (tmp_path / name).write_text(content, "utf-8")
    (tmp_path / ".4.json.aside").write_text("{", "utf-8")
    assert take(tmp_path) == [Request("pause")]
    assert [file.name for file in tmp_path.iterdir()] == [".4.json.aside"]


def test_clear(tmp_path: Path) -> None:
    """What an ended worker was asked is not asked of the next."""
    clear(tmp_path / "none")
    ask(tmp_path, "stop")
    clear(tmp_path)
    assert take(tmp_path) == []
