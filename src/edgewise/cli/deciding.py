"""What the commands of batch decisions share: their options, and the way from them to a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgewise.cli.terminal import Terminal
from edgewise.errors import ArgumentError

if TYPE_CHECKING:
    from edgewise.decisions.deciding import Asked

__all__ = ["DecidedOut", "Moment", "ProjectOrSource", "Settings", "decided"]

ProjectOrSource = Annotated[
    str,
    typer.Argument(
        metavar="PROJECT|SOURCE", help="A project file or its folder, or tables to decide on as they propose."
    ),
]
DecidedOut = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FOLDER",
        help="Where it is written; a decision that is there is replaced. By default where the project keeps them.",
    ),
]
Moment = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="The moment of the decision; by default that of the latest row."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A field of the decision's section of the project file, over what it says; give it several times.",
    ),
]


def decided(
    decision: str,
    where: str,
    out: Path | None,
    at: str | None,
    settings: Sequence[str],
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Decide, write the folder, and say what is in it.

    Raises:
        UserError: see `edgewise.decide`.
    """
    from edgewise.cli.decided_view import decided_document, show_decided
    from edgewise.cli.opening import opened
    from edgewise.clock import to_micros
    from edgewise.decisions.decided.folder import check_place, write_decided
    from edgewise.decisions.deciding import asked, decide_on

    said, moment = dict(_read(settings)), None if at is None else to_micros(at)
    terminal = Terminal(as_json=as_json, quiet=quiet)
    progress = terminal.progress()
    found = asked(where)
    place = _place(found, decision, out)
    check_place(place)
    with opened(found.source, found.graph, progress) as database:
        made = decide_on(database, decision, moment, found.declared(decision), said, "--set", progress.say)
    write_decided(made, place)
    terminal.note(f"Wrote {place}.")
    terminal.answer(lambda: decided_document(made, place), lambda console: show_decided(console, made))


def _place(found: Asked, decision: str, out: Path | None) -> Path:
    if out is not None:
        return out
    if found.folder is None:
        raise ArgumentError("--out is missing", hint=f"name a folder: --out {decision}")
    return found.folder / decision


def _read(settings: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Each KEY=VALUE, the value read as in the project file."""
    import yaml

    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise ArgumentError(f"--set {setting}: KEY=VALUE is expected", hint="for example --set days=7")
        try:
            yield key.strip(), yaml.safe_load(value)
        except yaml.YAMLError as error:
            cause = getattr(error, "problem", None) or "it cannot be read"
            raise ArgumentError(f"--set {setting}: {cause}", hint="values are written as in YAML") from error
