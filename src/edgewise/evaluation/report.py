"""The report: everything that was measured, as plain values; rendered by `terminal`, `page` and `to_json`."""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from edgewise.errors import RunError
from edgewise.evaluation.bootstrap import Interval
from edgewise.evaluation.catalogue import Metric
from edgewise.evaluation.channels import ChannelRecall
from edgewise.evaluation.compare import Comparison
from edgewise.evaluation.pictures import Fan, Histogram, Level
from edgewise.evaluation.reliability import Reliability

__all__ = ["FORMAT", "Report", "SliceScore", "Verdict", "number"]

#: The version of the JSON. It grows when a field changes its meaning or goes; new fields alone do not change it.
FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class SliceScore:
    """The primary metric on one slice: `counted` seeds have a part in it; an interval for each model."""

    group: str
    name: str
    of: str
    counted: int
    scores: dict[str, Interval]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who wins on the primary metric, as data and as a sentence.

    `outcome`: "model" (ours leads by more than one standard error), "baseline" (one of them does), "level"
    (nobody does) or "alone" (nothing to compare with).
    """

    outcome: Literal["model", "baseline", "level", "alone"]
    best: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Report:
    """What one evaluation found.

    `model` is ours, `models` all in the order given, baselines included. `metrics` are those measured, titles
    filled in; `comparisons` has one entry for each of them, in the same order, with every model's interval and
    its distance to the best. `counted[metric]` is how many seeds have a part in it. `primary` is the metric that
    decides. `task` and `data` are plain facts (kind, description, seeds, entities, anchors, label statistics);
    `facts[model]` is what a model said about itself; `timing` is in seconds.
    """

    model: str
    models: tuple[str, ...]
    primary: str
    task: dict[str, Any]
    data: dict[str, Any]
    metrics: tuple[Metric, ...]
    comparisons: tuple[Comparison, ...]
    counted: dict[str, int]
    slices: tuple[SliceScore, ...] = ()
    reliability: dict[str, Reliability] = field(default_factory=dict)
    levels: tuple[Level, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    fans: tuple[Fan, ...] = ()
    channels: tuple[ChannelRecall, ...] = ()
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    timing: dict[str, float] = field(default_factory=dict)

    def comparison(self, metric: str) -> Comparison:
        """The models side by side on one metric."""
        return next(c for c in self.comparisons if c.metric == metric)

    def metric(self, key: str) -> Metric:
        """A metric of this report, its title filled in."""
        return next(m for m in self.metrics if m.key == key)

    def score(self, metric: str, model: str | None = None) -> Interval:
        """A model's score with its interval; ours when none is named."""
        return self.comparison(metric).row(model or self.model).score

    @property
    def verdict(self) -> Verdict:
        """Who wins on the primary metric, said plainly."""
        found, metric = self.comparison(self.primary), self.metric(self.primary)
        best = found.rows[0]
        if len(self.models) < 2:
            return Verdict(
                "alone",
                self.model,
                f"{metric.label} {number(best.score.value)}; no baseline ran beside it, so nobody wins.",
            )
        rival = found.rows[1] if best.model == self.model else found.row(self.model)
        against = (
            f"{metric.label} {number(best.score.value)} against {number(rival.score.value)} of {rival.model}, "
            f"{_apart(rival.behind)}"
        )
        if not math.isfinite(best.score.value):
            return Verdict("level", self.model, f"{metric.label} is not defined on these labels: nobody wins.")
        if not rival.beyond_one_error:
            return Verdict("level", best.model, f"No real difference: {best.model} has {against}.")
        if best.model == self.model:
            return Verdict("model", best.model, f"{best.model[:1].upper()}{best.model[1:]} wins: {against}.")
        return Verdict("baseline", best.model, f"A baseline wins: {best.model} has {against}.")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: the fields of this class by name, `format` (the version) and `verdict` beside them.

        Dataclasses become objects, tuples arrays, and NaN or infinity null. An interval is an object of `value`,
        `low`, `high` (95%) and `error` (standard error).
        """
        return {"format": FORMAT, "verdict": _plain(self.verdict), **_plain(self)}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Report:
        """The inverse of `to_json`.

        Raises:
            RunError: the report is of another format, or damaged.
        """
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise RunError(
                f"the report has format {found.get('format') if isinstance(found, dict) else None}, not {FORMAT}",
                hint="evaluate the run again with this version",
            )
        try:
            return typing.cast(
                Report, _build(cls, {k: v for k, v in found.items() if k not in ("format", "verdict")})
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"the report is damaged: {error}", hint="evaluate the run again") from None

    def dumps(self) -> str:
        """The JSON as text."""
        return json.dumps(self.to_json(), indent=1, ensure_ascii=False, allow_nan=False)


def number(value: float | None) -> str:
    """A number for people: four significant digits below 1,000, thousands separated above; a dash for none."""
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    places = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 10 else 3 if size >= 1 else 4
    return f"{value:,.{places}f}".replace("-", "\N{MINUS SIGN}")


def _apart(behind: Interval) -> str:
    lead = f"ahead by {number(behind.value)}"
    if not math.isfinite(behind.low):
        return lead
    lead += f" (95% {number(behind.low)} to {number(behind.high)})"
    if behind.clear:
        return lead + ", clear of zero"
    if behind.value > behind.error:
        return lead + ", more than one standard error but not clear of zero"
    return lead + ", less than one standard error"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value if isinstance(value, (int, str, bool, types.NoneType)) else _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    """NumPy's scalars and arrays as Python's own; anything else as its text."""
    return _plain(value.tolist()) if hasattr(value, "tolist") else str(value)


def _build(wanted: Any, value: Any) -> Any:
    """A value of the wanted type from plain JSON; null is NaN where a float is wanted."""
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if dataclasses.is_dataclass(wanted):
        hints = typing.get_type_hints(wanted)
        known = {f.name for f in dataclasses.fields(wanted)}
        made: Any = wanted
        return made(**{k: _build(hints[k], v) for k, v in value.items() if k in known})
    if origin is tuple:
        return tuple(_build(inner[0], v) for v in value)
    if origin is dict:
        return {k: _build(inner[1], v) for k, v in value.items()}
    if wanted is float:
        return float("nan") if value is None else float(value)
    return value
