"""The chance of an answer: a sum of curves of what is known, and what is peculiar to each user and message.

    logit P = f(x) + user + user's channel + user's liking of the category + message

How far users differ is learnt from them (empirical Bayes: variances by their evidence, MacKay 1992), and each user
is drawn to everyone's as far as little is known of them: a generalised linear mixed model, fitted by penalised
quasi-likelihood (Breslow and Clayton, JASA 88, 1993). Each curve is drawn to nothing by as much as it asks for by
itself, so that the many that tell nothing do not hold down the few that do (automatic relevance determination;
MacKay 1994). Users are independent given the rest, so each is solved for exactly; the curves and the messages take
turns with them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numba import njit

from edgewise.decisions.notify.additive import Basis, Curves, curves_of

__all__ = ["BLOCKS", "Mixed", "Peculiar", "fit_mixed", "own_effects"]

#: The past of each user is cut into so many parts; what is said of one is told by the others.
BLOCKS: Final = 4
_SWEEPS: Final = 12
_LEAST, _MOST = 1e-3, 4.0  # bounds of variances
_NEWTON: Final = 4


@dataclass(frozen=True, slots=True)
class Peculiar:
    """Which effects of its user each row has: columns of a user's effects, -1 for none; `kind` of each effect."""

    user: Int64[np.ndarray, " n"]
    message: Int64[np.ndarray, " n"]
    effect: Int64[np.ndarray, "n own"]
    kind: Int64[np.ndarray, " effects"]

    def of(self, rows: np.ndarray) -> Peculiar:
        """Some of the rows."""
        return Peculiar(self.user[rows], self.message[rows], self.effect[rows], self.kind)


@dataclass(frozen=True, slots=True)
class Mixed:
    """Curves, each user's effects, each message's, and the variances of the kinds of users' effects."""

    curves: Curves
    users: Float64[np.ndarray, "users effects"]
    messages: Float64[np.ndarray, " messages"]
    variance: Float64[np.ndarray, " kinds"]

    def without_users(
        self, x: Float32[np.ndarray, "n features"], message: Int64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, " n"]:
        """Log odds, as for users of whom nothing is known."""
        return self.curves(x) + np.where(message >= 0, self.messages[np.maximum(message, 0)], 0.0)

    def odds(self, x: Float32[np.ndarray, "n features"], who: Peculiar) -> Float64[np.ndarray, " n"]:
        """Log odds; users and messages that were not there when it was fitted count as -1."""
        return self.without_users(x, who.message) + own_effects(who, self.users).sum(axis=1)

    def held(
        self, x: Float32[np.ndarray, "n features"], y: Float64[np.ndarray, " n"], who: Peculiar,
        block: Int64[np.ndarray, " n"], known: np.ndarray,
    ) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, "n own"]]:  # fmt: skip
        """Log odds and own effects where each row's user is known by the other blocks alone.

        Rows that are not `known` (0 or 1 each) tell nothing, and are told of.
        """
        base = self.without_users(x, who.message)
        odds, own = base.copy(), np.zeros(who.effect.shape)
        told = np.flatnonzero(known)
        for b in range(BLOCKS):
            learn = told[block[told] != b]
            users, _ = _users(who.of(learn), base[learn], y[learn], self.users, self.variance)
            rows = np.flatnonzero(block == b)
            own[rows] = own_effects(who.of(rows), users)
        return odds + own.sum(axis=1), own


def own_effects(who: Peculiar, users: Float64[np.ndarray, "users effects"]) -> Float64[np.ndarray, "n own"]:
    """Each row's own effects; none of users that are not known."""
    taken = users[np.maximum(who.user, 0)[:, None], np.maximum(who.effect, 0)]
    return np.where((who.effect >= 0) & (who.user >= 0)[:, None], taken, 0.0)


def fit_mixed(
    x: Float32[np.ndarray, "n features"], y: Float64[np.ndarray, " n"], who: Peculiar, users: int, messages: int,
    coded: Collection[int],
) -> Mixed:  # fmt: skip
    """Fit.

    Args:
        x: features, none of which holds the user's own answers.
        y: 0 or 1.
        who: whose rows, and of what message.
        users: how many there are.
        messages: how many there are.
        coded: numbers of the features that are labels.
    """
    basis = Basis(x, coded)
    z = basis(x)
    weight, ridge = np.zeros(z.shape[1]), np.full(x.shape[1], 0.1)
    mean = float(np.clip(y.mean(), 1e-4, 1 - 1e-4))
    weight[0] = np.log(mean / (1 - mean))
    effects, of_message, spread = np.zeros((users, len(who.kind))), np.zeros(messages), 0.05
    variance = np.full(int(who.kind.max()) + 1, 0.2)
    for sweep in range(_SWEEPS):
        rest = own_effects(who, effects).sum(axis=1) + of_message[who.message]
        weight, ridge = _line(z, y, rest, weight, ridge, basis.feature, 3 if sweep == 0 else 1)
        line = z @ weight
        of_message, spread = _messages(line + rest, y, who.message, of_message, spread)
        effects, sure = _users(who, line + of_message[who.message], y, effects, variance)
        variance = _variances(who, effects, sure, variance)
    return Mixed(curves_of(basis, weight), effects, of_message, variance)


