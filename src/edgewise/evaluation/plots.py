"""The report's plots as inline SVG."""

from __future__ import annotations

import math
import textwrap

from markupsafe import Markup

from edgewise.evaluation.bootstrap import Interval
from edgewise.evaluation.pictures import Fan, Histogram, Level
from edgewise.evaluation.report import Report, SliceScore, number
from edgewise.evaluation.svg import Canvas, Scale, shortened, ticks

__all__ = ["behind", "channels", "fan", "histogram", "levels", "reliability", "scores", "slices"]

_WIDTH = 480
_LETTER = 7.4  # room for one letter of a name
_LONGEST = 22  # letters of a name on one line; two lines are drawn, the rest is cut
_VALUES = 62  # room for numbers on the right
_ROW = 30
_SQUARE = 320
_EDGE = 90  # left of a square plot
_FEW = 20  # slices of fewer seeds are in the table only


def scores(report: Report) -> Markup:
    """Each model's primary metric with its 95% interval."""
    lead, title = report.comparison(report.primary), report.metric(report.primary).label
    rows = [(r.model, r.score, _role(report, r.model)) for r in lead.rows]
    return _rows(f"{title} by model", f"Best: {lead.winner}, {number(lead.rows[0].score.value)}", rows, zero=False)


def behind(report: Report) -> Markup:
    """How far each model is behind the best, with the paired 95% interval; zero means level with it."""
    lead, title = report.comparison(report.primary), report.metric(report.primary).label
    rows = [(r.model, r.behind, _role(report, r.model)) for r in lead.rows[1:]]
    return _rows(
        f"{title}: distance to {lead.winner}", "An interval that touches zero is undecided", rows, zero=True
    )


def slices(report: Report) -> Markup:
    """Our model (with interval) and the best baseline on each slice."""
    rival = best_baseline(report)
    groups = _grouped(report)
    left = _left([s.name for parts in groups.values() for s in parts])
    height = 36 + sum(26 + 24 * len(parts) for parts in groups.values())
    canvas = Canvas(
        _WIDTH,
        height,
        f"{report.metric(report.primary).label} by slice",
        "Filled: our model; hollow: best baseline",
    )
    shown = [
        i for parts in groups.values() for s in parts for n, i in s.scores.items() if n in (report.model, rival)
    ]
    scale = Scale(_span(shown), (left, _WIDTH - _VALUES))
    _axis(canvas, scale, 20, height - 22)
    y = 8.0
    for group, parts in groups.items():
        y += 20
        canvas.text(0, y, shortened(group, 60), "group")
        y += 6
        for part in parts:
            y += 24
            _slice_row(canvas, scale, y - 8, part, report.model, rival)
    return canvas.render()


def reliability(report: Report) -> Markup:
    """Observed share against predicted probability, with intervals; the diagonal is perfect."""
    own = report.reliability[report.model]
    canvas = Canvas(_WIDTH, _SQUARE + 60, "Reliability", f"Calibration error {number(own.error)}")
    top = min(max([*own.predicted, *own.high, 0.05]) * 1.05, 1.0)
    across, up = _square(canvas, (0.0, top), "predicted probability", "observed share")
    canvas.line(across(0), up(0), across(top), up(top), "ideal")
    rival = best_baseline(report)
    if rival in report.reliability:
        other = report.reliability[rival]
        canvas.path(
            [(across(p), up(o)) for p, o in zip(other.predicted, other.observed, strict=True)], "rival line"
        )
    canvas.path([(across(p), up(o)) for p, o in zip(own.predicted, own.observed, strict=True)], "own line")
    for i, p in enumerate(own.predicted):
        canvas.line(across(p), up(own.low[i]), across(p), up(own.high[i]), "own whisker")
        hint = f"{own.count[i]:,} seeds: predicted {number(p)}, observed {number(own.observed[i])}"
        canvas.dot(across(p), up(own.observed[i]), 4, "own", hint)
    return canvas.render()


def levels(found: tuple[Level, ...]) -> Markup:
    """Mean label against mean prediction in groups of equal size, with the middle 80% of the labels."""
    canvas = Canvas(
        _WIDTH, _SQUARE + 60, "Predicted beside actual", "Groups of equal size, low to high predictions"
    )
    ends = [v for g in found for v in (g.predicted, g.low, g.high, g.actual)]
    across, up = _square(canvas, (min(ends), max(ends)), "mean prediction", "labels: mean and middle 80%")
    canvas.line(across(across.low), up(across.low), across(across.high), up(across.high), "ideal")
    for group in found:
        x = across(group.predicted)
        canvas.line(x, up(group.low), x, up(group.high), "own whisker")
        hint = f"{group.count:,} seeds: predicted {number(group.predicted)}, actual {number(group.actual)}"
        canvas.dot(x, up(group.actual), 4, "own", hint)
    return canvas.render()


