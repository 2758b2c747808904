"""The report as one self-contained HTML page: no script, no network, light and dark, phone to print."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from edgewise.evaluation import plots
from edgewise.evaluation.report import Report, number
from edgewise.evaluation.svg import shortened

__all__ = ["page"]

_LONGEST: Final = 12


def page(report: Report) -> str:
    """The whole page as text, ready to be written to a file."""
    environment = Environment(
        loader=PackageLoader("edgewise.evaluation", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["words"] = _words
    environment.filters["flat"] = _flat
    return environment.get_template("report.html.j2").render(
        report=report,
        verdict=report.verdict,
        lead=report.comparison(report.primary),
        judged=[m for m in report.metrics if m.better],
        described=[m for m in report.metrics if not m.better],
        ranked=[r.model for r in report.comparison(report.primary).rows],
        rows=_rows(report),
        rival=plots.best_baseline(report),
        plots=plots,
        finite=math.isfinite,
    )


def _rows(report: Report) -> dict[str, dict[str, Any]]:
    """For each metric, each model's row of the comparison."""
    return {c.metric: {r.model: r for r in c.rows} for c in report.comparisons}


def _flat(found: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested facts as one level, their names joined."""
    flat: dict[str, Any] = {}
    for name, value in found.items():
        nested = isinstance(value, dict) and any(isinstance(v, (dict, list, tuple)) for v in value.values())
        flat |= _flat(value, f"{prefix}{name}: ") if nested else {f"{prefix}{name}": value}
    return flat


def _words(value: Any) -> str:
    """A fact as text: numbers for people, lists with commas, anything else as JSON; long ones are cut."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, (list, tuple)) and all(isinstance(v, (str, int, float)) for v in value):
        more = f" and {len(value) - _LONGEST:,} more" if len(value) > _LONGEST else ""
        return ", ".join(_words(v) for v in value[:_LONGEST]) + more
    if isinstance(value, dict):
        more = f" and {len(value) - _LONGEST:,} more" if len(value) > _LONGEST else ""
        return ", ".join(f"{k} {_words(v)}" for k, v in list(value.items())[:_LONGEST]) + more
    return value if isinstance(value, str) else shortened(json.dumps(value, ensure_ascii=False, default=str), 400)
