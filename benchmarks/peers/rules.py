"""Rules that rank items for a user, with the few knobs that matter; `fit` gives a function to dense scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from basket import basket_weights
from content import attribute_matrix, same_attribute
from kit import Events, Job, matrix
from linear import ease, turbo
from neighbours import ItemKNN, nearest_users

__all__ = ["RULES"]

Scores = Callable[[np.ndarray], np.ndarray]


class Rule:
    """A rule on a job. `grid` are the settings to choose from, without those about time where there is none."""

    grid: dict[str, list[Any]]

    def __init__(self, job: Job) -> None:
        self.job = job
        self.shape = job.shape
        self.timed = job.said["cut"] is not None
        if not self.timed:
            self.grid = {k: v for k, v in self.grid.items() if k not in ("half_life", "days")}


def decay(events: Events, now: float, half_life: float | None) -> np.ndarray:
    """2^(-age / half-life) of each event; 1 without a half-life."""
    if half_life is None:
        return np.ones(len(events))
    return np.exp2(-(now - events.day) / half_life)


def users_of_items(events: Events, shape: tuple[int, int]) -> np.ndarray:
    """How many users had each item."""
    return np.bincount(matrix(events, shape).indices, minlength=shape[1]).astype(np.float32)


class Popularity(Rule):
    """The most frequent items of the last days, for everyone the same."""

    grid: ClassVar[dict[str, list[Any]]] = {"days": [3, 7, 14, 28, 91, None]}

    def fit(self, events: Events, now: float, knobs: dict[str, Any]) -> Scores:
        """Counts of distinct users."""
        days = knobs.get("days")
        counts = users_of_items(events if days is None else events.take(events.day > now - days), self.shape)
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
        """Decayed counts, plus the popular items' share of users."""
        own = matrix(events, self.shape, decay(events, now, knobs.get("half_life")))
        recent = events.take(events.day > now - 28) if self.timed else events
        share = users_of_items(recent, self.shape) / np.float32(max(len(np.unique(recent.user)), 1))
        share *= np.float32(knobs["popular"])
        return lambda users: own[users].toarray() + share[None, :]


class TifuKNN(Rule):
    """TIFU-KNN: a user's decayed baskets, mixed with those of the nearest users (Hu et al., SIGIR 2020)."""

    grid: ClassVar[dict[str, list[Any]]] = {
        "within": [0.7, 0.9, 1.0],
        "between": [0.6, 0.8, 0.9],
        "group": [3, 7, 11],
        "neighbours": [100, 300],
        "own": [0.5, 0.7, 0.9],
    }

    def fit(self, events: Events, now: float, knobs: dict[str, Any]) -> Scores:
        """own x the user's vector + (1 - own) x the mean of the neighbours' vectors."""
        weights = basket_weights(events, knobs["group"], knobs["within"], knobs["between"])
        vectors = matrix(events, self.shape, weights)
        own = np.float32(knobs["own"])

        def scores(users: np.ndarray) -> np.ndarray:
            near = nearest_users(vectors, users, min(knobs["neighbours"], vectors.shape[0] - 1))
            return own * vectors[users].toarray() + (1 - own) * (near @ vectors).toarray()

        return scores


class Neighbours(Rule):
    """ItemKNN: cosine of items' users, shrunk, the nearest kept (Deshpande and Karypis, ACM TOIS 22, 2004)."""

    grid: ClassVar[dict[str, list[Any]]] = {
        "neighbours": [5, 20, 100, 400],
        "shrink": [0.0, 10.0],
        "counts": ["binary", "logarithm", "linear"],
        "half_life": [None, 90.0],
    }

    def fit(self, events: Events, now: float, knobs: dict[str, Any]) -> Scores:
        """A user's profile times the items' similarities, an item's own among them."""
        similar = ItemKNN(knobs["neighbours"], knobs["shrink"]).fit(matrix(events, self.shape))
        profile = matrix(events, self.shape, decay(events, now, knobs.get("half_life")))
        if knobs["counts"] == "binary":
            profile.data = np.ones_like(profile.data)
        elif knobs["counts"] == "logarithm":
            profile.data = np.log1p(profile.data)
        return lambda users: (profile[users] @ similar).toarray()


