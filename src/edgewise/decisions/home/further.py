"""Shelves that draw on more than a person's own list: other kinds of things, searches, collections, own mixes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from edgewise.decisions.asked import CROWD, Asked, worths
from edgewise.decisions.home.draft import WISHED, Draft, from_items, from_scored
from edgewise.decisions.home.shelves import by_worth
from edgewise.decisions.playlists.collections import matched
from edgewise.decisions.playlists.outline import outlines
from edgewise.decisions.project.file import ShelfEntry
from edgewise.decisions.recommend.search import found

__all__ = ["across", "collections", "inside", "mixes", "searched"]


def across(asked: Asked, entry: ShelfEntry) -> Iterator[Draft]:
    """Things of a kind that the person has no past in, from what they do with another kind."""
    source = entry.source
    crossing = asked.surfaces.crossings.get((source or "", entry.kind))
    if source is None or crossing is None or asked.personal(entry.kind):
        return
    scored = crossing.across(asked.taste(source), asked.catalogue.kinds[source], asked.at, 100)
    scored = replace(scored, value=scored.value * _within(asked, entry.kind, scored.value))
    many = asked.catalogue.kinds[entry.kind].many
    words = asked.catalogue.kinds[source].entry.did
    title = f"{many.capitalize()} that go with what you {words}"
    yield from_scored(asked, entry, scored, title, own=True, because_kind=source)


def _within(asked: Asked, kind: str, value: np.ndarray) -> np.float32:
    """What turns shares of people who ever took things into values like those of other shelves: the best is worth
    half of what is most popular now, as everything is of a kind that the person has no past in.
    """
    now = worths(asked.popular(kind))
    return np.float32(CROWD * now.max(initial=0.0) / max(float(value.max(initial=0.0)), 1e-9))


def searched(asked: Asked, entry: ShelfEntry) -> Iterator[Draft]:
    """What the last search found, and what is like the best of it."""
    for text in asked.person.searches[:1]:
        hits = found(asked, entry.kind, text, 60)
        if len(hits.items) == 0:
            continue
        like = asked.like(entry.kind, int(hits.items[0])).items
        items = np.concatenate([hits.items, like[~np.isin(like, hits.items)]])
        top = float(asked.worth(entry.kind, items).max())
        fit = np.full(len(items), 0.2 * float(hits.scores[-1]), dtype=np.float32)  # what is like it comes after
        fit[: len(hits.items)] = hits.scores
        title = "Because you searched for “{words}”"
        draft = from_items(asked, entry, items, title, "searched", value=top * fit, calibrated=False, words=text)
        yield replace(draft, weight=WISHED)


def collections(asked: Asked, entry: ShelfEntry) -> Iterator[Draft]:
    """Ready-made collections whose content is to the person's taste."""
    scored = matched(asked, entry.kind, 60)
    kind = asked.catalogue.kinds[entry.kind]
    things = asked.catalogue.collections[entry.kind].kind
    title = f"{kind.many.capitalize()} for you" if asked.personal(things) else kind.many.capitalize()
    yield from_items(asked, entry, scored.items, title, "content", value=scored.value, because=scored.because,
                     because_kind=things, calibrated=False)  # fmt: skip


def mixes(asked: Asked, entry: ShelfEntry) -> Iterator[Draft]:
    """The lists that are made for the person this week."""
    lists = outlines(asked)
    if not lists:
        return
    n = len(lists)
    worth = asked.worth(entry.kind, asked.for_user(entry.kind).items[:1])
    value = np.full(n, 0.7 * float(worth[0]) if len(worth) else 0.05) * 0.9 ** np.arange(n)
    draft = from_items(
        asked, entry, np.arange(n), "Made for you", "made for you", kind=entry.kind, value=value, calibrated=False
    )
    yield replace(draft, kind="mixes", titles=tuple(o.title for o in lists))


def inside(asked: Asked, entry: ShelfEntry) -> Iterator[Draft]:
    """The best things in a collection that is the person's, or else in one that matches their taste."""
    name = entry.source or ""
    collections = asked.catalogue.collections[name]
    titles = asked.catalogue.kinds[name]
    for row in matched(asked, name, 3 * entry.most).items[: entry.most].tolist():
        items, value = by_worth(asked, entry.kind, collections.items.of(row))
        label = titles.title(row)
        yield from_items(
            asked, entry, items, "From {thing}", "in a collection", value=value, calibrated=False,
            attribute=(name, label), thing=label,
        )  # fmt: skip
