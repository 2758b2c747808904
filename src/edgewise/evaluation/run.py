"""One evaluation: predictions of several models on the same seeds, to a report."""

from __future__ import annotations

import importlib.metadata
import math
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from jaxtyping import Float64

from edgewise.clock import ALWAYS, NEVER, iso
from edgewise.errors import InternalError, LabelError
from edgewise.evaluation.bootstrap import Bootstrap
from edgewise.evaluation.catalogue import CATALOGUE, PRIMARY
from edgewise.evaluation.channels import ChannelRecall
from edgewise.evaluation.compare import Comparison, compare_draws
from edgewise.evaluation.context import Context, context_of
from edgewise.evaluation.drawn import draw
from edgewise.evaluation.measures import measure
from edgewise.evaluation.ranking import find_hits, part_of, ranking_statistics
from edgewise.evaluation.report import Report, SliceScore
from edgewise.evaluation.slices import Slice, item_slices, seed_slices
from edgewise.evaluation.statistics import Statistic
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import Estimated, Labels, Prediction, Ragged, Ranked, TaskSpec

__all__ = ["evaluate"]

_FEW_ENTITIES: Final = 30
_FEW_POSITIVES: Final = 30
_NAMED: Final = ("edgewise", "torch", "torch-geometric", "lightgbm", "numpy", "duckdb")


def evaluate(
    spec: TaskSpec,
    labels: Labels,
    predictions: Mapping[str, Prediction],
    *,
    model: str | None = None,
    graph: GraphStore | None = None,
    channels: Sequence[ChannelRecall] = (),
    item_vectors: Float64[np.ndarray, "catalogue d"] | None = None,
    facts: Mapping[str, dict[str, Any]] | None = None,
    data: Mapping[str, Any] | None = None,
    warnings: Sequence[str] = (),
    timing: Mapping[str, float] | None = None,
    resamples: int = 1000,
    random_seed: int = 0,
) -> Report:
    """Measure every prediction on the same labels: metrics with paired intervals, slices, calibration, pictures.

    `predictions` by model name, one answer for each label in its order; `model` is ours (the first by default),
    the others are baselines. With `graph` there are slices by the entity's columns and measures beyond accuracy;
    `channels` (see `channel_recall`; by default the list "channels" in our model's own facts), `facts`, `data`,
    `warnings` and `timing` (seconds) are carried along.

    Raises:
        LabelError: there are no labels.
        InternalError: a prediction does not fit the task, is of another length, or is not finite.
    """
    began = time.monotonic()
    ours = _check(spec, labels, predictions, model)
    told = (facts or {}).get(ours, {})
    context = context_of(spec, labels, graph, item_vectors)
    measured = {name: measure(spec, labels, p, context) for name, p in predictions.items()}
    bootstrap = Bootstrap.over(labels.seeds.rows, resamples=resamples, random_seed=random_seed)
    comparisons = _compare_all(measured, bootstrap, PRIMARY[spec.kind])
    slices = seed_slices(spec, labels, graph)
    if spec.kind.ranks:
        slices += item_slices(spec, labels, context.catalogue)
    pictures = draw(spec, labels, predictions, ours, context, graph, random_seed)
    report = Report(
        model=ours,
        models=tuple(predictions),
        primary=PRIMARY[spec.kind],
        task=_task(spec),
        data={**_data(labels, bootstrap, context), **(data or {})},
        metrics=tuple(replace(CATALOGUE[c.metric], label=CATALOGUE[c.metric].title(spec.k)) for c in comparisons),
        comparisons=comparisons,
        counted={c.metric: _first(measured, c.metric).counted for c in comparisons},
        slices=_score_slices(_Sliced(spec, labels, predictions, measured, bootstrap), slices),
        reliability=pictures.reliability,
        levels=pictures.levels,
        histograms=pictures.histograms,
        fans=pictures.fans,
        channels=tuple(channels) or _told_channels(told),
        facts={**(facts or {}), ours: {k: v for k, v in told.items() if k != "channels"}}
        if told
        else dict(facts or {}),
        warnings=(*warnings, *_warnings(spec, labels, bootstrap, context, comparisons)),
        versions=_versions(),
    )
    return replace(report, timing={**(timing or {}), "evaluate": time.monotonic() - began})


def _check(spec: TaskSpec, labels: Labels, predictions: Mapping[str, Prediction], model: str | None) -> str:
    if len(labels) == 0:
        raise LabelError("there are no labels to evaluate on", hint="choose an earlier anchor time")
    if not predictions:
        raise InternalError("there are no predictions to evaluate")
    for name, prediction in predictions.items():
        if isinstance(prediction, Ranked):
            rows, fine = prediction.items, True
        elif isinstance(prediction, Estimated):
            rows, fine = prediction.value, bool(np.isfinite(prediction.value).all())
        else:
            rows, fine = prediction.probability, bool(np.isfinite(prediction.probability).all())
        if len(rows) != len(labels):
            raise InternalError(f"'{name}' answered {len(rows)} of {len(labels)} seeds")
        if not fine:
            raise InternalError(f"'{name}' gave an answer that is not a finite number")
    ours = model if model is not None else next(iter(predictions))
    if ours not in predictions:
        raise InternalError(f"there is no prediction of '{ours}'")
    return ours


def _told_channels(told: Mapping[str, Any]) -> tuple[ChannelRecall, ...]:
    """What our model says about its candidate channels: rows of channel, recall, only and candidates."""
    return tuple(
        ChannelRecall(row["channel"], float(row["recall"]), float(row["only"]), float(row["candidates"]))
        for row in told.get("channels", ())
    )


