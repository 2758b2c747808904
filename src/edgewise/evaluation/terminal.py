"""The report in a terminal: about one screen, the verdict first."""

from __future__ import annotations

import io
import math
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from edgewise.evaluation.bootstrap import Interval
from edgewise.evaluation.catalogue import Metric
from edgewise.evaluation.report import Report, number

__all__ = ["render", "show", "text"]

_COLOUR: Final = {"model": "green", "baseline": "yellow", "level": "cyan", "alone": "cyan"}
_MOST_METRICS: Final = 5
_MOST_TIMES: Final = 4
_TRACK: Final = 17
_TOO_FEW: Final = 20  # a slice of fewer seeds is not compared
_FEW: Final = 100  # a slice of fewer seeds says how many


def show(report: Report, console: Console | None = None) -> None:
    """Print the report."""
    console = console or Console()
    console.print(render(report, console.width))


def text(report: Report, width: int = 110) -> str:
    """The report as plain text without colours."""
    written = io.StringIO()
    console = Console(file=written, width=width, color_system=None, legacy_windows=False)
    console.print(render(report, width))
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"


def render(report: Report, width: int = 110) -> RenderableType:
    """The report as something rich can print, `width` characters wide."""
    parts: list[RenderableType] = [*_heading(report), _verdict(report), Text(), _scores(report, width - 4), Text()]
    parts += [
        p for p in (_described(report), _slices(report), _calibration(report), _channels(report)) if p is not None
    ]
    parts += [Text.assemble(("note: ", "yellow"), w) for w in report.warnings]
    parts += [Text(), _footer(report)]
    return Padding(Group(*parts), (1, 2))


def _heading(report: Report) -> list[Text]:
    data = report.data
    anchors = data.get("anchors") or []
    when = ", ".join(anchors[-3:]) + (f" and {len(anchors) - 3} earlier" if len(anchors) > 3 else "")
    facts = [
        str(report.task.get("kind")),
        f"{data.get('seeds', 0):,} seeds of {data.get('entities', 0):,} entities",
    ]
    facts += [f"anchor {when}"] if when else []
    facts.append(_resampled(report))
    title = report.task.get("description")
    lines = [Text(title, style="bold")] if title else []
    return [*lines, Text(" · ".join(facts), style="dim"), Text()]


def _resampled(report: Report) -> str:
    """How many resamples the intervals rest on; metrics that have fewer than the others are named."""
    drawn = {c.metric: c.resamples for c in report.comparisons if c.resamples}
    most = max(drawn.values(), default=0)
    fewer = [f"{report.metric(key).label}: {many:,}" for key, many in drawn.items() if many < most]
    return f"95% intervals over {most:,} resamples of entities" + (f" ({', '.join(fewer)})" if fewer else "")


def _verdict(report: Report) -> Text:
    verdict = report.verdict
    return Text(verdict.sentence, style=f"bold {_COLOUR[verdict.outcome]}")


def _scores(report: Report, width: int) -> Table:
    """Models by falling merit: the primary metric with its interval drawn, then as many others as fit."""
    lead = report.comparison(report.primary)
    title = report.metric(report.primary).label
    ranges = [_range(r.score) for r in lead.rows]
    left = width - max(len(n) for n in report.models) - 4 - max(len(title), 6) - 3 - max(map(len, ranges)) - 3
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1), header_style="dim")
    table.add_column("  model", no_wrap=True)
    table.add_column(Text(title), justify="right", no_wrap=True)
    table.add_column("95% interval", no_wrap=True)
    drawn = left >= _TRACK + 3
    if drawn:
        table.add_column("", no_wrap=True, min_width=_TRACK)
        left -= _TRACK + 3
    others = _fitting(report, left)
    for metric in others:
        table.add_column(Text(metric.label), justify="right", no_wrap=True)
    bounds = _bounds([r.score for r in lead.rows])
    for place, row in enumerate(lead.rows):
        mark = "★ " if place == 0 and len(lead.rows) > 1 else "  "
        cells = [mark + row.model, number(row.score.value), ranges[place]]
        cells += [_track(row.score, bounds)] if drawn else []
        cells += [_cell(report, m.key, row.model) for m in others]
        table.add_row(*map(Text, cells), style=_row_style(report, row.model, place))
    return table


def _fitting(report: Report, width: int) -> list[Metric]:
    """The metrics, in the report's order, whose columns fit into some characters."""
    found: list[Metric] = []
    for metric in report.metrics:
        if not metric.better or metric.key == report.primary:
            continue
        width -= max(len(metric.label), 7) + 3
        if width < 0 or len(found) == _MOST_METRICS:
            break
        found.append(metric)
    return found


