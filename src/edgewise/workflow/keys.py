"""Keys as users give them, to rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.errors import ArgumentError
from edgewise.graph.entity import SEPARATOR
from edgewise.graph.store import GraphStore
from edgewise.ids import MISSING

__all__ = ["row_of_key"]


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
