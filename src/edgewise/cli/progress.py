"""How far a long job is: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from edgewise.models.contract import Progress

__all__ = ["LiveProgress", "PlainProgress", "progress_on"]

#: Seconds between two lines about the same stage, outside a terminal.
PAUSE = 10.0


def progress_on(console: Console) -> Progress:
    """The progress that suits a console: a live line where it is a terminal."""
    return (
        LiveProgress(console) if console.is_terminal and not console.is_dumb_terminal else PlainProgress(console)
    )


class PlainProgress:
    """One line for everything said, and one every few seconds for a stage under way."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._last = self._began

    def say(self, text: str) -> None:
        """Print one line, with the seconds since the command began."""
        self._last = time.monotonic()
        self._console.print(f"[{self._last - self._began:6.1f} s] {text}", markup=False, soft_wrap=True)

    def step(self, text: str, done: int, total: int) -> None:
        """Print how far a stage is, unless something was printed a moment ago."""
        if time.monotonic() - self._last >= PAUSE:
            self.say(f"{text}: {done} of {total}")


class LiveProgress:
    """Lines for what is said; below them one bar that moves with the stage under way and leaves no trace."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._began = time.monotonic()
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._stage: str | None = None

    def say(self, text: str) -> None:
        """Print one line, with the seconds since the command began; the bar of the last stage goes."""
        self._end_stage()
        seconds = time.monotonic() - self._began
        self._bars.console.print(f"[{seconds:6.1f} s] {text}", markup=False, soft_wrap=True)

    def step(self, text: str, done: int, total: int) -> None:
        """Move the bar; a stage that is complete takes its bar with it."""
        if text != self._stage:
            self._end_stage()
            self._task = self._bars.add_task(text, total=total)
            self._stage = text
            self._bars.start()
        self._bars.update(self._task, completed=done, total=total)
        if done >= total:
            self._end_stage()

    def _end_stage(self) -> None:
        if self._stage is not None:
            self._bars.stop()
            self._bars.remove_task(self._task)
            self._stage = None
