"""The first rows of an answer, for people."""

from __future__ import annotations

import datetime as dt
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console

__all__ = ["show_rows"]

_LEAST: Final = 8  # characters that a text keeps
_TEXTS: Final = ("string", "large_string", "list", "large_list")
_NUMBERS: Final = ("int", "uint", "float", "double", "decimal")


def show_rows(console: Console, table: pa.Table, limit: int = 10) -> None:
    """Print the first rows, and how many there are in all.

    Where a line is too long, the longest texts are cut; the last columns that still do not fit are named below.
    """
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    head, names = table.slice(0, limit), table.column_names
    columns = [[_cell(value) for value in head.column(i).to_pylist()] for i in range(head.num_columns)]
    texts = [str(field.type).startswith(_TEXTS) for field in table.schema]
    widths = _widths(names, columns, texts, console.width)
    for name, field, width in zip(names, table.schema, widths, strict=False):
        numeric = str(field.type).startswith(_NUMBERS)
        justify: Literal["left", "right"] = "right" if numeric else "left"
        grid.add_column(name, justify=justify, overflow="ellipsis", no_wrap=True, min_width=width, max_width=width)
    for row in zip(*columns[: len(widths)], strict=True):
        grid.add_row(*map(Text, row))
    console.print(grid)
    if table.num_rows > limit:
        console.print(f"… {table.num_rows - limit:,} more rows")
    if len(widths) < len(names):
        console.print(f"… further columns: {', '.join(names[len(widths) :])}", markup=False)


def _widths(names: list[str], columns: list[list[str]], texts: list[bool], most: int) -> list[int]:
    """How wide each column is, of as many as fit: as its widest cell, unless texts must give way."""
    wide = [max(map(len, [name, *cells])) for name, cells in zip(names, columns, strict=True)]
    need = [0 if text else max(map(len, cells), default=0) for text, cells in zip(texts, columns, strict=True)]
    least = [max(min(width, _LEAST), cells) for width, cells in zip(wide, need, strict=True)]
    fit = sum(end <= most for end in accumulate(width + 2 for width in least))
    widths, least = wide[: max(fit, 1)], least[: max(fit, 1)]
    while sum(widths) + 2 * len(widths) > most and widths != least:
        widest = max(range(len(widths)), key=lambda i: (widths[i] > least[i], widths[i]))
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
