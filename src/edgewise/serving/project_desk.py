"""Pages and lists as a project file says: the surfaces of `decisions`, asked by the service.

What a person said (more, less, hide), searched for and was shown is kept here, by the key they came with, for the
people who were here last.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, get_args

import numpy as np

from edgewise.decisions.home.nouns import Thing
from edgewise.decisions.home.page import home
from edgewise.decisions.people import Feedback, Person, Word
from edgewise.decisions.playlists.curated import curated
from edgewise.decisions.project.rules import ExcludeEntry
from edgewise.decisions.recommend.lists import (
    for_basket,
    for_person,
    for_text,
    like_thing,
    popular_things,
    why,
)
from edgewise.decisions.surfaces import Surfaces
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Answers, Event, Likeness, Past
from edgewise.serving.desk import Ask, ListRows, PageRows, Row, Why, explored
from edgewise.serving.exploration import Exploration
from edgewise.serving.live import FEEDBACK, Keys
from edgewise.serving.renewal import LiveSurfaces
from edgewise.serving.verbs import search_of

__all__ = ["ProjectDesk"]

_PEOPLE: Final = 50_000
_SEARCHES: Final = 5
_SHOWN: Final = 200


@dataclass(slots=True)
class _Known:
    """What is remembered of a person beside their past."""

    feedback: Feedback = field(default_factory=Feedback)
    searches: tuple[str, ...] = ()
    shown: dict[str, Past] = field(default_factory=dict)


class ProjectDesk:
    """See `desk.Desk`. Not for several threads at once: the engine's one thread asks."""

    def __init__(
        self,
        answers: Answers,
        surfaces: Surfaces | LiveSurfaces,
        keys: Keys,
        exploration: Exploration | None = None,
    ) -> None:
        self._answers = answers
        self._live = surfaces if isinstance(surfaces, LiveSurfaces) else LiveSurfaces(surfaces)
        surfaces = self._live.settle()
        self._keys = keys
        self._explore = exploration or Exploration(epsilon=0.0)
        self._known: OrderedDict[str, _Known] = OrderedDict()
        project = surfaces.catalogue.project
        self._searches = search_of(surfaces.catalogue.schema, project.people.table)
        self._keeps_shown = any(isinstance(r, ExcludeEntry) and r.what == "shown" for r in project.rules)

    @property
    def hears(self) -> frozenset[str]:
        """The tables whose rows change what can be shown, and that of the searches: a kept state knows neither."""
        return self._live.hears | ({self._searches.table} if self._searches is not None else set())

    @property
    def offers(self) -> tuple[str, ...]:
        """What the model ranks, and the collections."""
        catalogue = self._live.now().catalogue
        return (*self._answers.kinds, *(c for c in catalogue.collections if c not in self._answers.kinds))

    @property
    def _surfaces(self) -> Surfaces:
        return self._live.now()

    def title(self, kind: str, row: int) -> str | None:
        """How a thing is shown."""
        known = self._surfaces.catalogue.kinds.get(kind)
        return known.title(row) or None if known is not None and 0 <= row < len(known) else None

    def creator(self, kind: str, row: int) -> str:
        """Who made a thing, as the project says."""
        known = self._surfaces.catalogue.kinds.get(kind)
        return known.creator.label(int(known.creator.codes[row])) if known and 0 <= row < len(known) else ""

    def home(self, ask: Ask) -> PageRows:
        """The page of `decisions.home`, which explores by itself: about `epsilon` of its shelves show one thing
        by chance where the project says nothing else.
        """
        things = self._surfaces.catalogue.project.surfaces.home.things
        page = home(
            self._answers, self._surfaces, self._person(ask), ask.at, explore=self._explore.epsilon / things
        )
        lists = [
            ListRows(f"{s.shelf}-{s.kind}-{i}", s.title, s.kind, _rows(s.things))
            for i, s in enumerate(page.shelves)
        ]
        if self._keeps_shown and not ask.look:
            self._note_shown(ask, (thing for shelf in page.shelves for thing in shelf.things))
        return PageRows(lists, [str(emptied) for emptied in page.report.emptied])

    def recommend(self, ask: Ask, kind: str, k: int) -> Sequence[Row]:
        """The list of `decisions.recommend`, explored a little."""
        basket = np.array([row for table, row in ask.session if table == kind], dtype=np.int64)
        person, wanted = self._person(ask), k + self._explore.reserve
        if len(basket):
            found = for_basket(self._answers, self._surfaces, person, kind, basket, ask.at, wanted)
        else:
            found = for_person(self._answers, self._surfaces, person, kind, ask.at, wanted)
        pinned = sum(1 for thing in found.things if thing.pinned)
        return explored(_rows(found.things), k, self._explore, f"{ask.exposure}/{kind}", pinned)

    def segment(self, ask: Ask, kind: str, k: int) -> Sequence[Row]:
        """What is popular, among people like the person where one is known; under the rules."""
        return _rows(popular_things(self._answers, self._surfaces, self._person(ask), kind, ask.at, k).things)

    def similar(self, ask: Ask, kind: str, item: int, k: int, how: Likeness) -> Sequence[Row]:
        """The k things most like one, under the rules."""
        person = self._person(ask)
        return _ordered(like_thing(self._answers, self._surfaces, person, kind, item, ask.at, k, how).things)

    def playlists(self, ask: Ask) -> PageRows:
        """The curated lists of the person's week."""
        made = curated(self._answers, self._surfaces, self._person(ask), ask.at)
        return PageRows([ListRows(one.name, one.title, one.kind, _ordered(one.things)) for one in made])

    def search(self, ask: Ask, text: str, kind: str | None, k: int) -> Sequence[Row]:
        """What a text finds."""
        found = for_text(self._answers, self._surfaces, self._person(ask), text, ask.at, k, kind)
        return _ordered(found.things)

    def why(self, ask: Ask, kind: str, item: int) -> Why:
        """Why a thing is proposed, in the words of the page; when it was met itself, that comes first."""
        thing = why(self._answers, self._surfaces, self._person(ask), kind, item, ask.at)
        met = self._met(ask, kind, item)
        because = [] if met is None else [(kind, item, met)]
        if thing.because is not None and thing.because != (kind, item):
            led = self._met(ask, *thing.because)
            because.append((*thing.because, ask.at if led is None else led))
        return Why(thing.reason, thing.channel, because)

    def _met(self, ask: Ask, kind: str, item: int) -> int | None:
        """When the person last met a thing; None for never, and for kinds that nobody meets."""
        if ask.row == MISSING or kind not in self._answers.kinds:
            return None
        past = self._answers.past(kind, ask.row, ask.at, 500)
        met = np.flatnonzero(past.items == item)
        return int(past.at[met[0]]) if len(met) else None

    def searched(self, user: str, text: str) -> None:
        """The person's next page knows of it."""
        known = self._of(user)
        known.searches = (text, *(t for t in known.searches if t != text))[:_SEARCHES]

    def observe(self, event: Event) -> None:
        """Hear what a person says about a thing, and what they search for."""
        values = event.values
        self._live.hear(event)
        if event.table == FEEDBACK:
            self._hear(str(values["user"]), values)
        elif self._searches is not None and event.table == self._searches.table:
            user, text = values.get(self._searches.user), values.get(self._searches.text)
            if user is not None and isinstance(text, str) and text.strip():
                self.searched(str(user), text)

    def heard(self) -> None:
        """Begin to take in the things that came, before anybody asks."""
        self._live.begin()

    def forget(self, user: str) -> None:
        """Drop what a person said and was shown."""
        self._known.pop(user, None)

    def _hear(self, user: str, values: Any) -> None:
        word, kind = values["word"], values["kind"]
        row = self._keys.row(kind, values["item"])
        if word in get_args(Word) and row != MISSING:
            known = self._of(user)
            known.feedback = known.feedback.said(word, kind, row)

    def _person(self, ask: Ask) -> Person:
        known = self._known.get(ask.user) or _Known()
        digest = hashlib.blake2b(ask.user.encode("utf-8", "replace"), digest_size=6).digest()
        return self._surfaces.catalogue.person(
            ask.row, name=int.from_bytes(digest, "little"), session=tuple(ask.session), searches=known.searches,
            shown=known.shown, feedback=known.feedback,
        )  # fmt: skip

    def _of(self, user: str) -> _Known:
        """What is known of a person, made anew for those who come first."""
        known = self._known.setdefault(user, _Known())
        self._known.move_to_end(user)
        if len(self._known) > _PEOPLE:
            self._known.popitem(last=False)
        return known

    def _note_shown(self, ask: Ask, things: Iterable[Thing]) -> None:
        if not ask.user:
            return
        known = self._of(ask.user)
        by_kind: dict[str, list[int]] = {}
        for thing in things:
            by_kind.setdefault(thing.kind, []).append(thing.item)
        for kind, rows in by_kind.items():
            items = np.array(rows, dtype=np.int64)
            before = known.shown.get(kind)
            at = np.full(len(items), ask.at, dtype=np.int64)
            if before is not None:
                items, at = np.concatenate([items, before.items]), np.concatenate([at, before.at])
            first = np.sort(np.unique(items, return_index=True)[1])[:_SHOWN]
            known.shown[kind] = Past(items[first], at[first])


def _rows(things: Iterable[Thing]) -> list[Row]:
    return [
        Row(
            t.kind, t.item, t.value, t.value, t.channel, MISSING if t.because is None else t.because[1],
            "" if t.because is None else t.because[0], t.propensity, t.reason, t.title,
        )
        for t in things
    ]  # fmt: skip


def _ordered(things: Iterable[Thing]) -> list[Row]:
    """Rows of things whose values order them and are no probabilities."""
    return [row._replace(value=float("nan")) for row in _rows(things)]
