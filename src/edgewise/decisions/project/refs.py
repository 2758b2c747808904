"""Column references of a project file: a column of the table itself, or `table.column` of one it links to."""

from __future__ import annotations

from dataclasses import dataclass

from edgewise.errors import SchemaError
from edgewise.query.paths import describe, forward_paths
from edgewise.schema.model import Column, Link, Schema

__all__ = ["Ref", "resolve"]


@dataclass(frozen=True, slots=True)
class Ref:
    """A column as seen from rows of `base`: over zero or more links, many to one at each step."""

    base: str
    hops: tuple[Link, ...]
    column: Column

    @property
    def table(self) -> str:
        """The table that holds the column."""
        return self.hops[-1].to if self.hops else self.base


def resolve(schema: Schema, base: str, text: str) -> Ref:
    """A reference, read from rows of `base`. A name that is a column of `base` is that column.

    Raises:
        SchemaError: there is no such column, or no one way to it.
    """
    own = schema.table(base)
    if text in own:
        return Ref(base, (), own.column(text))
    table, _, column = text.rpartition(".")
    if not table or table == base:
        return Ref(base, (), own.column(column))
    found = forward_paths(schema, base, table)
    entry = schema.table(table)
    if len(found) != 1:
        ways = "; ".join(describe(path) for path in found)
        raise SchemaError(
            f"there are {len(found)} ways from '{base}' to '{table}'"
            if found
            else f"'{base}' has no link to '{table}'",
            hint=f"ways: {ways}" if found else _linked(schema, base),
        )
    return Ref(base, found[0], entry.column(column))


def _linked(schema: Schema, base: str) -> str:
    near = sorted({link.to for link in schema.links_from(base)})
    return f"'{base}' links to: {', '.join(near)}" if near else f"'{base}' has no links"
