"""How long the GUI thread stalls while a run writes 100 events a second and its page is shown.

python tests/bench/ui_stall.py [SECONDS] [EVENTS BEFORE]: another process writes into a real run
folder; the real window shows the run; a 1 ms timer notes the time between its beats. The reference
is the same window on Home, with nothing written. Prints one JSON line.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def measure(seconds: float) -> list[float]:
    """Return the milliseconds between beats of a 1 ms timer."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer

    loop, gaps = QEventLoop(), []
    last = [time.perf_counter()]

    def beat() -> None:
        now = time.perf_counter()
        gaps.append((now - last[0]) * 1000)
        last[0] = now

    timer = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=1)
    timer.timeout.connect(beat)
    timer.start()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()
    timer.stop()
    return sorted(gaps)


def run(seconds: float, before: int, home: Path) -> dict[str, float]:
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
    return {"longest": busy[-1], "p99": _share(busy, 0.99), "rest": rest[-1],
            "rest_p99": _share(rest, 0.99), "told": told}  # fmt: skip


def _share(values: list[float], share: float) -> float:
    """Return the value below which this share of all lies."""
    return values[int(share * (len(values) - 1))]


def main() -> None:
    """Measure and print the line."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    before = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    with tempfile.TemporaryDirectory() as home:
        os.environ["FINETUNE_STUDIO_HOME"] = home
        found = run(seconds, before, Path(home))
    print(
        json.dumps(
            {
                "name": "ui_stall",
                "figure": round(found["longest"], 1),
                "unit": "ms, longest stall of the GUI thread at 100 events a second",
                "p99": round(found["p99"], 2),
                "reference": round(found["rest"], 1),
                "reference_p99": round(found["rest_p99"], 2),
                "reference_name": "the same window on Home, nothing written",
                "ratio": round(found["longest"] / max(found["rest"], 0.1), 2),
                "events_told": int(found["told"]),
            }
        )
    )


if __name__ == "__main__":
    main()
