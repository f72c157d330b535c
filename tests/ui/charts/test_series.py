"""Series: smoothing against a plain loop, extremes kept, gaps, going back to a checkpoint."""

import math

import numpy as np
import pytest

from studio.ui.charts.numbers import log_ticks, tick_texts, ticks, time_ticks, value_text
from studio.ui.charts.series import Series


def plain_ema(values, factor):
    mean = weight = 0.0
    out = []
    for value in values:
        if not math.isfinite(value):
            out.append(math.nan)
            continue
        mean = factor * mean + (1 - factor) * value
        weight = factor * weight + (1 - factor)
        out.append(mean / weight)
    return np.array(out)


def noisy(count, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(2.0, 1.0, count)
    values[rng.integers(0, count, count // 50)] = np.nan
    return values


@pytest.mark.parametrize("factor", [0.0, 0.5, 0.96, 0.999])
@pytest.mark.parametrize("pieces", [1, 3, 700])
def test_smoothing_is_the_bias_corrected_mean(factor, pieces):
    values = noisy(1500)
    series = Series(factor)
    for part in np.array_split(np.arange(len(values)), pieces):
        series.extend(part.astype(float), values[part])
    np.testing.assert_allclose(series.smooth.values, plain_ema(values, factor), rtol=1e-9)


def test_another_factor_smooths_everything_again():
    values = noisy(1000)
    series = Series(0.9)
    series.extend(np.arange(1000.0), values)
    series.set_smoothing(0.5)
    series.append(1000.0, 3.0)
    expected = plain_ema([*values, 3.0], 0.5)
    np.testing.assert_allclose(series.smooth.values, expected, rtol=1e-9)


@pytest.mark.parametrize("count", [10, 1000, 5000, 300_001])
@pytest.mark.parametrize("pixels", [50, 640])
def test_every_pixel_keeps_its_extremes(count, pixels):
    values = noisy(count) if count > 50 else np.arange(float(count))
    series = Series()
    series.extend(np.arange(float(count)), values)
    for low, high in ((0, count), (count // 3, count // 2)):
        points = series.points(low, high, pixels)
        assert len(points.x) <= 4 * pixels + 8
        assert (np.diff(points.x) >= 0).all()
        seen = values[low : high + 1]
        assert np.nanmin(points.y) <= np.nanmin(seen)
        assert np.nanmax(points.y) >= np.nanmax(seen)
        columns = max(2, pixels // 4)
        for edges in np.array_split(np.arange(low, min(high + 1, count)), columns):
            if len(edges) < 4 * count / pixels:
                continue
            inside = (points.x >= edges[0]) & (points.x <= edges[-1])
            assert np.isfinite(points.y[inside]).any()


def test_one_spike_among_a_million_is_drawn_and_a_long_gap_stays_open():
    values = np.ones(1_000_000)
    values[123_456] = 50.0
    values[600_000:700_000] = np.nan
    series = Series()
    series.extend(np.arange(1e6), values)
    points = series.points(0, 1e6, 640)
    assert points.y[points.x == 123_456] == 50.0
    gap = (points.x > 605_000) & (points.x < 695_000)
    assert gap.any() and np.isnan(points.y[gap]).all()
    assert series.best(lower=False) == (123_456.0, 50.0)


def test_the_sample_for_the_axis_leaves_out_what_is_not_seen():
    series = Series()
    series.extend(np.array([0.0, 10.0, 20.0, 30.0]), np.array([9.0, 1.0, 2.0, 8.0]))
    assert series.sample(5.0, 25.0).tolist() == [1.0, 2.0]
    assert series.sample(12.0, 15.0).tolist() == [1.0, 2.0]


def test_growing_series_draws_like_one_given_at_once():
    values = noisy(20_000)
    grown, whole = Series(), Series()
    for part in np.array_split(np.arange(20_000), 37):
        grown.extend(part.astype(float), values[part])
        grown.points(0, 20_000, 100)
    whole.extend(np.arange(20_000.0), values)
    for one, other in zip(grown.points(0, 2e4, 100), whole.points(0, 2e4, 100), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_lower_step_forgets_what_came_after_it():
    series = Series(0.9)
    series.extend(np.arange(1.0, 413.0), noisy(412), np.arange(1.0, 413.0) * 3)
    series.append(401.0, 1.25, 1300.0)
    assert len(series) == len(series.smooth) == len(series.t) == 401
    assert series.value_at(9999.0) == (401.0, 1.25)
    expected = plain_ema(series.y.values, 0.9)
    np.testing.assert_allclose(series.smooth.values, expected, rtol=1e-9)


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="2 steps but 1 values"):
        Series().extend(np.arange(2.0), np.arange(1.0))


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (0.7, 2.06, 6, ["0.8", "1.2", "1.6", "2.0"]),
        (0, 2.1e-4, 3, ["0", "1e-4", "2e-4"]),
        (0, 2700, 3, ["0", "1,000", "2,000"]),
        (0, 1.7e-4, 5, ["0", "4e-5", "8e-5", "1.2e-4", "1.6e-4"]),
    ],
)
def test_ticks_are_few_and_written_short(low, high, most, texts):
    assert tick_texts(ticks(low, high, most)) == texts


def test_there_are_two_to_six_ticks_on_any_range():
    for power in range(-8, 9):
        for span in (1.0, 1.7, 2.3, 4.9, 9.6):
            found = ticks(3.0 * 10**power, (3.0 + span) * 10**power, 6)
            assert 2 <= len(found) <= 6
    assert 2 <= len(log_ticks(-0.2, 1.3, 5)) <= 5
    assert time_ticks(0, 7500, 5) == [0, 1800, 3600, 5400, 7200]


def test_values_are_written_like_everywhere_else():
    assert value_text(0.8931, "loss") == "0.893"
    assert value_text(2e-4, "small") == "2e-4"
    assert value_text(9.784e-5, "small") == "9.78e-5"
    assert value_text(2338.4, "count") == "2,338"
    assert value_text(11.62, "memory") == "11.6"
    assert value_text(math.nan, "loss") == "NaN"
    assert value_text(None, "loss") == "–"
