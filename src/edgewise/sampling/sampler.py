"""The temporal neighbour sampler: from seeds, hop by hop, never to a row after the seed's anchor."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final
from weakref import WeakKeyDictionary

import numba
import numpy as np
from jaxtyping import Int64

from edgewise.clock import ALWAYS, NEVER
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
_NO_TIMES: Final = np.empty(0, dtype=np.int64)
#: Times of static rows: one value that stands for as many as are asked for.
_STATIC: Final = np.broadcast_to(np.int64(ALWAYS), 1 << 40)

Kernel = Callable[..., None]


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

    `recent` takes the latest visible neighbours (of rows without time, the last in the table), otherwise a
    uniform choice without replacement, which depends on `random_seed`, the seed's row and anchor, the level, the
    hop and the parent's row, and on nothing else: any split into batches and any number of threads give the same
    trees. `hops` limits which hops are walked.
    `back` also walks the link by which a row was just reached from the row it refers to, which leads to that
    row again. A seed whose row is MISSING gets a tree without neighbours.

    Raises:
        ArgumentError: a seed's row or anchor is out of range, or the graph has no such hop.
    """
    _check(graph, seeds, fanouts, hops)
    walk = _Walk(graph, seeds, recent, random_seed, threads or numba.config.NUMBA_NUM_THREADS)
    root = walk.root()
    levels = [{seeds.table: root}]
    via: dict[Hop, Step] = {}  # how the rows of the current level were reached
    steps: list[Step] = []
    for level, fanout in enumerate(fanouts):
        _scratch.reset()
        counted = [
            walk.count(levels[-1][hop.src], hop, width, (0, 0) if back else _reached_by(via, hop))
            for hop, width in plan(graph, levels[-1], fanout, hops)
        ]
        frontiers = walk.frontiers(counted)
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
    widths = [
        (hop, fanout if isinstance(fanout, int) else fanout.get(hop, 0))
        for table in graph.schema.tables
        if table in frontier
        for hop in graph.hops(table)
    ]
    return [(hop, width) for hop, width in widths if width != 0 and (hops is None or hop in hops)]


def step_base(random_seed: int, level: int, hop: Hop) -> int:
    """The part of a random stream that all parents of one step share."""
    return (random_seed * 0x9E3779B97F4A7C15 + (level << 32) + zlib.crc32(str(hop).encode())) & _MASK


@dataclass(frozen=True, slots=True)
class _Arrays:
    """What the kernels read of one hop: the first arguments of the two passes."""

    timed: bool
    count: tuple[Any, ...]
    fill: tuple[Any, ...]

    @classmethod
    def of(cls, graph: GraphStore, hop: Hop) -> _Arrays:
        """Open the arrays of a hop."""
        timed = graph.schema.table(hop.dst).timed
        if hop.reverse:
            to = graph.relation(hop)
            return cls(timed, (to.indptr, to.at, timed), (to.indptr, to.dst, to.at, timed))
        times = graph.times(hop.dst)
        return cls(timed, (graph.forward(hop.table, hop.column), times, timed), (times, timed))


_known: WeakKeyDictionary[GraphStore, dict[Hop, _Arrays]] = WeakKeyDictionary()


@dataclass(slots=True)
class _Counted:
    """A step between its two passes. `found` is where visible links end (reverse) or the one child (forward)."""

    parents: Frontier
    hop: Hop
    found: Int64[np.ndarray, " parents"]
    offset: Int64[np.ndarray, " parents_plus_1"]


class _Scratch(threading.local):
    """Memory for what lives only between two passes, kept from call to call: fresh pages cost more than work."""

    def __init__(self) -> None:
        self._memory = np.empty(1 << 16, dtype=np.int64)
        self._used = 0

    def reset(self) -> None:
        """Let all that was given out be given out again."""
        self._used = 0

    def take(self, n: int) -> Int64[np.ndarray, " n"]:
        """`n` integers that nobody else uses until the next reset."""
        if self._used + n > len(self._memory):
            self._memory = np.empty(2 * (self._used + n), dtype=np.int64)
            self._used = 0
        self._used += n
        return self._memory[self._used - n : self._used]


