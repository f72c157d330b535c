"""Every task for real on a tiny model: it learns, it is told, it reloads, it merges."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.engine import sampling
from studio.engine.generate import answers
from studio.engine.handlers import HANDLERS
from studio.engine.load import load_model, load_processor
from studio.engine.merge import merge
from studio.engine.result import Loaded, RunResult, open_result
from studio.engine.sampling import Sampler, asked, predict
from studio.engine.service import Request
from studio.errors import DataError
from studio.rows import Message, Row
from studio.runs import events as ev
from studio.runs.folder import RunFolder
from studio.runs.held_out import questions
from studio.runs.metric_names import metric_name
from studio.tasks.shelf import task
from studio.tasks.task import Question, Setting
from tests.engine.conftest import MakeRun, run_here
from tests.helpers import tiny

_CASES: dict[str, tuple[str, Callable[[Path, int], Path], set[str]]] = {
    "seq_cls": ("bert", tiny.label_rows, {"accuracy", "f1"}),
    "token_cls": ("bert", tiny.tag_rows, {"precision", "recall", "f1", "accuracy"}),
    "question_answering": ("bert", tiny.span_rows, {"exact_match", "f1"}),
    "feature_extraction": ("bert", tiny.pair_rows, {"recall_1", "recall_5", "mrr"}),
    "seq2seq_lm": ("t5", tiny.summary_rows, {"rouge_l", "bleu"}),
    "image_cls": ("vit", tiny.image_rows, {"accuracy", "f1"}),
    "causal_lm": ("llama", tiny.chat_rows, set()),
}
_UNHEADED = {"feature_extraction", "seq2seq_lm", "causal_lm"}


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a maker of tiny models, each made once."""
    folder = tmp_path_factory.mktemp("models")

    def made(name: str) -> Path:
        place = folder / name
        return place if place.is_dir() else getattr(tiny, f"tiny_{name}")(place)

    return made


def _trained(
    make_run: MakeRun, model: Path, data: Path, **changes: Any
) -> tuple[RunFolder, list[ev.Event]]:
    """Train twenty steps in float32 and return the run with its events."""
    training = {
        "max_steps": 20, "batch_size": 8, "learning_rate": 0.01, "eval_every": 10, "warmup": 0,
        "save_every": 0, "sample_prompts": 2, "max_length": 64, "precision": "fp32",
    }  # fmt: skip
    folder = make_run(
        model={"source": str(model)},
        data={"files": [str(data)], "eval_share": 0.2},
        training={**training, **changes.pop("training", {})},
        **changes,
    )
    return folder, run_here(folder)


