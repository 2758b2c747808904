"""What a column means to a model: its stype, with the reason."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from edgewise.schema.names import column_name, words
from edgewise.schema.profile import ColumnProfile, Kind
from edgewise.schema.words import CATEGORY_WORDS, NULL_MARKERS, TITLE_WORDS, WRITTEN_WORDS
from edgewise.stypes import SType

__all__ = ["Meaning", "Role", "looks_numeric", "meaning_of", "numbers_in_text"]

_NUMBER: Final = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$")
_LEADING_ZERO: Final = re.compile(r"\s*[+-]?0\d")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$")
_WORDY: Final = re.compile(r"[^\W\d_][^\d_]*$")
#: Separators of texts that hold several categories, tried in this order.
_SEPARATORS: Final = ("|", ";", ",", "/", " ")
_MOSTLY: Final = 0.95
#: A text with at most this many distinct values is a category, as is one whose values repeat this often.
_FEW: Final = 50
_REPEATS: Final = 2.0
_LONG: Final = 60
_CODE_LENGTH: Final = 5
_SHORTEST_VECTOR: Final = 2


class Role(StrEnum):
    """What a column does in its table."""

    KEY = "key"
    LINK = "link"
    TIME = "time"
    CLOCK = "clock"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A column's stype, why, and what parts several categories in one text."""

    stype: SType
    reason: str
    separator: str | None = None


def meaning_of(column: ColumnProfile, role: Role, is_time: bool) -> Meaning | None:
    """The meaning of a column, or None for storage that has none (binary, nested). `is_time` says that the
    column's values were read as time."""
    if role in (Role.KEY, Role.LINK):
        return Meaning(SType.ID, "the key" if role is Role.KEY else "a link")
    if role is Role.TIME or is_time or column.kind is Kind.TIME:
        return Meaning(SType.TIMESTAMP, "the time column" if role is Role.TIME else "a time")
    if role is Role.CLOCK:
        return Meaning(SType.NUMERICAL, "counts periods; read as the time of the row")
    if column.kind is Kind.OTHER:
        return None
    return _BY_KIND[column.kind](column)


def _of_boolean(column: ColumnProfile) -> Meaning:
    return Meaning(SType.BOOLEAN, "stored as true and false")


def _of_float(column: ColumnProfile) -> Meaning:
    if column_name(column.name).strength == "id" and column.whole:
        return _of_identifier(column)
    return Meaning(SType.NUMERICAL, "numbers")


def _of_integer(column: ColumnProfile) -> Meaning:
    name = column_name(column.name)
    if name.strength == "id":
        return _of_identifier(column)
    if column.distinct == 2 and column.low == 0 and column.high == 1:
        return Meaning(SType.BOOLEAN, "only 0 and 1")
    if set(words(column.name)[-1:]) & CATEGORY_WORDS and "count" not in words(column.name):
        return Meaning(SType.CATEGORICAL, f"whole numbers named like a label, {column.distinct} values")
    return Meaning(SType.NUMERICAL, "whole numbers")


def _of_identifier(column: ColumnProfile) -> Meaning:
    if column.present > 1 and column.distinct >= 0.9 * column.present:
        return Meaning(SType.ID, "an identifier, nearly every row has its own")
    what = "an identifier without a table" if column_name(column.name).strength == "id" else "hashed labels"
    return Meaning(SType.CATEGORICAL, f"{what}, {column.distinct} values")


def _of_list(column: ColumnProfile) -> Meaning | None:
    sizes = {len(v) for v in column.sample}
    if column.item in (Kind.FLOAT, Kind.INTEGER) and len(sizes) == 1 and _steady(column):
        size = sizes.pop()
        if column.item is Kind.FLOAT and size >= _SHORTEST_VECTOR:
            return Meaning(SType.EMBEDDING, f"vectors of {size} numbers")
    if column.item in (Kind.TEXT, Kind.INTEGER, Kind.BOOLEAN):
        return Meaning(SType.MULTICATEGORICAL, "lists of labels")
    return None


def _steady(column: ColumnProfile) -> bool:
    return column.lengths is None or column.lengths[0] == column.lengths[1]


def _of_text(column: ColumnProfile) -> Meaning:
    values = [v for v in column.sample if isinstance(v, str)]
    if not values:
        return Meaning(SType.CATEGORICAL, "no values to judge by")
    name = column_name(column.name)
    if name.strength == "id" or all(_UUID.match(v) for v in values):
        return _of_identifier(column)
    if set(words(column.name)[-1:]) & CATEGORY_WORDS and _mean_length(values) <= _LONG:
        return _several(column, values) or Meaning(
            SType.CATEGORICAL, f"named like a label, {column.distinct} values"
        )
    if numbers_in_text(column) >= _MOSTLY and not _is_code(column):
        return Meaning(SType.NUMERICAL, "text that holds numbers")
    return _several(column, values) or _of_plain_text(column, values)


