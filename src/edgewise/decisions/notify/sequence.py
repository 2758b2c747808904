"""One person's sends over the days to come: the best ones at given prices, found day by day.

A slot is a part of a person's own day in which at most one message is sent. Dynamic programming over (how many
sent, slot of the last one); the k-th send is worth

    effect[k] * when[slot] * tired[level]  -  care * hazard[k] * wear[level] * loss  -  price * cost

where the level is how tired the person is of messages by then: each counts one, faded by half in some days,
those on other channels for less. Where channels have caps or hours of their own, or people tire, the best way to
each state is kept and not every way: an answer is always allowed, and nearly always the best (tests count how
nearly).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int8, Int32
from numba import njit

__all__ = ["LEVEL", "Offers", "Sequences", "sequences"]

#: The width of a level of tiredness.
LEVEL: Final = 0.25
_MINUTES: Final = 9 * 1440


@dataclass(frozen=True, slots=True)
class Offers:
    """What could be sent to n people, and what is known of it.

    Attributes:
        effect: the gain of a channel's k-th best message, to somebody not messaged lately.
        hazard: the chance that a send of that message loses the channel, to somebody not messaged lately.
        when: a factor for the best permitted hour of each slot; 0 where nothing may be sent.
        minute: that hour, in minutes after the moment of the decision; rises from slot to slot.
        loss: what the channel is worth to keep.
        tired, wear: factors of the effect and of the hazard by level of tiredness.
        fatigue: the tiredness of each channel at the moment; it fades by half in `half` minutes.
        elsewhere: how much tiredness of other channels counts.
        past: how many sends of the week before count in each slot; `past_by` channel by channel.
        fixed: minute of a send that is settled already; -1 for none.
        caps: at most so many a week by channel; `cap` in all; `spacing` minutes between any two.
    """

    effect: Float32[np.ndarray, "n channels ranks"]
    hazard: Float32[np.ndarray, "n channels ranks"]
    when: Float32[np.ndarray, "n channels slots"]
    minute: Int32[np.ndarray, "n channels slots"]
    loss: Float32[np.ndarray, "n channels"]
    tired: Float32[np.ndarray, "channels levels"]
    wear: Float32[np.ndarray, "channels levels"]
    fatigue: Float32[np.ndarray, "n channels"]
    half: float
    elsewhere: float
    past: Int8[np.ndarray, "n slots"]
    past_by: Int8[np.ndarray, "n channels slots"]
    fixed: Int32[np.ndarray, " n"]
    caps: Int32[np.ndarray, " channels"]
    cap: int
    spacing: int

    @property
    def people(self) -> int:
        """How many people there are."""
        return len(self.effect)

    @property
    def most(self) -> int:
        """How many sends a person can get at most."""
        return int(min(self.effect.shape[2], self.when.shape[2]))

    def of(self, rows: np.ndarray) -> Offers:
        """The offers of some of the people."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _OWN})

    def without(self, channel: int) -> Offers:
        """The same without one channel."""
        when = self.when.copy()
        when[:, channel] = 0.0
        return replace(self, when=when)


_OWN: Final = ("effect", "hazard", "when", "minute", "loss", "fatigue", "past", "past_by", "fixed")


@dataclass(frozen=True, slots=True)
class Sequences:
    """The sends of each person in order: slot and channel, -1 beyond the last; what each one gains and risks; and
    sums person by person: `gain`, `lost` channels expected, what these are `worth`, and what was `spent`."""

    slot: Int8[np.ndarray, "n most"]
    channel: Int8[np.ndarray, "n most"]
    gains: Float32[np.ndarray, "n most"]
    risks: Float32[np.ndarray, "n most"]
    gain: Float64[np.ndarray, " n"]
    lost: Float64[np.ndarray, " n"]
    worth: Float64[np.ndarray, " n"]
    spent: Float64[np.ndarray, " n"]

    @property
    def count(self) -> np.ndarray:
        """How many sends each person gets."""
        return (self.slot >= 0).sum(axis=1)

    def where(self, first: np.ndarray, other: Sequences) -> Sequences:
        """Person by person this one where `first`, otherwise the other."""
        both = [(getattr(self, f), getattr(other, f)) for f in Sequences.__dataclass_fields__]
        return Sequences(*(np.where(first if a.ndim == 1 else first[:, None], a, b) for a, b in both))


