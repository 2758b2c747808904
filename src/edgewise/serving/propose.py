"""A project file for runs that are served without one: the people, the kinds of things, how things are titled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import yaml

from edgewise.decisions.project.file import ItemEntry, PeopleEntry, ProjectFile
from edgewise.schema.model import Column, Schema, Table
from edgewise.schema.names import words
from edgewise.stypes import SType

__all__ = ["project_text", "propose"]

_TITLES: Final = ("title", "name", "label", "description", "product", "item", "type")
_CATEGORIES: Final = ("category", "genre", "department", "topic", "type", "class", "group", "kind")
_FEWEST_CATEGORIES: Final = 2
_MOST_CATEGORIES: Final = 500


def propose(source: str, schema: Schema, users: str, kinds: Sequence[str], tenant: str = "main") -> ProjectFile:
    """A project that serves these kinds to these people, by what the schema says."""
    return ProjectFile(
        name=tenant,
        source=source,
        tenant=tenant,
        people=PeopleEntry(table=users),
        items={kind: _item(schema.table(kind)) for kind in kinds},
    )


def project_text(project: ProjectFile) -> str:
    """A project file as YAML, without what is left at its default."""
    content: dict[str, Any] = project.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _item(table: Table) -> ItemEntry:
    title = _named(table, _TITLES, (SType.TEXT, SType.CATEGORICAL))
    category = _named(table, _CATEGORIES, (SType.CATEGORICAL,))
    return ItemEntry(
        title=[title.name] if title is not None else [table.key or table.columns[0].name],
        category=category.name if category is not None and _sorts(category) else None,
        released=table.time,
    )


def _named(table: Table, wanted: Sequence[str], stypes: Sequence[SType]) -> Column | None:
    """The first column with one of the wanted words in its name, the words in their order, the last word first."""
    fitting = [c for c in table.columns if c.stype in stypes and not c.personal and c.dtype.endswith("string")]
    for word in wanted:
        for column in fitting:
            if word in words(column.name)[-1:] or word in words(column.name):
                return column
    return fitting[0] if fitting else None


def _sorts(column: Column) -> bool:
    return column.distinct is not None and _FEWEST_CATEGORIES <= column.distinct <= _MOST_CATEGORIES
