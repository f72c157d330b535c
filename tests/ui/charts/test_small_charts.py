"""Comparison, spark, small plot and bars: what they show, and that they paint."""

import numpy as np
import pytest

from studio.ui.charts.bars import Bars
from studio.ui.charts.curve import SmallPlot
from studio.ui.charts.lines import MOST, Comparison, RunLine, line_pen, line_swatch
from studio.ui.charts.series import Points
from studio.ui.charts.spark import Spark
from studio.ui.theme import theme


def runs(count=3):
    steps = np.arange(100.0, 2200.0, 100.0)
    return [
        RunLine(f"run-{i}", 1.0 + i / 10 + np.exp(-steps / 300), {"step": steps}, i)
        for i in range(count)
    ]


def has_colour(widget, name):
    image = widget.grab().toImage()
    wanted = theme().color(name).rgb()
    return any(
        image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height())
    )


@pytest.fixture
def comparison(qtbot):
    widget = Comparison()
    qtbot.addWidget(widget)
    widget.resize(600, 300)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def test_comparison_names_each_run_with_its_best(comparison):
    comparison.set_runs(runs())
    comparison.redraw()
    assert [label.text for label in comparison._labels._labels] == [
        "run-0 1.001", "run-1 1.101", "run-2 1.201",
    ]  # fmt: skip
    assert comparison.text_equivalent().startswith("run-0: best 1.001.")
    assert has_colour(comparison, "chart-1") and has_colour(comparison, "chart-3")


def test_comparison_refuses_a_ninth_run(comparison):
    with pytest.raises(ValueError, match="at most 8"):
        comparison.set_runs(runs(9))


def test_eight_runs_differ_in_colour_and_in_line(comparison):
    pens = [line_pen(order) for order in range(MOST)]
    assert len({pen.color().name() for pen in pens}) == MOST
    assert len({tuple(pen.dashPattern()) for pen in pens}) == MOST
    assert not line_swatch(1, ratio=2.0).isNull()


def test_comparison_without_the_axis_says_so(comparison):
    comparison.set_runs(runs(1))
    comparison.set_x("tokens")
    comparison.redraw()
    assert comparison._labels.empty


def test_comparison_zoom_and_reset(comparison, qtbot):
    comparison.set_runs(runs())
    comparison._plot.box.zoomed.emit(500.0, 900.0)
    comparison.redraw()
    assert comparison._plot.box.viewRange()[0] == [500.0, 900.0]
    qtbot.keyClick(comparison, "0")
    comparison.redraw()
    assert comparison._plot.box.viewRange()[0] == [0.0, 2100.0]


def test_spark_paints_its_line(qtbot):
    spark = Spark("Loss")
    qtbot.addWidget(spark)
    spark.resize(300, 60)
    spark.show()
    assert spark.grab().toImage().pixel(1, 1) == spark.grab().toImage().pixel(299, 1)
    spark.set_values(np.arange(200.0), np.r_[np.ones(100), [np.nan] * 3, np.full(97, 0.5)])
    qtbot.waitUntil(lambda: "199" in spark.accessibleDescription())
    assert spark.grab().toImage().pixel(10, 55) != spark.grab().toImage().pixel(152, 55)


def test_small_plot_has_our_ticks_and_describes_itself(qtbot):
    plot = SmallPlot("Learning rate", "chart-4")
    qtbot.addWidget(plot)
    plot.resize(304, 124)
    plot.show()
    steps = np.arange(2224.0)
    plot.set_curve(steps, 2e-4 * (1 - steps / 2223))
    plot.set_x_ticks([0, 741, 1482, 2223])
    plot.image()
    assert plot._track.plot.bottom.texts(plot._track.plot.bottom.ticks())[-1] == "2,223"
    assert plot.text_equivalent() == "Learning rate: highest 2e-4 at 0, 0 at the end."
    assert plot.csv_text().splitlines()[0] == "x,y"
    plot.set_curve([], [])
    plot.image()
    assert "no values yet" in plot.text_equivalent()


def test_bars_join_neighbours_and_keep_gaps(comparison):
    bars = Bars(comparison._plot, 3)
    comparison._plot.show_x(0.0, 10.0)
    x = np.array([0.0, 0.5, 1.0, 1.5, 4.0, 5.0])
    bars.set_points(Points(x, np.array([1.0, 3.0, 7.0, 5.0, np.nan, 2.0])))
    column, low, high = bars.columns(10)
    assert column.tolist() == [0, 1, 5]
    assert low.tolist() == [1.0, 3.0, 2.0]
    assert high.tolist() == [3.0, 7.0, 2.0]
