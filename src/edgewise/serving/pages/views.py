"""What the preview shows of one user: the page, playlists, recommendations, and what the user did lately.

A look in the preview is no exposure: nothing here is written to the log of what was shown, and nothing is counted.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from edgewise.clock import from_micros
from edgewise.ids import MISSING
from edgewise.serving.answers import Thing
from edgewise.serving.compose import Composer
from edgewise.serving.desk import ListRows
from edgewise.serving.live import Live
from edgewise.serving.models import Serving
from edgewise.serving.tenant import Tenant
from edgewise.serving.verbs import Search, Verb, search_of, verbs_of

__all__ = ["SHOWS", "Card", "Past", "Shelf", "Show", "Side", "model_named", "models_of", "side"]

Show = Literal["home", "playlists", "recommendations"]
SHOWS: Final = get_args(Show)
_LIST: Final = 24
_LATELY: Final = 8
_HUES: Final = 8


@dataclass(frozen=True, slots=True)
class Card:
    """A thing as the page shows it. `hue` is one of eight colours that stand for a picture."""

    thing: Thing
    creator: str
    hue: int

    @property
    def letters(self) -> str:
        """What stands for a picture: the first letters of the words of the title."""
        words = [word for word in self.thing.title.split() if word[:1].isalnum()]
        return "".join(word[0] for word in words[:2]).upper()


@dataclass(frozen=True, slots=True)
class Shelf:
    """A list of cards and the title that says why it is there."""

    name: str
    title: str
    kind: str
    cards: Sequence[Card]


@dataclass(frozen=True, slots=True)
class Past:
    """Something that the user did lately."""

    kind: str
    title: str
    day: str


@dataclass(frozen=True, slots=True)
class Side:
    """One user's view by one model. `verbs` by kind say which events can be posted."""

    user: str
    known: bool
    model: str
    variant: str
    at: str
    shelves: Sequence[Shelf]
    notes: Sequence[str]
    lately: Sequence[Past]
    verbs: dict[str, list[Verb]]
    search: Search | None

    @property
    def things(self) -> int:
        """How many things are shown."""
        return sum(len(shelf.cards) for shelf in self.shelves)


def models_of(serving: Serving) -> dict[str, Live]:
    """The models that are loaded, by what they are to the service."""
    held = {"current": serving.current, "before": serving.before, "challenger": serving.challenger}
    return {name: live for name, live in held.items() if live is not None}


def model_named(tenant: Tenant, name: str, user: str) -> tuple[Live, str]:
    """A loaded model by name; the one that would answer the user where none is named."""
    held = models_of(tenant.models.now)
    return (held[name], name) if name in held else tenant.models.now.choose(user)


async def side(tenant: Tenant, user: str, model: str, show: Show) -> Side:
    """A user's view, made on the thread that owns the state."""
    live, variant = model_named(tenant, model, user)
    ask = tenant.asks(user).ask
    row = live.keys.row(live.users, user) if ask.row != MISSING else MISSING
    composer = Composer(live, variant, replace(ask, row=row, look=True))
    return await tenant.engine.run(lambda: _made(composer.as_of(tenant.latest), show))


def _made(composer: Composer, show: Show) -> Side:
    live, ask = composer.live, composer.ask
    lists, notes = _lists(composer, show)
    return Side(
        user=ask.user,
        known=ask.row != MISSING,
        model=live.version,
        variant=composer.variant,
        at=f"{from_micros(ask.at):%a %d %b %Y, %H:%M} UTC",
        shelves=[_shelf(composer, made) for made in lists],
        notes=notes,
        lately=_lately(composer),
        verbs={kind: verbs_of(live.schema, live.users, kind) for kind in {made.kind for made in lists}},
        search=search_of(live.schema, live.users),
    )


def _lists(composer: Composer, show: Show) -> tuple[Sequence[ListRows], Sequence[str]]:
    desk, ask = composer.live.desk, composer.ask
    if show == "recommendations":
        lists = [
            ListRows(kind, f"{kind.replace('_', ' ').capitalize()}, best first", kind, rows)
            for kind in composer.live.kinds
            if (rows := desk.recommend(ask, kind, _LIST))
        ]
        return lists, ()
    page = desk.home(ask) if show == "home" else desk.playlists(ask)
    return page.lists, page.notes


def _shelf(composer: Composer, made: ListRows) -> Shelf:
    cards = [_card(composer, thing) for thing in composer.things(made.rows)]
    return Shelf(made.name, made.title, made.kind, cards)


def _card(composer: Composer, thing: Thing) -> Card:
    live = composer.live
    known = thing.kind in live.schema.tables
    creator = live.desk.creator(thing.kind, live.keys.row(thing.kind, thing.key)) if known else ""
    return Card(thing, creator, zlib.crc32((creator or thing.title).encode()) % _HUES)


def _lately(composer: Composer) -> list[Past]:
    live, ask = composer.live, composer.ask
    if ask.row == MISSING:
        return []
    met: list[tuple[int, str, int]] = []
    for kind in live.kinds:
        past = live.answers.past(kind, ask.row, ask.at, _LATELY)
        met += [(int(at), kind, int(row)) for row, at in zip(past.items, past.at, strict=True)]
    latest = sorted(met, reverse=True)[:_LATELY]
    return [
        Past(kind, composer.reference(kind, row).title, f"{from_micros(at):%d %b %H:%M}")
        for at, kind, row in latest
    ]
