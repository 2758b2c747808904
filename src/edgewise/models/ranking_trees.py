"""The baseline of boosted trees on the pair state alone: what the graph's channels add shows beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from edgewise.errors import InternalError
from edgewise.graph.store import GraphStore
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Channel
from edgewise.models.candidates.popular import Own, Popular
from edgewise.models.contract import Budget, Model, Progress
from edgewise.models.files import damaged, read_booster, read_json, write_booster, write_json
from edgewise.models.ranker_trees import TreeSettings, binned, fit_trees, score_trees
from edgewise.models.ranking_data import TableCache, latest_anchors
from edgewise.models.ranking_lists import filled, mean_average_precision, ranked
from edgewise.models.ranking_setup import Setup, ranking_target
from edgewise.models.ranking_spare import spare_items
from edgewise.models.ranking_tables import RankingTable, make_table
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import Labels, Ranked, Seeds, TaskSpec

__all__ = ["PairStateTrees"]

_ANCHORS = 4
_MOST_SEEDS = 6_000
_ROUNDS = (40, 80)
_NEGATIVES = 0.4
_STATE = ("own ", "entity ", "item ")


class PairStateTrees(Model):
    """LambdaRank over own and popular items, on counts of the pair, the entity and the item alone."""

    name = "boosted trees on pair state"

    def __init__(self) -> None:
        self._setup: Setup | None = None
        self._trees: lgb.Booster | None = None
        self._rounds = _ROUNDS[-1]
        self._random_seed = 0
        self._tried: dict[str, float] = {}
        self._cache = TableCache()

    @classmethod
    def handles(cls, spec: TaskSpec) -> bool:
        """Rankings over time with a history."""
        return spec.kind == TaskKind.RANKING and spec.item is not None and spec.history is not None

    def fit(
        self,
        graph: GraphStore,
        spec: TaskSpec,
        train: Labels,
        valid: Labels,
        *,
        budget: Budget,
        progress: Progress,
        random_seed: int = 0,
    ) -> None:
        """Grow trees on the latest training anchors; choose their number on `valid`."""
        self._setup, self._random_seed = Setup.fit(graph, spec, train), random_seed
        table, trees = self._grow(graph, spec, train, max(_ROUNDS))
        asof = self._setup.world(graph, spec, valid.seeds)
        target = ranking_target(valid)
        judged = make_table(self._setup, asof, self._channels(), valid.seeds.rows, valid.seeds.at, target)
        for rounds in _ROUNDS:
            scores = score_trees(trees, judged, _columns(table), rounds)
            found = ranked(judged.pool, scores, spec.k)
            self._tried[str(rounds)] = mean_average_precision(found, target, spec.k)
        self._rounds = int(max(self._tried, key=lambda r: self._tried[r]))
        self._trees = trees

    def refit(
        self, graph: GraphStore, spec: TaskSpec, labels: Labels, *, budget: Budget, progress: Progress
    ) -> None:
        """Grow the chosen number of trees again."""
        _, self._trees = self._grow(graph, spec, labels, self._rounds)

    def predict(self, graph: GraphStore, spec: TaskSpec, seeds: Seeds, *, k: int | None = None) -> Ranked:
        """The best k own and popular items."""
        setup, trees, k = self._setup, self._trees, spec.k if k is None else k
        if setup is None or trees is None:
            raise InternalError("trees are asked after they are fitted")
        asof = setup.world(graph, spec, seeds)
        table = make_table(setup, asof, self._channels(), seeds.rows, seeds.at)
        scores = np.round(score_trees(trees, table, _columns(table), self._rounds), 5)
        return filled(ranked(table.pool, scores, k), spare_items(setup, asof, seeds.rows, seeds.at, k))

    def save(self, folder: Path) -> None:
        """Write trees and choices."""
        if self._setup is None or self._trees is None:
            raise InternalError("trees are saved after they are fitted")
        content = {
            "setup": self._setup.to_json(), "rounds": self._rounds, "random_seed": self._random_seed,
            "tried": self._tried,
        }  # fmt: skip
        write_json(folder, "trees", content)
        write_booster(folder, "trees", self._trees)

    @classmethod
    def load(cls, folder: Path) -> PairStateTrees:
        """Read what `save` wrote."""
        content = read_json(folder, "trees")
        model = cls()
        try:
            model._setup = Setup.from_json(content["setup"])
            model._rounds, model._random_seed = int(content["rounds"]), int(content["random_seed"])
            model._tried = dict(content["tried"])
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(folder, "trees.json", error) from None
        model._trees = read_booster(folder, "trees")
        return model

    def facts(self) -> dict[str, Any]:
        """Rounds that were tried, with MAP@k on validation."""
        return {"MAP by rounds": self._tried, "rounds": self._rounds}

    def _channels(self) -> list[Channel]:
        return [Own(), Popular(width=50, half_life=2)]

    def _grow(
        self, graph: GraphStore, spec: TaskSpec, labels: Labels, rounds: int
    ) -> tuple[RankingTable, lgb.Booster]:
        assert self._setup is not None
        chosen = latest_anchors(labels, _ANCHORS, _MOST_SEEDS, self._random_seed)
        asof: AsOf = self._setup.world(graph, spec, chosen.seeds)
        table = self._cache.tables(self._setup, asof, self._channels(), chosen, _NEGATIVES, self._random_seed)
        data = binned(table, _columns(table))
        return table, fit_trees(data, spec.k, TreeSettings(rounds=rounds), self._random_seed)


def _columns(table: RankingTable) -> list[int]:
    """The columns of the state alone, without channels."""
    return [i for i, name in enumerate(table.names) if name.startswith(_STATE)]
