"""What the person has chosen for every run: language, theme, folders, hub.

Kept in one TOML file in the system's place for settings. The hub token is never in it: it lives
in the system's keyring. FINETUNE_STUDIO_HOME moves everything below one folder (tests use it).
"""

import os
import secrets
import time
import tomllib
from pathlib import Path
from typing import Any, Literal

import tomlkit
from platformdirs import PlatformDirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

_NAME = "finetune-studio"


class Settings(BaseModel):
    """The choices; unknown fields of a newer version are kept and ignored."""

    model_config = ConfigDict(extra="allow", validate_assignment=True)

    language: Literal["system", "en", "zh_CN"] = "system"
    theme: Literal["system", "light", "dark"] = "system"
    runs_folder: str = ""
    models_folder: str = ""
    offline: bool = False
    hub_address: str = ""
    smoothing: float = Field(0.9, ge=0, lt=1)
    tracks: list[str] = []  # charts of a live run, where the person chose them
    recent_models: list[str] = []
    consents: dict[str, list[str]] = {}

    @property
    def runs(self) -> Path:
        """Folder that holds the run folders."""
        return Path(self.runs_folder).expanduser() if self.runs_folder else data_home() / "runs"

    @property
    def models(self) -> Path:
        """Folder that holds fetched and converted models."""
        return Path(self.models_folder).expanduser() if self.models_folder else cache_home()

    def remember_model(self, source: str) -> None:
        """Put a model at the top of the recent ones; at most twelve are kept."""
        others = [known for known in self.recent_models if known != source]
        self.recent_models = [source, *others][:12]


def _home() -> Path | None:
    """Return the folder that replaces all others, if the environment names one."""
    named = os.environ.get("FINETUNE_STUDIO_HOME")
    return Path(named) if named else None


def config_file() -> Path:
    """Return the settings file."""
    base = _home() or PlatformDirs(_NAME, appauthor=False).user_config_path
    return base / "settings.toml"


def data_home() -> Path:
    """Return the folder of what the person made."""
    return _home() or PlatformDirs(_NAME, appauthor=False).user_data_path


def cache_home() -> Path:
    """Return the folder of what can be fetched or computed again."""
    base = _home() or PlatformDirs(_NAME, appauthor=False).user_cache_path
    return base / "models"


def load() -> Settings:
    """Read the settings; a damaged file is set aside, never overwritten, and defaults are used.

    A single value that cannot be is left out, and the others hold.
    """
    file = config_file()
    try:
        return _valid(tomllib.loads(file.read_text("utf-8-sig")))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        file.replace(file.with_name(f"settings.damaged-{time.time_ns()}.toml"))
        return Settings()


def _valid(values: dict[str, Any]) -> Settings:
    """Return the settings that these values make, without the ones that are wrong."""
    try:
        return Settings.model_validate(values)
    except ValidationError as found:
        wrong = {error["loc"][0] for error in found.errors()}
        return Settings.model_validate({k: v for k, v in values.items() if k not in wrong})


def save(settings: Settings) -> None:
    """Write the settings whole, then rename, so that a crash leaves the old ones."""
    write_whole(config_file(), tomlkit.dumps(settings.model_dump(exclude_defaults=True)))


def write_whole(file: Path, text: str) -> None:
    """Write a text file aside and rename it into place.

    Raises OSError where the folder cannot be written to.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        # Not mkstemp: its files are for their owner alone, whatever the person's umask says.
        with open(aside, "x", encoding="utf-8", newline="\n") as out:
            out.write(text)
        aside.replace(file)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def hub_token() -> str:
    """Return the hub token from the system's keyring, or nothing where there is none."""
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(_NAME, "hub-token") or ""
    except KeyringError:
        return ""


def set_hub_token(token: str) -> None:
    """Keep the hub token in the system's keyring; an empty one removes it.

    Raises keyring.errors.KeyringError where the system has no keyring for it.
    """
    import keyring
    from keyring.errors import NoKeyringError, PasswordDeleteError

    if token:
        keyring.set_password(_NAME, "hub-token", token)
        return
    try:
        keyring.delete_password(_NAME, "hub-token")
    except (NoKeyringError, PasswordDeleteError):
        return  # there was none: that is what was asked for
