"""Tiny models with their processors, made once, and models that say what a test wants."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.helpers.tiny import tiny_bert, tiny_llama, tiny_t5, tiny_vit

_MAKERS = {"bert": tiny_bert, "llama": tiny_llama, "t5": tiny_t5, "vit": tiny_vit}


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the folder of each tiny model."""
    place = tmp_path_factory.mktemp("models")
    return {name: make(place / name) for name, make in _MAKERS.items()}


@pytest.fixture(scope="session")
def bert(folders: dict[str, Path]) -> Any:
    """Return a tokenizer that parts words and lays [CLS] and [SEP] around them."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folders["bert"])


@pytest.fixture(scope="session")
def llama(folders: dict[str, Path]) -> Any:
    """Return a byte-level tokenizer without [CLS]."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folders["llama"])


@pytest.fixture(scope="session")
def t5(folders: dict[str, Path]) -> Any:
    """Return a tokenizer that ends a text."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folders["t5"])


@pytest.fixture(scope="session")
def vit(folders: dict[str, Path]) -> Any:
    """Return an image processor for pictures of 16 × 16."""
    from transformers import AutoImageProcessor

    return AutoImageProcessor.from_pretrained(folders["vit"])


class Says:
    """A model whose outputs are computed from the batch by a test's own function."""

    device = "cpu"

    def __init__(self, outputs: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.outputs = outputs

    def __call__(self, **batch: Any) -> "Outputs":
        """Answer a batch."""
        return Outputs(self.outputs(batch))


class Outputs(SimpleNamespace):
    """A model's outputs: by name and by key, as transformers' are."""

    def __init__(self, named: dict[str, Any]) -> None:
        super().__init__(**named)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        setattr(self, name, value)