def _of(events: list[ev.Event], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def _opened(folder: RunFolder) -> RunResult:
    return open_result(folder.path, lambda *_told: None)


def _ask(folder: RunFolder, op: str, **values: Any) -> dict[str, Any]:
    """Ask the service's own functions, in this process."""
    given = {"run": str(folder.path), "sides": ["base", "tuned"], "max_new_tokens": 4, **values}
    return HANDLERS[op](Request(given, lambda *_: None, lambda *_: None, lambda: False))


@pytest.fixture(autouse=True)
def _nothing_kept() -> Any:
    """Give the service's memory back after each test."""
    yield
    HANDLERS["release"](Request({}, lambda *_: None, lambda *_: None, lambda: False))


@pytest.mark.parametrize("name", list(_CASES))
def test_every_task(make_run: MakeRun, models: Any, tmp_path: Path, name: str) -> None:
    """The guess finds it; the loss falls; figures, samples, adapter, chat and merged model."""
    model, write, figures = _CASES[name]
    folder, events = _trained(make_run, models(model), write(tmp_path / "rows.jsonl", 40))
    losses = [step.loss for step in _of(events, ev.Step)]
    assert sum(losses[-4:]) < sum(losses[:4])
    assert all(step.tokens > 0 for step in _of(events, ev.Step))
    assert set(_of(events, ev.Eval)[-1].metrics) == figures
    assert not any("_" in metric_name(figure) for figure in figures)
    assert isinstance(events[-1], ev.Finished)
    samples = [one for one in _of(events, ev.Sample) if one.step == 20]
    assert len(samples) == 2
    assert all((one.right is None) == (name in ("causal_lm", "seq2seq_lm")) for one in samples)
    result = _opened(folder)
    assert result.task.name == name
    tuned = Loaded(result)
    said = _said(tuned.model, tuned.processor, result)
    if name not in ("causal_lm", "seq2seq_lm"):  # reloaded, it says what it said while training
        assert [one["words"] for one in said[:2]] == [one.answer for one in samples]
    _merged_says_the_same(result, said, tmp_path / "merged")
    _chats(folder, result)


@pytest.mark.parametrize("name", ["seq_cls", "token_cls", "question_answering"])
def test_decoders_too(make_run: MakeRun, models: Any, tmp_path: Path, name: str) -> None:
    """With the weights that they have: reloaded and merged they say the same."""
    data = _CASES[name][1](tmp_path / "rows.jsonl", 40)
    folder, events = _trained(make_run, models("llama"), data, task={"name": name})
    result = _opened(folder)
    tuned = Loaded(result)
    said = _said(tuned.model, tuned.processor, result)
    samples = [one.answer for one in _of(events, ev.Sample) if one.step == 20]
    assert [one["words"] for one in said[:2]] == samples
    _merged_says_the_same(result, said, tmp_path / "merged")


def _said(model: Any, processor: Any, result: RunResult) -> list[dict[str, Any]]:
    """Return what a model says to the held-out rows."""
    asked = questions(result.folder)
    if result.task.generates:
        return [{"words": text} for text in answers(model, processor, asked, 8)]
    found = [predict(result.task, model, processor, one, result.setting) for one in asked]
    return [one.as_json() for one in found]


def _merged_says_the_same(result: RunResult, said: list[dict[str, Any]], out: Path) -> None:
    """Merged into the base, the head included, it needs no adapter."""
    merge(result.base, result.adapter, out, config=result.config, tokenizer=result.adapter)
    whole = load_model(
        out, result.task, result.device, dtype=result.device.dtype, setting=result.setting
    )
    again = _said(whole.eval(), load_processor(out, result.task), result)
    assert [one["words"] for one in again] == [one["words"] for one in said]
    for ours, theirs in zip(again, said, strict=True):
        scores = dict(theirs.get("scores", ()))
        for label, score in ours.get("scores", ()):
            assert score == pytest.approx(scores[label], abs=1e-3)


def _chats(folder: RunFolder, result: RunResult) -> None:
    """The service answers for both sides; a base whose head was never trained says nothing."""
    one = questions(folder)[0]
    told = _ask(
        folder, "chat", prompt=one.prompt, reference=one.reference, passage=one.passage,
        image=one.image, messages=list(one.messages),
    )  # fmt: skip
    if result.task.generates:
        assert told["base"]["loss"] > told["tuned"]["loss"] > 0
        return
    assert told["tuned"]["prediction"]["words"]
    assert (told["base"]["prediction"] is not None) == (result.task.name in _UNHEADED)


def test_what_is_learnt_is_right(make_run: MakeRun, models: Any, tmp_path: Path) -> None:
    """Words, answers, pairs and pictures that were never trained on."""
    cases = {
        "token_cls": ("bert", tiny.tag_rows, "f1"),
        "feature_extraction": ("bert", tiny.pair_rows, "recall_5"),
        "image_cls": ("vit", tiny.image_rows, "accuracy"),
    }
    for name, (model, write, figure) in cases.items():
        _folder, events = _trained(make_run, models(model), write(tmp_path / f"{name}.jsonl", 48))
        assert _of(events, ev.Eval)[-1].metrics[figure] > 0.8, name


def _rows(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def test_several_labels(make_run: MakeRun, models: Any, tmp_path: Path) -> None:
    """Any number of labels a text, none among them."""
    rows = [
        {"text": text, "labels": [word for word in text.split()[1:3] if word in ("red", "boat")]}
        for text in tiny.sentences(64)
    ]
    data = _rows(tmp_path / "rows.jsonl", rows)
    folder, events = _trained(make_run, models("bert"), data, training={"max_steps": 40})
    assert set(_of(events, ev.Eval)[-1].metrics) == {"exact_match", "f1"}
    known = json.loads((folder.adapter / "studio.json").read_text("utf-8"))
    assert (known["kind"], known["labels"]) == ("several", ["boat", "red"])
    result = _opened(folder)
    assert result.config["problem_type"] == "multi_label_classification"
    told = _ask(folder, "chat", prompt="The red boat is number 0.", reference="boat, red")
    assert dict(told["tuned"]["prediction"]["scores"]).keys() == {"boat", "red"}
    loaded = Loaded(result)
    _merged_says_the_same(result, _said(loaded.model, loaded.processor, result), tmp_path / "out")


def test_a_number(make_run: MakeRun, models: Any, tmp_path: Path) -> None:
    """A label that is a number with a fraction is learnt as one."""
    rows = [
        {"text": text, "label": 0.5 if "red" in text or "blue" in text else -1.5}
        for text in tiny.sentences(64)
    ]
    data = _rows(tmp_path / "rows.jsonl", rows)
    folder, events = _trained(make_run, models("bert"), data)
    losses = [step.loss for step in _of(events, ev.Step)]
    assert losses[-1] < losses[0]
    assert set(_of(events, ev.Eval)[-1].metrics) == {"rmse", "pearson"}
    result = _opened(folder)
    assert (result.setting.kind, result.setting.labels) == ("number", ())
    told = _ask(folder, "chat", prompt="The red boat is number 0.")
    assert -2 < float(told["tuned"]["prediction"]["words"]) < 1


def test_an_encoder_and_a_decoder_of_bert(make_run: MakeRun, models: Any, tmp_path: Path) -> None:
    """A folder made of two encoders, whose config says nothing of how texts begin and end."""
    from transformers import AutoTokenizer, EncoderDecoderModel

    bert = str(models("bert"))
    place = tmp_path / "bert2bert"
    EncoderDecoderModel.from_encoder_decoder_pretrained(bert, bert).save_pretrained(place)
    AutoTokenizer.from_pretrained(bert).save_pretrained(place)
    data = tiny.summary_rows(tmp_path / "rows.jsonl", 40)
    folder, events = _trained(make_run, place, data, method={"name": "full"})
    losses = [step.loss for step in _of(events, ev.Step)]
    assert losses[-1] < losses[0]
    told = _ask(folder, "chat", prompt="The red boat is number 0.", reference="red boat")
    assert told["base"]["loss"] > told["tuned"]["loss"]
    assert told["tuned"]["tokens"] <= 4


@pytest.mark.parametrize("method", ["prompt_tuning", "p_tuning"])
def test_learnt_tokens_in_front_are_left_out(
    make_run: MakeRun, models: Any, tmp_path: Path, method: str
) -> None:
    """What a task reads off each token stays that token's where a prompt was laid before."""
    for name in ("token_cls", "question_answering", "feature_extraction"):
        model, write, figures = _CASES[name]
        data = write(tmp_path / f"{name}.jsonl", 24)
        folder, events = _trained(
            make_run, models(model), data, method={"name": method}, training={"max_steps": 4}
        )
        assert set(_of(events, ev.Eval)[-1].metrics) == figures
        tuned = Loaded(_opened(folder))
        assert _said(tuned.model, tuned.processor, tuned.result)


def test_a_classifier_of_other_classes_gets_a_new_head(
    make_run: MakeRun, models: Any, tmp_path: Path
) -> None:
    """A model that sorts into five classes already is no error."""
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    place, vit = tmp_path / "five", str(models("vit"))
    AutoModelForImageClassification.from_pretrained(vit, num_labels=5).save_pretrained(place)
    AutoImageProcessor.from_pretrained(vit, backend="pil").save_pretrained(place)
    folder, events = _trained(make_run, place, tiny.image_rows(tmp_path / "rows", 24))
    assert isinstance(events[-1], ev.Finished)
    result = _opened(folder)
    tuned = Loaded(result)
    _merged_says_the_same(result, _said(tuned.model, tuned.processor, result), tmp_path / "out")


def test_windows_of_a_long_passage(make_run: MakeRun, models: Any, tmp_path: Path) -> None:
    """Rows become several examples each, and one prediction."""
    rows = []
    for text in tiny.sentences(16):
        passage = "The stone is number 9. " * 8 + text
        thing = text.split()[2]
        found = {"text": [thing], "answer_start": [passage.rindex(thing)]}
        rows.append({"question": "What is it", "context": passage, "answers": found})
    data = _rows(tmp_path / "rows.jsonl", rows)
    folder, events = _trained(
        make_run, models("bert"), data, training={"max_length": 32, "max_steps": 6}
    )
    started = _of(events, ev.Started)[0]
    assert started.rows > 2 * 13
    assert not _of(events, ev.Warned)
    one = questions(folder)[0]
    told = _ask(folder, "chat", prompt=one.prompt, passage=one.passage)["tuned"]["prediction"]
    (place,) = told["spans"]
    assert one.passage[place[0] : place[1]] == told["words"]


def test_what_cannot_be_asked_is_told(make_run: MakeRun, models: Any, tmp_path: Path) -> None:
    """A file that is no picture, in words and with a next step."""
    folder, _events = _trained(
        make_run, models("vit"), tiny.image_rows(tmp_path / "rows", 12), training={"max_steps": 2}
    )
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"broken\.png cannot be read as a picture"):
        _ask(folder, "chat", image=str(broken), sides=["tuned"])


def test_a_result_of_an_older_version(make_run: MakeRun, models: Any, tmp_path: Path) -> None:
    """Its studio.json says nothing of a kind."""
    data = tiny.label_rows(tmp_path / "rows.jsonl", 24)
    folder, _events = _trained(make_run, models("bert"), data, training={"max_steps": 2})
    file = folder.adapter / "studio.json"
    known = json.loads(file.read_text("utf-8"))
    del known["kind"]
    file.write_text(json.dumps(known), "utf-8")
    assert _opened(folder).setting.kind == "one"


@pytest.mark.parametrize("name", list(_CASES))
def test_preview(make_run: MakeRun, models: Any, tmp_path: Path, name: str) -> None:
    """Every task's rows can be looked at before anything is trained."""
    model, write, _figures = _CASES[name]
    data = write(tmp_path / "rows.jsonl", 12)
    folder = make_run(model={"source": str(models(model))}, data={"files": [str(data)]})
    recipe = folder.recipe().model_dump()
    told = _ask(folder, "preview", recipe=recipe, start=0, count=2)
    assert len(told["rows"]) == 2
    first = told["rows"][0]
    assert bool(first["label"]) == (name not in ("causal_lm", "seq2seq_lm"))
    assert bool(first["pieces"]) == (name != "image_cls")
    counted = _ask(folder, "check", recipe=recipe)
    assert (counted["kept"], counted["problems"]) == (11, [])  # one is held out


def test_prompts_of_a_person_while_training(models: Any, tmp_path: Path) -> None:
    """A typed picture is a path, a question without its passage is told in words."""
    assert asked(task("image_cls"), "/a.png", ()).image == "/a.png"
    assert asked(task("seq_cls"), "x", ()) == Question("x", "")
    reading = task("question_answering")
    processor = load_processor(models("bert"), reading)
    sampler = Sampler(reading, processor, Setting(32), ())
    (sample,) = sampler.samples(_Idle(), 3, 0, ["What is it"])
    assert "passage" in sample.answer


@pytest.mark.parametrize(("words", "row", "most"), [(5, 512, 64), (90, 512, 91), (90, 70, 70)])
def test_what_is_judged_is_not_cut_before_its_reference(
    models: Any, monkeypatch: pytest.MonkeyPatch, words: int, row: int, most: int
) -> None:
    """Answers may be as long as the longest reference, which is cut at the longest row."""
    lengths: list[int] = []

    def answered(_model: Any, _processor: Any, group: list[Question], longest: int, _: Any) -> Any:
        lengths.append(longest)
        return [question.reference for question in group]

    monkeypatch.setattr(sampling, "answers", answered)
    summing = task("seq2seq_lm")
    turns = (Message("user", "Sum up."), Message("assistant", "boat " * words))
    processor = load_processor(models("t5"), summing)
    held = Sampler(summing, processor, Setting(row), [Row(turns)])
    assert held.judged(_Idle())["rouge_l"] == 1.0
    assert lengths == [most]


class _Idle:
    """A model that is never asked."""

    training = False

    def eval(self) -> None:
        """Do nothing."""

    def train(self, _mode: bool) -> None:
        """Do nothing."""
