"""The planted shop that writes to its users: deterministic, sound as a database, like real ones in its margins."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import edgewise
from edgewise.clock import DAY
from edgewise.errors import SourceError
from edgewise.stypes import SType
from edgewise.worlds.messaging import SIZES, Messaging, MessagingOptions, messaging
from edgewise.worlds.messaging.options import read_options
from edgewise.worlds.messaging.tables import TIMES
from edgewise.worlds.messaging.words import ZONES

TINY = MessagingOptions(users=60, weeks=5, messages=16, products=24)
LINKS = {"user_id": "users", "message_id": "messages", "product_id": "products", "send_id": "sends"}


@pytest.fixture(scope="module")
def world() -> Messaging:
    return messaging(MessagingOptions(users=2500, weeks=20))


def column(world: Messaging, table: str, name: str) -> np.ndarray:
    values = world.tables[table].column(name)
    return values.cast("int64").to_numpy() if pa.types.is_timestamp(values.type) else values.to_numpy()


def test_the_same_options_give_the_same_world() -> None:
    first, again = messaging(TINY), messaging(TINY)
    other = messaging(replace(TINY, random_seed=1))
    assert first.tables == again.tables
    assert all(first.tables[name] != other.tables[name] for name in ("users", "messages", "sends", "visits"))


def test_every_table_says_that_it_is_simulated(world: Messaging) -> None:
    assert len(world.tables) == 12
    for table in world.tables.values():
        assert table.schema.metadata[b"simulated"] == b"true"
        assert table.num_rows > 0


def test_keys_and_links_hold(world: Messaging) -> None:
    for key, owner in LINKS.items():
        owned = column(world, owner, key)
        assert len(np.unique(owned)) == len(owned)
        for name, table in world.tables.items():
            if key in table.column_names:
                assert np.isin(pc.drop_null(table.column(key)).to_numpy(), owned).all(), (name, key)
    for name, table in world.tables.items():
        assert {c for c in table.column_names if table.column(c).null_count} <= {"send_id"}, name


def test_links_times_and_keys_are_inferred() -> None:
    schema = edgewise.open("messaging:small").schema
    assert {(link.table, link.column): link.to for link in schema.links} == {
        (table.name, key): owner
        for table in schema
        for key, owner in LINKS.items()
        if table.name != owner and key in table
    }
    assert {table.name: table.key for table in schema if table.key} == {to: key for key, to in LINKS.items()}
    for table, time in (
        TIMES | {"users": "joined_at", "consents": "consented_at", "messages": "created_at"}
    ).items():
        assert schema.table(table).time == time
    assert schema.table("products").time is None
    assert schema.table("sends").column("channel").stype is SType.CATEGORICAL


def test_nothing_happens_before_it_can(world: Messaging) -> None:
    for name, time in TIMES.items():
        at = column(world, name, time)
        assert (at < world.now).all()
        assert (np.diff(at) >= 0).all()
        joined = column(world, "users", "joined_at")[column(world, name, "user_id") - 1]
        assert (at >= joined).all(), name
    sent_at = dict(zip(column(world, "sends", "send_id"), column(world, "sends", "sent_at"), strict=True))
    for name in ("opens", "clicks", "unsubscribes", "mutes"):
        of = np.array([sent_at[key] for key in column(world, name, "send_id")])
        assert (column(world, name, TIMES[name]) > of).all()
    created = column(world, "messages", "created_at")
    for name in ("sends", "withheld"):
        assert (column(world, name, TIMES[name]) >= created[column(world, name, "message_id") - 1]).all()


def keyed(world: Messaging, table: str) -> pa.Array:
    rows = world.tables[table]
    return pc.binary_join_element_wise(rows.column("user_id").cast("string"), rows.column("channel"), " ")


def test_sends_need_consent_and_end_with_it(world: Messaging) -> None:
    agreed = dict(
        zip(keyed(world, "consents").to_pylist(), column(world, "consents", "consented_at"), strict=True)
    )
    left: dict[str, int] = {}
    for name in ("unsubscribes", "mutes"):
        left |= dict(zip(keyed(world, name).to_pylist(), column(world, name, TIMES[name]), strict=True))
    held_out = world.tables["users"].filter(world.tables["users"].column("held_out")).column("user_id").to_numpy()
    for name in ("sends", "withheld"):
        at = column(world, name, TIMES[name])
        keys = keyed(world, name).to_pylist()
        assert all(agreed[key] <= moment < left.get(key, world.now) for key, moment in zip(keys, at, strict=True))
        assert not np.isin(column(world, name, "user_id"), held_out).any()
    assert 0.02 < len(held_out) / world.options.users < 0.08


def test_chance_alone_decided_who_was_sent_what(world: Messaging) -> None:
    """Those withheld are like those sent in everything that the tables know; the service messages apart."""
    service = pc.equal(world.tables["messages"].column("priority"), 1)
    service_keys = world.tables["messages"].filter(service).column("message_id").to_numpy()
    ordinary = ~np.isin(column(world, "sends", "message_id"), service_keys)
    assert (column(world, "sends", "propensity")[~ordinary] == 1).all()
    assert (column(world, "sends", "propensity")[ordinary] == 0.75).all()
    n_sent, n_withheld = ordinary.sum(), world.tables["withheld"].num_rows
    assert n_sent / (n_sent + n_withheld) == pytest.approx(0.75, abs=0.01)
    for table, value in (("users", "age"), ("users", "member"), ("messages", "offer")):
        key = "user_id" if table == "users" else "message_id"
        of = world.tables[table].column(value).to_numpy(zero_copy_only=False).astype(float)
        sent = of[column(world, "sends", key)[ordinary] - 1]
        withheld = of[column(world, "withheld", key) - 1]
        error = np.sqrt(sent.var() * (1 / n_sent + 1 / n_withheld))
        assert abs(sent.mean() - withheld.mean()) < 4 * error, value
    # inverse propensities count what was possible: channels, messages and hours, day by day
    weight = 1 / column(world, "sends", "choice_propensity")[ordinary]
    channels = pc.value_counts(world.tables["consents"].column("user_id")).to_pylist()
    most = max(row["counts"] for row in channels) * len(world.tables["messages"]) * 15
    assert weight.min() >= 8 * 15
    assert weight.max() <= most


def rate(world: Messaging, table: str, channel: str) -> float:
    sends = world.tables["sends"].filter(pc.equal(world.tables["sends"].column("channel"), channel))
    return float(np.isin(sends.column("send_id").to_numpy(), column(world, table, "send_id")).mean())


def test_margins_are_like_those_of_real_shops(world: Messaging) -> None:
    weeks, users = world.options.weeks, world.options.users
    assert 1.0 < world.tables["sends"].num_rows / users / weeks < 2.0
    assert 0.15 < world.tables["purchases"].num_rows / users / weeks < 0.4
    assert 0.15 < rate(world, "opens", "email") < 0.3
    assert 0.015 < rate(world, "clicks", "email") < 0.05
    assert 0.001 < rate(world, "unsubscribes", "email") < 0.004
    assert 0.3 < rate(world, "opens", "sms") < 0.6
    assert 0.008 < rate(world, "unsubscribes", "sms") < 0.025
    assert 0.05 < rate(world, "opens", "push") < 0.2
    assert 0.002 < rate(world, "mutes", "push") < 0.01
    # few buy much: the top tenth of users makes half of all purchases
    bought = np.sort(np.bincount(column(world, "purchases", "user_id") - 1, minlength=users))[::-1]
    assert 0.3 < bought[: users // 10].sum() / bought.sum() < 0.7


def test_local_clocks_are_those_of_the_zones(world: Messaging) -> None:
    """Sends were drawn from 7 to 22 o'clock on the user's own clock, summer time included."""
    sends = world.tables["sends"]
    zone = world.tables["users"].column("time_zone").take(pc.subtract(sends.column("user_id"), 1))
    for name, _, _ in ZONES:
        there = sends.column("sent_at").filter(pc.equal(zone, name))
        hour = pc.hour(pc.assume_timezone(there, "UTC").cast(pa.timestamp("us", tz=name)))
        assert pc.min(hour).as_py() == 7
        assert pc.max(hour).as_py() == 21


def test_sizes_and_options_are_said_in_the_name() -> None:
    assert read_options("") == SIZES["medium"] == MessagingOptions()
    assert read_options(":small?weeks=8") == replace(SIZES["small"], weeks=8)
    assert asdict(SIZES["large"])["users"] >= 100_000
    for text, message in (
        (":huge", "the world 'messaging' has no size 'huge'"),
        ("?people=3", "the world 'messaging' has no option 'people'"),
        ("?weeks=1", "the option weeks=1 of the world 'messaging' is no number from 4 to 104"),
    ):
        with pytest.raises(SourceError) as caught:
            read_options(text)
        assert caught.value.message == message


def test_the_history_is_as_long_as_asked(world: Messaging) -> None:
    at = column(world, "visits", "visited_at")
    assert (at.max() - at.min()) / DAY > 7 * world.options.weeks - 1
