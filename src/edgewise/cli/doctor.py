"""`edgewise doctor`: what is wrong with this installation, and the fix."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import typer

from edgewise.cli.options import AsJson, Quiet
from edgewise.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

    from edgewise.cli.checkup import Finding

__all__ = ["doctor"]

_COLOURS = {"ok": "green", "note": "yellow", "broken": "bold red"}


def doctor(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Find what is wrong with this installation, and the fix.

    Exits with 1 if something is broken.
    """
    from edgewise.cli.checkup import checkup

    terminal = Terminal(as_json=as_json, quiet=quiet)
    terminal.note("Looking at Python, the packages, the machine and the folders …")
    findings = list(checkup())
    broken = [f for f in findings if f.state == "broken"]
    terminal.answer(
        lambda: {"ok": not broken, "findings": [dataclasses.asdict(f) for f in findings]},
        lambda console: _show(console, findings, len(broken)),
    )
    if broken:
        raise typer.Exit(1)


def _show(console: Console, findings: list[Finding], broken: int) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("found", overflow="fold")
    for finding in findings:
        found = Text(finding.found)
        if finding.fix is not None:
            found.append(f"\nfix: {finding.fix}", style="bold")
        table.add_row(Text(finding.state, style=_COLOURS[finding.state]), finding.name, found)
    console.print(table)
    if broken:
        console.print(f"\n{broken} broken: the fixes are above.", style="bold red")
    else:
        console.print("\nNothing is broken.")
