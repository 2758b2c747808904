"""A decision, as JSON and for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.clock import iso

if TYPE_CHECKING:
    from rich.console import Console

    from edgewise.decisions.decided.nouns import Decided, Expected

__all__ = ["decided_document", "show_decided"]


def decided_document(decided: Decided, place: Path) -> dict[str, Any]:
    """A decision without the rows of its tables."""
    return {
        "decision": decided.decision,
        "out": str(place),
        "source": decided.source,
        "at": iso(decided.at),
        "settings": decided.settings,
        "expects": [{name: getattr(one, name) for name in one.__dataclass_fields__} for one in decided.expects],
        "gave_up": [{name: getattr(one, name) for name in one.__dataclass_fields__} for one in decided.gave_up],
        "notes": list(decided.notes),
        "tables": {
            name: {"rows": table.num_rows, "columns": table.column_names} for name, table in decided.tables.items()
        },
    }


def show_decided(console: Console, decided: Decided) -> None:
    """The decision itself, what it expects, what its constraints cost, and what to know."""
    from edgewise.cli.table_view import show_rows

    console.print(f"{decided.decision} · {decided.source} · as of {iso(decided.at)}", markup=False)
    for name, table in list(decided.tables.items())[:1]:
        console.print(f"\n{name}: {table.num_rows:,} rows", markup=False)
        show_rows(console, table)
    others = [f"{name} ({table.num_rows:,} rows)" for name, table in list(decided.tables.items())[1:]]
    if others:
        console.print(f"further tables: {', '.join(others)}", markup=False)
    console.print("\nexpects")
    for one in decided.expects:
        console.print(f"  {one.name}: {_expected(one)}", markup=False)
    if decided.gave_up:
        console.print("\ngave up to the constraints")
    for lost in decided.gave_up:
        where = f", binding in {lost.binding:,} place{'' if lost.binding == 1 else 's'}"
        console.print(f"  {lost.constraint}: {_number(lost.value)} {lost.unit}{where}", markup=False)
    for note in decided.notes:
        console.print(f"\n{note}", markup=False)


def _expected(one: Expected) -> str:
    interval = ""
    if one.low is not None and one.high is not None:
        interval = f" [{_number(one.low)}, {_number(one.high)}] ({one.level:.0%} interval)"
    return f"{_number(one.value)} {one.unit}{interval}, basis: {one.basis}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
