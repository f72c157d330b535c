"""Going on from a checkpoint, and back to one, for methods that PEFT's file does not hold whole."""

import pytest
from safetensors.torch import load_file, save_file

from studio.errors import RunError
from studio.runs import events as ev
from tests.engine.conftest import run_here
from tests.engine.test_train import _of, _StopsAt

METHODS = ("lora", "p_tuning", "p_tuning_v2", "adalora", "cpt")
KNOBS = {"adalora": {"deltaT": 1}}  # ranks are taken away from the second step on


def _chosen(name):
    return {"method": {"name": name, **KNOBS.get(name, {})}}


def _losses(events):
    return [(step.step, step.loss) for step in _of(events, ev.Step)]


def _result(folder):
    return load_file(folder.adapter / "adapter_model.safetensors")


@pytest.mark.parametrize("name", METHODS)
def test_a_stopped_run_goes_on_as_if_it_had_not_been(make_run, name):
    whole = run_here(make_run(**_chosen(name)))
    folder = make_run(**_chosen(name))
    run_here(folder, _StopsAt(4, "stop"))
    assert _losses(run_here(folder)) == _losses(whole)


@pytest.mark.parametrize("name", METHODS)
def test_going_back_gives_what_the_run_had_learnt_at_the_checkpoint(make_run, name):
    there, back = make_run(**_chosen(name)), make_run(**_chosen(name))
    run_here(there, _StopsAt(4, "stop"))
    events = run_here(back, _StopsAt(6, "stop_at_checkpoint"))
    assert events[-1].step == 4
    expected, found = _result(there), _result(back)
    assert expected.keys() == found.keys()
    assert all((found[tensor] == expected[tensor]).all() for tensor in expected)


def test_a_checkpoint_of_an_older_version_is_gone_on_from(make_run):
    whole = dict(_losses(run_here(make_run())))
    folder = make_run()
    run_here(folder, _StopsAt(4, "stop"))
    (folder.checkpoints / "checkpoint-4" / "learnt.safetensors").unlink()
    assert dict(_losses(run_here(folder))) == pytest.approx(whole, rel=1e-3)


def test_the_checkpoint_of_another_method_is_refused(make_run):
    folder = make_run()
    run_here(folder, _StopsAt(4, "stop"))
    file = folder.checkpoints / "checkpoint-4" / "learnt.safetensors"
    held = load_file(file)
    held.pop(next(iter(held)))
    save_file(held, file)
    with pytest.raises(RunError, match="another method"):
        run_here(folder)