_scratch = _Scratch()


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
        self._known = _known.setdefault(graph, {})

    def root(self) -> Frontier:
        """Level zero: the seeds themselves."""
        times = self._graph.times(self._seeds.table)
        known = self._roots >= 0
        at = np.full(len(self._roots), NEVER, dtype=np.int64)
        at[known] = times[self._roots[known]]
        return Frontier(self._seeds.table, self._roots, np.arange(len(self._roots), dtype=np.int32), at)

    def count(self, parents: Frontier, hop: Hop, fanout: int, skip: tuple[int, int]) -> _Counted:
        """First pass: how many children each parent gets."""
        todo = _Counted(parents, hop, _scratch.take(len(parents)), np.empty(len(parents) + 1, dtype=np.int64))
        todo.offset[0] = 0
        arrays = self._arrays(hop)
        kernel: Kernel = count_reverse if hop.reverse else count_forward
        before = (*arrays.count, fanout) if hop.reverse else arrays.count

        def part(lo: int, hi: int) -> None:
            kernel(*before, parents.rows, parents.seed, self._anchor, skip, lo, hi, todo.found, todo.offset)

        for lo, hi in self._share(part, len(parents))[1:]:
            todo.offset[lo + 1 : hi + 1] += todo.offset[lo]
        return todo

    def fill(self, level: int, todo: _Counted, first: int, out: Frontier) -> Step:
        """Second pass: write the children into the next level's frontier, from position `first` on."""
        hop, parents, arrays = todo.hop, todo.parents, self._arrays(todo.hop)
        kernel: Kernel = fill_reverse if hop.reverse else fill_forward
        before = arrays.fill
        if hop.reverse:
            base = np.uint64(0 if self._recent else step_base(self._random_seed, level, hop))
            before = (*before, parents.rows, self._roots, self._anchor, self._recent, base)
        at = out.at if arrays.timed else _NO_TIMES

        def part(lo: int, hi: int) -> None:
            kernel(*before, parents.seed, lo, hi, todo.found, todo.offset, first, out.rows, out.seed, at)

        self._share(part, len(parents))
        return Step(level, hop, todo.offset, first)

    def frontiers(self, counted: Sequence[_Counted]) -> dict[str, Frontier]:
        """Room for the children of some steps, by table."""
        sizes: dict[str, int] = {}
        for todo in counted:
            sizes[todo.hop.dst] = sizes.get(todo.hop.dst, 0) + int(todo.offset[-1])
        return {table: self._room(table, n) for table, n in sizes.items()}

    def _room(self, table: str, n: int) -> Frontier:
        timed = self._graph.schema.table(table).timed
        at = np.empty(n, dtype=np.int64) if timed else _STATIC[:n]
        return Frontier(table, np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32), at)

    def _arrays(self, hop: Hop) -> _Arrays:
        if hop not in self._known:
            self._known[hop] = _Arrays.of(self._graph, hop)
        return self._known[hop]

    def _share(self, part: Callable[[int, int], None], n: int) -> list[tuple[int, int]]:
        """Run a kernel over all parents, in threads where there are enough of them; returns the parts."""
        chunks = min(self._threads, n // _CHUNK)
        if chunks <= 1:
            part(0, n)
            return [(0, n)]
        bounds = [n * c // chunks for c in range(chunks + 1)]
        list(_pool(self._threads).map(part, bounds[:-1], bounds[1:]))
        return list(pairwise(bounds))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="edgewise-sample")


os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork


def _reached_by(via: Mapping[Hop, Step], hop: Hop) -> tuple[int, int]:
    """The rows of the frontier from which a forward hop would only lead back to their parent."""
    if hop.reverse:
        return 0, 0
    step = via.get(Hop(hop.dst, hop.table, hop.column, hop.src, reverse=True))
    return (0, 0) if step is None else (step.children.start, step.children.stop)


def _check(graph: GraphStore, seeds: Seeds, fanouts: Sequence[Fanout], hops: Collection[Hop] | None) -> None:
    n = graph.rows(seeds.table)
    if len(seeds) and (int(seeds.rows.min()) < -1 or int(seeds.rows.max()) >= n):
        raise ArgumentError(f"a seed's row is out of range: table '{seeds.table}' has rows 0 to {n - 1}")
    if len(seeds) and int(seeds.at.max()) == NEVER:
        raise ArgumentError("a seed has no anchor time", hint="an anchor is a moment; NEVER is none")
    for named in (hops or (), *(fanout for fanout in fanouts if not isinstance(fanout, int))):
        for hop in named:
            if hop not in graph.hops(hop.src):
                raise ArgumentError(
                    f"the graph has no hop '{hop}'",
                    hint=f"hops from '{hop.src}': {', '.join(map(str, graph.hops(hop.src)))}",
                )
