"""API keys: who may do what, for which tenant. Only hashes are kept.

A key is `ew_<name>_<secret>`. The secret is 32 random bytes, so that one keyed hash (BLAKE2b) is enough: there is
nothing to guess, and a slow hash would cost every request what it costs an attacker. Hashes are compared in
constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from edgewise.errors import ArgumentError, proposal
from edgewise.serving.envelope import Refusal

__all__ = ["Access", "Caller", "Scope", "scopes_of"]

_PREFIX: Final = "ew"
_LONGEST: Final = 256


class Scope(StrEnum):
    """What a key allows."""

    READ = "read"
    EVENTS = "events"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the name of the key, the tenant it belongs to, and what it allows."""

    name: str
    tenant: str
    scopes: frozenset[Scope]

    def check(self, scope: Scope) -> None:
        """Refuse what the key does not allow.

        Raises:
            Refusal: 403.
        """
        if scope not in self.scopes:
            held = ", ".join(sorted(self.scopes)) or "nothing"
            raise Refusal(
                403, f"this key may not do that: it allows {held}", hint=f"use a key with the scope '{scope}'"
            )


@dataclass(frozen=True, slots=True)
class _Record:
    tenant: str
    scopes: tuple[str, ...]
    salt: str
    hash: str


class Access:
    """The keys of one server, in one JSON file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int] | None = None
        self._records: dict[str, _Record] = {}
        self._read()

    def __len__(self) -> int:
        return len(self._records)

    def names(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Each key's tenant and scopes, by the key's name."""
        self._read()
        return {name: (r.tenant, r.scopes) for name, r in sorted(self._records.items())}

    def add(self, tenant: str, scopes: Iterable[Scope]) -> str:
        """Make a key and return it. It is shown this once: what is kept is its hash."""
        self._read()
        name, secret, salt = secrets.token_hex(4), secrets.token_urlsafe(32), secrets.token_bytes(16)
        held = tuple(sorted({str(s) for s in scopes}))
        self._records[name] = _Record(tenant, held, salt.hex(), _hash(secret, salt))
        self._write()
        return f"{_PREFIX}_{name}_{secret}"

    def revoke(self, name: str) -> None:
        """Forget a key.

        Raises:
            ArgumentError: there is none of that name.
        """
        self._read()
        if name not in self._records:
            known = ", ".join(sorted(self._records)) or "none"
            raise ArgumentError(f"there is no key '{name}'", hint=proposal(name, self._records, f"keys: {known}"))
        del self._records[name]
        self._write()

    def caller(self, given: str | None) -> Caller:
        """Whose key this is.

        Raises:
            Refusal: 401, for a missing key as for a wrong one.
        """
        self._read()
        parts = given.split("_", 2) if given is not None and len(given) <= _LONGEST else []
        record = self._records.get(parts[1]) if len(parts) == 3 and parts[0] == _PREFIX else None
        # An unknown name costs the same hash as a known one.
        salt = bytes.fromhex(record.salt) if record is not None else b"\0" * 16
        found = _hash(parts[2] if len(parts) == 3 else "", salt)
        if record is None or not hmac.compare_digest(found, record.hash):
            raise Refusal(
                401,
                "the API key is missing or not valid",
                hint="send it as a header: Authorization: Bearer KEY; `edgewise admin add-key` makes one",
            )
        return Caller(parts[1], record.tenant, frozenset(Scope(s) for s in record.scopes))

    def _read(self) -> None:
        """Read the file again if it changed: a revoked key stops working at once."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._records, self._stamp = {}, None
            return
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp == self._stamp:
            return
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            self._records = {
                name: _Record(r["tenant"], tuple(Scope(s) for s in r["scopes"]), r["salt"], r["hash"])
                for name, r in found.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ArgumentError(
                f"the file of API keys '{self.path}' is damaged", hint="restore it, or remove it and make new keys"
            ) from None
        self._stamp = stamp

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({name: asdict(r) for name, r in self._records.items()}, indent=2)
        handle, beside = tempfile.mkstemp(dir=self.path.parent, prefix=".keys")  # mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self.path)
        self._stamp = None


def scopes_of(names: Iterable[str]) -> frozenset[Scope]:
    """Scopes by their names.

    Raises:
        ArgumentError: a name that is none.
    """
    known = [str(s) for s in Scope]
    wrong = [name for name in names if name not in known]
    if wrong:
        raise ArgumentError(
            f"there is no scope '{wrong[0]}'", hint=proposal(wrong[0], known, f"scopes: {', '.join(known)}")
        )
    return frozenset(Scope(name) for name in names)


def _hash(secret: str, salt: bytes) -> str:
    return hashlib.blake2b(secret.encode("utf-8", "surrogatepass"), key=salt, digest_size=32).hexdigest()
