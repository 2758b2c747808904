"""What the service is asked, as data: it is answered here, or goes to another process and is answered there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final, NamedTuple, Protocol, TypeVar

from edgewise.prediction.nouns import Likeness
from edgewise.serving.answers import HomePage, PlaylistPage, ThingList
from edgewise.serving.compose import Composer, dump, exposures_of
from edgewise.serving.desk import ListRows, PageRows
from edgewise.serving.exposures import Exposures

__all__ = ["Alike", "Answer", "Asked", "Best", "Found", "Home", "Made", "Playlists", "made", "popular_page"]

_SHELF: Final = 12

#: A body that may be the answer.
Answer = HomePage | ThingList | PlaylistPage
A_co = TypeVar("A_co", HomePage, ThingList, PlaylistPage, covariant=True)


class Made(NamedTuple):
    """An answer as it goes out, and what it shows as the exposure log has it."""

    text: bytes
    shown: Exposures


class Asked(Protocol[A_co]):
    """A question. `words` name it in the cache, beside the user; `body` is what answers it."""

    surface: ClassVar[str]
    body: ClassVar[type]

    @property
    def words(self) -> tuple[str, ...]:
        """What is asked for."""

    def of(self, composer: Composer) -> A_co:
        """The answer."""

    def popular(self, composer: Composer, row: int) -> A_co | None:
        """What is popular in the segment of a row, with everybody where it is MISSING; None where that is none."""


@dataclass(frozen=True, slots=True)
class Home:
    """A page."""

    surface: ClassVar[str] = "home"
    body: ClassVar[type] = HomePage

    @property
    def words(self) -> tuple[str, ...]:
        """There is one."""
        return ("home",)

    def of(self, composer: Composer) -> HomePage:
        """The user's page."""
        return composer.page(composer.live.desk.home(composer.ask))

    def popular(self, composer: Composer, row: int) -> HomePage:
        """A shelf a kind."""
        return composer.page(popular_page(composer, row))


@dataclass(frozen=True, slots=True)
class Playlists:
    """The playlists of a user."""

    surface: ClassVar[str] = "playlists"
    body: ClassVar[type] = PlaylistPage

    @property
    def words(self) -> tuple[str, ...]:
        """All of them."""
        return ("playlists",)

    def of(self, composer: Composer) -> PlaylistPage:
        """The user's playlists."""
        return composer.playlists(composer.live.desk.playlists(composer.ask))

    def popular(self, composer: Composer, row: int) -> PlaylistPage:
        """A list a kind."""
        return composer.playlists(popular_page(composer, row))


class _List:
    """A list of one kind, that popular things of it stand in for."""

    __slots__ = ()
    body: ClassVar[type] = ThingList
    kind: str
    k: int

    def popular(self, composer: Composer, row: int) -> ThingList | None:
        """As many popular things."""
        ask = replace(composer.ask, row=row)
        return composer.thing_list(self.kind, composer.live.desk.segment(ask, self.kind, self.k))


@dataclass(frozen=True, slots=True)
class Best(_List):
    """The k best things of a kind; `session` has the keys of what the ask's session met."""

    surface: ClassVar[str] = "recommendations"
    kind: str
    k: int
    session: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The kind, how many, and the session."""
        return ("list", self.kind, str(self.k), *self.session)

    def of(self, composer: Composer) -> ThingList:
        """For the user, or to go with the session."""
        return composer.thing_list(self.kind, composer.live.desk.recommend(composer.ask, self.kind, self.k))


@dataclass(frozen=True, slots=True)
class Alike(_List):
    """The k things of a kind that are most like one, by row id."""

    surface: ClassVar[str] = "similar"
    kind: str
    item: int
    k: int
    how: Likeness
    key: str

    @property
    def words(self) -> tuple[str, ...]:
        """The kind, how many, and like what."""
        return ("list", self.kind, str(self.k), self.how, self.key)

    def of(self, composer: Composer) -> ThingList:
        """Those that are."""
        rows = composer.live.desk.similar(composer.ask, self.kind, self.item, self.k, self.how)
        return composer.thing_list(self.kind, rows)


@dataclass(frozen=True, slots=True)
class Found(_List):
    """What a text names, of one kind or of all. A search finds or it does not: nothing popular stands in."""

    surface: ClassVar[str] = "search"
    text: str
    kind: str
    k: int

    @property
    def words(self) -> tuple[str, ...]:
        """The text, the kind, how many."""
        return ("search", self.text, self.kind, str(self.k))

    def of(self, composer: Composer) -> ThingList:
        """What is found."""
        rows = composer.live.desk.search(composer.ask, self.text, self.kind or None, self.k)
        return composer.thing_list(self.kind, rows)

    def popular(self, composer: Composer, row: int) -> None:
        """Nothing."""
        return


def made(answer: Answer, surface: str) -> Made:
    """An answer, ready to go out."""
    return Made(dump(answer), exposures_of(answer, surface))


def popular_page(composer: Composer, row: int) -> PageRows:
    """A page of what is popular: a shelf a kind."""
    ask = replace(composer.ask, row=row)
    lists = []
    for kind in composer.live.kinds:
        rows = composer.live.desk.segment(ask, kind, _SHELF)
        if rows:
            lists.append(ListRows(f"popular-{kind}", f"Popular {kind.replace('_', ' ')}", kind, rows))
    return PageRows(lists)
