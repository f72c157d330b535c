"""One run from recipe to result, in this process: every method, both tasks, stop, go on."""

import json
import math

import pytest

from studio.engine.control import Control
from studio.engine.train import StoppedEarlyError
from studio.errors import RecipeError
from studio.methods.capabilities import cells
from studio.methods.catalogue import methods
from studio.runs import events as ev
from studio.runs.log import EventReader
from studio.runs.requests import Request
from studio.runs.state import read_state
from tests.engine.conftest import run_here

pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing`:FutureWarning",  # PEFT's, inside its own code
)


def _of(events, kind):
    return [event for event in events if isinstance(event, kind)]


def _needs_adapters(method):
    return "adapters" in method.knobs


@pytest.mark.parametrize("name", [n for n, m in methods().items() if not _needs_adapters(m)])
def test_every_method_learns_and_saves(make_run, family, name):
    rate = {"full": 0.005, "prefix_tuning": 0.1, "ia3": 0.05}.get(name, 0.02)
    able = [kind for kind, cell in cells(name, "causal_lm").items() if cell.trains]
    able = able or [kind for kind, cell in cells(name, "causal_lm", "nf4").items() if cell.trains]
    folder = make_run(
        model={"source": str(family(able[0]))},
        method={"name": name},
        training={"learning_rate": rate, "max_steps": 12, "warmup": 0.0},
    )
    events = run_here(folder)
    losses = [event.loss for event in _of(events, ev.Step)]
    assert len(losses) == 12
    assert sum(losses[-3:]) < sum(losses[:3])
    assert isinstance(events[-1], ev.Finished)
    weights = "adapter_model.safetensors" if methods()[name].peft else "model.safetensors"
    assert (folder.adapter / weights).is_file()


def test_the_penalty_of_adalora_is_learnt_from(make_run):
    """What is told is the loss with the penalty: more of it where it weighs more."""
    light, heavy = (
        _of(run_here(make_run(method={"name": "adalora", "orth_reg_weight": weight})), ev.Step)
        for weight in (0.0, 5.0)
    )
    assert heavy[0].loss > light[0].loss + 1


def test_a_mixture_learns_from_two_finished_runs(make_run):
    first, second = make_run(), make_run(training={"seed": 1})
    run_here(first)
    run_here(second)
    adapters = f"{first.path},{second.path}"
    folder = make_run(method={"name": "xlora", "adapters": adapters})
    assert isinstance(run_here(folder)[-1], ev.Finished)
    assert (folder.adapter / "adapter_model.safetensors").is_file()


def test_the_events_tell_the_whole_run(make_run):
    folder = make_run()
    events = run_here(folder)
    started = _of(events, ev.Started)[0]
    assert (started.total_steps, started.rows, started.eval_rows) == (8, 36, 4)
    assert 0 < started.trainable < started.parameters
    steps = _of(events, ev.Step)
    assert [step.step for step in steps] == list(range(1, 9))
    assert all(step.tokens > 0 and step.tokens_per_second > 0 for step in steps)
    assert [found.step for found in _of(events, ev.Eval)] == [4, 8]
    assert [found.step for found in _of(events, ev.Checkpoint)] == [4, 8]
    assert all((folder.path / c.folder).is_dir() for c in _of(events, ev.Checkpoint))
    assert {sample.step for sample in _of(events, ev.Sample)} == {4, 8}
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


def test_the_same_seed_gives_the_same_run(make_run):
    first = [event.loss for event in _of(run_here(make_run()), ev.Step)]
    again = [event.loss for event in _of(run_here(make_run()), ev.Step)]
    other = [e.loss for e in _of(run_here(make_run(training={"seed": 1})), ev.Step)]
    assert first == again
    assert first != other


def test_packing_and_padding_learn_the_same(make_run):
    packed = _of(run_here(make_run()), ev.Step)
    padded = _of(run_here(make_run(training={"packing": False})), ev.Step)
    assert [s.tokens for s in packed] == [s.tokens for s in padded]
    assert [s.loss for s in packed] == pytest.approx([s.loss for s in padded], rel=0.02)


def test_accumulated_batches_count_as_one_step(make_run):
    whole = _of(run_here(make_run(training={"batch_size": 8, "max_steps": 3})), ev.Step)
    halves = {"batch_size": 4, "accumulation": 2, "max_steps": 3}
    parts = _of(run_here(make_run(training=halves)), ev.Step)
    assert [s.tokens for s in whole] == [s.tokens for s in parts]
    assert [s.loss for s in whole] == pytest.approx([s.loss for s in parts], rel=0.02)


def test_classes_are_learnt_with_accuracy_and_f1(make_run, bert, labels):
    folder = make_run(
        model={"source": str(bert)},
        data={"files": [str(labels)], "eval_share": 0.25},
        training={
            "max_steps": 60,
            "batch_size": 8,
            "learning_rate": 0.01,
            "eval_every": 0,
            "save_every": 0,
        },
    )
    events = run_here(folder)
    found = _of(events, ev.Eval)[-1]
    assert set(found.metrics) == {"accuracy", "f1"}
    assert found.metrics["accuracy"] >= 0.9
    known = json.loads((folder.adapter / "studio.json").read_text())
    assert known["labels"] == ["cold", "warm"]


def test_classes_with_a_causal_model(make_run, labels):
    folder = make_run(
        data={"files": [str(labels)], "eval_share": 0.25},
        task={"name": "seq_cls"},
        training={"max_steps": 6},
    )
    assert isinstance(run_here(folder)[-1], ev.Finished)


class _StopsAt(Control):
    """Asks for something when a step was told."""

    def __init__(self, at: int, name: str) -> None:
        super().__init__()
        self.at, self.name = at, name

    def __setattr__(self, key: str, value: object) -> None:
        super().__setattr__(key, value)
        if key == "step" and value == getattr(self, "at", None):
            self.take(Request(self.name))


def test_stop_finishes_the_step_and_keeps_what_was_learnt(make_run):
    folder = make_run()
    events = run_here(folder, _StopsAt(3, "stop"))
    assert _of(events, ev.Step)[-1].step == 3
    assert (events[-1].step, events[-1].adapter) == (3, "adapter")
    assert isinstance(events[-1], ev.Stopped)
    assert [event.step for event in _of(events, ev.Checkpoint)] == [3]
    assert (folder.adapter / "adapter_model.safetensors").is_file()
    assert read_state(folder).name == "stopped"


def test_stop_at_the_checkpoint_gives_its_weights_back(make_run):
    from safetensors.torch import load_file

    folder = make_run()
    events = run_here(folder, _StopsAt(6, "stop_at_checkpoint"))
    assert events[-1].step == 4
    kept = load_file(folder.adapter / "adapter_model.safetensors")
    saved = load_file(folder.checkpoints / "checkpoint-4" / "adapter_model.safetensors")
    assert all((kept[name] == saved[name]).all() for name in saved)


def test_a_stopped_run_goes_on_where_it_was(make_run):
    whole = [step.loss for step in _of(run_here(make_run()), ev.Step)]
    folder = make_run()
    run_here(folder, _StopsAt(4, "stop"))
    events = run_here(folder)
    assert [r.step for r in _of(events, ev.Resumed)] == [4]
    assert [step.step for step in _of(events, ev.Step)] == list(range(1, 9))
    assert [step.loss for step in _of(events, ev.Step)] == pytest.approx(whole, rel=1e-3)
    assert isinstance(events[-1], ev.Finished)


def test_a_half_written_checkpoint_is_not_gone_on_from(make_run):
    folder = make_run()
    run_here(folder, _StopsAt(5, "stop"))
    torn = folder.checkpoints / "checkpoint-5" / "optimizer.pt"
    torn.unlink()
    events = run_here(folder)
    assert [r.step for r in _of(events, ev.Resumed)] == [4]


def test_old_checkpoints_go(make_run):
    folder = make_run(training={"save_every": 2, "keep_checkpoints": 2})
    run_here(folder)
    assert [step for step, _path in folder.whole_checkpoints()] == [6, 8]


def test_a_run_outlives_a_look_at_it_that_fails(make_run, monkeypatch):
    """Even after the last step, when nothing is saved yet."""

    def fail(*_given, **_named):
        raise IndexError("index out of range in self")

    monkeypatch.setattr("studio.engine.train.evaluate", fail)
    monkeypatch.setattr("studio.engine.sampling.answers", fail)
    folder = make_run()
    events = run_here(folder)
    assert isinstance(events[-1], ev.Finished)
    assert (folder.adapter / "adapter_model.safetensors").is_file()
    told = _of(events, ev.Warned)
    assert [warned.values["step"] for warned in told] == [4, 4, 8, 8]
    assert all("index out of range" in warned.values["reason"] for warned in told)


def test_a_step_that_fails_ends_the_run(make_run, monkeypatch):
    def fail(*_given, **_named):
        raise IndexError("index out of range in self")

    monkeypatch.setattr("studio.engine.train.token_loss", fail)
    with pytest.raises(IndexError):
        run_here(make_run())


def test_stop_before_the_first_step_leaves_at_once(make_run):
    control = Control()
    control.take(Request("stop"))
    folder = make_run()
    with pytest.raises(StoppedEarlyError):
        run_here(folder, control)
    assert not folder.adapter.exists()


def test_pause_holds_and_answers_samples(make_run):
    import threading

    folder = make_run(training={"eval_every": 0, "save_every": 0})
    control = _StopsAt(2, "pause")
    control.prompts.clear()

    def go_on() -> None:
        reader = EventReader(folder.events)
        seen: list[ev.Event] = []
        while not _of(seen, ev.Paused):
            seen += reader.read()
        control.take(Request("sample", {"prompt": "What is number 3?"}))
        while not _of(seen, ev.Sample):
            seen += reader.read()
        control.take(Request("resume"))

    helper = threading.Thread(target=go_on)
    helper.start()
    events = run_here(folder, control)
    helper.join()
    names = [type(event).__name__ for event in events]
    assert names.index("Paused") < names.index("Sample") < names.index("Resumed")
    assert _of(events, ev.Sample)[0].prompt == "What is number 3?"
    assert isinstance(events[-1], ev.Finished)


def test_a_diverged_loss_is_told_as_it_is(make_run, tmp_path, llama):
    import shutil

    from safetensors.torch import load_file, save_file

    broken = shutil.copytree(llama, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    weights["model.norm.weight"].fill_(float("nan"))
    save_file(weights, broken / "model.safetensors", {"format": "pt"})
    events = run_here(make_run(model={"source": str(broken)}, training={"max_steps": 2}))
    assert [math.isnan(step.loss) for step in _of(events, ev.Step)] == [True, True]


def test_rows_left_out_are_told(make_run, tmp_path, chats):
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_text(chats.read_text() + '{"messages": [{"role": "user", "content": "x"}]}\n')
    events = run_here(make_run(data={"files": [str(mixed)]}))
    told = _of(events, ev.Warned)
    assert len(told) == 1
    assert told[0].values["count"] == 1


def _long_chats(file):
    """Write conversations of more tokens than a tiny model reads."""
    text = " ".join(f"The red boat is number {number}." for number in range(80))
    turns = [{"role": "user", "content": "Tell."}, {"role": "assistant", "content": text}]
    file.write_text((json.dumps({"messages": turns}) + "\n") * 8)
    return str(file)


@pytest.mark.parametrize("name", ["prompt_tuning", "p_tuning", "multitask_prompt_tuning", "cpt",
                                  "prefix_tuning", "p_tuning_v2"])  # fmt: skip
def test_learnt_tokens_and_the_longest_row_fit_into_the_model(make_run, family, tmp_path, name):
    folder = make_run(
        model={"source": str(family("gpt2"))},
        data={"files": [_long_chats(tmp_path / "long.jsonl")]},
        method={"name": name},
        training={"max_steps": 1},
    )
    assert isinstance(run_here(folder)[-1], ev.Finished)


@pytest.mark.parametrize("name", ["prompt_tuning", "p_tuning"])
def test_learnt_tokens_and_the_longest_text_fit_into_an_encoder(make_run, bert, tmp_path, name):
    long = "The red boat is number 1. " * 60
    file = tmp_path / "long.jsonl"
    rows = [json.dumps({"text": long, "label": label}) for label in ("cold", "warm") * 8]
    file.write_text("\n".join(rows))
    folder = make_run(
        model={"source": str(bert)},
        data={"files": [str(file)], "eval_share": 0.25},
        method={"name": name},
        training={"max_steps": 1},
    )
    assert isinstance(run_here(folder)[-1], ev.Finished)


def test_held_out_rows_left_out_are_told(make_run, tmp_path, chats):
    held = tmp_path / "held.jsonl"
    turns = [{"role": "user", "content": "long " * 300}, {"role": "assistant", "content": "x"}]
    held.write_text(
        chats.read_text() + json.dumps({"messages": turns}) + '\n{"messages": [{"role": "user"}]}\n'
    )
    events = run_here(make_run(data={"eval_files": [str(held)], "eval_share": 0.0}))
    unfit, left_out = _of(events, ev.Warned)
    assert unfit.values["count"] == left_out.values["count"] == 1
    assert "held-out" in left_out.text


def test_data_that_went_away_is_refused_before_anything_loads(make_run, tmp_path, chats):
    file = tmp_path / "gone.jsonl"
    file.write_text(chats.read_text())
    folder = make_run(data={"files": [str(file)]})
    file.unlink()
    with pytest.raises(RecipeError, match="no file"):
        run_here(folder)
    assert not folder.adapter.exists()


def test_evaluation_is_a_mean_over_tokens(make_run):
    one = _of(run_here(make_run(training={"batch_size": 1, "max_steps": 1})), ev.Eval)[-1]
    four = _of(run_here(make_run(training={"batch_size": 4, "max_steps": 1})), ev.Eval)[-1]
    assert not math.isnan(one.loss)
    assert one.loss == pytest.approx(four.loss, rel=0.05)
