"""Line charts and scatter plots as SVG, readable at a width of 360 px.

Colours are CSS classes (`s1` ... `s4`), so that the page defines them for light and dark.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, isfinite, log10
from typing import NamedTuple

import numpy as np

_WIDTH, _HEIGHT = 360, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 10, 34
_BUCKETS = 80
_TICKS = 4
_LINE = 16
_LIGHT = ("#2166c4", "#c2540a", "#1d7f5c", "#7a4fc0", "#666")
_DARK = ("#6ea8f5", "#f29a57", "#57c796", "#b795f0", "#aaa")


def _colors(colors: Sequence[str]) -> str:
    series = [
        f".line.s{i}{{stroke:{color}}}.band.s{i},.dot.s{i}{{fill:{color}}}" for i, color in enumerate(colors[:-1], 1)
    ]
    return "".join(series) + f"text{{fill:{colors[-1]}}}.rule{{stroke:{colors[-1]};opacity:.3}}"


_STYLE = (
    "text{font:11px system-ui,sans-serif}.line{fill:none;stroke-width:1.75}.band{opacity:.18}"
    f"{_colors(_LIGHT)}@media(prefers-color-scheme:dark){{{_colors(_DARK)}}}"
)


class Series(NamedTuple):
    """One line.

    Attributes:
        name: name in the legend.
        xs: ascending.
        ys: one value for each of `xs`.
    """

    name: str
    xs: Sequence[float]
    ys: Sequence[float]


@dataclass(frozen=True)
class Chart:
    """A rendered chart.

    Attributes:
        svg: an SVG element.
        legend: CSS class, name and last value of each series.
        note: a sentence below the chart.
    """

    title: str
    svg: str
    legend: tuple[tuple[str, str, str], ...] = ()
    note: str = ""


class _Axis:
    """One axis of a plot: its range, its ticks, and the position of a value in px."""

    def __init__(
        self, values: Sequence[float], start: float, end: float, is_log: bool = False, is_tight: bool = False
    ) -> None:
        """Fits an axis to its values. A tight axis ends at the extreme values, any other at the outer ticks."""
        self._of: Callable[[float], float] = log10 if is_log else float
        low, high = min(values), max(values)
        if is_tight and not is_log and 0.0 < low < 0.1 * high:
            low = 0.0
        ticks = _log_ticks(low, high) if is_log else _ticks(low, high)
        self.ticks = [tick for tick in ticks if low <= tick <= high] if is_tight else ticks
        ends = (low, high) if is_tight else (min(low, ticks[0]), max(high, ticks[-1]))
        self._low, self._high = (self._of(end) for end in ends)
        self._start, self._end = start, end

    def at(self, value: float) -> float:
        """Returns the position of a value in px; values outside the range are clipped to its ends."""
        share = (self._of(value) - self._low) / ((self._high - self._low) or 1.0)
        return round(self._start + min(max(share, 0.0), 1.0) * (self._end - self._start), 1)


def lines(
    title: str,
    series: Sequence[Series],
    x_label: str,
    log_x: bool = False,
    mark: tuple[float, float] | None = None,
    note: str = "",
) -> Chart | None:
    """Draws lines over one axis. Many points are reduced to medians with a band of the 10th to 90th percentile.

    Args:
        title: heading of the chart.
        series: up to four; points that are not finite are omitted.
        x_label: label of the horizontal axis.
        log_x: whether the horizontal axis is logarithmic.
        mark: a point (x, y) to highlight.
        note: a sentence below the chart.

    Returns:
        The chart; None if no series has two finite points.
    """
    kept = [found for part in series if len((found := _finite(part)).xs) > 1]
    if not kept:
        return None
    bands = [_bands(part, log_x) for part in kept]
    x = _Axis([value for part in kept for value in part.xs], _LEFT, _WIDTH - _RIGHT, log_x, is_tight=True)
    y = _Axis(_robust([value for part in kept for value in part.ys]), _HEIGHT - _BOTTOM, _TOP)
    drawn = [_axes(x, y, x_label)]
    for index, band in enumerate(bands, 1):
        above = [f"{x.at(at)},{y.at(high)}" for at, _, _, high in band]
        below = [f"{x.at(at)},{y.at(low)}" for at, low, _, _ in reversed(band)]
        drawn.append(f'<polygon class="band s{index}" points="{" ".join(above + below)}"/>')
    for index, band in enumerate(bands, 1):
        points = " ".join(f"{x.at(at)},{y.at(middle)}" for at, _, middle, _ in band)
        drawn.append(f'<polyline class="line s{index}" points="{points}"/>')
    if mark is not None:
        drawn.append(f'<circle class="mark" cx="{x.at(mark[0])}" cy="{y.at(mark[1])}" r="4"/>')
    legend = tuple((f"s{index}", part.name, brief(part.ys[-1])) for index, part in enumerate(kept, 1))
    return Chart(title, _svg(title, drawn), legend, note)


def scatter(title: str, xs: Sequence[float], ys: Sequence[float], x_label: str, y_label: str, note: str) -> Chart:
    """Draws points, later ones darker. Both sequences are finite and of equal length."""
    x, y = _Axis(xs, _LEFT, _WIDTH - _RIGHT), _Axis(ys, _HEIGHT - _BOTTOM, _TOP)
    drawn = [_axes(x, y, x_label)]
    for index, (across, up) in enumerate(zip(xs, ys, strict=True), 1):
        opacity = 0.25 + 0.75 * index / len(xs)
        drawn.append(f'<circle class="dot s1" cx="{x.at(across)}" cy="{y.at(up)}" r="4" opacity="{opacity:.2f}"/>')
    return Chart(title, _svg(title, drawn), (("s1", y_label, ""),), note)


def standalone(chart: Chart) -> str:
    """Renders a chart as an SVG file with its legend, and with colours for light and dark."""
    height = _HEIGHT + _LINE * len(chart.legend)
    legend = [
        f'<rect class="dot {name}" x="{_LEFT}" y="{_HEIGHT + _LINE * i + 1}" width="14" height="3"/>'
        f'<text x="{_LEFT + 20}" y="{_HEIGHT + _LINE * i + 6}">{escape(text)}{": " if last else ""}{last}</text>'
        for i, (name, text, last) in enumerate(chart.legend)
    ]
    opened = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
    drawn = chart.svg.replace(f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" ', opened).removesuffix("</svg>")
    return drawn.replace("</title>", f"</title><style>{_STYLE}</style>", 1) + "".join(legend) + "</svg>\n"


def brief(value: float) -> str:
    """Formats a number in a few characters: 1.2M, 450k, 0.0312."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if unit == 'k' else size):.3g}{unit}"
    return f"{value:.3g}" if abs(value) < 1_000 else f"{value:.0f}"


