"""Every sentence a person reads goes through here, in the window and in the terminal.

gettext catalogues lie in assets/translations/<language>/LC_MESSAGES/studio.{po,mo}. Texts that
are declared as data (field titles, errors) are wrapped in `mark` where they are written and
in `tr` where they are shown, so the language can change while the program runs.
"""

import gettext
import locale
import os

from studio.paths import ASSETS

LANGUAGES = {"en": "English", "zh_CN": "简体中文"}
_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


def mark(text: str) -> str:
    """Return the text as it is; the extractor of translations looks for this name."""
    return text


def tr(text: str, sense: str = "", /, **values: object) -> str:
    """Return the text in the chosen language with its placeholders filled in.

    `sense` tells apart what is one word in English and two in another language.
    """
    if sense:
        translated = _catalogue.pgettext(sense, text)
    else:
        translated = _catalogue.gettext(text) if text else text
    return translated.format(**values) if values else translated


def trn(one: str, many: str, n: int, /, **values: object) -> str:
    """Return the singular or plural text for `n`, which is itself the placeholder {n}.

    `shown` replaces the figure, for example by "12 k".
    """
    shown = values.pop("shown", None) or f"{n:,}"
    return _catalogue.ngettext(one, many, n).format(n=shown, **values)


def paragraph(*sentences: str) -> str:
    """Return the sentences one after the other; Chinese sets no space between them."""
    gap = "" if _language == "zh_CN" else " "
    return gap.join(sentence for sentence in sentences if sentence)


def language() -> str:
    """Return the code of the language in use, a key of `LANGUAGES`."""
    return _language


def use_language(code: str) -> None:
    """Speak this language from now on; "system", or one unknown here, follows the computer."""
    global _catalogue, _language
    _language = code if code in LANGUAGES else system_language()
    _catalogue = gettext.translation(
        "studio", ASSETS / "translations", languages=[_language], fallback=True
    )


def system_language() -> str:
    """Return the nearest language we speak to the one that the computer uses."""
    names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    name = next((found for found in names if found), locale.getlocale()[0] or "")
    return "zh_CN" if name.lower().startswith(("zh", "chinese")) else "en"
