"""Row ids become bodies: keys, titles and places are filled in; and bodies become rows of the exposure log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import orjson

from edgewise.clock import from_micros, to_micros
from edgewise.ids import MISSING
from edgewise.serving.answers import (
    Explained,
    HomePage,
    Playlist,
    PlaylistPage,
    Reason,
    Reference,
    Shelf,
    Thing,
    ThingList,
    as_key,
    finite,
)
from edgewise.serving.desk import Ask, ListRows, PageRows, Row, Why
from edgewise.serving.exposures import Exposures
from edgewise.serving.live import Live

__all__ = ["Composer", "dump", "exposures_of", "moment"]


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes the bodies of one request: the model that answers, the side of the experiment, who asks."""

    live: Live
    variant: str
    ask: Ask

    def as_of(self, latest: int) -> Composer:
        """As of the latest event that the state has seen, where that came after the question was put: what is
        popular is kept in order for the present, and has to be counted anew for any moment before.
        """
        return self if self.ask.at >= latest else replace(self, ask=replace(self.ask, at=latest))

    def page(self, page: PageRows) -> HomePage:
        """A page of shelves."""
        return HomePage(
            exposure=self.ask.exposure, user=self._user(), known=self.ask.row != MISSING, model=self.live.version,
            variant=self.variant, at=moment(self.ask.at), notes=list(page.notes),
            shelves=[self._shelf(made) for made in page.lists],
        )  # fmt: skip

    def thing_list(self, kind: str, rows: Sequence[Row]) -> ThingList:
        """A list of one kind."""
        return ThingList(
            exposure=self.ask.exposure, user=self._user(), known=self.ask.row != MISSING, kind=kind,
            model=self.live.version, variant=self.variant, at=moment(self.ask.at), things=self.things(rows),
        )  # fmt: skip

    def playlists(self, page: PageRows) -> PlaylistPage:
        """Playlists."""
        return PlaylistPage(
            exposure=self.ask.exposure, user=self._user(), known=self.ask.row != MISSING, model=self.live.version,
            variant=self.variant, at=moment(self.ask.at), playlists=[self._playlist(p) for p in page.lists],
        )  # fmt: skip

    def things(self, rows: Sequence[Row]) -> list[Thing]:
        """Things at their places."""
        keys = self._keys((row.kind, row.item) for row in rows)
        reasons = self._keys((row.because_kind or row.kind, row.because) for row in rows if row.because != MISSING)
        return [self._thing(row, place, keys, reasons) for place, row in enumerate(rows, start=1)]

    def _thing(
        self, row: Row, place: int, keys: dict[tuple[str, int], object], reasons: dict[tuple[str, int], object]
    ) -> Thing:
        because = None
        if row.because != MISSING:
            because = self._reference(row.because_kind or row.kind, row.because, reasons)
        return Thing(
            kind=row.kind,
            key=as_key(keys[row.kind, row.item]),
            title=row.title or self._title(row.kind, row.item, keys),
            position=place,
            score=finite(row.score),
            value=finite(row.value),
            channel=row.channel,
            reason=row.reason or _reason(row, because),
            because=because,
            propensity=row.propensity,
        )

    def explained(self, kind: str, item: int, why: Why) -> Explained:
        """The reason for a thing."""
        reasons = [Reason(thing=self.reference(table, row), at=moment(at)) for table, row, at in why.because]
        return Explained(
            user=self._user(), known=self.ask.row != MISSING, thing=self.reference(kind, item),
            sentence=why.sentence, channel=why.channel, because=reasons, model=self.live.version,
            at=moment(self.ask.at),
        )  # fmt: skip

    def reference(self, kind: str, row: int) -> Reference:
        """One thing by name."""
        keys = self._keys([(kind, row)])
        return Reference(kind=kind, key=as_key(keys[kind, row]), title=self._title(kind, row, keys))

    def _shelf(self, made: ListRows) -> Shelf:
        return Shelf(name=made.name, title=made.title, kind=made.kind or None, things=self.things(made.rows))

    def _playlist(self, made: ListRows) -> Playlist:
        until = None if made.until is None else moment(made.until)
        return Playlist(
            name=made.name, title=made.title, kind=made.kind, until=until, things=self.things(made.rows)
        )

    def _user(self) -> str | None:
        return self.ask.user or None

    def _reference(self, kind: str, row: int, keys: dict[tuple[str, int], object]) -> Reference | None:
        if row == MISSING or keys.get((kind, row)) is None:
            return None
        return Reference(kind=kind, key=as_key(keys[kind, row]), title=self._title(kind, row, keys))

    def _keys(self, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], object]:
        """The keys of some rows, looked up a table at a time; what is a row of no table has its number."""
        by_table: dict[str, list[int]] = {}
        for table, row in wanted:
            by_table.setdefault(table, []).append(row)
        found: dict[tuple[str, int], object] = {}
        for table, rows in by_table.items():
            known = table in self.live.schema.tables
            keys = self.live.keys.keys(table, np.asarray(rows, dtype=np.int64)) if known else rows
            found |= {(table, row): key for row, key in zip(rows, keys, strict=True)}
        return found

    def _title(self, kind: str, row: int, keys: dict[tuple[str, int], object]) -> str:
        title = self.live.desk.title(kind, row)
        return title if title is not None else f"{kind} {keys[kind, row]}"


def _reason(row: Row, because: Reference | None) -> str:
    return f"Proposed by: {row.channel}." if because is None else f"Because of {because.title}."


def dump(body: HomePage | ThingList | PlaylistPage) -> bytes:
    """A body as JSON."""
    return orjson.dumps(body)


def moment(at: int) -> str:
    """A time as ISO 8601 in UTC."""
    return from_micros(at).isoformat() + "Z"


def exposures_of(body: HomePage | ThingList | PlaylistPage, surface: str) -> Exposures:
    """What a body shows, as the exposure log has it."""
    lists = _lists(body, surface)
    things = [thing for _, shelf in lists for thing in shelf]
    return Exposures(
        exposure=body.exposure,
        at=to_micros(body.at),
        user=None if body.user is None else str(body.user),
        surface=surface,
        model=body.model,
        variant=body.variant,
        degraded=body.degraded.rung if body.degraded is not None else None,
        shelves=[(name, len(shelf)) for name, shelf in lists],
        kind=[thing.kind for thing in things],
        item=[str(thing.key) for thing in things],
        score=[thing.score for thing in things],
        channel=[thing.channel for thing in things],
        because=[None if thing.because is None else str(thing.because.key) for thing in things],
        propensity=[thing.propensity for thing in things],
    )


def _lists(body: HomePage | ThingList | PlaylistPage, surface: str) -> list[tuple[str, list[Thing]]]:
    if isinstance(body, ThingList):
        return [(surface, body.things)]
    if isinstance(body, PlaylistPage):
        return [(p.name, p.things) for p in body.playlists]
    return [(s.name, s.things) for s in body.shelves]
