"""A messaging world: its tables, what was planted beside them, and how it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from edgewise.clock import DAY
from edgewise.worlds.days import today_of
from edgewise.worlds.messaging.course import SENT, Answers, Candidates, run
from edgewise.worlds.messaging.history import draw_history
from edgewise.worlds.messaging.making import AHEAD_WEEKS, plant
from edgewise.worlds.messaging.options import MessagingOptions
from edgewise.worlds.messaging.parts import START, Planted, State, fresh_state
from edgewise.worlds.messaging.sending import read_sends
from edgewise.worlds.messaging.tables import event_tables, message_table, split, still_tables
from edgewise.worlds.messaging.truth import MessagingTruth

__all__ = ["Messaging", "Step", "messaging"]

Policy = Callable[["Messaging"], pa.Table]


@dataclass(frozen=True, slots=True)
class Messaging:
    """The tables of a simulated shop that writes to its users, up to `now` (microseconds since the epoch).

    A world does not change: `step` gives the world that comes after it, so that two policies can go on from the
    same one.
    """

    options: MessagingOptions
    tables: dict[str, pa.Table]
    now: int
    planted: Planted = field(repr=False)
    state: State = field(repr=False)
    late: dict[str, pa.Table] = field(repr=False)  # answers that come after `now`
    next_id: int = field(repr=False)

    @property
    def truth(self) -> MessagingTruth:
        """What was planted; no table holds it."""
        return MessagingTruth(self.planted, self.state, self.now)

    def step(self, sends: pa.Table | Policy | None = None, *, days: int = 1, luck_seed: int | None = None) -> Step:
        """Go on for some days under the given sends; without any, nobody is written to.

        `sends` has the columns user_id, message_id, channel (email, sms, push) and send_at (UTC, within the days),
        or is a policy that makes such a table from the world. What may not be sent (no consent, the channel lost,
        the user held out) is blocked, and said in the responses. Luck is a function of seed, user, day and
        channel: worlds that step under different policies meet the same luck. Another `luck_seed` than the world's
        own gives another future.

        Raises:
            ArgumentError: the table is not as described, or the days go beyond what is planned (26 weeks).
        """
        today = today_of(self.now, START, self.options.weeks + AHEAD_WEEKS, days)
        table = sends(self) if callable(sends) else sends
        if table is None:
            table = _nothing()
        user, candidates, chances, order = read_sends(table, self.planted, self.now, days, self.next_id)
        state = self.state.copy()
        seed = self.planted.random_seed if luck_seed is None else luck_seed
        answers, visits, purchases = run(self.planted, state, candidates, today, days, seed)
        now = self.now + days * DAY
        events, late = split(event_tables(user, candidates, chances, answers, visits, purchases), self.late, now)
        new = {name: table.slice(0, 0) for name, table in self.tables.items()} | events
        new["messages"] = message_table(self.planted, float(today) + 1e-9, float(today + days) + 1e-9)
        world = replace(
            self,
            tables={name: pa.concat_tables([table, new[name]]) for name, table in self.tables.items()},
            now=now,
            state=state,
            late=late,
            next_id=self.next_id + table.num_rows,
        )
        return Step(world, new, _responses(table, candidates, answers, order))


@dataclass(frozen=True, slots=True)
class Step:
    """What a step brought: the world after it, the rows that are new, table by table, and the answers.

    `responses` is the table of sends with send_id, `outcome` (sent or blocked), `opened`, `clicked`, `left` and
    `paid` (the amount of a purchase that it brought, 0 without), answers that come after the step included.
    """

    world: Messaging
    new: dict[str, pa.Table]
    responses: pa.Table


def _nothing() -> pa.Table:
    columns = {"user_id": pa.int64(), "message_id": pa.int64(), "channel": pa.string()}
    return pa.schema([*columns.items(), ("send_at", pa.timestamp("us"))]).empty_table()


def _responses(sends: pa.Table, candidates: Candidates, answers: Answers, order: np.ndarray) -> pa.Table:
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    sent = (answers.outcome == SENT)[back]
    said = {
        "send_id": candidates.send_id[back],
        "outcome": pa.array(np.where(sent, "sent", "blocked"), pa.string()),
        "opened": (answers.opened >= 0)[back],
        "clicked": (answers.clicked >= 0)[back],
        "left": (answers.left >= 0)[back],
        "paid": answers.gained[back],
    }
    for name, column in said.items():
        sends = sends.append_column(name, pa.array(column))
    return sends


def messaging(options: MessagingOptions | None = None) -> Messaging:
    """Simulate a shop's messages and what users did about them; the same options give the same tables.

    At the default size there are about 200,000 sends to 5,000 users.
    """
    options = options or MessagingOptions()
    planted, days = plant(options), 7 * options.weeks
    state = fresh_state(options.users, len(planted.messages.topic))
    history = draw_history(planted, days)
    answers, visits, purchases = run(planted, state, history.candidates, 0, days, planted.random_seed)
    chances = (history.propensity, history.choice)
    events, late = split(
        event_tables(history.user, history.candidates, chances, answers, visits, purchases), {}, START + days * DAY
    )
    tables = still_tables(planted) | {"messages": message_table(planted, -np.inf, days + 1e-9)} | events
    return Messaging(
        options=options,
        tables=tables,
        now=START + days * DAY,
        planted=planted,
        state=state,
        late=late,
        next_id=len(history.user) + 1,
    )
