"""The tracks of a run, described for the charts."""

from studio.runs.metric_names import metric_name
from studio.ui.charts.specs import CurveSpec, TrackSpec
from studio.words import tr

DEFAULT = ("loss", "metrics", "memory", "speed", "rate")
ORDER = ("loss", "metrics", "memory", "speed", "rate", "gradient", "load")


def track_names(on_card: bool) -> dict[str, str]:
    """Return the title of each track, in the order of the page."""
    return {
        "loss": tr("Loss"),
        "metrics": tr("Evaluation"),
        "memory": _memory_name(on_card),
        "speed": tr("Tokens a second"),
        "rate": tr("Learning rate"),
        "gradient": tr("Gradient norm"),
        "load": tr("Load"),
    }


def track_specs(on_card: bool, metrics: tuple[str, ...]) -> dict[str, TrackSpec]:
    """Describe every track that this run can have; metrics only where there are any."""
    made = [_loss(), _memory(on_card), _speed(), _rate(), _gradient(), _load(on_card)]
    if metrics:
        made.append(_metrics(metrics))
    found = {spec.key: spec for spec in made}
    return {key: found[key] for key in ORDER if key in found}


def _loss() -> TrackSpec:
    return TrackSpec(
        "loss",
        tr("Loss"),
        (
            CurveSpec("smooth", tr("smoothed"), "chart-1", "smooth", source="raw"),
            CurveSpec("raw", tr("raw"), "chart-1", "raw"),
            CurveSpec("eval", tr("evaluation"), "chart-2", "dots"),
        ),
        height_share=3.45,
        marks=True,
    )


def _memory_name(on_card: bool) -> str:
    return tr("Memory", "card") if on_card else tr("Memory")


def _memory(on_card: bool) -> TrackSpec:
    used = CurveSpec("used", "", "chart-1", "area")
    other = CurveSpec("other", tr("other programs"), "chart-8", "band")
    torch = (
        CurveSpec("reserved", tr("reserved"), "chart-6", "dotted"),
        CurveSpec("allocated", tr("allocated"), "chart-3", "dotted"),
    )
    return TrackSpec(
        "memory",
        _memory_name(on_card),
        (used, other, *(torch if on_card else ())),
        height_share=1.4,
        zero_in_view=True,
        unit=tr("GB"),
        form="memory",
        peak=True,
        best="highest",
    )


def _speed() -> TrackSpec:
    return TrackSpec(
        "speed",
        tr("Tokens a second"),
        (CurveSpec("speed", "", "chart-3", "line"),),
        zero_in_view=True,
        form="count",
        note=tr("gaps: evaluation"),
        best="highest",
    )


def _rate() -> TrackSpec:
    return TrackSpec(
        "rate",
        tr("Learning rate"),
        (
            CurveSpec("plan", "", "chart-4", "dotted", in_title=False),
            CurveSpec("rate", "", "chart-4", "line"),
        ),
        zero_in_view=True,
        form="small",
        best="highest",
    )


def _gradient() -> TrackSpec:
    return TrackSpec(
        "gradient",
        tr("Gradient norm"),
        (CurveSpec("norm", "", "chart-5", "line"),),
        zero_in_view=True,
        form="small",
        best="highest",
    )


def _load(on_card: bool) -> TrackSpec:
    card = CurveSpec("card", tr("card"), "chart-1", "line")
    processor = CurveSpec("processor", tr("processor"), "chart-8", "line")
    return TrackSpec(
        "load",
        tr("Load"),
        (card, processor) if on_card else (processor,),
        zero_in_view=True,
        unit="%",
        form="count",
        best="highest",
    )


_METRIC_COLORS = ("chart-2", "chart-6", "chart-4", "chart-5")


def _metrics(names: tuple[str, ...]) -> TrackSpec:
    curves = tuple(
        CurveSpec(name, metric_name(name), color, "dots")
        for name, color in zip(names, _METRIC_COLORS, strict=False)
    )
    return TrackSpec("metrics", tr("Evaluation"), curves, zero_in_view=True, best="highest")
