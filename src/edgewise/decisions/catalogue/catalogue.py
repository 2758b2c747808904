"""Everything that can be shown, read once and kept as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float32

from edgewise.decisions.catalogue.collections import Collections, collections_of
from edgewise.decisions.catalogue.columns import Columns, Reader, as_text
from edgewise.decisions.catalogue.kind import Kind, collection_kind, item_kind
from edgewise.decisions.people import Feedback, Person
from edgewise.decisions.project.check import BY
from edgewise.decisions.project.defaults import default_shelves
from edgewise.decisions.project.file import ProjectFile, ShelfEntry
from edgewise.prediction.nouns import Past
from edgewise.schema.model import Schema

__all__ = ["Catalogue"]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The kinds of things by table, the collections by table, and what rules need to know of people.

    It is a snapshot: rows that came later are unknown to it, and are not shown, until it is built again.
    """

    project: ProjectFile
    schema: Schema
    kinds: Mapping[str, Kind]
    collections: Mapping[str, Collections]
    age: Float32[np.ndarray, " people"]
    region: pa.Array | None
    shelves: tuple[ShelfEntry, ...]  # what pages choose from, the project's or those that make sense

    @staticmethod
    def build(project: ProjectFile, schema: Schema, columns: Columns) -> Catalogue:
        """Read the columns that a project names.

        Raises:
            SchemaError: a name that the schema has not (`read_project` with a schema finds them all).
        """
        reader = Reader(schema, columns)
        by = {(s.kind, s.by) for s in project.surfaces.home.show if s.shelf == "more" and s.by not in BY}
        kinds = {
            name: item_kind(reader, name, entry, sorted(c for k, c in by if k == name))
            for name, entry in project.items.items()
        }
        for name, collection in project.collections.items():
            kinds.setdefault(name, collection_kind(reader, name, collection))
        people = project.people
        region = None if people.region is None else as_text(reader.values(people.table, people.region))
        return Catalogue(
            project=project,
            schema=schema,
            kinds=kinds,
            collections={
                name: collections_of(reader, name, entry, people.table)
                for name, entry in project.collections.items()
            },
            age=reader.numbers(people.table, people.age),
            region=region,
            shelves=tuple(project.surfaces.home.show or default_shelves(project)),
        )

    def person(
        self,
        row: int,
        *,
        name: int | None = None,
        session: tuple[tuple[str, int], ...] = (),
        searches: tuple[str, ...] = (),
        shown: Mapping[str, Past] | None = None,
        feedback: Feedback | None = None,
    ) -> Person:
        """A person with the age and region that the tables know; see `Person` for the rest."""
        known = 0 <= row < len(self.age)
        region = self.region[row].as_py() if known and self.region is not None else None
        return Person(
            row=row,
            name=row if name is None else name,
            age=float(self.age[row]) if known else float("nan"),
            region=region,
            session=session,
            searches=searches,
            shown=shown or {},
            feedback=feedback or Feedback(),
        )
