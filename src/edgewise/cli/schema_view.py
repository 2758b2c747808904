"""A schema for people and for programs: tables, columns, links, problems, each with its reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from edgewise.schema.model import Clock, Column, Link, Problem, Schema, Table

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["schema_document", "show_schema"]


def schema_document(schema: Schema) -> dict[str, Any]:
    """A schema as plain values: `tables`, `links` and `problems`, with the fields of `schema.model`."""
    return {
        "tables": [{**dataclasses.asdict(table), "clock": _clock(table.clock)} for table in schema],
        "links": [dataclasses.asdict(link) for link in schema.links],
        "problems": [dataclasses.asdict(problem) for problem in schema.problems],
    }


def _clock(clock: Clock | None) -> dict[str, Any] | None:
    """A clock without its many period starts."""
    if clock is None:
        return None
    return {
        "column": clock.column,
        "first": clock.first,
        "periods": len(clock.starts),
        "learnt_from": clock.learnt_from,
        "reason": clock.reason,
    }


def show_schema(console: Console, schema: Schema, *, brief: bool = False) -> None:
    """Print tables with their columns, links and problems, each with its reason; or (`brief`) a line for each."""
    _show_tables(console, schema, brief)
    _show_links(console, schema.links, brief)
    _show_problems(console, schema.problems)


def _title(console: Console, text: str) -> None:
    from rich.text import Text

    console.print(Text(f"\n{text}", style="bold"))


def _reasons(console: Console, reasons: Iterable[str]) -> None:
    """Reasons below the thing that they are about, indented."""
    from rich.padding import Padding
    from rich.text import Text

    for reason in reasons:
        console.print(Padding(Text(reason, style="dim"), (0, 0, 0, 4)))


def _show_tables(console: Console, schema: Schema, brief: bool) -> None:
    from rich.text import Text

    _title(console, _counted(len(schema.tables), "table"))
    width = max((len(name) for name in schema.tables), default=0)
    digits = max((len(f"{table.rows:,}") for table in schema), default=0)
    for table in schema:
        line = Text(table.name.ljust(width), style="bold" if not brief else "")
        line.append(f"  {table.rows:>{digits},} rows{_key_and_time(table)}", style="not bold")
        console.print(line, soft_wrap=True)
        if not brief:
            _reasons(console, _why(table))
            _show_columns(console, schema, table)


def _key_and_time(table: Table) -> str:
    key = f"  key {table.key}" if table.key is not None else ""
    if table.clock is not None:
        return f"{key}  time from {table.clock.column}"
    return f"{key}  time {table.time}" if table.time is not None else f"{key}  no time"


def _why(table: Table) -> Iterator[str]:
    """Where a table comes from if not from the source, then the reasons for its key and its time."""
    if table.sql is not None:
        yield "defined by SQL"
    if table.implied_by and not table.key_reason:
        yield "implied by " + ", ".join(f"{name}.{column}" for name, column in table.implied_by)
    if table.key_reason:
        yield f"{'key' if table.key is not None else 'no key'}: {table.key_reason}"
    reason = table.clock.reason if table.clock is not None else table.time_reason
    if reason:
        yield f"{'time' if table.timed else 'no time'}: {reason}"


def _show_columns(console: Console, schema: Schema, table: Table) -> None:
    from rich.padding import Padding
    from rich.table import Table as Grid
    from rich.text import Text

    links = {link.column: link.to for link in schema.links_from(table.name)}
    grid = Grid(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("column", "is", "storage"):
        grid.add_column(name, no_wrap=True)
    grid.add_column("nulls", justify="right", no_wrap=True)
    grid.add_column("why", overflow="fold", ratio=1)
    for column in table.columns:
        nulls = f"{column.nulls:,}" if column.nulls else ""
        cells = (column.name, _role(table, column, links), column.dtype, nulls, column.reason)
        grid.add_row(*(Text(cell) for cell in cells))
    console.print(Padding(grid, (0, 0, 1, 4)))


def _role(table: Table, column: Column, links: dict[str, str]) -> str:
    if column.name == table.key:
        return "key"
    return f"→ {links[column.name]}" if column.name in links else str(column.stype)


def _show_links(console: Console, links: tuple[Link, ...], brief: bool) -> None:
    from rich.text import Text

    _title(console, _counted(len(links), "link"))
    width = max((len(link.name) for link in links), default=0)
    for link in links:
        found = "" if link.match == 1 else f"  {min(link.match, 0.9999):.2%} of the values found"
        console.print(Text(f"{link.name.ljust(width)}  → {link.to}{found}"), soft_wrap=True)
        if not brief and link.reason:
            _reasons(console, [link.reason])


def _show_problems(console: Console, problems: tuple[Problem, ...]) -> None:
    from rich.text import Text

    if not problems:
        _title(console, "No problems found in the data")
        return
    _title(console, f"{_counted(len(problems), 'problem')} in the data")
    for problem in problems:
        where = problem.table if problem.column is None else f"{problem.table}.{problem.column}"
        console.print(Text(f"{where}: {problem.message}"))
        _reasons(console, [problem.rule])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
