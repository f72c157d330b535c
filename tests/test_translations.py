"""Every sentence has its Chinese, well set, and the compiled catalogue says the same."""

import re
import tomllib
from collections.abc import Iterator
from string import Formatter
from typing import Any

import pytest

from tests import translations

_AGAIN = "run: python tests/translations.py"
# Data that declares sentences: the text was marked where it was written.
_DECLARED = re.compile(
    r"(.*\.(title|text|summary|help|unit|needs_words|next_step)"  # an attribute
    r"|(_?[A-Z][A-Z_]+|captions|.*\.choices)\[.*\])",  # a table
    re.DOTALL,
)
_KNOWN = {
    "studio/cli/main.py": {"command.help or ''", "parameter.help or ''"},
    "studio/ui/pages/forms.py": {"text"},  # of a field's choices
    # Out of a table of marked texts, which is gone through.
    "studio/cli/page.py": {"caption", "text", "reason"},
    "studio/methods/check.py": {"reason"},
    "studio/ui/new_run/evidence_view.py": {"text"},
    "studio/ui/new_run/method_filters.py": {"name"},
    "studio/ui/new_run/method_seen.py": {"title", "reason", "name", "words"},
}
_HAN = "[\u4e00-\u9fff]"
# Placeholders that hold Chinese, so that no space stands beside them.
_CHINESE = {"columns", "layout", "part", "preset", "reason", "task", "time", "what"}
_RULES = {
    "half-width punctuation": rf"{_HAN}[,.;:?!]|[,.;:?!]\s*{_HAN}|{_HAN}\((?!&)|\){_HAN}",
    "no space between Chinese and Latin": rf"{_HAN}[A-Za-z0-9]|[A-Za-z0-9%]{_HAN}",
    "a space beside full-width punctuation": r"\s[，。；：？！、）]|[，。；：？！、（]\s",
    "an exclamation mark": "[!！]",
    "straight quotes around Chinese": rf"[\"']{_HAN}|{_HAN}[\"']",
}


def _messages() -> list[tuple[translations.Sentence, str]]:
    """Return each English sentence with its Chinese."""
    found = translations.written(translations.catalogue())
    return [(english, text) for english, texts in found.items() for text in texts]


def _plain(text: str) -> str:
    """Leave out what is no text: marks, and placeholders, in whose place a sign is put."""
    text = re.sub(r"<[^>]+>", "", text.replace("&nbsp;", " "))
    return re.sub(r"{(\w+)[^}]*}", lambda one: "·" if one[1] in _CHINESE else "X", text)


def _faults(text: str) -> list[str]:
    """Name what is wrong with the setting of a Chinese text."""
    plain = _plain(text)
    return [name for name, pattern in _RULES.items() if re.search(pattern, plain)]


def _placeholders(text: str) -> set[tuple[str, str]]:
    """Return names and formats of the placeholders in a text."""
    return {(name, spec or "") for _text, name, spec, _how in Formatter().parse(text) if name}


def _preset_texts(values: Any) -> Iterator[str]:
    """Return the Chinese texts of a preset file."""
    for key, value in values.items() if isinstance(values, dict) else enumerate(values):
        if isinstance(value, dict | list):
            yield from _preset_texts(value)
        elif str(key).endswith("_zh"):
            yield value


def test_every_sentence_is_translated() -> None:
    """Nothing is missing, nothing is left over."""
    written = set(translations.written(translations.catalogue()))
    wanted = translations.sentences()
    assert sorted(wanted - written) == [], _AGAIN
    assert sorted(written - wanted) == [], _AGAIN


def test_nothing_is_fuzzy() -> None:
    """A guess is not a translation."""
    assert [one.id for one in translations.catalogue() if one.id and one.fuzzy] == []


def test_compiled_catalogue_is_up_to_date() -> None:
    """The program reads the .mo, people the .po."""
    assert translations.compiled() == translations.written(translations.catalogue()), _AGAIN


def test_placeholders_are_the_same() -> None:
    """Chinese has one form, which holds what the plural holds."""
    wrong = [
        text for english, text in _messages() if _placeholders(text) != _placeholders(english[-1])
    ]
    assert wrong == []


def test_sentences_end_alike() -> None:
    """A label has no full stop in either language, a sentence has one in both."""
    ends = {".": "。", "?": "？", "…": "…", ":": "："}
    wrong = [
        text
        for english, text in _messages()
        if ends.get(english[-1][-1], "") != (text[-1] if text[-1] in ends.values() else "")
    ]
    assert wrong == []


def test_chinese_is_well_set() -> None:
    """Punctuation is full-width, and a space stands between Chinese and Latin."""
    assert {text: _faults(text) for _english, text in _messages() if _faults(text)} == {}


def test_chinese_of_presets_is_well_set() -> None:
    """The same for the texts that lie beside the methods."""
    files = sorted((translations.ROOT / "presets").rglob("*.toml"))
    presets = [tomllib.loads(file.read_text("utf-8")) for file in files]
    texts = [text for values in presets for text in _preset_texts(values)]
    assert len(texts) > 20
    assert {text: _faults(text) for text in texts if _faults(text)} == {}


_BAD = [
    "步数,损失",
    "共{n} 步",
    "第 {n}步",
    "用GPU训练",
    "步 ，损失",
    "完成！",
    "训练(快)",
    '"步"列',
]
_GOOD = ["文件(&F)", "秩（rank）", "占 {n}%，够用", "“{task}”任务", "配方 (*.toml)"]


@pytest.mark.parametrize("text", _BAD)
def test_badly_set_texts_are_found(text: str) -> None:
    """The rules find what they are for."""
    assert _faults(text)


@pytest.mark.parametrize("text", _GOOD)
def test_well_set_texts_pass(text: str) -> None:
    """The rules leave alone what is right."""
    assert _faults(text) == []


def test_sentences_are_written_out() -> None:
    """A text made up at run time would never be found by the extractor."""
    odd = [
        f"{call.place}: {call.code}"
        for call in translations.calls()
        if call.code
        and not _DECLARED.fullmatch(call.code)
        and call.code not in _KNOWN.get(call.place.split(":")[0], set())
    ]
    assert odd == []
