"""The decisions in a folder, read once for as long as they stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from edgewise.clock import iso
from edgewise.decisions.decided.folder import MANIFEST, read_decided, read_said
from edgewise.decisions.decided.nouns import Decided
from edgewise.errors import UserError
from edgewise.serving.envelope import Refusal
from edgewise.serving.pages.decided.nouns import DECISIONS

__all__ = ["Held", "held_in", "named"]

_MOST: Final = 40


@dataclass(frozen=True, slots=True)
class Held:
    """A decision by the name of its folder; `decided` is None, and `wrong` says why, where it cannot be read.

    `version` is another one whenever something else was written there.
    """

    name: str
    decided: Decided | None
    wrong: str = ""
    version: str = ""

    @property
    def at(self) -> str:
        """When it was made: the last moment that it knew."""
        return "" if self.decided is None else iso(self.decided.at)


def held_in(folder: Path | None) -> Sequence[Held]:
    """The decisions in a folder, those written last first, without their tables."""
    return [_read(path, _said) for path in _latest(folder)]


def named(folder: Path | None, name: str) -> Held:
    """A decision by the name of its folder; the latest of a kind by the name of the kind.

    Raises:
        Refusal: there is none.
    """
    places = _latest(folder)
    for path in places:
        if path.name == name:
            return _read(path, _whole)
    for path in places:
        found = _read(path, _said)
        if found.decided is not None and found.decided.decision == name:
            return _read(path, _whole)
    if name in DECISIONS:
        where = f"{folder}/{name}" if folder is not None else f"decided/{name}"
        raise Refusal(
            404, f"nothing was decided about '{name}' yet", hint=f"edgewise {name} PROJECT --out {where}",
            place="path.name",
        )  # fmt: skip
    raise Refusal(404, f"there is no decision '{name[:100]}'", place="path.name", hint="/decisions lists them")


def _latest(folder: Path | None) -> list[Path]:
    if folder is None or not folder.is_dir():
        return []
    found = [(-manifest.stat().st_mtime_ns, manifest.parent) for manifest in folder.glob(f"*/{MANIFEST}")]
    return [place for _, place in sorted(found)][:_MOST]


def _read(place: Path, reading: Callable[[Path, int], Held]) -> Held:
    try:
        return reading(place, (place / MANIFEST).stat().st_mtime_ns)
    except OSError as error:  # replaced this very moment
        return Held(place.name, None, f"it cannot be read: {error.strerror}")


@lru_cache(maxsize=2 * _MOST)
def _said(place: Path, written: int) -> Held:
    return _held(place, read_said, written)


@lru_cache(maxsize=4)
def _whole(place: Path, written: int) -> Held:
    return _held(place, read_decided, written)


def _held(place: Path, read: Callable[[Path], Decided], written: int) -> Held:
    try:
        return Held(place.name, read(place), version=f"{place}@{written}")
    except UserError as error:
        return Held(place.name, None, error.message)
