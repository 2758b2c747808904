"""`edgewise check`: what a query means here."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgewise.cli.options import AsJson, GraphFile, Query, Quiet, Source
from edgewise.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

    from edgewise.workflow.check import QueryCheck

__all__ = ["check"]

NoSql = Annotated[bool, typer.Option("--no-sql", help="Leave out the SQL of the labels.")]


def check(
    source: Source,
    query: Query,
    graph: GraphFile = None,
    no_sql: NoSql = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say what a query means here: task, anchors, labels, SQL.

    A query that is not valid here gets an error that points at the place.
    """
    from edgewise.cli.opening import opened
    from edgewise.workflow.check import check_query

    terminal = Terminal(as_json=as_json, quiet=quiet)
    progress = terminal.progress()
    database = opened(source, graph, progress)
    progress.say("making the labels")
    found = check_query(database, query)
    terminal.answer(
        lambda: dataclasses.asdict(found), lambda console: _show(console, found, None if no_sql else found.sql)
    )


def _show(console: Console, found: QueryCheck, sql: str | None) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, value in _facts(found):
        grid.add_row(name, Text(value))
    console.print(grid)
    if sql is not None:
        console.print(Text("\nLabels at the test anchor, as SQL", style="bold"))
        console.print(sql, markup=False, soft_wrap=True)


def _facts(found: QueryCheck) -> list[tuple[str, str]]:
    """The rows for people, those that say nothing left out."""
    train = found.train
    span = f"{len(train)} from {train[0]} to {train[-1]}" if len(train) > 1 else "".join(train)
    anchors = (
        ("training anchors", span),
        ("validation anchor", found.validation),
        ("test anchor", found.test),
    )
    facts = [
        ("task", found.kind + (f", top {found.k}" if found.k else "")),
        ("entity", found.entity),
        ("item", found.item or ""),
        ("window", found.window),
        *(anchors if "all" not in found.statistics else ()),  # without a window, rows are parted at random
        *((f"labels, {part}", _described(facts)) for part, facts in found.statistics.items()),
        *(("warning", warning) for warning in found.warnings),
    ]
    return [(name, value) for name, value in facts if value]


def _described(facts: dict[str, Any]) -> str:
    """Statistics in one line: `214 labels, 214 entities, true 0.34`."""
    named = dict(facts)
    parts = [f"{named.pop('labels'):,}"]
    entities = named.pop("entities", None)
    if entities is not None:
        parts[0] += f" of {entities:,} entities"
    return "; ".join(parts + [f"{name} {_value(value)}" for name, value in named.items()])


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} ({count:,})" for name, count in value.items())
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}"
