"""The decision as a policy: given a world, the sends of its next days. For `edgewise simulate`.

A world has `tables` (Arrow, by name) and `now`. What is read is what the tables say, the schema inferred as for
any other source; the truth beside them is not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import pyarrow as pa

from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.features import Features
from edgewise.decisions.notify.fitted import Fitted, fit
from edgewise.decisions.notify.plan import make_plan
from edgewise.decisions.notify.propose import propose
from edgewise.decisions.notify.reading import read_past
from edgewise.schema.model import Schema
from edgewise.sources.database import Database, understand
from edgewise.sources.open import open_source

__all__ = ["AS_FREE", "POLICIES", "NotifyPolicy", "World"]


class World(Protocol):
    """What a policy sees of a world."""

    @property
    def tables(self) -> Mapping[str, pa.Table]:
        """The tables up to now."""

    @property
    def now(self) -> int:
        """The moment, in microseconds since the epoch."""


class NotifyPolicy:
    """Sends for the days to come, as a world's `step` takes them.

        policy = NotifyPolicy(budget={"sends": 5000}, days=7)
        step = world.step(policy, days=7)

    Models are fitted the first time, and again every `refit` calls; `refit=0` keeps the first ones, so that a
    policy that is used on many futures of one world is fitted once.
    """

    def __init__(
        self, *, refit: int = 0, entry: NotifyEntry | None = None, fitted: Fitted | None = None, **settings: Any
    ) -> None:
        self._settings = settings
        self._entry = entry
        self._refit = refit
        self._schema: Schema | None = None
        self._fitted = fitted
        self._calls = 0

    def fit(self, world: World) -> NotifyPolicy:
        """Fit models on a world's tables up to now; gives itself back."""
        with self._open(world) as db:
            entry = self._entered(db.schema)
            past = read_past(db, entry, world.now)
            self._fitted = fit(past, entry)
        return self

    def __call__(self, world: World) -> pa.Table:
        """The sends of the days after `world.now`: the columns user, message and channel of the world's own
        table of sends, and `send_at`."""
        if self._fitted is None or (self._refit and self._calls % self._refit == 0 and self._calls):
            self.fit(world)
        self._calls += 1
        assert self._fitted is not None
        with self._open(world) as db:
            entry = self._entered(db.schema)
            past = read_past(db, entry, world.now)
            plan = make_plan(Features(past), self._fitted, entry)
        planned, sends = plan.planned, entry.sends
        columns = {sends.user: past.users.keys.keys(planned.user)}
        if sends.message is not None:
            columns[sends.message] = past.messages.keys.keys(planned.message)
        if sends.channel is not None:
            columns[sends.channel] = pa.array([past.channels[c] for c in planned.channel.tolist()], pa.string())
        if sends.chance is not None:
            columns[sends.chance] = pa.array(planned.chance)
        columns["choice_propensity"] = pa.array(planned.choice)
        columns["send_at"] = pa.array(planned.at).cast(pa.timestamp("us"))
        return pa.table(columns)

    def users(self, world: World) -> int:
        """How many users a world has."""
        with self._open(world) as db:
            return db.schema.table(self._entered(db.schema).users.table).rows

    def _open(self, world: World) -> Database:
        """The world's tables under the schema that was inferred the first time: it does not change with new
        rows."""
        source = open_source(dict(world.tables))
        if self._schema is None:
            db = understand(source)
            self._schema = db.schema
            return db
        return Database(source, self._schema)

    def _entered(self, schema: Schema) -> NotifyEntry:
        if self._entry is None:
            base = propose(schema).model_dump(mode="json")
            self._entry = NotifyEntry.model_validate(base | self._settings)
        return self._entry


def notify(world: World) -> NotifyPolicy:
    """Sends within the budget and the hours of the policies that come with the worlds; fitted once."""
    return NotifyPolicy(**AS_FREE, budget={"sends": _one_each(world)}).fit(world)


def careful(world: World) -> NotifyPolicy:
    """The same where a lost channel counts several times what it would have brought."""
    return NotifyPolicy(**AS_FREE, budget={"sends": _one_each(world)}, care=_CAREFUL).fit(world)


def _one_each(world: World) -> int:
    """As many as there are users: what the policies that come with the worlds may send too."""
    policy = NotifyPolicy()
    return policy.users(world)


#: What the policies that come with the worlds may do, too: one send a day and user, from seven to ten o'clock.
AS_FREE: Final[dict[str, Any]] = {
    "holdout": 0.0,
    "explore": 0.0,
    "per_week": 7,
    "quiet": {"start": 22, "end": 7},
}
#: Policies of `edgewise simulate`: each is told the world once, and learns.
POLICIES: Final[dict[str, Callable[[World], NotifyPolicy]]] = {"notify": notify, "notify-careful": careful}
_CAREFUL: Final = 4.0
