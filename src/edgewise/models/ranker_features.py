"""The table that a scorer reads: for each candidate the pair's state, both sides', and the channels' word."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int64

from edgewise.models.candidates.asof import HALF_LIVES, AsOf
from edgewise.models.candidates.evidence import codes_over
from edgewise.models.candidates.merge import Pool
from edgewise.state.pair import PairReading, Timeline, reading_names

__all__ = ["FeatureTable", "feature_table", "told_without"]

_OWN = PairReading((7, 28, 91))
_ENTITY = PairReading((28,))
_ITEM = PairReading((1, 3, 7, 28, 91), rhythm=False)
_TASTE = PairReading((28,))
_CROWD = PairReading((7, 28), rhythm=False)
_SIGNAL = PairReading((7, 14, 28), rhythm=False)


#: Candidates that are read faster than told apart.
FEW = 2000


class FeatureTable(NamedTuple):
    """One row a candidate; NaN where there is nothing to say."""

    names: list[str]
    values: Float32[np.ndarray, "candidates features"]


def feature_table(
    asof: AsOf, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"], pool: Pool, channels: list[str]
) -> FeatureTable:
    """All features of a pool's candidates, as of their seeds' anchors.

    Scores of channels that only count are left out: the pair state holds the same counts.
    """
    seed = pool.seed_of
    entity, moment, item = rows[seed], at[seed], pool.items
    parts: list[tuple[list[str], np.ndarray]] = []

    own = asof.own.read(entity, item, moment, _OWN)
    own_names = reading_names("own", HALF_LIVES, _OWN)
    parts.append((own_names, own))
    mine = asof.entity.read(rows, np.zeros_like(rows), at, _ENTITY)[seed]
    mine_names = reading_names("entity", HALF_LIVES, _ENTITY)
    parts.append(_picked(mine_names, mine, ("in 28d", "decay 120d", "recency", "interval")))
    popularity = _shared(asof.item, np.zeros_like(item), item, moment, _ITEM)
    item_names = reading_names("item", _halves(asof.item), _ITEM)
    parts.append((item_names, popularity))
    again = _shared(asof.repeats, np.zeros_like(item), item, moment, PairReading(rhythm=False))
    parts.append(_ratios(own, own_names, mine, mine_names, popularity, item_names, again))
    parts.extend(_tastes(asof, entity, item, moment, own[:, own_names.index("own decay 120d")]))
    parts.extend(_crowds(asof, rows, at, seed, item, popularity[:, item_names.index("item in 28d")]))
    parts.append(_picked([f"score {c}" for c in channels], pool.scores, _scored(channels)))
    parts.append(([f"rank {c}" for c in channels], pool.ranks))
    return FeatureTable([n for names, _ in parts for n in names], np.concatenate([v for _, v in parts], axis=1))


def told_without(found: FeatureTable, without: tuple[str, ...]) -> FeatureTable:
    """The features that are left without the pair state, or without the graph state.

    The pair's own state are the columns of `own` counts, shares and places; the graph state is what is read of the
    entity, the item, its attributes and places. Without both, the other channels' scores and places are left.
    """

    def pair(name: str) -> bool:
        return name.startswith(("own ", "rank own"))

    def channel(name: str) -> bool:
        return name.startswith(("score ", "rank "))

    gone = [
        (pair(n) and "pair state" in without) or (not pair(n) and not channel(n) and "graph state" in without)
        for n in found.names
    ]
    kept = [i for i, out in enumerate(gone) if not out]
    return found if len(kept) == len(gone) else FeatureTable([found.names[i] for i in kept], found.values[:, kept])


def _shared(
    timeline: Timeline, left: np.ndarray, right: np.ndarray, at: np.ndarray, reading: PairReading
) -> np.ndarray:
    """A reading in which many candidates ask the same: each question is answered once, unless they are few."""
    if len(at) <= FEW:
        return timeline.read(left, right, at, reading)
    _, m = np.unique(at, return_inverse=True)
    key = (m * (int(left.max(initial=0)) + 2) + left + 1) * (int(right.max(initial=0)) + 2) + right + 1
    _, first, where = np.unique(key, return_index=True, return_inverse=True)
    return timeline.read(left[first], right[first], at[first], reading)[where.reshape(-1)]


def _ratios(
    own: np.ndarray, own_names: list[str], mine: np.ndarray, mine_names: list[str],
    popularity: np.ndarray, item_names: list[str], again: np.ndarray,
) -> tuple[list[str], np.ndarray]:  # fmt: skip
    """Shares and trends that trees would need many splits to find."""
    o, e, i = own_names.index, mine_names.index, item_names.index
    share = own[:, o("own decay 120d")] / np.maximum(mine[:, e("entity decay 120d")], 1e-6)
    lately = own[:, o("own decay 30d")] / np.maximum(mine[:, e("entity decay 30d")], 1e-6)
    trend = popularity[:, i("item in 7d")] * 4.0 / (popularity[:, i("item in 28d")] + 4.0)
    season = popularity[:, i("item in 28d")] / (popularity[:, i("item in 91d")] * (28 / 91) + 4.0)
    rate = again[:, 0] / (popularity[:, 0] + 5.0)
    pace = own[:, o("own recency")] / np.maximum(mine[:, e("entity interval")], 0.5)
    names = ["own share", "own share lately", "item trend", "item season", "item repeat rate", "own visits missed"]
    return names, np.stack([share, lately, trend, season, rate, pace], axis=1).astype(np.float32)


def _tastes(
    asof: AsOf, entity: np.ndarray, item: np.ndarray, moment: np.ndarray, own: np.ndarray
) -> list[tuple[list[str], np.ndarray]]:
    """The entity's history with each of the item's attribute values, and this item's share in it."""
    parts = []
    for name, codes in asof.evidence.attributes.items():
        timeline = asof.attribute(name)
        taste = _shared(timeline, entity, codes_over(codes, item), moment, _TASTE)
        names = reading_names(name, _halves(timeline), _TASTE)
        share = own / np.maximum(taste[:, names.index(f"{name} decay 120d")], 1e-6)
        parts.append(_picked(names, taste, ("in 28d", "decay 30d", "decay 120d", "recency", "interval", "due")))
        parts.append(([f"own share in {name}"], share[:, None]))
    return parts


