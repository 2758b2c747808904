"""Events as they come in: checked against the schema, value by value, before anything is written.

A wrong event is refused with the place and the cause; a batch is taken whole or not at all. Columns that hold
personal details (an e-mail address, say) are left out before the event is logged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from edgewise.clock import HOUR, iso, to_micros
from edgewise.errors import ArgumentError, proposal
from edgewise.prediction.nouns import Event
from edgewise.schema.model import Column, Schema, Table
from edgewise.serving.envelope import Refusal

__all__ = ["MOST_IN_A_BATCH", "Intake"]

MOST_IN_A_BATCH: Final = 1_000
_LONGEST_ID: Final = 200
_LONGEST_TEXT: Final = 10_000
#: Clocks differ: an event may be this far ahead.
_AHEAD: Final = HOUR
_EARLIEST: Final = to_micros("1970-01-02")


class Intake:
    """The door for events of one schema; `users` is the table of the people whom events are about."""

    def __init__(self, schema: Schema, users: str, personal: frozenset[tuple[str, str]] = frozenset()) -> None:
        self.schema = schema
        self.users = users
        self.personal = personal
        self._types: dict[tuple[str, str], pa.DataType] = {}

    def event(self, given: Mapping[str, Any], now: int, place: str = "body") -> tuple[Event, str | None]:
        """An event and the key of its user (None where it has none).

        Raises:
            Refusal: an unknown table or column, a value of another type, a time in the future.
        """
        name = _text(given.get("id"), f"{place}.id", _LONGEST_ID)
        table = self._table(given.get("table"), f"{place}.table")
        at = _moment(given.get("at"), now, f"{place}.at")
        values = self._values(table, given.get("values"), f"{place}.values")
        user = self._user(table, values)
        if not self._links(table, values):
            links = ", ".join(sorted(k.column for k in self.schema.links_from(table.name))) or table.key or "none"
            raise Refusal(
                422, f"the event names no row of another table: '{table.name}' is linked by {links}",
                place=f"{place}.values", hint="give at least one of them a value",
            )  # fmt: skip
        return Event(name, table.name, values, at), user

    def _table(self, name: Any, place: str) -> Table:
        if not self.schema.tables:
            raise Refusal(
                409,
                "the tables could not be opened, so no event can be checked",
                hint="the service says why as it starts",
            )
        if not isinstance(name, str) or name not in self.schema.tables:
            known = [t.name for t in self.schema if t.timed]
            hint = proposal(str(name)[:100], known, f"tables that events come for: {', '.join(known)}")
            raise Refusal(422, f"there is no table {_shown(name)}", hint=hint, place=place)
        return self.schema.tables[name]

    def _values(self, table: Table, given: Any, place: str) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            raise Refusal(422, "an event's values are an object: column to value", place=place)
        columns = {c.name: c for c in table.columns}
        values: dict[str, Any] = {}
        for name, value in given.items():
            if name not in columns:
                hint = proposal(str(name)[:100], columns, f"columns: {', '.join(columns)}")
                raise Refusal(422, f"table '{table.name}' has no column {_shown(name)}", hint=hint, place=place)
            if name == table.time or (table.name, name) in self.personal:
                continue
            if value is not None:
                values[name] = self._value(table, columns[name], value, f"{place}.{name}")
        return values

    def _value(self, table: Table, column: Column, value: Any, place: str) -> Any:
        """A value as its column stores it, in JSON's types."""
        if isinstance(value, float) and not math.isfinite(value):
            raise _no_value(table, column, value, place)
        if isinstance(value, str):
            _text(value, place, _LONGEST_TEXT)
        kind = self._types.get((table.name, column.name))
        if kind is None:
            kind = self._types[table.name, column.name] = _arrow_type(column.dtype)
        if _json_says(value, kind):
            return value
        try:
            found = pc.cast(pa.scalar(value), kind)
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            raise _no_value(table, column, value, place) from None
        plain = found.as_py()
        return plain if isinstance(plain, (bool, int, float, str, list)) else str(plain)

    def _user(self, table: Table, values: Mapping[str, Any]) -> str | None:
        columns = [k.column for k in self.schema.links_from(table.name) if k.to == self.users]
        if table.name == self.users and table.key is not None:
            columns.append(table.key)
        for column in columns:
            if values.get(column) is not None:
                return str(values[column])
        return None

    def _links(self, table: Table, values: Mapping[str, Any]) -> bool:
        columns = [k.column for k in self.schema.links_from(table.name)] + ([table.key] if table.key else [])
        return any(values.get(c) is not None for c in columns)


