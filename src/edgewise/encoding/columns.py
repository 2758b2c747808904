"""One column as numbers: what is fitted, and how it is applied. Plain values: JSON in, JSON out.

encoder = fit_column(array_of_visible_rows, stype)
block = encoder.dense(array)     # float32[rows, encoder.width]
codes = encoder.codes(array)     # int64[rows]; 0 is null or unknown; only where `encoder.values` is set
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float32, Float64, Int64

from edgewise.clock import DAY, NEVER
from edgewise.graph.columns import codes_of, moments, numbers, texts
from edgewise.stypes import SType

__all__ = ["TEXT_WIDTH", "ColumnEncoder", "fit_column"]

#: Dimensions of a hashed text; categories kept at most; a category kept needs this many rows.
TEXT_WIDTH: Final = 16
MOST_VALUES: Final = 2_000
FEWEST_ROWS: Final = 2
#: Multicategorical columns become this many yes-or-nos, embeddings this many dimensions, at most.
MOST_LABELS: Final = 16
MOST_DIMENSIONS: Final = 64


@dataclass(frozen=True, slots=True)
class ColumnEncoder:
    """A fitted encoder. `centre` and `spread` are robust: the median and the middle half's width.

    Numbers give (asinh of the standardised value, is null); times give cycles of day, week and year, the age at
    the cut, and is null; booleans (value, is null); text signed hashed character 3-grams of unit length; lists of
    categories one column a kept category; embeddings themselves. Categories give codes and no dense columns.
    """

    stype: SType
    width: int
    centre: float = 0.0
    spread: float = 1.0
    values: tuple[str, ...] = ()

    @property
    def coded(self) -> bool:
        """Whether the column is read as codes."""
        return self.stype is SType.CATEGORICAL

    def dense(self, column: pa.Array) -> Float32[np.ndarray, "rows width"]:
        """The column's dense part, float32[rows, width]."""
        if self.width == 0:
            return np.zeros((len(column), 0), np.float32)
        if self.stype in (SType.NUMERICAL, SType.BOOLEAN):
            return _flagged(np.arcsinh((numbers(column) - self.centre) / self.spread))
        if self.stype is SType.TIMESTAMP:
            return _clock(moments(column), self.centre, self.spread)
        if self.stype is SType.TEXT:
            return _hashed(column, self.width)
        if self.stype is SType.MULTICATEGORICAL:
            return _members(column, self.values)
        return _vectors(column, self.width)

    def codes(self, column: pa.Array) -> Int64[np.ndarray, " rows"]:
        """0 for null and unknown, then one code a kept category."""
        return codes_of(column, list(self.values)) + 1

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "stype": self.stype.value,
            "width": self.width,
            "centre": self.centre,
            "spread": self.spread,
            "values": list(self.values),
        }

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> ColumnEncoder:
        """The inverse of `to_json`."""
        return cls(SType(found["stype"]), found["width"], found["centre"], found["spread"], tuple(found["values"]))


def fit_column(visible: pa.Array, stype: SType) -> ColumnEncoder:
    """Fit on the visible rows of a column."""
    if stype is SType.NUMERICAL:
        centre, spread = _robust(numbers(visible))
        return ColumnEncoder(stype, 2, centre, spread)
    if stype is SType.BOOLEAN:
        return ColumnEncoder(stype, 2)
    if stype is SType.TIMESTAMP:
        found = moments(visible)
        centre, spread = _robust(found[found != NEVER].astype(np.float64))
        return ColumnEncoder(stype, 8, centre, max(spread, float(DAY)))
    if stype is SType.TEXT:
        return ColumnEncoder(stype, TEXT_WIDTH)
    if stype is SType.MULTICATEGORICAL:
        kept = _frequent(_flat_texts(visible), MOST_LABELS)
        return ColumnEncoder(stype, len(kept), values=kept)
    if stype is SType.EMBEDDING:
        lengths = pc.list_value_length(visible).drop_null() if _is_list(visible.type) else pa.array([], pa.int32())
        width = int(pc.max(lengths).as_py() or 0) if len(lengths) else 0
        return ColumnEncoder(stype, min(width, MOST_DIMENSIONS))
    if stype is SType.CATEGORICAL:
        return ColumnEncoder(stype, 0, values=_frequent(texts(visible), MOST_VALUES))
    return ColumnEncoder(stype, 0)


