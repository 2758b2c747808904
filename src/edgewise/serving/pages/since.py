"""What happened since training: which events came, and whether what models read, and their scores, have moved."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from edgewise.clock import DAY
from edgewise.evaluation.stability import MOVED, profile_of, stability
from edgewise.serving.live import Watched
from edgewise.serving.tenant import Tenant

__all__ = ["Inputs", "Scores", "Since", "inputs_now", "since_training"]

#: The latest events and exposures that are looked at.
_EVENTS: Final = 100_000
_SEGMENTS: Final = 20
_FEWEST: Final = 2_000
#: People whose candidates are read at once: between them, others are answered.
_AT_ONCE: Final = 10
#: Columns that are named, those that moved most.
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of the things of a kind, shown by the model that answers: the earlier half of them and the later.

    `index` is the population stability index.
    """

    kind: str
    shown: int
    earlier: float
    later: float
    index: float


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a ranking reads of the candidates of some people who are about, beside what it read when it was made.

    `most` are the columns that moved most, with their stability index; `moved` counts those that are said to have.
    Where nobody is about there are no columns.
    """

    kind: str
    people: int
    columns: int
    moved: int
    most: Sequence[tuple[str, float]]


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


async def inputs_now(tenant: Tenant) -> list[Inputs]:
    """Read what the model that answers would read now. It answers others in between."""
    live, found = tenant.models.now.current, []
    answers, at = live.answers, tenant.now()
    if not isinstance(answers, Watched):
        return []

    def read_of(kind: str, rows: np.ndarray) -> np.ndarray:
        return answers.read_of(kind, rows, max(at, tenant.latest))

    for kind in live.kinds:
        rows = await tenant.engine.run(partial(answers.people, kind, at))
        read = [
            await tenant.engine.run(partial(read_of, kind, rows[first : first + _AT_ONCE]))
            for first in range(0, len(rows), _AT_ONCE)
        ]
        index = await asyncio.to_thread(answers.moved, kind, np.concatenate(read)) if read else {}
        most = sorted(index.items(), key=lambda one: (-one[1], one[0]))
        moved = sum(value > MOVED for value in index.values())
        found.append(Inputs(kind, len(rows), len(index), moved, most[:_NAMED]))
    return found


def _scores(kind: str, scores: np.ndarray) -> Scores | None:
    if len(scores) < _FEWEST:
        return None
    half = len(scores) // 2
    earlier, later = scores[:half], scores[half:]
    (index,) = stability(profile_of(earlier[:, None]), later[:, None])
    return Scores(kind, len(scores), float(earlier.mean()), float(later.mean()), float(index))
