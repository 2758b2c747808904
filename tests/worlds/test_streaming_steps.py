"""The streaming world goes on: organic life, answers to what is shown, common random numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import DAY
from edgewise.errors import ArgumentError
from edgewise.worlds.streaming import Streaming, StreamingOptions, examined, streaming

LISTENERS = 200


@pytest.fixture(scope="module")
def world() -> Streaming:
    return streaming(StreamingOptions(listeners=LISTENERS, weeks=4, artists=60, playlists=40, podcasts=24))


def page(kind: str, items: np.ndarray) -> pa.Table:
    """The same things in the same order for everyone."""
    return pa.table(
        {
            "listener_id": np.repeat(np.arange(1, LISTENERS + 1), len(items)),
            "kind": [kind] * (LISTENERS * len(items)),
            "item": np.tile(items, LISTENERS),
            "position": np.tile(np.arange(1, len(items) + 1), LISTENERS),
        }
    )


def there(world: Streaming, kind: str, n: int) -> np.ndarray:
    truth = world.truth
    return truth.keys(kind)[truth.exists(kind, world.now)][:n]


def test_a_step_brings_the_rows_of_its_days(world: Streaming) -> None:
    step = world.step(days=7)
    assert step.responses is None
    assert step.world.now == world.now + 7 * DAY
    for name, table in step.world.tables.items():
        assert table.num_rows == world.tables[name].num_rows + step.new[name].num_rows
        assert table.slice(0, world.tables[name].num_rows).combine_chunks() == world.tables[name].combine_chunks()
    for name, time in (("listens", "listened_at"), ("skips", "skipped_at"), ("episodes", "published_at")):
        at = step.new[name].column(time).cast("int64").to_numpy()
        assert len(at) > 0
        assert (at >= world.now).all()
        assert (at < step.world.now).all()
    assert world.step(days=7).new == step.new
    assert world.step(days=7, luck_seed=5).new["listens"] != step.new["listens"]


def test_answers_follow_utility_and_place(world: Streaming) -> None:
    items = there(world, "track", 20)
    taken = np.zeros(LISTENERS * len(items))
    futures = 30
    for luck_seed in range(futures):
        taken += world.step(page("track", items), luck_seed=luck_seed).responses.column("taken").to_numpy()
    shown = page("track", items)
    listener = shown.column("listener_id").to_numpy()
    expected = world.truth.utility("track", listener, shown.column("item").to_numpy(), world.now)
    expected = expected * examined(shown.column("position").to_numpy())
    people, day = world.planted.people, 28
    active = ((people.joined <= day) & (people.left > day))[listener - 1]
    assert (taken[~active] == 0).all()
    error = (taken - futures * expected)[active] / np.sqrt(futures * (expected * (1 - expected))[active])
    assert abs(error.mean()) < 0.05
    assert error.std() == pytest.approx(1, abs=0.05)


def test_two_policies_meet_the_same_luck(world: Streaming) -> None:
    items = there(world, "artist", 8)
    forward, backward = page("artist", items), page("artist", items[::-1])
    one, other = world.step(forward).responses, world.step(backward).responses
    first = one.column("taken").to_numpy().reshape(LISTENERS, -1)
    second = other.column("taken").to_numpy().reshape(LISTENERS, -1)[:, ::-1]
    higher_first = np.arange(8) < 4
    assert (first[:, higher_first] >= second[:, higher_first]).all()
    assert (second[:, ~higher_first] >= first[:, ~higher_first]).all()
    assert first.sum() > 20


def test_life_goes_on_the_same_where_nothing_was_shown(world: Streaming) -> None:
    """Listeners who were shown nothing do exactly what they would have done anyway."""
    half = page("track", there(world, "track", 5))
    half = half.filter(pa.array(half.column("listener_id").to_numpy() <= LISTENERS // 2))
    touched, untouched = world.step(half, days=7).new["listens"], world.step(days=7).new["listens"]

    def of_others(table: pa.Table) -> pa.Table:
        return table.filter(pa.array(table.column("listener_id").to_numpy() > LISTENERS // 2)).combine_chunks()

    assert of_others(touched) == of_others(untouched)
    assert touched.num_rows != untouched.num_rows


@pytest.mark.parametrize("kind", ["track", "artist", "playlist", "podcast", "episode"])
def test_what_is_taken_becomes_rows(world: Streaming, kind: str) -> None:
    step = world.step(lambda now: page(kind, there(now, kind, 12)[-6:]))
    taken = step.responses.filter(step.responses.column("taken"))
    assert taken.num_rows > 5
    assert taken.column("taken_at").null_count == 0
    rows = step.new["podcast_listens" if kind in ("podcast", "episode") else "listens"]
    key = {"artist": "artist_id"}.get(kind, f"{kind}_id")
    tracks = step.world.tables["tracks"]
    if kind == "artist":
        artist_of = dict(zip(tracks.column("track_id").to_pylist(), tracks.column(key).to_pylist(), strict=True))
        things = [artist_of[t] for t in rows.column("track_id").to_pylist()]
    else:
        things = rows.column(key).to_pylist()
    happened = set(zip(rows.column("listener_id").to_pylist(), things, strict=True))
    wanted = set(zip(taken.column("listener_id").to_pylist(), taken.column("item").to_pylist(), strict=True))
    # what begins shortly before midnight may run into the next day
    assert len(wanted - happened) <= 0.1 * len(wanted) + 2


def test_a_first_podcast_is_a_beginning(world: Streaming) -> None:
    never = world.truth.without_podcasts(world.now)
    step = world.step(page("podcast", there(world, "podcast", 10)))
    begun = np.intersect1d(never, step.new["podcast_listens"].column("listener_id").to_numpy())
    assert len(begun) > 10
    later = step.world.step(days=28).new["podcast_listens"].column("listener_id").to_numpy()
    control = world.step().world.step(days=28).new["podcast_listens"].column("listener_id").to_numpy()
    assert np.isin(later, begun).sum() > 2 * np.isin(control, begun).sum()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_columns("position"), "the shown table has no column 'position'"),
        (
            lambda t: t.set_column(3, "position", pa.array(np.zeros(t.num_rows, int))),
            "position 0 is not on a page",
        ),
        (lambda t: t.set_column(1, "kind", pa.array(["song"] * t.num_rows)), "'song' is no kind of thing"),
        (lambda t: t.set_column(2, "item", pa.array([10**6] * t.num_rows)), "there is no track 1000000"),
        (
            lambda t: t.set_column(0, "listener_id", pa.array([None] * t.num_rows, pa.int64())),
            "the shown table has rows without listener_id",
        ),
    ],
)
def test_a_wrong_table_is_a_mistake(world: Streaming, change, message: str) -> None:  # type: ignore[no-untyped-def]  # a lambda
    with pytest.raises(ArgumentError) as caught:
        world.step(change(page("track", there(world, "track", 3))))
    assert caught.value.message == message


def test_the_future_cannot_be_shown_and_ends(world: Streaming) -> None:
    future = int(world.truth.keys("track").max())
    with pytest.raises(ArgumentError, match="is not there yet"):
        world.step(page("track", np.array([future])))
    with pytest.raises(ArgumentError, match="cannot go on for 2000 days"):
        world.step(days=2000)


def test_nothing_shown_is_an_empty_page(world: Streaming) -> None:
    step = world.step(page("track", there(world, "track", 3)).slice(0, 0))
    assert step.responses.num_rows == 0
    assert step.new == world.step().new
