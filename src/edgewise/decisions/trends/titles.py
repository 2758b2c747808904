"""What the values of trends are called."""

from __future__ import annotations

from typing import Final

from edgewise.decisions.trends.listed import Listed
from edgewise.decisions.trends.reading import Events
from edgewise.decisions.trends.watched import Watched
from edgewise.schema.model import Column, Link
from edgewise.schema.names import words
from edgewise.stypes import SType

__all__ = ["titles"]

_NAMES: Final = ("title", "name", "label", "headline", "description", "text", "type")


def titles(watched: Watched, trends: list[Listed]) -> list[str]:
    """A name for each trend's value: the title of the row that a key refers to, or the value itself."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for trend in trends:
        wanted.setdefault((trend.family.events, trend.family.level), []).append(trend.value)
    known = {key: _titles(watched.events[key[0]], key[1], values) for key, values in wanted.items()}
    return [
        known[trend.family.events, trend.family.level].get(trend.value, trend.value or trend.family.events)
        for trend in trends
    ]


def _titles(events: Events, level: str, values: list[str]) -> dict[str, str]:
    link = _link(events, level)
    if link is None:
        return {}
    column = _title(events.db.schema.table(link.to).columns)
    if column is None:
        return {}
    return events.named(link, column.name, values)


def _link(events: Events, level: str) -> Link | None:
    """The link that a level's column is, in whatever table it stands."""
    table, _, name = level.rpartition(".")
    found = events.db.schema.links_from(table or events.name)
    return next((link for link in found if link.column == name), None)


def _title(columns: tuple[Column, ...]) -> Column | None:
    texts = [c for c in columns if c.stype in (SType.TEXT, SType.CATEGORICAL) and not c.personal]
    named = [c for word in _NAMES for c in texts if word in words(c.name)]
    return next(iter(named or sorted(texts, key=lambda c: -(c.distinct or 0))), None)
