"""Baselines of rankings that follow one rule, its setting chosen on validation."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from edgewise.errors import InternalError
from edgewise.graph.store import GraphStore
from edgewise.models.candidates.asof import HALF_LIVES, AsOf
from edgewise.models.candidates.channel import Channel, Proposed
from edgewise.models.candidates.evidence import Meetings
from edgewise.models.candidates.neighbours import Together
from edgewise.models.candidates.popular import CohortPopular, Own, Popular
from edgewise.models.contract import Budget, Model, Progress
from edgewise.models.files import damaged, read_json, read_links, write_json, write_links
from edgewise.models.ranking_lists import filled, mean_average_precision
from edgewise.models.ranking_setup import Setup, links_of, moments_of, ranking_target
from edgewise.models.ranking_spare import spare_items
from edgewise.models.ranking_tables import forget_met
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import Labels, Ranked, Seeds, TaskSpec

__all__ = ["CohortPopularity", "GraphFilter", "ItemNeighbours", "PersonalFrequency", "Popularity", "Rule"]

#: Validation seeds that a rule's settings are compared on, at most.
_MOST = 5000


class Rule(Model):
    """A ranking by one channel, with one of a few settings."""

    #: Whether items that the entity has met are listed even where nothing repeats.
    keeps_met: ClassVar[bool] = False
    #: The kinds of task that the rule makes sense for.
    kinds: ClassVar[frozenset[TaskKind]] = frozenset({TaskKind.RANKING, TaskKind.STATIC_RANKING})

    def __init__(self) -> None:
        self._setup: Setup | None = None
        self._chosen = 0
        self._tried: dict[str, float] = {}
        self._links: Meetings | None = None

    @abstractmethod
    def options(self, asof: AsOf, again: bool, width: int) -> dict[str, Channel]:
        """The settings by name, in words; at least one, and the same ones for any seeds."""

    @classmethod
    def handles(cls, spec: TaskSpec) -> bool:
        """Rankings of rows of an item table."""
        return spec.kind in cls.kinds and spec.item is not None

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
        """Choose the setting with the highest MAP@k on validation."""
        self._setup = Setup.fit(graph, spec, train)
        self._keep_links(spec, train)
        valid = valid.take(np.arange(min(len(valid), _MOST)))
        asof = self._setup.world(graph, spec, valid.seeds, self._links)
        at = moments_of(self._setup, valid.seeds)
        target = ranking_target(valid)
        for name, channel in self.options(asof, self._setup.again, spec.k).items():
            found = self._lists(asof, channel, valid.seeds.rows, at, spec.k)
            self._tried[name] = mean_average_precision(found, target, spec.k)
        self._chosen = int(np.argmax(list(self._tried.values())))

    def refit(
        self, graph: GraphStore, spec: TaskSpec, labels: Labels, *, budget: Budget, progress: Progress
    ) -> None:
        """Know the links of all labels; a rule learns nothing else."""
        self.know(spec, labels)

    def know(self, spec: TaskSpec, labels: Labels) -> None:
        """Walk from the links that the labels are, where the task has no history of its own."""
        self._keep_links(spec, labels)

    def predict(self, graph: GraphStore, spec: TaskSpec, seeds: Seeds, *, k: int | None = None) -> Ranked:
        """The rule's list for each seed, filled up with popular items."""
        if self._setup is None:
            raise InternalError("a rule is asked after it is fitted")
        k = spec.k if k is None else k
        asof = self._setup.world(graph, spec, seeds, self._links)
        channel = list(self.options(asof, self._setup.again, k).values())[self._chosen]
        return self._lists(asof, channel, seeds.rows, moments_of(self._setup, seeds), k)

    def save(self, folder: Path) -> None:
        """Write the choice, and the links of a task without a history."""
        if self._setup is None:
            raise InternalError("a rule is saved after it is fitted")
        content = {"setup": self._setup.to_json(), "chosen": self._chosen, "tried": self._tried}
        write_json(folder, "rule", content)
        write_links(folder, "links", self._links)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        content = read_json(folder, "rule")
        model = cls()
        try:
            model._setup = Setup.from_json(content["setup"])
            model._chosen, model._tried = int(content["chosen"]), dict(content["tried"])
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(folder, "rule.json", error) from None
        model._links = read_links(folder, "links")
        return model

    def facts(self) -> dict[str, Any]:
        """The settings that were tried, with MAP@k on validation."""
        return {"MAP on validation": self._tried, "chosen": list(self._tried)[self._chosen] if self._tried else ""}

    def _keep_links(self, spec: TaskSpec, labels: Labels) -> None:
        if spec.kind == TaskKind.STATIC_RANKING or spec.history is None:
            self._links = links_of(spec, labels)

    def _lists(self, asof: AsOf, channel: Channel, rows: np.ndarray, at: np.ndarray, k: int) -> Ranked:
        assert self._setup is not None
        found = channel.propose(asof, rows, at)
        if not self._setup.again and not self.keeps_met:
            found = Proposed(forget_met(asof, rows, at, found.items), found.scores)
        return filled(_first(found, k), spare_items(self._setup, asof, rows, at, k))


