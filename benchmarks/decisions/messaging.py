"""Notifications in the planted messaging world: over 8 simulated weeks beside baselines and the oracle.

    python -m benchmarks.decisions.messaging [--world messaging] [--weeks 8] [--futures 20]
        [--ours notify notify-careful] [--out benchmarks/results/messaging.json]

Every policy has the same budget, as many sends a week as there are users, and meets the same futures (common
random numbers); `edgewise simulate` does the same. `gained` is the value that messages add, `left` the channels
lost; both are means a week. Intervals are at 95%, over futures; the world and the models, fitted once on its
history, are the same in all of them. Beside it: the calibration of the unsubscribe hazard, on users of the history
that its trees never saw (`history`) and on the sends planned for the first week against what comes of them in many
futures (`planned`); what that plan expected to gain beside what came of it; and what each policy's sends of the
first week come to in many futures of that week, with what can be known of users at all (`knowable`).
`--futures 0` measures the first week alone, and leaves what was measured over more as it is.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from benchmarks.decisions.messaging_knowable import plan_knowable

from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.features import Features
from edgewise.decisions.notify.fitted import Fitted, fit
from edgewise.decisions.notify.plan import Plan, make_plan
from edgewise.decisions.notify.policy import AS_FREE
from edgewise.decisions.notify.propose import propose
from edgewise.decisions.notify.reading import read_past
from edgewise.decisions.simulate.compare import compared, spread
from edgewise.decisions.simulate.nouns import Compared, Kind, Simulated, Spread
from edgewise.decisions.simulate.run import simulate
from edgewise.evaluation.reliability import calibration_error
from edgewise.sources.database import understand
from edgewise.sources.open import open_source
from edgewise.worlds.messaging import Messaging, messaging
from edgewise.worlds.messaging.options import read_options
from edgewise.worlds.messaging.referee import DAYS, ORACLE, POLICIES, budget, figures

BASELINES = ("rotation", "opens", "capped")
OURS = ("notify", "notify-careful")
BESIDE = (*OURS, "knowable")
FIGURES = ("gained", "value", "left", "sends", "opens")
FUTURES_OF_A_WEEK = 40


def compare(world: str, weeks: int, futures: int, ours: tuple[str, ...]) -> dict[str, Any]:
    """The policies' figures over all weeks, and ours beside the best baseline and the oracle."""
    return _told(
        simulate(
            world, ("nothing", *BASELINES, *ours, "oracle"), weeks=weeks, futures=futures,
            say=lambda text: print(text, file=sys.stderr, flush=True),
        )
    )  # fmt: skip


def _told(found: Simulated) -> dict[str, Any]:
    rows: dict[str, Any] = {
        policy: {name: _numbers(spread(figures[name])) for name in FIGURES}
        for policy, figures in found.figures.items()
    }
    others = (found.against, *(name for name, kind in found.kinds.items() if kind == "oracle"))
    beside = [_beside(one) for name in others for one in compared(_against(found, name)) if one.policy in BESIDE]
    beside = [row for row in beside if row["figure"] in ("gained", "value", "left")]
    return {"policies": rows, "best_baseline": found.against, "beside": beside}


def _against(found: Simulated, other: str) -> Simulated:
    return Simulated(**{name: getattr(found, name) for name in found.__slots__} | {"against": other})


def _numbers(said: Spread) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 4) for name, value in _parts(said).items()}


def _parts(said: Spread) -> dict[str, float | None]:
    return {"mean": said.mean, "low": said.low, "high": said.high}


def _beside(one: Compared) -> dict[str, Any]:
    share = None if one.share is None else _numbers(one.share)
    return {
        "policy": one.policy, "against": one.against, "figure": one.figure,
        "difference": _numbers(one.difference), "share": share,
    }  # fmt: skip


def planned(world: Messaging) -> tuple[Plan, Fitted, pa.Table]:
    """The first week's plan, what it rests on, and its sends as the world's `step` takes them, hazard beside."""
    with understand(open_source(dict(world.tables))) as db:
        settings = AS_FREE | {"budget": {"sends": budget(world)}}
        entry = NotifyEntry.model_validate(propose(db.schema).model_dump(mode="json") | settings)
        past = read_past(db, entry, world.now)
    features = Features(past)
    fitted = fit(past, entry, features)
    plan = make_plan(features, fitted, entry)
    rows = plan.planned
    sends = pa.table(
        {
            "user_id": past.users.keys.keys(rows.user),
            "message_id": past.messages.keys.keys(rows.message),
            "channel": pa.array([past.channels[c] for c in rows.channel.tolist()], pa.string()),
            "send_at": pa.array(rows.at).cast(pa.timestamp("us")),
            "hazard": rows.risk,
            "gain": rows.gain,
        }
    )
    return plan, fitted, sends


