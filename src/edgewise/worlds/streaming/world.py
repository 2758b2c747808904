"""A streaming world: its tables, and beside them what was planted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from edgewise.clock import DAY, SECOND
from edgewise.worlds.streaming.course import Events, Planted, run_days
from edgewise.worlds.streaming.labels import Labels, make_labels
from edgewise.worlds.streaming.making import make_lists, make_music, make_people, make_talk, scenes
from edgewise.worlds.streaming.options import StreamingOptions
from edgewise.worlds.streaming.parts import START, State, fresh_state
from edgewise.worlds.streaming.tables import catalogue_tables, event_tables, listener_table
from edgewise.worlds.streaming.truth import StreamingTruth

__all__ = ["Streaming", "streaming"]


@dataclass(frozen=True, slots=True)
class Streaming:
    """The tables of a simulated music and podcast service up to `now` (microseconds since the epoch)."""

    options: StreamingOptions
    tables: dict[str, pa.Table]
    now: int
    planted: Planted = field(repr=False)
    labels: Labels = field(repr=False)
    events: Events = field(repr=False)
    late: Events = field(repr=False)  # events of sessions that run beyond `now`
    state: State = field(repr=False)

    @property
    def truth(self) -> StreamingTruth:
        """What was planted; no table holds it."""
        return StreamingTruth(self.planted, self.labels, self.events)


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

    At the default size there are about 400,000 listens by 1,000 listeners.
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
        events=events,
        late=late,
        state=state,
    )
