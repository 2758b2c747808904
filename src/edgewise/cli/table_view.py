"""The first rows of an answer, for people."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console

__all__ = ["show_rows"]

_LEAST: Final = 8  # characters that a text keeps


def show_rows(console: Console, table: pa.Table, limit: int = 10) -> None:
    """Print the first rows, and how many there are in all. Where a line is too long, the longest texts are cut."""
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    head = table.slice(0, limit)
    columns = [[_cell(value) for value in head.column(i).to_pylist()] for i in range(head.num_columns)]
    numeric = [str(field.type).startswith(("int", "uint", "float", "double")) for field in table.schema]
    widths = _widths(table.column_names, columns, numeric, console.width)
    for name, is_number, width in zip(table.column_names, numeric, widths, strict=True):
        justify: Literal["left", "right"] = "right" if is_number else "left"
        grid.add_column(name, justify=justify, overflow="ellipsis", no_wrap=True, min_width=width, max_width=width)
    for row in zip(*columns, strict=True):
        grid.add_row(*map(Text, row))
    console.print(grid)
    if table.num_rows > limit:
        console.print(f"… {table.num_rows - limit:,} more rows")


def _widths(names: list[str], columns: list[list[str]], numeric: list[bool], most: int) -> list[int]:
    """How wide each column is: as its widest cell, unless that is too much for the line."""
    widths = [max(map(len, [name, *cells])) for name, cells in zip(names, columns, strict=True)]
    cells_need = [
        max(map(len, cells), default=0) if is_number else 0
        for cells, is_number in zip(columns, numeric, strict=True)
    ]
    least = [max(min(width, _LEAST), need) for width, need in zip(widths, cells_need, strict=True)]
    while sum(widths) + 2 * len(widths) > most:
        spare = [width - floor for width, floor in zip(widths, least, strict=True)]
        widest = max(range(len(widths)), key=lambda i: (spare[i] > 0, widths[i]), default=None)
        if widest is None or spare[widest] <= 0:
            break
        widths[widest] -= 1
    return widths


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
