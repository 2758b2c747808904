"""One-line answers from an entity's own earlier labels.

    python naive.py JOB OUT last|seasonal|trailing

`last`: the label of the window that ended at the cut; `seasonal`: the one 28 days before the asked window, or the
nearest to it; `trailing`: the mean of the last four windows. Entities without a label get
the median of all.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from kit import DAY, main, versions


def run(folder: Path, out: Path, arguments: list[str]) -> dict[str, Any]:
    """Look the labels up."""
    said = json.loads((folder / "job.json").read_text())
    labels, seeds = (pq.read_table(folder / f"{name}.parquet") for name in ("labels", "seeds"))
    keys = pc.unique(labels.column("entity"))
    entity, asked = (
        pc.index_in(t.column("entity").combine_chunks().cast(keys.type), keys).fill_null(-1).to_numpy()
        for t in (labels, seeds)
    )
    at = labels.column("anchor_time").cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    target = labels.column("target").cast(pa.float64()).to_numpy()
    step = int(said["notes"]["lag_days"] * DAY)
    back = max(round(28 * DAY / step), 1)
    found = np.full(len(keys), np.median(target))
    order = np.lexsort((at, entity))
    start = np.searchsorted(entity[order], np.arange(len(keys)))
    stop = np.searchsorted(entity[order], np.arange(len(keys)), side="right")
    for key in range(len(keys)):
        own = target[order[start[key] : stop[key]]]
        if arguments[0] == "last":
            found[key] = own[-1]
        elif arguments[0] == "seasonal":
            found[key] = own[-min(back, len(own))]
        else:
            found[key] = own[-4:].mean()
    answers = np.where(asked >= 0, found[np.maximum(asked, 0)], np.median(target))
    pq.write_table(seeds.append_column("prediction", pa.array(answers)), out / "predictions.parquet")
    return {"versions": versions("numpy")}


if __name__ == "__main__":
    main(run)
