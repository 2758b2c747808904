"""`edgewise evaluate RUN --from-log LOG`: what a run would have earned, and how an experiment stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from edgewise.errors import ArgumentError
from edgewise.serving.logged import Shown, experiment_of, off_policy_of, read_log
from edgewise.workflow.run import Run

__all__ = ["from_log"]


def from_log(run: Run, path: Path) -> dict[str, Any]:
    """Plain JSON values: `off_policy` for the run, and `experiment` where the log holds one.

    Raises:
        ArgumentError: there is no log, or it says too little about the run.
    """
    kind = run.spec.item
    if kind is None:
        raise ArgumentError("only rankings are estimated from a log", hint="name the run of a ranking")
    shown = read_log(path, run.graph.schema, kind)
    if "user" not in shown.table.column_names or "at" not in shown.table.column_names:
        raise ArgumentError(f"the log '{path}' has no columns user and at", hint="a run ranks for users at times")
    shown = Shown(shown.table.filter(pc.is_valid(shown.table.column("user"))))
    if len(shown) == 0:
        raise ArgumentError(
            f"the log '{path}' shows no {kind} to any user", hint="let the service run for a while"
        )
    ranked = run.predict(seeds=_seeds(shown), k=max(shown.column("position")))
    experiment = experiment_of(shown)
    return {
        "log": str(path),
        "off_policy": off_policy_of(shown, ranked).to_json(),
        "experiment": None if experiment is None else experiment.to_json(),
    }


def _seeds(shown: Shown) -> pa.Table:
    """Each user at each moment of the log, once."""
    at = shown.table.column("at").cast(pa.timestamp("us"))
    table = pa.table({"entity": shown.table.column("user"), "anchor_time": at})
    return table.group_by(["entity", "anchor_time"]).aggregate([])
