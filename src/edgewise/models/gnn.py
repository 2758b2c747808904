"""The graph network: sampled temporal neighbourhoods and the as-of state, as one vector a seed.

    encoder = GraphEncoder(view, state_width, NetSettings())
    h = encoder(view.sample(graph, seeds), state)          # [n, settings.out]

Two hops. Rows two links away send to the rows that refer to them (GraphSAGE: Hamilton et al. 2017, eq. 1); the
latest rows around a seed are weighed by attention (GATv2: Brody et al. 2022, eq. 7), each carrying how long before
the anchor it happened; relations are mixed by a gate that reads the seed. The state joins as a vector of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.nn import GATv2Conv, SAGEConv

from edgewise.graph.relation import Hop
from edgewise.models.blocks import GapEncoder, Mlp, RelationMixer, RowEncoder
from edgewise.models.neighbours import GraphView, Nodes, Tree

__all__ = ["GraphEncoder", "NetSettings"]


@dataclass(frozen=True, slots=True)
class NetSettings:
    """How large the network is. One set serves every task."""

    width: int = 32  # of a row's vector
    heads: int = 2  # of attention
    hidden: int = 96  # inside the network that reads the state
    out: int = 64  # of a seed's vector
    dropout: float = 0.1
    state_dropout: float = 0.0  # of the state's own columns, which repeat each other


class GraphEncoder(nn.Module):
    """Seeds to vectors."""

    def __init__(self, view: GraphView, state_width: int, settings: NetSettings) -> None:
        super().__init__()
        width = settings.width
        self._first, self._second = view.hops
        self._entity = view.entity
        lives = tuple(h / view.grid.unit for h in view.grid.half_lives)
        self.rows = nn.ModuleDict(
            {_name(t): RowEncoder(e.width, e.sizes, width) for t, e in view.encoders.items()}
        )
        self.gaps = GapEncoder(width, lives)
        self.far = nn.ModuleDict({_key(hop): SAGEConv((width, width), width) for hop in self._second})
        self.near = nn.ModuleDict({_key(hop): _attention(width, settings) for hop in self._first})
        self.mix = RelationMixer(len(self._first), width) if self._first else None
        self.blur = nn.Dropout(settings.state_dropout)
        self.state = Mlp(state_width, settings.hidden, width, settings.dropout)
        self.norm = nn.LayerNorm(width)
        self.join = Mlp(3 * width, settings.out, settings.out, settings.dropout)

    def forward(self, tree: Tree | None, state: Float[Tensor, "n features"]) -> Float[Tensor, "n out"]:
        """One vector a seed; without a tree, from the state alone."""
        told = self.state(self.blur(state))  # [n, width]
        if tree is None:
            blank = torch.zeros_like(told)
            return self.join(torch.cat([blank, told, blank], dim=1))
        nodes = [{t: self._encode(t, n) for t, n in level.items()} for level in tree.levels]
        near = {t: x + self._arrivals(t, x, nodes[2] if len(nodes) > 2 else {}, tree) for t, x in nodes[1].items()}
        near = {t: torch.relu(self.norm(x)) for t, x in near.items()}  # table: [n1, width]
        seed = nodes[0][self._entity]  # [n, width]
        messages = [self._message(hop, near, seed + told, tree) for hop in self._first]
        around = torch.zeros_like(seed)
        if self.mix is not None:
            around = self.mix(seed + told, torch.stack(messages, dim=1))  # [n, relations, width] to [n, width]
        return self.join(torch.cat([seed, told, around], dim=1))  # [n, 3 * width] to [n, out]

    def _encode(self, table: str, nodes: Nodes) -> Float[Tensor, "n width"]:
        return self.rows[_name(table)](nodes.dense, nodes.codes) + self.gaps(nodes.gap)

    def _arrivals(
        self, table: str, x: Float[Tensor, "n1 width"], far: dict[str, Tensor], tree: Tree
    ) -> Float[Tensor, "n1 width"]:
        """What the rows two links away tell the rows of `table` that refer to them."""
        total = torch.zeros_like(x)
        for hop, links in tree.links[1].items():
            if hop.src == table and hop.dst in far and links.shape[1] > 0:
                total = total + self.far[_key(hop)]((far[hop.dst], x), links)
        return total

    def _message(
        self, hop: Hop, near: dict[str, Tensor], seed: Float[Tensor, "n width"], tree: Tree
    ) -> Float[Tensor, "n width"]:
        """What the rows over one link tell the seeds; zeros where there are none."""
        links = tree.links[0].get(hop)
        if links is None or hop.dst not in near or links.shape[1] == 0:
            return torch.zeros_like(seed)
        return self.near[_key(hop)]((near[hop.dst], seed), links)


def _attention(width: int, settings: NetSettings) -> GATv2Conv:
    return GATv2Conv(
        (width, width), width // settings.heads, heads=settings.heads, add_self_loops=False, dropout=0.0
    )


def _key(hop: Hop) -> str:
    """A hop as a name that torch takes: no dots."""
    way = "from" if hop.reverse else "to"
    return _name(f"{hop.src} {way} {hop.table} {hop.column} {hop.dst}")


def _name(text: str) -> str:
    return "of_" + text.replace("_", "__").replace(".", "_d_")  # a table may be called "items", as a dict's method