def _is_code(column: ColumnProfile) -> bool:
    """Whether digits in text are all of one length, as codes are and amounts are not."""
    digits = all(v.isdigit() for v in column.sample if isinstance(v, str))
    return digits and column.lengths is not None and column.lengths[0] == column.lengths[1] >= _CODE_LENGTH


def _of_plain_text(column: ColumnProfile, values: list[str]) -> Meaning:
    name = column_name(column.name)
    repeats = column.present / max(column.distinct, 1)
    all_differ = column.distinct >= _MOSTLY * column.present and column.present > 1
    if all_differ and name.strength == "code" and name.suffix not in ("name", "via", "no", "number", "nr"):
        return Meaning(SType.ID, "a second name of the row, every row has its own")
    if _mean_length(values) > _LONG or _speaks(column, values):
        return Meaning(SType.TEXT, "free text")
    if _written(column, values):
        return Meaning(SType.TEXT, f"named like something written, {column.distinct} values of several words")
    if (column.distinct <= _FEW and repeats >= _REPEATS) or repeats >= _REPEATS:
        return Meaning(SType.CATEGORICAL, f"{column.distinct} values, each {repeats:.3g} times on average")
    if column.distinct <= _FEW and not all_differ and " " not in "".join(values).strip():
        return Meaning(SType.CATEGORICAL, f"{column.distinct} short values")
    return Meaning(SType.TEXT, f"{column.distinct} distinct values in {column.present} rows")


def _speaks(column: ColumnProfile, values: list[str]) -> bool:
    """Whether most values are sentences of many words that hardly repeat."""
    lengths = [v.count(" ") for v in values]
    return sum(lengths) / len(lengths) >= 4 and column.present < 20 * column.distinct


def _written(column: ColumnProfile, values: list[str]) -> bool:
    """Whether a column that people write into holds more than a few values, many of them of several words."""
    named = bool(set(words(column.name)[-1:]) & WRITTEN_WORDS)
    return named and column.distinct > _FEW and 4 * sum(" " in v.strip() for v in values) >= len(values)


def _mean_length(values: list[str]) -> float:
    return sum(map(len, values)) / len(values)


def numbers_in_text(column: ColumnProfile) -> float:
    """The share of a text column's values that read as numbers; 0 where leading zeros make them codes.

    Judged by all distinct values where they are known, else by the sample, if the extremes agree with it.
    """
    if column.kind is not Kind.TEXT:
        return 0.0
    share = _share_of_numbers(column.sample)
    if column.values is not None:
        return min(share, _share_of_numbers(column.values))
    return share if _share_of_numbers((column.low, column.high)) == 1.0 else 0.0


def looks_numeric(texts: tuple[Any, ...]) -> bool:
    """Whether a sample of texts looks like numbers, so that all values deserve a look."""
    return _share_of_numbers(texts) >= _MOSTLY


def _share_of_numbers(texts: tuple[Any, ...]) -> float:
    values = [v for v in texts if isinstance(v, str) and v.strip().casefold() not in NULL_MARKERS]
    if not values or any(_LEADING_ZERO.match(v) for v in values):
        return 0.0
    return sum(1 for v in values if _NUMBER.match(v)) / len(values)


def _several(column: ColumnProfile, values: list[str]) -> Meaning | None:
    """Several categories in one text: few parts, in many combinations. The words of a title are none."""
    whole = set(values)
    titled = bool(set(words(column.name)[-1:]) & TITLE_WORDS)
    for separator in _SEPARATORS[:-1] if titled else _SEPARATORS:
        counts = Counter(part.strip() for v in values for part in v.split(separator))
        joined = sum(1 for v in values if separator in v)
        if joined >= 0.05 * len(values) and _few_parts(counts, whole, separator):
            shown = "a space" if separator == " " else f"'{separator}'"
            return Meaning(
                SType.MULTICATEGORICAL,
                f"{len(counts)} labels in many combinations, separated by {shown}",
                separator,
            )
    return None


def _few_parts(counts: Counter[str], whole: set[str], separator: str) -> bool:
    """Whether parts are much fewer than the texts they make up, and, between spaces, words rather than
    measures.
    """
    texts = len(whole)
    if separator in " /":
        wordy = sum(n for part, n in counts.items() if _WORDY.match(part))
        return texts >= 20 and len(counts) <= 0.25 * texts and wordy >= _MOSTLY * sum(counts.values())
    repeated = sum(1 for n in counts.values() if n > 1) >= 0.5 * len(counts)
    short = max(map(len, counts)) <= 40
    return texts >= 3 and len(counts) <= max(0.6 * texts, 8) and len(counts) <= 2 * texts and repeated and short


_BY_KIND: Final[dict[Kind, Any]] = {
    Kind.BOOLEAN: _of_boolean, Kind.FLOAT: _of_float, Kind.INTEGER: _of_integer, Kind.LIST: _of_list,
    Kind.TEXT: _of_text,
}  # fmt: skip
