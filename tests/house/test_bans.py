"""What the code never does, whatever the reason of the day."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "edgewise"
SOURCES = sorted(PACKAGE.rglob("*.py"))
BANNED_MODULES = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(tree: ast.Module) -> set[str]:
    """The top-level modules that a file imports anywhere."""
    names = [a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names]
    names += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_nothing_is_pickled(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not imported(ast.parse(text)) & BANNED_MODULES
    assert "allow_pickle=True" not in text
    assert not re.search(r"torch\.(load|save)\(", text), "weights are safetensors"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_nothing_is_left_for_later(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b", text)
    assert not re.search(r"# type: ignore(?!\[[\w, -]+\]\s+#)", text), "an ignore names its code and its reason"


def test_imports_only_go_down() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", [p for p in SOURCES if "cli" not in p.parts], ids=relative)
def test_only_the_command_line_prints(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert not [c.lineno for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"]


CALENDAR = re.compile(
    r"relativedelta|exp\.Interval\b|exp\.(Timestamp|Date|Datetime)(Add|Sub)\b|DateOffset|\bmonthrange\b"
)
DAY_LENGTHS = re.compile(r"\b(86_?400(_?000)*|24 \* 60 \* 60|24 \* 3_?600)\b")


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_windows_have_one_owner(path: Path) -> None:
    """Calendar steps are taken in query/window.py alone, and lengths of days are spelt in clock.py alone."""
    text = path.read_text(encoding="utf-8")
    if path != PACKAGE / "query" / "window.py":
        assert not CALENDAR.search(text)
    if path != PACKAGE / "clock.py":
        assert not DAY_LENGTHS.search(text)
