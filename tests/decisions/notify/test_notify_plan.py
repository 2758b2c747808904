"""What is planned keeps to what is allowed, sees nothing later, and is the same every time."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgewise.clock import DAY, HOUR, NEVER
from edgewise.decisions.notify.chance import drawn
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.features import Features, Moments, local_hour
from edgewise.decisions.notify.plan import make_plan, with_care
from edgewise.decisions.notify.policy import NotifyPolicy
from edgewise.decisions.notify.reading import read_past
from edgewise.decisions.solve.relax import Infeasible
from edgewise.sources.database import Database
from edgewise.sources.open import open_source


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    per_week=st.integers(0, 4), per_day=st.integers(1, 2), spacing=st.sampled_from([0.0, 6.0, 20.0, 50.0]),
    quiet=st.tuples(st.integers(0, 23), st.integers(0, 23)), sends=st.sampled_from([None, 40, 400]),
    most=st.sampled_from([None, 0.1, 0.3]), email=st.sampled_from([None, 0, 1]), days=st.integers(1, 7),
    explore=st.sampled_from([0.0, 1.0]),
)  # fmt: skip
def test_nothing_that_is_not_allowed_is_planned(
    learnt, per_week, per_day, spacing, quiet, sends, most, email, days, explore
):
    entry = learnt.entered(
        per_week=per_week, per_day=per_day, spacing_hours=spacing, quiet={"start": quiet[0], "end": quiet[1]},
        budget={"sends": sends}, most_per_hour=most, days=days, holdout=0.1,
        channels={c: {"per_week": email if c == "email" else None} for c in learnt.past.channels},
    ).model_copy(update={"explore": explore})  # fmt: skip
    past = learnt.past
    plan = make_plan(learnt.features, learnt.fitted, entry)
    p = plan.planned
    assert ((p.at >= past.at) & (p.at < past.at + days * DAY + HOUR)).all()
    assert np.isin(local_hour(past, p.user, p.at), entry.quiet.allowed()).all()
    assert not past.users.held_out[p.user].any()
    assert not np.isin(p.user, plan.apart).any()
    assert (past.users.consent[p.user, p.channel] <= past.at).all()
    assert (past.lost[p.user, p.channel] > past.at).all()
    assert (past.messages.begins[p.message] <= past.at).all()
    if sends is not None:
        assert plan.cost[p.channel].sum() <= sends * days / 7 + 1e-9
    _check_people(learnt, entry, p)
    if most is not None and len(p):
        _check_hours(plan, most)


def _check_people(learnt, entry, p):
    """Caps a day and week, in all and by channel, spacing, and no message twice, what was sent before counted."""
    sends, zones = learnt.past.sends, learnt.past.users
    for user in np.unique(p.user):
        mine, before = p.user == user, sends.sent & (sends.user == user)
        at = np.concatenate([sends.at[before], p.at[mine]])
        channel = np.concatenate([sends.channel[before], p.channel[mine]])
        new = np.concatenate([np.zeros(before.sum(), bool), np.ones(mine.sum(), bool)])
        day = (at + zones.zones.ahead(np.full(len(at), zones.zone[user]), at)) // DAY
        for i in np.flatnonzero(new):
            week = (at <= at[i]) & (at > at[i] - 7 * DAY)
            assert week.sum() <= entry.per_week
            assert (day == day[i]).sum() <= entry.per_day
            cap = entry.channels["email"].per_week if learnt.past.channels[channel[i]] == "email" else None
            assert cap is None or (week & (channel == channel[i])).sum() <= cap
            others = np.delete(at, i)
            assert len(others) == 0 or np.abs(others - at[i]).min() >= entry.spacing_hours * HOUR
        recent = before & (sends.at > learnt.past.at - entry.repeat_days * DAY)
        assert len(set(p.message[mine].tolist())) == mine.sum()
        assert not np.isin(p.message[mine], sends.message[recent]).any()


def _check_hours(plan, most):
    """No hour holds more than its share of the day's sends, those without room or held back included."""
    hour = (plan.planned.at - plan.menu.start) // HOUR
    for day in np.unique(hour // 24):
        _, count = np.unique(hour[hour // 24 == day], return_counts=True)
        assert count.max() <= max(most * (count.sum() + plan.dropped + len(plan.held)), 1) + 1e-9


def test_what_comes_later_changes_nothing(learnt):
    at = learnt.world.now - 14 * DAY
    whole = read_past(learnt.db, learnt.entry, at)
    cut = {}
    for name, table in learnt.world.tables.items():
        time = learnt.db.schema.table(name).time
        keep = None if time is None else pc.less_equal(table.column(time), pa.scalar(at).cast(pa.timestamp("us")))
        cut[name] = table if keep is None else table.filter(keep)
    early = read_past(Database(open_source(cut), learnt.db.schema), learnt.entry, at)
    for field in ("user", "message", "channel", "at", "sent", "chance", "responses", "credited", "left"):
        np.testing.assert_array_equal(getattr(whole.sends, field), getattr(early.sends, field))
    np.testing.assert_array_equal(whole.lost, early.lost)
    np.testing.assert_array_equal(whole.users.consent, early.users.consent)
    rows = [whole.sends.user, whole.sends.message, whole.sends.channel, whole.sends.at]
    hour = local_hour(whole, rows[0], rows[3])
    one, other = (Features(past)(Moments(*rows, hour)) for past in (whole, early))
    np.testing.assert_array_equal(one, other)


def test_features_count_only_what_came_before_each_row(learnt):
    sends = learnt.past.sends
    rows = np.arange(0, len(sends), 97)
    hour = local_hour(learnt.past, sends.user[rows], sends.at[rows])
    x = learnt.features(Moments(sends.user[rows], sends.message[rows], sends.channel[rows], sends.at[rows], hour))
    names = learnt.features.names
    for i, row in enumerate(rows):
        at, user = sends.at[row], sends.user[row]
        mine = sends.sent & (sends.user == user) & (sends.at < at) & (sends.at >= at - 28 * DAY)
        assert x[i, names.index("user sends 28")] == mine.sum()
        goals = learnt.past.goals
        bought = (goals.user == user) & (goals.at < at) & (goals.at >= at - 91 * DAY)
        assert x[i, names.index("user goals 91")] == bought.sum()


def test_the_holdout_sticks(learnt):
    keys = learnt.past.users.keys.keys(np.arange(len(learnt.past.users)))
    luck = drawn(keys, "holdout", 0)
    again = drawn(keys.take(pa.array([7, 3])), "holdout", 0)
    np.testing.assert_array_equal(again, luck[[7, 3]])
    assert 0.02 < (luck < 0.1).mean() < 0.2
    assert not np.array_equal(luck, drawn(keys, "holdout", 1))


def test_a_priority_message_goes_out_first_and_its_conflict_is_named(learnt):
    past = learnt.past
    table = learnt.world.tables["messages"]
    first = table.column("message_id")[0].as_py()
    flags = pa.array([1 if m == first else 0 for m in table.column("message_id").to_pylist()])
    created = pa.array([past.at - DAY] * table.num_rows).cast(pa.timestamp("us"))
    table = table.set_column(table.column_names.index("priority"), "priority", flags)
    table = table.set_column(table.column_names.index("created_at"), "created_at", created)
    db = Database(open_source(dict(learnt.world.tables) | {"messages": table}), learnt.db.schema)
    now = read_past(db, learnt.entry, past.at)
    never = ~np.isin(np.arange(len(now.users)), now.sends.user[now.sends.sent & (now.sends.message == 0)])
    assert never.any()
    plan = make_plan(Features(now), learnt.fitted, learnt.entry)
    assert plan.settled.count > 0
    assert plan.planned.settled.sum() == plan.settled.count
    tight = NotifyEntry.model_validate(learnt.entry.model_dump(mode="json") | {"budget": {"sends": 1}})
    with pytest.raises(Infeasible, match="'priority messages'") as refused:
        make_plan(Features(now), learnt.fitted, tight)
    assert "'budget'" in str(refused.value)
    assert "to" in str(refused.value.hint)


def test_the_curve_is_of_the_same_budget(learnt):
    entry = learnt.entered(budget={"sends": 100})
    plan = make_plan(learnt.features, learnt.fitted, entry)
    curve = with_care(plan, entry)
    assert all(point.spent <= 100 + 1e-9 for point in curve)
    assert all(a.gain > b.gain and a.lost > b.lost for a, b in itertools.pairwise(curve))


@pytest.fixture(scope="module")
def policy(learnt) -> NotifyPolicy:
    """A policy that has learnt from the world's history."""
    return NotifyPolicy(fitted=learnt.fitted, budget={"sends": 150}, holdout=0.0)


def test_a_policy_gives_what_a_world_takes(learnt, policy):
    sends = policy(learnt.world)
    assert sends.equals(policy(learnt.world))
    responses = learnt.world.step(sends, days=7).responses
    assert 0 < sends.num_rows <= 150
    blocked = responses.filter(pc.equal(responses.column("outcome"), "blocked")).column("user_id").to_pylist()
    left = responses.filter(responses.column("left")).column("user_id").to_pylist()
    assert set(blocked) <= set(left), "nobody is blocked but those who left at an earlier send of the week"


def test_what_is_expected_is_near_the_truth(learnt, policy):
    sends = policy(learnt.world)
    columns = [sends.column(name).to_pylist() for name in ("user_id", "message_id", "channel")]
    at = sends.column("send_at").cast(pa.int64()).to_pylist()
    truth = learnt.world.truth.chances(*columns, at)
    rng = np.random.default_rng(0)
    users = rng.choice(sends.column("user_id").to_numpy(), 400)
    hours = [learnt.world.now + int(h) * HOUR for h in rng.integers(0, 24, 400)]
    chance = learnt.world.truth.chances(users.tolist(), [1] * 400, ["email"] * 400, hours)
    assert truth.uplift.mean() > 2 * chance.uplift.mean()
    assert learnt.fitted.ece is not None
    assert learnt.fitted.ece <= 0.01
    assert (learnt.past.lost < NEVER).any()
