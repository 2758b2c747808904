"""What the service asks for, in row ids: a page, a list, playlists, a search, a reason.

`PlainDesk` answers from `Answers` alone, for runs that are served without a project file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int64

from edgewise.clock import from_micros
from edgewise.errors import ArgumentError, proposal
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Answers, Event, Likeness, Scored
from edgewise.serving.exploration import Exploration

__all__ = ["Ask", "Desk", "ListRows", "PageRows", "PlainDesk", "Row", "Why", "explored", "known_kind", "rows_of"]


class Row(NamedTuple):
    """A thing at a place. `channel` speaks most for it; `because` is a row of table `because_kind`, MISSING where
    there is none; `reason` is a sentence, "" where the channel says it all. `title` is that of a thing which is a
    row of no table, such as a mix made for the person.
    """

    kind: str
    item: int
    score: float
    value: float
    channel: str
    because: int = MISSING
    because_kind: str = ""
    propensity: float = 1.0
    reason: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class ListRows:
    """A shelf or a playlist: its name, the title that says why, the things in order."""

    name: str
    title: str
    kind: str
    rows: Sequence[Row]
    until: int | None = None


@dataclass(frozen=True, slots=True)
class PageRows:
    """Several lists, and what a person should know about them."""

    lists: Sequence[ListRows]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks, and when: `row` is the person's row id, MISSING for someone unknown; `at` in microseconds.

    `user` is the key as it was given; `exposure` names the answer; `session` holds (kind, row) of what an
    anonymous session met, latest last. A `look` is by somebody else, and is not remembered as shown.
    """

    row: int
    at: int
    user: str
    exposure: str
    session: Sequence[tuple[str, int]] = field(default=())
    look: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """Why a thing is proposed: a sentence, and what the person did that speaks for it, as rows."""

    sentence: str
    channel: str
    because: Sequence[tuple[str, int, int]]  # table, row, microseconds


class Desk(Protocol):
    """Who puts answers together. Every method sees what is known at `ask.at`, nothing later."""

    @property
    def hears(self) -> frozenset[str]:
        """The tables whose rows it must hear of again after a restart."""

    @property
    def offers(self) -> tuple[str, ...]:
        """The kinds of things that it can list: what the model ranks, and collections of it."""

    def title(self, kind: str, row: int) -> str | None:
        """How a thing is shown; None where nothing says."""

    def creator(self, kind: str, row: int) -> str:
        """Who made a thing; "" where nothing says."""

    def home(self, ask: Ask) -> PageRows:
        """The page of a person."""

    def recommend(self, ask: Ask, kind: str, k: int) -> Sequence[Row]:
        """The best k things of a kind for a person, or for a session."""

    def segment(self, ask: Ask, kind: str, k: int) -> Sequence[Row]:
        """What is popular, among people like the person where one is known."""

    def similar(self, ask: Ask, kind: str, item: int, k: int, how: Likeness) -> Sequence[Row]:
        """The k things most like one."""

    def playlists(self, ask: Ask) -> PageRows:
        """A person's playlists."""

    def search(self, ask: Ask, text: str, kind: str | None, k: int) -> Sequence[Row]:
        """The k best things that a text names, the person's taste included."""

    def why(self, ask: Ask, kind: str, item: int) -> Why:
        """Why a thing is or would be proposed to a person."""

    def searched(self, user: str, text: str) -> None:
        """Know what a person has searched for."""

    def observe(self, event: Event) -> None:
        """Hear of what is no row of the model's tables, such as feedback, before the next answer."""

    def heard(self) -> None:
        """Know that the model has seen all that was heard so far."""

    def forget(self, user: str) -> None:
        """Drop what is kept of a person, by key."""


