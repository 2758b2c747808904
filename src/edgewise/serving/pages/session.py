"""Who is signed in to the pages. The browser holds a token, the service the key: it is checked on each request, so
that a revoked key ends its sessions."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from typing import Final

__all__ = ["COOKIE", "HOURS", "Sessions"]

COOKIE: Final = "edgewise_session"
HOURS: Final = 12
_MOST: Final = 1_000


class Sessions:
    """Sessions by the hash of their token; gone when the process ends."""

    def __init__(self) -> None:
        self._held: OrderedDict[bytes, tuple[str, float]] = OrderedDict()

    def begin(self, key: str) -> str:
        """Remember a key; returns the token for the cookie."""
        token = secrets.token_urlsafe(32)
        self._held[_hash(token)] = (key, time.monotonic() + HOURS * 3600)
        if len(self._held) > _MOST:
            self._held.popitem(last=False)
        return token

    def key(self, token: str | None) -> str | None:
        """The key behind a token; None where there is none, or none any more."""
        held = None if token is None else self._held.get(_hash(token))
        return held[0] if held is not None and time.monotonic() < held[1] else None

    def end(self, token: str | None) -> None:
        """Forget a session."""
        if token is not None:
            self._held.pop(_hash(token), None)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
