"""From process start to the first painted window, beside a bare PySide6 and pyqtgraph window.

python tests/bench/startup.py [ROUNDS]: both are started in turn; the fastest of each counts, as
other work on the machine only ever adds. Prints one JSON line.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Both look for the first paint; when the loop comes round again, all is on the screen.
_WATCH = """
import os, sys
from PySide6.QtCore import QEvent, QObject, QTimer
class Watch(QObject):
    seen = False
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and not self.seen:
            self.seen = True
            QTimer.singleShot(0, self.leave)
        return False
    def leave(self):
        loaded = [name for name in ("torch", "transformers", "pyqtgraph") if name in sys.modules]
        os.write(1, ("painted " + ",".join(loaded) + "\\n").encode())
        os._exit(0)
"""
_REFERENCE = """
from PySide6.QtWidgets import QApplication, QMainWindow
import pyqtgraph
app = QApplication([])
watch = Watch()
app.installEventFilter(watch)
window = QMainWindow()
window.setCentralWidget(pyqtgraph.PlotWidget())
window.resize(1280, 800)
window.show()
app.exec()
"""
_OURS = """
from studio.ui import application, window
made = application.make
def make(*arguments):
    app = made(*arguments)
    app.watch = Watch()
    app.installEventFilter(app.watch)
    return app
application.make = make
window.main(["finetune-studio"])
"""
_PATIENCE = 30  # seconds until a start that paints nothing is given up


def seconds(code: str, home: str) -> tuple[float, str]:
    """Start a Python with this code; return the seconds until it says painted, and what it said."""
    environment = {
        **os.environ, "FINETUNE_STUDIO_HOME": home, "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    begun = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-c", _WATCH + code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=home,
        text=True,
    )
    guard = threading.Timer(_PATIENCE, child.kill)
    guard.start()
    line = child.stdout.readline() if child.stdout else ""
    taken = time.perf_counter() - begun
    guard.cancel()
    child.wait(_PATIENCE)
    if not line.startswith("painted"):
        raise RuntimeError(f"nothing was painted: {line!r}")
    return taken, line.removeprefix("painted").strip()


def main() -> None:
    """Measure both in turn and print the line."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    ours, bare = [], []
    loaded = ""
    with tempfile.TemporaryDirectory() as home:
        for number in range(rounds + 1):
            one, loaded = seconds(_OURS, home)
            other, _ = seconds(_REFERENCE, home)
            if number:  # the first of each reads from a cold disk
                ours.append(one)
                bare.append(other)
    line = {
        "name": "startup",
        "figure": round(min(ours), 3),
        "unit": "s from process start to first paint (fastest)",
        "median": round(statistics.median(ours), 3),
        "reference": round(min(bare), 3),
        "reference_median": round(statistics.median(bare), 3),
        "reference_name": "bare PySide6 + pyqtgraph window",
        "ratio": round(min(ours) / min(bare), 3),
        "torch_loaded": "torch" in loaded.split(","),
    }
    print(json.dumps(line))
    if line["torch_loaded"]:
        sys.exit("torch is loaded in the window's process")


if __name__ == "__main__":
    main()
