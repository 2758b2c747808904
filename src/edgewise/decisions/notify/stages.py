"""How far a message is followed: the chance of each answer, given the one before it.

Each stage is a sum of curves with what is peculiar to users and messages (`mixed`). One of its features is what
boosted trees say of who the user is; others are what the stage before said of them: whoever is likely to click, or
clicks beyond expectation, is likelier to buy, and clicks are many where purchases are few.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int64

from edgewise.decisions.notify.features import Features, Moments
from edgewise.decisions.notify.learn import Crossed, crossed
from edgewise.decisions.notify.mixed import BLOCKS, Mixed, Peculiar, fit_mixed, own_effects
from edgewise.decisions.notify.past import Past

__all__ = ["Design", "Places", "Stage", "blocks_of", "fit_stage", "of_people"]

_FEWEST: Final = 60
_MOST_CATEGORIES: Final = 20


@dataclass(frozen=True, slots=True)
class Places:
    """Where the users, messages, channels and categories of a past stand in the one that was learnt from; -1 for
    those that were not there."""

    user: Int64[np.ndarray, " users"]
    message: Int64[np.ndarray, " messages"]
    channel: Int64[np.ndarray, " channels"]
    category: tuple[Int64[np.ndarray, " messages"], ...]

    @classmethod
    def between(cls, learnt: Past, now: Past) -> Places:
        """The places of `now` in `learnt`."""
        user = learnt.users.keys.rows(now.users.keys.keys(np.arange(len(now.users))))
        message = learnt.messages.keys.rows(now.messages.keys.keys(np.arange(len(now.messages))))
        channel = [learnt.channels.index(c) if c in learnt.channels else -1 for c in now.channels]
        found = []
        for name in _categories(learnt):
            known, (code, names) = learnt.messages.labels[name][1], now.messages.labels[name]
            place = np.array([known.index(n) if n in known else -1 for n in names] + [-1], np.int64)
            found.append(place[code])
        return cls(user, message, np.array(channel, np.int64), tuple(found))


def _categories(past: Past) -> list[str]:
    return [name for name, (_, labels) in past.messages.labels.items() if 1 < len(labels) <= _MOST_CATEGORIES]


class Design:
    """Which features a stage sees, and which effects of its user each row has."""

    def __init__(self, features: Features) -> None:
        past = features.past
        self.past, self.people = past, features.people
        self.outer = [i for i in range(len(features.names)) if i not in features.answers]
        self.coded = frozenset(k for k, i in enumerate(self.outer) if i in features.coded)
        widths = [len(past.channels), *(len(past.messages.labels[name][1]) for name in _categories(past))]
        self._first = np.concatenate([[1], 1 + np.cumsum(widths)])
        self.kind = np.concatenate([[0], np.repeat(np.arange(1, len(widths) + 1), widths)])

    def who(self, rows: Moments, places: Places) -> Peculiar:
        """The effects of some rows."""
        own = [np.zeros(len(rows), np.int64)]
        codes = [places.channel[rows.channel], *(category[rows.message] for category in places.category)]
        own += [np.where(code >= 0, first + code, -1) for first, code in zip(self._first, codes, strict=False)]
        return Peculiar(places.user[rows.user], places.message[rows.message], np.stack(own, axis=1), self.kind)


@dataclass(frozen=True, slots=True)
class Stage:
    """The chance of one answer. Without a mixed model, which takes some answers to learn, everyone's mean."""

    mean: float
    trees: Crossed | None
    mixed: Mixed | None

    def __call__(
        self, x: Float32[np.ndarray, "n features"], rows: Moments, who: Peculiar, design: Design,
        before: Float64[np.ndarray, "n own_plus_1"] | None,
    ) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, "n own_plus_1"]]:  # fmt: skip
        """Chances, and what is said of each row's user: what is peculiar to them, and what trees say of who they
        are. `before` is that of the stage before."""
        if self.mixed is None or self.trees is None:
            return np.full(len(x), self.mean), _nothing(who)
        told = _odds(of_people(self.trees, x, rows, design.people))
        own = own_effects(who, self.mixed.users)
        odds = self.mixed.without_users(_wide(x, design, told, before), who.message) + own.sum(axis=1)
        return _chance(odds), np.column_stack([own, told])


def fit_stage(
    x: Float32[np.ndarray, "n features"], y: Float64[np.ndarray, " n"], asked: np.ndarray, fold: np.ndarray,
    block: np.ndarray, who: Peculiar, design: Design, before: np.ndarray | None, random_seed: int,
) -> tuple[Stage, Float64[np.ndarray, " n"], Float64[np.ndarray, "n own_plus_1"]]:  # fmt: skip
    """Learn a stage from the rows `asked`.

    Returns:
        The stage, and for all rows their chances and what is said of their users, as told by the other folds and
        blocks.
    """
    mean = float(y[asked].mean()) if asked.any() else 0.0
    rare = min(y[asked].sum(), (1 - y[asked]).sum())
    if rare < _FEWEST:
        return Stage(mean, None, None), np.full(len(y), mean), _nothing(who)
    people = x[:, design.people]
    trees = crossed(people[asked], y[asked], fold[asked], binary=True, random_seed=random_seed)
    told = _odds(trees.held(people, fold))
    wide = _wide(x, design, told, before)
    mixed = fit_mixed(
        wide[asked], y[asked], who.of(asked), len(design.past.users), len(design.past.messages), design.coded
    )
    odds, own = mixed.held(wide, y, who, block, asked)
    return Stage(mean, trees, mixed), _chance(odds), np.column_stack([own, told])


def _nothing(who: Peculiar) -> Float64[np.ndarray, "n own_plus_1"]:
    return np.zeros((len(who.effect), who.effect.shape[1] + 1))


def _wide(
    x: np.ndarray, design: Design, told: np.ndarray, before: np.ndarray | None
) -> Float32[np.ndarray, "n columns"]:
    parts = [x[:, design.outer], told[:, None]]
    parts += [] if before is None else [before]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _odds(chance: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    chance = np.clip(chance, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(chance / (1 - chance)), dtype=np.float64)


def _chance(odds: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    return np.asarray(1.0 / (1.0 + np.exp(-odds)), dtype=np.float64)


def of_people(
    model: Crossed, x: Float32[np.ndarray, "n features"], rows: Moments, people: list[int]
) -> Float64[np.ndarray, " n"]:
    """What a model says that depends on the user and the moment alone: asked once a user where moments are one."""
    if len(rows) == 0 or (rows.at != rows.at[0]).any():
        return model(x[:, people])
    _, first, back = np.unique(rows.user, return_index=True, return_inverse=True)
    return model(x[first][:, people])[back]


def blocks_of(user: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """Cut each user's rows into BLOCKS parts by time."""
    order = np.lexsort((at, user))
    first = np.searchsorted(user[order], user[order])
    last = np.searchsorted(user[order], user[order], side="right")
    found = np.empty(len(user), np.int64)
    found[order] = (np.arange(len(user)) - first) * BLOCKS // (last - first)
    return found
