"""`edgewise simulate`: policies compared in the same futures of a planted world."""

from __future__ import annotations

from typing import Annotated

import typer

from edgewise.cli.options import AsJson, Quiet
from edgewise.cli.terminal import Terminal

__all__ = ["simulate"]

World = Annotated[
    str, typer.Argument(metavar="WORLD", help="A planted world, its size included: streaming, messaging:small.")
]
Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="NAME|FILE.py:FUNCTION",
        help="A policy that comes with the world, or a function of your own, whose file is run; give it several "
        "times. By default all that come with the world.",
    ),
]
Weeks = Annotated[int, typer.Option("--weeks", metavar="N", min=1, help="How long each future is.")]
Futures = Annotated[int, typer.Option("--futures", metavar="N", min=1, help="How many futures there are.")]
Seed = Annotated[int, typer.Option("--random-seed", metavar="N", min=0, help="What the futures are drawn from.")]
Against = Annotated[
    str | None,
    typer.Option(
        "--against", metavar="NAME", help="What the others are compared with; by default the best baseline."
    ),
]


def simulate(
    world: World, policy: Policies = None, weeks: Weeks = 8, futures: Futures = 20, random_seed: Seed = 0,
    against: Against = None, as_json: AsJson = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Compare policies in simulated futures of a planted world.

    Nothing in it is about real people. All policies go through the same futures, so that their differences have
    narrow intervals.
    """
    from edgewise.cli.simulated_view import show_simulated, simulated_document
    from edgewise.decisions.simulate.run import simulate as run

    terminal = Terminal(as_json=as_json, quiet=quiet)
    found = run(
        world, policy or (), weeks=weeks, futures=futures, random_seed=random_seed, against=against,
        say=terminal.progress().say,
    )  # fmt: skip
    terminal.answer(lambda: simulated_document(found), lambda console: show_simulated(console, found))
