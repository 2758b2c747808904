"""What the lists of a week will be: their names and what they start from, found out once a week."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from edgewise.clock import DAY
from edgewise.decisions.asked import Asked
from edgewise.decisions.catalogue.kind import Kind
from edgewise.decisions.draws import draw
from edgewise.decisions.people import Feedback
from edgewise.decisions.playlists.cluster import clusters, vectors
from edgewise.decisions.playlists.week import Outline, monday
from edgewise.decisions.project.file import ListsEntry

__all__ = ["as_of_monday", "outlines"]

#: How much of a past is parted into mixes.
_READ: Final = 120
#: A mix is named by one category that has this share of it, otherwise by two.
_MOSTLY: Final = 0.6
_TITLES: Final = {"new_to_you": "New to you", "on_repeat": "On repeat", "new_releases": "New releases for you"}


def as_of_monday(asked: Asked, kind: str) -> Asked:
    """The same request as of Monday, when the week's lists were made; of today for those who came since."""
    person = replace(asked.person, session=(), searches=(), feedback=Feedback())
    for moment in (monday(asked.at), asked.at // DAY * DAY):
        then = Asked(asked.answers, asked.surfaces, person, moment, asked.random_seed)
        if then.personal(kind):
            return then
    return then


def outlines(asked: Asked) -> tuple[Outline, ...]:
    """The person's lists of this week; none where the project has no playlists."""
    entry = asked.catalogue.project.surfaces.playlists
    if entry is None or not asked.answers_for(entry.kind):
        return ()
    then = as_of_monday(asked, entry.kind)
    key = (asked.person.name, then.at, asked.random_seed)
    kept = asked.surfaces.weekly.get(key)
    if kept is None:
        kept = tuple(_outlined(then, entry))
        asked.surfaces.weekly.keep(key, kept)
    return kept


def _outlined(then: Asked, entry: ListsEntry) -> list[Outline]:
    kind = then.catalogue.kinds[entry.kind]
    none = np.zeros(0, dtype=np.int64)
    found: list[Outline] = []
    for name in entry.lists:
        if name == "mixes":
            found += _mixes(then, kind, entry.mixes)
        elif name == "new_to_you" or then.personal(entry.kind) or name == "new_releases":
            about = {
                "new_to_you": f"{kind.many.capitalize()} that you have not met yet.",
                "on_repeat": f"What you {kind.entry.did} lately.",
                "new_releases": "What came out in the last weeks.",
            }[name]
            found.append(Outline(name.replace("_", "-"), name, _TITLES[name], about, none))
    return found


def _mixes(then: Asked, kind: Kind, most: int) -> list[Outline]:
    taste = then.taste(kind.name)
    items, weight = taste.items[:_READ], taste.weight[:_READ]
    if len(items) == 0:
        return []
    chance = draw(then.random_seed, then.person.name, then.at // DAY)
    found: list[Outline] = []
    for number, group in enumerate(clusters(vectors(kind, items), weight, most, chance), start=1):
        mine = items[group[np.argsort(-weight[group], kind="stable")]]
        title, about = _called(kind, mine, [o.title for o in found])
        found.append(Outline(f"mix-{number}", "mixes", title, about, mine))
    return found


def _called(kind: Kind, items: np.ndarray, taken: list[str]) -> tuple[str, str]:
    """A mix by what is in it: its categories, and creators where another mix has the same name already."""
    labels, shares = _shares(kind.category.codes[items])
    creators, _ = _shares(kind.creator.codes[items])
    who = [kind.creator.label(c) for c in creators[:3]]
    about = f"With {_and(who)}, and what is like them." if who else f"Around {kind.title(int(items[0]))}."
    if len(labels) == 0:
        title = f"Mix with {who[0]}" if who else f"Mix around {kind.title(int(items[0]))}"
    else:
        named = labels[:1] if len(labels) < 2 or shares[0] >= _MOSTLY else labels[:2]
        title = f"{' & '.join(kind.category.label(c) for c in named)} mix"
        title = title[0].upper() + title[1:]
    if title in taken and who:
        title = f"{title} with {who[0]}"
    return title, about


def _shares(codes: np.ndarray) -> tuple[list[int], list[float]]:
    known, counts = np.unique(codes[codes >= 0], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return known[order].tolist(), (counts[order] / max(len(codes), 1)).tolist()


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