class PlainDesk:
    """Lists straight from `Answers`: a page has a shelf of what was met before and one for each kind."""

    def __init__(
        self, answers: Answers, titles: dict[str, str], exploration: Exploration | None = None, shelf: int = 12
    ) -> None:
        self._answers = answers
        self._titles = titles
        self._explore = exploration or Exploration(epsilon=0.0)
        self._shelf = shelf
        self.hears: frozenset[str] = frozenset()
        self.offers: tuple[str, ...] = tuple(answers.kinds)

    def title(self, kind: str, row: int) -> str | None:
        """The value of the column that titles this kind."""
        column = self._titles.get(kind)
        if column is None or row < 0:
            return None
        titles = self._answers.column(kind, column)
        title = titles[row].as_py() if row < len(titles) else None
        return None if title is None else str(title)

    def creator(self, kind: str, row: int) -> str:
        """Nothing says: that takes a project file."""
        return ""

    def home(self, ask: Ask) -> PageRows:
        """A shelf a kind, and no thing twice."""
        lists = []
        for kind in self._answers.kinds:
            rows = self.recommend(ask, kind, self._shelf)
            if rows:
                lists.append(ListRows(f"for-you-{kind}", f"{_words(kind)} for you", kind, rows))
        return PageRows(lists)

    def recommend(self, ask: Ask, kind: str, k: int) -> Sequence[Row]:
        """As the model ranks them, explored a little; a session's things count as a basket."""
        basket = [row for table, row in ask.session if table == kind]
        wanted = k + self._explore.reserve
        if basket:
            items = np.asarray(basket, dtype=np.int64)
            ranked = rows_of(self._answers.for_items(kind, items, ask.at, wanted))
        else:
            ranked = rows_of(self._answers.for_user(kind, ask.row, ask.at, wanted))
        return explored(ranked, k, self._explore, f"{ask.exposure}/{kind}")

    def segment(self, ask: Ask, kind: str, k: int) -> Sequence[Row]:
        """As `Answers.popular` has it."""
        return rows_of(self._answers.popular(kind, ask.at, k, ask.row))

    def similar(self, ask: Ask, kind: str, item: int, k: int, how: Likeness) -> Sequence[Row]:
        """As `Answers.like` has it."""
        return rows_of(self._answers.like(kind, item, ask.at, k, how))

    def playlists(self, ask: Ask) -> PageRows:
        """One list a kind: a project file says more about playlists."""
        return self.home(ask)

    def search(self, ask: Ask, text: str, kind: str | None, k: int) -> Sequence[Row]:
        """Things whose title holds every word, those the person would like first."""
        words = text.casefold().split()
        found: list[Row] = []
        for table in (kind,) if kind is not None else self._answers.kinds:
            hits = self._hits(table, words)
            if len(hits):
                found += self._ranked(ask, table, hits, k)
        return sorted(found, key=lambda row: -row.score)[:k]

    def why(self, ask: Ask, kind: str, item: int) -> Why:
        """The channel that proposes it, and the things of the past that are most like it."""
        ranked = self._answers.for_user(kind, ask.row, ask.at, 500)
        at = np.flatnonzero(ranked.items == item)
        channel = ranked.channels[ranked.channel[at[0]]] if len(at) else "none"
        past = self._answers.past(kind, ask.row, ask.at, 50) if ask.row != MISSING else None
        because = int(ranked.because[at[0]]) if len(at) else MISSING
        named = [] if past is None else [
            (kind, int(i), int(t)) for i, t in zip(past.items, past.at, strict=True) if i in (item, because)
        ]  # fmt: skip
        place = f"it is number {int(at[0]) + 1} of {len(ranked)}" if len(at) else "it is not among the first 500"
        since = f"; last met on {from_micros(named[0][2]).date()}" if named and named[0][1] == item else ""
        return Why(f"By the channel '{channel}' {place}{since}.", channel, named)

    def searched(self, user: str, text: str) -> None:
        """Nothing is kept here."""

    def observe(self, event: Event) -> None:
        """Nothing is kept here: lists straight from the model know no feedback."""

    def heard(self) -> None:
        """Nothing is kept here."""

    def forget(self, user: str) -> None:
        """Nothing is kept here."""

    def _hits(self, kind: str, words: list[str]) -> Int64[np.ndarray, " hits"]:
        column = self._titles.get(kind)
        if column is None or not words:
            return np.zeros(0, dtype=np.int64)
        titles = pc.utf8_lower(pc.cast(self._answers.column(kind, column), pa.string()))
        mask = np.ones(len(titles), dtype=bool)
        for word in words:
            mask &= pc.fill_null(pc.match_substring(titles, word), False).to_numpy(zero_copy_only=False)
        return np.flatnonzero(mask)

    def _ranked(self, ask: Ask, kind: str, hits: Int64[np.ndarray, " hits"], k: int) -> list[Row]:
        liked = self._answers.for_user(kind, ask.row, ask.at, 500)
        place = {int(item): i for i, item in enumerate(liked.items)}
        order = sorted(hits[:5000].tolist(), key=lambda item: place.get(item, len(place)))
        return [
            Row(kind, item, 1.0 / (1 + place.get(item, len(place))), float("nan"), "search") for item in order[:k]
        ]


def rows_of(scored: Scored) -> list[Row]:
    """The things of an answer as rows."""
    return [
        Row(scored.kind, item, score, value, scored.channels[channel], because, scored.kind)
        for item, score, value, channel, because in zip(
            scored.items.tolist(), scored.scores.tolist(), scored.value.tolist(), scored.channel.tolist(),
            scored.because.tolist(), strict=True,
        )
    ]  # fmt: skip


def explored(ranked: Sequence[Row], k: int, exploration: Exploration, exposure: str, pinned: int = 0) -> list[Row]:
    """The k places of a list, explored, each with the chance that it shows what it shows. The first `pinned`
    places stay as they are.
    """
    shown = replace(exploration, head=max(exploration.head, pinned)).show(len(ranked), k, exposure)
    return [
        ranked[place]._replace(propensity=chance)
        for place, chance in zip(shown.order.tolist(), shown.propensity.tolist(), strict=True)
    ]


def known_kind(kind: str | None, kinds: Sequence[str]) -> str:
    """A kind by its name; the only one, or the first, where none is given.

    Raises:
        ArgumentError: there is no such kind.
    """
    if kind is None:
        return kinds[0]
    if kind not in kinds:
        raise ArgumentError(
            f"there is no kind '{kind[:100]}'", hint=proposal(kind[:100], kinds, f"kinds: {', '.join(kinds)}")
        )
    return kind


def _words(kind: str) -> str:
    return kind.replace("_", " ").capitalize()
