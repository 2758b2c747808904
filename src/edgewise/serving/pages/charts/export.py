"""Charts and tables to take along: CSV that no spreadsheet runs, and pictures that need no style sheet."""

from __future__ import annotations

import csv
import io
import re
from functools import cache
from importlib import resources
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.csv import CSVWriter

from edgewise.serving.pages.charts.nouns import WIDE, Cell, Chart, Sheet

__all__ = ["chart_csv", "chart_svg", "sheet_csv", "table_csv"]

#: What a spreadsheet would take for a formula at the beginning of a text.
_FORMULA: Final = r"^[=+\-@\t\r]"
_NUMBER: Final = re.compile(r"[+-]?\d[\d.,]*(e[+-]?\d+)?", re.IGNORECASE)
_VARIABLE: Final = re.compile(r"var\((--[\w-]+)\)")


def chart_csv(chart: Chart) -> str:
    """The figures of a chart."""
    return sheet_csv(chart.sheet())


def sheet_csv(sheet: Sheet) -> str:
    """Rows as RFC 4180 has them. A text that a spreadsheet would run as a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_harmless(name) for name in sheet.columns])
    writer.writerows([[_harmless(cell) for cell in row] for row in sheet.rows])
    return out.getvalue()


def table_csv(table: pa.Table) -> bytes:
    """A whole table; lists and structures are written as Arrow says them."""
    columns = [_plain(column) for column in table.columns]
    plain = pa.table(columns, names=[str(_harmless(name)) for name in table.column_names])
    out = io.BytesIO()
    with CSVWriter(out, plain.schema) as writer:
        writer.write_table(plain)
    return out.getvalue()


def chart_svg(chart: Chart) -> str:
    """A chart as a file of its own, in the light colours."""
    return chart.draw(WIDE).file(_style())


def _harmless(cell: Cell) -> Cell:
    if not isinstance(cell, str) or not re.match(_FORMULA, cell) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = pc.cast(column, kind.value_type)
        kind = column.type
    if pa.types.is_nested(kind):
        column = pa.chunked_array(
            [pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())]
        )
    elif not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return column
    runs = pc.and_(
        pc.match_substring_regex(column, _FORMULA),
        pc.invert(pc.match_substring_regex(column, r"^[+-]?\d[\d.,]*$")),
    )
    return pc.if_else(pc.fill_null(runs, False), pc.binary_join_element_wise("'", column, ""), column)


@cache
def _style() -> str:
    """The style of the charts with its colours filled in: other programs know no variables."""
    folder = resources.files("edgewise.serving.pages") / "static"
    palette = (folder / "pages.css").read_text(encoding="utf-8").partition("}")[0]
    colours = dict(re.findall(r"(--[\w-]+):\s*([^;]+);", palette))
    text = (folder / "charts.css").read_text(encoding="utf-8").partition("/* the page around a chart */")[0]
    return _VARIABLE.sub(lambda found: colours[found[1]], text)
