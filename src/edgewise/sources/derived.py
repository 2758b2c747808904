"""Tables defined by SQL: a user's SELECT, visible by name wherever a table is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import pyarrow as pa
import sqlglot
from sqlglot import expressions as exp
from sqlglot.errors import SqlglotError

from edgewise.errors import SchemaError, SourceError
from edgewise.schema.model import Problem
from edgewise.schema.profile import Declared
from edgewise.sources.base import MicrosRules, SqlSource, table_of
from edgewise.sources.contract import Source
from edgewise.sources.inline import inline, tables_named

__all__ = ["DerivedSource", "derive", "parse_select", "with_tables"]


def derive(source: Source, definitions: Mapping[str, str]) -> Source:
    """The source with the defined tables beside its own; the source itself where nothing is defined.

    A definition may carry the name of an own table, which it then replaces for all but itself.

    Raises:
        SchemaError: a definition that is no single SELECT, refers to itself in a circle, or is refused by the
            engine.
    """
    if not definitions:
        return source
    if not isinstance(source, SqlSource):
        raise SchemaError(f"{source.name} takes no tables defined by SQL")
    return DerivedSource(source, definitions)


class DerivedSource(SqlSource):
    """A source that rewrites each query so that the defined tables stand in it as subqueries."""

    def __init__(self, source: SqlSource, definitions: Mapping[str, str]) -> None:
        super().__init__(source.name)
        self.dialect = source.dialect
        self._source = source
        self._definitions = dict(definitions)
        self._trees = _expanded(definitions, source.dialect)

    @property
    def micros_rules(self) -> MicrosRules:
        """Those of the source."""
        return self._source.micros_rules

    def stream(self, query: exp.Expression) -> Iterator[pa.RecordBatch]:
        """Run one SELECT, in which the defined tables may occur, and yield Arrow batches."""
        return self._source.stream(inline(query, self._trees))

    def fingerprint(self) -> str:
        """Changes with the source's own fingerprint and with the definitions."""
        text = repr((self._source.fingerprint(), sorted(self._definitions.items())))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def problems(self) -> tuple[Problem, ...]:
        """Those of the source."""
        return self._source.problems()

    def declared(self) -> Declared:
        """The source's own constraints, but for tables that a definition replaces."""
        own = self._source.declared()
        keys = {table: columns for table, columns in own.keys.items() if table not in self._definitions}
        links = tuple(link for link in own.links if not {link.table, link.to} & self._definitions.keys())
        return Declared(keys=keys, links=links)

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def _list_schemas(self) -> dict[str, pa.Schema]:
        schemas = self._source.tables()
        for name in self._definitions:
            try:
                schemas[name] = next(self.stream(exp.select("*").from_(table_of(name)).limit(0))).schema
            except SourceError as error:
                raise SchemaError(f"the sql of table '{name}' fails: {error.message}", hint=error.hint) from error
        return schemas


def with_tables(tree: exp.Expression, definitions: Mapping[str, str], dialect: str) -> exp.Expression:
    """A copy of the tree in which each mention of a defined table is its SELECT as a subquery.

    Raises:
        SchemaError: a definition that is no single SELECT, or that refers to itself in a circle.
    """
    return inline(tree, _expanded(definitions, dialect))


def parse_select(name: str, sql: str, dialect: str) -> exp.Query:
    """The SELECT that defines table `name`.

    Raises:
        SchemaError: the text does not parse, or is not one SELECT.
    """
    try:
        statements = [s for s in sqlglot.parse(sql, read=dialect) if s is not None]
    except SqlglotError as error:
        raise SchemaError(
            f"the sql of table '{name}' does not parse{_where(error)}", hint=_fix(dialect)
        ) from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        what = (
            f"{len(statements)} statements" if len(statements) != 1 else f"a {statements[0].key.upper()} statement"
        )
        raise SchemaError(f"the sql of table '{name}' is {what}", hint=_fix(dialect))
    changing = statements[0].find(exp.Insert, exp.Update, exp.Delete, exp.Into)
    if changing is not None:
        raise SchemaError(f"the sql of table '{name}' holds a {changing.key.upper()}", hint=_fix(dialect))
    return statements[0]


def _where(error: SqlglotError) -> str:
    found = getattr(error, "errors", None)
    if not found or found[0].get("line") is None:
        return ""
    first = found[0]
    near = f" near '{first['highlight']}'" if first.get("highlight") else ""
    return f" at line {first['line']}, column {first['col']}{near}"


def _fix(dialect: str) -> str:
    return f"write one SELECT statement in the SQL of {dialect}"


def _expanded(definitions: Mapping[str, str], dialect: str) -> dict[str, exp.Query]:
    """The definitions, by folded name, with definitions in them written out.

    A name inside its own definition means the source's table of that name.
    """
    parsed = {name.casefold(): parse_select(name, sql, dialect) for name, sql in definitions.items()}
    done: dict[str, exp.Query] = {}
    for name in parsed:
        _expand(name, parsed, done, ())
    return done


def _expand(
    name: str, parsed: Mapping[str, exp.Query], done: dict[str, exp.Query], path: tuple[str, ...]
) -> exp.Query:
    if name in path:
        circle = " -> ".join((*path[path.index(name) :], name))
        raise SchemaError(f"the sql of table '{name}' refers to itself: {circle}", hint="break the circle")
    if name not in done:
        used = [n for n in _mentioned(parsed[name]) if n in parsed and n != name]
        trees = {n: _expand(n, parsed, done, (*path, name)) for n in used}
        done[name] = inline(parsed[name], trees)
    return done[name]


def _mentioned(tree: exp.Expression) -> list[str]:
    return list(dict.fromkeys(table.name.casefold() for table in tables_named(tree)))
