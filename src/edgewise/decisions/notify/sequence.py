"""One person's sends over the days to come: the best set at given prices, found day by day.

A slot is a part of a person's own day in which at most one message is sent. Dynamic programming over (how many
sent, slot of the last one): the k-th send is worth

    effect[k] * when[slot] * tired[n]  -  hazard * wear[n] * loss  -  price of the channel

where n counts what was sent in the week before. What is best at a price is, over all people, what is best within
the budget that the price stands for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int8, Int32
from numba import njit

__all__ = ["Offers", "Sequences", "sequences"]


@dataclass(frozen=True, slots=True)
class Offers:
    """What could be sent to n people, and what is known of it.

    Attributes:
        effect: the gain of a channel's k-th best message, to somebody not messaged lately.
        when: a factor for the best permitted hour of each slot; 0 where nothing may be sent.
        minute: that hour, in minutes after the moment of the decision.
        hazard: the chance that a send of that message loses the channel, before it wears on.
        loss: what the channel is worth to keep, person by person.
        tired, wear: factors of the effect and of the hazard by how many were sent in the week before.
        past: how many of the week before count in each slot; `past_by` channel by channel.
        fixed: minute of a send that is settled already; -1 for none.
        caps: at most so many a week by channel; `cap` in all; `spacing` minutes between any two.
    """

    effect: Float32[np.ndarray, "n channels ranks"]
    when: Float32[np.ndarray, "n channels slots"]
    minute: Int32[np.ndarray, "n channels slots"]
    hazard: Float32[np.ndarray, "n channels ranks"]
    loss: Float32[np.ndarray, "n channels"]
    tired: Float32[np.ndarray, "channels counts"]
    wear: Float32[np.ndarray, "channels counts"]
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
        own = ("effect", "when", "minute", "hazard", "loss", "past", "past_by", "fixed")
        return Offers(**{f: getattr(self, f)[rows] if f in own else getattr(self, f) for f in _FIELDS})

    def without(self, channel: int) -> Offers:
        """The same without one channel."""
        when = self.when.copy()
        when[:, channel] = 0.0
        return Offers(**{f: when if f == "when" else getattr(self, f) for f in _FIELDS})


_FIELDS = tuple(Offers.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Sequences:
    """The sends of each person in order: slot and channel, -1 beyond the last; their sums person by person.

    `gain` is the effect, `lost` the expected number of lost channels, `worth` what these are worth, `spent` the cost.
    """

    slot: Int8[np.ndarray, "n most"]
    channel: Int8[np.ndarray, "n most"]
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
    sums = np.zeros((n, 4))
    _all(
        offers.effect, offers.when, offers.minute, offers.hazard, offers.loss, offers.tired, offers.wear,
        offers.past, offers.past_by, offers.fixed, offers.caps, offers.cap, offers.spacing,
        np.asarray(cost, np.float64), float(price), float(care), slot, channel, sums,
    )  # fmt: skip
    return Sequences(slot, channel, *sums.T.copy())


@njit(cache=True)
def _all(
    effect, when, minute, hazard, loss, tired, wear, past, past_by, fixed, caps, cap, spacing, cost, price, care,
    slot, channel, sums,
):  # type: ignore[no-untyped-def]  # fmt: skip  # numba reads the types off the arrays
    n, channels, slots = when.shape
    most, counts = slot.shape[1], tired.shape[1]
    best = np.empty((most + 1, slots))
    via = np.empty((most + 1, slots), np.int64)
    before = np.empty((most + 1, slots), np.int64)
    used = np.zeros((most + 1, slots, channels), np.int64)
    for u in range(n):
        best[:] = -np.inf
        extra = 1 if fixed[u] >= 0 else 0
        for s in range(slots):
            for c in range(channels):
                if when[u, c, s] <= 0.0:
                    continue
                at = minute[u, c, s]
                if extra and abs(at - fixed[u]) < spacing:
                    continue
                for k in range(1, min(most, s + 1) + 1):
                    sent = past[u, s] + extra + k - 1
                    if sent >= cap:
                        break
                    bin_ = min(sent, counts - 1)
                    step = (
                        effect[u, c, k - 1] * when[u, c, s] * tired[c, bin_]
                        - hazard[u, c, k - 1] * wear[c, bin_] * loss[u, c] * care
                        - price * cost[c]
                    )
                    if k == 1:
                        if past_by[u, c, s] < caps[c] and step > best[1, s]:
                            best[1, s], via[1, s], before[1, s] = step, c, -1
                            used[1, s, :] = 0
                            used[1, s, c] = 1
                        continue
                    for p in range(k - 2, s):
                        value = best[k - 1, p] + step
                        if value <= best[k, s] or past_by[u, c, s] + used[k - 1, p, c] >= caps[c]:
                            continue
                        if at - minute[u, via[k - 1, p], p] < spacing:
                            continue
                        best[k, s], via[k, s], before[k, s] = value, c, p
                        for d in range(channels):
                            used[k, s, d] = used[k - 1, p, d]
                        used[k, s, c] += 1
        top, many, last = 0.0, 0, -1
        for k in range(1, most + 1):
            for s in range(slots):
                if best[k, s] > top:
                    top, many, last = best[k, s], k, s
        k, s = many, last
        while k > 0:
            c = via[k, s]
            slot[u, k - 1], channel[u, k - 1] = s, c
            bin_ = min(past[u, s] + extra + k - 1, counts - 1)
            risk = hazard[u, c, k - 1] * wear[c, bin_]
            sums[u, 0] += effect[u, c, k - 1] * when[u, c, s] * tired[c, bin_]
            sums[u, 1] += risk
            sums[u, 2] += risk * loss[u, c]
            sums[u, 3] += cost[c]
            k, s = k - 1, before[k, s]
