"""`edgewise explain`: why an answer is what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.options import AsJson, Device, OtherSource, Quiet, Run
from edgewise.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

    from edgewise.explanation.nouns import Explanation

__all__ = ["explain", "show_explanation"]

Entity = Annotated[str, typer.Option("--entity", metavar="KEY", help="The key of the entity.")]
Item = Annotated[
    str | None,
    typer.Option("--item", metavar="KEY", help="The key of an item of a ranking; the first if left out."),
]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="The anchor time; the time of the latest row if left out."),
]


def explain(
    run: Run,
    entity: Entity,
    item: Item = None,
    at: At = None,
    source: OtherSource = None,
    device: Device = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say why an entity gets its answer.

    As a sentence, and as the links and columns behind it with their effects.
    """
    from edgewise.cli.opening import loaded

    terminal = Terminal(as_json=as_json, quiet=quiet)
    found = loaded(run, source, terminal.progress(), device).explain(entity, item, at)
    terminal.answer(found.to_json, lambda console: show_explanation(console, found))


def show_explanation(console: Console, found: Explanation) -> None:
    """Print the sentence, then the evidence by the size of its effect."""
    from rich.table import Table
    from rich.text import Text

    from edgewise.clock import iso

    console.print(Text(found.sentence))
    if not found.evidence:
        return
    grid = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    grid.add_column("effect", justify="right", no_wrap=True)
    grid.add_column("evidence", overflow="fold")
    grid.add_column("rows", justify="right", no_wrap=True)
    grid.add_column("latest", no_wrap=True)
    for evidence in found.evidence:
        words = evidence.words or " ".join(part for part in (evidence.path, evidence.group) if part != "all")
        latest = "" if evidence.last is None else iso(evidence.last).split(" ")[0]
        rows = f"{evidence.rows:,}" if evidence.kind == "links" else ""
        grid.add_row(f"{evidence.effect:+.4g}", Text(words), rows, latest)
    console.print(grid)
    channels = ", ".join(f"{name} ({score:.3g})" for name, score in found.channels.items())
    if channels:
        console.print(Text(f"Proposed by: {channels}"))
