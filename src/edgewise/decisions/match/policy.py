"""Match as a policy of the simulator, and the one-sided ranking it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa

from edgewise.decisions.match.entry import MatchEntry
from edgewise.decisions.match.gather import gather
from edgewise.decisions.match.learn import learn
from edgewise.decisions.match.lists import Matched, match, one_sided
from edgewise.decisions.match.market import Market
from edgewise.decisions.match.propose import propose
from edgewise.decisions.match.reading import TablesReader
from edgewise.sources.database import open_database

__all__ = ["POLICIES", "lists_table", "policy"]


class Seen(Protocol):
    """What a policy sees: tables up to now (microseconds)."""

    @property
    def tables(self) -> Mapping[str, pa.Table]:
        """The tables by name."""

    @property
    def now(self) -> int:
        """The moment."""


def lists_table(market: Market, made: Matched, ask: str, offer: str) -> pa.Table:
    """The lists: keys of what was looked for and of offers under their own names, and position from 1."""
    rows = np.flatnonzero(made.place >= 0)
    rows = rows[np.lexsort((made.place[rows], made.pairs.ask[rows]))]
    return pa.table(
        {
            ask: market.asks.keys.take(pa.array(made.asks[made.pairs.ask[rows]])),
            offer: market.offers.keys.take(pa.array(made.pairs.offer[rows])),
            "position": made.place[rows] + 1,
        }
    )


def policy(
    how: Callable[..., Matched] = match, settings: Mapping[str, Any] | None = None
) -> Callable[[Seen], Callable[[Seen], pa.Table]]:
    """A policy that learns once, from what is seen before the first week, and then makes lists each time.

    `settings` are fields of the entry that the tables propose, to be set otherwise.
    """

    def start(seen: Seen) -> Callable[[Seen], pa.Table]:
        with open_database(dict(seen.tables)) as database:
            schema = database.schema
        entry = propose(schema)
        entry = MatchEntry.model_validate({**entry.model_dump(), **(settings or {})})
        learned, _ = learn(TablesReader(schema, seen.tables), entry, seen.now)
        ask, offer = schema.table(entry.asks.table).key, schema.table(entry.offers.table).key

        def act(seen: Seen) -> pa.Table:
            market = gather(TablesReader(schema, seen.tables), entry, seen.now, learned.encoders)
            return lists_table(market, how(market, learned, entry), str(ask), str(offer))

        return act

    return start


POLICIES: Final = {"match": policy(), "one-sided": policy(one_sided)}
