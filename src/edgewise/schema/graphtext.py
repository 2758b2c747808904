"""A schema as the text of a graph file, with the reason of each line beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import yaml

from edgewise.clock import SECOND, from_micros
from edgewise.schema.model import Clock, Schema, Table
from edgewise.stypes import SType

__all__ = ["text_of"]

_HEAD: Final = """\
# What Edgewise sees in the tables. Change a line to overrule it, delete it to have it inferred again;
# null says that there is none. Columns to leave out go under drop, tables under exclude,
# and a table of your own is one with an sql line:
#   recent_orders:
#     sql: SELECT * FROM orders WHERE status <> 'test'
"""


def text_of(schema: Schema) -> str:
    """The text of a graph file that gives this schema again over the same data."""
    return "\n".join(_lines(schema)) + "\n"


def _lines(schema: Schema) -> Iterator[str]:
    yield _HEAD
    gone = [table for table, column in schema.left_out if column is None]
    if gone:
        yield f"exclude: [{', '.join(_plain(t) for t in gone)}]"
    yield "tables:"
    for table in schema:
        if not table.implied_by:
            yield from _table(schema, table)
    implied = [table for table in schema if table.implied_by]
    if implied:
        yield ""
        yield "# Entities that have no table of their own: the columns that hold their keys."
        yield "implied:"
        for table in implied:
            yield f"  {_plain(table.name)}:"
            yield from (f"    - {_plain(f'{t}.{c}')}" for t, c in table.implied_by)


def _table(schema: Schema, table: Table) -> Iterator[str]:
    yield ""
    yield f"  {_plain(table.name)}:  # {table.rows:,} rows"
    if table.sql is not None:
        yield f"    sql: {_plain(table.sql)}"
    yield f"    key: {_plain(table.key)}  # {_comment(table.key_reason)}"
    if table.clock is not None:
        yield f"    clock:  # {_comment(table.clock.reason)}"
        yield from (f"      {line}" for line in _clock(table.clock))
    else:
        yield f"    time: {_plain(table.time)}  # {_comment(table.time_reason)}"
    links = [k for k in schema.links_from(table.name) if not schema.tables[k.to].implied_by]
    if links:
        yield "    links:"
        yield from (f"      {_plain(k.column)}: {_plain(k.to)}  # {_comment(k.reason)}" for k in links)
    dropped = [c for t, c in schema.left_out if t == table.name and c is not None]
    if dropped:
        yield f"    drop: [{', '.join(_plain(c) for c in dropped)}]"
    yield from _types(table)


def _types(table: Table) -> Iterator[str]:
    if table.columns:
        yield "    types:"
        yield from (f"      {_plain(c.name)}: {c.stype}  # {_comment(c.reason)}" for c in table.columns)
    parted = [c for c in table.columns if c.stype is SType.MULTICATEGORICAL and c.separator is not None]
    if parted:
        yield "    separators:"
        yield from (f"      {_plain(c.name)}: {_quoted(c.separator or '')}" for c in parted)


def _clock(clock: Clock) -> Iterator[str]:
    yield f"column: {_plain(clock.column)}"
    if clock.like is not None:
        yield f"like: {_plain(clock.like)}"
    else:
        step = clock.starts[1] - clock.starts[0]
        yield f"origin: {from_micros(clock.starts[0] - (step if clock.read_at == 'end' else 0)).isoformat()}"
        yield f"first: {clock.first}"
        yield f"every: {step // SECOND} seconds"
    if clock.read_at == "end":
        yield "read: end"


def _plain(value: str | None) -> str:
    """A scalar as YAML writes it on one line."""
    if value is None:
        return "null"
    text = yaml.safe_dump(value, width=10**9, allow_unicode=True).rstrip("\n").removesuffix("\n...")
    return text if "\n" not in text and text.casefold() not in _WORDS else _quoted(value)


def _quoted(value: str) -> str:
    return yaml.safe_dump(value, default_style='"', width=10**9, allow_unicode=True).rstrip("\n")


_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false"})


def _comment(text: str) -> str:
    return " ".join(text.split()) or "inferred"
