"""Demand of Complete Journey over 8 rolling origins, beside statsforecast and mlforecast.

    python -m benchmarks.decisions.forecast [--origins 8] [--cells 600] [--jobs 1]
                                            [--out benchmarks/results/forecast.json]

At each origin `edgewise forecast` sees the weeks before it (and promotions planned for the 8 weeks after it) and
forecasts 8 weeks. Errors are pooled over origins and weeks ahead: WAPE is the sum of absolute errors over the sum
of sales; RMSSE the root of squared errors against those of last week's value before the origin, a mean over series
weighted by sales; pinball the mean over five quantiles, over the mean of sales; coverage that of the 80% interval,
of all nodes and of those whose interval does not end at 0 (a shop that hardly ever sells is not missed by chance).
Peers forecast each level by itself, which does not add up; of each family the best at a level is taken. Of cells
(a store and a category) peers forecast a sample; LightGBM learns from four times as many.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise, repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from benchmarks.harness.environment import REQUIREMENTS, VENVS, python_of

import edgewise
from edgewise.clock import to_micros
from edgewise.decisions.forecast.decide import decide
from edgewise.decisions.forecast.levels import CELL, levels_of
from edgewise.decisions.forecast.nouns import WEEK, Level, Panel
from edgewise.decisions.forecast.panel import read_panel
from edgewise.decisions.forecast.propose import propose

HORIZON = 8
QUANTILES = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
LEVELS = {"total": "total", "department": "department", "category": "category", "store": "store", "cell": CELL}
FAMILIES = ("seasonal_naive", "auto_ets", "auto_theta", "lightgbm")


def scores(made: np.ndarray, truth: np.ndarray, past: np.ndarray) -> dict[str, float]:
    """Figures of forecasts [origins, series, horizon, 1 + quantiles (+ low, high)] against what came.

    `past` is the mean squared step from week to week before each origin: [origins, series].
    """
    off = made[..., 0] - truth
    weight = truth.sum(axis=(0, 2))
    step = np.maximum(past, 1e-9)
    rmsse = np.sqrt((off**2).mean(axis=2) / step)
    some = (past > 0) & (weight > 0)
    gap = truth[..., None] - made[..., 1:6]
    pinball = np.maximum(QUANTILES * gap, (QUANTILES - 1) * gap).mean()
    low, high = (made[..., 6], made[..., 7]) if made.shape[-1] > 6 else (made[..., 1], made[..., 5])
    inside = (truth >= low - 0.005) & (truth <= high + 0.005)
    open_ = high > 0.005
    return {
        "wape": float(np.abs(off).sum() / truth.sum()),
        "wape_median": float(np.abs(made[..., 3] - truth).sum() / truth.sum()),
        "rmsse": float((rmsse * some * weight).sum() / (some * weight).sum()),
        "pinball": float(pinball / truth.mean()),
        "coverage": float(inside.mean()),
        "coverage_above_nothing": float(inside[open_].mean()) if open_.any() else float("nan"),
        "bias": float(off.sum() / truth.sum()),
    }


def keys_of(panel: Panel, level: Level) -> list[tuple[object, ...]]:
    """What the nodes of a level are called."""
    stores, names = panel.stores.to_pylist(), (panel.departments, panel.categories)
    parts = [
        [None] * level.nodes if ids is None else [of[i] for i in ids]
        for ids, of in ((level.store, stores), (level.department, names[0]), (level.category, names[1]))
    ]
    return list(zip(*parts, strict=True))


def ours(forecast: pa.Table, level: str, keys: list[tuple[object, ...]]) -> np.ndarray:
    """The forecasts of a level's nodes: [nodes, horizon, mean, quantiles, low, high]; zero without one."""
    own = forecast.filter(pc.equal(forecast["level"], level))
    place = {key: i for i, key in enumerate(keys)}
    listed = zip(*(own[c].to_pylist() for c in ("store", "department", "category")), strict=True)
    narrow = [tuple(v if keys[0][i] is not None else None for i, v in enumerate(key)) for key in listed]
    row = np.array([place.get(key, -1) for key in narrow])
    made = np.zeros((len(keys), HORIZON, 8))
    columns = ["forecast", "q10", "q25", "q50", "q75", "q90", "low", "high"]
    values = np.stack([own[c].cast(pa.float64()).to_numpy() for c in columns], axis=1)
    ahead = own["horizon"].to_numpy() - 1
    made[row[row >= 0], ahead[row >= 0]] = values[row >= 0]
    return made


