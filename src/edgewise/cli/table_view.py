"""The first rows of an answer, for people."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console

__all__ = ["show_rows"]


def show_rows(console: Console, table: pa.Table, limit: int = 10) -> None:
    """Print the first rows, and how many there are in all."""
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    head = table.slice(0, limit)
    for field in table.schema:
        numeric = str(field.type).startswith(("int", "uint", "float", "double"))
        grid.add_column(field.name, justify="right" if numeric else "left", overflow="ellipsis", no_wrap=True)
    for row in head.to_pylist():
        grid.add_row(*(Text(_cell(value)) for value in row.values()))
    console.print(grid)
    if table.num_rows > limit:
        console.print(f"… {table.num_rows - limit:,} more rows")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "seconds")
    if isinstance(value, list):
        shown = ", ".join(_cell(v) for v in value[:5])
        return f"[{shown}{', …' if len(value) > 5 else ''}]"
    return str(value)
