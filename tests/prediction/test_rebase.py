"""Live answers that stand on a state kept by another: nothing has changed but what is in memory."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgewise.clock import DAY
from edgewise.errors import RunError
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Event
from edgewise.prediction.online.answers import OnlineAnswers
from edgewise.state.live_arrays import ARENA

ANCHOR = 90 * DAY


def kept(run: Any, events: list[Event], folder: Path) -> Path:
    """What another process wrote after some events."""
    other = OnlineAnswers.from_run(run)
    other.replay(events)
    folder.mkdir(parents=True)
    other.save_state(folder)
    return folder


def rebase(answers: OnlineAnswers, folder: Path, events: list[Event]) -> None:
    """Stand on that, with what came since: half of it before the answers are there, half after."""
    half = len(events) // 2
    answers.adopt(answers.on(folder, events[:half]), events[half:])


def told(answers: OnlineAnswers) -> list[list[Any]]:
    """All that they say."""
    return [
        [
            (*answers.keys("users", np.array([row])),),
            answers.for_user("items", row, ANCHOR, 10).items.tolist(),
            answers.past("items", row, ANCHOR, 50).items.tolist(),
        ]
        for row in range(-1, answers.size("users") or 0)
    ] + [
        [
            answers.like("items", item, ANCHOR, 5).items.tolist(),
            answers.for_items("items", np.array([item]), ANCHOR, 5).items.tolist(),
        ]
        for item in range(0, answers.size("items") or 0, 5)
    ] + [[answers.popular("items", ANCHOR, 20, row).items.tolist() for row in (MISSING, 0, 1)]]  # fmt: skip


def in_memory(answers: OnlineAnswers) -> int:
    """Events that timelines hold beside what is mapped."""
    worlds = [kind.world for kind in answers._live.values()]
    return sum(int(world.live(key).held.overlay.used[ARENA]) for world in worlds for key in world.made)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shares=st.lists(st.floats(0, 1), min_size=2, max_size=2).map(sorted))
def test_nothing_changes_but_what_is_in_memory(live_shop, tmp_path_factory, shares):
    later = live_shop.later
    written, seen = (round(share * len(later)) for share in shares)
    folder = kept(live_shop.run, later[:written], tmp_path_factory.mktemp("kept") / "state")
    plain, mine = (OnlineAnswers.from_run(live_shop.run) for _ in range(2))
    for answers in (plain, mine):
        answers.replay(later[:seen])
    before = in_memory(mine)
    rebase(mine, folder, later[written:seen])
    assert told(mine) == told(plain)
    assert in_memory(mine) < before or written == 0
    for answers in (plain, mine):
        answers.replay(later[seen:])
    assert told(mine) == told(plain)
    again = kept(live_shop.run, later, folder.with_name("again"))
    rebase(mine, again, [])
    assert told(mine) == told(plain)
    assert in_memory(mine) == 0


def test_what_was_in_memory_is_let_go_at_once(live_shop, tmp_path):
    answers = OnlineAnswers.from_run(live_shop.run)
    answers.replay(live_shop.later)
    told(answers)
    worlds = [weakref.ref(kind.world) for kind in answers._live.values()]
    tables = weakref.ref(answers._tables)
    folder = kept(live_shop.run, live_shop.later, tmp_path / "state")
    gc.collect()
    gc.disable()  # a service freezes what it loaded: collections would not see it
    try:
        rebase(answers, folder, [])
        assert [world() for world in worlds] == [None] * len(worlds)
        assert tables() is None
    finally:
        gc.enable()


def test_a_state_with_other_rows_is_refused(live_shop, tmp_path):
    new = [Event(f"n{n}", "users", {"user_id": 9_000 + n, "town": "t0"}, 76 * DAY) for n in range(4)]
    answers = OnlineAnswers.from_run(live_shop.run)
    answers.replay(new)
    before = told(answers)
    for name, events in (("order", new[::-1]), ("more", [*new, Event("x", "users", {"user_id": 1}, 76 * DAY)])):
        with pytest.raises(RunError, match="rows"):
            rebase(answers, kept(live_shop.run, events, tmp_path / name), [])
    with pytest.raises(RunError, match="rows"):
        rebase(answers, kept(live_shop.run, new, tmp_path / "fewer"), [Event("y", "stores", {"store_id": 77}, 1)])
    assert told(answers) == before
    rebase(answers, tmp_path / "fewer", [])
    assert told(answers) == before


def test_a_damaged_state_changes_nothing(live_shop, tmp_path):
    answers = OnlineAnswers.from_run(live_shop.run)
    answers.replay(live_shop.later)
    before = told(answers)
    folder = kept(live_shop.run, live_shop.later, tmp_path / "state")
    victim = max(folder.rglob("*.npy"), key=lambda path: path.stat().st_size)
    victim.write_bytes(victim.read_bytes()[:-1])
    with pytest.raises(RunError, match="damaged"):
        rebase(answers, folder, [])
    assert told(answers) == before


def test_who_was_forgotten_stays_so(live_shop, tmp_path):
    """Of the rows of tables another process knows; of what came since, the log has nothing any more."""
    answers = OnlineAnswers.from_run(live_shop.run)
    key = int(live_shop.rows["users"]["user_id"][4])
    answers.forget(4)
    rebase(answers, kept(live_shop.run, [], tmp_path / "state"), [])
    assert answers.row("users", key) == MISSING
    assert answers.keys("users", np.array([4])) == [None]
    assert len(answers.past("items", 4, ANCHOR, 50).items) == 0
