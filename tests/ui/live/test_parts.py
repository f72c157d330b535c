"""The parts beside the charts: log, samples, checkpoints, repairs, words."""

import time
from pathlib import Path

import pytest
from PySide6.QtWidgets import QScrollArea

from studio.errors import Problem
from studio.estimate import DataFacts
from studio.recipe import Recipe, dumps
from studio.rows import Message, Row
from studio.runs import events as ev
from studio.runs.state import RunState
from studio.survey import DataSurvey
from studio.ui.live import stop
from studio.ui.live.endings import ending
from studio.ui.live.header import ProgressHead
from studio.ui.live.lines import LogLines
from studio.ui.live.log import LINES, LogDrawer
from studio.ui.live.repairs import repairs
from studio.ui.live.samples import SamplesPanel
from tests.helpers.facts import LLAMA_3B, with_card

GIB = 2**30


def sample(step: int, prompt: str = "Who?", answer: str = "Me.") -> ev.Sample:
    return ev.Sample(step, 0, prompt, answer, "The reference")


def a_step(number: int, loss: float = 0.921) -> ev.Step:
    return ev.Step(number, loss, 8.33e-5, 1.0, 0.5, 100, 2352.0, 1.0, t=1e9 + number)


# the log


def test_each_event_has_a_line_and_measurements_stand_beside_the_steps():
    lines = LogLines().of([ev.Memory(1, 2 * GIB, 8 * GIB, 16 * GIB), a_step(1260), sample(3)])
    assert len(lines) == 2
    words = " ".join(lines[0].split()[1:])
    assert words == "step 1,260 loss 0.921 lr 8.33e-05 2,352 tok/s 2 GB"
    assert lines[1].split(maxsplit=1)[1].startswith("sample")


def test_a_failure_is_preceded_by_the_last_measurement():
    lines = LogLines()
    lines.of([ev.Memory(1, GIB, 3 * GIB, 16 * GIB, GIB, 11 * GIB, 23 * GIB, 24 * GIB)])
    found = lines.of([ev.Failed("The disk is full at step {step}.", "", {"step": 4}, 4, "disk")])
    assert "11 GB held by the run, 23 GB of 24 GB in use" in found[0]
    assert "The disk is full at step 4." in found[1]


def test_every_kind_of_event_can_be_told():
    problem = {"text": "Odd {what}.", "values": {"what": "rows"}}
    every = [
        ev.Queued(), ev.Stage("fetch", 1, 2), ev.Stage("new"), ev.Eval(1, 0.5, {"f1": 0.25}),
        ev.Checkpoint(4, "c", 93_000_000), ev.Warned(**problem), ev.Paused(1), ev.Resumed(1),
        ev.Stopped(4, "adapter"), ev.Finished(4, "adapter", 61.0),
        ev.Started("cpu", "Processor", 1, 10, 3.0, 5, 1, 100, 10, "bf16"),
    ]  # fmt: skip
    text = "\n".join(LogLines().of(every))
    for word in ("Odd rows.", "93 MB", "F1 0.250", "Processor", "new"):
        assert word in text


@pytest.fixture
def log(qtbot, context, tmp_path):
    drawer = LogDrawer(context)
    qtbot.addWidget(drawer)
    drawer.open_run(tmp_path)
    drawer.show()
    return drawer


def test_the_log_writes_in_one_go_and_forgets_its_oldest_lines(log):
    log.feed([a_step(n) for n in range(LINES + 50)])
    assert log.text.toPlainText() == ""
    log.refresh(True)
    assert log.text.document().blockCount() == LINES
    assert log.text.toPlainText().split("\n")[-1].split()[2] == f"{LINES + 49:,}"
    assert "ago" in log.age.text()


def test_a_closed_log_keeps_what_it_has_to_say(log):
    log.set_height(36)
    log.feed([a_step(1)])
    log.refresh(True)
    assert log.text.toPlainText() == "" and not log.is_open()
    log.switch()
    log.refresh(True)
    assert log.is_open() and "loss 0.921" in log.text.toPlainText()


def test_the_output_of_the_process_is_one_click_away(log, tmp_path: Path):
    log.show_output()
    assert log.output.toPlainText() == "Nothing was printed yet."
    (tmp_path / "worker.log").write_text("Traceback\n", "utf-8")
    log.refresh(True)
    assert "Traceback" in log.output.toPlainText()


# samples


@pytest.fixture
def samples(qtbot):
    panel = SamplesPanel()
    qtbot.addWidget(panel)
    panel.resize(352, 500)
    panel.show()
    return panel


def test_samples_follow_the_newest_step_until_the_person_goes_back(samples):
    samples.feed([sample(100), sample(200)])
    samples.refresh(True)
    assert samples.step.text() == "Step 200"
    samples.before.click()
    samples.feed([sample(300)])
    samples.refresh(True)
    assert samples.step.text() == "Step 100" and not samples.before.isEnabled()
    samples.after.click()
    samples.after.click()
    samples.feed([sample(400)])
    samples.refresh(True)
    assert samples.step.text() == "Step 400"


def test_a_prompt_asked_again_replaces_its_answer_and_a_resumed_run_forgets(samples):
    samples.feed([sample(100), sample(100, answer="Us."), sample(100, "What?")])
    assert [one.answer for one in samples._steps[100]] == ["Us.", "Me."]
    samples.feed([sample(150), ev.Resumed(120, "checkpoint-120")])
    assert list(samples._steps) == [100]
    samples.feed([ev.Resumed(50)])  # only a pause
    assert list(samples._steps) == [100]