def sequences(
    offers: Offers, cost: Float64[np.ndarray, " channels"], price: float, care: float = 1.0
) -> Sequences:
    """Everyone's best sends.

    Args:
        offers: what could be sent.
        cost: what a send costs by channel.
        price: the multiplier of the budget: what one unit of cost must bring.
        care: how much a lost channel counts beside what it is worth.
    """
    n, most = offers.people, offers.most
    slot, channel = np.full((n, most), -1, np.int8), np.full((n, most), -1, np.int8)
    gains, risks, sums = np.zeros((n, most), np.float32), np.zeros((n, most), np.float32), np.zeros((n, 4))
    fades = (0.5 ** (np.arange(_MINUTES) / offers.half)).astype(np.float32)
    known = _Known(
        offers.effect, offers.hazard, offers.when, offers.minute, offers.loss, offers.tired, offers.wear,
        offers.fatigue, fades, float(offers.elsewhere), offers.past, offers.past_by, offers.fixed, offers.caps,
        int(offers.cap), int(offers.spacing), float(price) * np.asarray(cost, np.float64), float(care),
    )  # fmt: skip
    _everyone(known, np.asarray(cost, np.float64), slot, channel, gains, risks, sums)
    return Sequences(slot, channel, gains, risks, *sums.T.copy())


class _Known(NamedTuple):
    """`Offers` as the loops read them, with `dear`: what a send must bring, by channel."""

    effect: np.ndarray
    hazard: np.ndarray
    when: np.ndarray
    minute: np.ndarray
    loss: np.ndarray
    tired: np.ndarray
    wear: np.ndarray
    fatigue: np.ndarray
    fades: np.ndarray
    elsewhere: float
    past: np.ndarray
    past_by: np.ndarray
    fixed: np.ndarray
    caps: np.ndarray
    cap: int
    spacing: int
    dear: np.ndarray
    care: float


class _Work(NamedTuple):
    """By (how many sent, slot of the last): the best value, its channel, the slot before it, and by channel what
    was sent and how tired that left the person."""

    best: np.ndarray
    via: np.ndarray
    before: np.ndarray
    used: np.ndarray
    worn: np.ndarray


@njit(cache=True)
def _level(before: np.ndarray, faded: float, c: int, known: _Known) -> int:
    """How tired of channel c, when `before` has faded: a level."""
    total = 0.0
    for d in range(len(before)):
        total += before[d] * faded * (1.0 if d == c else known.elsewhere)
    return min(int(total / LEVEL + 0.5), known.tired.shape[1] - 1)


@njit(cache=True)
def _level_after(u: int, k: int, p: int, c: int, at: int, known: _Known, work: _Work) -> int:
    """How tired of channel c at a minute, as the k-th send after the state (k - 1, p)."""
    if k == 1:
        return _level(known.fatigue[u], known.fades[at], c, known)
    gap = at - known.minute[u, work.via[k - 1, p], p]
    return _level(work.worn[k - 1, p], known.fades[gap], c, known)


@njit(cache=True)
def _may_follow(u: int, k: int, p: int, c: int, s: int, at: int, known: _Known, work: _Work) -> bool:
    """Whether caps and spacing let channel c in slot s follow the state (k - 1, p)."""
    if k == 1:
        return bool(known.past_by[u, c, s] < known.caps[c])
    if work.best[k - 1, p] == -np.inf or known.past_by[u, c, s] + work.used[k - 1, p, c] >= known.caps[c]:
        return False
    return bool(at - known.minute[u, work.via[k - 1, p], p] >= known.spacing)


