"""A chart in words, for those who do not see it."""

from studio.ui.charts import numbers
from studio.ui.charts.track import Track
from studio.words import tr


def describe_track(track: Track) -> str:
    """Return latest, best and limit of a track as sentences."""
    title, lower = track.spec.title, track.spec.best == "lowest"
    curve = track.main_curve()
    latest = curve.series.value_at(float("inf"), smooth=curve.smooth)
    best = curve.series.best(lower, curve.smooth)
    if latest is None or best is None:
        return tr("{title}: no values yet.", title=title)
    values = {
        "title": title,
        "latest": numbers.value_text(latest[1], track.spec.form),
        "step": numbers.step_text(latest[0]),
        "best": numbers.value_text(best[1], track.spec.form),
        "best_step": numbers.step_text(best[0]),
    }
    if lower:
        text = tr("{title}: {latest} at step {step}, lowest {best} at step {best_step}.", **values)
    else:
        text = tr("{title}: {latest} at step {step}, highest {best} at step {best_step}.", **values)
    limit = track.marks.set.limit
    if limit is not None:
        text += " " + tr("Limit: {label}.", label=limit[1])
    if track.fault is not None:
        step = numbers.step_text(track.fault[1])
        text += " " + tr("Not a number from step {step}.", step=step)
    return text