def _svg(title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _axes(x: _Axis, y: _Axis, x_label: str) -> str:
    bottom = _HEIGHT - _BOTTOM
    parts = []
    for value in y.ticks:
        parts.append(f'<line class="rule" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y.at(value)}" y2="{y.at(value)}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y.at(value) + 4}" text-anchor="end">{brief(value)}</text>')
    for value in x.ticks:
        at = min(x.at(value), _WIDTH - 16)  # a label at the right edge stays inside
        parts.append(f'<text x="{at}" y="{bottom + 15}" text-anchor="middle">{brief(value)}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text class="label" x="{middle}" y="{_HEIGHT - 4}" text-anchor="middle">{escape(x_label)}</text>')
    return "".join(parts)


def _finite(series: Series) -> Series:
    kept = [(x, y) for x, y in zip(series.xs, series.ys, strict=True) if isfinite(y)]
    return Series(series.name, [x for x, _ in kept], [y for _, y in kept])


def _bands(series: Series, log_x: bool) -> list[tuple[float, float, float, float]]:
    """Returns (x, 10th percentile, median, 90th percentile) for each group of neighbouring points."""
    xs, ys = np.asarray(series.xs, float), np.asarray(series.ys, float)
    if len(xs) <= _BUCKETS:
        return [(x, y, y, y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True)]
    edges = np.geomspace(xs[0], xs[-1], _BUCKETS + 1) if log_x else np.linspace(xs[0], xs[-1], _BUCKETS + 1)
    place = np.clip(np.searchsorted(edges, xs, side="right") - 1, 0, _BUCKETS - 1)
    found = []
    for bucket in np.unique(place):
        low, middle, high = np.percentile(ys[place == bucket], (10, 50, 90)).tolist()
        found.append((float(xs[place == bucket].mean()), low, middle, high))
    return found


def _robust(values: Sequence[float]) -> list[float]:
    """Returns the range without the most extreme outliers, which would flatten the rest."""
    low, high = np.percentile(values, (0.5, 99.5)).tolist() if len(values) > _BUCKETS else (min(values), max(values))
    return [low, high] if high > low else [low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2]


def _ticks(low: float, high: float) -> list[float]:
    """Returns evenly spaced round numbers that enclose the range."""
    raw = ((high - low) or abs(high) or 1.0) / _TICKS
    size = 10.0 ** floor(log10(raw))
    step = next(size * nice for nice in (1, 2, 2.5, 5, 10) if size * nice >= raw * 0.999)
    return [round(index * step, 12) for index in range(floor(low / step), ceil(high / step) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    """Returns the powers of ten in the range, and its ends if there are fewer than two."""
    powers = [10.0**power for power in range(ceil(log10(low)), floor(log10(high)) + 1)]
    return powers if len(powers) > 1 else [low, *[value for value in powers if low < value < high], high]
