"""A market of two sides up to a moment, as arrays. Rows are row ids; keys are kept for the way out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float64, Int64

__all__ = ["Asks", "Closed", "Market", "Offers", "Requests", "Reviews", "Shown", "Side"]


@dataclass(frozen=True, slots=True)
class Side:
    """Askers, or owners: their keys, and what their columns say as numbers (see `Encoder`)."""

    keys: pa.Array
    x: Float64[np.ndarray, "rows features"]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offers:
    """What is offered. `spot` are coordinates, NaN where there are none; `size` is infinite without a column."""

    keys: pa.Array
    x: Float64[np.ndarray, "offers features"]
    names: tuple[str, ...]
    owner: Int64[np.ndarray, " offers"]
    spot: Float64[np.ndarray, "offers 2"]
    place: Int64[np.ndarray, " offers"]
    capacity: Int64[np.ndarray, " offers"]
    size: Float64[np.ndarray, " offers"]
    since: Int64[np.ndarray, " offers"]  # microseconds


@dataclass(frozen=True, slots=True)
class Asks:
    """What is looked for. `begins` is in days since the epoch."""

    keys: pa.Array
    asker: Int64[np.ndarray, " asks"]
    spot: Float64[np.ndarray, "asks 2"]
    place: Int64[np.ndarray, " asks"]
    begins: Int64[np.ndarray, " asks"]
    length: Int64[np.ndarray, " asks"]
    size: Float64[np.ndarray, " asks"]
    at: Int64[np.ndarray, " asks"]


@dataclass(frozen=True, slots=True)
class Shown:
    """What was shown: `position` counts from 1."""

    ask: Int64[np.ndarray, " shown"]
    offer: Int64[np.ndarray, " shown"]
    position: Int64[np.ndarray, " shown"]
    at: Int64[np.ndarray, " shown"]


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests and what came of them by now: `answered` and `cancelled` are NEVER where nothing did."""

    ask: Int64[np.ndarray, " requests"]
    offer: Int64[np.ndarray, " requests"]
    at: Int64[np.ndarray, " requests"]
    answered: Int64[np.ndarray, " requests"]
    accepted: Bool[np.ndarray, " requests"]
    cancelled: Int64[np.ndarray, " requests"]


@dataclass(frozen=True, slots=True)
class Reviews:
    """Ratings of offers."""

    offer: Int64[np.ndarray, " reviews"]
    rating: Float64[np.ndarray, " reviews"]
    at: Int64[np.ndarray, " reviews"]


@dataclass(frozen=True, slots=True)
class Closed:
    """Days on which offers are not open: [begins, ends), in days since the epoch."""

    offer: Int64[np.ndarray, " closed"]
    begins: Int64[np.ndarray, " closed"]
    ends: Int64[np.ndarray, " closed"]


@dataclass(frozen=True, slots=True)
class Market:
    """Everything that was visible at `at` (microseconds). Events are in order of time."""

    at: int
    askers: Side
    owners: Side
    offers: Offers
    asks: Asks
    shown: Shown
    requests: Requests
    reviews: Reviews
    closed: Closed

    def waiting(self, hours: int) -> Int64[np.ndarray, " asks"]:
        """The asks of the last `hours` without a request since, the last one of each asker; in order of time."""
        asks = self.asks
        late = np.flatnonzero(asks.at > self.at - hours * 3_600_000_000)
        late = late[~np.isin(late, self.requests.ask)]
        _, last = np.unique(asks.asker[late][::-1], return_index=True)
        return np.sort(late[len(late) - 1 - last])
