"""What happened since training: which events came, and whether the scores of what is shown have moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from edgewise.clock import DAY
from edgewise.serving.tenant import Tenant

__all__ = ["Scores", "Since", "since_training", "stability"]

#: The latest events and exposures that are looked at.
_EVENTS: Final = 100_000
_SEGMENTS: Final = 20
_BINS: Final = 10
_FEWEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of the things of a kind, shown by the model that answers: the earlier half of them and the later.

    `index` is the population stability index; beyond 0.2, scores are commonly said to have moved.
    """

    kind: str
    shown: int
    earlier: float
    later: float
    index: float


@dataclass(frozen=True, slots=True)
class Since:
    """`days` since the latest row of training, the events since by table, the scores by kind."""

    days: float
    events: Mapping[str, int]
    scores: Sequence[Scores]


def since_training(tenant: Tenant) -> Since:
    """Count the latest events, and read the latest segments of the exposure log."""
    live = tenant.models.now.current
    tables = [
        pq.read_table(path, columns=["kind", "score", "model"])
        for path in tenant.exposures.segments()[-_SEGMENTS:]
    ]
    shown = pa.concat_tables(tables).unify_dictionaries() if tables else None
    scores = []
    if shown is not None:
        own = shown.filter(pc.equal(pc.cast(shown["model"], pa.string()), live.version))
        for kind in live.kinds:
            of_kind = own.filter(pc.equal(pc.cast(own["kind"], pa.string()), kind))
            found = _scores(kind, of_kind["score"].drop_null().to_numpy())
            scores += [found] if found is not None else []
    days = max(0.0, (tenant.now() - live.latest) / DAY)
    return Since(days, tenant.log.counts(_EVENTS), scores)


def stability(before: np.ndarray, after: np.ndarray) -> float:
    """The population stability index of two samples over the tenths of the first: 0 where nothing moved."""
    edges = np.unique(np.quantile(before, np.linspace(0, 1, _BINS + 1)[1:-1]))
    shares = [
        (np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) + 0.5)
        / (len(values) + 0.5 * len(edges) + 0.5)
        for values in (before, after)
    ]
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def _scores(kind: str, scores: np.ndarray) -> Scores | None:
    if len(scores) < _FEWEST:
        return None
    half = len(scores) // 2
    earlier, later = scores[:half], scores[half:]
    return Scores(kind, len(scores), float(earlier.mean()), float(later.mean()), stability(earlier, later))
