"""The graph file (`graph.yaml`): what a person says about the tables, over what is inferred.

Every field may be left out, and is then inferred; `null` says that there is none and nothing is to be guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edgewise.clock import DAY, HOUR, MINUTE, SECOND
from edgewise.errors import SchemaError, proposal
from edgewise.schema.graphtext import text_of
from edgewise.schema.model import Schema
from edgewise.stypes import SType

__all__ = ["ClockEntry", "GraphFile", "TableEntry", "parse", "read", "write"]

_START: Final = "edgewise inspect SOURCE --write graph.yaml writes one to start from"
_UNITS: Final = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY}
_EVERY: Final = re.compile(r"\s*(\d+)?\s*(second|minute|hour|day|week)s?\s*$")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClockEntry(_Entry):
    """A whole-number column read as time."""

    column: str = Field(description="The column that counts periods.")
    like: str | None = Field(
        default=None, description="table.column that counts the same periods beside a time column."
    )
    origin: datetime | date | None = Field(
        default=None, description="When period `first` begins, instead of `like`."
    )
    first: int = Field(default=1, description="The number of the period that begins at `origin`.")
    every: str | None = Field(default=None, description="The length of a period beside `origin`: 7 days, 1 hour.")
    read: Literal["start", "end"] = Field(
        "start", description="Whether a row is visible when its period begins or ends."
    )

    def step(self) -> int | None:
        """The length of a period in microseconds; None where none is given.

        Raises:
            ValueError: the text is no length of time.
        """
        if self.every is None:
            return None
        found = _EVERY.match(self.every)
        if found is None:
            raise ValueError(f"'{self.every}' is no length of time")
        return int(found.group(1) or 1) * _UNITS[found.group(2)]


class TableEntry(_Entry):
    """One table. A field that is left out is inferred."""

    sql: str | None = Field(default=None, description="A SELECT over the source's tables that defines this table.")
    key: str | None = Field(default=None, description="The primary key's column; null for none.")
    time: str | None = Field(
        None, description="The column that says when a row came about; null for a static table."
    )
    clock: ClockEntry | None = Field(
        default=None, description="A whole-number column read as time; null for none."
    )
    types: dict[str, SType] = Field(default={}, description="The semantic type of some columns.")
    separators: dict[str, str] = Field(
        default={}, description="What parts the labels of multicategorical text columns."
    )
    links: dict[str, str | None] = Field(
        default={}, description="Foreign keys: column to table; null for no link."
    )
    drop: list[str] = Field(default=[], description="Columns to leave out.")


class GraphFile(_Entry):
    """A whole graph file."""

    tables: dict[str, TableEntry | None] = Field(default={}, description="What is said about each table, by name.")
    only: list[str] | None = Field(default=None, description="The source's tables to read; all where left out.")
    exclude: list[str] = Field(default=[], description="Tables to leave out.")
    implied: dict[str, list[str] | None] = Field(
        {},
        description="Entities without a table of their own: the table.column places of their keys; null for none.",
    )
    rename: dict[str, str] = Field(
        default={}, description="Other names for implied entities: inferred name to new name."
    )


def read(path: str | Path) -> GraphFile:
    """Read a graph file.

    Raises:
        SchemaError: it cannot be read, is no YAML, or has fields that do not exist; the message names file and
        place.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise SchemaError(f"the graph file {path} cannot be read: {error.strerror}", hint=_START) from error
    except UnicodeDecodeError as error:
        raise SchemaError(f"the graph file {path} is no UTF-8 text") from error
    try:
        body = yaml.load(text, _Loader)  # a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        cause = getattr(error, "problem", None) or str(error)
        raise SchemaError(f"{path}{where}: {cause}", hint=_START) from error
    return parse({} if body is None else body, str(path))


def parse(body: Any, where: str) -> GraphFile:
    """A graph file from plain values, as YAML gives them.

    Raises:
        SchemaError: a field that does not exist or a value of the wrong type; the message names the place.
    """
    if isinstance(body, GraphFile):
        return body
    if not isinstance(body, Mapping):
        raise SchemaError(f"{where}: a mapping is expected, not {type(body).__name__}", hint=_fields(GraphFile))
    try:
        file = GraphFile.model_validate(dict(body))
        for name, entry in file.tables.items():
            if entry is not None and entry.clock is not None:
                _check_clock(entry.clock, f"{where}: tables.{name}.clock")
    except ValidationError as error:
        raise _complaint(error, where) from error
    return file


class _Loader(yaml.SafeLoader):
    """YAML in which a key that is written twice is a mistake, and every word keeps its letters (`no`, `on`)."""


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"'{key}' is written twice", key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Loader.yaml_implicit_resolvers = {
    letter: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:bool"]
    for letter, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _check_clock(clock: ClockEntry, where: str) -> None:
    if (clock.like is None) == (clock.origin is None):
        raise SchemaError(f"{where}: give either like, or origin and every", hint="like: transactions.week")
    try:
        step = clock.step()
    except ValueError as error:
        raise SchemaError(f"{where}.every: {error}", hint="write it as 7 days, 1 week or 1 hour") from None
    if clock.origin is not None and not step:
        raise SchemaError(f"{where}: origin needs every, the length of a period", hint="every: 7 days")


def _complaint(error: ValidationError, where: str) -> SchemaError:
    """The first complaint of pydantic in the voice of this project."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        owner = _model_at(first["loc"][:-1])
        name = str(first["loc"][-1])
        hint = proposal(name, owner.model_fields, _fields(owner))
        return SchemaError(f"{where}: {place}: there is no such field", hint=hint)
    if first["type"] == "enum":
        return SchemaError(f"{where}: {place}: '{first['input']}' is no type", hint=f"types: {', '.join(SType)}")
    return SchemaError(f"{where}: {place}: {first['msg'].lower()}", hint=f"found {first['input']!r}")


def _model_at(place: tuple[int | str, ...]) -> type[BaseModel]:
    if not place:
        return GraphFile
    return ClockEntry if place[-1] == "clock" else TableEntry


def _fields(model: type[BaseModel]) -> str:
    return f"fields: {', '.join(model.model_fields)}"


def write(schema: Schema, path: str | Path) -> None:
    """Write a schema as a commented graph file which, read back over the same data, gives the same schema.

    Raises:
        SchemaError: the file cannot be written.
    """
    try:
        Path(path).write_text(text_of(schema), encoding="utf-8")
    except OSError as error:
        raise SchemaError(f"the graph file {path} cannot be written: {error.strerror}") from error
