"""The course of events: what users do by themselves and what they do about messages, second by second.

Users do not influence one another, so each is followed alone from the first day to the last.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int8, Int16, Int32, Int64
from numba import njit

from edgewise.worlds.messaging import luck
from edgewise.worlds.messaging.chances import DAY_SECONDS, FORWARD, INSTEAD, Response, remember, respond
from edgewise.worlds.messaging.laws import ABOUT
from edgewise.worlds.messaging.parts import Messages, People, Planted, Products, State

__all__ = ["BLOCKED", "SENT", "WITHHELD", "Answers", "Candidates", "Tape", "run"]

SENT, WITHHELD, BLOCKED = 0, 1, 2
_OPEN_HOURS: Final = (3.0, 0.4, 0.5)  # mean time until a message is opened, by channel
_LONGEST: Final = 24.0
_WEEK: Final = (0.95, 0.9, 0.9, 0.95, 1.05, 1.2, 1.05)  # Monday first
_MOST_VISITS: Final = 30
NEVER_TODAY: Final = 1 << 60


class Candidates(NamedTuple):
    """Messages that may be sent, sorted by user and second."""

    first: Int64[np.ndarray, " users_plus_1"]  # where each user's candidates begin
    message: Int32[np.ndarray, " candidates"]
    channel: Int8[np.ndarray, " candidates"]
    at: Int64[np.ndarray, " candidates"]
    withheld: Bool[np.ndarray, " candidates"]
    send_id: Int64[np.ndarray, " candidates"]


class Answers(NamedTuple):
    """What became of each candidate; seconds are -1 where it did not happen."""

    outcome: Int8[
        np.ndarray, " candidates"
    ]  # SENT, WITHHELD or BLOCKED (no consent, the channel lost, or held out)
    opened: Int64[np.ndarray, " candidates"]
    clicked: Int64[np.ndarray, " candidates"]
    left: Int64[np.ndarray, " candidates"]
    bought: Int64[np.ndarray, " candidates"]
    gained: Float64[np.ndarray, " candidates"]  # amount of that purchase
    instead: Bool[np.ndarray, " candidates"]  # it was made in place of another


class Tape(NamedTuple):
    """Where visits and purchases are written; `n` counts them."""

    n: Int64[np.ndarray, " 2"]
    visitor: Int32[np.ndarray, " visits"]
    looked: Int32[np.ndarray, " visits"]  # product
    visited: Int64[np.ndarray, " visits"]
    visit_send: Int64[np.ndarray, " visits"]  # -1 where on their own
    buyer: Int32[np.ndarray, " purchases"]
    product: Int32[np.ndarray, " purchases"]
    paid: Float64[np.ndarray, " purchases"]
    purchased: Int64[np.ndarray, " purchases"]
    purchase_send: Int64[np.ndarray, " purchases"]


@njit(cache=True, error_model="numpy")
def _visit(tape: Tape, who: int, product: int, at: int, send: int) -> None:
    row = tape.n[0]
    tape.visitor[row], tape.looked[row], tape.visited[row], tape.visit_send[row] = who, product, at, send
    tape.n[0] = row + 1


@njit(cache=True, error_model="numpy")
def _purchase(tape: Tape, who: int, product: int, paid: float, at: int, send: int) -> None:
    row = tape.n[1]
    tape.buyer[row], tape.product[row], tape.paid[row] = who, product, paid
    tape.purchased[row], tape.purchase_send[row] = at, send
    tape.n[1] = row + 1


@njit(cache=True, error_model="numpy")
def _moment(seed: int, who: int, day: int, k: int, people: People, offset: Int16[np.ndarray, "zones days"]) -> int:
    """A second of the day at which the user is about: three in four near their favourite hour."""
    key, (near, spread, first, last) = day * 64 + k, ABOUT
    if luck.uniform(seed, luck.MOMENT, who, key, 0) < near:
        hour = people.peak[who] + spread * luck.normal(seed, luck.MOMENT, who, key)
    else:
        hour = first + (last - first) * luck.uniform(seed, luck.MOMENT, who, key, 1)
    minutes = (hour * 60.0 - offset[people.zone[who], day]) % 1440.0
    return min(day * DAY_SECONDS + int(minutes * 60.0), (day + 1) * DAY_SECONDS - 1)


@njit(cache=True, error_model="numpy")
def _product(seed: int, who: int, key: int, topic: int, people: People, products: Products) -> int:
    """A product of the topic, or of one by the user's taste where none (-1) is given."""
    if topic < 0:
        topic = luck.pick(np.cumsum(people.taste[who]), luck.uniform(seed, luck.WHICH, who, key, 0))
    size = products.first[topic + 1] - products.first[topic]
    return products.first[topic] + int(luck.uniform(seed, luck.WHICH, who, key, 1) * size)


