"""What Try it shows for models that do not write text."""

import pytest
from PySide6.QtGui import QColor, QTextCursor
from pytestqt.qtbot import QtBot

from studio.tasks.task import Prediction, Question
from studio.ui.theme import theme
from studio.ui.try_it.marked import MarkedText
from studio.ui.try_it.predictions import SaidPair
from studio.ui.try_it.scores import ScoreBars


@pytest.fixture
def pair(qtbot: QtBot) -> SaidPair:
    """Return a pair that can be seen."""
    made = SaidPair()
    qtbot.addWidget(made)
    made.resize(900, 400)
    made.show()
    return made


def _told(**sides: Prediction) -> dict[str, object]:
    """Return what the service answers."""
    return {name: {"prediction": one.as_json()} for name, one in sides.items()}


def test_labels_have_bars(pair: SaidPair) -> None:
    """The base's head was never trained, so the tuned model stands alone."""
    pair.begin(Question("A red boat.", "warm"))
    assert not pair.tuned.spinner.isHidden()
    scores = (("warm", 0.9), ("cold", 0.1))
    pair.end(_told(tuned=Prediction("warm", scores=scores, right=True)))
    assert pair.base.isHidden()
    assert pair.tuned.words.text() == "warm"
    assert pair.tuned.scores.accessibleDescription() == "warm: 90.0%; cold: 10.0%"
    assert pair.tuned.verdict.text() == "As in the data"
    assert pair.tuned.spinner.isHidden()


def test_nearest_texts_of_both(pair: SaidPair) -> None:
    """Likenesses are numbers, not shares."""
    pair.begin(Question("boat", "", candidates=("a ship", "a lamp")), percent=False)
    near = Prediction("a ship", scores=(("a ship", 0.8123), ("a lamp", 0.1)), right=False)
    pair.end(_told(base=near, tuned=near))
    assert not pair.base.isHidden()
    assert pair.base.scores.accessibleDescription().startswith("a ship: 0.812")
    assert pair.base.verdict.text() == "Not as in the data"


def test_a_whole_article_is_named_by_its_beginning(pair: SaidPair) -> None:
    """So that the nearest texts below it can be seen."""
    article = "Ink helps drive democracy in Asia.\n\n" * 40
    pair.begin(Question("boat", "", candidates=(article,)), percent=False)
    pair.end(_told(tuned=Prediction(article, scores=((article, 0.9),))))
    words = pair.tuned.words.text()
    assert words.startswith("Ink helps drive democracy in Asia. Ink") and words.endswith("…")
    assert len(words) < 200


def test_an_answer_is_marked_in_its_passage(pair: SaidPair) -> None:
    """And nothing else of it."""
    passage = "The red boat is number 3."
    pair.begin(Question("What is it?", "boat", passage=passage))
    pair.end(_told(tuned=Prediction("boat", spans=((8, 12, ""),), right=True)))
    assert pair.tuned.text.toPlainText() == passage
    assert _ground(pair.tuned.text, 9) == theme().color("token-b")
    assert _ground(pair.tuned.text, 20) != theme().color("token-b")


def test_a_sentence_takes_the_place_of_what_was_said(pair: SaidPair) -> None:
    """Nothing of the last answer is left beside it."""
    pair.begin(Question("x", ""))
    pair.end(_told(tuned=Prediction("warm", scores=(("warm", 1.0),), right=True)))
    pair.tuned.say("The run has no result yet.")
    assert pair.tuned.words.text() == "The run has no result yet."
    assert pair.tuned.scores.isHidden()
    assert pair.tuned.verdict.isHidden()


def test_tags_have_grounds_by_label(qtbot: QtBot) -> None:
    """The same label the same ground, another one another; overlaps are not drawn twice."""
    text = MarkedText()
    qtbot.addWidget(text)
    text.show_text(
        "red boat blue", [(0, 3, "COLOUR"), (4, 8, "THING"), (9, 13, "COLOUR"), (5, 8, "X")]
    )
    assert text.toPlainText() == "red COLOUR  boat THING  blue COLOUR "
    assert _ground(text, 2) == _ground(text, 25) != _ground(text, 14)


def test_few_bars_are_drawn(qtbot: QtBot) -> None:
    """What is far less likely says nothing; without scores there is no room taken."""
    bars = ScoreBars()
    qtbot.addWidget(bars)
    bars.set_scores([(f"class {i}", 1 / (i + 1)) for i in range(20)])
    assert bars.sizeHint().height() == 8 * 28
    bars.set_scores([])
    assert bars.isHidden()


def test_what_was_waited_for_is_not_said_any_more(pair: SaidPair) -> None:
    """Once nothing is on its way, no model is being loaded."""
    pair.begin(Question("A red boat.", "warm"))
    pair.tuned.took.setText("Loading the model")
    pair.stop()
    assert pair.tuned.took.text() == "" and pair.tuned.spinner.isHidden()


def _ground(text: MarkedText, place: int) -> QColor:
    """Return the ground of the character at a place."""
    cursor = QTextCursor(text.document())
    cursor.setPosition(place)
    return cursor.charFormat().background().color()
