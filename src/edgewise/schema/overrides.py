"""From a graph file to decisions that inference takes as given, with every name checked against the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from edgewise.clock import to_micros
from edgewise.errors import SchemaError, proposal
from edgewise.schema.given import Given, GivenClock
from edgewise.schema.graphfile import ClockEntry, GraphFile, TableEntry
from edgewise.stypes import SType

__all__ = ["chosen_tables", "definitions", "given_from"]

_SAID = "set in the graph file"
Columns = Mapping[str, Iterable[str]]


def definitions(file: GraphFile) -> dict[str, str]:
    """The tables that the file defines by SQL."""
    return {name: entry.sql for name, entry in file.tables.items() if entry is not None and entry.sql is not None}


def chosen_tables(file: GraphFile, known: Iterable[str], where: str) -> tuple[list[str], list[str]]:
    """The tables to read, and those of the source that are left out.

    Raises:
        SchemaError: the file names a table that does not exist.
    """
    every = list(known)
    for field, listed in (("only", file.only or []), ("exclude", file.exclude), ("tables", file.tables)):
        for name in listed:
            _known(name, every, f"{where}: {field}", "table")
    defined = definitions(file)
    kept = [t for t in every if (file.only is None or t in file.only or t in defined) and t not in file.exclude]
    return kept, [t for t in every if t not in kept]


def given_from(file: GraphFile, columns: Columns, where: str) -> Given:
    """What the file says about tables with these columns.

    Raises:
        SchemaError: a name that does not exist; the message names the place in the file, the hint the nearest
        names.
    """
    reader = _Reader(columns, where)
    for table, entry in file.tables.items():
        if entry is not None and table in columns:
            reader.table(table, entry)
    for name, places in file.implied.items():
        if places is None:
            reader.not_implied.add(name)
        else:
            reader.implied[name] = tuple(sorted(reader.place(p, f"implied.{name}") for p in places))
    return Given(
        reader.keys, reader.times, reader.clocks, reader.stypes, reader.separators, reader.links,
        frozenset(reader.dropped), reader.implied, frozenset(reader.not_implied), file.rename,
    )  # fmt: skip


class _Reader:
    """Collects what is said, table by table."""

    def __init__(self, columns: Columns, where: str) -> None:
        self.columns = {table: list(names) for table, names in columns.items()}
        self.where = where
        self.keys: dict[str, tuple[str | None, str]] = {}
        self.times: dict[str, tuple[str | None, str]] = {}
        self.clocks: dict[str, GivenClock | None] = {}
        self.stypes: dict[tuple[str, str], tuple[SType, str]] = {}
        self.separators: dict[tuple[str, str], str] = {}
        self.links: dict[tuple[str, str], tuple[str | None, str]] = {}
        self.dropped: set[tuple[str, str]] = set()
        self.implied: dict[str, tuple[tuple[str, str], ...]] = {}
        self.not_implied: set[str] = set()

    def table(self, table: str, entry: TableEntry) -> None:
        """Collect one table's entry."""
        said = entry.model_fields_set
        if entry.time is not None and entry.clock is not None:
            raise SchemaError(
                f"{self.where}: tables.{table}: time and clock exclude each other", hint="delete one"
            )
        if "key" in said:
            self.keys[table] = (self._optional(table, entry.key, "key"), _SAID)
        if "time" in said and not (entry.time is None and entry.clock is not None):
            self.times[table] = (self._optional(table, entry.time, "time"), _SAID)
        if "clock" in said:
            self.clocks[table] = self._clock(table, entry.clock) if entry.clock is not None else None
        for column, stype in entry.types.items():
            self.stypes[table, self._column(table, column, "types")] = (stype, _SAID)
        for column, separator in entry.separators.items():
            self.separators[table, self._column(table, column, "separators")] = separator
        for column, to in entry.links.items():
            self.links[table, self._column(table, column, "links")] = (to, _SAID)
        self.dropped |= {(table, self._column(table, column, "drop")) for column in entry.drop}
        self._check_dropped(table, entry)

    def place(self, text: str, path: str) -> tuple[str, str]:
        """A table and a column written as table.column; names may hold dots themselves."""
        for at in [i for i, letter in enumerate(text) if letter == "."]:
            table, column = text[:at], text[at + 1 :]
            if column in self.columns.get(table, ()):
                return table, column
        table, _, column = text.rpartition(".")
        if not table:
            raise SchemaError(f"{self.where}: {path}: '{text}' is no table.column")
        _known(table, self.columns, f"{self.where}: {path}", "table")
        return table, _known(column, self.columns[table], f"{self.where}: {path}", f"column of '{table}'")

    def _clock(self, table: str, entry: ClockEntry) -> GivenClock:
        column = self._column(table, entry.column, "clock.column")
        like = self.place(entry.like, f"tables.{table}.clock.like") if entry.like is not None else None
        moment = to_micros(entry.origin) if entry.origin is not None else None
        return GivenClock(column, like, moment, entry.first, entry.step(), entry.read == "end")

    def _optional(self, table: str, column: str | None, path: str) -> str | None:
        return None if column is None else self._column(table, column, path)

    def _column(self, table: str, column: str, path: str) -> str:
        return _known(column, self.columns[table], f"{self.where}: tables.{table}.{path}", f"column of '{table}'")

    def _check_dropped(self, table: str, entry: TableEntry) -> None:
        used = {"key": entry.key, "time": entry.time, "clock": entry.clock.column if entry.clock else None}
        for field, column in used.items():
            if column is not None and column in entry.drop:
                raise SchemaError(f"{self.where}: tables.{table}.drop: '{column}' is the table's {field}")


def _known(name: str, known: Iterable[str], where: str, what: str) -> str:
    names = list(known)
    if name not in names:
        hint = proposal(name, names, f"there are: {', '.join(names[:12])}")
        raise SchemaError(f"{where}: '{name}' is no {what}", hint=hint)
    return name
