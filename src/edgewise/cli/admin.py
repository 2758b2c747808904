"""`edgewise admin`: keys, models and users of a service."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgewise.cli.options import AsJson
from edgewise.cli.terminal import Terminal
from edgewise.errors import ArgumentError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Action", "admin"]


class Action(StrEnum):
    """What to do."""

    ADD_KEY = "add-key"
    KEYS = "keys"
    REVOKE_KEY = "revoke-key"
    MODELS = "models"
    SWAP = "swap"
    ROLL_BACK = "roll-back"
    FORGET = "forget"


What = Annotated[
    Action,
    typer.Argument(
        metavar="ACTION",
        help="Keys, in the files of a service: add-key, keys, revoke-key. "
        "A running service: models, swap, roll-back, forget.",
    ),
]
Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[PROJECT|RUN|NAME]",
        help="For keys, what is served; for swap, the folder of a run; for forget, a user's key.",
    ),
]
Scopes = Annotated[
    list[str] | None,
    typer.Option("--scope", metavar="read|events|admin", help="What a new key allows; may be repeated."),
]
KeyName = Annotated[str | None, typer.Option("--name", metavar="NAME", help="The name of the key to revoke.")]
State = Annotated[
    Path | None,
    typer.Option("--state", metavar="FOLDER", help="Where the service keeps its files, if not the default."),
]
Url = Annotated[str, typer.Option("--url", metavar="URL", help="Where the service runs.")]
Key = Annotated[
    str | None,
    typer.Option(
        "--key", metavar="KEY", envvar="EDGEWISE_KEY", help="A key with the scope admin; or EDGEWISE_KEY."
    ),
]


def admin(
    action: What, name: Name = None, scope: Scopes = None, key_name: KeyName = None, state: State = None,
    url: Url = "http://127.0.0.1:8000", key: Key = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Make and revoke API keys; swap models and roll back; delete a user."""
    terminal = Terminal(as_json=as_json)
    if action in (Action.ADD_KEY, Action.KEYS, Action.REVOKE_KEY):
        answer = _keys(action, name, scope or ["read"], key_name, state)
    else:
        from edgewise.serving.remote import administer

        answer = administer(url, key, action.value, name)
    terminal.answer(lambda: answer, lambda console: _show(console, answer))


def _keys(
    action: Action, served_from: str | None, scopes: list[str], name: str | None, state: Path | None
) -> dict[str, Any]:
    from edgewise.serving.access import scopes_of
    from edgewise.serving.opening import access_of, served

    if served_from is None:
        raise ArgumentError(f"{action} needs to know what is served", hint=f"edgewise admin {action} PROJECT|RUN")
    tenants = served([served_from], state)
    access = access_of(tenants)
    if action is Action.ADD_KEY:
        return {"tenant": tenants[0].tenant, "key": access.add(tenants[0].tenant, scopes_of(scopes))}
    if action is Action.REVOKE_KEY:
        access.revoke(name or "")
    return {key: f"{tenant}: {', '.join(held)}" for key, (tenant, held) in access.names().items()}


def _show(console: Console, answer: dict[str, Any]) -> None:
    for name, value in answer.items():
        console.print(f"{name}: {value}", markup=False, soft_wrap=True)
