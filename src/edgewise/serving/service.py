"""The service without its wire: tenants, keys, limits, and one coroutine for each question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter

from edgewise.ids import MISSING
from edgewise.prediction.nouns import Likeness
from edgewise.serving.access import Access, Caller, Scope
from edgewise.serving.answers import Explained, HomePage, PlaylistPage, Rung, ThingList
from edgewise.serving.compose import Composer, dump, exposures_of
from edgewise.serving.desk import ListRows, PageRows, known_kind
from edgewise.serving.envelope import Refusal
from edgewise.serving.ladder import climb
from edgewise.serving.limits import RateLimit
from edgewise.serving.tenant import Tenant

__all__ = ["MOST", "Question", "Service"]

Answer = TypeVar("Answer", HomePage, ThingList, PlaylistPage)
_DEMO: Final = "demo"
_SHELF: Final = 12
#: Things of one answer at most.
MOST: Final = 100
#: Read answers that were kept as JSON.
_READERS: Final[dict[type, TypeAdapter[Any]]] = {
    body: TypeAdapter(body) for body in (HomePage, ThingList, PlaylistPage)
}


@dataclass(frozen=True, slots=True)
class Question(Generic[Answer]):
    """What is asked of a tenant: the surface, the words that name the question, the body of its answer."""

    tenant: Tenant
    composer: Composer
    surface: str
    words: tuple[str, ...]
    body: type[Answer]

    @property
    def key(self) -> tuple[str, ...]:
        """Names the question in the cache: whose it is, and what."""
        return (self.composer.ask.user, *self.words)

    def earlier(self) -> Answer | None:
        """An earlier answer to the same question."""
        kept = self.tenant.cache.get(self.key)
        return None if kept is None else self._read(kept)

    def standing(self) -> Answer | None:
        """What is popular, as it is kept ready, made out to this user."""
        named = self.words[:2] if self.words[0] == "list" else self.words[:1]
        kept = self.tenant.ready.get(named)
        if kept is None:
            return None
        answer = self._read(kept)
        ask = self.composer.ask
        answer.exposure, answer.user, answer.known = ask.exposure, ask.user or None, ask.row != MISSING
        if isinstance(answer, ThingList):
            answer.things = answer.things[: int(self.words[2])]
        return answer

    def _read(self, kept: bytes) -> Answer:
        answer: Answer = _READERS[self.body].validate_json(kept)
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
        composer = tenant.asks(user)
        question = Question(tenant, composer, "home", ("home",), HomePage)
        desk, ask = composer.live.desk, composer.ask
        return await self._answer(
            question, lambda: composer.page(desk.home(ask)), lambda row: composer.page(_popular(composer, row))
        )

    async def playlists(self, tenant: Tenant, user: str) -> bytes:
        """A user's playlists, as JSON."""
        composer = tenant.asks(user)
        question = Question(tenant, composer, "playlists", ("playlists",), PlaylistPage)
        desk, ask = composer.live.desk, composer.ask
        return await self._answer(
            question,
            lambda: composer.playlists(desk.playlists(ask)),
            lambda row: composer.playlists(_popular(composer, row)),
        )

    async def recommend(
        self, tenant: Tenant, user: str, kind: str | None, k: int, session: tuple[str, ...] = ()
    ) -> bytes:
        """The best things of a kind for a user, or to go with a basket or an anonymous session, as JSON."""
        kind = known_kind(kind, tenant.models.now.current.desk.offers)
        composer = tenant.asks(user, [(kind, key) for key in session])
        question = Question(tenant, composer, "recommendations", ("list", kind, str(k), *session), ThingList)
        desk, ask = composer.live.desk, composer.ask
        return await self._answer(
            question,
            lambda: composer.thing_list(kind, desk.recommend(ask, kind, k)),
            lambda row: composer.thing_list(kind, desk.segment(replace(ask, row=row), kind, k)),
        )

    async def similar(self, tenant: Tenant, kind: str | None, key: str, k: int, how: Likeness) -> bytes:
        """The things most like one, as JSON."""
        composer = tenant.asks("")
        kind = known_kind(kind, composer.live.kinds)
        item = _item(composer, kind, key)
        question = Question(tenant, composer, "similar", ("list", kind, str(k), how, key), ThingList)
        desk, ask = composer.live.desk, composer.ask
        return await self._answer(
            question,
            lambda: composer.thing_list(kind, desk.similar(ask, kind, item, k, how)),
            lambda row: composer.thing_list(kind, desk.segment(ask, kind, k)),
        )

    async def search(self, tenant: Tenant, text: str, user: str, kind: str | None, k: int) -> bytes:
        """What a text names, as JSON. A search finds or it does not: nothing popular stands in."""
        composer = tenant.asks(user)
        wanted = known_kind(kind, composer.live.kinds) if kind is not None else None
        question = Question(tenant, composer, "search", ("search", text, wanted or "", str(k)), ThingList)
        desk, ask = composer.live.desk, composer.ask
        return await self._answer(
            question, lambda: composer.thing_list(wanted or "", desk.search(ask, text, wanted, k)), None
        )

    async def explain(self, tenant: Tenant, user: str, kind: str | None, key: str) -> Explained:
        """Why a thing is proposed to a user."""
        composer = tenant.asks(user)
        kind = known_kind(kind, composer.live.desk.offers)
        item = _item(composer, kind, key)

        def reason() -> Explained:
            why = composer.live.desk.why(composer.ask, kind, item)
            return composer.explained(kind, item, why)

        return await tenant.engine.run(reason)

    async def refresh(self, tenant: Tenant) -> None:
        """Make the popular answers that are kept ready for when a deadline is over."""
        if tenant.models.serving is None:
            return
        composer = tenant.asks("")
        desk, ask = composer.live.desk, composer.ask
        made = await tenant.engine.run(lambda: _popular(composer, MISSING))
        bodies: dict[tuple[str, ...], bytes] = {
            ("home",): dump(composer.page(made)),
            ("playlists",): dump(composer.playlists(made)),
        }
        for kind in composer.live.kinds:
            rows = await tenant.engine.run(partial(desk.segment, ask, kind, MOST))
            bodies["list", kind] = dump(composer.thing_list(kind, rows))
        tenant.ready = bodies

    async def _answer(
        self, question: Question[Answer], personal: Callable[[], Answer],
        popular: Callable[[int], Answer] | None,
    ) -> bytes:  # fmt: skip
        """Climb the ladder, log what is shown, keep the answer for the last rung. `popular` takes the row of the
        person whose segment is meant, MISSING for everybody's.
        """
        tenant, row = question.tenant, question.composer.ask.row
        others: list[tuple[Rung, Callable[[], Answer]]] = []
        ready: list[tuple[Rung, Callable[[], Answer | None]]] = [("cached", question.earlier)]
        if popular is not None:
            others = [("segment", partial(popular, row))] if row != MISSING else []
            others.append(("popular", partial(popular, MISSING)))
            ready.append(("popular", question.standing))
        answered = await climb(tenant.engine, personal, others, ready, tenant.settings.deadline)
        answer, degraded = answered.value, answered.degraded
        answer.degraded = degraded
        text = dump(answer)
        if degraded is None:
            tenant.cache.put(question.key, text, question.composer.ask.user or None)
        else:
            tenant.metrics.degraded(degraded.rung, degraded.reason)
        tenant.exposures.add(exposures_of(answer, question.surface))
        return text


def _popular(composer: Composer, row: int) -> PageRows:
    """A page of what is popular: a shelf a kind."""
    ask = replace(composer.ask, row=row)
    lists = []
    for kind in composer.live.kinds:
        rows = composer.live.desk.segment(ask, kind, _SHELF)
        if rows:
            lists.append(ListRows(f"popular-{kind}", f"Popular {kind.replace('_', ' ')}", kind, rows))
    return PageRows(lists)


def _item(composer: Composer, kind: str, key: str) -> int:
    item = composer.live.keys.row(kind, key)
    if item == MISSING:
        raise Refusal(
            404, f"there is no '{key[:100]}' in '{kind}'", place="path.key", hint="see whether it is of this kind"
        )
    return item
