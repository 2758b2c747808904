"""How the demo ends: with a preview, or without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgewise.cli import demo as module
from edgewise.cli import opening
from edgewise.cli.main import run as command
from edgewise.schema.model import Schema


class Made:
    """Stands for the graph that the demo builds."""

    schema = Schema({}, ())


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Leaves out the fits and the server; lists what would have been served."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(opening, "built", lambda *_: Made())
    monkeypatch.setattr(module, "_answer", lambda *_: {})
    monkeypatch.setattr(module, "_serve", lambda _, run, port: found.append((run, port)))
    return found


def test_the_demo_ends_with_the_preview_of_its_ranking(served: list[tuple[Any, ...]], tmp_path: Path) -> None:
    assert command(["demo", "--out", str(tmp_path), "--port", "8123", "--quiet"]) == 0
    assert served == [(tmp_path / "baskets", 8123)]
    assert module.SERVED in {question.name for question in module.QUESTIONS}


def test_no_serve_ends_when_the_runs_are_written(served: list[tuple[Any, ...]], tmp_path: Path) -> None:
    assert command(["demo", "--out", str(tmp_path), "--no-serve", "--quiet"]) == 0
    assert served == []
