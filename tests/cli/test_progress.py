"""Progress on a terminal, and in a file."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from edgewise.cli import progress
from edgewise.cli.progress import LiveProgress, PlainProgress, progress_on


def test_plain_lines_are_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 2.0, 3.0, 14.0, 14.0, 15.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    console = Console(file=io.StringIO(), width=80)
    shown = progress_on(console)
    assert isinstance(shown, PlainProgress)
    shown.say("reading [tables]")
    shown.step("rounds", 1, 3)
    shown.step("rounds", 2, 3)
    shown.step("rounds", 3, 3)
    assert console.file.getvalue() == "[   1.0 s] reading [tables]\n[  14.0 s] rounds: 3 of 3\n"


def test_a_live_bar_leaves_no_trace() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    shown = progress_on(console)
    assert isinstance(shown, LiveProgress)
    shown.say("begin")
    for done in (1, 2):
        shown.step("rounds", done, 3)
    shown.step("trees", 1, 1)
    shown.say("end")
    text = console.file.getvalue()
    assert "rounds" in text
    assert text.endswith("s] end\n")