def _crowds(
    asof: AsOf, rows: np.ndarray, at: np.ndarray, seed: np.ndarray, item: np.ndarray, everywhere: np.ndarray
) -> list[tuple[list[str], np.ndarray]]:
    """Popularity in places, and what other tables say of the item there."""
    parts = []
    places = {name: asof.place_of(name, rows, at)[seed] for name in asof.evidence.stocked}
    for name, place in places.items():
        timeline = asof.stocked(name)
        seen = _shared(timeline, place, item, at[seed], _CROWD)
        names = reading_names(f"place {name}", _halves(timeline), _CROWD)
        lift = seen[:, names.index(f"place {name} in 28d")] / (everywhere + 4.0)
        parts.append(([*names, f"place {name} share"], np.column_stack([seen, lift]).astype(np.float32)))
    for name in asof.evidence.signals:
        timeline = asof.signal(name)
        where = places.get(asof.evidence.signal_place.get(name, ""), np.zeros_like(item))
        seen = _shared(timeline, where, item, at[seed], _SIGNAL)
        parts.append((reading_names(f"signal {name}", (), _SIGNAL)[1:], seen[:, 1:]))
    return parts


def _halves(timeline: Timeline) -> tuple[float, ...]:
    return tuple(timeline.half_lives.tolist())


def _scored(channels: list[str]) -> tuple[str, ...]:
    return tuple(c for c in channels if not c.startswith(("own", "popular")))


def _picked(names: list[str], values: np.ndarray, endings: tuple[str, ...]) -> tuple[list[str], np.ndarray]:
    """The columns whose names end in one of `endings`."""
    kept, chosen = _ending(tuple(names), endings)
    return list(chosen), values[:, kept]


@lru_cache(256)
def _ending(names: tuple[str, ...], endings: tuple[str, ...]) -> tuple[list[int], tuple[str, ...]]:
    """Which names end in one of `endings`."""
    kept = [i for i, name in enumerate(names) if endings and name.endswith(endings)]
    return kept, tuple(names[i] for i in kept)
