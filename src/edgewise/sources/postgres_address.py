"""The address of a PostgreSQL database, with the password kept out of everything that is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from edgewise.errors import SourceError

__all__ = ["Address", "parse_address"]

_FORM: Final = "postgresql://user:password@host:port/database?schema=NAME"
_SECRETS: Final = frozenset({"password", "sslpassword", "passfile"})
_CONNECT_SECONDS: Final = "10"


@dataclass(frozen=True, slots=True)
class Address:
    """What is shown (`name`), what the driver gets (`libpq`), and the schema to look into, if one is named."""

    name: str
    libpq: str = field(repr=False)
    schema: str | None
    secrets: tuple[str, ...] = field(repr=False)

    def redact(self, words: str) -> str:
        """The words without any secret of the address."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            words = words.replace(secret, "***")
        return words


def parse_address(url: str) -> Address:
    """Take a `postgresql://` address apart.

    Raises:
        SourceError: it is malformed, as when a password holds `@`, `/` or `:` that are not percent-encoded.
    """
    parts = _split(url)
    options = parse_qsl(parts.query, keep_blank_values=True)
    schema = next((value for key, value in options if key == "schema"), None)
    passed = [(key, value) for key, value in options if key != "schema"]
    if all(key != "connect_timeout" for key, _ in passed):
        passed.append(("connect_timeout", _CONNECT_SECONDS))
    shown = [(key, value) for key, value in options if key not in _SECRETS]
    secrets = [value for key, value in options if key in _SECRETS]
    if parts.password:
        secrets += [parts.password, unquote(parts.password)]
    host = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    name = parts._replace(scheme="postgresql", netloc=user + host, query=urlencode(shown)).geturl()
    libpq = parts._replace(scheme="postgresql", query=urlencode(passed)).geturl()
    return Address(name, libpq, schema or None, tuple(secret for secret in secrets if secret))


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # parsed on demand; raises where it is no number
    except ValueError:
        parts = None
    if parts is None or parts.netloc.count("@") > 1 or parts.fragment or "@" in parts.path:
        raise SourceError(
            "the postgresql:// address is malformed",
            hint=f"write it as {_FORM}, with special characters of the password percent-encoded (@ is %40)",
        )
    return parts
