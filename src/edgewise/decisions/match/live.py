"""Lists that were decided, as they stand now: what others asked for since, and were not refused, is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from edgewise.clock import DAY, to_micros
from edgewise.decisions.decided.nouns import Decided
from edgewise.decisions.match.entry import MatchEntry
from edgewise.errors import DecisionError

__all__ = ["Board", "Place"]

_NEVER: Final = "-"


@dataclass(frozen=True, slots=True)
class Place:
    """An offer on somebody's list; `left` is how many are still free on all the days."""

    ask: Any
    offer: Any
    position: int
    booking: float
    newcomer: bool
    left: int


@dataclass(frozen=True, slots=True)
class _Held:
    """Days of an offer that a request holds."""

    ask: str
    offer: str
    begins: int
    ends: int


class Board:
    """The lists of a decision and the requests since. Rows that arrive are observed once each, in order.

    Raises:
        DecisionError: it is no decision that this version made.
    """

    def __init__(self, decided: Decided) -> None:
        self.at = decided.at
        try:
            self._entry = MatchEntry.model_validate(dict(decided.settings))
            lists, asks = (decided.tables[name] for name in ("lists", "asks"))
            lists.select(["position", "booking", "newcomer", "left"])
            asks.select([lists.column_names[1], "begins", "days"])
        except (ValidationError, KeyError) as error:
            raise DecisionError("the lists were decided by another version", hint="edgewise match") from error
        self._ask, self._asker = lists.column_names[0], lists.column_names[1]
        self._offer = lists.column_names[lists.column_names.index("position") + 1]
        self._lists = lists.append_column("_of", pc.cast(lists[self._asker], pa.string()))
        begins = pc.cast(pc.cast(asks["begins"], pa.int32()), pa.int64()).to_pylist()
        days = asks["days"].to_pylist()
        keys = asks[asks.column_names[0]].to_pylist()
        self._days = {str(key): (b, b + n) for key, b, n in zip(keys, begins, days, strict=True)}
        askers = pc.cast(asks[self._asker], pa.string()).to_pylist()
        self._askers = {str(key): asker for key, asker in zip(keys, askers, strict=True)}
        self._held: dict[str, _Held] = {}

    @property
    def tables(self) -> frozenset[str]:
        """The tables whose rows change what is free."""
        entry = self._entry
        return frozenset({entry.asks.table, entry.requests.table, entry.answers.table})

    def observe(self, table: str, values: Mapping[str, Any], key: str | None = None) -> None:
        """A row that arrived. A request holds its offer's days until it is refused.

        `key` is the request's own key, where its row has one.
        """
        entry = self._entry
        if table == entry.asks.table and key is not None:
            self._wish(key, values)
        if table == entry.requests.table:
            ask, offer = str(values.get(entry.requests.ask)), str(values.get(entry.requests.offer))
            days = self._days.get(ask)
            if days is not None:
                self._held[key or f"{ask}{_NEVER}{offer}"] = _Held(ask, offer, *days)
        if table == entry.answers.table and not values.get(entry.answers.accepted):
            self._held.pop(str(values.get(entry.answers.request)), None)

    def _wish(self, key: str, values: Mapping[str, Any]) -> None:
        """What somebody looks for who was not there when it was decided."""
        asks = self._entry.asks
        if asks.begins is None or values.get(asks.begins) is None:
            return
        first = to_micros(values[asks.begins]) // DAY
        length = values.get(asks.length, 1) if asks.length is not None else 1
        self._days[key] = (first, first + int(length or 1))
        self._askers[key] = str(values.get(asks.asker))

    def forget(self, asker: str) -> None:
        """Drop a person: their lists, what they looked for, and what their requests hold, which is free again."""
        self._lists = self._lists.filter(pc.not_equal(self._lists["_of"], asker))
        for ask in [ask for ask, who in self._askers.items() if who == asker]:
            del self._askers[ask], self._days[ask]
        self._held = {request: one for request, one in self._held.items() if one.ask in self._days}

    def of(self, asker: str) -> list[Place]:
        """The list of one who looks, in order: what is still free on all the days. Empty where there is none."""
        mine = self._lists.filter(pc.equal(self._lists["_of"], asker)).sort_by("position").to_pylist()
        places: list[Place] = []
        for row in mine:
            left = row["left"] - self._taken(str(row[self._ask]), str(row[self._offer]))
            if left > 0:
                places.append(
                    Place(row[self._ask], row[self._offer], len(places) + 1, row["booking"], row["newcomer"], left)
                )
        return places

    def _taken(self, ask: str, offer: str) -> int:
        begins, ends = self._days[ask]
        return sum(
            one.offer == offer and one.ask != ask and one.begins < ends and begins < one.ends
            for one in self._held.values()
        )
