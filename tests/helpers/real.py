"""Real weights and rows, fetched once into the tests' cache and verified; never committed.

The sources are packages, fetched through pip so that the person's own mirror settings hold.
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from platformdirs import user_cache_path

# package, version, SHA-256 of the download, file inside it
ALPACA = (
    "llamafactory",
    "0.9.5",
    "1702c0bfb864e80577a59521d2edcacd2aab05ec6aee06188fcba335a589681f",
    "data/alpaca_en_demo.json",
)


def cache() -> Path:
    """Return the folder that keeps what was fetched, over many runs of the tests."""
    return user_cache_path("finetune-studio-tests", appauthor=False)


def sample_model() -> Path:
    """Return the sample's base model as bf16 safetensors, fetched and converted once."""
    from studio.engine.prepare import convert
    from studio.models.sample import fetch_sample, sample_folder

    folder = sample_folder(cache())
    if not (folder / "config.json").is_file():
        gguf = fetch_sample(cache() / "sample", lambda _done, _total: None, lambda: False)
        convert(gguf, folder, lambda _stage, _done, _total: None)
    return folder


def package_file(package: str, version: str, sha256: str, name: str) -> Path:
    """Return one file of a package's download; raises ValueError when the checksum is wrong."""
    kept = cache() / "packages" / f"{package}-{version}" / name
    if kept.is_file():
        return kept
    with tempfile.TemporaryDirectory() as scratch:
        download = _download(package, version, Path(scratch))
        if hashlib.sha256(download.read_bytes()).hexdigest() != sha256:
            raise ValueError(f"{download.name} is not the file it should be")
        kept.parent.mkdir(parents=True, exist_ok=True)
        aside = kept.with_name(f".{kept.name}")
        aside.write_bytes(_inside(download, name))
        aside.replace(kept)
    return kept


def _download(package: str, version: str, folder: Path) -> Path:
    """Fetch the source archive of a package with pip."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "-d", str(folder)]
    command += ["--no-binary", package, f"{package}=={version}"]
    subprocess.run(command, check=False, capture_output=True)
    found = sorted(folder.glob(f"{package}*"))
    if not found:
        raise FileNotFoundError(f"pip could not fetch {package} {version}")
    return found[0]


def _inside(download: Path, name: str) -> bytes:
    """Read one file of an archive."""
    if zipfile.is_zipfile(download):
        with zipfile.ZipFile(download) as wheel:
            return wheel.read(name)
    with tarfile.open(download) as archive:
        member = next(one for one in archive.getnames() if one.endswith(f"/{name}"))
        found = archive.extractfile(member)
        assert found is not None
        return found.read()
