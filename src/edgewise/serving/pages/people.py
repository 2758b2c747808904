"""Picking a user by key: search, chance, and a key for somebody new."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import Any, Final

import numpy as np

from edgewise.ids import MISSING
from edgewise.serving.live import Live

__all__ = ["People"]

_MODELS: Final = 4
_TRIES: Final = 50


class People:
    """The keys of the users that models were made from; asked on the engine's thread."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, list[Any]] = OrderedDict()

    def found(self, live: Live, text: str, most: int = 12) -> list[str]:
        """Keys that hold a text, those that begin with it first; a user who was deleted is not among them."""
        text = text.strip().casefold()
        keys = [str(key) for key in self._known(live)]
        begins = [key for key in keys if key.casefold().startswith(text)]
        holds = [key for key in keys if text in key.casefold() and not key.casefold().startswith(text)]
        named = sorted(begins, key=lambda key: (len(key), key)) + holds
        return [key for key in named[: most * 4] if live.keys.row(live.users, key) != MISSING][:most]

    def any(self, live: Live) -> str:
        """A user drawn by chance; "" where there is none."""
        keys = self._known(live)
        for _ in range(_TRIES if keys else 0):
            key = str(secrets.choice(keys))
            if live.keys.row(live.users, key) != MISSING:
                return key
        return ""

    def new(self, live: Live) -> str:
        """A key that nobody has, of the kind that the keys are."""
        keys = self._known(live)
        if keys and all(isinstance(key, int) for key in keys):
            key = max(keys) + 1
            while live.keys.row(live.users, key) != MISSING:
                key += 1
            return str(key)
        number = 1
        while live.keys.row(live.users, f"new-{number}") != MISSING:
            number += 1
        return f"new-{number}"

    def _known(self, live: Live) -> list[Any]:
        if live.version not in self._keys:
            rows = np.arange(live.schema.table(live.users).rows, dtype=np.int64)
            self._keys[live.version] = [key for key in live.keys.keys(live.users, rows) if key is not None]
            if len(self._keys) > _MODELS:
                self._keys.popitem(last=False)
        return self._keys[live.version]
