"""`edgewise serve`: answers over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.options import Quiet
from edgewise.cli.terminal import Terminal

__all__ = ["serve"]

What = Annotated[
    list[str],
    typer.Argument(
        metavar="PROJECT|RUN…", help="A folder with a project.yaml, or runs; TENANT=PATH keeps tenants apart."
    ),
]
Host = Annotated[
    str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on; by default this machine alone.")
]
Port = Annotated[int, typer.Option("--port", metavar="N", min=1, max=65535, help="The port to listen on.")]
State = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="FOLDER",
        help="Where logs, keys and prepared models are kept; by default beside the run or in the project.",
    ),
]
Demo = Annotated[bool, typer.Option("--demo", help="Answer without API keys, to this machine alone.")]
Clock = Annotated[
    str,
    typer.Option(
        "--clock", metavar="wall|data", help="What time it is: now, or on from the latest row of the data."
    ),
]
Deadline = Annotated[
    float, typer.Option("--deadline", metavar="SECONDS", min=0.01, max=60, help="How long an answer may take.")
]
Explore = Annotated[
    float,
    typer.Option(
        "--explore", metavar="SHARE", min=0, max=0.5, help="The share of lists and shelves that explore."
    ),
]
Rate = Annotated[
    float, typer.Option("--rate", metavar="N", min=1, help="Requests a second that one key may send.")
]
Readers = Annotated[
    int | None,
    typer.Option(
        "--readers",
        metavar="N",
        min=0,
        max=64,
        help="Processes that answer beside this one; by default one a core, once there is much to answer.",
    ),
]
Seed = Annotated[int, typer.Option("--random-seed", metavar="N", min=0, help="What exploration is drawn from.")]
Write = Annotated[
    Path | None,
    typer.Option(
        "--write-project", metavar="FILE.yaml", help="Write the project file that a run is served by, and stop."
    ),
]


def serve(
    what: What, host: Host = "127.0.0.1", port: Port = 8000, state: State = None, demo: Demo = False,
    clock: Clock = "wall", deadline: Deadline = 0.25, explore: Explore = 0.05, rate: Rate = 500.0,
    readers: Readers = None, random_seed: Seed = 0, write_project: Write = None, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Serve pages, lists and search over HTTP, and take events.

    Every request needs an API key, which `edgewise admin add-key` makes, unless --demo is given. Runs of one
    tenant are served together, one for each kind of things.
    """
    from edgewise.cli.written import write_text
    from edgewise.serving.app import make_app
    from edgewise.serving.exploration import Exploration
    from edgewise.serving.opening import open_service, origins_of, proposal_of, served
    from edgewise.serving.server import address_of, check_address, run_server
    from edgewise.serving.tenant import settings_of

    terminal = Terminal(quiet=quiet)
    check_address(host, keys=not demo)
    tenants = served(what, state)
    if write_project is not None:
        write_text(proposal_of(tenants[0]), write_project)
        terminal.note(f"Wrote {write_project}. Serve it: edgewise serve {write_project}")
        return
    settings = settings_of(deadline=deadline, clock=clock)
    exploration = Exploration(epsilon=explore, random_seed=random_seed)
    service = open_service(tenants, settings, exploration, rate, keys=not demo, say=terminal.note, readers=readers)
    if service.access is not None and len(service.access) == 0:
        terminal.note(f"There are no API keys yet: edgewise admin add-key {what[0]} --scope read --scope events")
    said = f"Serving on {address_of(host, port)}; its description is at /openapi.json. Ctrl+C ends it."
    run_server(make_app(service, origins=origins_of(tenants)), host, port, lambda: terminal.note(said))
