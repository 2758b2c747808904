"""The tables of a messaging world: what a shop would know, and nothing of what was planted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float64, Int32, Int64

from edgewise.clock import DAY, SECOND
from edgewise.worlds.messaging.course import SENT, WITHHELD, Answers, Candidates
from edgewise.worlds.messaging.parts import NEVER, START, Planted
from edgewise.worlds.messaging.words import (
    CHANNELS,
    NAME_BACK,
    NAME_FRONT,
    SERVICE_TITLES,
    TITLE_FRONT,
    TOPICS,
    ZONES,
)

__all__ = ["SIMULATED", "TIMES", "event_tables", "message_table", "split", "still_tables"]

SIMULATED: Final = {"simulated": "true", "about": "planted by edgewise.worlds.messaging; not real data"}
#: The time column of each table of events.
TIMES: Final = {
    "sends": "sent_at",
    "withheld": "withheld_at",
    "opens": "opened_at",
    "clicks": "clicked_at",
    "visits": "visited_at",
    "purchases": "purchased_at",
    "unsubscribes": "unsubscribed_at",
    "mutes": "muted_at",
}
PUSH: Final = CHANNELS.index("push")


def _seconds(at: Int64[np.ndarray, " n"]) -> pa.Array:
    return pa.array(START + at * SECOND).cast(pa.timestamp("us"))


def _table(columns: dict[str, object]) -> pa.Table:
    return pa.table(columns).replace_schema_metadata(SIMULATED)


def named(names: tuple[str, ...], codes: np.ndarray) -> pa.Array:
    """The name of each code, as text."""
    return pa.array(names, pa.string()).take(pa.array(codes.astype(np.int64)))


def still_tables(planted: Planted) -> dict[str, pa.Table]:
    """Users, products and consents: all that is fixed before the history ends."""
    people, products = planted.people, planted.products
    zones, countries = tuple(z for z, _, _ in ZONES), tuple(c for _, c, _ in ZONES)
    who, channel = np.nonzero(people.consented < NEVER)
    at = people.consented[who, channel]
    order = np.lexsort((channel, who, at))
    within = np.arange(len(products.topic)) - products.first[products.topic]
    names = [
        f"{NAME_FRONT[k // 4 % len(NAME_FRONT)]} {NAME_BACK[TOPICS[topic]][k % 4]}"
        + (f" {k // 64 + 1}" if k >= 64 else "")
        for k, topic in zip(within.tolist(), products.topic.tolist(), strict=True)
    ]
    return {
        "users": _table(
            {
                "user_id": np.arange(1, len(people.rate) + 1),
                "joined_at": _seconds(people.joined),
                "age": people.age,
                "country": named(countries, people.zone),
                "time_zone": named(zones, people.zone),
                "member": people.member,
                "held_out": people.held_out,
            }
        ),
        "consents": _table(
            {
                "user_id": who[order] + 1,
                "channel": named(CHANNELS, channel[order]),
                "consented_at": _seconds(at[order]),
            }
        ),
        "products": _table(
            {
                "product_id": np.arange(1, len(products.topic) + 1),
                "name": pa.array(names),
                "topic": named(TOPICS, products.topic),
                "price": products.price,
            }
        ),
    }


def message_table(planted: Planted, since: float, until: float) -> pa.Table:
    """Messages created on days in [since, until)."""
    messages = planted.messages
    rows = np.flatnonzero((messages.created >= since) & (messages.created < until))
    service = np.cumsum(messages.topic < 0) - 1
    titles = [
        SERVICE_TITLES[service[row]]
        if messages.topic[row] < 0
        else f"{TITLE_FRONT[(row * 5) % len(TITLE_FRONT)]} {TOPICS[messages.topic[row]]}"
        for row in rows.tolist()
    ]
    return _table(
        {
            "message_id": rows + 1,
            "title": pa.array(titles, pa.string()),
            "topic": named((*TOPICS, "service"), np.where(messages.topic < 0, len(TOPICS), messages.topic)[rows]),
            "offer": messages.offer[rows],
            "priority": (messages.topic[rows] < 0).astype(np.int64),
            "created_at": _seconds((messages.created[rows] * (DAY // SECOND)).astype(np.int64)),
        }
    )


def event_tables(
    user: Int32[np.ndarray, " candidates"],
    candidates: Candidates,
    chances: tuple[Float64[np.ndarray, " candidates"], Float64[np.ndarray, " candidates"]],
    answers: Answers,
    visits: Mapping[str, np.ndarray],
    purchases: Mapping[str, np.ndarray],
) -> dict[str, pa.Table]:
    """What happened, each table in order of time."""
    send_id, channel = candidates.send_id, candidates.channel
    sent, withheld = np.flatnonzero(answers.outcome == SENT), np.flatnonzero(answers.outcome == WITHHELD)
    opened, clicked = np.flatnonzero(answers.opened >= 0), np.flatnonzero(answers.clicked >= 0)
    left = np.flatnonzero((answers.left >= 0) & (channel != PUSH))
    muted = np.flatnonzero((answers.left >= 0) & (channel == PUSH))

    def drawn(rows: np.ndarray) -> dict[str, object]:
        return {
            "user_id": user[rows].astype(np.int64) + 1,
            "message_id": candidates.message[rows].astype(np.int64) + 1,
            "channel": named(CHANNELS, channel[rows]),
        }

    def chance(rows: np.ndarray) -> dict[str, object]:
        return {"propensity": chances[0][rows], "choice_propensity": chances[1][rows]}

    def answered(rows: np.ndarray, at: np.ndarray, name: str) -> dict[str, object]:
        return {"send_id": send_id[rows], "user_id": user[rows].astype(np.int64) + 1, name: _seconds(at[rows])}

    def gone(rows: np.ndarray, name: str) -> dict[str, object]:
        columns = answered(rows, answers.left, name)
        return {"user_id": columns["user_id"], "channel": named(CHANNELS, channel[rows])} | columns

    tables = {
        "sends": {"send_id": send_id[sent]}
        | drawn(sent)
        | {"sent_at": _seconds(candidates.at[sent])}
        | chance(sent),
        "withheld": drawn(withheld) | {"withheld_at": _seconds(candidates.at[withheld])} | chance(withheld),
        "opens": answered(opened, answers.opened, "opened_at"),
        "clicks": answered(clicked, answers.clicked, "clicked_at"),
        "visits": {
            "user_id": visits["visitor"].astype(np.int64) + 1,
            "product_id": visits["looked"].astype(np.int64) + 1,
            "send_id": _or_null(visits["visit_send"]),
            "visited_at": _seconds(visits["visited"]),
        },
        "purchases": {
            "user_id": purchases["buyer"].astype(np.int64) + 1,
            "product_id": purchases["product"].astype(np.int64) + 1,
            "amount": purchases["paid"],
            "send_id": _or_null(purchases["purchase_send"]),
            "purchased_at": _seconds(purchases["purchased"]),
        },
        "unsubscribes": gone(left, "unsubscribed_at"),
        "mutes": gone(muted, "muted_at"),
    }
    return {name: in_order(_table(columns), TIMES[name]) for name, columns in tables.items()}


def _or_null(send: Int64[np.ndarray, " n"]) -> pa.Array:
    none: Bool[np.ndarray, " n"] = send < 0
    return pa.array(send, mask=none)


def in_order(table: pa.Table, time: str) -> pa.Table:
    """Rows by time, those of the same moment by user."""
    at = table.column(time).cast(pa.int64()).to_numpy()
    return table.take(pa.array(np.lexsort((table.column("user_id").to_numpy(), at))))


def split(
    tables: Mapping[str, pa.Table], late: Mapping[str, pa.Table], now: int
) -> tuple[dict[str, pa.Table], dict[str, pa.Table]]:
    """The rows before `now` and those that come later, with those left over from before."""
    before: dict[str, pa.Table] = {}
    after: dict[str, pa.Table] = {}
    edge = pa.scalar(now).cast(pa.timestamp("us"))
    for name, table in tables.items():
        if name in late and late[name].num_rows:
            table = in_order(pa.concat_tables([late[name], table]), TIMES[name])
        early = pc.less(table.column(TIMES[name]), edge)
        before[name], after[name] = table.filter(early), table.filter(pc.invert(early))
    return before, after
