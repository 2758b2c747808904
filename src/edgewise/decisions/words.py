"""Why a thing is shown, in one sentence, out of evidence that is looked up and not guessed."""

from __future__ import annotations

from typing import Final

from edgewise.clock import DAY
from edgewise.decisions.asked import Asked
from edgewise.decisions.catalogue.kind import Kind
from edgewise.decisions.taste import Taste
from edgewise.ids import MISSING

__all__ = ["ago", "reason"]

#: Shares of taste below this are not worth a word.
_SHARE: Final = 0.05
#: Channels that start from something else than the person's past with the thing itself.
_OTHERS: Final = ("similar", "taken together", "taken instead", "searched", "new", "new from a creator", "popular")
#: Channels of what the person met before, however long ago.
_AGAIN: Final = ("taken before", "met lately", "own items")
#: Channels that say more than what they started from.
_OWN: Final = ("new from a creator",)


def reason(
    asked: Asked,
    kind: Kind,
    item: int,
    channel: str,
    because: tuple[str, int] | None,
    attribute: tuple[str, str] | None,
) -> str:
    """One sentence on why `item` is shown: what led to it first, then what is true of it and the person."""
    met = asked.met(kind.name)[item] > 0
    if channel in _AGAIN or (met and channel not in _OTHERS):
        return f"You {kind.entry.did} it {_when(asked, kind, item)}."
    if channel == "content":
        return _inside(asked, because)
    if (
        channel not in _OWN
        and because is not None
        and because[1] != MISSING
        and because[0] in asked.catalogue.kinds
    ):
        return _led(asked, kind, item, channel, because)
    said = _said(asked, kind, item, channel)
    if said:
        return said
    if attribute is not None:
        return _shared(asked, kind, item, attribute)
    return _fit(asked, kind, item).strip() or f"Proposed by: {channel}."


def _said(asked: Asked, kind: Kind, item: int, channel: str) -> str:
    """What a channel says by itself; empty for one that says nothing."""
    if channel in ("new", "new from a creator"):
        who = f"New by {_creator(kind, item)}, out" if channel == "new from a creator" else "Out"
        fit = "" if channel == "new from a creator" else _fit(asked, kind, item)
        return f"{who} {ago(asked.at - int(kind.released[item]))}.{fit}"
    if channel == "popular":
        near = " with people like you" if asked.personal(kind.name) else " now"
        return f"Popular{near}.{_fit(asked, kind, item)}"
    return {
        "taken together": f"Goes with what you {kind.entry.did} last.",
        "across": "People take to it who like what you like.",
        "searched": f"Found by your search.{_fit(asked, kind, item)}",
    }.get(channel, "")


def ago(micros: int) -> str:
    """How long ago, in words."""
    days = micros // DAY
    for limit, text in ((1, "today"), (2, "yesterday"), (14, f"{days} days ago"), (60, f"{days // 7} weeks ago")):
        if days < limit:
            return text
    return f"{days // 30} months ago"


def _led(asked: Asked, kind: Kind, item: int, channel: str, because: tuple[str, int]) -> str:
    other = asked.catalogue.kinds[because[0]]
    title = other.title(because[1])
    if channel == "across":
        label = other.category.label(int(other.category.codes[because[1]]))
        return f"People who {other.entry.did} {label or title} take to it; you {other.entry.did} {title}."
    if channel == "taken together":
        known = asked.met(because[0])[because[1]] > 0
        which = f", which you {other.entry.did} {_when(asked, other, because[1])}" if known else ""
        return f"Goes with {title}{which}."
    if asked.met(because[0])[because[1]] > 0:
        return f"Because you {other.entry.did} {title}."
    return f"Because it is like {title}."


def _inside(asked: Asked, because: tuple[str, int] | None) -> str:
    """Of a collection: a thing in it that the person knows."""
    if because is None:
        known = any(asked.personal(c.kind) for c in asked.catalogue.collections.values())
        return "What is in it is near to your taste." if known else "Made of what is popular now."
    kind = asked.catalogue.kinds[because[0]]
    return f"It has {kind.title(because[1])}, which you {kind.entry.did} {_when(asked, kind, because[1])}."


def _shared(asked: Asked, kind: Kind, item: int, attribute: tuple[str, str]) -> str:
    by, label = attribute
    if by == "category":
        return _fit(asked, kind, item).strip() or f"It is {label}."
    if by in asked.catalogue.collections:
        return f"In {label}.{_fit(asked, kind, item)}"
    return f"More by {label}." if by == "creator" else f"More of {label}.{_fit(asked, kind, item)}"


def _fit(asked: Asked, kind: Kind, item: int) -> str:
    """What of the thing is to the person's taste, where anything is: ` 34% of what you … is jazz.`"""
    taste = asked.taste(kind.name)
    creator, category = int(kind.creator.codes[item]), int(kind.category.codes[item])
    if creator >= 0 and len(taste.creator) and taste.creator[creator] > 0:
        return f" By {kind.creator.label(creator)}, whom you know."
    return (
        "" if category < 0 else asked.once(("share", kind.name, category), lambda: _share(taste, kind, category))
    )


def _share(taste: Taste, kind: Kind, category: int) -> str:
    """How much of what they did lately is of a category, where that is worth a word."""
    if not len(taste.category) or taste.category[category] < _SHARE:
        return ""
    share, label = taste.category[category], kind.category.label(category)
    return f" {share:.0%} of what you {kind.entry.did} lately is {label}."


def _creator(kind: Kind, item: int) -> str:
    return kind.creator.label(int(kind.creator.codes[item])) or "a creator you know"


def _when(asked: Asked, kind: Kind, item: int) -> str:
    place = int(asked.met(kind.name)[item])
    return ago(asked.at - int(asked.past(kind.name).at[place - 1])) if place else "before"
