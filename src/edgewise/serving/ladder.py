"""The best answer to be had in time: personal, else of the segment, else what is popular, else an earlier one.

A rung that fails hands over to the next. When the deadline is over, nothing more is computed: an earlier answer to
the same question is given, or else the newest popular one, which is kept ready.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

from edgewise.errors import UserError
from edgewise.serving.answers import Degraded, Rung
from edgewise.serving.engine import Engine
from edgewise.serving.envelope import Refusal
from edgewise.serving.pace import Overdue

__all__ = ["Answered", "Cache", "climb"]

M = TypeVar("M")
T = TypeVar("T")
_LOG: Final = logging.getLogger("edgewise.serving")


class Cache(Generic[T]):
    """The latest answers, at most `most` of them; the one unread for longest goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[str | None, T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> T | None:
        """What was kept, or None."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][1]

    def put(self, key: Hashable, value: T, user: str | None = None) -> None:
        """Keep an answer, which belongs to a user if one is named."""
        self._kept[key] = (user, value)
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, user: str) -> int:
        """Drop what belongs to a user. Returns how much that was."""
        theirs = [key for key, (owner, _) in self._kept.items() if owner == user]
        for key in theirs:
            del self._kept[key]
        return len(theirs)

    def clear(self) -> None:
        """Drop everything."""
        self._kept.clear()


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """An answer that is not the best there is, and what is wrong with it."""

    value: T
    degraded: Degraded


async def climb(
    engine: Engine,
    personal: Callable[[float], Awaitable[M]],
    others: Sequence[tuple[Rung, Callable[[], T | None]]],
    ready: Sequence[tuple[Rung, Callable[[], T | None]]],
    seconds: float,
) -> M | Answered[T]:
    """The first rung that holds.

    Args:
        engine: where `others` are computed.
        personal: the best answer, asked for within so many seconds.
        others: what to compute when it fails, best first; None where there is none.
        ready: what costs nothing, best first; None where there is none.
        seconds: how long all of it may take.

    Raises:
        UserError: the question itself is wrong.
        Refusal: 503, no rung holds.
    """
    end = time.monotonic() + seconds
    try:
        return await personal(seconds)
    except Overdue:
        return _ready(ready, "deadline")
    except UserError:
        raise
    except Exception:
        _LOG.exception("the personal answer failed")
    for rung, job in others:
        try:
            found = await engine.within(end - time.monotonic(), job)
        except Overdue:
            break
        except Exception:
            _LOG.exception("the answer of the %s failed", rung)
            continue
        if found is not None:
            return Answered(found, Degraded(rung=rung, reason="error"))
    return _ready(ready, "error")


def _ready(
    ready: Sequence[tuple[Rung, Callable[[], T | None]]], reason: Literal["deadline", "error"]
) -> Answered[T]:
    for rung, job in ready:
        found = job()
        if found is not None:
            return Answered(found, Degraded(rung=rung, reason=reason))
    raise Refusal(503, "no answer can be had in time", hint="try again in a moment", wait=1.0)
