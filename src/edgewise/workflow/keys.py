"""Keys as users give them, to rows: one key, or the two that name a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from edgewise.errors import ArgumentError, nearest
from edgewise.graph.entity import SEPARATOR
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING

__all__ = ["pair_column", "pair_of", "row_of_key", "seed_column"]


def row_of_key(store: GraphStore, table: str, key: Any, *, shown: Any = None) -> int:
    """The row with a key; `shown` is how the user wrote it.

    Raises:
        ArgumentError: there is none.
    """
    vocabulary = store.vocabulary(table)
    row = int(vocabulary.rows([key])[0])
    if row == MISSING:
        some = vocabulary.keys(np.arange(min(3, len(vocabulary)))).to_pylist()
        looks = ", ".join(str(k).replace(SEPARATOR, " and ") for k in some)
        raise ArgumentError(
            f"the graph has no row '{key if shown is None else shown}' in '{table}'",
            hint=f"keys look like: {looks}",
        )
    return row


def pair_of(entity: Any, columns: Sequence[str]) -> tuple[Any, Any]:
    """The two keys of a pair: a dict of the two columns, two values, or one text with a comma between them.

    Raises:
        ArgumentError: it names no pair.
    """
    parts = [entity.get(c) for c in columns] if isinstance(entity, Mapping) else entity
    if isinstance(parts, str):  # as the command line has it: "7, dairy"; the first comma parts the two
        parts = [part.strip() for part in parts.split(",", 1)]
    if not isinstance(parts, Sequence) or len(parts) != 2:
        raise ArgumentError(
            f"'{entity}' names no pair",
            hint=f"give both, '{columns[0]}, {columns[1]}' as one text or as a dict of the two columns",
        )
    return parts[0], parts[1]


def pair_column(seeds: pa.Table, columns: Sequence[str]) -> pa.StructArray:
    """The pairs that a table of seeds names: in two columns, or in one `entity` of structs or of texts.

    Raises:
        ArgumentError: there are no such columns, or a text names no pair.
    """
    if all(column in seeds.column_names for column in columns):
        parts = [seed_column(seeds, column) for column in columns]
    else:
        entity = seed_column(seeds, "entity", f", or name the pair in two: {columns[0]} and {columns[1]}")
        if pa.types.is_struct(entity.type) and entity.type.num_fields == 2:
            parts = entity.flatten()
        else:
            pairs = [pair_of(value, columns) for value in entity.to_pylist()]
            parts = [pa.array([pair[side] for pair in pairs], pa.string()) for side in (0, 1)]
    return pa.StructArray.from_arrays(parts, names=list(columns))


def seed_column(seeds: pa.Table, name: str, otherwise: str = "") -> pa.Array:
    """A column of a table of seeds; `otherwise` says what else would do.

    Raises:
        ArgumentError: there is none.
    """
    if name not in seeds.column_names:
        near = ", ".join(nearest(name, seeds.column_names) or seeds.column_names)
        raise ArgumentError(f"the seeds have no column '{name}'", hint=f"name it so{otherwise}; columns: {near}")
    column = seeds.column(name)
    whole = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    return pc.dictionary_decode(whole) if pa.types.is_dictionary(whole.type) else whole
