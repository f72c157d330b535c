"""Settings: kept, damaged, from a newer version; files written whole."""

import os
import stat
import sys
from pathlib import Path

import keyring.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio import settings
from studio.settings import Settings


def test_round_trip(home: Path) -> None:
    """What is saved is read back."""
    mine = Settings(language="zh_CN", offline=True, consents={"a/b": ["pickle"]})
    mine.remember_model("x/y")
    settings.save(mine)
    assert settings.load() == mine
    assert settings.config_file() == home / "settings.toml"


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.text("aé中\"'\\\n\t", max_size=9)),
)
def test_any_text_round_trips(folder: str, models: list[str]) -> None:
    """Quotes, line ends and any other letters are no trouble."""
    mine = Settings(runs_folder=folder, recent_models=models)
    settings.save(mine)
    assert settings.load() == mine


def test_nothing_saved(home: Path) -> None:
    """Defaults, below the one folder that the environment names."""
    assert settings.load() == Settings()
    assert settings.load().runs == home / "runs"
    assert settings.load().models == home / "models"


def test_folders_can_be_elsewhere(tmp_path: Path) -> None:
    """A person's own folders win."""
    mine = Settings(runs_folder=str(tmp_path), models_folder="~")
    assert (mine.runs, mine.models) == (tmp_path, Path.home())


@pytest.mark.parametrize("damage", [b"theme = ", b"\xff\xfe\x00", b"a = 1\na = 2\n"])
def test_damaged_file_is_set_aside(home: Path, damage: bytes) -> None:
    """It is kept under another name, each time under a new one."""
    for _ in range(2):
        settings.config_file().write_bytes(damage)
        assert settings.load() == Settings()
        assert not settings.config_file().exists()
    kept = list(home.glob("settings.damaged-*.toml"))
    assert [file.read_bytes() for file in kept] == [damage, damage]


def test_one_wrong_value_leaves_the_others(home: Path) -> None:
    """Such as a theme that only a newer version has; a byte order mark is no matter."""
    settings.config_file().write_text('﻿theme = "purple"\nhub_address = "http://m"\n', "utf-8")
    assert settings.load() == Settings(hub_address="http://m")


def test_unknown_fields_are_kept(home: Path) -> None:
    """A newer version's choice survives this one."""
    settings.config_file().write_text('newer = 3\ntheme = "dark"\n', "utf-8")
    settings.save(settings.load())
    assert "newer = 3" in settings.config_file().read_text("utf-8")


def test_recent_models_are_twelve_at_most() -> None:
    """The latest first, none twice."""
    mine = Settings()
    for number in [*range(20), 15]:
        mine.remember_model(str(number))
    assert mine.recent_models == ["15", "19", "18", "17", "16", *map(str, range(14, 7, -1))]


def test_write_whole_leaves_the_old_on_failure(tmp_path: Path) -> None:
    """A text that cannot be encoded harms nothing and leaves nothing."""
    file = tmp_path / "x.txt"
    settings.write_whole(file, "old")
    with pytest.raises(UnicodeEncodeError):
        settings.write_whole(file, "new \ud800")
    assert file.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
def test_write_whole_keeps_to_the_umask(tmp_path: Path) -> None:
    """Others may read what their neighbour's umask lets them."""
    before = os.umask(0o022)
    try:
        settings.write_whole(tmp_path / "x.txt", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.txt").stat().st_mode) == 0o644


def test_token_without_a_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """No keyring is no token; removing one that is not there is fine, keeping one is not."""

    def refuse(*_given: object) -> None:
        raise keyring.errors.NoKeyringError

    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, refuse)
    assert settings.hub_token() == ""
    settings.set_hub_token("")
    with pytest.raises(keyring.errors.KeyringError):
        settings.set_hub_token("secret")


def test_token_is_kept_in_the_keyring(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And never in the file."""
    held: dict[tuple[str, str], str] = {}
    monkeypatch.setattr(keyring, "get_password", lambda *key: held.get(key))
    monkeypatch.setattr(keyring, "set_password", lambda a, b, word: held.update({(a, b): word}))
    settings.set_hub_token("secret")
    settings.save(settings.load())
    assert settings.hub_token() == "secret"
    assert "secret" not in settings.config_file().read_text("utf-8")
