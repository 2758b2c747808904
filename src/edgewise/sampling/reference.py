"""The sampler's slow twin: what `sample` must return, link by link, without a thought of speed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.sampling.sampler import Fanout, plan, step_base
from edgewise.tasks.nouns import Seeds

__all__ = ["Tree", "reference_sample"]

#: (level, hop, parent's position, child's position, child's row, child's time, seed), in the sampler's order.
Tree = list[tuple[int, Hop, int, int, int, int, int]]

_MASK = (1 << 64) - 1


def reference_sample(
    graph: GraphStore,
    seeds: Seeds,
    fanouts: Sequence[Fanout],
    *,
    recent: bool = True,
    random_seed: int = 0,
    hops: Collection[Hop] | None = None,
    back: bool = False,
) -> Tree:
    """The links that `sample` walks, one tuple each."""
    found: Tree = []
    # Per table: (row, seed, the hop that led here)
    frontier: dict[str, list[tuple[int, int, Hop | None]]] = {
        seeds.table: [(int(row), i, None) for i, row in enumerate(seeds.rows)]
    }
    for level, fanout in enumerate(fanouts):
        below: dict[str, list[tuple[int, int, Hop | None]]] = {}
        for hop, width in plan(graph, frontier, fanout, hops):
            children = below.setdefault(hop.dst, [])
            for parent, (row, seed, via) in enumerate(frontier[hop.src]):
                if row < 0 or (
                    not back and not hop.reverse and via == hop._replace(src=hop.dst, dst=hop.src, reverse=True)
                ):
                    continue
                r, anchor = graph.relation(hop), int(seeds.at[seed])
                links = range(r.indptr[row], r.indptr[row + 1])
                visible = [(int(r.dst[e]), int(r.at[e])) for e in links if r.at[e] <= anchor]
                key = _stream(step_base(random_seed, level, hop), int(seeds.rows[seed]), anchor, row)
                for child, at in _choose(visible, width, recent, key):
                    found.append((level, hop, parent, len(children), child, at, seed))
                    children.append((child, seed, hop))
        frontier = below
    return found


def _choose(visible: list[tuple[int, int]], width: int, recent: bool, key: int) -> list[tuple[int, int]]:
    if width < 0 or len(visible) <= width:
        return visible
    if recent:
        return visible[-width:]
    picked: set[int] = set()
    for draw, top in enumerate(range(len(visible) - width, len(visible))):
        pick = (_mix((key + draw * 0x9E3779B97F4A7C15) & _MASK) >> 32) * (top + 1) >> 32
        picked.add(top if pick in picked else pick)
    return [visible[i] for i in sorted(picked)]


def _mix(x: int) -> int:
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & _MASK
    return x ^ (x >> 31)


def _stream(base: int, root: int, anchor: int, row: int) -> int:
    key = base
    for part in (root, anchor, row):
        key = _mix((key + part) & _MASK)
    return key
