"""Lists made for one person: new to them, mixes by taste, on repeat, new releases. New on Mondays."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Float32

from edgewise.clock import DAY
from edgewise.decisions.asked import Asked
from edgewise.decisions.draws import draw, jitter
from edgewise.decisions.home.draft import Draft, from_items
from edgewise.decisions.home.nouns import Thing
from edgewise.decisions.home.shelves import by_worth, due_first
from edgewise.decisions.people import Person
from edgewise.decisions.pick import pick
from edgewise.decisions.playlists.cluster import vectors
from edgewise.decisions.playlists.outline import as_of_monday, outlines
from edgewise.decisions.playlists.sequence import sequence
from edgewise.decisions.playlists.week import Outline
from edgewise.decisions.project.file import ListsEntry, ShelfEntry
from edgewise.decisions.rules.judge import judge, one_person
from edgewise.decisions.rules.report import Report
from edgewise.decisions.surfaces import Surfaces
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Answers

__all__ = ["CuratedList", "curated", "curated_list"]

#: The share of a mix that the person knows already.
_FAMILIAR: Final = 0.5
#: How much chance stirs the values of new things, so that a week differs from the one before.
_STIR: Final = 0.25
_FRESH: Final = 28 * DAY


@dataclass(frozen=True, slots=True)
class CuratedList:
    """A list in its order. `week` is the moment it was made as of; among `gap` things in a row no creator comes
    twice, which is less than the project asks for only where nothing else is possible.
    """

    name: str
    title: str
    about: str
    kind: str
    things: tuple[Thing, ...]
    week: int
    gap: int
    report: Report


def curated(
    answers: Answers, surfaces: Surfaces, person: Person, at: int, *, random_seed: int | None = None
) -> tuple[CuratedList, ...]:
    """All lists of the person's week. Lists with nothing in them are left out."""
    asked = Asked(answers, surfaces, person, at, random_seed)
    return tuple(one for one in _made(asked, outlines(asked)) if one.things)


def curated_list(
    answers: Answers, surfaces: Surfaces, person: Person, at: int, name: str, *, random_seed: int | None = None
) -> CuratedList | None:
    """One list by its name; None where this week has none of that name."""
    asked = Asked(answers, surfaces, person, at, random_seed)
    return next(_made(asked, [o for o in outlines(asked) if o.name == name]), None)


def _made(asked: Asked, wanted: Iterable[Outline]) -> Iterator[CuratedList]:
    entry = asked.catalogue.project.surfaces.playlists
    if entry is None:
        return
    then = as_of_monday(asked, entry.kind)  # one request for all lists: each answer is asked for once
    for outline in wanted:
        yield _list(asked, then, entry, outline)


def _list(asked: Asked, then: Asked, entry: ListsEntry, outline: Outline) -> CuratedList:
    draft = _DRAFTS[outline.list](then, entry, outline)
    most = max(1, math.ceil(entry.length / entry.gap))
    found = pick(then, draft, entry.length, calibration=0.0, of_creator=most)
    things = _allowed(asked, found.things)
    kind = asked.catalogue.kinds[entry.kind]
    items = np.array([t.item for t in things], dtype=np.int64)
    worth = np.array([t.value for t in things], dtype=np.float32)
    order, gap = sequence(kind.creator.codes[items].astype(np.int64), vectors(kind, items), worth, entry.gap)
    return CuratedList(
        outline.name, outline.title, outline.about, entry.kind, tuple(things[i] for i in order), then.at, gap,
        found.report,
    )  # fmt: skip


def _allowed(asked: Asked, things: tuple[Thing, ...]) -> tuple[Thing, ...]:
    """Without what the person hid since the list was made, or what the rules have come to forbid."""
    if not things:
        return ()
    items = np.array([t.item for t in things], dtype=np.int64)
    people = one_person(asked.person, {})
    owner = np.zeros(len(items), dtype=np.int64)
    kept = judge(asked.surfaces.rules, things[0].kind, items, owner, people, asked.at, soft=False).kept
    return tuple(thing for thing, keep in zip(things, kept, strict=True) if keep)


def _new_to_you(then: Asked, entry: ListsEntry, outline: Outline) -> Draft:
    """The person's best among what they never met; creators that they never met count a little more."""
    scored, taste = then.for_user(entry.kind), then.taste(entry.kind)
    new = scored.take(np.flatnonzero(~np.isin(scored.items, taste.items)))
    creator = then.catalogue.kinds[entry.kind].creator.codes[new.items]
    value = (
        then.worth(entry.kind, new.items) * np.where(taste.knows(creator), 1.0, 1.3) * _stirred(then, new.items)
    )
    draft = _draft(then, entry, outline, new.items, value, "new to you")
    return replace(
        draft, channels=new.channels, channel=new.channel[: len(draft)], because=new.because[: len(draft)]
    )


def _mix(then: Asked, entry: ListsEntry, outline: Outline) -> Draft:
    """What the mix is made around, and what goes with it."""
    familiar = outline.start[: max(1, int(entry.length * _FAMILIAR))]
    around = then.for_items(entry.kind, outline.start[:20][::-1], 4 * entry.length).items
    new = around[~np.isin(around, outline.start)]
    value = np.concatenate([
        2.0 - np.arange(len(familiar)) / max(len(familiar), 1),
        _stirred(then, new) * np.linspace(1.0, 0.3, len(new)),
    ])  # fmt: skip
    led = np.concatenate([familiar, np.full(len(new), outline.start[0] if len(outline.start) else MISSING)])
    items = np.concatenate([familiar, new])
    return replace(_draft(then, entry, outline, items, value, "mix"), because=led[: len(items)])


def _on_repeat(then: Asked, entry: ListsEntry, outline: Outline) -> Draft:
    """What the person took before and is likely to take again, then what they took last."""
    items = due_first(then, entry.kind)[: 2 * entry.length]
    draft = _draft(then, entry, outline, items, np.linspace(1.0, 0.2, len(items)), "taken before")
    return replace(draft, because=draft.items)


def _new_releases(then: Asked, entry: ListsEntry, outline: Outline) -> Draft:
    kind = then.catalogue.kinds[entry.kind]
    fresh = kind.released_between(then.at - _FRESH, then.at)
    items, value = by_worth(then, entry.kind, fresh)
    return _draft(then, entry, outline, items, value, "new")


_DRAFTS: Final = {
    "new_to_you": _new_to_you,
    "mixes": _mix,
    "on_repeat": _on_repeat,
    "new_releases": _new_releases,
}


def _draft(
    then: Asked, entry: ListsEntry, outline: Outline, items: np.ndarray, value: np.ndarray | None, channel: str
) -> Draft:
    slot = ShelfEntry.model_construct(shelf=outline.list, kind=entry.kind, title=outline.title)
    return from_items(then, slot, items, outline.title, channel, value=value)


def _stirred(then: Asked, items: np.ndarray) -> Float32[np.ndarray, " n"]:
    """Factors around 1, drawn for this person, week and thing."""
    chance = draw(then.random_seed, then.person.name, then.at // DAY, 1)
    return (1.0 + _STIR * (2.0 * jitter(chance, items) - 1.0)).astype(np.float32)
