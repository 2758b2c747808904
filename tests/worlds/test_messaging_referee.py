"""Policies of the messaging world under one budget: what they keep to, and what the oracle gains over them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from edgewise.clock import DAY, HOUR
from edgewise.worlds.messaging import SIZES, Messaging, messaging
from edgewise.worlds.messaging.referee import DAYS, GOAL, ORACLE, POLICIES, budget, figures

WEEKS = 3
ALL = POLICIES | {"oracle": ORACLE}


@pytest.fixture(scope="module")
def world() -> Messaging:
    return messaging(SIZES["small"])


@pytest.fixture(scope="module")
def came(world: Messaging) -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {}
    for name, policy in ALL.items():
        now, found[name] = world, []
        for _ in range(WEEKS):
            step = now.step(policy, days=DAYS, luck_seed=4)
            found[name].append(figures(now, step))
            now = step.world
    return found


def local_hour(world: Messaging, sends: pa.Table) -> np.ndarray:
    zone = world.tables["users"].column("time_zone").take(pc.subtract(sends.column("user_id"), 1))
    hours = [
        pc.hour(pc.assume_timezone(pa.array([at]), "UTC").cast(pa.timestamp("us", tz=name)))[0].as_py()
        for at, name in zip(sends.column("send_at").to_pylist(), zone.to_pylist(), strict=True)
    ]
    return np.array(hours)


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_policy_keeps_to_the_budget_the_week_and_the_day(world: Messaging, name: str) -> None:
    sends = ALL[name](world)
    assert sends.num_rows <= budget(world)
    if name == "nothing":
        assert sends.num_rows == 0
        return
    at = sends.column("send_at").cast("int64").to_numpy()
    assert world.now <= at.min()
    assert at.max() < world.now + DAYS * DAY
    hours = local_hour(world, sends)
    assert hours.min() >= 7
    assert hours.max() < 22
    assert pc.unique(world.step(sends, days=DAYS).responses.column("outcome")).to_pylist()[0] == "sent"
    key = sends.column("user_id").to_numpy() * 10_000 + at // DAY
    days_apart = len(np.unique(key)) / len(key)
    assert days_apart > (0.9 if name == "rotation" else 0.999)
    if name == "capped":
        assert np.bincount(sends.column("user_id").to_numpy()).max() <= 2
    again = ALL[name](world)
    assert again == sends


@pytest.mark.parametrize("name", ["rotation", "opens", "capped"])
def test_a_baseline_does_not_know_the_truth(world: Messaging, name: str) -> None:
    """What is planted can be anything: baselines look at the tables alone."""
    people = world.planted.people
    other = replace(
        world,
        planted=world.planted._replace(people=people._replace(opens=-people.opens, clicks=-people.clicks)),
        state=world.state._replace(lost=world.state.lost * 0),
    )
    assert POLICIES[name](other) == POLICIES[name](world)


def test_the_oracle_gains_most_and_loses_few(came: dict[str, list[dict[str, float]]]) -> None:
    total = {name: {key: sum(w[key] for w in weeks) for key in weeks[0]} for name, weeks in came.items()}
    baselines = [name for name in POLICIES if name != "nothing"]
    assert total["nothing"][GOAL] == total["nothing"]["left"] == total["nothing"]["sends"] == 0
    assert all(total["oracle"][GOAL] > 2 * total[name][GOAL] for name in baselines)
    assert total["oracle"]["value"] > max(total[name]["value"] for name in POLICIES)
    assert total["oracle"]["left"] < total["opens"]["left"]
    # what is most likely opened is not what is worth most
    assert total["opens"]["opens"] > total["rotation"]["opens"]
    assert total["opens"]["left"] > total["rotation"]["left"]
    assert total["opens"][GOAL] < total["oracle"][GOAL] / 2


def test_a_dearer_channel_is_kept(world: Messaging) -> None:
    """The longer a channel is of use, the less of its hazard is worth taking."""
    hazard = []
    for weeks in (0, 26, 200):
        sends = world.truth.best(budget(world), DAYS, weeks=weeks)
        at = sends.column("send_at").cast("int64").to_numpy()
        columns = [sends.column(name).to_pylist() for name in ("user_id", "message_id", "channel")]
        hazard.append(world.truth.chances(*columns, at).hazard.sum())
    assert hazard[0] > hazard[1] > hazard[2]


def test_gained_is_the_uplift_that_the_truth_expects(world: Messaging) -> None:
    sends = ORACLE(world).filter(
        pc.less(ORACLE(world).column("send_at"), pa.scalar(world.now + 36 * HOUR, pa.timestamp("us")))
    )
    _, first = np.unique(sends.column("user_id").to_numpy(), return_index=True)
    sends = sends.take(first)
    columns = [sends.column(name).to_pylist() for name in ("user_id", "message_id", "channel")]
    expected = world.truth.chances(*columns, sends.column("send_at").cast("int64").to_numpy()).uplift.sum()
    gained = [figures(world, world.step(sends, days=DAYS, luck_seed=k))[GOAL] for k in range(1, 81)]
    assert abs(np.mean(gained) - expected) < 4 * np.std(gained, ddof=1) / np.sqrt(len(gained))
