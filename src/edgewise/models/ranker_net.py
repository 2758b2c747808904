"""A neural scorer of candidates: three kinds of evidence, mixed for each seed by a soft gate.

Repeat evidence is what the pair has done, local evidence what lies near the entity in the graph (tastes, places,
neighbours, and the product of both sides' vectors), global evidence what everybody does. An item's vector is made
of its attributes' vectors, with a residual of its own that is dropped at times, so that new items have one too;
an entity's vector attends over its latest events, with their ages, and adds the graph network's reading of the
rows around it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor, nn

from edgewise.clock import ALWAYS, DAY
from edgewise.models.candidates.asof import AsOf
from edgewise.models.gnn import GraphEncoder
from edgewise.models.gnn import NetSettings as GraphSettings
from edgewise.models.neighbours import GraphView, Tree
from edgewise.models.ranking_tables import RankingTable

__all__ = ["NetSettings", "RankingNet", "Scaling", "Sides", "groups_of", "sides_of"]


@dataclass(frozen=True, slots=True)
class NetSettings:
    """The size of the network. One set for all data."""

    width: int = 48
    vector: int = 24
    events: int = 40  # latest events that an entity's vector attends over
    dropout: float = 0.2
    item_dropout: float = 0.3  # how often an item's own residual is dropped


class Scaling(nn.Module):
    """Features squeezed by a signed logarithm, centred and scaled; NaN becomes 0 after scaling."""

    centre: Tensor
    scale: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))

    def fit(self, values: Float32[np.ndarray, "candidates features"]) -> None:
        """Take centre and scale from training candidates."""
        values = values[:: max(1, len(values) // 50_000)]
        squeezed = np.sign(values) * np.log1p(np.abs(values))
        known = ~np.isnan(squeezed)
        count = np.maximum(known.sum(axis=0), 1)
        filled = np.where(known, squeezed, 0.0).astype(np.float64)
        mean = filled.sum(axis=0) / count
        deviation = np.sqrt(np.maximum((filled**2).sum(axis=0) / count - mean**2, 0.0))
        self.centre = torch.from_numpy(mean.astype(np.float32))
        self.scale = torch.from_numpy(np.maximum(deviation, 1e-3).astype(np.float32))

    def forward(self, values: Float[Tensor, "*n features"]) -> Float[Tensor, "*n features"]:
        """Scale."""
        squeezed = values.sign() * values.abs().log1p()
        return ((squeezed - self.centre) / self.scale).nan_to_num(0.0).clamp(-5.0, 5.0)


@dataclass(frozen=True, slots=True)
class Sides:
    """What the network reads beside the features: items' attribute codes, and each seed's latest events."""

    codes: Int64[Tensor, "items attributes"]  # 0 stands for missing
    events: Int64[Tensor, "n events"]  # items, latest first; -1 fills up
    ages: Float[Tensor, "n events"]  # days
    tree: Tree | None = None  # the sampled neighbourhoods, where the graph is walked


def sides_of(asof: AsOf, rows: np.ndarray, at: np.ndarray, events: int) -> Sides:
    """The latest events of each seed as of its anchor, and the items' codes."""
    columns = [codes + 1 for codes in asof.evidence.attributes.values()]
    codes = np.stack(columns, axis=1) if columns else np.zeros((asof.evidence.items, 0), dtype=np.int64)
    items, ages = latest(asof, rows, at, events)
    return Sides(torch.from_numpy(codes), torch.from_numpy(items), torch.from_numpy(ages))


