import warnings

import numpy as np
import pyarrow as pa
import pytest

from edgewise.errors import ArgumentError
from edgewise.graph.memory import graph_from_arrays
from edgewise.graph.store import GraphStore
from edgewise.sampling.sampler import sample
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType
from edgewise.tasks.nouns import Seeds

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch_geometric warns about itself when it is imported
    import torch
    from torch_geometric.loader import NodeLoader
    from torch_geometric.nn import HeteroConv, SAGEConv
    from torch_geometric.sampler import NodeSamplerInput

    from edgewise.sampling.pyg import EdgewiseSampler, skeleton

ID = SType.ID
SCHEMA = Schema(
    {
        "users": Table("users", (Column("id", "int64", ID),), 6, key="id"),
        "items": Table("items", (Column("id", "int64", ID),), 5, key="id"),
        "orders": Table(
            "orders",
            (Column("user", "int64", ID), Column("item", "int64", ID), Column("at", "int64", SType.TIMESTAMP)),
            80,
            time="at",
        ),
    },
    (Link("orders", "user", "users"), Link("orders", "item", "items")),
)
BOUGHT, SOLD = ("orders", "user", "users"), ("orders", "item", "items")


@pytest.fixture(scope="module")
def graph() -> GraphStore:
    draw = np.random.default_rng(5)
    orders = {"user": draw.integers(0, 6, 80), "item": draw.integers(0, 5, 80), "at": draw.integers(0, 100, 80)}
    ids = {name: pa.table({"id": np.arange(n)}) for name, n in (("users", 6), ("items", 5))}
    return graph_from_arrays({**ids, "orders": pa.table(orders)}, SCHEMA)


def loader(graph: GraphStore, sampler: EdgewiseSampler, batch_size: int = 4) -> NodeLoader:
    data = skeleton(graph)
    for table in graph.schema.tables:
        data[table].x = torch.arange(graph.rows(table), dtype=torch.float32).unsqueeze(1)
    rows = torch.tensor([0, 1, 2, 3, 4, 5, 0, 0, 2])
    at = torch.tensor([50, 10, 99, 0, 70, 33, 20, 50, 60])
    return NodeLoader(data, sampler, input_nodes=("users", rows), input_time=at, batch_size=batch_size)


@pytest.mark.parametrize("trees", [False, True])
@pytest.mark.parametrize("recent", [False, True])
def test_a_loader_never_shows_the_future(graph: GraphStore, trees: bool, recent: bool) -> None:
    seen = 0
    for batch in loader(graph, EdgewiseSampler(graph, [3, 2, 2], trees=trees, recent=recent)):
        anchors = batch["users"].seed_time
        orders = batch["orders"]
        assert (orders.time <= anchors[orders.batch]).all()
        assert torch.equal(orders.x.squeeze(1).long(), orders.n_id)
        for (source, _, target), edges in batch.edge_index_dict.items():
            assert torch.equal(batch[source].batch[edges[0]], batch[target].batch[edges[1]])
        n = batch["users"].batch_size
        assert torch.equal(batch["users"].batch[:n], torch.arange(n))
        assert batch["users"].num_sampled_nodes[0] == n
        for table in graph.schema.tables:
            assert sum(batch[table].num_sampled_nodes) == batch[table].num_nodes
        for kind in batch.edge_types:
            assert sum(batch[kind].num_sampled_edges) == batch[kind].edge_index.shape[1]
        seen += batch["orders"].num_nodes
    assert seen > 30


def test_edges_are_links_of_the_graph(graph: GraphStore) -> None:
    for batch in loader(graph, EdgewiseSampler(graph, [4, 4])):
        for kind, table in ((BOUGHT, "user"), (SOLD, "item")):
            edges = batch[kind].edge_index
            orders, to = batch["orders"].n_id[edges[0]], batch[kind[2]].n_id[edges[1]]
            assert np.array_equal(graph.forward("orders", table)[orders.numpy()], to.numpy())


def test_merged_rows_stand_once_per_seed_and_trees_are_the_samples(graph: GraphStore) -> None:
    rows, at = torch.arange(6), torch.full((6,), 80)
    index = NodeSamplerInput(None, rows, at, "users")
    merged = EdgewiseSampler(graph, [5, 5]).sample_from_nodes(index)
    for table, nodes in merged.node.items():
        pairs = set(zip(merged.batch[table].tolist(), nodes.tolist(), strict=True))
        assert len(pairs) == len(nodes)
    for kind, child in merged.row.items():
        assert len(set(zip(child.tolist(), merged.col[kind].tolist(), strict=True))) == len(child)
    trees = EdgewiseSampler(graph, [5, 5], trees=True).sample_from_nodes(index)
    found = sample(graph, Seeds("users", rows.numpy(), at.numpy()), [5, 5], back=True)
    assert sum(len(child) for child in trees.row.values()) == found.links
    for table, nodes in trees.node.items():
        reached = set(zip(trees.batch[table].tolist(), nodes.tolist(), strict=True))
        kept = set(zip(merged.batch[table].tolist(), merged.node[table].tolist(), strict=True))
        assert reached == kept


def test_numbers_per_edge_type(graph: GraphStore) -> None:
    sampler = EdgewiseSampler(graph, {BOUGHT: [3], ("items", "rev_item", "orders"): [0, 1]})
    batch = next(iter(loader(graph, sampler)))
    assert batch[BOUGHT].num_sampled_edges[1] == 0
    assert batch["items", "rev_item", "orders"].num_sampled_edges[0] == 0
    assert batch[SOLD].edge_index.shape[1] == 0
    with pytest.raises(ArgumentError, match="no edge type"):
        EdgewiseSampler(graph, {("orders", "users", "users"): [1]})


def test_a_loader_without_times_is_refused(graph: GraphStore) -> None:
    with pytest.raises(ArgumentError, match="no anchor time"):
        EdgewiseSampler(graph, [2]).sample_from_nodes(NodeSamplerInput(None, torch.tensor([0]), None, "users"))


def test_a_network_learns_on_the_batches(graph: GraphStore) -> None:
    batch = next(iter(loader(graph, EdgewiseSampler(graph, [4, 4, 4]))))
    kinds = [kind for kind in batch.edge_types if batch[kind].edge_index.shape[1]]
    layer = HeteroConv({kind: SAGEConv((1, 1), 2) for kind in kinds})
    out = layer(batch.x_dict, batch.edge_index_dict)["users"]
    assert out.shape == (batch["users"].num_nodes, 2)
    out.sum().backward()
