"""What inference has found out, for those who look for problems in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgewise.schema.links import Found
from edgewise.schema.model import Link, Table
from edgewise.schema.profile import Evidence, TableProfile
from edgewise.schema.times import TimeChoice

__all__ = ["Known"]


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that inference has found out."""

    profiles: Mapping[str, TableProfile]
    tables: Mapping[str, Table]
    links: tuple[Link, ...]
    times: Mapping[str, TimeChoice]
    found: Found
    evidence: Evidence
    wide: Mapping[str, tuple[str, ...]]  # declared keys over several columns, by table

    def linked(self, table: str, column: str) -> bool:
        """Whether a column is a link."""
        return any(link.table == table and link.column == column for link in self.links)
