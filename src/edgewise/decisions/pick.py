"""One list out of candidates, under the rules: what pages do for many shelves, for a single one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edgewise.decisions.asked import Asked
from edgewise.decisions.home.draft import Draft
from edgewise.decisions.home.fill import Candidates, Settings, fill
from edgewise.decisions.home.flat import flatten, with_pins
from edgewise.decisions.home.nouns import Thing
from edgewise.decisions.home.things import things_of
from edgewise.decisions.rules.report import Emptied, Report

__all__ = ["Picked", "pick"]


class Picked(NamedTuple):
    """Things in order of their choice, and what the rules did."""

    things: tuple[Thing, ...]
    report: Report


def pick(
    asked: Asked,
    draft: Draft,
    k: int,
    *,
    diversity: float | None = None,
    calibration: float | None = None,
    of_creator: int | None = None,
    explore: float = 0.0,
    chance: int = 0,
) -> Picked:
    """The best k candidates, diverse and near the person's mix as the homepage is set, under the rules.

    Args:
        asked: the request.
        draft: the candidates.
        k: how many things.
        diversity, calibration: 0 to 1; by default those of the homepage.
        of_creator: at most so many things of one creator.
        explore, chance: the share of places drawn by chance, and what from.
    """
    home = asked.catalogue.project.surfaces.home
    settings = Settings(
        1, k, 1, home.diversity if diversity is None else diversity,
        home.calibration if calibration is None else calibration, explore, chance,
    )  # fmt: skip
    rules, relaxed = asked.surfaces.rules, False
    draft = with_pins(asked, rules, draft)
    if len(draft) == 0:
        return Picked((), Report({}))
    flat = flatten(asked, rules, [draft], np.zeros(1, dtype=np.int64), soft=True)
    if len(flat.position) == 0:
        relaxed, flat = True, flatten(asked, rules, [draft], np.zeros(1, dtype=np.int64), soft=False)
    candidates = flat.candidates if of_creator is None else _capped(flat.candidates, of_creator)
    filled = fill(candidates, settings)
    things: tuple[Thing, ...] = ()
    if len(filled.shelves):
        picks = filled.picks[0][filled.picks[0] >= 0]
        chances, pinned = filled.propensity[0][: len(picks)], candidates.pinned[picks]
        things = things_of(asked, draft, flat.position[picks], candidates.value[picks], chances, pinned)
    removed = flat.removed[0]
    emptied: tuple[Emptied, ...] = ()
    if removed and not things:
        rule = max(removed, key=lambda name: removed[name])
        emptied = (Emptied(draft.title, draft.kind, rule, removed, 0),)
    return Picked(things, Report(removed, emptied, relaxed))


def _capped(c: Candidates, most: int) -> Candidates:
    """With a quota on creators."""
    codes = np.where(c.creator >= 0, c.creator + c.sizes[3], -1)
    sizes = c.sizes.copy()
    sizes[3] += c.sizes[1]
    return c._replace(
        quota=np.ascontiguousarray(np.concatenate([c.quota, codes[None]])),
        most=np.append(c.most, most),
        over_page=np.append(c.over_page, True),
        sizes=sizes,
    )
