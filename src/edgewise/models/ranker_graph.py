"""The sampled temporal neighbourhoods that the ranking network reads beside its features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from edgewise.graph.store import GraphStore
from edgewise.models.neighbours import GraphView, Tree
from edgewise.models.ranking_setup import Setup
from edgewise.state.grid import grid_for
from edgewise.tasks.nouns import Seeds, TaskSpec

__all__ = ["SeedTrees", "view_for"]


@dataclass(frozen=True, slots=True)
class SeedTrees:
    """Samples neighbourhoods of entity rows at anchors."""

    graph: GraphStore
    view: GraphView
    entity: str

    def sample(self, rows: Int64[np.ndarray, " n"], at: Int64[np.ndarray, " n"]) -> Tree:
        """The latest visible rows around each entity."""
        return self.view.sample(self.graph, Seeds(self.entity, rows, at))


def view_for(setup: Setup, graph: GraphStore, spec: TaskSpec, cut: int) -> GraphView | None:
    """Which links to walk from the entity; None for a static task, whose links are what is to be found, and where
    the setup does without."""
    if setup.static or "neighbourhoods" in setup.without:
        return None
    times = spec.history.at[spec.history.at <= cut] if spec.history is not None else np.zeros(0, dtype=np.int64)
    span = max(cut - int(times.min()), 0) if len(times) else 0
    return GraphView.fit(graph, spec, cut, grid_for(span, spec.horizon))
