"""Which pictures a report gets, by kind of task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.clock import ALWAYS, NEVER, iso
from edgewise.evaluation.classes import membership
from edgewise.evaluation.context import Context
from edgewise.evaluation.pictures import Fan, Histogram, Level, fans, histogram, levels
from edgewise.evaluation.ranking import average_precision, find_hits
from edgewise.evaluation.reliability import Reliability, reliability_table
from edgewise.graph.store import GraphStore
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import Classified, Estimated, Labels, Prediction, Ragged, Ranked, TaskSpec

__all__ = ["Pictures", "draw"]

_FANS: Final = 4
_DECISION: Final = {
    TaskKind.BINARY: ("label", "true", "false"),
    TaskKind.MULTICLASS: ("likeliest class", "right", "wrong"),
    TaskKind.MULTILABEL: ("class", "present", "absent"),
}


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
    if isinstance(own, Classified):
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
    spec: TaskSpec,
    target: np.ndarray | Ragged,
    predictions: Mapping[str, Prediction],
    model: str,
    random_seed: int,
) -> Pictures:
    classified = {n: p.probability for n, p in predictions.items() if isinstance(p, Classified)}
    tables = {}
    for name, probability in classified.items():
        right, chance = _decisions(spec.kind, target, probability)
        tables[name] = reliability_table(right, chance, random_seed=random_seed)
    right, chance = _decisions(spec.kind, target, classified[model])
    what, yes, no = _DECISION[spec.kind]
    picture = histogram(
        f"Probabilities where the {what} is {yes} and {no}",
        "probability" if spec.kind is not TaskKind.MULTICLASS else "probability of the likeliest class",
        {yes: chance[right > 0.5], no: chance[right <= 0.5]},
        edges=np.linspace(0.0, 1.0, 21),
    )
    return Pictures(reliability=tables, histograms=(picture,))


def _decisions(
    kind: TaskKind, target: np.ndarray | Ragged, probability: Float64[np.ndarray, "n c"]
) -> tuple[Float64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
    """Yes or no with its probability: of the label, of the likeliest class, or of each class of each seed."""
    if isinstance(target, Ragged):
        return membership(target, probability.shape[1]).ravel().astype(np.float64), probability.ravel()
    if kind is TaskKind.BINARY:
        return target.astype(np.float64), probability[:, 1]
    return (probability.argmax(axis=1) == target).astype(np.float64), probability.max(axis=1)


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


def _titles(spec: TaskSpec, labels: Labels, graph: GraphStore | None, index: Int64[np.ndarray, " m"]) -> list[str]:
    """The key (the row id without a graph) and the anchor of some seeds."""
    rows = labels.seeds.rows[index]
    if graph is not None and graph.schema.table(spec.entity).key is not None:
        names = [str(k) for k in graph.vocabulary(spec.entity).keys(rows).to_pylist()]
    else:
        names = [f"row {r}" for r in rows]
    when = [f", {iso(int(a))}" if ALWAYS < a < NEVER else "" for a in labels.seeds.at[index]]
    return [f"{spec.entity} {n}{w}" for n, w in zip(names, when, strict=True)]
