"""Trends: how much of what is listed is false, and how much of what was planted is found within two weeks.

    python -m benchmarks.decisions.trends [--seeds 20] [--first-seed 0] [--only planted|null|years|journey|ways]

`planted`: the trending world of 40 weeks with bursts and one-day peaks, twelve trends each, by the size of trends.
`null`: the same without trends. `years`: 110 weeks with seasons that swing by up to 30%, judged from week 66 on,
when each look knows the year before. `journey`: The Complete Journey, the weeks before its holidays.
`ways`: ways of looking that were chosen among, on seeds that nothing else is reported on.

Seeds from 0 were looked at while this was made; what is measured on others (`--first-seed 5000`) is written apart.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.decisions.trends_score import Scored, moment, score

from edgewise.clock import DAY, from_micros, to_micros
from edgewise.decisions.trends.decide import decide, look_back
from edgewise.decisions.trends.propose import propose
from edgewise.decisions.trends.watched import read
from edgewise.sources.database import open_database
from edgewise.worlds.trending import SIZES, TrendingOptions, trending

OUT = Path("benchmarks/results/trends.json")
FACTORS = (1.5, 2.5, 4.0)
KNOWN = 66  # from this week on a look knows a year and a baseline before it
CHOSEN_ON = 1000  # the first random seed of those that settings were chosen on
WAYS: dict[str, dict[str, Any]] = {
    "last week": {"windows": [1]},
    "last two weeks": {"windows": [2]},
    "scan of 1 and 2 weeks": {"windows": [1, 2]},
    "scan of 1, 2 and 4 weeks": {"windows": [1, 2, 4]},
    "the same, 8 weeks of baseline": {"windows": [1, 2, 4], "baseline_weeks": 8},
    "the same, peaks not cut": {"windows": [1, 2, 4], "peaks": "count"},
    "the same, any dependence": {"windows": [1, 2, 4], "dependence": "any"},
}
#: Holidays of 2017, and what is bought for them.
HOLIDAYS = {
    "2017-04-16": ("Easter", ("EASTER", "EGG", "HAM", "CANDY", "SPRING")),
    "2017-11-23": (
        "Thanksgiving",
        ("TURKEY", "STUFFING", "CRANBERR", "PIE", "BAKING", "GRAVY", "YAM", "CANNED MILK", "BUTTER"),
    ),
    "2017-12-25": (
        "Christmas",
        ("CHRISTMAS", "XMAS", "CANDY", "GIFT", "HAM", "EGG NOG", "EGGNOG", "COOKIE", "BAKING", "NUTS"),
    ),
}
AHEAD = (7, 3, 0)  # days from a look to a holiday
BEFORE = 4  # weeks before a look in which what was found is new


def judged(options: TrendingOptions, changes: Iterable[dict[str, Any]], since: int = 0) -> list[Scored]:
    """One world under several settings."""
    world = trending(options)
    with open_database(world.tables) as db:
        entry = propose(db.schema)
        watched = read(db, entry, moment(world))
        looks = [look_back(watched, entry.model_copy(update=change), moment(world))[0] for change in changes]
    return [score(world, list(one.found), watched.families, watched.weeks, since) for one in looks]


def figures(scored: Sequence[Scored]) -> dict[str, Any]:
    """Means over worlds: the false share of what is listed with its standard error, and what was found."""
    share = np.array([s.false / max(s.listed, 1) for s in scored])
    planted = [trend for s in scored for trend in s.planted]
    busy = [trend for trend in planted if trend["weekly"] >= 50]
    return {
        "worlds": len(scored),
        "listed": float(np.mean([s.listed for s in scored])),
        "false_discovery_rate": float(share.mean()),
        "standard_error": float(share.std(ddof=1) / np.sqrt(len(share))) if len(share) > 1 else None,
        "pooled_false": sum(s.false for s in scored) / max(sum(s.listed for s in scored), 1),
        "pooled_false_strictly": sum(s.false_strictly for s in scored) / max(sum(s.listed for s in scored), 1),
        "worlds_with_a_false_one": float(np.mean([s.false > 0 for s in scored])),
        "found": mean(t["found"] for t in planted),
        "found_of_50_a_week": mean(t["found"] for t in busy),
        "at_its_level": mean(t["at_its_level"] for t in planted if t["found"]),
        "by_level": {
            level: mean(t["found"] for t in planted if t["level"] == level)
            for level in sorted({t["level"] for t in planted})
        },
        "by_volume": {
            f"{low}-{high} a week": mean(t["found"] for t in planted if low <= t["weekly"] < high)
            for low, high in ((0, 20), (20, 50), (50, 100), (100, 200), (200, 10_000))
        },
    }


def mean(values: Iterable[bool]) -> float | None:
    """The share of true ones; None of none."""
    found = list(values)
    return float(np.mean(found)) if found else None


def told(name: str, found: dict[str, Any]) -> None:
    """Two lines of figures."""
    percent = {k: "–" if v is None else f"{v:.0%}" for k, v in found.items() if isinstance(v, float) or v is None}
    print(
        f"{name:34} listed {found['listed']:5.1f}  false {found['false_discovery_rate']:6.1%} "
        f"(pooled {found['pooled_false']:.1%}, "
        f"by 5% {found['pooled_false_strictly']:.1%}; in {percent['worlds_with_a_false_one']} of worlds)  "
        f"found {percent['found']} (from 50 a week {percent['found_of_50_a_week']}), "
        f"at its level {percent['at_its_level']}"
    )
    parts = {**found["by_volume"], **found["by_level"]}
    print(" " * 35 + ", ".join(f"{k} {v:.0%}" for k, v in parts.items() if v is not None), flush=True)


def worlds(name: str, options: TrendingOptions, seeds: range, since: int = 0) -> dict[str, Any]:
    """The default settings on worlds of several seeds; `random_seed` of the options is the first of them."""
    found = figures([judged(replace(options, random_seed=seed), [{}], since)[0] for seed in seeds])
    told(name, found)
    return {"options": asdict(replace(options, random_seed=seeds.start)), **found}


def ways(seeds: int) -> dict[str, Any]:
    """Ways of looking, side by side on the seeds that are for choosing."""
    options = SIZES["medium"]
    each = [judged(replace(options, random_seed=CHOSEN_ON + i), WAYS.values()) for i in range(seeds)]
    out = {}
    for name, scored in zip(WAYS, zip(*each, strict=True), strict=True):
        out[name] = figures(scored)
        told(name, out[name])
    return out


def journey() -> dict[str, Any]:
    """What looks before holidays newly listed as rising, and which of it is what people buy for them.

    A look is taken as somebody would who asks a week before a holiday, three days before, and at the midnight in
    which it begins: with all weekly looks before it, which saw nothing later than themselves.
    """
    out: dict[str, Any] = {}
    with open_database("completejourney") as db:
        entry = propose(db.schema)
        for day, (holiday, words) in HOLIDAYS.items():
            out[holiday] = {}
            for ahead in AHEAD:
                begun = time.process_time()
                look = to_micros(day) - ahead * DAY - 1
                found = decide(db, entry, look).tables["found"].to_pylist()
                rising = [_said(r, from_micros(to_micros(day))) for r in _lately(found, from_micros(look))]
                festive = [said for said in rising if any(word in said.upper() for word in words)]
                others = [said for said in rising if said not in festive]
                out[holiday][f"{ahead} days before"] = {
                    "festive": festive, "others": others, "cpu_seconds": time.process_time() - begun
                }  # fmt: skip
                print(f"{holiday}, {ahead} days before: {len(rising)} rises; of the holiday: {festive}")
                print(f"    others: {others}", flush=True)
    return out


def _lately(found: list[dict[str, Any]], look: dt.datetime) -> list[dict[str, Any]]:
    """What the look and those of the four weeks before it listed as rising, the clearest first."""
    new = [r for r in found if not r["shadow_of"] and r["direction"] == "rises"]
    return [r for r in new if look - r["found_at"] < dt.timedelta(weeks=BEFORE, days=1)]


def _said(row: dict[str, Any], holiday: dt.datetime) -> str:
    where = f" ({row['cell']} = {row['cell_value']})" if row["cell"] else ""
    days = round((holiday - row["found_at"]) / dt.timedelta(days=1))
    return f"{row['value'] or row['level']} x{row['ratio']:.1f}{where}, found {days} days before"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--only", choices=("planted", "null", "years", "journey", "ways"))
    asked = parser.parse_args()
    parts = [asked.only] if asked.only else ["ways", "planted", "null", "years", "journey"]
    out: dict[str, Any] = json.loads(OUT.read_text()) if OUT.exists() else {}
    medium, years = SIZES["medium"], SIZES["years"]
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    few = seeds[: max(asked.seeds // 2, 2)]
    apart = f", seeds from {seeds.start}" if seeds.start else ""
    for part in parts:
        if part == "ways":
            out["ways"] = ways(max(asked.seeds // 2, 2))
        if part == "planted":
            out["planted" + apart] = {
                f"factor {f}": worlds(f"planted, factor {f}", replace(medium, size=f), seeds) for f in FACTORS
            }
        if part == "null":
            out["null" + apart] = worlds("no trends", replace(medium, trends=0), seeds)
        if part == "years":
            out["years" + apart] = {
                "no trends": worlds("seasons, no trends", replace(years, trends=0), few, KNOWN),
                "planted": worlds("seasons, factor 2.5", replace(years, trends=16), few, KNOWN),
            }
        if part == "journey":
            out["journey"] = journey()
        OUT.parent.mkdir(parents=True, exist_ok=True)
        OUT.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
