"""A device is checked before any work begins, and stands in the plan."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import edgewise as ew
from edgewise.cli.main import run
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import TaskSpec
from edgewise.workflow.planner import plan_fit

QUERY = "PREDICT COUNT(transactions.*, 0, 14, days) = 0 FOR EACH customers.customer_id"


@pytest.fixture(autouse=True)
def without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_a_gpu_that_is_absent_is_a_mistake_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ew.UserError, match="needs a GPU"):
        ew.load(tmp_path / "no such run", device="cuda")
    code = run(["fit", "shop", QUERY, "--out", str(tmp_path / "run"), "--device", "cuda"])
    assert code == 2
    assert "device 'cuda' needs a GPU" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_the_device_stands_in_the_plan_with_its_reason() -> None:
    plan = plan_fit(TaskSpec(TaskKind.BINARY, "people", 1), 60, "cpu")
    assert plan.to_json()["device"] == "cpu"
    assert "networks compute on the CPU" in plan.reasons
