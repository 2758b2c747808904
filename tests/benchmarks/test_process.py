"""Runs are measured from outside, descendants included."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.harness.process import measured


def test_a_run_is_measured_with_its_children(tmp_path: Path) -> None:
    child = "x = bytearray(60_000_000); from time import process_time as t\nwhile t() < 0.6: pass"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); print('said')"
    cost = measured([sys.executable, "-c", script], tmp_path / "log.txt")
    assert cost.code == 0
    assert cost.cpu_seconds > 0.6
    assert cost.peak_mb > 60
    assert (tmp_path / "log.txt").read_text() == "said\n"


def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    cost = measured([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log.txt", timeout=0.5)
    assert cost.code == 124
    assert cost.wall_seconds < 30