def test_a_long_word_does_not_widen_the_panel(samples, qtbot):
    samples.feed([sample(1, answer="The" * 200)])
    samples.refresh(True)
    area = samples.findChild(QScrollArea)
    qtbot.waitUntil(lambda: area.widget().width() <= area.viewport().width())


def test_asking_now(samples, qtbot):
    samples.refresh(True)
    with qtbot.waitSignal(samples.asked) as told:
        samples.prompt.setText(" Who are you? ")
        samples.send.click()
    assert told.args == ["Who are you?"]
    samples.answering(True)
    assert samples.send.is_busy()
    samples.answering(False)
    assert samples.prompt.text() == ""
    samples.refresh(False)
    assert samples._ask.isHidden()


# the head


def test_progress_words(qtbot):
    head = ProgressHead()
    qtbot.addWidget(head)
    state = RunState("training", 1284, 2223, epoch=1.733, seconds_a_step=3.4, trained_seconds=4400)
    state.started = ev.Started("cpu", "x", 0, 2223, 3.0, 1, 1, 1, 1, "bf16")
    state.checkpoints = [1200]
    head.show_progress(state, None, time.time() - 245)
    assert head.step.text() == "Step 1,284 of 2,223"
    assert head.more.text() == "epoch 1.73 of 3 · 3.4 s a step · last checkpoint 4 min ago"
    assert head.gone.text() == "1 h 13 min gone" and head.left.text() == "53 min left"
    assert head.bar.share() == pytest.approx(0.5776, abs=1e-3)


def test_a_stage_says_what_is_done_and_how_far(qtbot):
    head = ProgressHead()
    qtbot.addWidget(head)
    head.show_progress(RunState("starting"), ev.Stage("fetch", 120_000_000, 269_000_000), 0.0)
    assert head.step.text() == "Fetching the base model" and head.more.text() == "120 MB of 269 MB"
    head.show_progress(RunState("starting"), ev.Stage("load"), 0.0)
    assert head.bar.share() is None


# how it ended


def test_what_is_safe_is_said():
    problem = Problem("", "The card ran out of memory at step {step}.", "", {"step": 412})
    state = RunState("failed", 412, problem=problem, failed_kind="memory")
    state.memory = ev.Memory(412, GIB, 3 * GIB, 16 * GIB, GIB, 20 * GIB, 23 * GIB, 24 * GIB)
    found = ending(state, 400, drawer=False)
    assert found.text == "The card ran out of memory at step 412." and found.kind == "bad"
    assert found.detail.endswith("Nothing is lost: the checkpoint of step 400 is whole.")
    assert "20 GB" in found.detail
    assert ending(state, 0, drawer=True).action == "What can be done"
    assert "No checkpoint" in ending(state, 0, drawer=True).detail


@pytest.mark.parametrize(
    ("checkpoints", "keys"),
    [([], ["", "stop"]), ([1200], ["", "stop_at_checkpoint", "stop"]), ([1284], ["", "stop"])],
)
def test_the_question_before_a_stop(monkeypatch, checkpoints, keys):
    seen = []

    def answer(_parent, _title, _text, answers):
        seen.extend(answers)
        return answers[-1][0]

    monkeypatch.setattr(stop, "ask", answer)
    state = RunState("training", 1284, 2223, checkpoints=checkpoints)
    assert stop.ask_to_stop(None, state) == "stop"
    assert [key for key, _text, _kind in seen] == keys
    assert seen[-1][1] == "Stop and keep step 1,284" and seen[0][1] == "Go on training"


# repairs


def survey_of(longest: int = 2000) -> DataSurvey:
    text = "word " * 400
    row = Row(messages=(Message("user", text), Message("assistant", text * 3)))
    facts = DataFacts(100, 5, longest * 0.6, longest, 0.5)
    return DataSurvey("messages", "messages", [row] * 3, [], [], facts)


def recipe_of(**training: object) -> Recipe:
    recipe = Recipe()
    for name, value in {"batch_size": 8, "accumulation": 2, "max_length": 2048, **training}.items():
        setattr(recipe.training, name, value)
    return recipe


def test_each_repair_needs_less_than_there_was_and_leaves_the_recipe_alone():
    here, now = with_card(24)
    recipe = recipe_of()
    before = dumps(recipe)
    found = {one.key: one for one in repairs(recipe, LLAMA_3B, survey_of(), here, now)}
    assert list(found) == ["rows", "recompute", "four_bit", "shorter"]
    assert dumps(recipe) == before
    rows = found["rows"].recipe.training
    assert (rows.batch_size, rows.accumulation) == (1, 16)
    assert found["rows"].title() == "1 row at a time, 16 together"
    assert found["recompute"].slower > 0.1 and "slower" in found["recompute"].note()
    assert found["four_bit"].recipe.method.name == "qlora"
    assert found["shorter"].recipe.training.max_length % 64 == 0
    assert found["shorter"].cut == 3 and found["shorter"].note() == "Cuts 3 rows"
    assert all(one.limit == 24 * GIB for one in found.values())


def test_an_estimate_that_was_too_low_is_stretched_to_what_there_is():
    here, now = with_card(80)
    recipe = recipe_of(batch_size=2)
    found = {one.key: one for one in repairs(recipe, LLAMA_3B, survey_of(), here, now)}
    assert 20 * GIB < found["rows"].need < 80 * GIB


def test_what_is_done_already_is_not_offered():
    here, now = with_card(24)
    recipe = recipe_of(batch_size=1, gradient_checkpointing=True)
    recipe.method.name = "qlora"
    keys = [one.key for one in repairs(recipe, LLAMA_3B, survey_of(), here, now)]
    assert keys == ["shorter"]