def _line(
    z: np.ndarray, y: np.ndarray, rest: np.ndarray, weight: np.ndarray, ridge: Float64[np.ndarray, " features"],
    feature: Int64[np.ndarray, " columns"], steps: int,
) -> tuple[Float64[np.ndarray, " columns_plus_1"], Float64[np.ndarray, " features"]]:  # fmt: skip
    """Newton steps for the weights, and the variance that those of each feature ask for."""
    unsure = np.zeros(len(feature))
    penalty = np.concatenate([[1e-9], 1.0 / ridge[feature]])
    for _ in range(steps):
        chance = 1.0 / (1.0 + np.exp(-(z @ weight + rest)))
        bend = (z * (chance * (1.0 - chance))[:, None]).T @ z
        bend[np.diag_indices_from(bend)] += penalty
        step = np.linalg.solve(bend, z.T @ (y - chance) - penalty * weight)
        weight = weight + step / max(1.0, float(np.abs(step).max()))
        unsure = np.diag(np.linalg.inv(bend))[1:]
    size = np.bincount(feature, weight[1:] ** 2, len(ridge))
    told = np.bincount(feature, 1.0 - unsure / ridge[feature], len(ridge))
    return weight, np.clip(size / np.maximum(told, 0.05), 1e-5, _MOST)


def _messages(
    odds: np.ndarray, y: np.ndarray, message: np.ndarray, own: np.ndarray, spread: float
) -> tuple[Float64[np.ndarray, " messages"], float]:
    chance = 1.0 / (1.0 + np.exp(-odds))
    power = np.bincount(message, chance * (1.0 - chance), len(own))
    own = own + (np.bincount(message, y - chance, len(own)) - own / spread) / (power + 1.0 / spread)
    there = power > 0
    told = float((power / (power + 1.0 / spread))[there].sum())
    return own, float(np.clip((own[there] ** 2).sum() / max(told, 1e-3), _LEAST, _MOST))


def _variances(
    who: Peculiar, effects: np.ndarray, sure: np.ndarray, variance: np.ndarray
) -> Float64[np.ndarray, " kinds"]:
    """How far users differ in each kind of effect, as those who were seen in it say."""
    there = np.zeros(effects.shape, bool)
    for column in who.effect.T:
        there[who.user[column >= 0], column[column >= 0]] = True
    found = variance.copy()
    for kind in range(len(variance)):
        mine = there & (who.kind == kind)[None, :]
        told = float((1.0 - sure[mine] / variance[kind]).sum())
        if mine.any():
            found[kind] = np.clip((effects[mine] ** 2).sum() / max(told, 1e-3), _LEAST, _MOST)
    return found


def _users(
    who: Peculiar, base: np.ndarray, y: np.ndarray, start: np.ndarray, variance: np.ndarray
) -> tuple[Float64[np.ndarray, "users effects"], Float64[np.ndarray, "users effects"]]:
    """Each user's effects given the rest, and how unsure they are (variances)."""
    order = np.argsort(who.user, kind="stable")
    first = np.searchsorted(who.user[order], np.arange(len(start) + 1))
    unsure = np.broadcast_to(variance[who.kind], start.shape).copy()
    effects = np.zeros(start.shape)
    _solve(first, who.effect[order], base[order], y[order], 1.0 / variance[who.kind], start, effects, unsure)
    return effects, unsure


@njit(cache=True)
def _bent(
    a: int, b: int, effect: np.ndarray, base: np.ndarray, y: np.ndarray, own: np.ndarray, slope: np.ndarray,
    bend: np.ndarray,
) -> None:  # fmt: skip
    """Add the slope and the bend of the likelihood of the rows from a to b."""
    for r in range(a, b):
        odds = base[r]
        for k in range(effect.shape[1]):
            if effect[r, k] >= 0:
                odds += own[effect[r, k]]
        chance = 1.0 / (1.0 + np.exp(-odds))
        for k in range(effect.shape[1]):
            if effect[r, k] < 0:
                continue
            slope[effect[r, k]] += y[r] - chance
            for m in range(effect.shape[1]):
                if effect[r, m] >= 0:
                    bend[effect[r, k], effect[r, m]] += chance * (1.0 - chance)


@njit(cache=True)
def _solve(
    first: np.ndarray, effect: np.ndarray, base: np.ndarray, y: np.ndarray, precision: np.ndarray,
    start: np.ndarray, found: np.ndarray, unsure: np.ndarray,
) -> None:  # fmt: skip
    """Newton's steps user by user; users without rows keep nothing."""
    width = start.shape[1]
    slope, bend = np.zeros(width), np.zeros((width, width))
    for u in range(start.shape[0]):
        if first[u] == first[u + 1]:
            continue
        found[u] = start[u]
        for _ in range(_NEWTON):
            bend[:] = 0.0
            for k in range(width):
                bend[k, k] = precision[k]
                slope[k] = -precision[k] * found[u, k]
            _bent(first[u], first[u + 1], effect, base, y, found[u], slope, bend)
            step = np.linalg.solve(bend, slope)
            size = np.abs(step).max()
            found[u] += step / max(1.0, size)
            if size < 1e-4:
                break
        inverse = np.linalg.inv(bend)
        for k in range(width):
            unsure[u, k] = inverse[k, k]