def first_week(world: Messaging, ours: pa.Table) -> dict[str, Any]:
    """What each policy's sends of the first week come to, in many futures of that week."""
    plans = {name: policy(world) for name, policy in POLICIES.items()}
    plans |= {"oracle": ORACLE(world), "knowable": plan_knowable(world), "notify": ours}
    came: dict[str, dict[str, np.ndarray]] = {}
    for name, sends in plans.items():
        rows = [
            figures(world, world.step(sends, days=DAYS, luck_seed=luck_seed))
            for luck_seed in range(1, FUTURES_OF_A_WEEK + 1)
        ]
        came[name] = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    kinds: dict[str, Kind] = {name: "baseline" for name in came}
    kinds |= {"oracle": "oracle", "knowable": "oracle", "notify": "edgewise"}
    best = max(BASELINES, key=lambda name: float(came[name]["gained"].mean()))
    found = Simulated("messaging", "", 1, 0, "gained", kinds, came, best)
    return _told(found)


def calibration(world: Messaging, fitted: Fitted, sends: pa.Table) -> dict[str, Any]:
    """How right the hazard and the expected gain are, as the plan of the first week tells them."""
    left, said, gained = [], [], []
    for luck_seed in range(1, FUTURES_OF_A_WEEK + 1):
        step = world.step(sends, days=DAYS, luck_seed=luck_seed)
        sent = np.array(step.responses.column("outcome").to_pylist()) == "sent"
        left.append(step.responses.column("left").to_numpy(zero_copy_only=False)[sent])
        said.append(step.responses.column("hazard").to_numpy()[sent])
        gained.append(float((step.world.state.gained - world.state.gained).sum()))
    probability, label = np.concatenate(said), np.concatenate(left).astype(np.float64)
    return {
        "history_ece": None if fitted.ece is None else round(fitted.ece, 5),
        "planned_ece": round(calibration_error(label, probability).value(), 5),
        "planned_hazard": round(float(probability.mean()), 5),
        "planned_left": round(float(label.mean()), 5),
        "planned_gain": round(float(sends.column("gain").to_numpy().sum()), 1),
        "came_of_it": _numbers(spread(np.array(gained))),
    }


def _shown(spoken: dict[str, float | None]) -> str:
    if spoken["low"] is None:
        return f"{spoken['mean']:,.2f}"
    return f"{spoken['mean']:,.2f} ({spoken['low']:,.2f} to {spoken['high']:,.2f})"


def _percent(share: dict[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else 100 * value for name, value in share.items()}


def show(report: dict[str, Any]) -> None:
    """A comparison as tables."""
    print(f"| policy | {' | '.join(FIGURES)} |\n|---|{'---|' * len(FIGURES)}")
    for policy, row in report["policies"].items():
        print(f"| {policy} | {' | '.join(_shown(row[name]) for name in FIGURES)} |")
    print("\n| policy | against | figure | difference a week | as a share |\n|---|---|---|---|---|")
    for row in report["beside"]:
        share = _shown(_percent(row["share"])) if row["share"] else ""
        print(
            f"| {row['policy']} | {row['against']} | {row['figure']} | {_shown(row['difference'])} | {share} % |"
        )


def main() -> None:
    """Measure, print, write."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--world", default="messaging")
    asked.add_argument("--weeks", type=int, default=8)
    asked.add_argument("--futures", type=int, default=20)
    asked.add_argument("--out", type=Path, default=Path("benchmarks/results/messaging.json"))
    asked.add_argument("--ours", nargs="+", choices=OURS, default=list(OURS))
    said = asked.parse_args()
    report: dict[str, Any] = json.loads(said.out.read_text()) if said.out.exists() and not said.futures else {}
    report |= {"world": said.world} | ({"weeks": said.weeks, "futures": said.futures} if said.futures else {})
    world = messaging(read_options(said.world.removeprefix("messaging")))
    _, fitted, sends = planned(world)
    report["calibration"] = calibration(world, fitted, sends)
    for name, value in report["calibration"].items():
        print(f"{name}: {_shown(value) if isinstance(value, dict) else value}", flush=True)
    report["first_week"] = first_week(world, sends)
    show(report["first_week"])
    if said.futures:
        report["all_weeks"] = compare(said.world, said.weeks, said.futures, tuple(said.ours))
        show(report["all_weeks"])
    said.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