def _first(measured: dict[str, dict[str, Statistic]], metric: str) -> Statistic:
    return next(m[metric] for m in measured.values() if metric in m)


def _compare_all(
    measured: dict[str, dict[str, Statistic]], bootstrap: Bootstrap, primary: str
) -> tuple[Comparison, ...]:
    """One comparison a metric, from one pass over the resamples; the metric that decides comes first."""
    keys = list(dict.fromkeys(key for m in measured.values() for key in m))
    keys.sort(key=lambda key: key != primary)
    flat = [(key, name, m[key]) for key in keys for name, m in measured.items() if key in m]
    draws = bootstrap.draws([s for _, _, s in flat])
    found = []
    for key in keys:
        own = [i for i, (k, _, _) in enumerate(flat) if k == key]
        found.append(
            compare_draws(
                [flat[i][1] for i in own],
                [flat[i][2].value() for i in own],
                draws[own],
                metric=key,
                better=CATALOGUE[key].better,
                recentre=CATALOGUE[key].recentre,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Sliced:
    """What scoring a slice needs."""

    spec: TaskSpec
    labels: Labels
    predictions: Mapping[str, Prediction]
    measured: dict[str, dict[str, Statistic]]
    bootstrap: Bootstrap

    def statistic(self, name: str, part: Slice) -> Statistic:
        """The primary metric of a model on a slice."""
        key = PRIMARY[self.spec.kind]
        if part.of == "seeds":
            return self.measured[name][key].where(part.mask)
        prediction, target = self.predictions[name], self.labels.target
        if not isinstance(prediction, Ranked) or not isinstance(target, Ragged):
            raise InternalError("only rankings have slices of items")
        hits = find_hits(prediction, part_of(target, part.mask), self.spec.k)
        return ranking_statistics(hits, self.labels.weight)[key]


def _score_slices(sliced: _Sliced, slices: Sequence[Slice]) -> tuple[SliceScore, ...]:
    """The primary metric of every model on every slice that has any seed; one pass of resamples a group."""
    found = []
    for group in dict.fromkeys(s.group for s in slices):
        parts = [s for s in slices if s.group == group and s.mask.any()]
        flat = [sliced.statistic(name, part) for part in parts for name in sliced.predictions]
        intervals = sliced.bootstrap.intervals(flat)
        for i, part in enumerate(parts):
            own = slice(i * len(sliced.predictions), (i + 1) * len(sliced.predictions))
            scores = dict(zip(sliced.predictions, intervals[own], strict=True))
            found.append(SliceScore(part.group, part.name, part.of, flat[own.start].counted, scores))
    return tuple(found)


def _task(spec: TaskSpec) -> dict[str, Any]:
    return {
        "kind": str(spec.kind),
        "description": spec.description,
        "entity": spec.entity,
        "item": spec.item,
        "k": spec.k if spec.kind.ranks else None,
        "timeframes": spec.timeframes,
    }


def _data(labels: Labels, bootstrap: Bootstrap, context: Context) -> dict[str, Any]:
    anchors = np.unique(labels.seeds.at)
    found: dict[str, Any] = {
        "seeds": len(labels),
        "entities": len(np.unique(labels.seeds.rows)),
        "anchors": [iso(int(a)) for a in anchors[-12:] if ALWAYS < a < NEVER],
        "resamples": bootstrap.resamples,
        "clusters": bootstrap.clusters,
    }
    if isinstance(labels.target, Ragged):
        found["label items"] = len(labels.target.values)
        found["seeds without a label item"] = int((labels.target.lengths == 0).sum())
        found["label items outside the vocabulary"] = int((labels.target.values == MISSING).sum())
        if context.repeat is not None:
            found["share of repeats among label items"] = (
                float(context.repeat.mean()) if len(context.repeat) else 0.0
            )
    elif labels.target.dtype.kind == "f":
        found["mean label"] = float(np.nanmean(labels.target)) if np.isfinite(labels.target).any() else None
    if context.past is not None:
        found["season, in frames"] = context.season
    return found


def _warnings(
    spec: TaskSpec, labels: Labels, bootstrap: Bootstrap, context: Context, comparisons: tuple[Comparison, ...]
) -> list[str]:
    found = []
    entities = len(np.unique(labels.seeds.rows))
    if entities < _FEW_ENTITIES:
        found.append(f"only {entities} entities: resampling them says little, so take the intervals as too narrow")
    target = labels.target
    if isinstance(target, Ragged):
        empty = int((target.lengths == 0).sum())
        if empty and spec.kind.ranks:
            found.append(
                f"{empty:,} of {len(labels):,} seeds have no label item; the ranking metrics leave them out"
            )
        unknown = int((target.values == MISSING).sum())
        if unknown:
            found.append(
                f"{unknown:,} of {len(target.values):,} label items are unknown: no model could find them"
            )
    elif spec.kind is TaskKind.BINARY:
        rare = int(min(target.sum(), len(target) - target.sum()))
        if rare < _FEW_POSITIVES:
            labels_of_it = "label" if rare == 1 else "labels"
            found.append(f"only {rare} {labels_of_it} of the rarer kind: differences between models mean little")
    if spec.kind is TaskKind.FORECASTING and context.past is None:
        found.append("the history does not reproduce the labels, so there is no MASE and no RMSSE")
    undefined = [
        CATALOGUE[c.metric].title(spec.k) for c in comparisons if not math.isfinite(c.rows[0].score.value)
    ]
    if undefined:
        found.append(f"not defined on these labels: {', '.join(undefined)}")
    return found


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _NAMED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
