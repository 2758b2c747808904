"""The planted truth agrees with what happens, and knows better than any list."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import DAY, SECOND
from edgewise.errors import ArgumentError
from edgewise.worlds.streaming import Streaming, StreamingOptions, streaming
from edgewise.worlds.streaming.course import run_days
from edgewise.worlds.streaming.parts import START
from edgewise.worlds.streaming.truth import StreamingTruth
from edgewise.worlds.streaming.words import TOPICS

WEEKS = 12


@pytest.fixture(scope="module")
def world() -> Streaming:
    return streaming(StreamingOptions(listeners=250, weeks=WEEKS, artists=80, playlists=50, podcasts=36))


@pytest.fixture(scope="module")
def truth(world: Streaming) -> StreamingTruth:
    return world.truth


def happened(world: Streaming, truth: StreamingTruth, kind: str, after: int) -> np.ndarray:
    """Which listener met which thing in the week after a moment, from the tables."""
    table, column = {
        "track": ("listens", "track_id"),
        "playlist": ("listens", "playlist_id"),
        "podcast": ("podcast_listens", "podcast_id"),
        "episode": ("podcast_listens", "episode_id"),
    }[kind]
    rows = world.tables[table]
    at = rows.column("listened_at").cast("int64").to_numpy()
    keep = (at > after) & (at <= after + 7 * DAY) & rows.column(column).is_valid().to_numpy()
    keys = truth.keys(kind)
    place = np.zeros(keys.max() + 1, np.int64)
    place[keys] = np.arange(len(keys))
    met = np.zeros((world.options.listeners, len(keys)), bool)
    item = rows.column(column).filter(pa.array(keep)).to_numpy()
    met[rows.column("listener_id").filter(pa.array(keep)).to_numpy() - 1, place[item]] = True
    return met & truth.exists(kind, after)


@pytest.mark.parametrize("kind", ["track", "playlist", "podcast", "episode"])
def test_what_is_likely_happens_as_often_as_it_says(world: Streaming, truth: StreamingTruth, kind: str) -> None:
    chance, met = [], []
    for week in range(3, WEEKS):
        after = START + 7 * week * DAY - SECOND
        chance.append(truth.chances(kind, after).ravel())
        met.append(happened(world, truth, kind, after).ravel())
    p, came = np.concatenate(chance), np.concatenate(met)
    assert p.max() < 1
    for low, high in ((0.003, 0.01), (0.01, 0.03), (0.03, 0.1), (0.1, 0.3), (0.3, 0.6)):
        some = (p >= low) & (p < high)
        assert came[some].mean() == pytest.approx(p[some].mean(), rel=0.25)
    # nobody hears an episode twice: a second session of the week goes to others, which the truth leaves out
    assert came.sum() == pytest.approx(p.sum(), rel=0.2 if kind == "episode" else 0.1)


def test_the_state_is_what_the_events_left(world: Streaming, truth: StreamingTruth) -> None:
    told, lived = truth.state(world.now), world.state
    late = np.concatenate([part["listener"] for part in world.late.parts()])
    same = np.setdiff1d(np.arange(world.options.listeners), late)
    for name in ("track", "weight", "podcast", "pod_weight", "heard", "heard_count", "pod_followed"):
        np.testing.assert_array_equal(getattr(told, name)[same], getattr(lived, name)[same], err_msg=name)
    assert (told.followed[same] == lived.followed[same]).all()


def test_the_truth_at_a_moment_knows_nothing_of_later(world: Streaming, truth: StreamingTruth) -> None:
    middle = START + 7 * 6 * DAY
    early, _ = truth.events.split((middle - START) // SECOND)
    short = StreamingTruth(truth.planted, truth.labels, early)
    np.testing.assert_array_equal(short.chances("track", middle - SECOND), truth.chances("track", middle - SECOND))


def test_likings_are_those_of_the_plays(world: Streaming, truth: StreamingTruth) -> None:
    """A play of something unknown is enjoyed as often as its utility says."""
    plays = truth.events.plays
    known = np.unique(plays["listener"].astype(np.int64) * 100_000 + plays["track"], return_index=True)[1]
    listener, track = plays["listener"][known] + 1, truth.keys("track")[plays["track"][known]]
    day = 7 * (plays["at"][known] // (7 * DAY // SECOND))
    now = day == 7 * 5
    utility = truth.utility("track", listener[now], track[now], START + 35 * DAY)
    enjoyed = plays["liked"][known][now] > 0
    for low, high in ((0.2, 0.5), (0.5, 0.7), (0.7, 0.85), (0.85, 1.0)):
        some = (utility >= low) & (utility < high)
        assert some.sum() > 30
        error = np.sqrt(0.25 / some.sum())
        assert abs(enjoyed[some].mean() - utility[some].mean()) < 3.5 * error


def test_tastes_drift(truth: StreamingTruth) -> None:
    listeners, items = np.arange(1, 251), np.tile(truth.keys("artist")[:1], 250)
    now, later = (truth.utility("artist", listeners, items, START + d * DAY) for d in (0, 200))
    assert 0.01 < np.abs(now - later).mean() < 0.3


def test_music_tells_podcast_topics(truth: StreamingTruth) -> None:
    """Listeners of like music like the same topics, those without podcasts included."""
    at = START + 7 * WEEKS * DAY
    never = truth.without_podcasts(at)
    assert len(never) > 50
    topics = truth.topics(at, never.tolist())
    assert topics.shape == (len(never), len(TOPICS))
    assert topics.sum(axis=1) == pytest.approx(1)
    taste = truth.planted.people.taste[never - 1]
    alike = taste @ taste.T
    agree = np.corrcoef(np.log(topics))
    pair = np.triu_indices(len(never), 1)
    assert np.corrcoef(alike[pair], agree[pair])[0, 1] > 0.4


@pytest.mark.parametrize("by", ["chance", "utility"])
def test_the_oracle_has_no_regret_and_others_have(truth: StreamingTruth, by: str) -> None:
    at = START + 7 * 10 * DAY
    best = truth.best("track", at, k=10, by=by)
    assert best.column_names == ["entity", "anchor_time", "rank", "item", "score"]
    assert truth.regret(best, "track", k=10, by=by).column("regret").to_numpy() == pytest.approx(0, abs=1e-12)
    shuffled = best.set_column(3, "item", pa.array(np.roll(best.column("item").to_numpy(), 10)))
    worse = truth.regret(shuffled, "track", k=10, by=by)
    assert (worse.column("regret").to_numpy() >= -1e-12).all()
    assert worse.column("regret").to_numpy().mean() > 0.3 * worse.column("best").to_numpy().mean()


def test_what_is_not_there_yet_counts_nothing(truth: StreamingTruth) -> None:
    at = START + 7 * 4 * DAY
    future = int(truth.keys("track").max())
    assert not truth.exists("track", at)[truth.keys("track") == future].any()
    assert truth.chances("track", at)[:, truth.keys("track") == future].max() == 0
    lists = pa.table(
        {"entity": [1], "anchor_time": pa.array([at]).cast(pa.timestamp("us")), "rank": [1], "item": [future]}
    )
    assert truth.regret(lists, "track", k=1).column("value")[0].as_py() == 0


def test_unknown_things_are_mistakes(truth: StreamingTruth) -> None:
    with pytest.raises(ArgumentError, match="'song' is no kind of thing"):
        truth.keys("song")  # type: ignore[arg-type]  # a mistake on purpose
    with pytest.raises(ArgumentError, match="there is no listener 9999"):
        truth.utility("track", [9999], [1], START)
    with pytest.raises(ArgumentError, match="there is no podcast 9999"):
        truth.utility("podcast", [1], [9999], START)
    with pytest.raises(ArgumentError, match="'luck' is no measure"):
        truth.best("track", START, by="luck")  # type: ignore[arg-type]  # a mistake on purpose


def test_whole_weeks_in_pieces_are_the_same_weeks(world: Streaming) -> None:
    planted, at = world.planted, 7 * WEEKS
    one, two = world.state.copy(), world.state.copy()
    whole = run_days(planted, one, at, 14)
    first, second = run_days(planted, two, at, 7), run_days(planted, two, at + 7, 7)
    for mine, theirs in zip(whole.plays.values(), type(whole).joined([first, second]).plays.values(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(one.weight, two.weight)
