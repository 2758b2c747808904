"""Entries read off schemas, and what is said where something is missing."""

from __future__ import annotations

import pytest

from edgewise.decisions.notify.decide import decide
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.propose import propose
from edgewise.errors import ArgumentError, SchemaError
from edgewise.sources.database import open_database


def test_the_messaging_world_is_read_by_roles(learnt):
    entry = learnt.entry
    assert entry.history == "randomised"
    assert entry.withheld is not None
    assert entry.withheld.chance == "propensity"
    assert [r.table for r in entry.responses] == ["opens", "clicks"]
    assert {u.table for u in entry.unsubscribes} == {"unsubscribes", "mutes"}
    assert entry.consents is not None
    assert entry.users.zone == "time_zone"
    assert entry.users.held_out == "held_out"
    assert entry.messages is not None
    assert entry.messages.priority == "priority"
    assert entry.goal.table == "purchases"
    assert entry.goal.send == "send_id"
    assert entry.acts == ["visits"]


def test_without_sends_or_a_goal_it_is_said_what_is_missing(learnt):
    tables = dict(learnt.world.tables)
    rest = {n: t for n, t in tables.items() if n in ("users", "purchases", "products", "visits")}
    with pytest.raises(ArgumentError, match="no table says what was sent"):
        propose(open_database(rest).schema)
    rest = {n: t for n, t in tables.items() if n in ("users", "sends", "messages", "opens", "clicks")}
    with pytest.raises(ArgumentError, match="what messages are for"):
        propose(open_database(rest).schema)


def test_wrong_names_point_and_propose(learnt):
    wrong = learnt.entered(goal={"table": "purchases", "user": "user", "value": "amount"})
    with pytest.raises(SchemaError, match="no column 'user'") as refused:
        decide(learnt.db, wrong, learnt.world.now)
    assert "user_id" in str(refused.value.hint)
    unknown = learnt.entered(channels={"e-mail": {}})
    with pytest.raises(ArgumentError, match="channel 'e-mail'") as refused:
        decide(learnt.db, unknown, learnt.world.now)
    assert "email" in str(refused.value.hint)
    with pytest.raises(ArgumentError, match=r"no users|nothing was sent"):
        decide(learnt.db, learnt.entry, learnt.world.now - 400 * 86_400_000_000)


def test_a_past_that_chance_did_not_decide_is_association_only(learnt):
    sends = learnt.world.tables["sends"].drop_columns(["propensity", "choice_propensity"])
    kept = {n: t for n, t in learnt.world.tables.items() if n not in ("withheld", "opens", "clicks", "visits")}
    drop = [c for c in kept["purchases"].column_names if c == "send_id"]
    kept |= {"sends": sends, "purchases": kept["purchases"].drop_columns(drop)}
    db = open_database(kept)
    entry = propose(db.schema)
    assert entry.history == "association"
    found = decide(db, entry.model_copy(update={"per_week": 1}), learnt.world.now)
    assert found.expects[0].basis == "association"
    assert any("Association only" in note for note in found.notes)


def test_quiet_hours_may_go_over_midnight():
    entry = NotifyEntry.model_fields["quiet"].default
    assert entry.allowed() == list(range(8, 21))
    assert type(entry)(start=1, end=3).allowed() == [0, *range(3, 24)]
    assert type(entry)(start=5, end=5).allowed() == list(range(24))
