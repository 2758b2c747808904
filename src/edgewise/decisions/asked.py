"""One request: the answers that a page or list needs, each asked for once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Final

import numpy as np
from jaxtyping import Float32, Int32, Int64
from numba import njit

from edgewise.decisions.people import Person
from edgewise.decisions.surfaces import Surfaces
from edgewise.decisions.taste import Taste, mix_of, taste_of
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Answers, Likeness, Past, Scored

__all__ = ["CROWD", "Asked", "worth_of", "worths"]

#: How many things are asked for: for a person, that they met, that are popular, that are like another. Lists that
#: are filled up read 100 popular things more than they are long, and the live state keeps the order of 256.
DEEP: Final = 150
PAST: Final = 200
POPULAR: Final = 120
LIKE: Final = 60
#: How much weight the crowd's mix has beside a person's own, counted in recent events.
PRIOR: Final = 2.0
#: What things of a kind that the person has no past in are worth to them, beside what they are to the crowd.
CROWD: Final = np.float32(0.5)


class Asked:
    """Answers for one person at one moment. Items that the catalogue does not know yet are left out."""

    def __init__(
        self, answers: Answers, surfaces: Surfaces, person: Person, at: int, random_seed: int | None = None
    ) -> None:
        self.answers, self.surfaces, self.person, self.at = answers, surfaces, person, at
        self.catalogue = surfaces.catalogue
        self.random_seed = self.catalogue.project.random_seed if random_seed is None else random_seed
        self._for: dict[str, Scored] = {}
        self._past: dict[str, Past] = {}
        self._popular: dict[tuple[str, bool], Scored] = {}
        self._taste: dict[str, Taste] = {}
        self._mix: dict[str, np.ndarray] = {}
        self._worth: dict[str, tuple[np.ndarray, float]] = {}
        self._met: dict[str, np.ndarray] = {}
        self._said: dict[Hashable, str] = {}

    def once(self, what: Hashable, say: Callable[[], str]) -> str:
        """Words that many things of one page share, made once."""
        said = self._said.get(what)
        if said is None:
            said = self._said[what] = say()
        return said

    def answers_for(self, kind: str) -> bool:
        """Whether things of a kind can be proposed."""
        return kind in self.answers.kinds

    @cached_property
    def known(self) -> bool:
        """Whether anything at all is known that tells this person from others."""
        return any(self.personal(kind) for kind in self.catalogue.project.items)

    @cached_property
    def half_life(self) -> float:
        """After how many days an event counts half."""
        return self.catalogue.project.surfaces.home.half_life

    def session(self, kind: str) -> Int64[np.ndarray, " n"]:
        """What the person met in a session that the state does not know, the last thing last."""
        size = len(self.catalogue.kinds[kind])
        return np.array([i for k, i in self.person.session if k == kind and 0 <= i < size], dtype=np.int64)

    def personal(self, kind: str) -> bool:
        """Whether anything is known that tells this person from others, for things of a kind."""
        return len(self.past(kind).items) > 0

    def for_user(self, kind: str) -> Scored:
        """The best things for the person; from the session where they are unknown."""
        if kind not in self._for:
            session = self.session(kind)
            if not self.answers_for(kind):
                found = Scored.none(kind)
            elif self.person.row == MISSING and len(session):
                found = self.for_items(kind, session, DEEP)
            else:
                found = self._known(kind, self.answers.for_user(kind, self.person.row, self.at, DEEP))
            self._for[kind] = found
        return self._for[kind]

    def for_items(self, kind: str, items: Int64[np.ndarray, " n"], k: int) -> Scored:
        """What goes with things that were met, the last one last."""
        if not self.answers_for(kind):
            return Scored.none(kind)
        return self._known(kind, self.answers.for_items(kind, items, self.at, k))

    def past(self, kind: str) -> Past:
        """What the person met, latest first, each once; the session counts as now."""
        if kind not in self._past:
            past = Past(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
            if self.answers_for(kind) and self.person.row != MISSING:
                past = self.answers.past(kind, self.person.row, self.at, PAST)
                known = past.items < len(self.catalogue.kinds[kind])
                past = past if known.all() else Past(past.items[known], past.at[known])
            session = self.session(kind)[::-1]
            if len(session):
                items = np.concatenate([session, past.items])
                at = np.concatenate([np.full(len(session), self.at, dtype=np.int64), past.at])
                first = np.sort(np.unique(items, return_index=True)[1])
                past = Past(items[first], at[first])
            self._past[kind] = past
        return self._past[kind]

    def popular(self, kind: str, near: bool = False) -> Scored:
        """What is popular, `near`: among people like the person."""
        near = near and self.person.row != MISSING
        if (kind, near) not in self._popular:
            found = Scored.none(kind)
            if self.answers_for(kind):
                row = self.person.row if near else MISSING
                found = self._known(kind, self.answers.popular(kind, self.at, POPULAR, row))
            self._popular[kind, near] = found
        return self._popular[kind, near]

    def like(self, kind: str, item: int, how: Likeness = "similar", k: int = LIKE) -> Scored:
        """What is like a thing."""
        if not self.answers_for(kind):
            return Scored.none(kind)
        return self._known(kind, self.answers.like(kind, item, self.at, k, how))

    def taste(self, kind: str) -> Taste:
        """The person's taste in things of a kind."""
        if kind not in self._taste:
            self._taste[kind] = taste_of(self.catalogue.kinds[kind], self.past(kind), self.half_life)
        return self._taste[kind]

    def mix(self, kind: str) -> Float32[np.ndarray, " categories"]:
        """The mix of categories that a page should keep to: the person's, and the crowd's where that is thin."""
        if kind not in self._mix:
            taste, codes = self.taste(kind), self.catalogue.kinds[kind].category
            crowd = self.popular(kind).items
            prior = mix_of(codes.codes[crowd], np.ones(len(crowd), dtype=np.float32), len(codes.labels))
            own = float(taste.weight.sum())
            self._mix[kind] = (taste.category * own + prior * PRIOR) / (own + PRIOR)
        return self._mix[kind]

    def worth(self, kind: str, items: Int64[np.ndarray, " n"]) -> Float32[np.ndarray, " n"]:
        """The value of things to the person: by their own list, by what is popular, or by nearness to taste."""
        if kind not in self._worth:
            self._worth[kind] = self._worth_of(kind)
        known, floor = self._worth[kind]
        whose, near = self.catalogue.kinds[kind], self.taste(kind).near
        crowd = self.known and not self.personal(kind)
        return worth_of(
            np.asarray(items, dtype=np.int64), known, np.float32(0.5 * floor), whose.category.codes,
            whose.creator.codes, near[0], near[1], CROWD if crowd else np.float32(1.0),
        )  # fmt: skip

    def _worth_of(self, kind: str) -> tuple[Float32[np.ndarray, " rows"], float]:
        """Values by row, 0 where nothing is known, and the least of the person's own list."""
        own, crowd = self.for_user(kind), self.popular(kind)
        values = worths(own)
        floor = float(values.min(initial=0.05))
        known = np.zeros(len(self.catalogue.kinds[kind]), dtype=np.float32)
        known[crowd.items] = np.minimum(worths(crowd), floor)  # what the own list has not is worth no more
        known[own.items] = values
        return known, floor

    def met(self, kind: str) -> Int32[np.ndarray, " rows"]:
        """By row, the place of a thing in the person's past, counted from 1; 0 for what they never met."""
        if kind not in self._met:
            past = self.past(kind).items
            place = np.zeros(len(self.catalogue.kinds[kind]), dtype=np.int32)
            place[past] = np.arange(1, len(past) + 1)
            self._met[kind] = place
        return self._met[kind]

    def _known(self, kind: str, scored: Scored) -> Scored:
        known = scored.items < len(self.catalogue.kinds[kind])
        return scored if known.all() else scored.take(np.flatnonzero(known))


