"""Measure one redraw of a track with a million points, beside plain pyqtgraph in the same run.

Prints one JSON line. A redraw is what happens at each beat of the timer: store one new point,
pick what is seen, hand it to the plot, and paint it.
"""

import json
import os
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, thread_time

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QApplication

from studio.ui.charts.specs import CurveSpec, TrackSpec
from studio.ui.charts.tracks import Tracks

POINTS = 1_000_000
ROUNDS = 30
SIZE = (720, 400)


def _data() -> tuple[np.ndarray, np.ndarray]:
    steps = np.arange(POINTS, dtype=np.float64)
    noise = np.random.default_rng(0).normal(0.0, 0.1, POINTS)
    return steps, 1.0 + np.exp(-steps / 1e5) + noise


def _median_ms(action: Callable[[int], None]) -> tuple[float, float]:
    """Return the median by the clock, and of the thread's own processor time."""
    for index in range(3):
        action(index)
    clock, cpu = [], []
    for index in range(3, ROUNDS + 3):
        start, busy = perf_counter(), thread_time()
        action(index)
        clock.append(1000 * (perf_counter() - start))
        cpu.append(1000 * (thread_time() - busy))
    return statistics.median(clock), statistics.median(cpu)


def _ours(app: QApplication) -> tuple[float, float]:
    curves = (CurveSpec("smooth", "", "chart-1", "smooth", "raw"),
              CurveSpec("raw", "", "chart-1", "raw"))  # fmt: skip
    tracks = Tracks((TrackSpec("loss", "Loss", curves, marks=True),))
    tracks.resize(*SIZE)
    tracks.extend("loss", "raw", *_data())
    tracks.show()
    app.processEvents()

    def one(index: int) -> None:
        tracks.add("loss", "raw", POINTS + index, 1.0)
        tracks.redraw()
        tracks.repaint()
        app.processEvents()

    figure = _median_ms(one)
    tracks.close()
    return figure


def _plain(app: QApplication) -> tuple[float, float]:
    x, y = _data()
    widget = pg.PlotWidget()
    widget.resize(*SIZE)
    item = pg.PlotDataItem(pen="w")
    item.setDownsampling(auto=True, method="peak")
    item.setClipToView(True)
    widget.addItem(item)
    widget.show()
    app.processEvents()

    def one(index: int) -> None:
        item.setData(np.append(x, POINTS + index), np.append(y, 1.0))
        widget.repaint()
        app.processEvents()

    figure = _median_ms(one)
    widget.close()
    return figure


def main() -> None:
    """Measure both and print the result."""
    app = QApplication([])
    (figure, cpu), (reference, plain_cpu) = _ours(app), _plain(app)
    result = {
        "name": "redraw of a million-point series",
        "figure": round(figure, 2),
        "unit": "ms",
        "reference": round(reference, 2),
        "reference_name": "pyqtgraph PlotDataItem, automatic peak downsampling",
        "ratio": round(figure / reference, 3),
        "cpu_ms": round(cpu, 2),
        "reference_cpu_ms": round(plain_cpu, 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
