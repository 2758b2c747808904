"""The service without its wire: tenants, keys, limits, and one coroutine for each question."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from pydantic import TypeAdapter

from edgewise.ids import MISSING
from edgewise.prediction.nouns import Likeness
from edgewise.serving.access import Access, Caller, Scope
from edgewise.serving.answers import Explained, HomePage, PlaylistPage, Rung, ThingList
from edgewise.serving.asking import (
    Alike,
    Answer,
    Asked,
    Best,
    Found,
    Home,
    Made,
    Playlists,
    made,
    popular_page,
)
from edgewise.serving.compose import Composer, dump
from edgewise.serving.desk import Row, known_kind
from edgewise.serving.envelope import Refusal
from edgewise.serving.ladder import Answered, climb
from edgewise.serving.limits import RateLimit
from edgewise.serving.reading import Away
from edgewise.serving.tenant import Tenant

__all__ = ["MOST", "Question", "Service"]

_DEMO: Final = "demo"
#: Things of one answer at most.
MOST: Final = 100
#: Read answers that were kept as JSON.
_READERS: Final[dict[type, TypeAdapter[Any]]] = {
    body: TypeAdapter(body) for body in (HomePage, ThingList, PlaylistPage)
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a tenant, and by whom."""

    tenant: Tenant
    composer: Composer
    asked: Asked[Any]

    @property
    def key(self) -> tuple[str, ...]:
        """Names the question in the cache: whose it is, and what."""
        return (self.composer.ask.user, *self.asked.words)

    async def personal(self, seconds: float) -> Made:
        """The best answer: a reader's, where one is ready, or this process's own.

        Raises:
            Overdue: the time is over.
        """
        end = time.monotonic() + seconds
        reader = None if self.tenant.readers is None else self.tenant.readers.of(self.composer)
        if reader is not None:
            with suppress(Away):
                return await reader.made(self.asked, self.composer, seconds)
        return await self.tenant.engine.within(end - time.monotonic(), self._here)

    def popular(self, row: int) -> Callable[[], Answer | None]:
        """Makes what is popular in the segment of a row."""
        return lambda: self.asked.popular(self.composer.as_of(self.tenant.latest), row)

    def _here(self) -> Made:
        return made(self.asked.of(self.composer.as_of(self.tenant.latest)), self.asked.surface)

    def earlier(self) -> Answer | None:
        """An earlier answer to the same question."""
        kept = self.tenant.cache.get(self.key)
        return None if kept is None else self._read(kept)

    def standing(self) -> Answer | None:
        """What is popular, as it is kept ready, made out to this user."""
        words = self.asked.words
        kept = self.tenant.ready.get(words[:2] if words[0] == "list" else words[:1])
        if kept is None:
            return None
        answer = self._read(kept)
        ask = self.composer.ask
        answer.exposure, answer.user, answer.known = ask.exposure, ask.user or None, ask.row != MISSING
        if isinstance(answer, ThingList):
            answer.things = answer.things[: int(words[2])]
        return answer

    def _read(self, kept: bytes) -> Answer:
        answer: Answer = _READERS[self.asked.body].validate_json(kept)
        return answer