def _cell(report: Report, metric: str, model: str) -> str:
    return number(report.score(metric, model).value) if _has(report, metric, model) else "–"


def _row_style(report: Report, model: str, place: int) -> str:
    if model == report.model:
        return "bold green" if place == 0 else "bold"
    return "yellow" if place == 0 and len(report.models) > 1 else ""


def _has(report: Report, metric: str, model: str) -> bool:
    return any(r.model == model for r in report.comparison(metric).rows)


def _range(score: Interval) -> str:
    return f"{number(score.low)} – {number(score.high)}" if math.isfinite(score.low) else "–"


def _bounds(scores: list[Interval]) -> tuple[float, float]:
    ends = [v for s in scores for v in (s.low, s.high, s.value) if math.isfinite(v)]
    return (min(ends), max(ends)) if ends else (0.0, 1.0)


def _track(score: Interval, bounds: tuple[float, float]) -> str:
    """The interval as a line of characters between the lowest and the highest end of all models."""
    if not math.isfinite(score.value):
        return ""
    low, high = bounds
    scale = (_TRACK - 1) / (high - low) if high > low else 0.0

    def place(value: float) -> int:
        return round((value - low) * scale)

    line = [" "] * _TRACK
    if math.isfinite(score.low):
        for i in range(place(score.low), place(score.high) + 1):
            line[i] = "─"
    line[place(score.value)] = "●"
    return "".join(line)


def _described(report: Report) -> Text | None:
    """The measures that are neither good nor bad, of our model."""
    facts = [m for m in report.metrics if not m.better and _has(report, m.key, report.model)]
    if not facts:
        return None
    line = Text()
    for i, metric in enumerate(facts):
        line.append(" · " if i else "")
        line.append(f"{metric.label} ", style="dim")
        line.append(number(report.score(metric.key).value))
    return line


def _slices(report: Report) -> Table | None:
    """One line a group: our score on each slice, and whether it is above or below the best baseline there."""
    if not report.slices:
        return None
    better = report.metric(report.primary).better
    table = Table(box=None, pad_edge=False, padding=(0, 1), show_header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    for group in dict.fromkeys(s.group for s in report.slices):
        parts = [s for s in report.slices if s.group == group]
        if len(parts) < 2:
            continue
        line = Text()
        for i, part in enumerate(parts):
            line.append("   " if i else "")
            line.append(f"{part.name} ", style="dim")
            line.append(number(part.scores[report.model].value))
            if part.counted >= _TOO_FEW:
                line.append_text(_against(part.scores, report.model, better))
            line.append(f" of {part.counted}" if part.counted < _FEW else "", style="dim")
        table.add_row(Text(group), line)
    return table if table.row_count else None


def _against(scores: dict[str, Interval], model: str, better: int) -> Text:
    rivals = [better * s.value for name, s in scores.items() if name != model and math.isfinite(s.value)]
    own = better * scores[model].value
    if not rivals or not math.isfinite(own):
        return Text("")
    gap = own - max(rivals)
    if abs(gap) <= scores[model].error:
        return Text("=", style="dim")
    return Text("▲", style="green") if gap > 0 else Text("▼", style="yellow")


def _calibration(report: Report) -> Text | None:
    found = report.reliability.get(report.model)
    if found is None:
        return None
    words = "no worse than chance shows" if found.within_chance else "more than chance shows"
    return Text(
        f"calibration error {number(found.error)}: {words} "
        f"(perfect calibration: {number(found.chance)}, up to {number(found.chance_high)})"
    )


def _channels(report: Report) -> Text | None:
    if not report.channels:
        return None
    line = Text("candidates reach ", style="dim")
    for i, channel in enumerate(report.channels):
        line.append(" · " if i else "")
        line.append(f"{channel.channel} ", style="dim")
        line.append(f"{channel.recall:.1%}", style="default")
    return line


def _footer(report: Report) -> Text:
    longest = sorted(report.timing.items(), key=lambda item: -item[1])[:_MOST_TIMES]
    words = " · ".join(f"{k} {number(v)} s" for k, v in longest)
    legend = "★ best   ●─ value and interval"
    if report.slices and len(report.models) > 1:
        legend += "   ▲ above, ▼ below, = level with the best baseline there (one standard error)"
    return Text(f"{legend}\n{words}", style="dim")