def histogram(found: Histogram) -> Markup:
    """Shares of each series in equal bins, as overlaid areas."""
    height = 220
    canvas = Canvas(_WIDTH, height, found.title, f"Shares along {found.axis}")
    across = Scale((found.edges[0], found.edges[-1]), (40, _WIDTH - 12))
    shares = {name: [c / max(sum(counts), 1) for c in counts] for name, counts in found.series.items()}
    up = Scale((0.0, max((max(s) for s in shares.values()), default=1.0) or 1.0), (height - 44, 26))
    for value in ticks(0, up.high, 3):
        canvas.line(across(across.low), up(value), across(across.high), up(value), "grid")
        canvas.text(34, up(value) + 4, f"{value:.0%}", "tick", "end")
    for place, (name, own) in enumerate(shares.items()):
        style = ("own", "rival")[place % 2]
        outline = [(across(found.edges[0]), up(0))]
        for i, share in enumerate(own):
            outline += [(across(found.edges[i]), up(share)), (across(found.edges[i + 1]), up(share))]
        canvas.path([*outline, (across(found.edges[-1]), up(0))], f"{style} area", closed=True)
        if len(shares) > 1:
            canvas.rect(46 + 90 * place, 6, 10, 10, f"{style} area")
            canvas.text(61 + 90 * place, 15, name, "tick")
    for value in ticks(across.low, across.high, 5):
        canvas.text(across(value), height - 27, number_short(value), "tick", "middle")
    canvas.text((40 + _WIDTH - 12) / 2, height - 8, found.axis, "axis", "middle")
    return canvas.render()


def channels(report: Report) -> Markup:
    """The share of what came true that each candidate channel reached; the dark part no other channel reached."""
    height = 30 + _ROW * len(report.channels)
    canvas = Canvas(_WIDTH, height, "Recall by candidate channel", "Dark: reached by this channel alone")
    left = _left([c.channel for c in report.channels])
    scale = Scale((0.0, max(c.recall for c in report.channels) or 1.0), (left, _WIDTH - _VALUES))
    for i, channel in enumerate(report.channels):
        y = 6 + _ROW * i
        _name(canvas, left - 10, y + 16, channel.channel, "label")
        hint = f"{channel.channel}: {channel.recall:.1%}, {channel.candidates:.0f} candidates a seed"
        canvas.rect(left, y + 4, scale(channel.recall) - left, 16, "own area", hint)
        if math.isfinite(channel.only):
            canvas.rect(left, y + 4, scale(channel.only) - left, 16, "own", f"{channel.only:.1%} alone")
        canvas.text(_WIDTH - _VALUES + 8, y + 16, f"{channel.recall:.1%}", "value")
    return canvas.render()


def fan(found: Fan) -> Markup:
    """One seed's past, forecast with interval, and what came true."""
    height = 220
    canvas = Canvas(
        _WIDTH, height, f"Forecast for {found.title}", "Past, forecast with interval, and actual values"
    )
    every = [*found.past, *found.actual, *found.predicted, *found.low, *found.high]
    fine = [v for v in every if math.isfinite(v)]
    start, steps = len(found.past), len(found.predicted)
    across = Scale((0, max(start + steps - 1, 1)), (50, _WIDTH - 12))
    up = Scale((min(0.0, *fine), max(fine)), (height - 26, 12))
    for value in ticks(up.low, up.high, 4):
        canvas.line(50, up(value), _WIDTH - 12, up(value), "grid")
        canvas.text(44, up(value) + 4, number_short(value), "tick", "end")
    edge = across(start - 0.5)
    canvas.line(edge, 12, edge, height - 26, "ideal")
    canvas.text(edge, height - 8, "anchor", "axis", "middle")
    ahead = [across(start + t) for t in range(steps)]
    if found.low:
        band = [(x, up(v)) for x, v in zip(ahead, found.high, strict=True)]
        band += [(x, up(v)) for x, v in zip(ahead[::-1], found.low[::-1], strict=True)]
        canvas.path(band, "own area", closed=True)
    known = [(x, up(v)) for x, v in zip(ahead, found.actual, strict=True) if math.isfinite(v)]
    canvas.path([(across(i), up(v)) for i, v in enumerate(found.past)] + known, "truth line")
    canvas.path([(x, up(v)) for x, v in zip(ahead, found.predicted, strict=True)], "own line")
    for x, v in zip(ahead, found.predicted, strict=True):
        canvas.dot(x, up(v), 3, "own", number(v))
    return canvas.render()


def best_baseline(report: Report) -> str:
    """The baseline with the best primary metric; empty without one."""
    return next((r.model for r in report.comparison(report.primary).rows if r.model != report.model), "")


def number_short(value: float) -> str:
    """A number for an axis."""
    if abs(value) >= 10_000:
        return f"{value / 1000:,.0f}k"
    return f"{value:,.6g}" if abs(value) >= 1 or value == 0 else f"{value:.3g}"


