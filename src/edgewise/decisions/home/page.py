"""A homepage for one person at one moment: a pure function of answers, catalogue, rules and a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from edgewise.clock import DAY
from edgewise.decisions.asked import Asked
from edgewise.decisions.draws import draw
from edgewise.decisions.home.draft import Draft, from_items
from edgewise.decisions.home.fill import Filled, Settings, fill
from edgewise.decisions.home.flat import Flat, flatten, with_pins
from edgewise.decisions.home.makers import MAKERS
from edgewise.decisions.home.nouns import Page, Shelf
from edgewise.decisions.home.things import things_of, titled
from edgewise.decisions.people import Person
from edgewise.decisions.project.file import ShelfEntry
from edgewise.decisions.rules.compile import Rules
from edgewise.decisions.rules.report import Emptied, Report
from edgewise.decisions.surfaces import Surfaces
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Answers

__all__ = ["home"]

#: How many rows a last resort looks at.
_ANYTHING: Final = 4000


def home(
    answers: Answers, surfaces: Surfaces, person: Person, at: int, *, random_seed: int | None = None,
    explore: float = 0.0,
) -> Page:  # fmt: skip
    """The homepage of a person at a moment (microseconds).

    `explore` is the share of places that go to a candidate drawn by chance, where the project does not say it.
    The same answers, person, day and seed give the same page. It is empty only where the rules that never give
    way (filter, stock, age, region, hidden) leave nothing at all; the report says so then.
    """
    rules, settings = surfaces.rules, surfaces.catalogue.project.surfaces.home
    asked = Asked(answers, surfaces, person, at, random_seed)
    made = Settings(
        settings.shelves, settings.things, settings.least, settings.diversity, settings.calibration,
        explore if settings.explore is None else settings.explore, draw(asked.random_seed, person.name, at // DAY),
    )  # fmt: skip
    drafts = _drafts(asked, rules)
    page, removed = _page(asked, rules, drafts, made, soft=True)
    relaxed = not page
    if relaxed:
        made = made._replace(least=1)
        page, removed = _page(asked, rules, [*drafts, *_anything(asked)], made, soft=False)
    emptied = _emptied(drafts, page, removed, settings.least)
    totals: dict[str, int] = {}
    for counts in removed:
        for name, count in counts.items():
            totals[name] = totals.get(name, 0) + count
    shelves = tuple(shelf for _, shelf, _ in page)
    value = sum(worth for _, _, worth in page)
    return Page(shelves, at, asked.random_seed, value, Report(totals, emptied, relaxed))


def _drafts(asked: Asked, rules: Rules) -> list[Draft]:
    found = []
    for entry in asked.catalogue.shelves:
        found += [with_pins(asked, rules, draft) for draft in MAKERS[entry.shelf](asked, entry)]
    return [draft for draft in found if len(draft)]


def _anything(asked: Asked) -> list[Draft]:
    """The last resort: whatever there is of each kind, the newest first."""
    entries = [ShelfEntry(shelf="popular", kind=kind) for kind in asked.catalogue.project.items]
    found = []
    for entry in entries:
        kind = asked.catalogue.kinds[entry.kind]
        rows = kind.releases.rows[kind.releases.at <= asked.at][::-1][:_ANYTHING]
        draft = from_items(asked, entry, rows[:0], kind.many.capitalize(), "anything")
        n = len(rows)
        found.append(
            replace(
                draft, items=rows, value=np.full(n, 1e-6, dtype=np.float32), channel=np.zeros(n, dtype=np.int16),
                because=np.full(n, MISSING, dtype=np.int64),
            )
        )  # fmt: skip
    return [draft for draft in found if len(draft)]


_Placed = tuple[int, Shelf, float]


def _page(
    asked: Asked, rules: Rules, drafts: Sequence[Draft], settings: Settings, *, soft: bool
) -> tuple[list[_Placed], list[dict[str, int]]]:
    """The shelves, with the numbers of their drafts and their worth, and what rules removed from each draft."""
    if not drafts:
        return [], []
    entries = {id(entry): number for number, entry in enumerate(asked.catalogue.shelves)}
    numbers = np.array([entries.get(id(d.entry), len(entries) + i) for i, d in enumerate(drafts)], dtype=np.int64)
    flat = flatten(asked, rules, drafts, numbers, soft=soft)
    filled = fill(flat.candidates, settings)
    placed = [_placed(asked, drafts, flat, filled, step) for step in range(len(filled.shelves))]
    return placed, flat.removed


def _placed(asked: Asked, drafts: Sequence[Draft], flat: Flat, filled: Filled, step: int) -> _Placed:
    draft = drafts[int(filled.shelves[step])]
    picks = filled.picks[step]
    picks = picks[picks >= 0]
    values = flat.candidates.value[picks]
    chances = filled.propensity[step][: len(picks)]
    things = things_of(asked, draft, flat.position[picks], values, chances, flat.candidates.pinned[picks])
    shelf = Shelf(draft.entry.shelf, draft.kind, titled(draft), things)
    return int(filled.shelves[step]), shelf, float(values.sum())


def _emptied(
    drafts: Sequence[Draft], page: Sequence[_Placed], removed: Sequence[dict[str, int]], least: int
) -> tuple[Emptied, ...]:
    """The drafts that rules left with too little to be a shelf."""
    found = []
    on_page = {number for number, _, _ in page}
    for number, (draft, counts) in enumerate(zip(drafts, removed, strict=False)):
        left = len(draft) - sum(counts.values())
        if counts and left < least and number not in on_page:
            rule = max(counts, key=lambda name: counts[name])
            found.append(Emptied(titled(draft), draft.kind, rule, dict(counts), left))
    return tuple(found)