@njit(cache=True)
def _reach(u: int, s: int, c: int, k: int, known: _Known, work: _Work) -> None:
    """Try channel c in slot s as the k-th send, after each way to have sent k - 1."""
    at = known.minute[u, c, s]
    rested = known.effect[u, c, k - 1] * known.when[u, c, s]
    risk = known.care * known.hazard[u, c, k - 1] * known.loss[u, c]
    if rested * known.tired[c, 0] - risk * known.wear[c, 0] <= known.dear[c]:
        return  # a send that loses even to somebody rested only stands in the way of others
    for p in range(k - 2 if k > 1 else -1, s if k > 1 else 0):
        if not _may_follow(u, k, p, c, s, at, known, work):
            continue
        level = _level_after(u, k, p, c, at, known, work)
        value = rested * known.tired[c, level] - risk * known.wear[c, level] - known.dear[c]
        value += work.best[k - 1, p] if k > 1 else 0.0
        if value <= work.best[k, s]:
            continue
        work.best[k, s], work.via[k, s], work.before[k, s] = value, c, p
        faded = known.fades[at - known.minute[u, work.via[k - 1, p], p]] if k > 1 else known.fades[at]
        for d in range(known.when.shape[1]):
            work.used[k, s, d] = work.used[k - 1, p, d] if k > 1 else 0
            work.worn[k, s, d] = (work.worn[k - 1, p, d] if k > 1 else known.fatigue[u, d]) * faded
        work.used[k, s, c] += 1
        work.worn[k, s, c] += 1.0


@njit(cache=True)
def _hopeless(u: int, known: _Known) -> bool:
    """Whether not even one send would bring what it must."""
    for c in range(known.when.shape[1]):
        for s in range(known.when.shape[2]):
            if known.effect[u, c, 0] * known.when[u, c, s] * known.tired[c, 0] > known.dear[c]:
                return False
    return True


@njit(cache=True)
def _fill(u: int, known: _Known, work: _Work) -> None:
    """All states of one person, slot by slot."""
    work.best[:] = -np.inf
    extra = 1 if known.fixed[u] >= 0 else 0
    for s in range(known.when.shape[2]):
        for c in range(known.when.shape[1]):
            if known.when[u, c, s] <= 0.0:
                continue
            if extra and abs(known.minute[u, c, s] - known.fixed[u]) < known.spacing:
                continue
            room = known.cap - known.past[u, s] - extra
            for k in range(1, min(work.best.shape[0] - 1, s + 1, room) + 1):
                _reach(u, s, c, k, known, work)


@njit(cache=True)
def _everyone(
    known: _Known,
    cost: np.ndarray,
    slot: np.ndarray,
    channel: np.ndarray,
    gains: np.ndarray,
    risks: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Write down each person's best sends."""
    n, channels, slots = known.when.shape
    states = (slot.shape[1] + 1, slots)
    work = _Work(
        np.empty(states),
        np.empty(states, np.int64),
        np.empty(states, np.int64),
        np.zeros((states[0], slots, channels), np.int64),
        np.zeros((states[0], slots, channels)),
    )
    for u in range(n):
        if _hopeless(u, known):
            continue
        _fill(u, known, work)
        top, k, s = 0.0, 0, -1
        for many in range(1, states[0]):
            for last in range(slots):
                if work.best[many, last] > top:
                    top, k, s = work.best[many, last], many, last
        while k > 0:
            c, p = work.via[k, s], work.before[k, s]
            level = _level_after(u, k, p, c, known.minute[u, c, s], known, work)
            slot[u, k - 1], channel[u, k - 1] = s, c
            gains[u, k - 1] = known.effect[u, c, k - 1] * known.when[u, c, s] * known.tired[c, level]
            risks[u, k - 1] = known.hazard[u, c, k - 1] * known.wear[c, level]
            sums[u, 0] += gains[u, k - 1]
            sums[u, 1] += risks[u, k - 1]
            sums[u, 2] += risks[u, k - 1] * known.loss[u, c]
            sums[u, 3] += cost[c]
            k, s = k - 1, p
