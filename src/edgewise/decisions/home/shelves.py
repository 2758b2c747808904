"""The shelves that a person's own list and past make, one function a kind of shelf."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from edgewise.clock import DAY, HOUR
from edgewise.decisions.asked import Asked, worths
from edgewise.decisions.home.draft import DEEPEST, WIDE, WISHED, Draft, from_items, from_scored
from edgewise.decisions.project.file import ShelfEntry
from edgewise.decisions.taste import mix_of
from edgewise.ids import MISSING

__all__ = ["again", "back", "because", "for_you", "more", "new", "new_from", "popular", "together"]

#: How far back a shelf looks for something to begin with.
_RECENT: Final = 20
#: The channel of what the person met before, further back than is read here too.
_OWN: Final = "own items"
#: Things taken within this time of each other are one basket or session.
_VISIT: Final = HOUR


def for_you(asked: Asked, entry: ShelfEntry) -> Iterator[Draft]:
    """The best things for the person; those they know already have shelves of their own."""
    if not asked.personal(entry.kind):
        return
    scored = asked.for_user(entry.kind)
    apart = any(s.kind == entry.kind and s.shelf == "again" for s in asked.catalogue.shelves)
    if apart:
        known = np.array([name == _OWN for name in scored.channels])[scored.channel]
        scored = scored.take(np.flatnonzero((asked.met(entry.kind)[scored.items] == 0) & ~known))
    title = "Picked for you" if main(asked, entry.kind) else f"{plural(asked, entry.kind)} for you"
    yield from_scored(asked, entry, scored, title, own=True)


def because(asked: Asked, entry: ShelfEntry) -> Iterator[Draft]:
    """Things like one that the person met lately, or asked for more of; each shelf begins with another creator."""
    kind = asked.catalogue.kinds[entry.kind]
    liked = np.array(asked.person.feedback.more.get(entry.kind, ())[::-1], dtype=np.int64)
    recent = np.concatenate([liked[liked < len(kind)], asked.past(entry.kind).items[:_RECENT]])
    seen: set[object] = set()
    for item in recent.tolist():
        creator = int(kind.creator.codes[item])
        mark = creator if creator >= 0 else (int(kind.category.codes[item]), "category")
        if mark in seen:
            continue
        seen.add(mark)
        scored = asked.like(entry.kind, item)
        if item in liked:
            title = "Because you want more like {thing}"
        else:
            title = f"Because you {kind.entry.did} {{thing}}"
        scored = scored.take(np.flatnonzero(scored.items != item))
        draft = from_items(
            asked, entry, scored.items, title, "similar", because=item, calibrated=False, thing=kind.title(item)
        )
        if len(draft):
            yield replace(draft, weight=WISHED) if item in liked else draft
        if len(seen) > entry.most:  # one to spare
            return


def again(asked: Asked, entry: ShelfEntry) -> Iterator[Draft]:
    """What the person took before and is likely to take again, then what they took last."""
    items = due_first(asked, entry.kind)
    title = asked.catalogue.kinds[entry.kind].entry.again
    if not main(asked, entry.kind):
        title = f"{title}: {asked.catalogue.kinds[entry.kind].many}"
    yield from_items(asked, entry, items, title, "taken before", because=items)


def back(asked: Asked, entry: ShelfEntry) -> Iterator[Draft]:
    """What the person met last, the latest first."""
    past = asked.past(entry.kind)
    near = np.exp2(-(asked.at - past.at) / (7.0 * DAY)).astype(np.float32)
    value = asked.worth(entry.kind, past.items) * (0.5 + near)
    yield from_items(
        asked, entry, past.items, "Jump back in", "met lately", value=value, because=past.items, calibrated=False
    )


def new(asked: Asked, entry: ShelfEntry) -> Iterator[Draft]:
    """What came out lately, by how near it is to the person's taste."""
    kind = asked.catalogue.kinds[entry.kind]
    fresh = kind.released_between(asked.at - _fresh(asked), asked.at)
    if len(fresh) == 0 or len(fresh) == len(kind):
        return
    title = "New releases for you" if asked.personal(entry.kind) else f"New {kind.many}"
    items, value = by_worth(asked, entry.kind, fresh)
    yield from_items(asked, entry, items, title, "new", value=value)


def new_from(asked: Asked, entry: ShelfEntry) -> Iterator[Draft]:
    """What came out lately by creators that the person follows or knows."""
    kind = asked.catalogue.kinds[entry.kind]
    fresh = kind.released_between(asked.at - _fresh(asked), asked.at)
    if len(fresh) == 0 or len(fresh) == len(kind):
        return
    table = kind.creator.table
    many = kind.entry.creators or table or "makers"
    codes = kind.creator.codes[fresh]
    if table is not None and table in asked.catalogue.kinds and asked.answers_for(table):
        word, followed = kind.entry.follow, asked.past(table).items
        led = codes.astype(np.int64)
        mine = fresh[np.isin(codes, followed)]
        led = led[np.isin(codes, followed)]
    else:
        word, taste = "know", asked.taste(entry.kind)
        known = taste.knows(codes)
        mine, led, table = fresh[known], np.full(int(known.sum()), MISSING, dtype=np.int64), None
    value = asked.worth(entry.kind, mine)
    order = np.argsort(-value, kind="stable")
    yield from_items(
        asked, entry, mine[order], f"New from {many} you {word}", "new from a creator", value=value[order],
        because=led[order], because_kind=table, calibrated=False,
    )  # fmt: skip


