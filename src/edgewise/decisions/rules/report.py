"""What rules did to a page or list, for those who wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Emptied", "Report"]


@dataclass(frozen=True, slots=True)
class Emptied:
    """A shelf or list that rules left with fewer things than it needs.

    `removed` counts by the rule's name; `rule` is the one that removed most, "" where rules removed nothing and
    the shelf had too little to begin with. `left` is what remained.
    """

    shelf: str
    kind: str
    rule: str
    removed: Mapping[str, int]
    left: int

    def __str__(self) -> str:
        counts = ", ".join(f"'{name}' {count:,}" for name, count in self.removed.items())
        return (
            f"{self.left:,} {self.kind} are left for the shelf '{self.shelf}': rules removed {counts}"
            if counts
            else f"there are only {self.left:,} {self.kind} for the shelf '{self.shelf}'"
        )


@dataclass(frozen=True, slots=True)
class Report:
    """`removed`: how many candidates each rule removed, by its name, over the page or list. `emptied`: shelves
    that are not shown for lack of things. `relaxed`: whether rules on repetition gave way, lest all be empty.
    """

    removed: Mapping[str, int]
    emptied: tuple[Emptied, ...] = ()
    relaxed: bool = False
