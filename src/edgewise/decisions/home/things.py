"""A candidate of a draft as the thing that people see."""

from __future__ import annotations

from edgewise.decisions.asked import Asked
from edgewise.decisions.home.draft import Draft
from edgewise.decisions.home.nouns import Thing
from edgewise.decisions.words import reason

__all__ = ["thing_of", "titled"]


def thing_of(asked: Asked, draft: Draft, i: int, value: float, propensity: float, pinned: bool) -> Thing:
    """Candidate i of a draft, with its words."""
    item = int(draft.items[i])
    channel = draft.channels[draft.channel[i]] if draft.channels else ""
    led = asked.catalogue.kinds.get(draft.because_kind)
    known = led is not None and 0 <= draft.because[i] < len(led)  # a row that came since has no words yet
    because = (draft.because_kind, int(draft.because[i])) if known else None
    if draft.titles is not None:
        return Thing(draft.kind, item, draft.titles[i], value, f"{draft.title}.", channel, propensity=propensity)
    kind = asked.catalogue.kinds[draft.kind]
    why = reason(asked, kind, item, channel, because, draft.attribute)
    rule = _pin(asked, draft, item) if pinned else ""
    return Thing(
        draft.kind, item, kind.title(item), value, why, channel, because, draft.attribute, propensity, rule
    )  # fmt: skip


def titled(draft: Draft) -> str:
    """The title of a draft, its words filled in."""
    return (draft.entry.title or draft.title).format_map(_Words(draft.words))


class _Words(dict[str, str]):
    """Words for a title; a place that has none stays as it is written."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _pin(asked: Asked, draft: Draft, item: int) -> str:
    pins = asked.surfaces.rules.of(draft.kind).pins
    return next((p.name for p in pins if p.shelf == draft.entry.shelf and item in p.rows), "")
