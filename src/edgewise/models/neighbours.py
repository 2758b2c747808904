"""What the graph network sees of the graph: encoded tables, and a sampled temporal neighbourhood for each seed.

    view = GraphView.fit(graph, spec, cut, grid)       # choose relations, fit encoders on rows visible at `cut`
    tree = view.sample(graph, seeds)                   # Tree: rows, gaps and links; nothing after an anchor

Level 0 holds the seeds, level 1 the rows that refer to them (latest first) or that they refer to, level 2 the rows
that those refer to.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from edgewise.clock import ALWAYS, NEVER
from edgewise.encoding.tables import TableEncoder
from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.sampling.neighbourhood import Frontier, Neighbourhood
from edgewise.sampling.sampler import sample
from edgewise.state.grid import Grid
from edgewise.state.plan_json import grid_from_json
from edgewise.tasks.nouns import Seeds, TaskSpec

__all__ = ["GraphView", "Nodes", "Tree"]

#: Rows sampled over each reverse link, and how many reverse links are walked (the largest).
FANOUT: Final = 24
MOST_RELATIONS: Final = 4
#: Tables with more rows than this are encoded row by row as they are met, not as a whole.
MANY_ROWS: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Nodes:
    """The rows of one table at one level: encoded columns, and the time from each row to its seed's anchor."""

    dense: Float[Tensor, "n dense"]
    codes: Int64[Tensor, "n categories"]
    gap: Float[Tensor, " n"]


@dataclass(frozen=True, slots=True)
class Tree:
    """A sampled neighbourhood as tensors.

    `links[level][hop]` is [2, links]: positions of children in `levels[level + 1][hop.dst]` and of parents in
    `levels[level][hop.src]`.
    """

    levels: tuple[dict[str, Nodes], ...]
    links: tuple[dict[Hop, Int64[Tensor, "2 links"]], ...]


class GraphView:
    """Which hops are walked, and the encoded tables that they lead to."""

    def __init__(
        self, entity: str, hops: tuple[tuple[Hop, ...], ...], encoders: dict[str, TableEncoder], grid: Grid
    ) -> None:
        self.entity = entity
        self.hops = hops  # by level
        self.encoders = encoders
        self.grid = grid
        self._encoded: tuple[GraphStore, dict[str, tuple[Tensor, Tensor]]] | None = None

    @classmethod
    def fit(cls, graph: GraphStore, spec: TaskSpec, cut: int, grid: Grid, entity: str | None = None) -> GraphView:
        """Choose hops from `entity` (the spec's, if not given) and fit encoders on rows visible at `cut`."""
        root = entity or spec.entity
        leaving = [h for h in graph.hops(root) if (h.table, h.column) not in spec.hidden]
        reverse = sorted((h for h in leaving if h.reverse), key=lambda h: -len(graph.relation(h).dst))
        first = (*reverse[:MOST_RELATIONS], *(h for h in leaving if not h.reverse))
        second = tuple(
            h
            for table in dict.fromkeys(h.dst for h in first)
            for h in graph.hops(table)
            if not h.reverse and h.dst != root and (h.table, h.column) not in spec.hidden
        )
        tables = dict.fromkeys([root, *(h.dst for h in first), *(h.dst for h in second)])
        encoders = {table: TableEncoder.fit(graph, table, cut, spec.hidden) for table in tables}
        return cls(root, (first, second), encoders, grid)

    def sample(self, graph: GraphStore, seeds: Seeds) -> Tree:
        """The latest visible rows around each seed."""
        fanouts = [{hop: FANOUT if hop.reverse else 1 for hop in hops} for hops in self.hops]
        found = sample(graph, seeds, fanouts, threads=1)
        levels = tuple(
            {table: self._nodes(graph, frontier, seeds) for table, frontier in level.items()}
            for level in found.levels
        )
        return Tree(levels, tuple(_links(found, level) for level in range(len(self.hops))))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "entity": self.entity,
            "hops": [[list(hop) for hop in level] for level in self.hops],
            "encoders": {table: e.to_json() for table, e in self.encoders.items()},
            "grid": asdict(self.grid),
        }

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> GraphView:
        """The inverse of `to_json`."""
        hops = tuple(tuple(Hop(*hop) for hop in level) for level in found["hops"])
        encoders = {table: TableEncoder.from_json(e) for table, e in found["encoders"].items()}
        return cls(found["entity"], hops, encoders, grid_from_json(found["grid"]))

    def _nodes(self, graph: GraphStore, frontier: Frontier, seeds: Seeds) -> Nodes:
        (dense, codes), picks = self._encoded_rows(graph, frontier)
        rows = torch.from_numpy(picks)
        anchor = seeds.at[frontier.seed]
        missing = (rows < 0) | torch.from_numpy(
            frontier.at > anchor
        )  # a seed may be asked about before it is there
        rows = rows.clamp(min=0)
        timed = (frontier.at != ALWAYS) & (frontier.at != NEVER) & (frontier.at <= anchor)
        gap = np.where(timed, anchor - np.where(timed, frontier.at, anchor), 0) / self.grid.unit
        gaps = torch.from_numpy(np.where(timed, gap, np.nan).astype(np.float32))
        if len(dense) == 0:
            return Nodes(
                torch.zeros(len(rows), dense.shape[1]),
                torch.zeros(len(rows), codes.shape[1], dtype=torch.int64),
                gaps,
            )
        picked, coded = dense[rows], codes[rows].long()
        if bool(missing.any()):
            picked, coded = picked.masked_fill(missing[:, None], 0.0), coded.masked_fill(missing[:, None], 0)
        return Nodes(picked, coded, gaps)

    def _encoded_rows(
        self, graph: GraphStore, frontier: Frontier
    ) -> tuple[tuple[Tensor, Tensor], Int64[np.ndarray, " n"]]:
        """Encoded rows, and where those of the frontier stand among them (negative: missing)."""
        rows = frontier.rows.astype(np.int64)
        if graph.rows(frontier.table) <= MANY_ROWS:
            return self._tables(graph)[frontier.table], rows
        met, position = np.unique(np.maximum(rows, 0), return_inverse=True)
        found = self.encoders[frontier.table].encode(graph, met)
        tensors = torch.from_numpy(found.dense), torch.from_numpy(found.codes)
        return tensors, np.where(rows >= 0, position.astype(np.int64), -1)

    def _tables(self, graph: GraphStore) -> dict[str, tuple[Tensor, Tensor]]:
        """The encoded tables of a graph that are not too large, made once."""
        if self._encoded is None or self._encoded[0] is not graph:
            small = [t for t in self.encoders if graph.rows(t) <= MANY_ROWS]
            encoded = {table: self.encoders[table].encode(graph) for table in small}
            tensors = {t: (torch.from_numpy(e.dense), torch.from_numpy(e.codes)) for t, e in encoded.items()}
            self._encoded = (graph, tensors)
        return self._encoded[1]


def _links(found: Neighbourhood, level: int) -> dict[Hop, Int64[Tensor, "2 links"]]:
    out = {}
    for step in found.at_level(level):
        child = np.arange(step.children.start, step.children.stop, dtype=np.int64)
        out[step.hop] = torch.from_numpy(np.stack([child, step.parent.astype(np.int64)]))
    return out
