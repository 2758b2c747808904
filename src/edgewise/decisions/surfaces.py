"""All that pages and lists are made from, beside the answers: prepared once, read by every request."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace

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

    A snapshot of the tables; `renewed` takes in what came later.
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

    def renewed(self, columns: Columns, changed: Container[str]) -> Surfaces:
        """With the rows that have come to some tables since; what was counted across kinds stays as it was."""
        project, schema = self.catalogue.project, self.catalogue.schema
        catalogue, reader = Catalogue.build(project, schema, columns), Reader(schema, columns)
        same = {name: index for name, index in self.texts.items() if name not in changed}
        return replace(
            self,
            catalogue=catalogue,
            rules=compile_rules(catalogue, columns),
            texts={name: same.get(name) or text_index(catalogue, reader, name) for name in project.items},
            postings={name: postings_of(catalogue, name) for name in project.collections},
        )
