"""The files of items that few have met, in a snapshot: what items are like, and who is new among them."""

from __future__ import annotations

from typing import Any, Final

from edgewise.models.candidates.evidence import Content, Meetings
from edgewise.models.candidates.shelf import Shelf
from edgewise.prediction.online.arrays import Folder, arrays_of
from edgewise.prediction.online.world import WorldData

__all__ = ["read_newcomers", "write_newcomers"]

_CONTENT: Final = ("indptr", "values", "worth", "source_of", "listed")


def write_newcomers(shelf: Folder, folder: str, world: WorldData) -> dict[str, Any] | None:
    """Write a world's newcomers; None where it has none."""
    content = world.content
    if content is None or world.shelf is None:
        return None
    said = [shelf.put_all(f"{folder}/said/{n:03d}", arrays_of(one)) for n, one in enumerate(content.said)]
    return {
        "shelf": shelf.put_all(f"{folder}/shelf", arrays_of(world.shelf)),
        "content": shelf.put_all(f"{folder}/content", {name: getattr(content, name) for name in _CONTENT}),
        "names": list(content.names),
        "said": said,
        "said_of": list(content.said_of),
        "said_names": list(content.said_names),
    }


def read_newcomers(shelf: Folder, found: dict[str, Any] | None) -> dict[str, Any]:
    """Read what `write_newcomers` wrote, as fields of a world."""
    if found is None:
        return {}
    content = Content(
        **shelf.arrays(found["content"]),
        names=tuple(found["names"]),
        said=tuple(Meetings(**shelf.arrays(files)) for files in found["said"]),
        said_of=tuple(found["said_of"]),
        said_names=tuple(found["said_names"]),
    )
    return {"content": content, "shelf": Shelf(**shelf.arrays(found["shelf"]))}
