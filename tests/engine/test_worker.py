"""The real worker process: it outlives its starter, dies without a word, goes on."""

import json
import os
import signal
import time

import psutil
import pytest

from studio.runs import events as ev
from studio.runs import requests
from studio.runs.log import EventReader
from studio.runs.process import alive, start_worker, worker
from studio.runs.state import read_state

_PATIENCE = 180


def _until(folder, kind, count=1):
    """Read events until there are `count` of a kind; return all of them."""
    reader, seen = EventReader(folder.events), []
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        seen += reader.read()
        if sum(isinstance(event, kind) for event in seen) >= count:
            return seen
        time.sleep(0.05)
    raise AssertionError(f"no {kind.__name__}: {folder.worker_log.read_text()[-2000:]}")


def _ended(folder):
    """Wait until the worker is gone."""
    running = worker(folder)
    if running:
        psutil.wait_procs([running], timeout=_PATIENCE)
    assert not alive(folder)


def test_a_killed_worker_is_lost_and_goes_on_from_its_checkpoint(make_run):
    folder = make_run(training={"max_steps": 400, "save_every": 2, "eval_every": 0})
    start_worker(folder)
    _until(folder, ev.Checkpoint, 2)
    worker(folder).kill()
    _ended(folder)
    state = read_state(folder)
    assert state.name == "lost"
    assert "without a word" in state.problem.sentence()
    last = folder.whole_checkpoints()[-1][0]

    start_worker(folder)
    seen = _until(folder, ev.Resumed)
    assert next(e for e in seen if isinstance(e, ev.Resumed)).step == last
    _until(folder, ev.Step, last + 2)
    requests.ask(folder.requests, "stop")
    seen = _until(folder, ev.Stopped)
    _ended(folder)
    assert [event.seq for event in seen] == list(range(1, len(seen) + 1))
    assert read_state(folder).name == "stopped"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no polite signal; requests do the same")
def test_a_polite_end_of_the_process_keeps_what_was_learnt(make_run):
    folder = make_run(training={"max_steps": 400, "save_every": 0, "eval_every": 0})
    pid = start_worker(folder)
    _until(folder, ev.Step)
    os.kill(pid, signal.SIGTERM)
    _until(folder, ev.Stopped)
    _ended(folder)
    assert (folder.adapter / "adapter_model.safetensors").is_file()


def test_a_failure_is_one_sentence_and_the_log_has_the_rest(make_run, tmp_path):
    folder = make_run(model={"source": str(tmp_path / "nowhere")})
    start_worker(folder)
    failed = next(e for e in _until(folder, ev.Failed) if isinstance(e, ev.Failed))
    _ended(folder)
    state = read_state(folder)
    assert state.name == "failed"
    assert "nowhere" in state.problem.sentence()
    assert state.problem.step()
    assert "Traceback" not in failed.text
    assert "Traceback" in folder.worker_log.read_text()


def test_two_workers_never_train_one_run(make_run):
    from studio.errors import RunError

    folder = make_run(training={"max_steps": 400, "save_every": 0, "eval_every": 0})
    start_worker(folder)
    _until(folder, ev.Stage)
    with pytest.raises(RunError, match="already"):
        start_worker(folder)
    requests.ask(folder.requests, "stop")
    _ended(folder)


def test_memory_is_measured_while_it_works(make_run):
    folder = make_run(training={"max_steps": 3, "eval_every": 0, "save_every": 0})
    start_worker(folder)
    seen = _until(folder, ev.Finished)
    _ended(folder)
    measured = [event for event in seen if isinstance(event, ev.Memory)]
    assert measured
    assert all(0 < event.process < event.machine_total for event in measured)
    claimed = json.loads(folder.worker_file.read_text())
    assert set(claimed) == {"pid", "began"}
