"""Live answers: what was decided, and what came since."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import DAY, HOUR
from edgewise.decisions.decided.folder import read_decided, write_decided
from edgewise.decisions.decided.nouns import Decided
from edgewise.decisions.notify.live import Desk
from edgewise.decisions.notify.plan import make_plan, with_care
from edgewise.decisions.notify.tables import tables_of


@pytest.fixture(scope="module")
def made(learnt, tmp_path_factory) -> Decided:
    """A decision, written and read."""
    entry = learnt.entered(budget={"sends": 150}, spacing_hours=20, per_week=2, quiet={"start": 0, "end": 0})
    plan = make_plan(learnt.features, learnt.fitted, entry)
    settings = entry.model_dump(mode="json") | {"multiplier": plan.allocation.price, "elsewhere": 0.4}
    tables = tables_of(learnt.past, entry, plan, with_care(plan, entry))
    folder = tmp_path_factory.mktemp("decided") / "notify"
    write_decided(Decided("notify", "messaging", learnt.world.now, settings, tables, ()), folder)
    return read_decided(folder)


def first_yes(desk: Desk, made: Decided) -> tuple[str, int]:
    """A user and a moment at which something may be sent."""
    for row in made.tables["sends"].to_pylist():
        at = int(row["send_at"].timestamp()) * 1_000_000 if row["send_at"].tzinfo else None
        moment = at or int(np.datetime64(row["send_at"]).astype("datetime64[us]").astype(np.int64))
        if desk.ask(str(row["user"]), moment).send:
            return str(row["user"]), moment
    raise AssertionError("nothing that was planned may be sent")


def test_what_was_planned_may_mostly_be_sent(made):
    desk, yes = Desk(made), 0
    sends = made.tables["sends"]
    at = sends["send_at"].cast(pa.int64()).to_pylist()
    for user, moment in zip(sends["user"].to_pylist(), at, strict=True):
        yes += desk.ask(str(user), moment).send
    assert yes >= 0.8 * len(at)


def test_who_left_or_was_just_written_to_is_let_be(made):
    desk = Desk(made)
    user, now = first_yes(desk, made)
    verdict = desk.ask(user, now, take=True)
    assert verdict.gain - verdict.risk > verdict.needed
    assert desk.ask(user, now + HOUR).reason == "too soon after the last one"
    # its row arrives: it is the same send
    desk.observe("sends", {"user_id": user, "channel": verdict.channel}, now + 60_000_000)
    assert len([one for one in desk._sent[user] if one.at > made.at]) == 1
    other = Desk(made)
    for table, channel in (("unsubscribes", "email"), ("unsubscribes", "sms"), ("mutes", "push")):
        other.observe(table, {"user_id": user, "channel": channel}, now)
    assert not other.ask(user, now).send
    other.observe("consents", {"user_id": user, "channel": verdict.channel}, now)
    assert other.ask(user, now).channel == verdict.channel


def test_nobody_unknown_and_nothing_in_quiet_hours(made):
    desk = Desk(made)
    assert "unknown" in desk.ask("nobody", made.at).reason
    user, now = first_yes(desk, made)
    quiet = replace(made, settings={**made.settings, "quiet": {"start": 0, "end": 23}})
    hours = {Desk(quiet).ask(user, now + h * HOUR).reason for h in range(24)}
    assert "quiet hours" in hours
    assert desk.ask(user, now, "no such channel").reason == "nothing on offer"


def test_the_price_follows_what_is_sent(made):
    desk = Desk(made)
    now = made.at + DAY
    before = desk.multiplier(now)
    for i in range(made.tables["sends"].num_rows):
        desk.observe("sends", {"user_id": f"u{i}", "channel": "email"}, now)
    assert before > 0
    assert desk.multiplier(now) > 1.5 * before
    assert desk.multiplier(made.at + 7 * DAY) < desk.multiplier(now)


def test_who_is_forgotten_is_unknown_and_nobody_else_is(made):
    desk, other = Desk(made), Desk(made)
    user, now = first_yes(desk, made)
    desk.ask(user, now, take=True)
    desk.observe("unsubscribes", {"user_id": user, "channel": "email"}, now)
    desk.forget(user)
    assert "unknown" in desk.ask(user, now).reason
    assert user not in desk._sent
    assert all(user != one for one, _ in (*desk._lost, *desk._first))
    rest = {str(one) for one in made.tables["sends"]["user"].to_pylist()} - {user}
    assert rest
    assert all(desk._offers[one] == other._offers[one] for one in rest)
