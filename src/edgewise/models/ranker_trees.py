"""Boosted trees on a ranking table: LambdaRank over each seed's pool (Burges, 2010; Ke et al., 2017), or log loss.

Which of the two ranks better depends on the data, and validation says it. Log loss sees how sure a candidate is
across seeds; LambdaRank sees only the order within one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import lightgbm as lgb
import numpy as np
from jaxtyping import Float32

from edgewise.models.contract import Progress
from edgewise.models.ranking_lists import mean_average_precision, ranked
from edgewise.models.ranking_tables import RankingTable
from edgewise.tasks.nouns import Ragged

__all__ = ["TreeSettings", "choose_trees", "fit_trees", "score_trees", "useful_columns"]

#: Numbers of trees among which validation chooses, by whether they are grown on log loss.
ROUNDS: Final = {False: (30, 60, 100), True: (60, 120, 180)}


@dataclass(frozen=True, slots=True)
class TreeSettings:
    """How trees are grown. One set for all data."""

    rounds: int = 150
    pointwise: bool = False  # log loss rather than LambdaRank
    learning_rate: float = 0.08
    leaves: int = 31
    smallest_leaf: int = 60  # rows
    columns: float = 0.5  # share of the features a tree sees
    rows_a_thread: int = 50_000  # below this, one thread is faster than several


def fit_trees(
    table: RankingTable, k: int, settings: TreeSettings, columns: list[int], random_seed: int
) -> lgb.Booster:
    """Grow the trees. Seeds without a reachable positive stay in: they cost nothing and move nothing here."""
    group = np.diff(table.pool.indptr)
    data = lgb.Dataset(
        table.features[:, columns],
        table.came.astype(np.float32),
        weight=np.where(table.came, 1.0, 1.0 / table.share).astype(np.float32),
        group=None if settings.pointwise else group[group > 0],
        free_raw_data=True,
        params={"max_bin": 127, "verbosity": -1},
    )
    parameters = {
        "objective": "binary" if settings.pointwise else "lambdarank",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": min(settings.smallest_leaf, max(5, len(table.came) // 2000)),
        "lambda_l2": 10.0,
        "feature_fraction": settings.columns,
        "lambdarank_truncation_level": k + 8,
        "label_gain": [0, 1],
        "max_bin": 127,
        "seed": random_seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": _threads(len(table.came), settings.rows_a_thread),
        "verbosity": -1,
    }
    return lgb.train(parameters, data, settings.rounds)


def choose_trees(
    table: RankingTable, judged: RankingTable, target: Ragged, k: int, columns: list[int], random_seed: int,
    *, both: bool, progress: Progress,
) -> tuple[lgb.Booster, TreeSettings, dict[str, float]]:  # fmt: skip
    """The trees with the highest MAP@k on `judged`, how they were grown, and what was tried.

    Without `both`, LambdaRank alone is tried.
    """
    best: tuple[float, lgb.Booster, TreeSettings] | None = None
    tried: dict[str, float] = {}
    for pointwise in (False, True) if both else (False,):
        settings = TreeSettings(rounds=max(ROUNDS[pointwise]), pointwise=pointwise)
        trees = fit_trees(table, k, settings, columns, random_seed)
        name = "log loss" if pointwise else "LambdaRank"
        progress.say(f"trees are grown: {name}")
        for rounds in ROUNDS[pointwise]:
            found = ranked(judged.pool, score_trees(trees, judged, columns, rounds), k)
            value = tried[f"{name}, {rounds} trees"] = mean_average_precision(found, target, k)
            if best is None or value > best[0]:
                best = value, trees, replace(settings, rounds=rounds)
    assert best is not None
    return best[1], best[2], tried


def score_trees(
    booster: lgb.Booster, table: RankingTable, columns: list[int], rounds: int
) -> Float32[np.ndarray, " candidates"]:
    """The trees' scores with the first `rounds` of them."""
    if len(table.pool.items) == 0:
        return np.zeros(0, dtype=np.float32)
    found = booster.predict(
        table.features[:, columns],
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


def _threads(rows: int, least: int) -> int:
    """One thread for small tables; otherwise what OpenMP is told to use."""
    return 1 if rows < least else 0
