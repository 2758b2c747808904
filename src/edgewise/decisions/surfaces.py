"""All that pages and lists are made from, beside the answers: prepared once, read by every request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from edgewise.decisions.across.crossing import Crossing, fit_crossing
from edgewise.decisions.across.uses import uses_of
from edgewise.decisions.catalogue.catalogue import Catalogue
from edgewise.decisions.catalogue.columns import Columns, Reader
from edgewise.decisions.catalogue.postings import Postings, postings_of
from edgewise.decisions.playlists.week import Weekly
from edgewise.decisions.project.file import ProjectFile
from edgewise.decisions.recommend.index import TextIndex, text_index
from edgewise.decisions.rules.compile import Rules, compile_rules
from edgewise.schema.model import Schema

__all__ = ["Surfaces"]


@dataclass(frozen=True, slots=True)
class Surfaces:
    """A project made ready. `crossings` are by (source, target), `texts` and `postings` by table.

    A snapshot of the tables: build it again to take in what came later, or add one collection at a time.
    """

    catalogue: Catalogue
    rules: Rules
    texts: Mapping[str, TextIndex]
    postings: Mapping[str, Postings]
    crossings: Mapping[tuple[str, str], Crossing]
    weekly: Weekly

    @staticmethod
    def build(project: ProjectFile, schema: Schema, columns: Columns, *, until: int) -> Surfaces:
        """Read what the project names; counts across kinds see events up to `until` (microseconds).

        `columns` must know every table that the project reads, such as a graph store does.

        Raises:
            SchemaError: a name that the schema has not.
            QueryError: a rule's condition that does not fit it.
        """
        catalogue = Catalogue.build(project, schema, columns)
        reader = Reader(schema, columns)
        wanted = {(s.source, s.kind) for s in catalogue.shelves if s.shelf == "across" and s.source is not None}
        used = {kind: uses_of(reader, project.people.table, kind) for pair in wanted for kind in pair}
        crossings = {
            (a, b): fit_crossing(
                catalogue.kinds[a], used[a], catalogue.kinds[b], used[b], until, project.surfaces.home.half_life
            )
            for a, b in sorted(wanted)
        }
        return Surfaces(
            catalogue=catalogue,
            rules=compile_rules(catalogue, columns),
            texts={name: text_index(catalogue, reader, name) for name in project.items},
            postings={name: postings_of(catalogue, name) for name in project.collections},
            crossings={pair: crossing for pair, crossing in crossings.items() if crossing.people},
            weekly=Weekly(),
        )

    def with_collection(self, table: str, row: int, title: str, items: np.ndarray) -> Surfaces:
        """With a collection that has just been made or changed: the next answer can propose it."""
        items = np.asarray(items, dtype=np.int64)
        size = len(self.catalogue.kinds[self.catalogue.collections[table].kind])
        catalogue = self.catalogue.with_collection(table, row, title, items[(items >= 0) & (items < size)])
        own = replace(self.rules.of(table), released=catalogue.kinds[table].released)
        return replace(
            self,
            catalogue=catalogue,
            rules=Rules({**self.rules.kinds, table: own}),
            postings={**self.postings, table: postings_of(catalogue, table)},
        )
