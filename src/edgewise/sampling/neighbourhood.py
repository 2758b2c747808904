"""What a seed may see of the graph: a tree of rows for each seed, level by level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32, Int64

from edgewise.graph.relation import Hop
from edgewise.tasks.nouns import Seeds

__all__ = ["Frontier", "Neighbourhood", "Step"]


@dataclass(frozen=True, slots=True)
class Frontier:
    """The rows of one table that are reached in the same number of hops, from whichever hop.

    A row that is reached twice stands here twice: each occurrence belongs to one seed and has one parent.
    """

    table: str
    rows: Int32[np.ndarray, " n"]
    seed: Int32[np.ndarray, " n"]  # which seed's tree
    at: Int64[np.ndarray, " n"]  # the row's time, microseconds; ALWAYS (one value, repeated) in a static table

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Step:
    """The links walked over one hop from level `level` to the next, as lists of children by parent.

    The children of parent `i` are `first + indptr[i]` up to `first + indptr[i + 1]` of
    `levels[level + 1][hop.dst]`, oldest first; parents are positions in `levels[level][hop.src]`.
    Link `e` joins `parent[e]`, ascending, with child `first + e`: a segment reduction over `indptr`, or a
    scatter over `parent`, brings messages from children to parents.
    """

    level: int
    hop: Hop
    indptr: Int64[np.ndarray, " parents_plus_1"]
    first: int

    def __len__(self) -> int:
        return int(self.indptr[-1])

    @property
    def parent(self) -> Int32[np.ndarray, " links"]:
        """The parent of each link, put together on each access."""
        return np.repeat(np.arange(len(self.indptr) - 1, dtype=np.int32), np.diff(self.indptr))

    @property
    def children(self) -> slice:
        """Where the children stand in their frontier."""
        return slice(self.first, self.first + len(self))


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Sampled trees. `levels[0]` holds the seeds alone; `steps` go down, level by level.

    Every child's time is at or before its seed's anchor.
    """

    seeds: Seeds
    levels: tuple[dict[str, Frontier], ...]
    steps: tuple[Step, ...]

    def __len__(self) -> int:
        return len(self.seeds)

    @property
    def links(self) -> int:
        """How many links were sampled."""
        return sum(len(step) for step in self.steps)

    def at_level(self, level: int) -> Iterator[Step]:
        """The steps that leave one level."""
        return (step for step in self.steps if step.level == level)

    def take(self, positions: Int64[np.ndarray, " m"]) -> Neighbourhood:
        """The trees of some seeds, in the order given: the same as sampling for these seeds alone."""
        positions = np.asarray(positions, dtype=np.int64)
        table = self.seeds.table
        seeds = self.seeds.take(positions)
        chosen: dict[str, np.ndarray] = {table: positions}  # positions in the old frontier, per table
        owner: dict[str, np.ndarray] = {table: np.arange(len(positions), dtype=np.int32)}
        levels = [{table: _frontier(self.levels[0][table], positions, owner[table])}]
        steps: list[Step] = []
        for level in range(len(self.levels) - 1):
            parts: dict[str, list[np.ndarray]] = {}
            owners: dict[str, list[np.ndarray]] = {}
            for step in self.at_level(level):
                parents = chosen[step.hop.src]
                links, indptr = _ranges(step.indptr, parents)
                parent = np.repeat(np.arange(len(parents), dtype=np.int32), np.diff(indptr))
                before = parts.setdefault(step.hop.dst, [])
                steps.append(Step(level, step.hop, indptr, sum(map(len, before))))
                before.append(links + step.first)
                owners.setdefault(step.hop.dst, []).append(owner[step.hop.src][parent])
            chosen = {name: np.concatenate(part) for name, part in parts.items()}
            owner = {name: np.concatenate(part) for name, part in owners.items()}
            old = self.levels[level + 1]
            levels.append({name: _frontier(old[name], chosen[name], owner[name]) for name in chosen})
        return Neighbourhood(seeds, tuple(levels), tuple(steps))


def _frontier(old: Frontier, positions: np.ndarray, seed: np.ndarray) -> Frontier:
    return Frontier(old.table, old.rows[positions], seed, old.at[positions])


def _ranges(indptr: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The members of some lists of a CSR, one list after the other, and their own indptr."""
    begin, lengths = indptr[which], indptr[which + 1] - indptr[which]
    own = np.zeros(len(which) + 1, dtype=np.int64)
    np.cumsum(lengths, out=own[1:])
    return np.arange(own[-1]) + np.repeat(begin - own[:-1], lengths), own
