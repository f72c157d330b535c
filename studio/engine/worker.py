"""The training worker: its main thread listens and measures, a second thread trains."""

import faulthandler
import logging
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType

from studio import settings
from studio.engine.control import Control
from studio.engine.failure import failed
from studio.engine.telemetry import measure
from studio.models.sample import FetchStoppedError
from studio.runs import events as ev
from studio.runs import requests
from studio.runs.folder import RunFolder
from studio.runs.log import EventWriter
from studio.runs.process import claim, worker
from studio.words import use_language

_LISTEN_SECONDS = 0.1
_MEASURE_SECONDS = 1.0


def run(path: Path) -> int:
    """Train the run in a folder; return 0 when it finished or was stopped, 1 when it failed."""
    faulthandler.enable()
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    use_language(settings.load().language)
    folder = RunFolder(path.resolve())
    other = worker(folder)
    if other is not None and other.pid != os.getpid():
        sys.stderr.write(f"process {other.pid} is training this run already\n")
        return 1
    claim(folder, os.getpid())
    folder.requests.mkdir(exist_ok=True)
    return _Worker(folder).run()


class _Worker:
    """One training process."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.journal = EventWriter(folder.events)
        self.control = Control()
        self.code = 1
        self.thread = threading.Thread(target=self._train, name="gpu")

    def run(self) -> int:
        """Listen and measure until the training thread is done."""
        signal.signal(signal.SIGTERM, self._on_terminate)
        self.journal.write(ev.Stage("start"))
        self.thread.start()
        measured = 0.0
        while self.thread.is_alive():
            self._listen()
            if time.monotonic() - measured >= _MEASURE_SECONDS:
                measured = time.monotonic()
                self.journal.write(measure(self.control.step))
            self.thread.join(_LISTEN_SECONDS)
        self.journal.close()
        return self.code

    def _listen(self) -> None:
        """Take the waiting requests."""
        for request in requests.take(self.folder.requests):
            self.control.take(request)

    def _on_terminate(self, _signal: int, _frame: FrameType | None) -> None:
        """A polite end of the process, as at shutdown, is a stop that keeps what was learnt."""
        self.control.take(requests.Request("stop"))

    def _train(self) -> None:
        """Train; whatever happens is told in an event, and in full in the log."""
        try:
            from studio.engine.train import StoppedEarlyError, train
        except Exception as reason:  # noqa: BLE001 - a broken installation is told like the rest
            self._fail(reason)
            return
        try:
            train(self.folder, self.journal, self.control)
            self.code = 0
        except (StoppedEarlyError, FetchStoppedError):
            self.journal.write(ev.Stopped(0, ""))
            self.code = 0
        except Exception as reason:  # noqa: BLE001 - whatever it is, the run's events must say it
            self._fail(reason)

    def _fail(self, reason: Exception) -> None:
        """Tell the failure."""
        traceback.print_exc()
        last = measure(self.control.step)
        self.journal.write(last)
        self.journal.write(failed(reason, self.control.step, bool(last.reserved)))