def latest(
    asof: AsOf, rows: np.ndarray, at: np.ndarray, events: int
) -> tuple[Int64[np.ndarray, "n events"], Float32[np.ndarray, "n events"]]:
    """The items of the latest events at or before each anchor, latest first, and their ages in days."""
    history, starts = asof.history, asof.starts
    known = (rows >= 0) & (rows < len(starts) - 1)
    row = np.where(known, rows, 0)
    end = _ends(history.at, starts[row], starts[row + 1], at)
    end = np.where(known, end, 0)
    begin = np.where(known, starts[row], 0)
    place = end[:, None] - 1 - np.arange(events)[None, :]
    there = place >= begin[:, None]
    if len(history.right) == 0:
        return np.full(place.shape, -1, dtype=np.int64), np.zeros(place.shape, dtype=np.float32)
    place = np.maximum(place, 0)
    items = np.where(there, history.right[place], -1)
    always = history.at[place] == ALWAYS
    ages = np.where(there & ~always, (at[:, None] - np.where(always, 0, history.at[place])) / DAY, 0.0)
    return items, ages.astype(np.float32)


def _ends(times: np.ndarray, begin: np.ndarray, end: np.ndarray, at: np.ndarray) -> np.ndarray:
    """For each slice of ascending times, the first position after its moment, by halving all slices at once."""
    low, high = begin.copy(), end.copy()
    while (low < high).any():
        middle = (low + high) // 2
        inside = low < high
        visible = inside & (times[np.minimum(middle, max(len(times) - 1, 0))] <= at)
        low = np.where(visible, middle + 1, low)
        high = np.where(inside & ~visible, middle, high)
    return low