class Ease(Rule):
    """EASE: the linear item-item model in closed form (Steck, WWW 2019), over the most frequent items.

    Its matrix is dense: beyond `ease_items` of the job (8,000 unless said) the rarer items are left out.
    """

    grid: ClassVar[dict[str, list[Any]]] = {
        "penalty": [30.0, 100.0, 300.0, 1000.0],
        "counts": ["binary", "logarithm"],
    }

    def fit(self, events: Events, now: float, knobs: dict[str, Any]) -> Scores:
        """A user's profile times the weights."""
        profile = matrix(events, self.shape)
        binary = knobs["counts"] == "binary"
        profile.data = np.ones_like(profile.data) if binary else np.log1p(profile.data)
        most = self.job.said["notes"].get("ease_items", 8_000)
        counts = users_of_items(events, self.shape)
        kept = np.sort(np.argsort(-counts, kind="stable")[: min(most, int((counts > 0).sum()))])
        narrow = profile[:, kept]
        weights = ease(narrow, knobs["penalty"])

        def scores(users: np.ndarray) -> np.ndarray:
            found = np.full((len(users), self.shape[1]), -np.inf, dtype=np.float32)
            found[:, kept] = narrow[users] @ weights
            return found

        return scores


class TurboCF(Rule):
    """Turbo-CF's linear graph filter, no training (Park et al., SIGIR 2024)."""

    grid: ClassVar[dict[str, list[Any]]] = {"alpha": [0.4, 0.5, 0.6], "power": [0.6, 0.8, 1.0, 1.3]}

    def fit(self, events: Events, now: float, knobs: dict[str, Any]) -> Scores:
        """A user's row of the interaction matrix times the filtered item-item graph."""
        seen = matrix(events, self.shape)
        seen.data = np.ones_like(seen.data)
        graph = turbo(seen, knobs["alpha"], knobs["power"])
        return lambda users: (seen[users] @ graph).toarray()


class Content(Rule):
    """Items whose attributes are like those of what a user had: cosine of rarity-weighted attributes."""

    grid: ClassVar[dict[str, list[Any]]] = {"half_life": [None, 90.0], "popular": [0.0, 0.05]}

    def fit(self, events: Events, now: float, knobs: dict[str, Any]) -> Scores:
        """A user's mean attributes times each item's, plus a little popularity."""
        attributes = attribute_matrix(self.job.folder)
        profile = matrix(events, self.shape, decay(events, now, knobs.get("half_life"))) @ attributes
        size = np.sqrt(np.asarray(profile.multiply(profile).sum(axis=1)).ravel())
        taste = (sp.diags(1.0 / np.maximum(size, 1e-9)) @ profile).tocsr().astype(np.float32)
        counts = users_of_items(events, self.shape)
        popular = np.float32(knobs["popular"]) * np.log1p(counts) / np.log1p(max(float(counts.max()), 1.0))
        by_item = attributes.T.tocsr()
        return lambda users: (taste[users] @ by_item).toarray() + popular[None, :]


class ByArtist(Rule):
    """Popular items among those that share an attribute (a track's artist) with what a user had, then the rest."""

    grid: ClassVar[dict[str, list[Any]]] = {"none": [None]}

    def fit(self, events: Events, now: float, knobs: dict[str, Any]) -> Scores:
        """How often the attribute occurs in the profile, times the item's popularity."""
        same = same_attribute(self.job.folder, self.job.said["notes"]["attribute"])
        profile = matrix(events, self.shape) @ same
        by_item = same.T.tocsr()
        counts = np.log1p(users_of_items(events, self.shape))
        return lambda users: ((profile[users] @ by_item).toarray() + np.float32(0.01)) * counts[None, :]


RULES: dict[str, type[Rule]] = {
    "popularity": Popularity,
    "frequency": Frequency,
    "tifuknn": TifuKNN,
    "itemknn": Neighbours,
    "ease": Ease,
    "turbocf": TurboCF,
    "content": Content,
    "byartist": ByArtist,
}
