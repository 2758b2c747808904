"""Boosted trees on a ranking table: LambdaRank over each seed's pool (Burges, 2010; Ke et al., 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from jaxtyping import Float32

from edgewise.models.ranking_tables import RankingTable

__all__ = ["TreeSettings", "fit_trees", "score_trees", "useful_columns"]


@dataclass(frozen=True, slots=True)
class TreeSettings:
    """How trees are grown. One set for all data."""

    rounds: int = 150
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
        group=group[group > 0],
        free_raw_data=True,
        params={"max_bin": 127, "verbosity": -1},
    )
    parameters = {
        "objective": "lambdarank",
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


def score_trees(
    booster: lgb.Booster, table: RankingTable, columns: list[int], rounds: int
) -> Float32[np.ndarray, " candidates"]:
    """The trees' scores with the first `rounds` of them."""
    if len(table.pool.items) == 0:
        return np.zeros(0, dtype=np.float32)
    found = booster.predict(
        table.features[:, columns], num_iteration=rounds, num_threads=_threads(len(table.came), 50_000)
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
