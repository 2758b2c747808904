"""Which models there are, by task and by name. Modules load when a model is asked for: some of them load torch.

`MODELS` maps a model's name (as in reports and run folders) to `module:class`; `MAIN` and `BASELINES` say which
are tried for which task, in order. A model enters a contest if its `handles(spec)` says so.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final, cast

from edgewise.errors import RunError, nearest
from edgewise.models.contract import Model
from edgewise.tasks.nouns import TaskSpec

__all__ = ["BASELINES", "MAIN", "baselines_for", "model_for", "model_named"]

#: The models that answer, best first.
MAIN: Final[tuple[str, ...]] = ("edgewise.models.entity:EntityModel", "edgewise.models.ranker:EdgewiseRanker")

#: What they have to beat.
BASELINES: Final[tuple[str, ...]] = (
    "edgewise.models.baselines_entity:Prior",
    "edgewise.models.baselines_entity:EntityMean",
    "edgewise.models.baselines_entity:LastValue",
    "edgewise.models.baselines_entity:TrailingMean",
    "edgewise.models.baselines_entity:SeasonalNaive",
    "edgewise.models.baselines_entity:OwnClasses",
    "edgewise.models.boosted:BoostedTrees",
    "edgewise.models.ranking_rules:Popularity",
    "edgewise.models.ranking_rules:CohortPopularity",
    "edgewise.models.ranking_rules:PersonalFrequency",
    "edgewise.models.ranking_rules:ItemNeighbours",
    "edgewise.models.ranking_rules:GraphFilter",
    "edgewise.models.ranking_trees:PairStateTrees",
)


def model_for(spec: TaskSpec) -> type[Model]:
    """The model that answers such a task.

    Raises:
        RunError: there is none.
    """
    for path in MAIN:
        model = _load(path)
        if model.handles(spec):
            return model
    raise RunError(f"no model answers a {spec.kind.value} task")


def baselines_for(spec: TaskSpec) -> list[type[Model]]:
    """The baselines that can answer such a task, simplest first."""
    return [model for model in map(_load, BASELINES) if model.handles(spec)]


def model_named(name: str) -> type[Model]:
    """The model of that name, for a run folder.

    Raises:
        RunError: there is none of that name.
    """
    known = {model.name: model for model in map(_load, (*MAIN, *BASELINES))}
    if name in known:
        return known[name]
    near = nearest(name, known) or sorted(known)
    raise RunError(f"there is no model '{name}'", hint=f"models: {', '.join(near)}")


def _load(path: str) -> type[Model]:
    module, _, name = path.partition(":")
    return cast(type[Model], getattr(import_module(module), name))
