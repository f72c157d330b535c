"""Which model families transformers has which class for: presets/families.json, without torch.

The file is transformers' own table; tests/models/test_families.py writes it and holds it against
the installed version.
"""

import functools
import json

from studio.paths import PRESETS

FILE = PRESETS / "families.json"


def has_head(model_type: str, model_class: str) -> bool:
    """Say whether a family has a model of a class, such as AutoModelForTokenClassification."""
    return model_type in _families().get(model_class, ())


@functools.lru_cache(maxsize=1)
def _families() -> dict[str, frozenset[str]]:
    """Return the model types of each class."""
    table = json.loads(FILE.read_text("utf-8"))["classes"]
    return {name: frozenset(types) for name, types in table.items()}
