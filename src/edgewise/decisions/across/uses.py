"""Who used what, read from the tables that link people to things."""

from __future__ import annotations

import numpy as np

from edgewise.clock import ALWAYS
from edgewise.decisions.across.crossing import Uses
from edgewise.decisions.catalogue.columns import Reader, micros

__all__ = ["uses_of"]


def uses_of(reader: Reader, people: str, kind: str) -> Uses:
    """Every row of a timed table that links a person to a thing of a kind."""
    found = []
    for table in reader.schema:
        links = {link.to: link for link in reader.schema.links_from(table.name)}
        if people not in links or kind not in links or table.time is None or kind == people:
            continue
        at = micros(reader.plain(table.name, table.time))
        found.append(Uses(reader.forward(links[people]), reader.forward(links[kind]), at))
    if not found:
        none = np.zeros(0, dtype=np.int64)
        return Uses(none, none, none + ALWAYS)
    return Uses(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
