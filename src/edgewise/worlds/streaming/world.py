"""A streaming world: its tables, what was planted beside them, and how it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from edgewise.clock import DAY, SECOND
from edgewise.worlds.days import today_of
from edgewise.worlds.streaming.course import Events, Planted, run_days
from edgewise.worlds.streaming.labels import Labels, make_labels
from edgewise.worlds.streaming.making import (
    AHEAD_WEEKS,
    make_lists,
    make_music,
    make_people,
    make_talk,
    scenes,
)
from edgewise.worlds.streaming.options import StreamingOptions
from edgewise.worlds.streaming.parts import START, State, fresh_state
from edgewise.worlds.streaming.responses import answer
from edgewise.worlds.streaming.shown import read_shown
from edgewise.worlds.streaming.tables import catalogue_tables, event_tables, listener_table
from edgewise.worlds.streaming.truth import StreamingTruth

__all__ = ["Step", "Streaming", "streaming"]

Policy = Callable[["Streaming"], pa.Table]


@dataclass(frozen=True, slots=True)
class Streaming:
    """The tables of a simulated music and podcast service up to `now` (microseconds since the epoch).

    A world does not change: `step` gives the world that comes after it, so that two policies can go on from the
    same one.
    """

    options: StreamingOptions
    tables: dict[str, pa.Table]
    now: int
    planted: Planted = field(repr=False)
    labels: Labels = field(repr=False)
    log: tuple[Events, ...] = field(repr=False)  # all events up to now, each part later than the one before
    late: Events = field(repr=False)  # events of sessions that run beyond `now`
    state: State = field(repr=False)

    @property
    def truth(self) -> StreamingTruth:
        """What was planted; no table holds it."""
        events = self.log[0] if len(self.log) == 1 else Events.appended(list(self.log))
        return StreamingTruth(self.planted, self.labels, events)

    def step(self, shown: pa.Table | Policy | None = None, *, days: int = 1, luck_seed: int | None = None) -> Step:
        """Go on for some days, after everyone has answered what they are shown on the first of them.

        `shown` has the columns listener_id, kind (track, artist, playlist, podcast, episode), item (its key) and
        position (from 1), or is a policy that makes such a table from the world. Luck is a function of seed,
        listener, time and thing: worlds that step under different policies meet the same luck. Another `luck_seed`
        than the world's own gives another future.

        Raises:
            ArgumentError: the table is not as described, or the days go beyond what is planned (AHEAD_WEEKS).
        """
        today = today_of(self.now, START, self.options.weeks + AHEAD_WEEKS, days)
        table = shown(self) if callable(shown) else shown
        state = self.state.copy()
        seed = self.planted.random_seed if luck_seed is None else luck_seed
        parts, responses = [self.late], None
        if table is not None:
            rows = read_shown(table, self.truth, self.now)
            taken_at, events = answer(self.planted, state, today, *rows, seed)
            parts.append(events)
            responses = _with_answers(table, taken_at)
        parts.append(run_days(self.planted, state, today, days, seed))
        events, late = Events.joined(parts).split((today + days) * (DAY // SECOND))
        new = {
            "listeners": self.tables["listeners"].slice(0, 0),
            **catalogue_tables(self.planted, self.labels, float(today), float(today + days)),
            **event_tables(self.planted, self.labels, events),
        }
        world = replace(
            self,
            tables={name: pa.concat_tables([table, new[name]]) for name, table in self.tables.items()},
            now=self.now + days * DAY,
            log=(*self.log, events),
            late=late,
            state=state,
        )
        return Step(world, new, responses)


@dataclass(frozen=True, slots=True)
class Step:
    """What a step brought: the world after it, the rows that are new, table by table, and the answers.

    `responses` is the shown table with `taken` and `taken_at` (null where not taken); None if nothing was shown.
    """

    world: Streaming
    new: dict[str, pa.Table]
    responses: pa.Table | None


def _with_answers(shown: pa.Table, taken_at: np.ndarray) -> pa.Table:
    taken = taken_at >= 0
    times = pa.array(START + taken_at * SECOND, mask=~taken).cast(pa.timestamp("us"))
    return shown.append_column("taken", pa.array(taken)).append_column("taken_at", times)


def plant(options: StreamingOptions) -> Planted:
    """What is fixed before anything happens. Each part has random numbers of its own."""
    rng = [np.random.default_rng([options.random_seed, part]) for part in range(5)]
    scene = scenes(rng[0])
    music = make_music(rng[1], options, scene)
    return Planted(
        random_seed=options.random_seed,
        people=make_people(rng[4], options, scene),
        music=music,
        lists=make_lists(rng[2], options, scene, music),
        talk=make_talk(rng[3], options),
    )


def streaming(options: StreamingOptions | None = None) -> Streaming:
    """Simulate a streaming service; the same options give the same tables.

    At the default size there are about 350,000 listens by 1,000 listeners.
    """
    options = options or StreamingOptions()
    planted = plant(options)
    labels, state, days = make_labels(planted), fresh_state(planted.people), 7 * options.weeks
    events, late = run_days(planted, state, 0, days).split(days * (DAY // SECOND))
    tables = {
        "listeners": listener_table(planted, labels),
        **catalogue_tables(planted, labels, -np.inf, days),
        **event_tables(planted, labels, events),
    }
    return Streaming(
        options=options,
        tables=tables,
        now=START + days * DAY,
        planted=planted,
        labels=labels,
        log=(events,),
        late=late,
        state=state,
    )
