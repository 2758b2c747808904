"""Which pictures a report gets, by kind of task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int64

from edgewise.clock import ALWAYS, NEVER, iso
from edgewise.evaluation.measures import Context
from edgewise.evaluation.pictures import Fan, Histogram, Level, fans, histogram, levels
from edgewise.evaluation.ranking import average_precision, find_hits
from edgewise.evaluation.reliability import Reliability, reliability_table
from edgewise.graph.store import GraphStore
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import Classified, Estimated, Labels, Prediction, Ragged, Ranked, TaskSpec

__all__ = ["Pictures", "draw"]

_FANS = 4


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of one report, as numbers."""

    reliability: dict[str, Reliability] = field(default_factory=dict)
    levels: tuple[Level, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    fans: tuple[Fan, ...] = ()


def draw(
    spec: TaskSpec,
    labels: Labels,
    predictions: Mapping[str, Prediction],
    model: str,
    context: Context,
    graph: GraphStore | None,
    random_seed: int,
) -> Pictures:
    """The pictures that the task's kind allows."""
    own, target = predictions[model], labels.target
    if isinstance(own, Ranked) and isinstance(target, Ragged):
        return _of_ranking(spec, own, target)
    if isinstance(own, Classified) and isinstance(target, np.ndarray):
        return _of_classes(spec, target, predictions, model, random_seed)
    if isinstance(own, Estimated) and isinstance(target, np.ndarray):
        return _of_numbers(spec, labels, target, own, context, graph)
    return Pictures()


def _of_ranking(spec: TaskSpec, ranked: Ranked, target: Ragged) -> Pictures:
    hits = find_hits(ranked, target, spec.k)
    scores = average_precision(hits)[hits.asked]
    picture = histogram(
        f"How the average precision at {spec.k} spreads over seeds",
        "average precision of one seed",
        {"seeds": scores},
        edges=np.linspace(0.0, 1.0, 21),
    )
    return Pictures(histograms=(picture,))


def _of_classes(
    spec: TaskSpec, target: np.ndarray, predictions: Mapping[str, Prediction], model: str, random_seed: int
) -> Pictures:
    tables, own = {}, (target, target)
    for name, prediction in predictions.items():
        if not isinstance(prediction, Classified):
            continue
        p = prediction.probability
        if spec.kind is TaskKind.BINARY:
            right, chance = target.astype(np.float64), p[:, 1]
        else:
            right, chance = (p.argmax(axis=1) == target).astype(np.float64), p.max(axis=1)
        tables[name] = reliability_table(right, chance, random_seed=random_seed)
        if name == model:
            own = (right, chance)
    words = ("false", "true") if spec.kind is TaskKind.BINARY else ("wrong", "right")
    right, chance = own
    picture = histogram(
        f"Probabilities where the {'label is' if spec.kind is TaskKind.BINARY else 'likeliest class is'} "
        f"{words[1]} and {words[0]}",
        "probability" if spec.kind is TaskKind.BINARY else "probability of the likeliest class",
        {words[1]: chance[right > 0.5], words[0]: chance[right <= 0.5]},
        edges=np.linspace(0.0, 1.0, 21),
    )
    return Pictures(reliability=tables, histograms=(picture,))


def _of_numbers(
    spec: TaskSpec,
    labels: Labels,
    target: np.ndarray,
    own: Estimated,
    context: Context,
    graph: GraphStore | None,
) -> Pictures:
    picture = histogram("Errors", "prediction minus label", {"seeds": np.ravel(own.value - target)})
    found: tuple[Fan, ...] = ()
    if spec.kind is TaskKind.FORECASTING:
        size = np.nansum(np.abs(target.reshape(len(target), -1)), axis=1)
        order = np.argsort(-size, kind="stable")
        places = np.unique(np.linspace(0, (len(order) - 1) // 2, _FANS).astype(np.int64))
        index = order[places]
        past = None if context.past is None else context.past.values
        found = fans(_titles(spec, labels, graph, index), target, own, past, index=index)
    return Pictures(levels=levels(target, own.value), histograms=(picture,), fans=found)


def _titles(spec: TaskSpec, labels: Labels, graph: GraphStore | None, index: Int64[np.ndarray, "m"]) -> list[str]:
    """The key (the row id without a graph) and the anchor of some seeds."""
    rows = labels.seeds.rows[index]
    if graph is not None and graph.schema.table(spec.entity).key is not None:
        names = [str(k) for k in graph.vocabulary(spec.entity).keys(rows).to_pylist()]
    else:
        names = [f"row {r}" for r in rows]
    when = [f", {iso(int(a))}" if ALWAYS < a < NEVER else "" for a in labels.seeds.at[index]]
    return [f"{spec.entity} {n}{w}" for n, w in zip(names, when, strict=True)]
