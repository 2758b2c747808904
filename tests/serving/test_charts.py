"""The charts: well-formed at every width, whatever the names and figures; exports that say the same."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from xml.etree import ElementTree

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.serving.pages.charts.bars import BarChart, Bars
from edgewise.serving.pages.charts.curve import Curve, Point
from edgewise.serving.pages.charts.export import chart_csv, chart_svg, table_csv
from edgewise.serving.pages.charts.heat import Heat
from edgewise.serving.pages.charts.lines import Line, LineChart
from edgewise.serving.pages.charts.multiples import Multiples, Panel
from edgewise.serving.pages.charts.nouns import NARROW, WIDE, Chart
from edgewise.serving.pages.charts.pen import said, short, spread

HOSTILE = "</svg><script>alert(1)</script>\"'&\x00\x0b"
SVG = "{http://www.w3.org/2000/svg}"
Maker = Callable[[list[str], list[float | None]], Chart]


def lines(names: list[str], values: list[float | None]) -> Chart:
    band = Line(
        names[0], values, [v if v is None else v - 1 for v in values], [v if v is None else v + 1 for v in values]
    )
    return LineChart("c", names[0], "d", [names[0]] * len(values), [band, Line("b", values)], "x", now=1)


def bars(names: list[str], values: list[float | None]) -> Chart:
    labels = [names[i % len(names)] for i in range(len(values))]
    return BarChart("c", names[0], "d", labels, [Bars(names[0], values, values, values), Bars("b", values)], "x")


def multiples(names: list[str], values: list[float | None]) -> Chart:
    panels = [Panel(name, values, name, values, values, marked=0) for name in names]
    return Multiples("c", names[0], "d", [names[0]] * len(values), panels, "x")


def curve(names: list[str], values: list[float | None]) -> Chart:
    points = [Point(names[0], i, v or 0.0, (v or 0) - 1, (v or 0) + 1) for i, v in enumerate(values)]
    return Curve("c", names[0], "d", points, "cost", names[0], chosen=0, others=[Point(n, 1, 1) for n in names])


def heat(names: list[str], values: list[float | None]) -> Chart:
    columns = [names[i % len(names)] for i in range(len(values))]
    return Heat("c", names[0], "d", names, columns, [values] * len(names))


MAKERS: list[Maker] = [lines, bars, multiples, curve, heat]
figures = st.none() | st.floats(-1e12, 1e12) | st.sampled_from([0.0, 1e-9, -1e-9, math.nan, math.inf])


@pytest.mark.parametrize("make", MAKERS)
@settings(max_examples=25, deadline=None)
@given(
    names=st.lists(st.text(max_size=30) | st.just(HOSTILE), min_size=1, max_size=4),
    values=st.lists(figures, max_size=9),
)
def test_whatever_names_and_figures_are_a_chart_is_well_formed_and_within_its_canvas(
    make: Maker, names: list[str], values: list[float | None]
) -> None:
    chart = make(names, values)
    for width in (NARROW, WIDE):
        canvas = chart.draw(width)
        tree = ElementTree.fromstring(canvas.file(""))
        assert tree.find(f".//{SVG}script") is None
        for rect in list(tree.iter(f"{SVG}rect"))[1:]:
            assert float(rect.get("x", "0")) >= -1
            assert float(rect.get("x", "0")) + float(rect.get("width", "0")) <= width + 1
        places = [
            value for mark in tree.iter() for name, value in mark.items() if name in {"x", "y", "width", "points"}
        ]
        assert not [place for place in places if "nan" in place or "inf" in place]
    assert len(chart_csv(chart).encode("utf-8", "replace")) > 0


def test_a_chart_is_told_apart_without_its_colours() -> None:
    values: list[float | None] = [1.0, 2.0, 3.0]
    drawn = str(
        LineChart("c", "t", "d", ["a", "b", "c"], [Line(n, values) for n in "vwxyz"], "u").draw(WIDE).render()
    )
    assert all(f" d{i}" in drawn for i in range(5))
    assert {"<circle", "<rect", "<polygon"} <= {tag for tag in ("<circle", "<rect", "<polygon") if tag in drawn}
    assert drawn.count(">z<") == 2  # in the key, and at its end
    stacked = BarChart("c", "t", "d", ["a"], [Bars(n, [5.0]) for n in "vwxyz"], "u").draw(WIDE).render()
    assert "stripe" in stacked
    assert "hollow" in stacked
    shaded = Heat("c", "t", "d", ["r"], ["a", "b"], [[1.0, 250.0]]).draw(WIDE).render()
    assert ">250<" in shaded


def test_the_words_for_those_who_do_not_see_it() -> None:
    drawn = str(lines(["a"], [1.0, None, 2.0]).draw(WIDE).render())
    assert 'role="img"' in drawn
    assert 'aria-label="a. d"' in drawn
    sheet = lines(["a"], [1.0, None, 2.0]).sheet()
    assert sheet.columns == ("week", "a", "a, low", "a, high", "b")
    assert sheet.rows[1] == ("a", None, None, None, None)
    assert sheet.numeric(1)
    assert not sheet.numeric(0)


def test_a_spreadsheet_runs_nothing_of_an_export() -> None:
    rows = list(csv.reader(io.StringIO(chart_csv(bars(["=1+1", "+x", "-5", 'a,b\n"c"'], [1.0, -2.5, None, 3.0])))))
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'+x", "-5", 'a,b\n"c"']
    assert rows[2][1] == "-2.5"
    table = pa.table(
        {
            "=key": pa.array(["@x", "-5", None, "fine"]).dictionary_encode(),
            "n": [1, None, -3, 4],
            "parts": [["a"], None, [], ["b", "c"]],
        }
    )
    said_rows = list(csv.reader(io.StringIO(table_csv(table).decode())))
    assert said_rows[0] == ["'=key", "n", "parts"]
    assert [row[0] for row in said_rows[1:]] == ["'@x", "-5", "", "fine"]
    assert said_rows[4][2] == "['b', 'c']"


def test_a_picture_needs_no_style_sheet() -> None:
    drawn = chart_svg(lines([HOSTILE], [1.0, 2.0]))
    tree = ElementTree.fromstring(drawn)
    assert tree.find(f"{SVG}title") is not None
    assert "var(" not in drawn
    assert "#0b6e69" in drawn
    assert "figure.chart" not in drawn


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (12_345.0, "12.3k"),
        (4_560_000.0, "4.56M"),
        (-1234.0, "−1,234"),
        (0.01234, "0.0123"),
        (math.nan, "–"),
    ],
)
def test_figures_in_few_letters(value: float, words: str) -> None:
    assert short(value) == words


def test_shares_are_percent_and_names_keep_apart() -> None:
    assert said(0.1234, "share") == "12.3%"
    assert said(0.5, "share of sales") == "50% of sales"
    assert said(-1e-15, "share") == "0%"
    assert said(None) == "–"
    places = spread([5.0, 5.0, 5.0], 10, 0, 100)
    assert sorted(places) == [5.0, 15.0, 25.0]
    assert max(spread([99.0, 99.0], 10, 0, 100)) <= 100
