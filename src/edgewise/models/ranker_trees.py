"""Boosted trees on a ranking table, grown on LambdaRank over each seed's pool and on log loss.

Log loss sees how sure a candidate is across seeds; LambdaRank (Burges, 2010; Ke et al., 2017) sees only the order
within one. Their errors differ, so that their sum mostly ranks better than either; validation says where one alone
does.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import lightgbm as lgb
import numpy as np
from jaxtyping import Float32

from edgewise.machine import give_back_memory
from edgewise.models.contract import Budget, Progress
from edgewise.models.forest import summed
from edgewise.models.ranking_lists import mean_average_precision, ranked
from edgewise.models.ranking_tables import RankingTable
from edgewise.tasks.nouns import Ragged

__all__ = ["Grown", "TreeSettings", "binned", "choose_trees", "fit_trees", "grow", "score_trees", "useful_columns"]

#: Bins of a feature, and rows of a leaf at least where there are many.
MOST_BINS: Final = 127
SMALLEST_LEAF: Final = 60
#: Numbers of trees among which validation chooses, by whether they are grown on log loss.
ROUNDS: Final = {False: (30, 60, 100), True: (60, 120, 180)}
#: Shares of LambdaRank in a sum with log loss, each scaled to a standard deviation of 1.
SHARES: Final = (0.3, 0.5, 0.7)
#: Growing trees on another loss and both again in a refit takes so many times what the first ones took.
AGAIN: Final = 4.0
#: A loss alone has to be so much better than a sum, which varies less between fits.
ALONE: Final = 1.005


@dataclass(frozen=True, slots=True)
class TreeSettings:
    """How trees are grown. One set for all data."""

    rounds: int = 150
    pointwise: bool = False  # log loss rather than LambdaRank
    learning_rate: float = 0.08
    leaves: int = 31
    columns: float = 0.5  # share of the features a tree sees
    rows_a_thread: int = 50_000  # below this, one thread is faster than several

    @property
    def loss(self) -> str:
        """The loss in words."""
        return "log loss" if self.pointwise else "LambdaRank"


@dataclass(frozen=True, slots=True)
class Grown:
    """How the trees of a ranker were grown: with one loss, or with two whose weighted scores are summed."""

    parts: tuple[tuple[TreeSettings, float], ...] = ((TreeSettings(), 1.0),)

    @property
    def rounds(self) -> int:
        """The number of trees."""
        return sum(settings.rounds for settings, _ in self.parts)

    @property
    def losses(self) -> list[str]:
        """The losses in words."""
        return [settings.loss for settings, _ in self.parts]

    def to_json(self) -> list[Any]:
        """Plain JSON values."""
        return [[asdict(settings), weight] for settings, weight in self.parts]

    @classmethod
    def from_json(cls, content: list[Any]) -> Grown:
        """The inverse of `to_json`."""
        return cls(tuple((TreeSettings(**settings), float(weight)) for settings, weight in content))


def binned(table: RankingTable, columns: list[int]) -> lgb.Dataset:
    """A table as LightGBM's histograms, which trees on any loss are grown from: made once, they serve all."""
    group = np.diff(table.pool.indptr)
    data = lgb.Dataset(
        _chosen(table, columns),
        table.came.astype(np.float32),
        weight=np.where(table.came, 1.0, 1.0 / table.share).astype(np.float32),
        group=group[group > 0],  # log loss does not look at it
        free_raw_data=True,
        params={"max_bin": MOST_BINS, "verbosity": -1, "min_data_in_leaf": _smallest_leaf(len(table.came))},
    )
    return data.construct()


def fit_trees(data: lgb.Dataset, k: int, settings: TreeSettings, random_seed: int) -> lgb.Booster:
    """Grow the trees. Seeds without a reachable positive stay in: they cost nothing and move nothing here."""
    rows = data.num_data()
    parameters = {
        "objective": "binary" if settings.pointwise else "lambdarank",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": _smallest_leaf(rows),
        "lambda_l2": 10.0,
        "feature_fraction": settings.columns,
        "lambdarank_truncation_level": k + 8,
        "label_gain": [0, 1],
        "max_bin": MOST_BINS,
        "seed": random_seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": _threads(rows, settings.rows_a_thread),
        "verbosity": -1,
    }
    return lgb.train(parameters, data, settings.rounds)


