"""What a fitted ranker says of itself: channels with their recall, and what weighs most in its trees."""

from __future__ import annotations

from typing import Any

import lightgbm as lgb
import numpy as np

from edgewise.models.candidates.channel import Channel
from edgewise.models.ranking_tables import RankingTable

__all__ = ["gains", "recall_of_channels"]


def gains(trees: lgb.Booster, names: list[str], most: int = 15) -> dict[str, float]:
    """The features that better the trees most, best first, by their total gain."""
    gain = trees.feature_importance("gain")
    order = np.argsort(-gain, kind="stable")[:most]
    return {names[i]: float(gain[i]) for i in order}


def recall_of_channels(table: RankingTable, channels: list[Channel]) -> list[dict[str, Any]]:
    """How much of what came true each channel reached, alone, and what only it reached."""
    total = max(int(table.wanted.sum()), 1)
    there = ~np.isnan(table.pool.ranks)
    alone = there.sum(axis=1) == 1
    rows = [
        {
            "channel": channel.name,
            "recall": float((table.came & there[:, c]).sum() / total),
            "only": float((table.came & there[:, c] & alone).sum() / total),
            "candidates": float(there[:, c].sum() / max(len(table), 1)),
        }
        for c, channel in enumerate(channels)
    ]
    every = {"channel": "all channels", "recall": float(table.came.sum() / total), "only": 0.0,
             "candidates": len(table.pool.items) / max(len(table), 1)}  # fmt: skip
    return [every, *rows]
