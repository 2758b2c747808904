"""What a ranking reads of people now, beside what it read when it was built."""

import numpy as np
import pytest

from edgewise.clock import DAY, HOUR
from edgewise.prediction.nouns import Event
from edgewise.prediction.online.answers import OnlineAnswers
from edgewise.prediction.online.drift import SCORE

KIND = "items"


@pytest.fixture
def answers(live_shop):
    return OnlineAnswers.from_run(live_shop.run)


def read(answers, at):
    return answers.read_of(KIND, answers.people(KIND, at), at)


def test_nothing_has_moved_at_the_start(answers, tmp_path):
    at = answers.latest
    index = answers.moved(KIND, read(answers, at))
    assert SCORE in index
    assert len(index) > 20
    assert max(index.values()) == pytest.approx(0.0, abs=1e-9)
    answers.save(tmp_path / "kept")
    again = OnlineAnswers.open(tmp_path / "kept")
    assert again.moved(KIND, read(again, at)) == index


def test_people_are_read_alike_in_parts_and_at_once(answers):
    at = answers.latest
    rows = answers.people(KIND, at)
    assert len(rows) > 10
    parts = [answers.read_of(KIND, rows[first : first + 3], at) for first in range(0, len(rows), 3)]
    np.testing.assert_array_equal(np.concatenate(parts), answers.read_of(KIND, rows, at))


def test_those_who_have_done_nothing_lately_are_not_about(answers):
    assert len(answers.people(KIND, answers.latest)) > 0
    assert len(answers.people(KIND, answers.latest + 60 * DAY)) == 0
    assert answers.moved(KIND, read(answers, answers.latest + 60 * DAY)) == {}


def test_what_people_have_begun_to_do_moves_what_is_read_of_them(answers, live_shop):
    before = answers.moved(KIND, read(answers, answers.latest))
    bought = next(event for event in live_shop.later if event.table == "buys" and event.values["quantity"] > 0)
    rows = answers.people(KIND, answers.latest)
    keys = answers.keys(answers.users, rows)
    at = answers.latest + DAY
    for n, key in enumerate([*keys] * 8):
        values = dict(bought.values) | {"user_id": key}
        answers.observe(Event(f"new{n}", bought.table, values, at + n * HOUR // 100))
    after = answers.moved(KIND, read(answers, at + DAY))
    assert after.keys() == before.keys()
    assert after["entity in 28d"] > 0.2
    assert sum(value > 0.2 for value in after.values()) > 5
