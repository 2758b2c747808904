"""The sampler behind PyTorch Geometric's interface, for its `NodeLoader`, without pyg-lib or torch-sparse.

    sampler = EdgewiseSampler(graph, [16, 8])
    loader = NodeLoader(skeleton(graph), sampler, input_nodes=("users", rows), input_time=anchors, batch_size=512)

Node types are tables. An edge type points from the row that sends a message to the row that receives it:
`("orders", "user", "users")` for the foreign key `orders.user`, and `("users", "rev_user", "orders")` back.
Times are int64 microseconds since 1970, UTC. Torch is imported by this file alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int64
from torch_geometric.data import HeteroData
from torch_geometric.sampler import BaseSampler, EdgeSamplerInput, HeteroSamplerOutput, NodeSamplerInput
from torch_geometric.sampler.base import NegativeSampling

from edgewise.errors import ArgumentError, nearest
from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.sampling.neighbourhood import Neighbourhood
from edgewise.sampling.sampler import Fanout, sample
from edgewise.tasks.nouns import Seeds

__all__ = ["EdgeType", "EdgewiseSampler", "edge_type", "skeleton"]

EdgeType = tuple[str, str, str]


def edge_type(hop: Hop) -> EdgeType:
    """The edge type along which a hop's children send their messages to its parents."""
    return hop.dst, hop.column if hop.reverse else f"rev_{hop.column}", hop.src


def skeleton(graph: GraphStore) -> HeteroData:
    """A `HeteroData` with the graph's node types, their sizes and times, and its edge types without edges.

    Features are set on it as usual (`data["users"].x = …`, in row order); the links stay in the graph, and
    each batch gets those that were sampled.
    """
    data = HeteroData()
    for table in graph.schema.tables:
        data[table].num_nodes = graph.rows(table)
        if graph.schema.table(table).timed:
            data[table].time = torch.from_numpy(graph.times(table).copy())
        for hop in graph.hops(table):
            data[edge_type(hop)].edge_index = torch.empty((2, 0), dtype=torch.long)
    return data


class EdgewiseSampler(BaseSampler):
    """`sample` as a PyG sampler: disjoint per seed, and never a row after the seed's `input_time`.

    `num_neighbors` is a number per level, or a list of numbers per edge type. Within a seed's part of the batch
    a row is one node, however often it was reached; with `trees` it is a node each time.
    """

    def __init__(
        self,
        graph: GraphStore,
        num_neighbors: Sequence[int] | Mapping[EdgeType, Sequence[int]],
        *,
        recent: bool = True,
        random_seed: int = 0,
        trees: bool = False,
    ) -> None:
        self._graph = graph
        self._fanouts = _fanouts(graph, num_neighbors)
        self._recent = recent
        self._random_seed = random_seed
        self._trees = trees

    def sample_from_nodes(self, index: NodeSamplerInput, **_: object) -> HeteroSamplerOutput:
        """Sample around the seed nodes of a batch.

        Raises:
            ArgumentError: the loader has no node type or no `input_time`.
        """
        if index.input_type is None or index.time is None:
            raise ArgumentError(
                "the loader gives no anchor time or no node type",
                hint='NodeLoader(…, input_nodes=("users", rows), input_time=anchors in microseconds)',
            )
        seeds = Seeds(index.input_type, index.node.numpy(), index.time.numpy())
        found = sample(
            self._graph, seeds, self._fanouts, recent=self._recent, random_seed=self._random_seed, back=True,
            threads=1 if torch.utils.data.get_worker_info() else None,
        )  # fmt: skip
        nodes = {table: _nodes(found, table, merge=not self._trees) for table in self._graph.schema.tables}
        links = _links(self._graph, found, nodes, merge=not self._trees)
        return HeteroSamplerOutput(
            node={table: _tensor(of.rows) for table, of in nodes.items()},
            row={kind: _tensor(of.child) for kind, of in links.items()},
            col={kind: _tensor(of.parent) for kind, of in links.items()},
            edge=dict.fromkeys(links),
            batch={table: _tensor(of.seed) for table, of in nodes.items()},
            num_sampled_nodes={table: of.per_level for table, of in nodes.items()},
            num_sampled_edges={kind: of.per_level for kind, of in links.items()},
            metadata=(index.input_id, index.time),
        )

    def sample_from_edges(
        self, index: EdgeSamplerInput, neg_sampling: NegativeSampling | None = None
    ) -> HeteroSamplerOutput:
        """Not offered: a seed is one entity at one anchor.

        Raises:
            ArgumentError: always.
        """
        raise ArgumentError("this sampler starts from nodes, not from edges", hint="use NodeLoader")


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The nodes of one table in a batch, level by level; `position[k]` is where level k's rows stand."""

    rows: Int64[np.ndarray, " nodes"]
    seed: Int64[np.ndarray, " nodes"]
    position: list[Int64[np.ndarray, " rows_of_level"]]
    per_level: list[int]