def _robust(values: Float64[np.ndarray, " rows"]) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return 0.0, 1.0
    low, middle, high = np.quantile(known, (0.25, 0.5, 0.75))
    spread = float(high - low) or float(known.std()) or 1.0
    return float(middle), spread


def _flagged(values: Float64[np.ndarray, " rows"]) -> Float32[np.ndarray, "rows 2"]:
    null = ~np.isfinite(values)
    return np.stack([np.where(null, 0.0, values), null], axis=1).astype(np.float32)


def _clock(at: Int64[np.ndarray, " rows"], centre: float, spread: float) -> Float32[np.ndarray, "rows 8"]:
    """Sine and cosine of the day, the week and the year; the age at the cut; is null."""
    null = at == NEVER
    moment = np.where(null, 0, at)
    columns = []
    for period in (DAY, 7 * DAY, 365.2425 * DAY):
        angle = 2 * np.pi * (moment % period) / period
        columns += [np.sin(angle), np.cos(angle)]
    columns.append(np.arcsinh((moment - centre) / spread))
    dense = np.where(null, 0.0, np.stack(columns))
    return np.concatenate([dense, null[None, :]]).T.astype(np.float32)


def _hashed(column: pa.Array, width: int) -> Float32[np.ndarray, "rows width"]:
    """Signed hashing of character 3-grams (Weinberger et al. 2009), each distinct text once."""
    encoded = texts(column)
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    table = np.zeros((len(encoded.dictionary) + 1, width), np.float32)
    for i, text in enumerate(encoded.dictionary.to_pylist()):
        folded = f"  {text or ''} ".casefold()
        for j in range(len(folded) - 2):
            code = zlib.crc32(folded[j : j + 3].encode())
            table[i, code % width] += 1.0 if (code >> 16) & 1 else -1.0
    table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-6)
    table[-1] = 0.0
    indices = pc.fill_null(encoded.indices.cast(pa.int64()), len(table) - 1)
    return table[indices.to_numpy(zero_copy_only=False)]


def _members(column: pa.Array, values: tuple[str, ...]) -> Float32[np.ndarray, "rows values"]:
    out = np.zeros((len(column), len(values)), np.float32)
    place = {value: j for j, value in enumerate(values)}
    for i, entries in enumerate(_lists(column)):
        for entry in entries:
            if entry in place:
                out[i, place[entry]] = 1.0
    return out


def _vectors(column: pa.Array, width: int) -> Float32[np.ndarray, "rows width"]:
    out = np.zeros((len(column), width), np.float32)
    for i, vector in enumerate(column.to_pylist()):
        if vector is not None:
            out[i, : min(width, len(vector))] = np.nan_to_num(np.asarray(vector[:width], dtype=np.float32))
    return out


def _frequent(column: pa.Array, most: int) -> tuple[str, ...]:
    """The most frequent texts, equal ones in their own order; rare ones only where there are few."""
    counted = [(v["values"], v["counts"]) for v in pc.value_counts(column.drop_null()).to_pylist()]
    counted.sort(key=lambda pair: (-pair[1], pair[0]))
    fewest = FEWEST_ROWS if len(counted) > 50 else 1
    return tuple(value for value, count in counted[:most] if count >= fewest)


def _is_list(dtype: pa.DataType) -> bool:
    return pa.types.is_list(dtype) or pa.types.is_large_list(dtype) or pa.types.is_fixed_size_list(dtype)


def _lists(column: pa.Array) -> list[list[str]]:
    """Lists as they are; texts split at commas, semicolons and bars."""
    if _is_list(column.type):
        return [[str(e) for e in entries or [] if e is not None] for entries in column.to_pylist()]
    split = [(t or "").replace(";", ",").replace("|", ",").split(",") for t in texts(column).to_pylist()]
    return [[part.strip() for part in parts if part.strip()] for parts in split]


def _flat_texts(column: pa.Array) -> pa.Array:
    return pa.array([entry for entries in _lists(column) for entry in entries], type=pa.string())
