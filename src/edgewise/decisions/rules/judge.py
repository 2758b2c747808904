"""Rules applied: which things may be shown to whom, and what counts more. The same function in batch and live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int16, Int64

from edgewise.clock import NEVER
from edgewise.decisions.people import Person
from edgewise.decisions.rules.compile import Exclude, KindRules, Rules
from edgewise.prediction.nouns import Past

__all__ = ["HIDDEN", "UNRELEASED", "Met", "People", "Verdict", "judge", "one_person"]

#: The name of the rule that a person makes by hiding a thing.
HIDDEN: Final = "hidden by the person"
#: The rule that nothing is shown before it is out.
UNRELEASED: Final = "not out yet"


class Met(NamedTuple):
    """Which things of a kind were met, by whom (a position in `People`), when."""

    owner: Int64[np.ndarray, " n"]
    items: Int64[np.ndarray, " n"]
    at: Int64[np.ndarray, " n"]

    @staticmethod
    def nothing() -> Met:
        """Nobody met anything."""
        none = np.zeros(0, dtype=np.int64)
        return Met(none, none, none)


@dataclass(frozen=True, slots=True)
class People:
    """n people as rules see them. Ages in years, NaN where unknown; regions None where unknown.

    `taken`, `shown` and `hidden` are by kind of things.
    """

    age: Float32[np.ndarray, " n"]
    region: Sequence[str | None]
    taken: Mapping[str, Met] = field(default_factory=dict)
    shown: Mapping[str, Met] = field(default_factory=dict)
    hidden: Mapping[str, Met] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """For each candidate: `by` is the position in `names` of the first rule that removes it, -1 where none does;
    `times` is what its value is multiplied by.
    """

    names: tuple[str, ...]
    by: Int16[np.ndarray, " n"]
    times: Float32[np.ndarray, " n"]

    @property
    def kept(self) -> Bool[np.ndarray, " n"]:
        """Which candidates may be shown."""
        return self.by < 0


def one_person(person: Person, taken: Mapping[str, Past]) -> People:
    """A single person, with what they took by kind."""

    def met(past: Past) -> Met:
        return Met(np.zeros(len(past.items), dtype=np.int64), past.items, past.at)

    hidden = {}
    for kind, rows in person.feedback.hidden.items():
        items = np.array(rows, dtype=np.int64)
        hidden[kind] = Met(np.zeros(len(items), dtype=np.int64), items, np.zeros(len(items), dtype=np.int64))
    return People(
        age=np.array([person.age], dtype=np.float32),
        region=(person.region,),
        taken={kind: met(past) for kind, past in taken.items()},
        shown={kind: met(past) for kind, past in person.shown.items()},
        hidden=hidden,
    )


def judge(
    rules: Rules,
    kind: str,
    items: Int64[np.ndarray, " n"],
    owner: Int64[np.ndarray, " n"],
    people: People,
    at: int | Int64[np.ndarray, " people"],
    *,
    shelf: Sequence[str] = ("for_you",),
    shelf_of: Int64[np.ndarray, " n"] | None = None,
    soft: bool = True,
) -> Verdict:
    """What the rules say about candidates of one kind.

    Args:
        rules: see `compile_rules`.
        items: the candidates, row ids of the kind's table.
        owner: whose candidate each is, a position in `people`.
        at: the moment, one for all or one a person.
        shelf: kinds of shelves, and `shelf_of` which of them each candidate is for (by default the first).
        soft: whether to apply the rules that only keep things from coming too often (exclude). They give way
            where a page would be empty; the others never do.
    """
    own = rules.of(kind)
    by = np.full(len(items), -1, dtype=np.int16)
    times = np.ones(len(items), dtype=np.float32)
    names: list[str] = []

    def remove(name: str, gone: Bool[np.ndarray, " n"]) -> None:
        by[gone & (by < 0)] = len(names)
        names.append(name)

    if kind in people.hidden:
        remove(HIDDEN, _among(items, owner, people.hidden[kind]))
    if own.released is not None:
        out = own.released[items]
        now = at if isinstance(at, (int, np.integer)) else at[owner]
        remove(UNRELEASED, (out > now) & (out != NEVER))
    for mask in own.masks:
        remove(mask.name, ~mask.keep[items])
    for age in own.ages:
        least = age.least[items]
        remove(age.name, ~(np.isnan(least) | (people.age[owner] >= least)))
    for region in own.regions:
        remove(region.name, ~_there(region.everywhere, region.within, items, owner, people.region))
    if soft:
        for exclude in own.excludes:
            about = np.array([exclude.about(s) for s in shelf], dtype=bool)
            gone = _lately(exclude, kind, items, owner, people, at)
            remove(exclude.name, gone & (about[shelf_of] if shelf_of is not None else about[0]))
    _boost(own, items, times)
    return Verdict(tuple(names), by, times)


def _boost(own: KindRules, items: np.ndarray, times: np.ndarray) -> None:
    for boost in own.boosts:
        times[boost.where[items]] *= boost.by


def _lately(
    exclude: Exclude, kind: str, items: np.ndarray, owner: np.ndarray, people: People, at: int | np.ndarray
) -> Bool[np.ndarray, " n"]:
    met = (people.taken if exclude.taken else people.shown).get(kind, Met.nothing())
    now = at if isinstance(at, (int, np.integer)) else at[met.owner]
    recent = (met.at > now - exclude.micros) & (met.at <= now)
    return _among(items, owner, Met(met.owner[recent], met.items[recent], met.at[recent]))


def _among(items: np.ndarray, owner: np.ndarray, met: Met) -> Bool[np.ndarray, " n"]:
    """Whether each (owner, item) pair is among those met."""
    if len(met.items) == 0:
        return np.zeros(len(items), dtype=bool)
    width = max(int(items.max(initial=0)), int(met.items.max())) + 1
    keys = np.sort(met.owner * width + met.items)
    wanted = owner * width + items
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return keys[place] == wanted


def _there(
    everywhere: np.ndarray,
    within: Mapping[str, np.ndarray],
    items: np.ndarray,
    owner: np.ndarray,
    regions: Sequence[str | None],
) -> Bool[np.ndarray, " n"]:
    shown = everywhere[items]
    for name in {r for r in regions if r is not None} & set(within):
        mine = np.array([r == name for r in regions], dtype=bool)[owner]
        shown = shown | (mine & within[name][items])
    return shown
