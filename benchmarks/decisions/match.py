"""Matching in the planted lodging world: bookings, and how long new hosts wait for a first one.

    python -m benchmarks.decisions.match simulated [--world lodging:small --weeks 6 --futures 8]
    python -m benchmarks.decisions.match foreseen [--futures 20]      what a decision expects, and what comes

`simulated`: policies go through the same futures (common random numbers). `one-sided` ranks by the fitted chance
of a request, the model that `match` uses for it; `requests` ranks by the true chance; `match, no quota` is `match`
without places for newcomers; the oracle knows both sides. Differences are to `one-sided` and to `popularity`,
future by future, with 95% intervals. Settings were chosen in `lodging:small?random_seed=5`, in other futures.
`foreseen`: lists of one morning, shown in many futures; the interval of the expectation is of 90%.
Both print, and write benchmarks/results/match.json.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import edgewise
from edgewise.decisions.match.decide import decide
from edgewise.decisions.match.lists import match
from edgewise.decisions.match.policy import policy
from edgewise.decisions.match.propose import propose
from edgewise.decisions.simulate.compare import compared, spread
from edgewise.decisions.simulate.run import simulate
from edgewise.worlds.lodging import lodging, referee
from edgewise.worlds.lodging.options import read_options

RESULTS = Path("benchmarks/results/match.json")
FIGURES = ("stays", "bookings", "accepted", "first_booking", "gini")
AGAINST = ("one-sided", "popularity")
CHOSEN = ["popularity", "one-sided", "match", "requests", "oracle"]


def no_quota(seen: Any) -> Any:
    """`match` without places for newcomers."""
    return policy(match, {"newcomers": {"regret": 0.0}})(seen)


no_quota.__name__ = "match, no quota"


def simulated(world: str, weeks: int, futures: int, quota: bool) -> dict[str, Any]:
    """Figures of each policy, a week, and differences to the one-sided ranking and to popularity."""
    found = simulate(
        world,
        [*CHOSEN, no_quota] if quota else CHOSEN,
        weeks=weeks,
        futures=futures,
        random_seed=1,
        against="one-sided",
        say=print,
    )
    told: dict[str, Any] = {"world": world, "weeks": weeks, "futures": futures, "figures": {}, "differences": []}
    for name, figures in found.figures.items():
        told["figures"][name] = {figure: asdict(spread(figures[figure])) for figure in FIGURES}
    for other in AGAINST:
        for one in compared(type(found)(**{**fields(found), "against": other})):
            if one.policy.startswith("match") and one.figure in FIGURES:
                told["differences"].append(asdict(one))
    return told


def fields(found: Any) -> dict[str, Any]:
    """The fields of a simulation."""
    return {name: getattr(found, name) for name in found.__dataclass_fields__}


def foreseen(world: str, futures: int) -> dict[str, Any]:
    """What the lists of one morning promise, and what came of them."""
    start = lodging(read_options(world.removeprefix("lodging")))
    rows = []
    for days in (0, 7, 14, 21):
        now = start.step(days=days).world if days else start
        with edgewise.open(now.tables) as database:
            decided = decide(database, propose(database.schema), now.now)
        shown = decided.tables["lists"].select(["search_id", "listing_id", "position"])
        came = [bookings(now, shown, 500 + future) for future in range(futures)]
        said = decided.expects[0]
        inside = np.mean([said.low <= one <= said.high for one in came])
        rows.append({"days": days, "expected": said.value, "low": said.low, "high": said.high,
                     "came": float(np.mean(came)), "inside": float(inside)})  # fmt: skip
    return {"world": world, "futures": futures, "mornings": rows}


def bookings(now: Any, shown: pa.Table, luck_seed: int) -> float:
    """Bookings of one day that are not called off."""
    return referee.figures(now, now.step(shown, luck_seed=luck_seed))["stays"]


def show(part: str, told: dict[str, Any]) -> None:
    """Print what was found."""
    if part == "foreseen":
        for row in told["mornings"]:
            print({key: round(value, 2) for key, value in row.items()})
        return
    for name, figures in told["figures"].items():
        print(f"{name:18s}", {figure: round(one["mean"], 3) for figure, one in figures.items()})
    for one in told["differences"]:
        share = one["share"]
        print(
            f"{one['policy']:16s} to {one['against']:11s} {one['figure']:14s} {share['mean']:+.1%}"
            + ("" if share["low"] is None else f" ({share['low']:+.1%} to {share['high']:+.1%})")
        )


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("simulated", "foreseen"))
    parser.add_argument("--world", default="lodging:small")
    parser.add_argument("--weeks", type=int, default=6)
    parser.add_argument("--futures", type=int, default=8)
    parser.add_argument("--quota", action="store_true", help="also match without places for newcomers")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    if given.part == "simulated":
        told = simulated(given.world, given.weeks, given.futures, given.quota)
    else:
        told = foreseen(given.world, given.futures)
    show(given.part, told)
    kept = json.loads(given.out.read_text(encoding="utf-8")) if given.out.exists() else {}
    kept[f"{given.part} {given.world}"] = told
    given.out.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
