"""Texts: filling in, plurals, languages."""

import gettext

import pytest

from studio import words


def test_tr_fills_placeholders() -> None:
    """Named values stand where the template says, also one that is called text."""
    assert words.tr("Step {step} of {total}", step=3, total=9) == "Step 3 of 9"
    assert words.tr("Said: {text}", text="hello") == "Said: hello"


def test_tr_leaves_a_text_without_values_alone() -> None:
    """Braces are no placeholders where nothing is to be filled in."""
    assert words.tr("{not} a template") == "{not} a template"
    assert words.tr("") == ""


@pytest.mark.parametrize(
    ("n", "shown"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1234567, "1,234,567 rows")]
)
def test_trn_chooses_the_plural(n: int, shown: str) -> None:
    """The figure is written with thousands apart."""
    assert words.trn("{n} row", "{n} rows", n) == shown


def test_trn_can_show_another_figure() -> None:
    """Such as a short one."""
    assert words.trn("{n} row of {of}", "{n} rows of {of}", 12000, shown="12 k", of=3) == (
        "12 k rows of 3"
    )


def test_language_changes_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue answers for the texts it has, and English for the rest."""

    class Catalogue(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return {"Hello {name}": "你好，{name}"}.get(message, message)

    monkeypatch.setattr(gettext, "translation", lambda *_a, **_k: Catalogue())
    words.use_language("zh_CN")
    assert words.language() == "zh_CN"
    assert words.tr("Hello {name}", name="Li") == "你好，Li"
    assert words.tr("Unknown") == "Unknown"


def test_sense_tells_apart_what_english_does_not() -> None:
    """The step of the wizard and the state of a run are one word in English only."""
    assert words.tr("Training", "state") == "Training"
    words.use_language("zh_CN")
    assert words.tr("Training", "state") != words.tr("Training")


def test_sentences_of_a_paragraph() -> None:
    """A space stands between them, in Chinese none; what is empty is left out."""
    words.use_language("en")
    assert words.paragraph("One.", "", "Two.") == "One. Two."
    words.use_language("zh_CN")
    assert words.paragraph("一。", "二。") == "一。二。"


@pytest.mark.parametrize(
    ("variable", "code"),
    [("zh_CN.UTF-8", "zh_CN"), ("zh_TW", "zh_CN"), ("de_DE", "en"), ("C", "en")],
)
def test_system_language(variable: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest language to the system's is taken, also for a code that is unknown."""
    monkeypatch.setenv("LC_ALL", variable)
    assert words.system_language() == code
    words.use_language("xx")
    assert words.language() == code
