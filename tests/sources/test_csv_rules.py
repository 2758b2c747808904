"""What a CSV file is read as, and what is said when it cannot be read."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest
from sqlglot import exp

from edgewise.errors import SourceError
from edgewise.sources.open import open_source

LONG = 30_000


def column(folder: Path, text: str, name: str = "c") -> pa.ChunkedArray:
    (folder / "t.csv").write_text(text, encoding="utf-8")
    with open_source(folder) as source:
        return source.read(exp.select("*").from_("t")).column(name)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2"], pa.int64()),
        (["1", "2.5"], pa.float64()),
        (["001", "2"], pa.string()),
        (["0", "10"], pa.int64()),
        (["0.5", "10"], pa.float64()),
        (["+31612345678", "+31612345679"], pa.string()),
        (["-5", "7"], pa.int64()),
        (["9223372036854775807", "1"], pa.int64()),
        (["92233720368547758070", "1"], pa.string()),
        (["true", "false"], pa.bool_()),
        (["2020-01-01", "2020-12-31"], pa.date32()),
        (["2020-01-01 10:00:00", "2020-12-31 11:11:11.5"], pa.timestamp("us")),
        (["2020-01-01T10:00:00Z", "2020-12-31T10:00:00+02:00"], pa.timestamp("us", "UTC")),
        (["31/12/2020", "01/02/2020"], pa.date32()),
        (["a", "1"], pa.string()),
        (['"x, y"', '"with ""quotes"""'], pa.string()),
    ],
)
def test_types_follow_from_all_values(tmp_path: Path, values: list[str], kind: pa.DataType) -> None:
    # the value that decides stands far beyond any sample
    filler = "".join(f"{values[0]},x\n" for _ in range(LONG)) if values[0] != "001" else "5,x\n" * LONG
    got = column(tmp_path, f"c,d\n{filler}{values[0]},x\n{values[1]},x\n")
    assert got.type == kind


def test_padded_numbers_keep_their_zeros_wherever_they_stand(tmp_path: Path) -> None:
    got = column(tmp_path, "c,d\n" + "5,x\n" * LONG + "007,x\n")
    assert got[-1].as_py() == "007"
    assert got[0].as_py() == "5"


def test_missing_values(tmp_path: Path) -> None:
    got = column(tmp_path, 'c,d\n1,x\n,x\nNULL,x\nnull,x\n\\N,x\n"",x\n2,x\n')
    assert got.to_pylist() == [1, None, None, None, None, None, 2]


def test_a_column_may_be_called_null(tmp_path: Path) -> None:
    assert column(tmp_path, "select,null,group\n1,x,a\n2,null,b\n", "null").to_pylist() == ["x", None]


def test_a_name_that_looks_missing_stays(tmp_path: Path) -> None:
    assert column(tmp_path, "c,d\nNA,x\nNaN,x\nnone,x\n").to_pylist() == ["NA", "NaN", "none"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_headers(tmp_path: Path, delimiter: str) -> None:
    got = column(tmp_path, f"a{delimiter}c\n1{delimiter}2\n3{delimiter}4\n")
    assert got.to_pylist() == [2, 4]


def test_one_column_needs_no_delimiter(tmp_path: Path) -> None:
    assert column(tmp_path, "c\n1\n2\n").to_pylist() == [1, 2]


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert column(tmp_path, "\ufeffc,d\n1,2\n").to_pylist() == [1]


def test_part_files_with_different_types_meet(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "a.csv").write_text("c,d\n1,\n2,\n")
    (tmp_path / "t" / "b.csv").write_text("c,d\n2.5,x\n")
    with gzip.open(tmp_path / "t" / "c.csv.gz", "wt") as file:
        file.write("c,d\n,7\n")
    with open_source(tmp_path) as source:
        got = source.read(exp.select("*").from_("t"))
    assert got.column("c").to_pylist() == [1.0, 2.0, 2.5, None]
    assert got.column("d").to_pylist() == [None, None, "x", "7"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,4,5\n", "{file}, line 3: the line has 3 fields where the header has 2"),
        ("a,b\n1,2\n3\n4,5\n", "{file}, line 3: the line has 1 fields where the header has 2"),
        ('a,b\n1,"open\n2,3\n', "{file}, line 2: the line has an opening quote that is never closed"),
        ("a,a\n1,2\n", "{file}: the header names 'a' more than once"),
        ("a,,c\n1,2,3\n", "{file}: column 2 of the header has no name"),
        ("\n1,2\n", "{file} has no header line"),
        ("a,b\n" + "1,2\n" * LONG + "3\n", "{file}, line 30002: the line has 1 fields where the header has 2"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        column(tmp_path, text)
    assert caught.value.message == message.format(file=tmp_path / "t.csv")
    assert caught.value.hint


def test_a_file_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("naïve,b\n1,2\n".encode("latin-1"))
    with pytest.raises(SourceError) as caught:
        open_source(tmp_path)
    assert str(tmp_path / "t.csv") in caught.value.message
    assert caught.value.hint == "save it as UTF-8 text"


def test_headers_that_differ_are_named(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "a.csv").write_text("c,d\n1,2\n")
    (tmp_path / "t" / "b.csv").write_text("c,e\n1,2\n")
    with pytest.raises(SourceError, match=r"b\.csv has the columns c, e, but a\.csv beside it has c, d"):
        open_source(tmp_path)
