"""The shelves of a project that names none: all that make sense for its things."""

from __future__ import annotations

from collections.abc import Iterator

from edgewise.decisions.project.file import ProjectFile, ShelfEntry

__all__ = ["default_shelves"]


def default_shelves(project: ProjectFile) -> list[ShelfEntry]:
    """Every kind of shelf for every kind of things that has what the shelf needs."""
    found: list[ShelfEntry] = []
    for kind in project.items:
        found += _of_kind(project, kind)
    found += [ShelfEntry(shelf="collections", kind=name) for name in project.collections]
    playlists = project.surfaces.playlists
    if playlists is not None:
        found.append(ShelfEntry(shelf="mixes", kind=playlists.kind))
    return found


def _of_kind(project: ProjectFile, kind: str) -> Iterator[ShelfEntry]:
    entry = project.items[kind]
    yield ShelfEntry(shelf="for_you", kind=kind)
    if entry.did != "followed":  # what is followed once is followed for good
        yield ShelfEntry(shelf="again", kind=kind)
    yield ShelfEntry(shelf="because", kind=kind, most=2)
    if entry.did == "bought":
        yield ShelfEntry(shelf="together", kind=kind)
    yield ShelfEntry(shelf="searched", kind=kind)
    if entry.released is not None:
        yield ShelfEntry(shelf="new", kind=kind)
        if entry.creator is not None:
            yield ShelfEntry(shelf="new_from", kind=kind)
    if entry.category is not None:
        yield ShelfEntry(shelf="more", kind=kind, most=3)
    yield ShelfEntry(shelf="popular", kind=kind)
    main = next(iter(project.items))  # the first kind is what people mostly come for
    if main != kind:
        yield ShelfEntry(shelf="across", kind=kind, source=main)
