"""A running service, administered from elsewhere."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

import httpx2

from edgewise.errors import ArgumentError, InternalError

__all__ = ["administer"]

_CALLS: Final = {
    "models": ("GET", "/v1/admin/models"),
    "swap": ("POST", "/v1/admin/models/swap"),
    "roll-back": ("POST", "/v1/admin/models/roll-back"),
    "forget": ("DELETE", "/v1/users/{}"),
}
#: Loading a run may take this long.
_SECONDS: Final = 600.0


def administer(url: str, key: str | None, action: str, name: str | None) -> dict[str, Any]:
    """Do one thing: `models`, `swap` to the run `name`, `roll-back`, or `forget` the user `name`.

    Raises:
        ArgumentError: the service cannot be reached, or refuses; its own words are passed on.
    """
    method, path = _CALLS[action]
    if action in ("swap", "forget") and not name:
        raise ArgumentError(f"{action} needs a name", hint=f"edgewise admin {action} NAME")
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    body = {"run": name} if action == "swap" else None
    try:
        answer = httpx2.request(
            method, url.rstrip("/") + path.format(quote(name or "", safe="")), json=body, headers=headers,
            timeout=_SECONDS,
        )  # fmt: skip
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ArgumentError(
            f"no service answers at {url}: {error}", hint="start one: edgewise serve RUN"
        ) from None
    try:
        found = answer.json()
    except ValueError:
        raise ArgumentError(f"what answers at {url} is no Edgewise service") from None
    if answer.status_code < 400 and isinstance(found, dict):
        return found
    said = found.get("error", {}) if isinstance(found, dict) else {}
    if answer.status_code >= 500:
        raise InternalError(str(said.get("message", answer.status_code)))
    raise ArgumentError(str(said.get("message", answer.status_code)), hint=said.get("hint"))
