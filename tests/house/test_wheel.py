"""What a user gets: the wheel holds the types marker, the templates and the licence, and no tests."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = {".html", ".css", ".js", ".json", ".lark", ".jinja", ".j2", ".typed"}


@pytest.mark.slow
def test_the_wheel_holds_everything(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True)
    names = set(zipfile.ZipFile(next(tmp_path.glob("edgewise-*.whl"))).namelist())
    shipped = {str(p.relative_to(ROOT / "src")) for p in (ROOT / "src").rglob("*") if p.suffix in DATA | {".py"}}
    assert shipped <= names
    assert "edgewise/py.typed" in names
    assert any(name.endswith("LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests", "benchmarks"))]
