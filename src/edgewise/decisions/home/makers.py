"""Which function makes which kind of shelf."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from edgewise.decisions.asked import Asked
from edgewise.decisions.home import further, shelves
from edgewise.decisions.home.draft import Draft
from edgewise.decisions.project.file import ShelfEntry

__all__ = ["MAKERS", "Maker"]

Maker = Callable[[Asked, ShelfEntry], Iterator[Draft]]

MAKERS: Final[Mapping[str, Maker]] = {
    "for_you": shelves.for_you,
    "because": shelves.because,
    "again": shelves.again,
    "back": shelves.back,
    "new": shelves.new,
    "new_from": shelves.new_from,
    "more": shelves.more,
    "popular": shelves.popular,
    "together": shelves.together,
    "across": further.across,
    "collections": further.collections,
    "inside": further.inside,
    "mixes": further.mixes,
    "searched": further.searched,
}
