"""Recommendations as lists of things: each with its rules, its words and what speaks for it."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Int64

from edgewise.decisions.asked import Asked
from edgewise.decisions.home.draft import Draft, from_items, from_scored
from edgewise.decisions.home.nouns import Thing
from edgewise.decisions.home.things import things_of
from edgewise.decisions.people import Person
from edgewise.decisions.pick import Picked, pick
from edgewise.decisions.playlists.collections import matched
from edgewise.decisions.project.file import ShelfEntry, ShelfKind
from edgewise.decisions.recommend.search import found
from edgewise.decisions.rules.report import Report
from edgewise.decisions.surfaces import Surfaces
from edgewise.prediction.nouns import Answers, Likeness, Scored

__all__ = ["for_basket", "for_person", "for_text", "like_thing", "popular_things", "why"]

#: The most candidates that a list is chosen from, beside the k that are asked for.
_WIDER: Final = 60


def for_person(answers: Answers, surfaces: Surfaces, person: Person, kind: str, at: int, k: int) -> Picked:
    """The best k things of a kind for a person, for a session, or for someone unknown.

    Collections are matched by what is in them; a kind without a past of the person's by what they do elsewhere.
    """
    asked = Asked(answers, surfaces, person, at)
    return pick(asked, _best(asked, kind), k)


def _best(asked: Asked, kind: str) -> Draft:
    entry = _entry("for_you", kind)
    if kind in asked.catalogue.collections:
        scored = matched(asked, kind, 200)
        return from_items(asked, entry, scored.items, "For you", "content", value=scored.value,
                          because=scored.because, because_kind=asked.catalogue.collections[kind].kind)  # fmt: skip
    if not asked.personal(kind):
        for (source, target), crossing in asked.surfaces.crossings.items():
            if target == kind and asked.personal(source):
                scored = crossing.across(asked.taste(source), asked.catalogue.kinds[source], asked.at, 200)
                return from_scored(asked, entry, scored, "For you", own=True, because_kind=source)
    return from_scored(asked, entry, asked.for_user(kind), "For you", own=True)


def popular_things(answers: Answers, surfaces: Surfaces, person: Person, kind: str, at: int, k: int) -> Picked:
    """The k most popular things, among people like the person where they are known."""
    asked = Asked(answers, surfaces, person, at)
    scored = asked.popular(kind, near=asked.personal(kind))
    return pick(
        asked, from_scored(asked, _entry("popular", kind), scored, "Popular", own=True), k, calibration=0.0
    )


def like_thing(
    answers: Answers, surfaces: Surfaces, person: Person, kind: str, item: int, at: int, k: int,
    how: Likeness = "similar",
) -> Picked:  # fmt: skip
    """The k things most like one: much the same, what goes with it, or what may stand in for it.

    The order is that of likeness: neither taste nor mix changes it, the rules do.
    """
    asked = Asked(answers, surfaces, person, at)
    scored = asked.like(kind, item, how, k + _WIDER)
    scored = scored.take(np.flatnonzero(scored.items != item))
    draft = from_items(
        asked,
        _entry("because", kind),
        scored.items,
        "Like it",
        _CHANNEL[how],
        value=_falling(scored),
        because=item,
    )
    return pick(asked, draft, k, diversity=0.0, calibration=0.0)


_CHANNEL: Final[dict[str, str]] = {
    "similar": "similar",
    "complement": "taken together",
    "substitute": "taken instead",
}


def for_basket(
    answers: Answers,
    surfaces: Surfaces,
    person: Person,
    kind: str,
    items: Int64[np.ndarray, " m"],
    at: int,
    k: int,
) -> Picked:
    """The k best things to go with a basket, its last thing last."""
    asked = Asked(answers, surfaces, person, at)
    items = np.asarray(items, dtype=np.int64)
    items = items[(items >= 0) & (items < len(asked.catalogue.kinds[kind]))]
    if len(items) == 0:
        return for_person(answers, surfaces, person, kind, at, k)
    scored = asked.for_items(kind, items, k + _WIDER)
    scored = scored.take(np.flatnonzero(~np.isin(scored.items, items)))
    draft = from_scored(asked, _entry("together", kind), scored, "Goes with it", own=True)
    return pick(asked, draft, k, diversity=0.0, calibration=0.0)


def for_text(
    answers: Answers, surfaces: Surfaces, person: Person, text: str, at: int, k: int, kind: str | None = None
) -> Picked:
    """The k best things that a text finds, of one kind or of all, the person's taste deciding between equals."""
    asked = Asked(answers, surfaces, person, at)
    kinds = [kind] if kind is not None else [n for n in surfaces.texts if len(surfaces.texts[n].terms)]
    picked = []
    for name in kinds:
        hits = found(asked, name, text, k + _WIDER)
        draft = from_items(asked, _entry("searched", name), hits.items, text, "searched", value=hits.scores)
        picked.append(pick(asked, draft, k, diversity=0.0, calibration=0.0))
    things = sorted((t for p in picked for t in p.things), key=lambda t: -t.value)[:k]
    if len(picked) == 1:
        return picked[0]
    removed = {rule: count for p in picked for rule, count in p.report.removed.items()}
    return Picked(tuple(things), Report(removed))


def why(answers: Answers, surfaces: Surfaces, person: Person, kind: str, item: int, at: int) -> Thing:
    """Why a thing is, or would be, proposed to a person: the thing with its words and the data behind them."""
    asked = Asked(answers, surfaces, person, at)
    if not 0 <= item < len(asked.catalogue.kinds[kind]):
        return Thing(kind, item, "", float("nan"), "It came since the catalogue was read.", "none")
    draft = _best(asked, kind)
    place = np.flatnonzero(draft.items == item)
    if len(place) == 0:
        draft = from_items(asked, _entry("for_you", kind), np.array([item], dtype=np.int64), "For you", "none")
        place = np.zeros(1, dtype=np.int64)
    place = place[:1]
    return things_of(asked, draft, place, draft.value[place], np.ones(1), np.zeros(1, dtype=bool))[0]


def _entry(shelf: ShelfKind, kind: str) -> ShelfEntry:
    return ShelfEntry(shelf=shelf, kind=kind)


def _falling(scored: Scored) -> np.ndarray:
    """Values that fall with the place, whatever the scores mean."""
    return (1.0 / (1.0 + np.arange(len(scored)))).astype(np.float32)
