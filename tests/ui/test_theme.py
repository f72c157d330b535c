"""The theme keeps to the tokens, and the style sheet to the theme."""

import re
import tomllib

import pytest
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from studio.paths import ASSETS
from studio.ui import icons
from studio.ui.theme import Theme, set_props, theme, themes
from studio.words import use_language

TOKENS = tomllib.loads((ASSETS / "tokens.toml").read_text(encoding="utf-8"))


@pytest.fixture
def app(qapp):
    """Return the application in light and put it back to light afterwards."""
    themes().apply(qapp, "light")
    yield qapp
    themes().apply(qapp, "light")


@pytest.mark.parametrize("dark", [False, True])
def test_style_sheet_names_only_known_tokens(dark):
    sheet = Theme(dark).qss()
    assert "@" not in sheet
    known = {value.lower() for value in TOKENS["dark" if dark else "light"].values()}
    assert {color.lower() for color in re.findall(r"#[0-9a-fA-F]{6}", sheet)} <= known


def test_template_names_no_colour_of_its_own():
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", (ASSETS / "style.qss").read_text("utf-8"))


def test_unknown_token_is_refused():
    with pytest.raises(KeyError):
        theme().color("no-such-colour")


def test_apply_changes_palette_sheet_and_tells(app, qtbot):
    light = app.palette().color(QPalette.ColorRole.Window).name()
    with qtbot.waitSignal(themes().changed):
        themes().apply(app, "dark")
    assert theme().dark
    assert light == TOKENS["light"]["surface"].lower()
    dark = app.palette().color(QPalette.ColorRole.Window).name()
    assert dark == TOKENS["dark"]["surface"].lower()
    assert TOKENS["dark"]["raised"] in app.styleSheet()


def test_sheet_is_rendered_once_per_theme(app, monkeypatch):
    themes().apply(app, "dark")
    themes().apply(app, "light")
    monkeypatch.setattr(Theme, "qss", lambda self: pytest.fail("rendered again"))
    themes().apply(app, "dark")
    themes().apply(app, "light")


def test_sizes_follow_the_system_font_and_heights_do_not_shrink():
    assert Theme(False, scale=1.5).size("body") == round(13 * 1.5)
    assert Theme(False, scale=1.5).height("control") == 32


def test_chinese_is_never_smaller_than_12():
    use_language("zh_CN")
    try:
        assert theme().size("caption") == 12
    finally:
        use_language("en")
    assert theme().size("caption") == 11


def test_high_contrast_strengthens_hairlines():
    strong = Theme(False, contrast=True)
    assert strong.color("border") == strong.color("border-strong")


def test_reduced_motion_is_zero_but_toasts_stay():
    still = Theme(False, still=True)
    assert still.motion("drawer") == 0
    assert still.motion("toast") == 6000


def test_mono_has_no_ligatures(app):
    font = theme().font(mono=True)
    values = {tag.toString().data().decode(): font.featureValue(tag) for tag in font.featureTags()}
    assert values.get("calt") == 0 and values.get("liga") == 0 and values.get("tnum") == 1


def test_tabular_numbers_survive_the_style_sheet(app, qtbot):
    label = QLabel("111")
    label.setProperty("role", "title")
    qtbot.addWidget(label)
    label.ensurePolished()
    assert label.font().pixelSize() == theme().size("title")
    other = label.fontMetrics().horizontalAdvance("888")
    assert label.fontMetrics().horizontalAdvance("111") == other


def test_set_props_polishes_again(app, qtbot):
    label = QLabel("x")
    qtbot.addWidget(label)
    label.ensurePolished()
    set_props(label, role="muted")
    label.grab()
    shown = label.palette().color(label.foregroundRole())
    assert shown == theme().color("text-muted")


def test_icons_follow_the_theme_and_are_faded_when_off(app, qtbot):
    button = QPushButton()
    qtbot.addWidget(button)
    icons.set_icon(button, "house", "text")
    before = button.icon().pixmap(16, 16).toImage()
    themes().apply(app, "dark")
    assert button.icon().pixmap(16, 16).toImage() != before
    off = icons.icon("house").pixmap(16, 16, mode=icons.QIcon.Mode.Disabled).toImage()
    assert off != icons.icon("house").pixmap(16, 16).toImage()


def test_unknown_icon_is_refused(app):
    with pytest.raises(KeyError):
        icons.icon("no-such-icon")


def test_constants_do_not_run_out(qapp):
    """PySide6 6.12 takes a reference from None with every call on Python 3.11."""
    label = QLabel()
    for _ in range(20_000):
        label.update()
    assert isinstance(QApplication.instance(), QApplication)
