"""A lodging world: its tables, what was planted beside them, and how it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from edgewise.clock import DAY
from edgewise.worlds.days import today_of
from edgewise.worlds.lodging.course import Course, Events, Lists
from edgewise.worlds.lodging.making import AHEAD_WEEKS, calendar_days, fresh_state, plant
from edgewise.worlds.lodging.options import LodgingOptions
from edgewise.worlds.lodging.parts import START, Planted, State
from edgewise.worlds.lodging.shown import SHOWN, read_shown
from edgewise.worlds.lodging.tables import event_tables, people_tables, place_table
from edgewise.worlds.lodging.truth import LodgingTruth

__all__ = ["Lodging", "Policy", "Step", "lodging"]

Policy = Callable[["Lodging"], pa.Table]


@dataclass(frozen=True, slots=True)
class Lodging:
    """The tables of a simulated marketplace for lodging up to `now` (microseconds since the epoch, a midnight).

    A world does not change: `step` gives the world that comes after it, so that two policies can go on from the
    same one.
    """

    options: LodgingOptions
    tables: dict[str, pa.Table]
    now: int
    planted: Planted = field(repr=False)
    state: State = field(repr=False)

    @property
    def truth(self) -> LodgingTruth:
        """What was planted; no table holds it."""
        return LodgingTruth(self.planted, self.state, int((self.now - START) // DAY))

    @property
    def waiting(self) -> pa.Table:
        """The searches of the last evening, which wait for a list: the last rows of `searches`."""
        table = self.tables["searches"]
        waiting = int((self.state.trip[:, 0] >= 0).sum())
        return table.slice(table.num_rows - waiting)

    def step(self, shown: pa.Table | Policy | None = None, *, days: int = 1, luck_seed: int | None = None) -> Step:
        """Go on for some days. Each morning, those who searched the evening before look at a list.

        `shown` has the columns search_id (of `waiting`), listing_id and position (from 1) and is for the first
        morning, or is a policy that makes such a table from the world every morning. On mornings without one the
        marketplace shows its own lists, those of the history. Luck is a function of seed, guest, day and
        listing: worlds that step under different policies meet the same luck. Another `luck_seed` than the
        world's own gives another future.

        Raises:
            ArgumentError: the table is not as described, or the days go beyond what is planned (AHEAD_WEEKS).
        """
        today = today_of(self.now, START, self.options.weeks + AHEAD_WEEKS, days)
        course = Course(self.planted, self.planted.random_seed if luck_seed is None else luck_seed)
        world, parts = replace(self, state=self.state.copy()), []
        offers = []
        for day in range(today, today + days):
            table = shown(world) if callable(shown) else shown if day == today else None
            lists = None if table is None else read_shown(table, self.planted, world.state, day)
            if table is not None:
                offers.append(table.select(list(SHOWN)))
            state, events = course.day(world.state, day, lists)
            parts.append(events)
            world = _after(world, state, events, day)
        new = {name: table.slice(self.tables[name].num_rows) for name, table in world.tables.items()}
        return Step(world, new, _with_answers(offers, new) if offers else None)


@dataclass(frozen=True, slots=True)
class Step:
    """What a step brought: the world after it, the rows that are new, table by table, and the answers.

    `responses` is the shown tables with `requested` and `accepted` (null where not requested); None if nothing was
    shown.
    """

    world: Lodging
    new: dict[str, pa.Table]
    responses: pa.Table | None


def _after(world: Lodging, state: State, events: Events, day: int) -> Lodging:
    new = {**people_tables(world.planted, float(day), float(day + 1)), **event_tables(world.planted, events)}
    tables = {
        name: pa.concat_tables([table, new[name]]) if name in new else table
        for name, table in world.tables.items()
    }
    return replace(world, tables=tables, now=START + (day + 1) * DAY, state=state)


def _with_answers(offers: list[pa.Table], new: dict[str, pa.Table]) -> pa.Table:
    """The offers, and whether each was asked for and accepted."""
    shown = pa.concat_tables(offers)
    asked = new["requests"].select(["request_id", "search_id", "listing_id"])
    asked = asked.join(new["answers"].select(["request_id", "accepted"]), "request_id").sort_by("search_id")
    search, listing = asked.column("search_id").to_numpy(), asked.column("listing_id").to_numpy()
    at = np.searchsorted(search, shown.column("search_id").to_numpy())  # a search has one request at most
    at = np.minimum(at, max(len(search) - 1, 0))
    requested = np.zeros(shown.num_rows, dtype=bool)
    accepted = np.zeros(shown.num_rows, dtype=bool)
    if len(search):
        requested = (search[at] == shown.column("search_id").to_numpy()) & (
            listing[at] == shown.column("listing_id").to_numpy()
        )
        accepted = asked.column("accepted").to_numpy()[at]
    return shown.append_column("requested", pa.array(requested)).append_column(
        "accepted", pa.array(accepted, mask=~requested)
    )


def lodging(options: LodgingOptions | None = None) -> Lodging:
    """Simulate a marketplace for lodging; the same options give the same tables.

    At the default size there are about 900 listings and 16,000 requests of half a year.
    """
    options = options or LodgingOptions()
    planted = plant(options)
    state, days = fresh_state(planted, calendar_days(options)), 7 * options.weeks
    course, parts = Course(planted, options.random_seed), []
    lists: Lists | None = None
    for day in range(days):
        state, events = course.day(state, day, lists)
        parts.append(events)
    tables = {
        "places": place_table(planted),
        **people_tables(planted, -np.inf, float(days)),
        **event_tables(planted, Events.joined(parts)),
    }
    return Lodging(options, tables, START + days * DAY, planted, state)
