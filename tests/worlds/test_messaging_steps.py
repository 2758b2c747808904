"""The messaging world goes on: truth against what came true, common random numbers, wrong tables of sends."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from edgewise.clock import DAY, HOUR
from edgewise.errors import ArgumentError
from edgewise.worlds.messaging import Messaging, MessagingOptions, Step, messaging
from edgewise.worlds.messaging.words import CHANNELS

USERS = 1500


@pytest.fixture(scope="module")
def world() -> Messaging:
    return messaging(MessagingOptions(users=USERS, weeks=8))


def allowed(world: Messaging) -> np.ndarray:
    """User rows and channel numbers that may be sent to now."""
    people, at = world.planted.people, (world.now // 10**6) - (1_704_067_200)
    open_now = (people.consented <= at) & (world.state.lost > at) & ~people.held_out[:, None]
    return np.argwhere(open_now)


def mailing(world: Messaging, random_seed: int = 0, hour: int = 12, day: int = 0) -> pa.Table:
    """One send to every user who may be sent something, drawn by chance."""
    rng = np.random.default_rng(random_seed)
    pairs = rng.permutation(allowed(world))
    _, first = np.unique(pairs[:, 0], return_index=True)
    who, channel = pairs[first].T
    live = world.tables["messages"].filter(pc.equal(world.tables["messages"].column("priority"), 0))
    message = rng.choice(live.column("message_id").to_numpy(), len(who))
    at = np.full(len(who), world.now + day * DAY + hour * HOUR)
    return pa.table(
        {
            "user_id": who + 1,
            "message_id": message,
            "channel": pa.array([CHANNELS[c] for c in channel]),
            "send_at": pa.array(at).cast(pa.timestamp("us")),
        }
    )


def chances(world: Messaging, sends: pa.Table):  # type: ignore[no-untyped-def]  # spelled out where it is made
    return world.truth.chances(
        sends.column("user_id").to_pylist(),
        sends.column("message_id").to_pylist(),
        sends.column("channel").to_pylist(),
        sends.column("send_at").cast("int64").to_numpy(),
    )


def test_a_step_brings_the_rows_of_its_days_and_leaves_the_old_world(world: Messaging) -> None:
    before, lost = dict(world.tables), world.state.lost.copy()
    sends = mailing(world)
    step = world.step(sends, days=7)
    assert step.world.now == world.now + 7 * DAY
    assert world.tables == before
    assert (world.state.lost == lost).all()
    for name, table in step.world.tables.items():
        assert table.num_rows == world.tables[name].num_rows + step.new[name].num_rows
        assert table.slice(0, world.tables[name].num_rows).combine_chunks() == world.tables[name].combine_chunks()
    for name, time in (("sends", "sent_at"), ("visits", "visited_at"), ("purchases", "purchased_at")):
        at = step.new[name].column(time).cast("int64").to_numpy()
        assert world.now <= at.min()
        assert at.max() < step.world.now
    assert step.new["sends"].num_rows == sends.num_rows
    assert step.new["withheld"].num_rows == 0
    assert np.intersect1d(step.new["sends"].column("send_id"), world.tables["sends"].column("send_id")).size == 0
    assert world.step(sends, days=7).new == step.new
    assert world.step(sends, days=7, luck_seed=5).new["visits"] != step.new["visits"]


def test_two_steps_are_one(world: Messaging) -> None:
    """Answers that come after midnight come in the next step: nothing is lost at the edge."""
    sends = mailing(world, hour=23)
    both, first = world.step(sends, days=2), world.step(sends, days=1)
    second = first.world.step(days=1)
    for name in world.tables:
        parts = pa.concat_tables([first.new[name], second.new[name]])
        assert parts.combine_chunks() == both.new[name].combine_chunks(), name
    assert second.new["opens"].num_rows > 0


def test_the_order_of_the_rows_does_not_matter(world: Messaging) -> None:
    sends = mailing(world)
    shuffled = sends.take(np.random.default_rng(1).permutation(sends.num_rows))
    one, other = world.step(sends, days=3), world.step(shuffled, days=3)
    assert one.new == other.new
    answers = other.responses.sort_by("user_id").select(["user_id", "opened", "left", "paid"])
    assert answers == one.responses.sort_by("user_id").select(["user_id", "opened", "left", "paid"])


def test_what_comes_true_is_what_the_truth_says(world: Messaging) -> None:
    sends, futures = mailing(world), 40
    truth = chances(world, sends)
    seen = {name: np.zeros(sends.num_rows) for name in ("opened", "clicked", "left", "bought")}
    for luck_seed in range(1, futures + 1):
        answers = world.step(sends, luck_seed=luck_seed).responses
        for name in ("opened", "clicked", "left"):
            seen[name] += answers.column(name).to_numpy(zero_copy_only=False)
        seen["bought"] += answers.column("paid").to_numpy() > 0
    for name, chance in (
        ("opened", truth.opened), ("clicked", truth.clicked), ("left", truth.hazard), ("bought", truth.bought),
    ):  # fmt: skip
        total, expected = seen[name].sum(), futures * chance.sum()
        assert abs(total - expected) < 4 * np.sqrt(futures * (chance * (1 - chance)).sum()), name
        groups = np.array_split(np.argsort(chance), 5)
        for rows in groups:  # calibrated where it is low and where it is high
            said, was = chance[rows].mean(), seen[name][rows].mean() / futures
            assert abs(was - said) < 4 * np.sqrt(said * (1 - said) / len(rows) / futures) + 1e-4, name


def spent(step: Step) -> np.ndarray:
    """The amount that each user spent within the step."""
    bought = step.new["purchases"]
    return np.bincount(bought.column("user_id").to_numpy() - 1, bought.column("amount").to_numpy(), USERS)


def test_uplift_is_what_sending_adds(world: Messaging) -> None:
    """Against the same future without the sends: net of purchases that were only made earlier."""
    sends, futures = mailing(world), 60
    truth, kind = chances(world, sends), world.planted.people.kind
    who = sends.column("user_id").to_numpy() - 1
    gained, gross = np.zeros((futures, 3)), np.zeros((futures, 3))
    for luck_seed in range(1, futures + 1):
        step = world.step(sends, days=17, luck_seed=luck_seed)
        more = spent(step) - spent(world.step(days=17, luck_seed=luck_seed))
        assert (np.flatnonzero(more) == np.intersect1d(np.flatnonzero(more), who)).all()
        gained[luck_seed - 1] = np.bincount(kind, more, 3)
        gross[luck_seed - 1] = np.bincount(kind[who], step.responses.column("paid").to_numpy(), 3)
    expected = np.bincount(kind[who], truth.uplift, 3)
    error = gained.std(axis=0, ddof=1) / np.sqrt(futures)
    assert (np.abs(gained.mean(axis=0) - expected) < 4 * error + 1e-9).all()
    # sure buyers answer far more than anyone, and gain least of it
    assert gross.mean(axis=0)[0] > 0.5 * gross.mean(axis=0).sum()
    assert gained.mean(axis=0)[0] < 0.45 * gross.mean(axis=0)[0]
    assert gained.mean(axis=0)[1] > 0.6 * gross.mean(axis=0)[1]


def test_life_goes_on_the_same_where_nothing_was_sent(world: Messaging) -> None:
    sends = mailing(world)
    half = sends.filter(pc.less_equal(sends.column("user_id"), USERS // 2))
    touched, untouched = world.step(half, days=14).new, world.step(days=14).new
    for name in ("visits", "purchases"):
        others = [t[name].filter(pc.greater(t[name].column("user_id"), USERS // 2)) for t in (touched, untouched)]
        assert others[0].combine_chunks() == others[1].combine_chunks()
        assert touched[name] != untouched[name]


def test_two_policies_meet_the_same_luck(world: Messaging) -> None:
    """At a better hour whatever was opened at a worse one is opened too."""
    noon, night = mailing(world, hour=12), mailing(world, hour=3)
    better = chances(world, noon).opened > chances(world, night).opened
    one = world.step(noon).responses.column("opened").to_numpy(zero_copy_only=False)
    other = world.step(night).responses.column("opened").to_numpy(zero_copy_only=False)
    assert (one[better] >= other[better]).all()
    assert (other[~better] >= one[~better]).all()
    assert (one != other).any()


def test_messages_tire_and_lose_channels(world: Messaging) -> None:
    sends = mailing(world)
    after = world
    for day in range(4):
        after = after.step(mailing(after, random_seed=day)).world
    before_now, tired_now = chances(world, sends), after.truth.chances(
        sends.column("user_id").to_pylist(), sends.column("message_id").to_pylist(),
        sends.column("channel").to_pylist(), after.now + 12 * HOUR,
    )  # fmt: skip
    # the same hour four days later, after four more messages
    assert (tired_now.opened < before_now.opened + 0.02).mean() > 0.95
    assert tired_now.opened.mean() < 0.85 * before_now.opened.mean()
    assert tired_now.hazard.mean() > 1.3 * before_now.hazard.mean()
    rested = world.step(days=28).world
    later = rested.truth.chances(
        sends.column("user_id").to_pylist(), sends.column("message_id").to_pylist(),
        sends.column("channel").to_pylist(), rested.now + 12 * HOUR,
    )  # fmt: skip
    assert later.opened.mean() > before_now.opened.mean()


def test_what_may_not_be_sent_is_blocked(world: Messaging) -> None:
    sends = mailing(world)
    everyone = pa.table(
        {
            "user_id": np.arange(1, USERS + 1),
            "message_id": np.ones(USERS, np.int64),
            "channel": ["sms"] * USERS,
            "send_at": pa.array(np.full(USERS, world.now)).cast(pa.timestamp("us")),
        }
    )
    step = world.step(everyone)
    sent = pc.equal(step.responses.column("outcome"), "sent").to_numpy()
    may = np.zeros(USERS, bool)
    pairs = allowed(world)
    may[pairs[pairs[:, 1] == CHANNELS.index("sms"), 0]] = True
    assert (sent == may).all()
    assert step.new["sends"].num_rows == may.sum()
    assert not step.responses.column("opened").to_numpy(zero_copy_only=False)[~may].any()
    left = world.step(sends, luck_seed=3)
    gone = left.responses.filter(left.responses.column("left"))
    assert gone.num_rows > 0
    later = left.world.step(days=2).world
    again = later.step(
        gone.select(["user_id", "message_id", "channel"]).append_column(
            "send_at", pa.array(np.full(gone.num_rows, later.now)).cast(pa.timestamp("us"))
        )
    )
    assert pc.unique(again.responses.column("outcome")).to_pylist() == ["blocked"]


def test_a_policy_is_a_function_of_the_world(world: Messaging) -> None:
    assert world.step(mailing).new == world.step(mailing(world)).new
    tagged = mailing(world).append_column("propensity", pa.array(np.full(mailing(world).num_rows, 0.25)))
    assert pc.unique(world.step(tagged).new["sends"].column("propensity")).to_pylist() == [0.25]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w, t: t.drop_columns("channel"), "the sends have no column 'channel'"),
        (lambda w, t: t.set_column(2, "channel", pa.array(["fax"] * t.num_rows)), "'fax' is no channel"),
        (
            lambda w, t: t.set_column(0, "user_id", pa.array(np.full(t.num_rows, 9999))),
            "there is no user 9999",
        ),
        (
            lambda w, t: t.set_column(1, "message_id", pa.array([None] * t.num_rows, pa.int64())),
            "the sends have rows without message_id",
        ),
        (
            lambda w, t: t.set_column(
                1, "message_id", pa.array(np.full(t.num_rows, len(w.planted.messages.topic)))
            ),
            "is not there yet",
        ),
        (lambda w, t: mailing(w, day=2), "is not within the step"),
    ],
)
def test_a_wrong_table_is_a_mistake(world: Messaging, change, message: str) -> None:  # type: ignore[no-untyped-def]  # a lambda
    with pytest.raises(ArgumentError) as caught:
        world.step(change(world, mailing(world)))
    assert message in caught.value.message


def test_new_messages_come_and_the_future_ends(world: Messaging) -> None:
    step = world.step(days=28)
    assert step.new["messages"].num_rows > 0
    assert step.new["users"].num_rows == 0
    with pytest.raises(ArgumentError, match="cannot go on for 2000 days"):
        world.step(days=2000)