def more(asked: Asked, entry: ShelfEntry) -> Iterator[Draft]:
    """More of the categories (or creators) that a person likes best; of the most popular ones for the unknown."""
    kind = asked.catalogue.kinds[entry.kind]
    codes = kind.codes(entry.by)
    personal = asked.personal(entry.kind)
    shares = asked.mix(entry.kind)
    if entry.by != "category" or not personal:
        taste = asked.taste(entry.kind)
        seen, weight = taste.items, taste.weight
        if not personal:
            seen, weight = asked.popular(entry.kind).items, np.ones(len(asked.popular(entry.kind)), np.float32)
        shares = mix_of(codes.codes[seen], weight, len(codes.labels))
    pool = np.concatenate([asked.for_user(entry.kind).items, asked.popular(entry.kind).items])
    pool = first_of_each(pool)
    for code in np.argsort(-shares, kind="stable")[: entry.most + 1].tolist():
        if shares[code] <= 0:
            return
        mine = pool[codes.codes[pool] == code]
        if len(mine) < WIDE:
            mine = first_of_each(np.concatenate([mine, codes.rows_of(code)[:DEEPEST]]))
        label = codes.label(code)
        title = {"creator": "More by {category}"}.get(
            entry.by, "More {category}" if personal else "Popular in {category}"
        )
        items, value = by_worth(asked, entry.kind, mine)
        yield from_items(
            asked, entry, items, title, f"same {entry.by}", value=value, calibrated=False,
            attribute=(entry.by, label), category=label,
        )  # fmt: skip


def popular(asked: Asked, entry: ShelfEntry) -> Iterator[Draft]:
    """What is popular: among people like the person where they are known, everywhere otherwise."""
    near = asked.personal(entry.kind)
    scored = asked.popular(entry.kind, near)
    if near:
        title = "Popular" if main(asked, entry.kind) else f"{plural(asked, entry.kind)} popular"
        title += " with people like you"
    else:
        title = f"Popular {asked.catalogue.kinds[entry.kind].many} now"
    value = None if asked.known else worths(scored)  # for somebody unknown, the crowd's own order
    region = asked.person.region or ""
    yield from_items(asked, entry, scored.items, title, "popular", value=value, region=region)


def together(asked: Asked, entry: ShelfEntry) -> Iterator[Draft]:
    """What goes with the last thing or basket."""
    past, kind = asked.past(entry.kind), asked.catalogue.kinds[entry.kind]
    if len(past.items) == 0 or not asked.answers_for(entry.kind):
        return
    basket = past.items[past.at > past.at[0] - _VISIT]
    if len(basket) == 1:
        scored = asked.like(entry.kind, int(basket[0]), "complement")
        title = "Goes with {thing}"
    else:
        scored = asked.for_items(entry.kind, basket[::-1], 2 * WIDE + len(basket))
        title = "Goes with your last basket" if kind.entry.did == "bought" else "To go with your last ones"
    items = scored.items[~np.isin(scored.items, basket)]
    yield from_items(
        asked, entry, items, title, "taken together",
        because=int(basket[0]) if len(basket) == 1 else MISSING, calibrated=False,
        thing=kind.title(int(basket[0])),
    )  # fmt: skip


def first_of_each(rows: np.ndarray) -> np.ndarray:
    """Rows without repeats, in their order."""
    return rows[np.sort(np.unique(rows, return_index=True)[1])]


def main(asked: Asked, kind: str) -> bool:
    """Whether a kind is the first of the project: titles need not name it."""
    return next(iter(asked.catalogue.project.items)) == kind


def plural(asked: Asked, kind: str) -> str:
    """The word for several things, at the beginning of a title."""
    return asked.catalogue.kinds[kind].many.capitalize()


def due_first(asked: Asked, kind: str) -> np.ndarray:
    """What the person took before: first what they are likely to take again, then the latest."""
    past, met, scored = asked.past(kind).items, asked.met(kind), asked.for_user(kind).items
    return first_of_each(np.concatenate([scored[met[scored] > 0], past]))


def by_worth(asked: Asked, kind: str, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Things by their value to the person, the best first, and these values."""
    value = asked.worth(kind, items)
    order = np.argsort(-value, kind="stable")
    return items[order], value[order]


def _fresh(asked: Asked) -> int:
    return int(asked.catalogue.project.surfaces.home.fresh * DAY)
