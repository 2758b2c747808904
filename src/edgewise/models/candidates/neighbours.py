"""Channels over item-item graphs, each graph built from what was visible at the seeds' own anchor."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np

from edgewise.ids import MISSING
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Channel, Proposed
from edgewise.models.candidates.item_graph import ItemGraph, co_graph, next_graph
from edgewise.models.candidates.lowpass import low_pass_graph

__all__ = ["Next", "Together"]

#: Tastes that an ideal filter keeps.
TASTES = 256


@dataclass(frozen=True)
class Together(Channel):
    """Items met by those who met the entity's items. With `ideal` above 0, `low_pass_graph` adds so much."""

    width: int = 60
    recent: int = 100
    fade: float = 1.0
    alpha: float = 0.5
    beta: float = 0.5
    beta_to: float | None = None
    power: float = 1.0
    ideal: float = 0.0
    known: bool = False
    cap: int = 100
    neighbours: int = 50
    most_events: int = 2_000_000
    depth: int = 0
    name: str = "met together"

    def propose(self, asof: AsOf, rows: np.ndarray, at: np.ndarray) -> Proposed:
        """By the weights from the entity's items in the co-occurrence graph as of each anchor."""

        crowd, all_of = asof.crowd.history, asof.crowd.evidence

        def build(moment: int) -> ItemGraph:
            seen = crowd.until(moment).latest(self.most_events)
            if self.ideal > 0.0:
                return low_pass_graph(
                    seen, all_of.entities, all_of.items, neighbours=self.neighbours, cap=self.cap,
                    alpha=self.alpha, beta=self.beta, ideal=self.ideal, rank=TASTES,
                    beta_to=self.beta if self.beta_to is None else self.beta_to,
                )  # fmt: skip
            return co_graph(
                seen, all_of.entities, all_of.items,
                neighbours=self.neighbours, cap=self.cap, alpha=self.alpha, beta=self.beta, beta_to=self.beta_to,
                power=self.power,
            )  # fmt: skip

        shape = (self.alpha, self.beta, self.beta_to, self.power, self.ideal)
        key = ("together", self.neighbours, self.cap, *shape, self.most_events)
        return _walk(self, key, build, asof, rows, at)


@dataclass(frozen=True)
class Next(Channel):
    """Items that come soon after the entity's latest items."""

    width: int = 60
    recent: int = 20
    fade: float = 0.85
    known: bool = False
    neighbours: int = 30
    window: int = 3
    beta: float = 0.3
    beta_to: float | None = None
    reach: float = 1.0
    back: float = 0.0
    most_events: int = 400_000
    depth: int = 0
    name: str = "comes next"

    def propose(self, asof: AsOf, rows: np.ndarray, at: np.ndarray) -> Proposed:
        """By the weights from the entity's latest items in the transition graph as of each anchor."""

        crowd, all_of = asof.crowd.history, asof.crowd.evidence

        def build(moment: int) -> ItemGraph:
            return next_graph(
                crowd.until(moment).latest(self.most_events), all_of.entities, all_of.items,
                neighbours=self.neighbours, window=self.window, beta=self.beta, beta_to=self.beta_to,
                reach=self.reach, back=self.back,
            )  # fmt: skip

        shape = (self.window, self.beta, self.beta_to, self.reach, self.back)
        return _walk(self, ("next", self.neighbours, *shape, self.most_events), build, asof, rows, at)


def _walk(
    channel: Together | Next, key: Hashable, build: Callable[[int], ItemGraph], asof: AsOf,
    rows: np.ndarray, at: np.ndarray,
) -> Proposed:  # fmt: skip
    width = channel.width + channel.depth
    items = np.full((len(rows), width), MISSING, dtype=np.int64)
    scores = np.zeros((len(rows), width), dtype=np.float32)
    stamp = at // asof.grid * asof.grid
    for moment in np.unique(stamp):
        here = np.flatnonzero(stamp == moment)
        graph = asof.item_graph(key, int(moment), build)
        items[here], scores[here] = asof.spread(
            graph, rows[here], at[here],
            width=width, recent=channel.recent, fade=channel.fade, known=channel.known,
        )  # fmt: skip
    return Proposed(items, scores)
