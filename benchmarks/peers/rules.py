"""Rules that rank items for a user, with the few knobs that matter; `fit` gives a function to dense scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from kit import Events, matrix
from neighbours import ItemKNN

__all__ = ["RULES"]

Scores = Callable[[np.ndarray], np.ndarray]


class Rule:
    """A rule on a catalogue. `grid` are the settings to choose from."""

    grid: dict[str, list[Any]]

    def __init__(self, shape: tuple[int, int], timed: bool) -> None:
        self.shape = shape
        self.timed = timed
        if not timed:
            self.grid = {k: v for k, v in self.grid.items() if k not in ("half_life", "days")} or {"none": [None]}


def decay(events: Events, now: float, half_life: float | None) -> np.ndarray:
    """2^(-age / half-life) of each event; 1 without a half-life."""
    if half_life is None:
        return np.ones(len(events))
    return np.exp2(-(now - events.day) / half_life)


class Popularity(Rule):
    """The most frequent items of the last days, for everyone the same."""

    grid: ClassVar[dict[str, list[Any]]] = {"days": [3, 7, 14, 28, 91, None]}

    def fit(self, events: Events, now: float, knobs: dict[str, Any]) -> Scores:
        """Counts of distinct users."""
        days = knobs.get("days")
        kept = events if days is None else events.take(events.day > now - days)
        found = matrix(kept, self.shape)
        found.data[:] = 1.0
        counts = np.asarray(found.sum(axis=0)).ravel()
        return lambda users: np.broadcast_to(counts, (len(users), self.shape[1]))


class Frequency(Rule):
    """How often a user had an item, decayed; popularity of the last 28 days decides between the rest.

    The personal top frequency of Li et al., "A next basket recommendation reality check", arXiv 2109.14233, with
    the decay that repeat purchases need.
    """

    grid: ClassVar[dict[str, list[Any]]] = {
        "half_life": [15.0, 30.0, 60.0, 120.0, 240.0, None],
        "popular": [0.001, 0.3],
    }

    def fit(self, events: Events, now: float, knobs: dict[str, Any]) -> Scores:
        """Decayed counts, plus a share of the popular items' share of users."""
        own = matrix(events, self.shape, decay(events, now, knobs.get("half_life")))
        recent = events.take(events.day > now - 28) if self.timed else events
        found = matrix(recent, self.shape)
        found.data[:] = 1.0
        share = np.asarray(found.sum(axis=0)).ravel() / max(len(np.unique(recent.user)), 1)
        return lambda users: (
            own[users].toarray() + np.float32(knobs["popular"]) * share[None, :].astype(np.float32)
        )


class Neighbours(Rule):
    """ItemKNN: cosine of items' users, shrunk, the nearest kept (Deshpande and Karypis, ACM TOIS 22, 2004)."""

    grid: ClassVar[dict[str, list[Any]]] = {
        "neighbours": [20, 100, 400],
        "shrink": [0.0, 10.0, 100.0],
        "counts": ["binary", "logarithm"],
        "half_life": [None, 90.0],
    }

    def fit(self, events: Events, now: float, knobs: dict[str, Any]) -> Scores:
        """A user's profile times the items' similarities, an item's own among them."""
        similar = ItemKNN(knobs["neighbours"], knobs["shrink"]).fit(matrix(events, self.shape))
        profile = matrix(events, self.shape, decay(events, now, knobs.get("half_life")))
        profile.data = np.ones_like(profile.data) if knobs["counts"] == "binary" else np.log1p(profile.data)
        return lambda users: (profile[users] @ similar).toarray()


RULES: dict[str, type[Rule]] = {"popularity": Popularity, "frequency": Frequency, "itemknn": Neighbours}
