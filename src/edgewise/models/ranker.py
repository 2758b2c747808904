"""The ranker: candidates from channels, pair state, and two scorers whose mixture is chosen on validation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from edgewise.errors import InternalError
from edgewise.graph.store import GraphStore
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.channel import Channel
from edgewise.models.candidates.evidence import Meetings
from edgewise.models.contract import Budget, Model, Progress
from edgewise.models.files import (
    damaged,
    read_booster,
    read_json,
    read_links,
    write_booster,
    write_json,
    write_links,
)
from edgewise.models.neighbours import GraphView
from edgewise.models.ranker_graph import SeedTrees, view_for
from edgewise.models.ranker_lean import choose_over_windows
from edgewise.models.ranker_mix import Mix, mixed
from edgewise.models.ranker_net import NetSettings, RankingNet
from edgewise.models.ranker_net_fit import build_net, fit_net, score_net
from edgewise.models.ranker_parts import RankerParts
from edgewise.models.ranker_report import gains, recall_of_channels
from edgewise.models.ranker_trees import Grown, choose_trees, grow, score_trees, useful_columns
from edgewise.models.ranking_data import TableCache, hidden_share, hold_out, latest_anchors
from edgewise.models.ranking_elsewhere import Elsewhere, MetElsewhere, choose_elsewhere
from edgewise.models.ranking_lists import ranked
from edgewise.models.ranking_newcomers import with_liking
from edgewise.models.ranking_setup import Setup, links_of, moments_of, ranking_target
from edgewise.models.ranking_spare import Propose, popular_serves_strangers, with_spare
from edgewise.models.ranking_tables import RankingTable, channels_for, make_pool, make_table
from edgewise.models.ranking_walks import choose_walks
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import Labels, Ragged, Ranked, Seeds, TaskSpec

__all__ = ["EdgewiseRanker"]

#: Training anchors, the latest ones; fewer, and one loss of trees, where the whole fit has little time (seconds).
ANCHORS = 6
FEW_ANCHORS = 4
LITTLE_TIME = 60
#: Training seeds at most: more make no better ranking and cost memory.
MOST_SEEDS = 12_000
#: Epochs of the network at most.
EPOCHS = 5
#: The share of the budget that choosing walks may take.
WALKS_SHARE = 0.25
#: The share of the negatives that is learnt from; each stands for more of them.
NEGATIVES = 0.4
#: Seeds whose pools are held in memory at once when predicting.
BATCH = 1024


@dataclass(frozen=True, slots=True)
class _Learnt:
    """What refitting replaces."""

    trees: lgb.Booster
    network: RankingNet


class EdgewiseRanker(Model):
    """Ranks items for entities at anchors.

    Trees (LambdaRank) and a gated network score the same pools; validation chooses the number of trees, the
    epochs and the mixture, and prefers a simple rule where neither scorer beats it. Seeds whose positives no
    channel reaches stay in training and in every figure.
    """

    name = "edgewise ranker"

    def __init__(self) -> None:
        self._setup: Setup | None = None
        self._columns: list[int] = []
        self._grown = Grown()
        self._epochs = 1
        self._mix = Mix("scorers")
        self._elsewhere: Elsewhere | None = None
        self._learnt: _Learnt | None = None
        self._links: Meetings | None = None
        self._random_seed = 0
        self._anchors = ANCHORS
        self._hidden = 0.2
        self._static_world: tuple[GraphStore, Meetings | None, AsOf] | None = None
        self._view: GraphView | None = None
        self._facts: dict[str, Any] = {}
        self._cache = TableCache()

    @classmethod
    def handles(cls, spec: TaskSpec) -> bool:
        """Rankings of rows of an item table."""
        return spec.kind in (TaskKind.RANKING, TaskKind.STATIC_RANKING) and spec.item is not None

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
        """Learn from the latest training anchors and choose on `valid`."""
        self._random_seed = random_seed
        self._setup = Setup.fit(graph, spec, train, self.without)
        self._anchors = ANCHORS if budget.whole >= LITTLE_TIME else FEW_ANCHORS
        self._hidden = hidden_share(train, valid)
        if not self._setup.again:
            self._choose_walks(graph, spec, train, valid, budget.share(WALKS_SHARE))
            progress.say("walks are chosen")
        self._setup, self._facts["newcomers"] = with_liking(self._setup, graph, spec, train, random_seed)
        table, asof, channels = self._training(graph, spec, train)
        progress.say(f"{len(table):,} seeds, {len(table.pool.items):,} candidates from {len(channels)} channels")
        self._columns = useful_columns(table)
        judged, target, seen = self._validation(graph, spec, train, valid, asof, channels)
        trees, self._grown, self._facts["MAP by rounds"] = choose_trees(
            table, judged, target, spec.k, self._columns, random_seed, both=budget.whole >= LITTLE_TIME,
            budget=budget, progress=progress,
        )  # fmt: skip
        self._view = view_for(self._setup, graph, spec, int(moments_of(self._setup, train.seeds).max(initial=0)))
        network = build_net(table, asof, self._columns, NetSettings(), self._view, random_seed, self.device)
        walked = self._trees(graph, spec)
        outcome = fit_net(
            network, table, asof, self._columns, walked, valid=(judged, target, spec.k),
            epochs=0 if "network" in self.without else EPOCHS,
            budget=budget.share(0.5), progress=progress, random_seed=random_seed,
        )  # fmt: skip
        self._epochs = outcome.best + 1
        self._learnt = _Learnt(trees, network)
        cut = int(moments_of(self._setup, train.seeds).max(initial=0))
        self._elsewhere, self._facts["elsewhere"] = choose_elsewhere(
            graph, spec, seen, judged.rows, judged.at, target, setup=self._setup, cut=cut,
            budget=budget.share(WALKS_SHARE),
        )  # fmt: skip
        windows = table if self._setup.again and budget.whole >= LITTLE_TIME else None
        away = self._from_elsewhere(graph, spec, seen, spec.k)
        self._choose(judged, seen, target, spec.k, walked, away, windows)
        self._report(judged, channels, outcome.scores)
        self._keep_links(spec, train)

    def refit(
        self, graph: GraphStore, spec: TaskSpec, labels: Labels, *, budget: Budget, progress: Progress
    ) -> None:
        """Learn again with the chosen rounds, epochs and mixture."""
        table, asof, _ = self._training(graph, spec, labels)
        trees = grow(table, spec.k, self._grown, self._columns, self._random_seed)
        network = self._learnt.network if self._learnt is not None else None
        if network is None or self._mix.asks_network:
            fresh = build_net(
                table, asof, self._columns, NetSettings(), self._view, self._random_seed, self.device
            )
            outcome = fit_net(
                fresh, table, asof, self._columns, self._trees(graph, spec), valid=None,
                epochs=self._epochs, budget=budget, progress=progress, random_seed=self._random_seed,
            )  # fmt: skip
            if network is None or outcome.stopped == "finished":
                network = fresh
            else:  # half a network ranks worse than one that has seen a little less
                progress.say("no time is left to train the network again: it stays as it was chosen")
        self._learnt = _Learnt(trees, network)
        self._keep_links(spec, labels)

    def know(self, spec: TaskSpec, labels: Labels) -> None:
        """Walk from the links that the labels are, where the task has no history of its own."""
        self._keep_links(spec, labels)

    def predict(self, graph: GraphStore, spec: TaskSpec, seeds: Seeds, *, k: int | None = None) -> Ranked:
        """The best k items of each seed's pool, filled up with popular ones."""
        setup, k = self._fitted(), spec.k if k is None else k
        asof = self._world(graph, spec, seeds)
        at = moments_of(setup, seeds)
        channels, trees = channels_for(setup, asof), self._trees(graph, spec)
        elsewhere = self._from_elsewhere(graph, spec, asof, k)
        parts = [
            self._predict(
                asof, channels, seeds.rows[start : start + BATCH], at[start : start + BATCH], k, trees, elsewhere
            )
            for start in range(0, max(len(seeds), 1), BATCH)
        ]
        return Ranked(np.concatenate([p.items for p in parts]), np.concatenate([p.scores for p in parts]))

    def channels_of(self, graph: GraphStore, spec: TaskSpec, seeds: Seeds, item: int) -> dict[str, int]:
        """The channels that proposed an item to a seed, and its place in each, from 1."""
        setup = self._fitted()
        asof = self._world(graph, spec, seeds)
        channels = channels_for(setup, asof)
        pool = make_pool(setup, asof, channels, seeds.rows, moments_of(setup, seeds))
        places = pool.ranks[pool.items == item]
        if len(places) == 0:
            return {}
        return {c.name: int(r) for c, r in zip(channels, places[0], strict=True) if not np.isnan(r)}

    def parts(self) -> RankerParts:
        """What scores without the network, for a live twin.

        Raises:
            InternalError: the ranker is not fitted.
        """
        if self._learnt is None:
            raise InternalError("a ranker has parts after it is fitted")
        return RankerParts(
            self._fitted(), tuple(self._columns), self._grown.rounds, self._mix, self._learnt.trees, self._links
        )

    def save(self, folder: Path) -> None:
        """Write trees, network, links and choices."""
        setup, learnt = self._fitted(), self._learnt
        if learnt is None:
            raise InternalError("a ranker is saved after it is fitted")
        settings = {
            "setup": setup.to_json(), "columns": self._columns, "grown": self._grown.to_json(),
            "epochs": self._epochs, "mix": self._mix.to_json(),
            "elsewhere": None if self._elsewhere is None else self._elsewhere.to_json(),
            "random_seed": self._random_seed, "facts": self._facts,
            "anchors": self._anchors, "hidden": self._hidden,
            "groups": learnt.network.groups,
            "sizes": {"attributes": [n - 1 for n in learnt.network.sizes], "items": learnt.network.items},
            "view": None if self._view is None else self._view.to_json(),
        }  # fmt: skip
        write_json(folder, "ranker", settings)
        write_booster(folder, "trees", learnt.trees)
        state = {name: value.contiguous() for name, value in learnt.network.state_dict().items()}
        save_file(state, str(folder / "network.safetensors"))
        write_links(folder, "links", self._links)
        self._cache.clear()

    @classmethod
    def load(cls, folder: Path) -> EdgewiseRanker:
        """Read what `save` wrote."""
        content = read_json(folder, "ranker")
        model = cls()
        try:
            model._setup = Setup.from_json(content["setup"])
            model._columns, model._epochs = content["columns"], content["epochs"]
            model._grown = Grown.from_json(content["grown"])
            model._mix = Mix.from_json(content["mix"])
            told = content["elsewhere"]
            model._elsewhere = None if told is None else Elsewhere.from_json(told)
            model._random_seed, model._facts = content["random_seed"], content["facts"]
            model._anchors, model._hidden = content["anchors"], content["hidden"]
            sizes = content["sizes"]
            model._view = None if content["view"] is None else GraphView.from_json(content["view"])
            network = RankingNet(
                len(model._columns),
                content["groups"],
                sizes["attributes"],
                sizes["items"],
                NetSettings(),
                model._view,
            )
            network.load_state_dict(load_file(str(folder / "network.safetensors")))
        except (KeyError, TypeError, OSError, RuntimeError, SafetensorError) as error:
            raise damaged(folder, "ranker.json or network.safetensors", error) from None
        network.eval()
        model._learnt = _Learnt(read_booster(folder, "trees"), network)
        model._links = read_links(folder, "links")
        return model

    def move(self, device: str) -> None:
        """Let the network compute on `device` from now on."""
        super().move(device)
        if self._learnt is not None:
            self._learnt.network.to(device)

    def facts(self) -> dict[str, Any]:
        """Channels with their recall, what was tried with its MAP@k on validation, and what weighs most."""
        return self._facts

    def _fitted(self) -> Setup:
        if self._setup is None:
            raise InternalError("a ranker is asked after it is fitted")
        return self._setup

    def _world(self, graph: GraphStore, spec: TaskSpec, seeds: Seeds) -> AsOf:
        """The timelines to answer from. A static task's are kept: they are the same for all seeds."""
        setup, kept = self._fitted(), self._static_world
        if not setup.static or graph.origin is not None:
            return setup.world(graph, spec, seeds, self._links, whole=True)
        if kept is None or kept[0] is not graph or kept[1] is not self._links:
            asof = setup.world(graph, spec, seeds, self._links, whole=True)
            self._static_world = kept = (graph, self._links, asof)
        return kept[2]

    def _choose_walks(
        self, graph: GraphStore, spec: TaskSpec, train: Labels, valid: Labels, budget: Budget
    ) -> None:
        setup = self._fitted()
        links = links_of(spec, train) if setup.static or spec.history is None else None
        asof = setup.world(graph, spec, valid.seeds, links, whole=True)
        target, at = ranking_target(valid), moments_of(setup, valid.seeds)
        walks, tried = choose_walks(asof, valid.seeds.rows, at, target, spec.k, budget)
        self._setup = replace(setup, walks=walks)
        self._facts["walks"] = tried

    def _keep_links(self, spec: TaskSpec, labels: Labels) -> None:
        """The labels are what a model knows of entities where the task has no history of its own."""
        if self._fitted().static or spec.history is None:
            self._links = links_of(spec, labels)

    def _trees(self, graph: GraphStore, spec: TaskSpec) -> SeedTrees | None:
        return None if self._view is None else SeedTrees(graph, self._view, spec.entity)

    def _training(
        self, graph: GraphStore, spec: TaskSpec, labels: Labels
    ) -> tuple[RankingTable, AsOf, list[Channel]]:
        """The training table and the timelines it was read from."""
        setup = self._fitted()
        chosen = latest_anchors(labels, self._anchors, MOST_SEEDS, self._random_seed)
        if setup.static:
            last = setup.walks is not None and setup.walks.ordered
            parts = hold_out(spec, labels, self._hidden, self._random_seed, last)
            chosen = latest_anchors(parts.labels, 1, MOST_SEEDS, self._random_seed)
            asof = setup.world(graph, spec, chosen.seeds, parts.known, whole=True)
        else:
            links = links_of(spec, labels) if spec.history is None else None
            asof = setup.world(graph, spec, chosen.seeds, links, whole=True)
        channels = channels_for(setup, asof)
        return self._cache.tables(setup, asof, channels, chosen, NEGATIVES, self._random_seed), asof, channels

    def _validation(
        self, graph: GraphStore, spec: TaskSpec, train: Labels, valid: Labels, asof: AsOf, channels: list[Channel]
    ) -> tuple[RankingTable, Ragged, AsOf]:
        """The validation table, its targets in the table's order, and the timelines it was read from."""
        setup = self._fitted()
        valid = latest_anchors(valid, len(np.unique(valid.seeds.at)), MOST_SEEDS, self._random_seed)
        if setup.static:
            asof = setup.world(graph, spec, valid.seeds, links_of(spec, train), whole=True)
        valid = self._cache.in_order(setup, valid)
        table = self._cache.tables(setup, asof, channels, valid, 1.0, self._random_seed)
        return table, ranking_target(valid), asof

    def _from_elsewhere(self, graph: GraphStore, spec: TaskSpec, asof: AsOf, k: int) -> Propose | None:
        if self._elsewhere is None:
            return None
        met = MetElsewhere(graph, spec, self._elsewhere.facts, self._fitted().static)
        return partial(self._elsewhere.propose, met, asof, width=k)

    def _choose(
        self, judged: RankingTable, asof: AsOf, target: Ragged, k: int, walked: SeedTrees | None,
        elsewhere: Propose | None, windows: RankingTable | None,
    ) -> None:  # fmt: skip
        assert self._learnt is not None
        trees = score_trees(self._learnt.trees, judged, self._columns, self._grown.rounds)
        network, gates = score_net(self._learnt.network, judged, asof, self._columns, walked)
        if "network" in self.without:
            network = np.zeros_like(network)
        setup = self._fitted()
        mix, self._facts["rule"] = choose_over_windows(
            windows, judged, trees, network, target, k, setup, self._columns, self._random_seed
        )
        found = ranked(judged.pool, mixed(mix, judged, trees, network), k)
        popular = popular_serves_strangers(setup, asof, judged, found, target, elsewhere)
        self._mix = replace(mix, popular_for_strangers=popular)
        shares = gates.mean(axis=0) if len(gates) else np.zeros(3)
        self._facts["gate"] = dict(zip(("repeat", "local", "global"), map(float, shares), strict=True))

    def _predict(
        self, asof: AsOf, channels: list[Channel], rows: np.ndarray, at: np.ndarray, k: int,
        walked: SeedTrees | None, elsewhere: Propose | None,
    ) -> Ranked:  # fmt: skip
        setup, learnt = self._fitted(), self._learnt
        if learnt is None:
            raise InternalError("a ranker is asked after it is fitted")
        table = make_table(setup, asof, channels, rows, at)
        trees = score_trees(learnt.trees, table, self._columns, self._grown.rounds)
        network = np.zeros(len(table.pool.items), dtype=np.float32)
        if self._mix.asks_network:
            network, _ = score_net(learnt.network, table, asof, self._columns, walked)
        found = ranked(table.pool, mixed(self._mix, table, trees, network), k)
        popular = self._mix.popular_for_strangers
        return with_spare(setup, asof, rows, at, found, popular_for_strangers=popular, elsewhere=elsewhere)

    def _report(self, judged: RankingTable, channels: list[Channel], epochs: tuple[float, ...]) -> None:
        assert self._learnt is not None
        names = [judged.names[column] for column in self._columns]
        reached = np.bincount(judged.pool.seed_of, judged.came, minlength=len(judged))
        self._facts |= {
            "trees": self._grown.rounds, "losses": self._grown.losses, "epochs": self._epochs,
            "MAP by epochs": [-score for score in epochs],
            "mix": self._mix.to_json(), "gain": gains(self._learnt.trees, names),
            "channels": recall_of_channels(judged, channels),
            "seeds without a reachable positive": int((reached == 0).sum()),
        }  # fmt: skip
