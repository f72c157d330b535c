"""The table of model families against the installed transformers.

`python -m tests.models.test_families` writes it anew.
"""

import json
from typing import Any

from studio.models.families import FILE, has_head

_TABLES = {
    "AutoModelForImageClassification": "MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES",
    "AutoModelForMaskedLM": "MODEL_FOR_MASKED_LM_MAPPING_NAMES",
    "AutoModelForQuestionAnswering": "MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES",
    "AutoModelForSeq2SeqLM": "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES",
    "AutoModelForSequenceClassification": "MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES",
    "AutoModelForTokenClassification": "MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES",
}


def measured() -> dict[str, Any]:
    """Return what the installed transformers has."""
    import transformers
    from transformers.models.auto import modeling_auto

    classes = {name: sorted(getattr(modeling_auto, table)) for name, table in _TABLES.items()}
    return {"transformers": transformers.__version__, "classes": classes}


def test_the_table_is_that_of_the_installed_version() -> None:
    """Of the very version: all of it; of another one: nothing may be missing there."""
    kept, now = json.loads(FILE.read_text("utf-8")), measured()
    if kept["transformers"] == now["transformers"]:
        assert kept == now
    for name, types in kept["classes"].items():
        assert set(types) <= set(now["classes"][name]), name


def test_families() -> None:
    """A family that has the class, one that has not, a class that is not in the table."""
    assert has_head("bert", "AutoModelForQuestionAnswering")
    assert not has_head("gemma2", "AutoModelForQuestionAnswering")
    assert not has_head("bert", "AutoModelForNothing")


if __name__ == "__main__":
    FILE.write_text(json.dumps(measured(), indent=1) + "\n", "utf-8")