@njit(cache=True)
def worth_of(
    items: np.ndarray, known: np.ndarray, unknown: np.float32, category: np.ndarray, creator: np.ndarray,
    near_category: np.ndarray, near_creator: np.ndarray, times: np.float32,
) -> np.ndarray:  # fmt: skip
    """The value of each thing where it is `known` (by row, 0 where not), else `unknown` by nearness to taste.

    Codes of -1 read the 0 at the end of what is near.
    """
    value = np.empty(len(items), dtype=np.float32)
    for i in range(len(items)):
        row = items[i]
        value[i] = known[row]
        if value[i] == 0.0:
            near = near_category[category[row]] + near_creator[creator[row]]
            value[i] = unknown * (np.float32(0.3) + np.float32(0.7) * near)
        value[i] *= times
    return value


def worths(scored: Scored) -> Float32[np.ndarray, " n"]:
    """The value of each thing: its probability where known, otherwise a value that falls with its place."""
    fallback = (0.1 / (2.0 + np.arange(len(scored)))).astype(np.float32)
    known = np.isfinite(scored.value)
    if known.all():
        return np.maximum(scored.value, 1e-9).astype(np.float32)
    low = float(scored.value[known].min()) if known.any() else 0.1
    return np.where(known, np.maximum(scored.value, 1e-9), np.minimum(fallback, low)).astype(np.float32)
