"""The planted streaming service: deterministic, sound as a database, and like real services in its margins."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from edgewise.clock import DAY, HOUR
from edgewise.worlds.streaming import SIZES, Streaming, StreamingOptions, streaming
from edgewise.worlds.streaming.parts import START

KEYS = {
    "listener_id": "listeners",
    "artist_id": "artists",
    "album_id": "albums",
    "track_id": "tracks",
    "playlist_id": "playlists",
    "podcast_id": "podcasts",
    "episode_id": "episodes",
}
BEGINS = {
    "listeners": "joined_at",
    "albums": "released_at",
    "tracks": "released_at",
    "playlists": "created_at",
    "podcasts": "started_at",
    "episodes": "published_at",
}
EVENTS = {
    "listens": "listened_at",
    "skips": "skipped_at",
    "artist_follows": "followed_at",
    "searches": "searched_at",
    "podcast_listens": "listened_at",
    "podcast_follows": "followed_at",
    "playlist_tracks": "added_at",
}
TINY = StreamingOptions(listeners=40, weeks=4, artists=30, playlists=15, podcasts=13)


@pytest.fixture(scope="module")
def world() -> Streaming:
    return streaming(StreamingOptions(listeners=300, weeks=20, artists=150, playlists=80, podcasts=48))


def numbers(world: Streaming, table: str, column: str) -> np.ndarray:
    values = world.tables[table].column(column)
    whole = str(values.type).startswith("timestamp")
    return values.cast("int64").to_numpy() if whole else pc.fill_null(values, 0).to_numpy()


def test_the_same_options_give_the_same_world() -> None:
    first, again = streaming(TINY), streaming(TINY)
    other = streaming(StreamingOptions(**{**vars_of(TINY), "random_seed": 1}))
    assert first.tables == again.tables
    assert other.tables["listens"] != first.tables["listens"]
    assert other.tables["tracks"] != first.tables["tracks"]


def vars_of(options: StreamingOptions) -> dict[str, int]:
    return {name: getattr(options, name) for name in options.__slots__}


def test_every_table_says_that_it_is_simulated(world: Streaming) -> None:
    assert len(world.tables) == 14
    for table in world.tables.values():
        assert table.schema.metadata[b"simulated"] == b"true"
        assert table.num_rows > 0


def test_keys_and_links_hold(world: Streaming) -> None:
    for key, owner in KEYS.items():
        owned = numbers(world, owner, key)
        assert len(np.unique(owned)) == len(owned)
        for name, table in world.tables.items():
            if key in table.column_names:
                assert np.isin(pc.drop_null(table.column(key)).to_numpy(), owned).all(), (name, key)
    for name, table in world.tables.items():
        empty = {c for c in table.column_names if table.column(c).null_count}
        assert empty <= {"playlist_id"}, name


def test_nothing_happens_before_it_can(world: Streaming) -> None:
    for name, time in EVENTS.items():
        at = numbers(world, name, time)
        assert (at < world.now).all()
        assert (np.diff(at) >= 0).all()
        for key, owner in KEYS.items():
            if key not in world.tables[name].column_names or owner not in BEGINS:
                continue
            born = dict(zip(numbers(world, owner, key), numbers(world, owner, BEGINS[owner]), strict=True))
            used = world.tables[name].column(key).is_valid().to_numpy()
            since = np.array([born[k] for k in numbers(world, name, key)[used]])
            assert (at[used] >= since).all(), (name, key)
    assert (numbers(world, "listens", "listened_at") >= START).all()


def test_new_music_every_week(world: Streaming) -> None:
    released = numbers(world, "tracks", "released_at")
    weeks = np.bincount((released[released >= START] - START) // (7 * DAY), minlength=world.options.weeks)
    assert (weeks > 0).mean() > 0.9
    fridays = ((released - START) // DAY) % 7 == 4
    assert fridays.all()
    added = numbers(world, "playlist_tracks", "added_at")
    assert 0.05 < (added > START).mean() < 0.7


def test_popularity_has_a_long_tail(world: Streaming) -> None:
    counts = np.sort(np.bincount(numbers(world, "listens", "track_id")))[::-1]
    head = counts[: world.tables["tracks"].num_rows // 100].sum() / counts.sum()
    assert 0.08 < head < 0.35
    tail = counts[world.tables["tracks"].num_rows // 10 :].sum() / counts.sum()
    assert 0.2 < tail < 0.6
    per_listener = np.bincount(numbers(world, "listens", "listener_id"))[1:]
    assert np.quantile(per_listener, 0.9) > 8 * np.quantile(per_listener, 0.1)


def test_about_half_of_the_plays_are_repeats(world: Streaming) -> None:
    pair = numbers(world, "listens", "listener_id") * 1_000_000 + numbers(world, "listens", "track_id")
    repeats = 1 - len(np.unique(pair)) / len(pair)
    assert 0.45 < repeats < 0.65
    skips = world.tables["skips"].num_rows
    assert 0.1 < skips / (skips + len(pair)) < 0.35


def test_plays_come_in_sessions(world: Streaming) -> None:
    who = np.concatenate([numbers(world, t, "listener_id") for t in ("listens", "skips")])
    at = np.concatenate([numbers(world, "listens", "listened_at"), numbers(world, "skips", "skipped_at")])
    order = np.lexsort((at, who))
    gap = np.diff(at[order])[np.diff(who[order]) == 0]
    assert (gap > 0).all()
    assert 4 < len(who) / ((gap > HOUR // 2).sum() + len(np.unique(who))) < 12


def test_the_day_and_the_week_have_their_shape(world: Streaming) -> None:
    at = numbers(world, "listens", "listened_at")
    hours = np.bincount(at // HOUR % 24, minlength=24) / len(at)
    assert hours[3:5].sum() < 0.02
    assert hours[17:22].sum() > 0.2
    assert hours.max() < 0.1
    weekdays = np.bincount((at - START) // DAY % 7) / len(at)
    assert weekdays.argmax() in (4, 5)


def test_the_season_turns_moods() -> None:
    world = streaming(StreamingOptions(listeners=120, weeks=52, artists=80, playlists=20, podcasts=13))
    mood = np.asarray(world.tables["tracks"].column("mood").to_pylist(), object)
    heard = mood[np.searchsorted(numbers(world, "tracks", "track_id"), numbers(world, "listens", "track_id"))]
    day = (numbers(world, "listens", "listened_at") - START) // DAY
    sunny = heard == "sunny"
    assert sunny[(day > 150) & (day < 230)].mean() > 1.2 * sunny[(day < 40) | (day > 330)].mean()


def test_some_have_never_opened_a_podcast(world: Streaming) -> None:
    heard = np.unique(numbers(world, "podcast_listens", "listener_id"))
    never = np.flatnonzero(np.isinf(world.planted.people.pod_begins)) + 1
    assert not np.isin(never, heard).any()
    assert 0.2 < len(never) / world.options.listeners < 0.5
    assert np.isin(never, numbers(world, "listens", "listener_id")).mean() > 0.9


def test_sizes_grow() -> None:
    sizes = [SIZES[name].listeners * SIZES[name].weeks for name in ("small", "medium", "large")]
    assert sizes == sorted(sizes)
    assert isinstance(streaming(TINY).tables["tracks"], pa.Table)