class Popularity(Rule):
    """What everybody meets, over a recent window whose length is chosen."""

    name = "popularity"

    def options(self, asof: AsOf, again: bool, width: int) -> dict[str, Channel]:
        """Half-lives of a day, a week, a month and a season."""
        halves = asof.item.half_lives
        return {f"{h:g} days": Popular(width=width + 100, half_life=i) for i, h in enumerate(halves)}


class CohortPopularity(Rule):
    """What entities of the same kind meet; the kind is a categorical column that is chosen."""

    name = "cohort popularity"

    def options(self, asof: AsOf, again: bool, width: int) -> dict[str, Channel]:
        """Cohort columns and half-lives; popularity alone where entities have no categories."""
        found: dict[str, Channel] = {
            f"{name}, {half_life:g} days": CohortPopular(name, width=width + 100, half_life=h)
            for name in asof.evidence.cohorts
            for h, half_life in enumerate(asof.cohort(name).half_lives)
        }
        return found or {"no cohorts": Popular(width=width + 100, half_life=2)}


class PersonalFrequency(Rule):
    """The entity's own items by decayed count (a strong baseline where things repeat: Hu et al., 2020)."""

    name = "personal frequency"
    kinds = frozenset({TaskKind.RANKING})
    keeps_met = True

    def options(self, asof: AsOf, again: bool, width: int) -> dict[str, Channel]:
        """The half-lives of own counts."""
        return {f"{h:g} days": Own(width=width, half_life=i) for i, h in enumerate(HALF_LIVES)}


class ItemNeighbours(Rule):
    """Items met by those who met the entity's items: cosine neighbours (Sarwar et al., 2001)."""

    name = "item neighbours"

    def options(self, asof: AsOf, again: bool, width: int) -> dict[str, Channel]:
        """All of the history alike, or the latest events first."""
        cap = 400 if asof.evidence.static else 100
        whole = Together(
            width=width + 20, recent=cap, fade=1.0, neighbours=100, alpha=0.0, beta=0.5, known=again, cap=cap
        )
        return {"whole history": whole, "recent first": replace(whole, recent=100, fade=0.9)}


class GraphFilter(Rule):
    """A low-pass filter on the item-item graph without training (Turbo-CF: Park, Shin and Shin, 2024)."""

    name = "graph filter"
    kinds = frozenset({TaskKind.STATIC_RANKING})

    def options(self, asof: AsOf, again: bool, width: int) -> dict[str, Channel]:
        """Sharper and softer filters."""
        return {
            f"power {p:g}": Together(
                width=width + 20, recent=400, cap=400, neighbours=400, alpha=0.5, beta=0.5, power=p, known=again
            )
            for p in (0.5, 0.7, 1.0)
        }


def _first(found: Proposed, k: int) -> Ranked:
    """The first k proposals that are there."""
    order = np.argsort(found.items < 0, axis=1, kind="stable")[:, :k]
    items = np.take_along_axis(found.items, order, axis=1)
    scores = np.where(items < 0, -np.inf, np.take_along_axis(found.scores, order, axis=1)).astype(np.float32)
    short = k - items.shape[1]
    if short > 0:
        items = np.pad(items, ((0, 0), (0, short)), constant_values=-1)
        scores = np.pad(scores, ((0, 0), (0, short)), constant_values=-np.inf)
    return Ranked(items, scores)