class RankingNet(nn.Module):
    """Logits of candidates, and of the answer that none of them is right."""

    def __init__(
        self, features: int, groups: list[list[int]], attribute_sizes: list[int], items: int,
        settings: NetSettings, view: GraphView | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.scaling = Scaling(features)
        self.groups = groups
        self.settings = settings
        self.sizes = [size + 1 for size in attribute_sizes]
        self.items = items
        d, w = settings.vector, settings.width
        self.values = nn.ModuleList(_vectors(size + 1, d, 0.2) for size in attribute_sizes)
        self.residual = _vectors(items + 1, d, 0.05)
        self.event_age = nn.Linear(2, d)
        self.query = nn.Parameter(torch.zeros(d))
        self.side = nn.Linear(d, d)
        self.graph = None if view is None else GraphEncoder(view, 4, GraphSettings())
        self.walked = nn.Linear(GraphSettings().out, d)
        extra = (0, 2, 0)
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Linear(len(group) + more, w), nn.ReLU(), nn.Dropout(settings.dropout), nn.Linear(w, w // 2),
                nn.ReLU(), nn.Linear(w // 2, 1),
            )
            for group, more in zip(groups, extra, strict=True)
        )  # fmt: skip
        self.all = nn.Sequential(
            nn.Linear(features + 2, w), nn.ReLU(), nn.Dropout(settings.dropout), nn.Linear(w, 1)
        )
        self.gate = nn.Sequential(nn.Linear(d + 4, 16), nn.ReLU(), nn.Linear(16, 3))
        self.none = nn.Linear(4, 1)
        self.start = nn.Parameter(torch.zeros(features))

    def start_from(self, feature: int, weight: float = 2.0) -> None:
        """Begin as the ranking by one feature alone, so that what is learnt is what that rule misses."""
        with torch.no_grad():
            self.start[feature] = weight
            for part in (self.all, *self.heads):
                for parameter in list(part.children())[-1].parameters():
                    parameter.zero_()

    def item_vectors(
        self, items: Int64[Tensor, "*n"], codes: Int64[Tensor, "items attributes"]
    ) -> Float[Tensor, "*n vector"]:
        """Content plus the residual, which is dropped for a share of the items in training."""
        known = items.clamp(min=0)
        total = self.residual(torch.where(items < self.items, items + 1, 0))
        if self.training:
            keep = torch.rand(items.shape, device=items.device) > self.settings.item_dropout
            total = total * keep[..., None] / (1.0 - self.settings.item_dropout)
        for column, table in enumerate(self.values):
            code = codes[known, column]
            code = torch.where(code < self.sizes[column], code, 0)
            total = total + table(torch.where(items >= 0, code, 0))
        return total

    def entity_vectors(self, sides: Sides, about: Float[Tensor, "n 4"]) -> Float[Tensor, "n vector"]:
        """Attention over the latest events (what, how long ago), plus the graph network over sampled rows."""
        vectors = self.item_vectors(sides.events, sides.codes)
        age = sides.ages.log1p()
        vectors = vectors + self.event_age(torch.stack([age, (-sides.ages / 30.0).exp()], dim=-1))
        logits = (vectors * self.query).sum(-1) - 0.3 * age
        logits = logits.masked_fill(sides.events < 0, -1e9)
        weights = logits.softmax(dim=1) * (sides.events >= 0)
        entity = self.side((weights[..., None] * vectors).sum(dim=1))
        if self.graph is not None and sides.tree is not None:
            entity = entity + self.walked(self.graph(sides.tree, about))
        return entity

    def forward(
        self,
        features: Float[Tensor, "n candidates features"],
        items: Int64[Tensor, "n candidates"],
        sides: Sides,
    ) -> tuple[Float[Tensor, "n candidates"], Float[Tensor, " n"], Float[Tensor, "n 3"]]:
        """Logits of the candidates (-inf where there is none), of none of them, and the gate's weights."""
        there = items >= 0
        scaled = self.scaling(features)
        about = _about(there, sides)
        entity = self.entity_vectors(sides, about)
        vectors = self.item_vectors(items, sides.codes)
        product = (entity[:, None, :] * vectors).sum(-1)
        near = torch.nn.functional.cosine_similarity(entity[:, None, :], vectors, dim=-1)
        products = torch.stack([product, near], dim=-1)
        gate = self.gate(torch.cat([entity, about], dim=1)).softmax(dim=1)
        gate = 0.1 / 3 + 0.9 * gate
        logits = scaled @ self.start + self.all(torch.cat([scaled, products], dim=-1))[..., 0]
        for number, (head, group) in enumerate(zip(self.heads, self.groups, strict=True)):
            inputs = torch.cat([scaled[..., group], products], dim=-1) if number == 1 else scaled[..., group]
            logits = logits + 3.0 * gate[:, number, None] * head(inputs)[..., 0]
        return logits.masked_fill(~there, float("-inf")), self.none(about)[:, 0], gate


def _vectors(rows: int, width: int, deviation: float) -> nn.Embedding:
    """Small random vectors; row 0 stands for missing and stays zero."""
    table = nn.Embedding(rows, width, padding_idx=0)
    with torch.no_grad():
        table.weight[1:].normal_(std=deviation)
    return table


def _about(there: Bool[Tensor, "n candidates"], sides: Sides) -> Float[Tensor, "n 4"]:
    """What the gate knows of a seed: candidates, events, the age of the last event, their usual age."""
    events = (sides.events >= 0).float()
    count = events.sum(dim=1)
    mean = (sides.ages * events).sum(dim=1) / count.clamp(min=1)
    known = torch.where(count > 0, sides.ages[:, 0], torch.full_like(mean, 365.0))
    candidates = there.float().sum(dim=1)
    return torch.stack([candidates, count, known, mean], dim=1).log1p() / 5


def groups_of(table: RankingTable, columns: list[int]) -> list[list[int]]:
    """Positions (within `columns`) of repeat, local and global evidence, by the features' names."""
    names = [table.names[c] for c in columns]
    repeat = [i for i, n in enumerate(names) if n.startswith(("own ", "rank own"))]
    crowd = [i for i, n in enumerate(names) if n.startswith(("item ", "signal ", "rank popular"))]
    everywhere = [i for i in crowd if not names[i].startswith(("rank popular in", "rank popular by"))]
    local = [i for i in range(len(names)) if i not in repeat and i not in everywhere]
    return [repeat or local, local, everywhere or local]
