"""What a chart shows, described as data."""

from dataclasses import dataclass
from typing import Literal

Style = Literal["raw", "smooth", "dots", "line", "area", "band", "dotted"]
Format = Literal["loss", "count", "small", "memory"]


@dataclass(frozen=True, slots=True)
class CurveSpec:
    """One curve of a track.

    Styles: "raw" 1 px at 40 %; "smooth" 2 px, the smoothed values of the curve named in `source`;
    "dots" dashed with a dot at each value; "line"; "area" a line with a light fill down to zero;
    "band" a solid fill without a line, stacked by passing sums; "dotted" what is planned.

    Args:
        key: Name of the curve inside its track.
        label: Words before the value in the title line, already translated; "" for none.
        color: Token of the colour.
        in_title: Whether the value stands in the title line.
    """

    key: str
    label: str
    color: str
    style: Style
    source: str = ""
    in_title: bool = True


@dataclass(frozen=True, slots=True)
class TrackSpec:
    """One plot of a stack that shares its x axis.

    Args:
        key: Name of the track.
        title: Words at the start of the title line, already translated.
        curves: What is drawn, in the order of the title line.
        height_share: Height relative to the other tracks.
        zero_in_view: Whether the y axis starts at zero.
        log: Whether the y axis starts out logarithmic.
        unit: Words behind the first value, already translated.
        form: How values are written.
        peak: Whether the greatest value of the first curve stands in the title line.
        note: Muted words at the end of the title line, already translated.
        marks: Whether checkpoints and the first NaN are marked here.
        best: Which extreme the description names.
    """

    key: str
    title: str
    curves: tuple[CurveSpec, ...]
    height_share: float = 1.0
    zero_in_view: bool = False
    log: bool = False
    unit: str = ""
    form: Format = "loss"
    peak: bool = False
    note: str = ""
    marks: bool = False
    best: Literal["lowest", "highest"] = "lowest"
