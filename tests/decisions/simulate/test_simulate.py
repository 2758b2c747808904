"""Policies in the same futures of a small streaming world."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from edgewise.cli.main import run
from edgewise.decisions.simulate.compare import compared, spread
from edgewise.decisions.simulate.nouns import Seen, Simulated
from edgewise.decisions.simulate.own import PolicyError
from edgewise.decisions.simulate.referees import referee_of, worlds
from edgewise.decisions.simulate.run import simulate
from edgewise.errors import ArgumentError, SourceError

WORLD = "streaming?listeners=60&weeks=4&artists=30&playlists=10&podcasts=13"


@pytest.fixture(scope="module")
def simulated() -> Simulated:
    """All that comes with the world, two weeks, three futures."""
    return simulate(WORLD, weeks=2, futures=3)


def test_the_oracle_gets_most_of_the_goal_and_no_page_none(simulated: Simulated) -> None:
    taken = {name: figures["taken"].mean() for name, figures in simulated.figures.items()}
    assert max(taken, key=lambda name: taken[name]) == "oracle"
    assert taken["nothing"] == 0
    assert simulated.goal == "taken"
    assert simulated.against in ("popular", "habits")
    assert simulated.kinds == {
        "nothing": "baseline",
        "popular": "baseline",
        "habits": "baseline",
        "oracle": "oracle",
    }


def test_who_does_the_same_gets_the_same(simulated: Simulated) -> None:
    popular = referee_of(WORLD).policies["popular"].act

    def mine(seen: Seen) -> pa.Table:
        return popular(seen)

    again = simulate(WORLD, [mine], weeks=2, futures=3)
    assert again.kinds == {"mine": "own"}
    assert {k: v.tolist() for k, v in again.figures["mine"].items()} == {
        k: v.tolist() for k, v in simulated.figures["popular"].items()
    }


def test_other_seeds_are_other_futures_and_the_first_ones_stay(simulated: Simulated) -> None:
    fewer = simulate(WORLD, ["nothing"], weeks=2, futures=2)
    assert fewer.figures["nothing"]["listens"].tolist() == simulated.figures["nothing"]["listens"][:2].tolist()
    other = simulate(WORLD, ["nothing"], weeks=2, futures=2, random_seed=1)
    assert other.figures["nothing"]["listens"].tolist() != fewer.figures["nothing"]["listens"].tolist()


def test_common_luck_makes_differences_narrower_than_figures(simulated: Simulated) -> None:
    oracle = next(c for c in compared(simulated) if (c.policy, c.figure) == ("oracle", "listens"))
    low, high = oracle.difference.low, oracle.difference.high
    alone = spread(simulated.figures["oracle"]["listens"])
    assert (high or 0) - (low or 0) < (alone.high or 0) - (alone.low or 0)


def test_intervals() -> None:
    a, b = np.array([11.0, 13.0, 12.0]), np.array([10.0, 12.0, 11.0])
    same = Simulated("w", "", 1, 0, "g", {"a": "own", "b": "own"}, {"a": {"g": a}, "b": {"g": b}}, "b")
    (found,) = compared(same)
    assert (found.difference.mean, found.difference.low, found.difference.high) == (1.0, 1.0, 1.0)
    assert found.share is not None
    assert found.share.mean == pytest.approx(1 / 11)
    wide = spread(np.array([1.0, 2.0, 3.0]))
    assert (wide.low, wide.high) == (pytest.approx(2 - 4.302653 / 3**0.5), pytest.approx(2 + 4.302653 / 3**0.5))
    assert spread(np.array([4.0])).low is None
    none = Simulated("w", "", 1, 0, "g", {"a": "own", "b": "own"}, {"a": {"g": a}, "b": {"g": 0 * b}}, "b")
    assert compared(none)[0].share is None


def test_a_share_s_interval_covers_the_ratio_of_means() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(300):
        luck = rng.normal(100, 10, 20)
        a, b = 1.1 * luck + rng.normal(0, 5, 20), luck + rng.normal(0, 5, 20)
        share = compared(Simulated("w", "", 1, 0, "g", {}, {"a": {"g": a}, "b": {"g": b}}, "b"))[0].share
        hits += share.low <= 0.1 <= share.high  # type: ignore[union-attr,operator]  # there are two futures and more
    assert 0.91 <= hits / 300 <= 0.985


OWN = '''
"""Policies of my own."""
from shelf import first
calls = []

def page(world):
    return first(world)

def learns(world):
    calls.append(world.now)
    def act(later):
        assert len(calls) == 1
        return first(later)
    return act

def peeks(world):
    return world.truth.best("track", world.now)

def wrong(world):
    return first(world).drop_columns(["position"])

def text(world):
    return "all"

def frame(world):
    import pandas
    return first(world).to_pandas()

NUMBER = 4
'''
SHELF = """
import pyarrow as pa