@dataclass(slots=True)
class Service:
    """Tenants by name, and who may ask. Without `access` (a demo), everybody administers the first tenant."""

    tenants: Mapping[str, Tenant]
    access: Access | None
    limit: RateLimit

    def caller(self, key: str | None, address: str) -> Caller:
        """Who asks. Wrong keys are counted against the address they come from.

        Raises:
            Refusal: 401 or 429.
        """
        if self.access is None:
            caller = Caller(_DEMO, next(iter(self.tenants)), frozenset(Scope))
            self.limit.take(f"address {address}")
            return caller
        try:
            caller = self.access.caller(key)
        except Refusal:
            self.limit.take(f"address {address}", cost=5.0)
            raise
        self.limit.take(f"key {caller.name}")
        return caller

    def tenant(self, caller: Caller) -> Tenant:
        """The tenant that a caller belongs to.

        Raises:
            Refusal: 404 where this server does not have it, 503 while it is loading.
        """
        tenant = self.tenants.get(caller.tenant)
        if tenant is None:
            raise Refusal(404, "this server does not serve the tenant of this key")
        if not tenant.started:
            raise Refusal(503, "the service is starting", hint="try again in a moment", wait=1.0)
        return tenant

    async def home(self, tenant: Tenant, user: str) -> bytes:
        """A user's page, as JSON."""
        return await self._answer(Question(tenant, tenant.asks(user), Home()))

    async def playlists(self, tenant: Tenant, user: str) -> bytes:
        """A user's playlists, as JSON."""
        return await self._answer(Question(tenant, tenant.asks(user), Playlists()))

    async def recommend(
        self, tenant: Tenant, user: str, kind: str | None, k: int, session: tuple[str, ...] = ()
    ) -> bytes:
        """The best things of a kind for a user, or to go with a basket or an anonymous session, as JSON."""
        kind = known_kind(kind, tenant.models.now.current.desk.offers)
        composer = tenant.asks(user, [(kind, key) for key in session])
        return await self._answer(Question(tenant, composer, Best(kind, k, session)))

    async def similar(self, tenant: Tenant, kind: str | None, key: str, k: int, how: Likeness) -> bytes:
        """The things most like one, as JSON."""
        composer = tenant.asks("")
        kind = known_kind(kind, composer.live.kinds)
        return await self._answer(Question(tenant, composer, Alike(kind, _item(composer, kind, key), k, how, key)))

    async def search(self, tenant: Tenant, text: str, user: str, kind: str | None, k: int) -> bytes:
        """What a text names, as JSON."""
        composer = tenant.asks(user)
        wanted = known_kind(kind, composer.live.kinds) if kind is not None else ""
        if user:
            tenant.searched(user, text)
        return await self._answer(Question(tenant, composer, Found(text, wanted, k)))

    async def explain(self, tenant: Tenant, user: str, kind: str | None, key: str) -> Explained:
        """Why a thing is proposed to a user."""
        composer = tenant.asks(user)
        kind = known_kind(kind, composer.live.desk.offers)
        item = _item(composer, kind, key)

        def reason() -> Explained:
            now = composer.as_of(tenant.latest)
            return now.explained(kind, item, now.live.desk.why(now.ask, kind, item))

        return await tenant.engine.run(reason)

    async def refresh(self, tenant: Tenant) -> None:
        """Make the popular answers that are kept ready for when a deadline is over."""
        if tenant.models.serving is None:
            return
        composer = tenant.asks("")

        def of_kind(kind: str) -> Sequence[Row]:
            now = composer.as_of(tenant.latest)
            return now.live.desk.segment(now.ask, kind, MOST)

        page = await tenant.engine.run(lambda: popular_page(composer.as_of(tenant.latest), MISSING))
        bodies: dict[tuple[str, ...], bytes] = {
            ("home",): dump(composer.page(page)),
            ("playlists",): dump(composer.playlists(page)),
        }
        for kind in composer.live.kinds:
            rows = await tenant.engine.run(partial(of_kind, kind))
            bodies["list", kind] = dump(composer.thing_list(kind, rows))
        tenant.ready = bodies

    async def _answer(self, question: Question) -> bytes:
        """Climb the ladder, log what is shown, keep the answer for the last rung."""
        tenant, ask = question.tenant, question.composer.ask
        others: list[tuple[Rung, Callable[[], Answer | None]]] = [("popular", question.popular(MISSING))]
        if ask.row != MISSING:
            others.insert(0, ("segment", question.popular(ask.row)))
        ready: list[tuple[Rung, Callable[[], Answer | None]]] = [
            ("cached", question.earlier), ("popular", question.standing)
        ]  # fmt: skip
        found: Made | Answered[Answer] = await climb(
            tenant.engine, question.personal, others, ready, tenant.settings.deadline
        )
        if isinstance(found, Made):
            tenant.cache.put(question.key, found.text, ask.user or None)
        else:
            found.value.degraded = found.degraded
            tenant.metrics.degraded(found.degraded.rung, found.degraded.reason)
            found = made(found.value, question.asked.surface)
        tenant.exposures.add(found.shown)
        return found.text


def _item(composer: Composer, kind: str, key: str) -> int:
    item = composer.live.keys.row(kind, key)
    if item == MISSING:
        raise Refusal(
            404, f"there is no '{key[:100]}' in '{kind}'", place="path.key", hint="see whether it is of this kind"
        )
    return item
