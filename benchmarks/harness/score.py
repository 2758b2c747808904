"""Every system's metrics, computed in one place by `edgewise.evaluation`, on the same seeds.

A ranking is judged over the full catalogue. Seeds for which a system gave nothing stay in and score zero (a
ranking) or stop the scoring (a number: every seed has to be answered). Items that nobody could know count as
relevant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from edgewise.evaluation.binary import binary_statistics
from edgewise.evaluation.bootstrap import Bootstrap, Interval, interval
from edgewise.evaluation.catalogue import CATALOGUE
from edgewise.evaluation.ranking import Hits, find_hits, part_of, ranking_statistics, recall
from edgewise.evaluation.regression import regression_statistics
from edgewise.evaluation.statistics import Macro, Moments, Ordered, Statistic, mean
from edgewise.ids import MISSING
from edgewise.tasks.nouns import Ragged, Ranked

__all__ = ["Part", "compared", "pooled", "statistics"]


@dataclass(frozen=True)
class Part:
    """The truth of one part of a case: entity, anchor_time, target (and slice); for rankings the visible history.

    `past` has a row for each pair (user, item) that was visible, or is None; `only` the items that count (a
    column `item`), or is None for all: what else a list holds is dropped, and the rest moves up.
    """

    kind: str
    truth: pa.Table
    past: pa.Table | None = None
    k: int = 12
    exclude_seen: bool = False
    only: pa.Table | None = None

    @cached_property
    def items(self) -> pa.Array:
        """Every item of the truth, the history and `only`, as text: an item's place is its code."""
        columns = [self.truth.column("target").combine_chunks().flatten()]
        columns += [t.column("item").combine_chunks() for t in (self.past, self.only) if t is not None]
        return pc.unique(pa.chunked_array([c.cast(pa.string()) for c in columns]))

    @cached_property
    def lists(self) -> Ragged:
        """The wanted items of each seed."""
        target = self.truth.column("target").combine_chunks()
        lengths = pc.list_value_length(target).fill_null(0).to_numpy().astype(np.int64)
        return Ragged(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), self.codes(target.flatten()))

    @cached_property
    def entities(self) -> np.ndarray:
        """A number for each seed's entity: that of its first row with one."""
        return _dense([self.truth.column("entity")])[0]

    @cached_property
    def seen(self) -> np.ndarray:
        """The pairs of entity and item that were visible, as `pairs` numbers them, ascending."""
        if self.past is None:
            return np.zeros(0, dtype=np.int64)
        keys = pc.unique(self.truth.column("entity").cast(pa.string()))
        user = pc.index_in(self.past.column("user").cast(pa.string()), keys).combine_chunks()
        known = pc.is_valid(user)
        rows = pc.filter(user, known).to_numpy(zero_copy_only=False).astype(np.int64)
        return np.sort(self.pairs(rows, self.codes(self.past.column("item").filter(known))))

    def pairs(self, entity: np.ndarray, item: np.ndarray) -> np.ndarray:
        """One number for each entity and item; -1 for an item that is nowhere, and for none."""
        known = (item >= 0) & (item < len(self.items))
        return np.where(known, entity * len(self.items) + item, -1)

    def codes(self, items: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """The codes of items; those that are nowhere get codes of their own beyond the others."""
        found = pc.index_in(items.cast(pa.string()), self.items)
        found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
        codes = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return np.where(codes >= 0, codes, len(self.items) + np.arange(len(codes)))


def statistics(part: Part, predictions: pa.Table) -> dict[str, Statistic]:
    """The metrics of one system on one part, by key."""
    if part.kind == "ranking":
        return _ranking(part, predictions)
    actual = part.truth.column("target").cast(pa.float64()).to_numpy()
    predicted = _aligned(part.truth, predictions)
    return (binary_statistics if part.kind == "binary" else regression_statistics)(actual, predicted)


def compared(
    entities: np.ndarray, found: Mapping[str, Mapping[str, Statistic]], metrics: Sequence[str], ours: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scores and paired differences to ours, both by metric and system, with 95% intervals over entities.

    A difference is positive where ours is better, whichever way the metric points.
    """
    bootstrap = Bootstrap.over(entities)
    scores: dict[str, Any] = {}
    differences: dict[str, Any] = {}
    for metric in metrics:
        systems = [s for s in found if metric in found[s]]
        drawn = bootstrap.draws([found[s][metric] for s in systems])
        values = {s: found[s][metric].value() for s in systems}
        draws = dict(zip(systems, drawn, strict=True))
        known = CATALOGUE[metric]
        scores[metric] = {s: _rounded(interval(values[s], draws[s], recentre=known.recentre)) for s in systems}
        sign = known.better or 1
        if ours in draws:
            differences[metric] = {
                s: _rounded(interval(sign * (values[ours] - values[s]), sign * (draws[ours] - draws[s])))
                for s in systems
                if s != ours
            }
    return scores, differences


def pooled(
    parts: Sequence[Part], predictions: Sequence[pa.Table], *, repeats: bool = False
) -> dict[str, Statistic]:
    """The metrics of one system over several parts: as more seeds, or the mean over repeats of the same seeds."""
    if parts[0].kind == "ranking" or repeats:
        several = [statistics(part, found) for part, found in zip(parts, predictions, strict=True)]
        joined = {
            key: _joined([s[key] for s in several], repeats) for key in several[0] if _joins(several[0][key])
        }
        return {key: statistic for key, statistic in joined.items() if statistic is not None}
    truth = pa.concat_tables([part.truth for part in parts])
    common = [
        name
        for name in ("entity", "anchor_time", "prediction", "probability")
        if name in predictions[0].schema.names
    ]
    return statistics(replace(parts[0], truth=truth), pa.concat_tables([p.select(common) for p in predictions]))


def _joins(statistic: Statistic) -> bool:
    return isinstance(statistic, (Moments, Ordered))


def _joined(several: Sequence[Statistic], repeats: bool) -> Statistic | None:
    """One statistic over the seeds of several; over the same seeds again, the mean, where it is one (bins: no)."""
    moments = [s for s in several if isinstance(s, Moments)]
    if not moments:
        return Macro(tuple(s for s in several if isinstance(s, Ordered)), several[0].counted)
    if repeats and len({np.shape(m.parts) for m in moments}) > 1:
        return None
    if repeats:
        return Moments(np.sum([m.parts for m in moments], axis=0), moments[0].formula, moments[0].counts)
    return Moments(
        np.concatenate([m.parts for m in moments]), moments[0].formula, np.concatenate([m.counts for m in moments])
    )


def _rounded(found: Interval) -> dict[str, float | None]:
    values = {"value": found.value, "low": found.low, "high": found.high}
    return {k: round(float(v), 6) if np.isfinite(v) else None for k, v in values.items()}


def _aligned(truth: pa.Table, predictions: pa.Table) -> np.ndarray:
    """The prediction of each seed, in the order of the truth."""
    codes = _codes([truth, predictions])
    order = np.argsort(codes[1], kind="stable")
    place = np.searchsorted(codes[1][order], codes[0])
    place = np.minimum(place, max(len(order) - 1, 0))
    if len(order) == 0 or not (codes[1][order][place] == codes[0]).all():
        raise ValueError("a seed has no prediction")
    column = predictions.column("probability" if "probability" in predictions.column_names else "prediction")
    return column.cast(pa.float64()).to_numpy()[order][place]


def _codes(tables: Sequence[pa.Table]) -> list[np.ndarray]:
    """One integer for each (entity, anchor_time), the same in all tables."""
    entity = _dense([t.column("entity") for t in tables])
    stamps = [t.column("anchor_time").cast(pa.timestamp("us")).cast(pa.int64()) for t in tables]
    at = _dense([s.fill_null(0) for s in stamps])
    width = max(int(a.max(initial=0)) for a in at) + 1
    return [e * width + a for e, a in zip(entity, at, strict=True)]


def _dense(columns: Sequence[pa.ChunkedArray]) -> list[np.ndarray]:
    """Values as integers from 0, the same value the same integer in all columns."""
    whole = pa.chunked_array([c.cast(pa.string()) for c in columns for c in c.chunks] or [], pa.string())
    codes = whole.combine_chunks().dictionary_encode()
    codes = codes.combine_chunks() if isinstance(codes, pa.ChunkedArray) else codes
    every = codes.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return np.split(every, np.cumsum([len(c) for c in columns])[:-1])


def _ranking(part: Part, predictions: pa.Table) -> dict[str, Statistic]:
    seeds, answered = _codes([part.truth, predictions])
    ranked = _lists(seeds, answered, part.codes(predictions.column("item")), predictions.column("rank").to_numpy())
    if part.only is not None:
        ranked = _moved_up(ranked, np.isin(ranked, part.codes(part.only.column("item"))))
    if part.exclude_seen and part.past is not None:
        ranked = _moved_up(ranked, ~_among(part.pairs(part.entities[:, None], ranked), part.seen))
    found = ranking_statistics(_hits(part, ranked, part.lists))
    if part.past is not None and not part.exclude_seen:
        lists = part.lists
        owner = np.repeat(part.entities, lists.lengths)
        before = _among(part.pairs(owner, lists.values), part.seen)
        for name, keep in (("repeat", before), ("explore", ~before)):
            own = _hits(part, ranked, part_of(lists, keep))
            found[f"{name}_recall"] = mean(recall(own), counts=own.asked)
            found[f"{name}_map"] = ranking_statistics(own)["map"]
    return found


def _hits(part: Part, ranked: np.ndarray, wanted: Ragged) -> Hits:
    return find_hits(Ranked(ranked, np.zeros(ranked.shape, np.float32)), wanted, part.k)


def _lists(seeds: np.ndarray, answered: np.ndarray, items: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """The ranked items of each seed as rows, MISSING where there are fewer; ranks count from 1."""
    order = np.argsort(seeds, kind="stable")
    if len(np.unique(seeds)) != len(seeds):
        raise ValueError("a seed is asked about twice")
    place = np.minimum(np.searchsorted(seeds[order], answered), len(seeds) - 1)
    known = seeds[order][place] == answered
    lists = np.full((len(seeds), int(rank.max(initial=1))), MISSING, dtype=np.int64)
    lists[order[place[known]], rank[known] - 1] = items[known]
    return lists


def _among(values: np.ndarray, ascending: np.ndarray) -> np.ndarray:
    """Which values are among others: `np.isin` for what is sorted already, which it would sort again each time."""
    place = np.minimum(np.searchsorted(ascending, values), max(len(ascending) - 1, 0))
    return ascending[place] == values if len(ascending) else np.zeros(values.shape, dtype=bool)


def _moved_up(lists: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """The kept places of each list, in their order."""
    kept = np.where(keep & (lists != MISSING), lists, MISSING)
    order = np.argsort(kept == MISSING, axis=1, kind="stable")
    return np.take_along_axis(kept, order, axis=1)