def _rows(title: str, description: str, rows: list[tuple[str, Interval, str]], *, zero: bool) -> Markup:
    """Names on the left, an interval each, numbers on the right."""
    canvas = Canvas(_WIDTH, 34 + _ROW * len(rows), title, description)
    left = _left([name for name, _, _ in rows])
    low, high = _span([i for _, i, _ in rows])
    scale = Scale((min(low, 0.0), max(high, 0.0)) if zero else (low, high), (left, _WIDTH - _VALUES))
    bottom = 8 + _ROW * len(rows)
    _axis(canvas, scale, 4, bottom)
    if zero:
        canvas.line(scale(0), 4, scale(0), bottom, "ideal")
    for i, (name, own, role) in enumerate(rows):
        y = 8 + _ROW * i + _ROW / 2
        _name(canvas, left - 10, y + 4, name, f"label {role}-name")
        _mark(canvas, scale, y, own, role, name)
        canvas.text(_WIDTH - _VALUES + 8, y + 4, number(own.value), "value")
    return canvas.render()


def _name(canvas: Canvas, x: float, y: float, name: str, style: str) -> None:
    """A name that ends at x, on one line or two."""
    lines = textwrap.wrap(name, _LONGEST) or [""]
    if len(lines) == 1:
        canvas.text(x, y, lines[0], style, "end")
        return
    canvas.text(x, y - 7, lines[0], style, "end")
    canvas.text(x, y + 7, shortened(" ".join(lines[1:]), _LONGEST), style, "end")


def _mark(canvas: Canvas, scale: Scale, y: float, own: Interval, role: str, name: str) -> None:
    if not math.isfinite(own.value):
        return
    hint = f"{name}: {number(own.value)}"
    if math.isfinite(own.low):
        canvas.line(scale(own.low), y, scale(own.high), y, f"{role} whisker")
        hint += f" ({number(own.low)} to {number(own.high)})"
    canvas.dot(scale(own.value), y, 5, role, hint)


def _slice_row(canvas: Canvas, scale: Scale, y: float, part: SliceScore, model: str, rival: str) -> None:
    canvas.text(scale.places[0] - 10, y + 4, shortened(part.name, _LONGEST), "label", "end")
    if rival in part.scores and math.isfinite(part.scores[rival].value):
        canvas.dot(
            scale(part.scores[rival].value), y, 4.5, "rival hollow", f"{rival}: {number(part.scores[rival].value)}"
        )
    _mark(canvas, scale, y, part.scores[model], "own", f"{model}, {part.counted:,} seeds")
    canvas.text(_WIDTH - _VALUES + 8, y + 4, number(part.scores[model].value), "value")


def _grouped(report: Report) -> dict[str, list[SliceScore]]:
    """The slices that are large enough to draw, by group."""
    large = [s for s in report.slices if s.counted >= _FEW]
    return {g: [s for s in large if s.group == g] for g in dict.fromkeys(s.group for s in large)}


def _role(report: Report, model: str) -> str:
    if model == report.model:
        return "own"
    return "rival" if model == best_baseline(report) else "other"


def _left(names: list[str]) -> float:
    """How much room names need on the left."""
    return 24 + _LETTER * min(max(map(len, names), default=0), _LONGEST)


def _span(intervals: list[Interval]) -> tuple[float, float]:
    ends = [v for i in intervals for v in (i.low, i.high, i.value) if math.isfinite(v)]
    if not ends:
        return 0.0, 1.0
    low, high = min(ends), max(ends)
    room = (high - low) * 0.06 or abs(high) * 0.05 or 0.5
    return low - room, high + room


def _axis(canvas: Canvas, scale: Scale, top: float, bottom: float) -> None:
    for value in ticks(scale.low, scale.high, 4):
        canvas.line(scale(value), top, scale(value), bottom, "grid")
        canvas.text(scale(value), bottom + 16, number_short(value), "tick", "middle")


def _square(canvas: Canvas, span: tuple[float, float], below: str, left: str) -> tuple[Scale, Scale]:
    """A square plot with the same span on both axes."""
    across = Scale(span, (_EDGE, _EDGE + _SQUARE))
    up = Scale(span, (20 + _SQUARE, 20))
    for value in ticks(*span, 4):
        canvas.line(across(value), up(up.low), across(value), up(up.high), "grid")
        canvas.line(across(across.low), up(value), across(across.high), up(value), "grid")
        canvas.text(across(value), 36 + _SQUARE, number_short(value), "tick", "middle")
        canvas.text(_EDGE - 8, up(value) + 4, number_short(value), "tick", "end")
    canvas.text(_EDGE + _SQUARE / 2, 54 + _SQUARE, below, "axis", "middle")
    canvas.text(_EDGE - 40, 12, left, "axis")
    return across, up