@njit(cache=True, error_model="numpy")
def _own_purchase(
    seed: int, who: int, day: int, at: int, people: People, products: Products, state: State, tape: Tape
) -> None:
    """A purchase that no message brought; unless one that a message did stands in for it."""
    product = _product(seed, who, day * 64 + 63, -1, people, products)
    after_click = 0 <= at - state.clicked_at[who] <= DAY_SECONDS
    send = state.clicked[who] if after_click else -1
    _visit(tape, who, product, max(at - 240, day * DAY_SECONDS), -1)
    if at <= state.forward_until[who] and state.brought_forward[who] > 0:
        state.brought_forward[who] -= 1
        return
    _purchase(tape, who, product, products.price[product], at, send)


@njit(cache=True, error_model="numpy")
def _send(
    seed: int,
    who: int,
    row: int,
    nth: int,
    candidates: Candidates,
    answers: Answers,
    people: People,
    products: Products,
    messages: Messages,
    offset: Int16[np.ndarray, "zones days"],
    state: State,
    tape: Tape,
) -> None:
    """Send one candidate and write down its answer."""
    message, channel, at = candidates.message[row], candidates.channel[row], candidates.at[row]
    chance = respond(who, message, channel, at, people, products, messages, offset, state)
    remember(who, message, channel, at, state)
    key = (at // DAY_SECONDS) * 8 + min(nth, 7)
    opened = luck.uniform(seed, luck.OPEN, who, key, channel) < chance.opened
    open_at = at
    if opened:
        wait = -np.log1p(-luck.uniform(seed, luck.OPEN_DELAY, who, key, channel)) * _OPEN_HOURS[channel]
        open_at = at + 20 + int(min(wait, _LONGEST) * 3600.0)
        answers.opened[row] = open_at
        if luck.uniform(seed, luck.CLICK, who, key, channel) < chance.clicked:
            _click(
                seed, who, row, key, open_at, chance, candidates, answers, people, products, messages, state, tape
            )  # fmt: skip
    hazard = chance.hazard_opened if opened else chance.hazard_closed
    if luck.uniform(seed, luck.LEAVE, who, key, channel) < hazard:
        answers.left[row] = open_at + 60
        state.lost[who, channel] = open_at + 60


@njit(cache=True, error_model="numpy")
def _click(
    seed: int,
    who: int,
    row: int,
    key: int,
    open_at: int,
    chance: Response,
    candidates: Candidates,
    answers: Answers,
    people: People,
    products: Products,
    messages: Messages,
    state: State,
    tape: Tape,
) -> None:
    """A click, a look at a product of the message's topic, and perhaps a purchase."""
    message, channel = candidates.message[row], candidates.channel[row]
    wait = 10 + int(110 * luck.uniform(seed, luck.CLICK_DELAY, who, key, channel))
    at = open_at + wait
    answers.clicked[row] = at
    if messages.topic[message] < 0:
        return
    product = _product(seed, who, key * 64 + 32 + channel, messages.topic[message], people, products)
    state.clicked_at[who], state.clicked[who] = at, candidates.send_id[row]
    _visit(tape, who, product, at + 5, candidates.send_id[row])
    if luck.uniform(seed, luck.BUY, who, key, channel) < chance.bought:
        paid = np.round(products.price[product] * (1.0 - messages.offer[message]), 2)
        answers.bought[row], answers.gained[row] = at + 300, paid
        state.gained[who] += paid - (1.0 - chance.kept) * people.spends[who]
        _purchase(tape, who, product, paid, at + 300, candidates.send_id[row])
        if luck.uniform(seed, luck.INSTEAD, who, key, channel) < INSTEAD:
            answers.instead[row] = True
            waiting = state.brought_forward[who] if at <= state.forward_until[who] else 0
            state.brought_forward[who] = waiting + 1
            state.forward_until[who] = at + 300 + int(FORWARD * DAY_SECONDS)


@njit(cache=True, error_model="numpy")
def _live(
    seed: int,
    start: int,
    first_day: int,
    days: int,
    candidates: Candidates,
    answers: Answers,
    people: People,
    products: Products,
    messages: Messages,
    offset: Int16[np.ndarray, "zones days"],
    state: State,
    tape: Tape,
) -> int:
    """Follow users from `start` on, as long as there is room on the tape; returns the first who is left over."""
    for who in range(start, len(people.rate)):
        row, stop = candidates.first[who], candidates.first[who + 1]
        room = days * (_MOST_VISITS + 1) + 2 * (stop - row)
        if tape.n[0] + room > len(tape.visitor):
            return who
        for day in range(first_day, first_day + days):
            end = (day + 1) * DAY_SECONDS
            own = NEVER_TODAY
            if people.joined[who] < day * DAY_SECONDS:
                own = _day_alone(seed, who, day, people, products, offset, tape)
            nth = 0
            while row < stop and candidates.at[row] < end:
                at, channel = candidates.at[row], candidates.channel[row]
                if own < at:
                    _own_purchase(seed, who, day, own, people, products, state, tape)
                    own = NEVER_TODAY
                agreed = max(people.consented[who, channel], people.joined[who])
                may = agreed <= at < state.lost[who, channel] and not people.held_out[who]
                answers.outcome[row] = BLOCKED if not may else WITHHELD if candidates.withheld[row] else SENT
                if answers.outcome[row] == SENT:
                    _send(
                        seed, who, row, nth, candidates, answers, people, products, messages, offset, state, tape
                    )
                    nth += 1
                row += 1
            if own < NEVER_TODAY:
                _own_purchase(seed, who, day, own, people, products, state, tape)
    return len(people.rate)


@njit(cache=True, error_model="numpy")
def _day_alone(
    seed: int,
    who: int,
    day: int,
    people: People,
    products: Products,
    offset: Int16[np.ndarray, "zones days"],
    tape: Tape,
) -> int:
    """A user's visits of a day without any message; returns the second of a purchase, or NEVER_TODAY."""
    busy = _WEEK[day % 7]
    n = luck.poisson(people.visits[who] * busy, luck.uniform(seed, luck.VISITS, who, day, 0))
    for k in range(min(n, _MOST_VISITS)):
        product = _product(seed, who, day * 64 + k, -1, people, products)
        _visit(tape, who, product, _moment(seed, who, day, k, people, offset), -1)
    if luck.uniform(seed, luck.PURCHASE, who, day, 0) < 1.0 - np.exp(-people.rate[who] * busy):
        return _moment(seed, who, day, 63, people, offset)
    return NEVER_TODAY


def _new_tape(room: int) -> Tape:
    i32, i64 = np.int32, np.int64
    return Tape(
        np.zeros(2, i64),
        *(np.zeros(room, i32), np.zeros(room, i32), np.zeros(room, i64), np.zeros(room, i64)),
        *(np.zeros(room, i32), np.zeros(room, i32), np.zeros(room), np.zeros(room, i64), np.zeros(room, i64)),
    )


VISIT_COLUMNS: Final = ("visitor", "looked", "visited", "visit_send")
PURCHASE_COLUMNS: Final = ("buyer", "product", "paid", "purchased", "purchase_send")
_ROOM: Final = 400_000


def run(
    planted: Planted, state: State, candidates: Candidates, first_day: int, days: int, luck_seed: int
) -> tuple[Answers, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What becomes of the candidates, and all visits and purchases of the days; `state` moves on."""
    n = len(candidates.at)
    answers = Answers(
        outcome=np.full(n, BLOCKED, np.int8),
        **{name: np.full(n, -1) for name in ("opened", "clicked", "left", "bought")},
        gained=np.zeros(n),
        instead=np.zeros(n, bool),
    )
    most = int(np.diff(candidates.first).max(initial=0))
    tape = _new_tape(max(_ROOM, days * (_MOST_VISITS + 1) + 2 * most))
    visits: list[dict[str, np.ndarray]] = []
    purchases: list[dict[str, np.ndarray]] = []
    who = 0
    while who < len(planted.people.rate):
        who = _live(
            luck_seed, who, first_day, days, candidates, answers,
            planted.people, planted.products, planted.messages, planted.offset, state, tape,
        )  # fmt: skip
        seen, bought = (int(k) for k in tape.n)
        visits.append({name: getattr(tape, name)[:seen].copy() for name in VISIT_COLUMNS})
        purchases.append({name: getattr(tape, name)[:bought].copy() for name in PURCHASE_COLUMNS})
        tape.n[:] = 0
    return answers, _joined(visits, VISIT_COLUMNS), _joined(purchases, PURCHASE_COLUMNS)


def _joined(parts: list[dict[str, np.ndarray]], names: tuple[str, ...]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in names}