def _no_value(table: Table, column: Column, value: Any, place: str) -> Refusal:
    return Refusal(
        422, f"{_shown(value)} is no value of '{table.name}.{column.name}', which holds {column.dtype}",
        place=place, hint=f"send it as {_example(column.dtype)}",
    )  # fmt: skip


def _json_says(value: Any, kind: pa.DataType) -> bool:
    """Whether a JSON value is one of an Arrow type as it is; a cast decides about all others."""
    if isinstance(value, bool):
        return pa.types.is_boolean(kind)
    if isinstance(value, int):
        return kind == pa.int64() and -(2**63) <= value < 2**63
    if isinstance(value, float):
        return kind == pa.float64()
    return isinstance(value, str) and (pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _moment(given: Any, now: int, place: str) -> int:
    if given is None:
        return now
    if isinstance(given, bool) or not isinstance(given, (str, int)):
        raise Refusal(422, f"{_shown(given)} is no time", place=place, hint="write it as 2025-01-31T18:00:00Z")
    try:
        at = given if isinstance(given, int) else to_micros(_text(given, place, 64))
    except (ArgumentError, OverflowError) as error:
        raise Refusal(
            422, str(error).partition("\n")[0], place=place, hint="write it as 2025-01-31T18:00:00Z"
        ) from None
    if at > now + _AHEAD:
        raise Refusal(
            422, f"the event lies in the future: {_shown_time(at)} is after {iso(now)}", place=place,
            hint="times are UTC where they say no zone; integers are microseconds since 1970",
        )  # fmt: skip
    if at < _EARLIEST:
        raise Refusal(422, "the event lies before 1970", place=place, hint="integers are microseconds since 1970")
    return min(at, now)


def _shown_time(at: int) -> str:
    try:
        return iso(at)
    except OverflowError:
        return f"{at} microseconds"


def _text(value: Any, place: str, most: int) -> str:
    """A text that every part of the system can hold: not empty, not endless, no NUL, no half characters."""
    if not isinstance(value, str) or not value:
        raise Refusal(422, f"{_shown(value)} is no text", place=place, hint="send a text that is not empty")
    if len(value) > most:
        raise Refusal(
            422, f"a text of {len(value):,} characters is too long", place=place, hint=f"send at most {most:,}"
        )
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise Refusal(422, "a text with NUL or half a character in it", place=place, hint="send valid UTF-8")
    return value


def _shown(value: Any) -> str:
    """A value from outside, short and printable."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _example(dtype: str) -> str:
    if dtype.startswith(("timestamp", "date")):
        return "a text such as 2025-01-31T18:00:00Z"
    if dtype.startswith(("int", "uint")):
        return "a whole number"
    return {"double": "a number", "float": "a number", "bool": "true or false"}.get(dtype, f"a value of {dtype}")


def _arrow_type(dtype: str) -> pa.DataType:
    """The Arrow type of a column by its name; text where the name is none of a plain type."""
    if dtype.startswith("timestamp"):
        return pa.timestamp("us")
    if dtype.startswith(("list", "large_list", "fixed_size_list")):
        return pa.list_(pa.string())
    try:
        return pa.type_for_alias(dtype)
    except ValueError:
        return pa.string()
