"""One person's candidates and features by one kernel, compared with the code of the batch over the same world."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgewise.clock import DAY, HOUR
from edgewise.ids import MISSING
from edgewise.models.candidates.channel import Channel, Proposed
from edgewise.models.candidates.popular import Popular
from edgewise.prediction.online import compiled
from edgewise.prediction.online.answers import OnlineAnswers
from edgewise.prediction.online.kind import LiveKind
from edgewise.prediction.online.single import Single

ANCHOR = 90 * DAY


@dataclass(frozen=True)
class Odd(Channel):
    """A channel that no kernel knows: the popular things backwards, fewer of them candidates than are scored."""

    width: int = 3
    depth: int = 4
    name: str = "odd"

    def propose(self, asof, rows, at):
        found = Popular(width=7).propose(asof, rows, at)
        return Proposed(found.items[:, ::-1].copy(), found.scores[:, ::-1].copy())


def assert_alike(kind: LiveKind, single: Single, rows: list[int], at: int) -> None:
    """The same candidates, scores, places and features, bit for bit."""
    for row in rows:
        batch = kind.table(kind.world, np.array([row]), np.array([at]))
        mine = single.sheet(row, at)
        np.testing.assert_array_equal(mine.pool.indptr, batch.pool.indptr)
        np.testing.assert_array_equal(mine.pool.items, batch.pool.items)
        np.testing.assert_array_equal(mine.pool.scores, batch.pool.scores)
        np.testing.assert_array_equal(mine.pool.ranks, batch.pool.ranks)
        np.testing.assert_array_equal(mine.features, batch.features)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_kernel_reads_what_the_batch_reads(live_shop, data):
    """After any events, at any moment, for anyone."""
    answers = OnlineAnswers.from_run(live_shop.run)
    kind = answers._live["items"]
    assert kind._single.usable
    rest = list(live_shop.later)
    for _ in range(data.draw(st.integers(1, 3))):
        some = data.draw(st.integers(0, len(rest)))
        answers.replay(rest[:some])
        rest = rest[some:]
        rows = data.draw(st.lists(st.integers(MISSING, kind.world.evidence.entities - 1), min_size=1, max_size=6))
        assert_alike(kind, kind._single, rows, data.draw(st.integers(60 * DAY, ANCHOR + DAY)))


@pytest.mark.parametrize("without", [(), ("pair state",), ("graph state",), ("pair state", "graph state")])
@pytest.mark.parametrize("again", [True, False])
def test_with_other_channels_and_fewer_features(live_shop, without, again):
    answers = OnlineAnswers.from_run(live_shop.run)
    answers.replay(live_shop.later)
    kind = answers._live["items"]
    kind.setup = replace(kind.setup, without=without, again=again)
    kind.channels = [Odd(), *kind.channels[:2], replace(Odd(), width=7, depth=0, name="odder"), *kind.channels[2:]]
    rows = np.array([0, 3])
    names = tuple(_table(kind, rows).names)
    kind.data = replace(kind.data, names=names)
    single = Single(kind.setup, kind.world, kind.channels, names)
    assert single.usable
    assert_alike(kind, single, [MISSING, 0, 3, 7, 49, 51], 80 * DAY + HOUR)


def test_features_of_another_fit_are_left_to_the_batch(live_shop):
    kind = OnlineAnswers.from_run(live_shop.run)._live["items"]
    other = (*kind.data.names[:-1], "something else")
    assert not Single(kind.setup, kind.world, kind.channels, other).usable


def _table(kind, rows):
    from edgewise.models.ranking_tables import make_table

    return make_table(kind.setup, kind.world, kind.channels, rows, np.full(len(rows), 80 * DAY))


def test_answers_are_the_same_without_the_kernel(live_shop, tmp_path):
    """A snapshot opens without it, and answers with it when told that it is compiled."""
    path = OnlineAnswers.from_run(live_shop.run).save(tmp_path / "snapshot")
    fast, slow = OnlineAnswers.open(path), OnlineAnswers.open(path, compiled=False)
    assert (fast.compiled, slow.compiled) == (True, False)
    slow._live["items"]._single.sheet = None  # it is not asked
    for each in (fast, slow):
        each.replay(live_shop.later)
    for row in (MISSING, 0, 3, 7):
        mine, other = fast.for_user("items", row, ANCHOR, 12), slow.for_user("items", row, ANCHOR, 12)
        for name in ("items", "scores", "value", "channel", "because"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(other, name))
    slow.load_state(path)
    assert not slow._live["items"].compiled
    slow.compiled = True
    assert slow._live["items"].compiled


def test_compiling_beside_a_service_leaves_the_kernel_on_the_disk(live_shop, tmp_path):
    path = OnlineAnswers.from_run(live_shop.run).save(tmp_path / "snapshot")
    assert compiled.main([str(path)]) == 0
    assert compiled.is_compiled()
    index = compiled.sheet._cache._cache_file._load_index()  # what `is_compiled` reads in a new process
    assert len(index) >= 1