def grow(table: RankingTable, k: int, grown: Grown, columns: list[int], random_seed: int) -> lgb.Booster:
    """Grow the trees again as they were chosen: one model, of both losses where there are two."""
    data = binned(table, columns)
    return _sum([(fit_trees(data, k, s, random_seed), s.rounds, weight) for s, weight in grown.parts])


def choose_trees(
    table: RankingTable, judged: RankingTable, target: Ragged, k: int, columns: list[int], random_seed: int,
    *, both: bool, budget: Budget, progress: Progress,
) -> tuple[lgb.Booster, Grown, dict[str, float]]:  # fmt: skip
    """The trees with the highest MAP@k on `judged`, how they were grown, and what was tried.

    Without `both`, LambdaRank alone is tried; so it is where growing the others, now and in a refit, would take
    more than is left of the budget.
    """
    tried: dict[str, float] = {}

    def worth(name: str, scores: np.ndarray) -> float:
        tried[name] = mean_average_precision(ranked(judged.pool, scores, k), target, k)
        return tried[name]

    best: list[tuple[float, lgb.Booster, TreeSettings, np.ndarray]] = []
    took, data = 0.0, binned(table, columns)
    for pointwise in (False, True) if both else (False,):
        settings, began = TreeSettings(rounds=max(ROUNDS[pointwise]), pointwise=pointwise), time.monotonic()
        if best and budget.left < AGAIN * took:
            progress.say(f"no time is left to grow trees on {settings.loss}")
            break
        trees = fit_trees(data, k, settings, random_seed)
        took = time.monotonic() - began
        progress.say(f"trees are grown: {settings.loss}")
        found = []
        for rounds in ROUNDS[pointwise]:
            scores = score_trees(trees, judged, columns, rounds)
            value = worth(f"{settings.loss}, {rounds} trees", scores)
            found.append((value, trees, replace(settings, rounds=rounds), scores))
        best.append(max(found, key=lambda one: one[0]))
    del data
    give_back_memory()
    top = max(best, key=lambda one: one[0])
    chosen, value = Grown(((top[2], 1.0),)), top[0] / ALONE
    for share in SHARES if len(best) > 1 else ():
        weights = [w / max(float(one[3].std()), 1e-9) for w, one in zip((share, 1 - share), best, strict=True)]
        scores = np.sum([w * one[3] for w, one in zip(weights, best, strict=True)], axis=0)
        found_here = worth(f"{share:g} LambdaRank + {1 - share:g} log loss", scores.astype(np.float32))
        if found_here > value:
            chosen, value = Grown(tuple((one[2], w) for w, one in zip(weights, best, strict=True))), found_here
    kept = {one[2].pointwise: one[1] for one in best}
    trees = _sum([(kept[settings.pointwise], settings.rounds, weight) for settings, weight in chosen.parts])
    return trees, chosen, tried


def _sum(parts: list[tuple[lgb.Booster, int, float]]) -> lgb.Booster:
    return parts[0][0] if len(parts) == 1 else summed(parts)


def score_trees(
    booster: lgb.Booster, table: RankingTable, columns: list[int], rounds: int
) -> Float32[np.ndarray, " candidates"]:
    """The trees' scores with the first `rounds` of them."""
    if len(table.pool.items) == 0:
        return np.zeros(0, dtype=np.float32)
    found = booster.predict(
        _chosen(table, columns),
        num_iteration=rounds,
        raw_score=True,
        num_threads=_threads(len(table.came), 50_000),
    )
    return np.asarray(found, dtype=np.float32)


def useful_columns(table: RankingTable) -> list[int]:
    """Features that take more than one value, in a sample of the rows."""
    sample = table.features[:: max(1, len(table.features) // 50_000)]
    filled = np.where(np.isnan(sample), np.float32(-1e9), sample)
    return [int(c) for c in np.flatnonzero((filled != filled[:1]).any(axis=0))]


def _chosen(table: RankingTable, columns: list[int]) -> Float32[np.ndarray, "candidates columns"]:
    """Columns of the features, which are large: all of them are not copied."""
    return table.features if columns == list(range(table.features.shape[1])) else table.features[:, columns]


def _smallest_leaf(rows: int) -> int:
    return min(SMALLEST_LEAF, max(5, rows // 2000))


def _threads(rows: int, least: int) -> int:
    """One thread for small tables; otherwise what OpenMP is told to use."""
    return 1 if rows < least else 0
