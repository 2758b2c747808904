"""A model is kept up with the log, and asked once before anybody does."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from edgewise.ids import MISSING
from edgewise.prediction.nouns import Event
from edgewise.serving.desk import Ask
from edgewise.serving.exposures import exposure_id
from edgewise.serving.live import Forgets, Live

__all__ = ["let_go", "take_in", "warm"]

_LOG: Final = logging.getLogger("edgewise.serving")


def take_in(live: Live, events: Sequence[Event]) -> int:
    """Let a model see events, together. Returns how many it could not take: those are told of, not fatal."""
    at, failed = 0, 0
    while at < len(events):
        taken: list[Event] = []
        try:
            live.observe_all(_noting(events[at:], taken))
        except Exception:
            failed += 1
            _LOG.exception("the event %s could not be taken into the state", taken[-1].id if taken else "?")
        at += max(1, len(taken))
    return failed


def let_go(live: Live, user: str) -> None:
    """Delete what a model, and what stands beside it, keep of a user."""
    live.desk.forget(user)
    row = live.keys.row(live.users, user)
    if row != MISSING and isinstance(live.answers, Forgets):
        live.answers.forget(row)


def warm(live: Live, at: int) -> None:
    """Ask each question once: what is compiled when first used is compiled then."""
    for row in (0, MISSING):
        ask = Ask(row, at, "", exposure_id())
        live.desk.home(ask)
        live.desk.playlists(ask)
        for kind in live.kinds:
            live.desk.recommend(ask, kind, 10)
            live.desk.segment(ask, kind, 10)
            live.desk.similar(ask, kind, 0, 10, "similar")
            live.desk.search(ask, live.desk.title(kind, 0) or "a", kind, 10)
            live.desk.why(ask, kind, 0)


def _noting(events: Iterable[Event], taken: list[Event]) -> Iterator[Event]:
    """The events, each noted when it is taken."""
    for event in events:
        taken.append(event)
        yield event
