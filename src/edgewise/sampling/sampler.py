"""The temporal neighbour sampler: from seeds, hop by hop, never to a row after the seed's anchor."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Final

import numba
import numpy as np

from edgewise.clock import NEVER
from edgewise.errors import ArgumentError
from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.sampling.kernels import count_forward, count_reverse, fill_forward, fill_reverse
from edgewise.sampling.neighbourhood import Frontier, Neighbourhood, Step
from edgewise.tasks.nouns import Seeds

__all__ = ["Fanout", "plan", "sample", "step_base"]

#: How many neighbours a parent gets: the same over every hop, or by hop (a hop that is absent is not walked).
#: A negative number takes all that are visible.
Fanout = int | Mapping[Hop, int]

#: Parents a thread should have at least, for its start to pay.
_CHUNK: Final = 8192
_MASK: Final = (1 << 64) - 1


def sample(
    graph: GraphStore,
    seeds: Seeds,
    fanouts: Sequence[Fanout],
    *,
    recent: bool = True,
    random_seed: int = 0,
    hops: Collection[Hop] | None = None,
    back: bool = False,
    threads: int | None = None,
) -> Neighbourhood:
    """Sample a tree of rows for each seed, `fanouts[k]` neighbours per hop at level `k`.

    `recent` takes the latest visible neighbours, otherwise a uniform choice without replacement, which depends
    on `random_seed`, the seed's row and anchor, the level, the hop and the parent's row, and on nothing else:
    any split into batches and any number of threads give the same trees. `hops` limits which hops are walked.
    `back` also walks the link by which a row was just reached from the row it refers to, which leads to that
    row again. A seed whose row is MISSING gets a tree without neighbours.

    Raises:
        ArgumentError: a seed's row or anchor is out of range.
    """
    _check(graph, seeds)
    walk = _Walk(graph, seeds, recent, random_seed, threads or numba.config.NUMBA_NUM_THREADS)
    root = walk.root()
    levels = [{seeds.table: root}]
    via: dict[Hop, Step] = {}  # how the rows of the current level were reached
    steps: list[Step] = []
    for level, fanout in enumerate(fanouts):
        counted = [
            walk.count(levels[-1][hop.src], hop, width, (0, 0) if back else _reached_by(via, hop))
            for hop, width in plan(graph, levels[-1], fanout, hops)
        ]
        frontiers = _allocate(counted)
        via = {}
        first = dict.fromkeys(frontiers, 0)
        for todo in counted:
            step = walk.fill(level, todo, first[todo.hop.dst], frontiers[todo.hop.dst])
            first[todo.hop.dst] += len(step)
            via[todo.hop] = step
            steps.append(step)
        levels.append(frontiers)
    return Neighbourhood(seeds, tuple(levels), tuple(steps))


def plan(
    graph: GraphStore, frontier: Collection[str], fanout: Fanout, hops: Collection[Hop] | None
) -> list[tuple[Hop, int]]:
    """The hops that leave the tables of a frontier, in schema order, each with its fanout, zeros left out."""
    leaving = [hop for table in graph.schema.tables if table in frontier for hop in graph.hops(table)]
    widths = [(hop, fanout if isinstance(fanout, int) else fanout.get(hop, 0)) for hop in leaving]
    return [(hop, width) for hop, width in widths if width != 0 and (hops is None or hop in hops)]


def step_base(random_seed: int, level: int, hop: Hop) -> int:
    """The part of a random stream that all parents of one step share."""
    return (random_seed * 0x9E3779B97F4A7C15 + (level << 32) + zlib.crc32(str(hop).encode())) & _MASK


@dataclass(slots=True)
class _Counted:
    """A step between its two passes. `found` is where visible links end (reverse) or the one child (forward)."""

    parents: Frontier
    hop: Hop
    found: np.ndarray
    offset: np.ndarray


class _Walk:
    """What all steps of one call share."""

    def __init__(self, graph: GraphStore, seeds: Seeds, recent: bool, random_seed: int, threads: int) -> None:
        self._graph = graph
        self._seeds = seeds
        self._roots = seeds.rows.astype(np.int32)
        self._anchor = np.ascontiguousarray(seeds.at, dtype=np.int64)
        self._recent = recent
        self._random_seed = random_seed
        self._threads = threads

    def root(self) -> Frontier:
        """Level zero: the seeds themselves."""
        times = self._graph.times(self._seeds.table)
        known = self._roots >= 0
        at = np.full(len(self._roots), NEVER, dtype=np.int64)
        at[known] = times[self._roots[known]]
        return Frontier(self._seeds.table, self._roots, np.arange(len(self._roots), dtype=np.int32), at)

    def count(self, parents: Frontier, hop: Hop, fanout: int, skip: tuple[int, int]) -> _Counted:
        """First pass: how many children each parent gets."""
        n = len(parents)
        count = np.empty(n, dtype=np.int64)
        found = np.empty(n, dtype=np.int64 if hop.reverse else np.int32)
        if hop.reverse:
            relation = self._graph.relation(hop)

            def part(lo: int, hi: int) -> None:
                count_reverse(
                    relation.indptr, relation.at, parents.rows, parents.seed, self._anchor, fanout, skip,
                    lo, hi, found, count,
                )  # fmt: skip
        else:
            forward, times, timed = self._forward(hop)

            def part(lo: int, hi: int) -> None:
                count_forward(
                    forward, times, timed, parents.rows, parents.seed, self._anchor, skip, lo, hi, found, count
                )

        self._share(part, n)
        offset = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(count, out=offset[1:])
        return _Counted(parents, hop, found, offset)

    def fill(self, level: int, todo: _Counted, first: int, out: Frontier) -> Step:
        """Second pass: write the children into the next level's frontier, from position `first` on."""
        hop, parents, offset, found = todo.hop, todo.parents, todo.offset, todo.found
        parent = np.empty(offset[-1], dtype=np.int32)
        if hop.reverse:
            relation = self._graph.relation(hop)
            base = np.uint64(step_base(self._random_seed, level, hop))

            def part(lo: int, hi: int) -> None:
                fill_reverse(
                    relation.indptr, relation.dst, relation.at, parents.rows, parents.seed, self._roots,
                    self._anchor, self._recent, base, lo, hi, found, offset, first,
                    parent, out.rows, out.seed, out.at,
                )  # fmt: skip
        else:
            _, times, timed = self._forward(hop)

            def part(lo: int, hi: int) -> None:
                fill_forward(
                    found, times, timed, parents.seed, lo, hi, offset, first, parent, out.rows, out.seed, out.at
                )

        self._share(part, len(parents))
        return Step(level, hop, offset, parent, first)

    def _forward(self, hop: Hop) -> tuple[np.ndarray, np.ndarray, bool]:
        timed = self._graph.schema.table(hop.dst).timed
        return self._graph.forward(hop.table, hop.column), self._graph.times(hop.dst), timed

    def _share(self, part: Callable[[int, int], None], n: int) -> None:
        """Run a kernel over all parents, in threads where there are enough of them."""
        chunks = min(self._threads, n // _CHUNK)
        if chunks <= 1:
            part(0, n)
            return
        bounds = [n * c // chunks for c in range(chunks + 1)]
        list(_pool(self._threads).map(part, bounds[:-1], bounds[1:]))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="edgewise-sample")


def _allocate(counted: Sequence[_Counted]) -> dict[str, Frontier]:
    sizes: dict[str, int] = {}
    for todo in counted:
        sizes[todo.hop.dst] = sizes.get(todo.hop.dst, 0) + int(todo.offset[-1])
    return {
        table: Frontier(table, np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int64))
        for table, n in sizes.items()
    }


def _reached_by(via: Mapping[Hop, Step], hop: Hop) -> tuple[int, int]:
    """The rows of the frontier from which a forward hop would only lead back to their parent."""
    if hop.reverse:
        return 0, 0
    step = via.get(Hop(hop.dst, hop.table, hop.column, hop.src, reverse=True))
    return (0, 0) if step is None else (step.children.start, step.children.stop)


def _check(graph: GraphStore, seeds: Seeds) -> None:
    n = graph.rows(seeds.table)
    if len(seeds) and (int(seeds.rows.min()) < -1 or int(seeds.rows.max()) >= n):
        raise ArgumentError(f"a seed's row is out of range: table '{seeds.table}' has rows 0 to {n - 1}")
    if len(seeds) and int(seeds.at.max()) == NEVER:
        raise ArgumentError("a seed has no anchor time", hint="an anchor is a moment; NEVER is none")
