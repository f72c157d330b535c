"""How long the GUI thread stalls while a run writes 100 events a second and its page is shown.

python tests/bench/ui_stall.py [--seconds 60] [--before 2000]: another process writes into a real
run folder; the real window shows the run; a 1 ms timer notes the time between its beats, by the
clock and by the thread's own processor time, which other programs do not lengthen. The reference
is the same window on Home, with nothing written. Prints one JSON line.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# The writer paces itself by the clock, so that a slow moment is made up for.
_WRITER = """
import sys, time
from pathlib import Path
from studio.runs import events as ev
from studio.runs.log import EventWriter
writer, seconds, step = EventWriter(Path(sys.argv[1])), float(sys.argv[2]), int(sys.argv[3])
begun, told = time.monotonic(), 0
while time.monotonic() - begun < seconds:
    while told < (time.monotonic() - begun) * 100:
        told += 1
        if told % 10 == 0:
            writer.write(ev.Memory(step, 2 << 30, 8 << 30, 16 << 30, processor_load=90.0))
        elif told % 500 == 1:
            writer.write(ev.Eval(step, 1.0))
        else:
            step += 1
            writer.write(ev.Step(step, 1.0 + step % 7 / 50, 1e-4, 1.0, 1.0, 800, 900.0, 0.01))
    time.sleep(0.005)
"""


class Beats(NamedTuple):
    """Milliseconds between beats, sorted: by the clock and of the thread's processor time."""

    clock: list[float]
    cpu: list[float]


class Figures(NamedTuple):
    """What was measured at rest on Home and on the busy page; events told to the page."""

    rest: Beats
    busy: Beats
    told: int


def measure(seconds: float) -> Beats:
    """Note the time between beats of a 1 ms timer."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer

    loop, found = QEventLoop(), Beats([], [])
    last = [time.perf_counter(), time.thread_time()]

    def beat() -> None:
        now = [time.perf_counter(), time.thread_time()]
        found.clock.append((now[0] - last[0]) * 1000)
        found.cpu.append((now[1] - last[1]) * 1000)
        last[:] = now

    timer = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=1)
    timer.timeout.connect(beat)
    timer.start()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()
    timer.stop()
    return Beats(sorted(found.clock), sorted(found.cpu))


def run(seconds: float, before: int, home: Path) -> Figures:
    """Open the window, measure Home at rest, then the live page under events."""
    from studio import settings
    from studio.runs.process import claim
    from studio.ui import application
    from studio.ui.context import Context
    from studio.ui.window import MainWindow
    from tests.helpers.histories import write_run

    chosen = settings.load()
    app = application.make(["bench"], chosen)
    context = Context(chosen)
    window = MainWindow(context)
    window.show()
    context.begin()
    measure(3)
    rest = measure(min(10.0, seconds))
    folder = write_run(
        home / "runs", "bench", steps=before, total=1_000_000, end="", age=before + 9
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(folder.events), str(seconds + 8), str(before)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    claim(folder, writer.pid)
    context.open_page("live", str(folder.path))
    measure(4)  # the page is built and the history read: start-up, not the steady state
    busy = measure(seconds)
    told = len(context.runs.history(str(folder.path)))
    window.close()
    writer.kill()
    writer.wait()
    del app
    return Figures(rest, busy, told)


def redraw_million() -> dict[str, float]:
    """Return what the benchmark of a million-point redraw says."""
    other = Path(__file__).with_name("ui_redraw.py")
    done = subprocess.run([sys.executable, str(other)], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def line(found: Figures, redraw: dict[str, float]) -> dict[str, object]:
    """Return what is printed."""
    rest, busy = found.rest, found.busy
    return {
        "name": "ui_stall",
        "figure": round(busy.clock[-1], 1),
        "unit": "ms",
        "reference": round(rest.clock[-1], 1),
        "reference_name": "longest stall of the same window on Home, nothing written",
        "ratio": round(busy.clock[-1] / max(rest.clock[-1], 0.1), 2),
        "p99_ms": round(_share(busy.clock, 0.99), 2),
        "cpu_longest_ms": round(busy.cpu[-1], 1),
        "cpu_p99_ms": round(_share(busy.cpu, 0.99), 2),
        "reference_p99_ms": round(_share(rest.clock, 0.99), 2),
        "redraw_million_ms": redraw["figure"],
        "redraw_million_cpu_ms": redraw["cpu_ms"],
        "events_told": found.told,
    }


def _share(values: list[float], share: float) -> float:
    """Return the value below which this share of all lies."""
    return values[int(share * (len(values) - 1))]


def main() -> None:
    """Measure and print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--before", type=int, default=2000, help="events already in the run")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["FINETUNE_STUDIO_HOME"] = home
        found = run(chosen.seconds, chosen.before, Path(home))
    print(json.dumps(line(found, redraw_million())))


if __name__ == "__main__":
    main()