@dataclass(frozen=True, slots=True)
class _Links:
    """The links of one edge type in a batch, level by level."""

    child: Int64[np.ndarray, " links"]
    parent: Int64[np.ndarray, " links"]
    per_level: list[int]


def _nodes(found: Neighbourhood, table: str, merge: bool) -> _Nodes:
    frontiers = [level.get(table) for level in found.levels]
    sizes = [0 if frontier is None else len(frontier) for frontier in frontiers]
    there = [frontier for frontier in frontiers if frontier is not None]
    none = np.empty(0, dtype=np.int64)
    rows = np.concatenate([none, *(frontier.rows for frontier in there)])
    seed = np.concatenate([none, *(frontier.seed for frontier in there)])
    first, node = _distinct(seed, rows) if merge else (np.arange(len(rows)), np.arange(len(rows)))
    ends = np.cumsum(sizes)
    return _Nodes(rows[first], seed[first], np.split(node, ends[:-1]), _per_level(first, ends))


def _links(
    graph: GraphStore, found: Neighbourhood, nodes: Mapping[str, _Nodes], merge: bool
) -> dict[EdgeType, _Links]:
    none = np.empty(0, dtype=np.int64)
    links = {}
    for hop in (hop for table in graph.schema.tables for hop in graph.hops(table)):
        children = [none for _ in found.levels[1:]]
        parents = list(children)
        for step in found.steps:
            if step.hop == hop:
                children[step.level] = nodes[hop.dst].position[step.level + 1][step.children]
                parents[step.level] = nodes[hop.src].position[step.level][step.parent]
        child, parent = np.concatenate([none, *children]), np.concatenate([none, *parents])
        first = _distinct(parent, child)[0] if merge else np.arange(len(child))
        ends = np.cumsum([len(part) for part in children])
        links[edge_type(hop)] = _Links(child[first], parent[first], _per_level(first, ends))
    return links


def _distinct(
    major: np.ndarray, minor: np.ndarray
) -> tuple[Int64[np.ndarray, " distinct"], Int64[np.ndarray, " n"]]:
    """Where each distinct pair first stands, ascending, and for each pair which of those it is."""
    width = int(minor.max()) + 2 if len(minor) else 1
    _, first, which = np.unique(major * width + minor + 1, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[which]


def _per_level(first: np.ndarray, ends: np.ndarray) -> list[int]:
    """How many of some ascending positions lie in each level."""
    return np.diff(np.searchsorted(first, ends), prepend=0).tolist()


def _tensor(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.int64))


def _fanouts(graph: GraphStore, numbers: Sequence[int] | Mapping[EdgeType, Sequence[int]]) -> list[Fanout]:
    if not isinstance(numbers, Mapping):
        return list(numbers)
    hops = {edge_type(hop): hop for table in graph.schema.tables for hop in graph.hops(table)}
    for kind in numbers:
        if kind not in hops:
            names = {" ".join(known): known for known in hops}
            near = nearest(" ".join(kind), names) or sorted(names)
            raise ArgumentError(f"the graph has no edge type {kind}", hint=f"edge types: {', '.join(near)}")
    levels = max((len(of) for of in numbers.values()), default=0)
    return [{hops[kind]: of[level] for kind, of in numbers.items() if level < len(of)} for level in range(levels)]