def first(world):
    track = world.tables["tracks"].column("track_id")[0].as_py()
    who = world.tables["listeners"].column("listener_id")
    n = len(who)
    return pa.table({"listener_id": who, "kind": ["track"] * n, "item": [track] * n, "position": [1] * n})
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    """A file with policies."""
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "shelf.py").write_text(SHELF)
    return str(tmp_path / "own.py")


def test_functions_of_a_file(own: str) -> None:
    names = [f"{own}:{name}" for name in ("page", "learns", "frame")]
    found = simulate(WORLD, [*names, "popular"], weeks=2, futures=2)
    taken = [found.figures[name]["taken"].tolist() for name in names]
    assert taken[0] == taken[1] == taken[2]
    assert found.against == "popular"


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (
            "peeks",
            "before the first week, failed in own.py, line 17: AttributeError: 'Seen' object has no attribute",
        ),
        ("wrong", "week 1: the shown table has no column 'position'\nhint: columns: listener_id, kind"),
        ("text", "week 1, gave a str\nhint: give an Arrow table or a data frame"),
        ("pgae", "has no function 'pgae'\nhint: did you mean page?"),
        ("NUMBER", "has no function 'NUMBER'"),
    ],
)
def test_functions_that_fail_say_where(function: str, says: str, own: str) -> None:
    with pytest.raises(PolicyError) as caught:
        simulate(WORLD, [f"{own}:{function}"], weeks=1, futures=1)
    assert says in str(caught.value)


def test_files_that_fail_say_where(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"there is no file 'nowhere.py'"):
        simulate(WORLD, ["nowhere.py:f"])
    (tmp_path / "bad.py").write_text("x = 1\ny = x / 0\n")
    with pytest.raises(PolicyError, match=r"bad.py', line 2 fails: ZeroDivisionError: division by zero"):
        simulate(WORLD, [f"{tmp_path}/bad.py:f"])


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        ({"world": "streeming"}, ArgumentError, "there is no world 'streeming'\nhint: did you mean streaming?"),
        (
            {"world": "completejourney"},
            ArgumentError,
            "'completejourney' cannot be simulated\nhint: worlds that can",
        ),
        ({"world": "streaming:tiny"}, SourceError, "has no size 'tiny'"),
        ({"policies": ["poplar"]}, ArgumentError, "there is no policy 'poplar'\nhint: did you mean popular?"),
        ({"policies": ["habits", "habits"]}, ArgumentError, "the policy 'habits' is named twice"),
        ({"policies": ["habits"], "against": "popular"}, ArgumentError, "'popular' is not among the policies"),
        ({"weeks": 0}, ArgumentError, "weeks and futures count from 1"),
        ({"weeks": 99, "futures": 1}, ArgumentError, "the world cannot go on for 7 days"),
    ],
)
def test_what_cannot_be_simulated(asked: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error) as caught:
        simulate(**{"world": WORLD, **asked})
    assert says in str(caught.value)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert "streaming" in worlds()
    policies = ["--policy", "nothing", "--policy", "popular"]
    command = ["simulate", WORLD, *policies, "--weeks", "1", "--futures", "2", "-q"]
    assert run([*command, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["simulated"] is True
    assert len(said["policies"]["popular"]["figures"]["taken"]["by_future"]) == 2
    assert {d["policy"] for d in said["differences"]} == {"nothing"} ^ {"popular"} ^ {said["against"]}
    assert run(command) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Simulated, not real: streaming?")
    assert "knows the truth" not in shown
    assert "±" in shown
