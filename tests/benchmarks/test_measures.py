"""What the commands on cost and calibration say of figures whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.ablation import CASES
from benchmarks.calibration import judged
from benchmarks.cost import PHASES, show, slopes

from edgewise.models.contract import PARTS


def cost(events: int, power: float) -> dict[str, float]:
    return {"wall_seconds": 1e-1 * events**power, "cpu_seconds": 1e-1 * events**power, "peak_mb": 100.0}


def test_the_slope_of_what_grows_with_the_events_is_its_power() -> None:
    sizes = {
        str(n): {"events": n} | {p: cost(n, 1.0 if p == "graph" else 2.0) for p in PHASES} for n in (10, 20, 80)
    }
    found = slopes(sizes)
    assert found["graph"] == {"wall_seconds": 1.0, "cpu_seconds": 1.0, "peak_mb": 0.0}
    assert found["fit churn"]["cpu_seconds"] == 2.0
    assert "| slope | 1.00, 0.00 |" in show(sizes)
    assert slopes({"10": sizes["10"]}) == {}


def test_labels_drawn_from_the_probabilities_are_within_chance_and_others_are_not() -> None:
    rng = np.random.default_rng(0)
    probability = rng.uniform(0.05, 0.95, 5_000)
    drawn = (rng.random(5_000) < probability).astype(float)
    perfect = judged(drawn, probability)
    assert perfect["perfect calibration"]["low"] <= perfect["error"] <= perfect["perfect calibration"]["high"]
    wrong = judged(drawn, np.clip(probability + 0.1, 0, 1))
    assert wrong["error"] == pytest.approx(0.1, abs=0.02)
    assert wrong["error"] > wrong["perfect calibration"]["high"]


def test_the_parts_that_are_left_out_are_parts() -> None:
    assert all(set(case.parts) <= set(PARTS) for case in CASES.values())