def adds_up(forecast: pa.Table) -> int:
    """The largest difference, in cents, between a level's sum and the whole, over levels and weeks."""
    cents = forecast["forecast"].cast(pa.float64()).to_numpy() * 100
    level, week = forecast["level"].to_pylist(), forecast["horizon"].to_numpy()
    sums: dict[tuple[str, int], int] = {}
    for name, h, value in zip(level, week, np.rint(cents).astype(np.int64), strict=True):
        sums[name, int(h)] = sums.get((name, int(h)), 0) + int(value)
    return max(abs(v - sums["total", h]) for (_, h), v in sums.items())


def chosen_cells(panel: Panel, seen: int, most: int) -> np.ndarray:
    """A sample of the cells that sold in the half year before the first origin, by the hash of their place."""
    active = np.flatnonzero(panel.sales[:, max(0, seen - 26) : seen].any(axis=1))
    names = [f"{panel.store[i]} {panel.category[i]}".encode() for i in active]
    order = np.argsort([hashlib.sha256(name).hexdigest() for name in names])
    return active[order[:most]]


def series_of(panel: Panel, origins: list[int], cells: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What peers are given, by level, and for cells which of the panel they are."""
    levels = {level.name: level for level in levels_of(panel, np.zeros(len(panel.stores), dtype=np.int64))}
    given: dict[str, Any] = {"origins": np.array(origins)}
    rows: dict[str, np.ndarray] = {}
    for short, name in LEVELS.items():
        total = levels[name].total(panel.sales) / 100.0
        rows[short] = np.arange(len(total))
        if short == "cell":
            sample = chosen_cells(panel, origins[0], cells)
            also = np.setdiff1d(chosen_cells(panel, origins[0], 4 * cells), sample)
            total = total[np.concatenate([sample, also])]
            rows[short] = sample
        given[short], given[f"{short}_wanted"] = total, len(rows[short])
    return given, rows


def run_peers(given: dict[str, Any]) -> dict[str, np.ndarray]:
    """Forecasts of all peers, made in their own environment; kept until the series or the peers change."""
    program = Path(__file__).parents[1] / "peers" / "forecasters.py"
    digest = hashlib.sha256(program.read_bytes() + (REQUIREMENTS / "forecast.txt").read_bytes())
    for name in sorted(given):
        digest.update(np.ascontiguousarray(given[name]).tobytes())
    kept = VENVS.parent / f"forecast-{digest.hexdigest()[:16]}.npz"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=VENVS.parent) as folder:
            series, out = Path(folder, "series.npz"), Path(folder, "out.npz")
            np.savez(series, **given)
            subprocess.run([str(python_of("forecast")), str(program), str(series), str(out)], check=True)
            out.replace(kept)
    return dict(np.load(kept))


def one_origin(origin: int, first: int, keep: Path | None) -> tuple[pa.Table, float]:
    """The forecast made at an origin, and the seconds of processor time it took; from `keep` if it is there."""
    kept = keep / f"{origin}.parquet" if keep is not None else None
    if kept is not None and kept.exists():
        table = pq.read_table(kept)
        return table, float(table.schema.metadata[b"seconds"])
    with edgewise.open("completejourney") as db:
        began = time.process_time()
        forecast = decide(db, propose(db.schema), first + origin * WEEK).tables["forecast"]
        seconds = time.process_time() - began
    print(f"  origin {origin}: {seconds:.0f} s of processor time", flush=True)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(forecast.replace_schema_metadata({"seconds": str(seconds)}), kept)
    return forecast, seconds


def run_ours(
    origins: list[int], panel: Panel, levels: dict[str, Level], jobs: int, keep: Path | None
) -> tuple[dict[str, np.ndarray], int, float]:
    """Our forecasts by level, [origins, nodes, horizon, ..]; the largest incoherence in cents; seconds each."""
    found: dict[str, list[np.ndarray]] = {short: [] for short in LEVELS}
    worst, total = 0, 0.0
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for forecast, seconds in pool.map(one_origin, origins, repeat(panel.first), repeat(keep)):
            total += seconds
            worst = max(worst, adds_up(forecast))
            for short, name in LEVELS.items():
                found[short].append(ours(forecast, name, keys_of(panel, levels[name])))
    return {short: np.stack(made) for short, made in found.items()}, worst, total / len(origins)


def measure(count: int, cells: int, peers: bool, jobs: int, keep: Path | None) -> dict[str, Any]:
    """All figures."""
    with edgewise.open("completejourney") as db:
        panel = read_panel(db, propose(db.schema), to_micros("2018-01-01T04:01:20"))
    last = panel.weeks - HORIZON
    origins = list(range(last - count + 1, last + 1))
    levels = {level.name: level for level in levels_of(panel, np.zeros(len(panel.stores), dtype=np.int64))}
    made, worst, seconds = run_ours(origins, panel, levels, jobs, keep)
    given, rows = series_of(panel, origins, cells)
    theirs = run_peers(given) if peers else {}
    result: dict[str, Any] = {"origins": [int(o) for o in origins], "incoherent_cents": worst, "levels": {}}
    result["processor_seconds"] = round(seconds, 1)
    for short, name in LEVELS.items():
        total = levels[name].total(panel.sales) / 100.0
        truth = np.stack([total[:, o : o + HORIZON] for o in origins])
        past = np.stack([(np.diff(total[:, :o], axis=1) ** 2).mean(axis=1) for o in origins])
        row, figures = rows[short], {}
        figures["edgewise"] = scores(made[short][:, row], truth[:, row], past[:, row])
        if short == "cell":
            result["all_cells"] = scores(made[short], truth, past)
            result["all_cells_by_size"] = by_size(made[short], truth, panel, origins)
        names = sorted({key.split("|")[1] for key in theirs if key.startswith(f"{short}|")})
        for peer in names:
            forecast = np.stack([theirs[f"{short}|{peer}|{o}"] for o in origins])
            figures[peer] = scores(forecast, truth[:, row], past[:, row])
        result["levels"][short] = figures
    return result


def by_size(made: np.ndarray, truth: np.ndarray, panel: Panel, origins: list[int]) -> list[dict[str, float]]:
    """Coverage of cells by what they sold a week before the first origin, in money."""
    mean = panel.sales[:, : origins[0]].mean(axis=1) / 100.0
    edges = [0.0, 0.5, 2.0, 5.0, 20.0, np.inf]
    out = []
    for low, high in pairwise(edges):
        some = (mean > low) & (mean <= high)
        y, m = truth[:, some], made[:, some]
        inside = (y >= m[..., 6] - 0.005) & (y <= m[..., 7] + 0.005)
        open_ = m[..., 7] > 0.005
        out.append({
            "above": low, "cells": int(some.sum()), "share_of_sales": float(y.sum() / truth.sum()),
            "coverage": float(inside.mean()), "coverage_above_nothing": float(inside[open_].mean()),
            "share_above_nothing": float(open_.mean()),
        })  # fmt: skip
    return out


def show(result: dict[str, Any]) -> None:
    """Print the tables."""
    for level, figures in result["levels"].items():
        heads = (("wape", 7), ("median", 7), ("rmsse", 7), ("pinball", 8), ("cover", 6), ("open", 6), ("bias", 7))
        print(f"\n{level:22s} " + " ".join(f"{head:>{width}s}" for head, width in heads))
        for name, f in figures.items():
            print(
                f"{name:22s} {f['wape']:7.4f} {f['wape_median']:7.4f} {f['rmsse']:7.4f} {f['pinball']:8.4f} "
                f"{f['coverage']:6.3f} {f['coverage_above_nothing']:6.3f} {f['bias']:7.3f}"
            )
        peers = {name: min(f["wape"], f["wape_median"]) for name, f in figures.items() if name != "edgewise"}
        if peers:
            best = min(peers, key=lambda name: peers[name])
            own = figures["edgewise"]
            ahead = [1 - own[k] / peers[best] for k in ("wape", "wape_median")]
            print(f"best peer {best}: ours {ahead[0]:+.1%} (mean), {ahead[1]:+.1%} (median) better")
    print(f"\nall cells: {result['all_cells']}\nincoherent by at most {result['incoherent_cents']} cents")
    for row in result["all_cells_by_size"]:
        print({k: round(v, 3) for k, v in row.items()})


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--origins", type=int, default=8)
    parser.add_argument("--cells", type=int, default=600)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder: forecasts that are there are not made again")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/forecast.json"))
    asked = parser.parse_args()
    result = measure(asked.origins, asked.cells, not asked.no_peers, asked.jobs, asked.keep)
    show(result)
    asked.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
