"""The real service process: its wire, its answers, its end."""

import json
import subprocess
import sys

import pytest

from studio.runs.process import worker_environment
from tests.engine.conftest import run_here

pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing`:FutureWarning",  # PEFT's, inside its own code
)


class _Client:
    """Speak the wire by hand, as it is written down."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "studio.engine", "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=worker_environment(),
        )
        self.number = 0
        assert self.read() == {"id": 0, "kind": "ready"}

    def read(self):
        return json.loads(self.process.stdout.readline())

    def send(self, op, **values):
        self.number += 1
        line = json.dumps({"id": self.number, "op": op, **values})
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return self.number

    def ask(self, op, **values):
        number, replies = self.send(op, **values), []
        while not replies or replies[-1]["kind"] not in ("result", "error"):
            replies.append(self.read())
        assert {reply["id"] for reply in replies} == {number}
        return replies

    def close(self):
        self.process.stdin.close()
        code = self.process.wait(60)
        self.process.stdout.close()
        return code


@pytest.fixture(scope="module")
def client():
    found = _Client()
    yield found
    assert found.close() == 0


def _recipe(llama, chats, **training):
    return {
        "model": {"source": str(llama)},
        "data": {"files": [str(chats)], "eval_share": 0.1},
        "training": training,
    }


def test_check_counts_what_is_trained(client, llama, chats):
    told = client.ask("check", recipe=_recipe(llama, chats))[-1]
    assert (told["rows"], told["kept"], told["left_out"], told["cut"]) == (36, 36, 0, 0)
    assert 0 < told["trained_tokens"] < told["tokens"]
    assert told["problems"] == []


def test_check_says_when_every_row_is_too_long(client, llama, chats):
    told = client.ask("check", recipe=_recipe(llama, chats, max_length=8))[-1]
    assert told["kept"] == 0
    assert "None of the" in told["problems"][0]["text"]


def test_preview_shows_what_is_trained(client, llama, chats):
    told = client.ask("preview", recipe=_recipe(llama, chats), start=1, count=2)[-1]
    assert told["total"] == 36
    row = told["rows"][0]
    trained = "".join(piece["text"] for piece in row["pieces"] if piece["trained"])
    read = "".join(piece["text"] for piece in row["pieces"] if not piece["trained"])
    assert trained.startswith("The ")
    assert trained.endswith("<|im_end|>")
    assert "<|im_start|>user" in read


def test_an_error_is_an_answer_and_the_service_goes_on(client, chats):
    told = client.ask("check", recipe=_recipe("/nowhere/at/all", chats))[-1]
    assert told["kind"] == "error"
    assert told["next_step"]
    assert "Traceback" in told["detail"]
    assert client.ask("release")[-1]["kind"] == "result"


def test_chat_streams_both_sides(client, make_run):
    folder = make_run(training={"max_steps": 2})
    run_here(folder)
    replies = client.ask(
        "chat",
        run=str(folder.path),
        prompt="What is number 3?",
        reference="The red boat is number 3.",
        sides=["base", "tuned"],
        max_new_tokens=12,
    )
    told = replies[-1]
    assert set(told) == {"id", "kind", "base", "tuned"}
    assert told["base"]["tokens"] > 0
    assert told["tuned"]["loss"] > 0
    assert told["base"]["loss"] != told["tuned"]["loss"]


def test_a_cancelled_request_ends_and_the_next_is_answered(client, make_run):
    folder = make_run(training={"max_steps": 2})
    run_here(folder)
    number = client.send(
        "chat", run=str(folder.path), prompt="x", sides=["tuned"], max_new_tokens=100_000
    )
    client.send("cancel", target=number)
    while (reply := client.read())["kind"] not in ("result", "error"):
        pass
    assert reply["id"] == number
    assert client.ask("release")[-1]["kind"] == "result"


def test_exports_are_told_with_progress(client, make_run, tmp_path):
    folder = make_run(training={"max_steps": 2})
    run_here(folder)
    replies = client.ask("export", run=str(folder.path), to="merged", out=str(tmp_path / "out"))
    assert replies[-1]["kind"] == "result", replies[-1]
    assert {"merge", "compare"} <= {r["stage"] for r in replies if r["kind"] == "progress"}
    assert replies[-1]["parity"]["verdict"] in ("same", "close")


def test_prints_of_libraries_do_not_reach_the_wire():
    code = (
        "from studio.engine.wire import Wire\n"
        "wire = Wire(); print('noise'); import os; os.write(1, b'more noise'); "
        "wire.send(1, 'result', text='汉')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=worker_environment(), check=True
    )
    assert json.loads(done.stdout) == {"id": 1, "kind": "result", "text": "汉"}
