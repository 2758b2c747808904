"""Names of a query to tables, columns and links, or an error that points at the name."""

from __future__ import annotations

from typing import Final

from edgewise.errors import QueryError, proposal
from edgewise.query.bound import Family, Field
from edgewise.query.nodes import ColumnRef, Span
from edgewise.query.paths import describe, forward_paths, nearest_hubs
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType

__all__ = ["Names", "family_of"]

_SHOWN: Final = 8


def family_of(column: Column) -> Family:
    """What can be done with a column's values, from its storage type and its meaning."""
    dtype = column.dtype
    if dtype.startswith("dictionary"):
        dtype = dtype.partition("values=")[2].partition(",")[0]
    if column.stype is SType.TIMESTAMP or dtype.startswith(("timestamp", "date")):
        return Family.TIME
    if column.stype in (SType.MULTICATEGORICAL, SType.EMBEDDING):
        return Family.OTHER
    if dtype.startswith(("int", "uint", "float", "double", "halffloat", "decimal")):
        return Family.NUMBER
    if dtype.startswith(("string", "large_string", "utf8", "large_utf8")):
        return Family.TEXT
    return Family.BOOLEAN if dtype.startswith("bool") else Family.OTHER


class Names:
    """The names that a query may use: those of one schema. Errors point into one text."""

    def __init__(self, text: str, schema: Schema) -> None:
        self.text = text
        self.schema = schema

    def error(self, message: str, span: Span, hint: str | None = None) -> QueryError:
        """An error that points at a place of the query."""
        return QueryError(message, text=self.text, start=span.start, end=span.end, hint=hint)

    def table(self, ref: ColumnRef) -> Table:
        """The table that a reference names."""
        if ref.table in self.schema.tables:
            return self.schema.tables[ref.table]
        span = Span(ref.span.start, min(ref.span.end, ref.column_span.start - 1))
        known = f"tables: {', '.join(sorted(self.schema.tables)[:_SHOWN])}"
        hint = proposal(ref.table, self.schema.tables, known)
        raise self.error(f"there is no table '{ref.table}'", span, hint)

    def column(self, ref: ColumnRef) -> Column:
        """The column that a reference names."""
        table = self.table(ref)
        if ref.column in table:
            return table.column(ref.column)
        names = [c.name for c in table.columns]
        if homes := [t.name for t in self.schema if ref.column in t]:
            other = f"there is a column '{ref.column}' in {', '.join(homes)}"
        else:
            rest = ", …" if len(names) > _SHOWN else ""
            other = f"columns of '{table.name}': {', '.join(names[:_SHOWN])}{rest}"
        hint = proposal(ref.column, names, other)
        raise self.error(f"table '{table.name}' has no column '{ref.column}'", ref.column_span, hint)

    def link_of(self, ref: ColumnRef) -> Link | None:
        """The link that a column is, if it is one."""
        found = [link for link in self.schema.links_from(ref.table) if link.column == ref.column]
        return found[0] if found else None

    def field(self, ref: ColumnRef, base: str, role: str) -> Field:
        """A column as seen from rows of `base`: its own, or one of a table that `base` links to.

        `role` names the place in the query, for the error.
        """
        if ref.column == "*":
            raise self.error("'*' stands for rows and only belongs inside COUNT or EXISTS", ref.column_span)
        column = self.column(ref)
        hops: tuple[Link, ...] = ()
        if ref.table != base:
            hops = self.only_path(
                base, ref.table, ref.span, f"{role} can use columns of '{base}' and of tables it links to"
            )
        return Field(ref.table, column, hops, family_of(column), self.link_of(ref), ref.span)

    def only_path(
        self, source: str, target: str, span: Span, rule: str, *, ends: bool = False, via: Link | None = None
    ) -> tuple[Link, ...]:
        """The one way from rows of `source` to `target`; of several, the one whose last link is `via`.

        `ends` says that the target is the query's entity, so that a link can be named there.

        Raises:
            QueryError: there is none, or more than one.
        """
        found = forward_paths(self.schema, source, target)
        meant = [path for path in found if path[-1] == via] if len(found) > 1 and via is not None else found
        if len(meant) == 1:
            return meant[0]
        if found:
            ways = "; ".join(describe(path) for path in found)
            last = sorted({path[-1].name for path in found})
            choice = f"say which: {' or '.join(f'FOR EACH {name}' for name in last)}"
            if not ends or len(last) < len(found):
                choice = "keep the one you mean: leave the other links out in the graph file"
            raise self.error(
                f"there are {len(found)} ways from '{source}' to '{target}'", span, f"ways: {ways}; {choice}"
            )
        raise self.error(f"'{source}' has no link to '{target}'", span, self._way_out(source, target, rule))

    def _way_out(self, source: str, target: str, rule: str) -> str:
        back = forward_paths(self.schema, target, source)
        if back:
            asks = f"COUNT({target}.* WHERE …) asks about its rows" if rule.startswith("outside") else rule
            return f"the link runs the other way, {describe(back[0])}; {asks}"
        hubs = nearest_hubs(self.schema, source, target)
        if hubs:
            return f"both are linked to by {', '.join(hubs)}: aggregate over its rows; {rule}"
        near = sorted({link.to for link in self.schema.links_from(source)})
        return f"'{source}' links to: {', '.join(near)}; {rule}" if near else f"'{source}' has no links; {rule}"
