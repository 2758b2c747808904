"""Label tables that users bring: entity key, anchor time, target, and perhaps a split and a weight."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int64

from edgewise.errors import ArgumentError, LabelError, RunError, nearest
from edgewise.query.kinds import TaskKind
from edgewise.schema.model import Table
from edgewise.tasks.labels import micros

__all__ = ["OwnLabels", "kind_named", "read_own"]

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True, slots=True)
class OwnLabels:
    """A user's label table, checked: columns of n rows.

    Rows without a target are questions: they teach nothing, but say how late answers are wanted (`asked_until`).
    """

    entity: pa.Array
    at: Int64[np.ndarray, " n"]
    target: pa.Array
    split: np.ndarray | None
    weight: np.ndarray | None
    dropped: int  # rows left out because the entity, the time or the target is missing
    asked_until: int  # the latest anchor of all rows, those without a target included; microseconds

    def __len__(self) -> int:
        return len(self.at)

    def save(self, path: Path) -> None:
        """Write the table as one Arrow file."""
        columns = {"entity": self.entity, "at": pa.array(self.at), "target": self.target}
        if self.split is not None:
            columns["split"] = pa.array(self.split.tolist(), pa.string())
        if self.weight is not None:
            columns["weight"] = pa.array(self.weight)
        table = pa.table(columns).replace_schema_metadata({"asked_until": str(self.asked_until)})
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)

    @classmethod
    def load(cls, path: Path) -> OwnLabels:
        """Read what `save` wrote.

        Raises:
            RunError: the file is missing or damaged.
        """
        try:
            with pa.OSFile(str(path), "rb") as source:
                table = pa.ipc.open_file(source).read_all()
            given = {name: table.column(name).combine_chunks() for name in table.column_names}
            split = np.asarray(given["split"].to_pylist(), dtype=object) if "split" in given else None
            weight = given["weight"].to_numpy() if "weight" in given else None
            last = int((table.schema.metadata or {})[b"asked_until"])
            return cls(given["entity"], given["at"].to_numpy(), given["target"], split, weight, 0, last)
        except (OSError, KeyError, ValueError):
            raise RunError(f"the label table of the run, '{path}', is missing or damaged") from None


def kind_named(kind: str | TaskKind) -> TaskKind:
    """The kind of task of that name, `val` for `valid` and other habits of the field included.

    Raises:
        ArgumentError: there is none.
    """
    names = {k.value: k for k in TaskKind} | {k.name.lower(): k for k in TaskKind}
    names |= {"classification": TaskKind.BINARY, "recommendation": TaskKind.RANKING}
    wanted = str(kind).strip().lower()
    if wanted in names:
        return names[wanted]
    near = nearest(wanted, names) or sorted({k.value for k in TaskKind})
    raise ArgumentError(f"'{kind}' is no kind of task", hint=f"kinds: {', '.join(near)}")


def read_own(
    labels: Any,
    table: Table,
    *,
    time: str,
    target: str,
    entity: str | None = None,
    split: str | None = None,
    weight: str | None = None,
) -> OwnLabels:
    """Check a label table for entities of `table`.

    Args:
        labels: anything with `__arrow_c_stream__` (Arrow, pandas, polars).
        entity: its column with the entity's keys; left out, the column named like the table's key.

    Raises:
        LabelError: a column is missing or its values are of the wrong type; nothing is left to learn from.
    """
    data = _arrow(labels)
    name = entity or (table.key if table.key in data.column_names else None) or "entity"
    for column in filter(None, (name, time, target, split, weight)):
        if column not in data.column_names:
            near = nearest(column, data.column_names) or data.column_names
            raise LabelError(f"the label table has no column '{column}'", hint=f"columns: {', '.join(near)}")
    asked, told = (pc.is_valid(data.column(column)).to_numpy() for column in (name, target))
    asked &= pc.is_valid(data.column(time)).to_numpy()
    whole = asked & told
    kept = data.filter(pa.array(whole))
    if not kept.num_rows:
        raise LabelError("the label table has no row with an entity, a time and a target")
    at = micros(_as_time(data.filter(pa.array(asked)).column(time), time))
    return OwnLabels(
        entity=kept.column(name).combine_chunks(),
        at=at[told[asked]],
        target=kept.column(target).combine_chunks(),
        split=_splits(kept.column(split)) if split else None,
        weight=kept.column(weight).to_numpy().astype(np.float64) if weight else None,
        dropped=int((~whole).sum()),
        asked_until=int(at.max()),
    )


def _arrow(labels: Any) -> pa.Table:
    if isinstance(labels, pa.Table):
        return labels
    if hasattr(labels, "__arrow_c_stream__"):
        return pa.table(labels)
    if isinstance(labels, dict):
        return pa.table(labels)
    raise LabelError(
        f"a label table is a pyarrow, pandas or polars table, not {type(labels).__name__}",
        hint="read a file with pyarrow.parquet.read_table",
    )


def _as_time(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """ISO text is read as time; anything else must be one already."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    try:
        return pc.cast(column, pa.timestamp("us"))
    except pa.ArrowInvalid:
        raise LabelError(
            f"column '{name}' of the label table holds text that is no time", hint="write 2017-12-18T06:30:00"
        ) from None


def _splits(column: pa.ChunkedArray) -> np.ndarray:
    names = np.asarray([str(v).strip().lower() for v in column.to_pylist()], dtype=object)
    names[np.isin(names, ("val", "validation"))] = "valid"
    unknown = sorted(set(names) - set(SPLITS))
    if unknown:
        raise LabelError(f"split '{unknown[0]}' is unknown", hint=f"splits: {', '.join(SPLITS)}")
    return names
