"""One tenant: its models, its event log, its exposures, its caches. Nothing here is shared with another."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import rmtree
from threading import Lock
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from edgewise.clock import now
from edgewise.errors import ArgumentError
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Event
from edgewise.serving.compose import Composer
from edgewise.serving.desk import Ask, known_kind
from edgewise.serving.engine import Engine
from edgewise.serving.envelope import Refusal
from edgewise.serving.event_log import EventLog, Logged
from edgewise.serving.exposures import ExposureLog, exposure_id
from edgewise.serving.intake import Intake
from edgewise.serving.keeping import Keeper
from edgewise.serving.ladder import Cache
from edgewise.serving.live import FEEDBACK, Deciding, Live
from edgewise.serving.metrics import Metrics
from edgewise.serving.models import Models, Serving
from edgewise.serving.reader import Heard, Keeping, Rebase, Searched
from edgewise.serving.readers import Host, Readers
from edgewise.serving.rebasing import Rebasing
from edgewise.serving.snapshots import drop, publish, restore, save, tidy
from edgewise.serving.upkeep import let_go, take_in, warm

__all__ = ["Gone", "Settings", "Tenant", "settings_of"]

_SLICE: Final = 5_000
#: Events that are taken in without anybody asking.
_TOGETHER: Final = 200
#: A start that replayed more than this keeps the state at once.
_KEEP_AFTER: Final = 20_000


class Settings(BaseModel):
    """How a service answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    deadline: float = Field(0.25, gt=0, le=60, description="Seconds that an answer may take.")
    cached: int = Field(1_000, ge=0, description="Answers kept for the last rung of the ladder.")
    fresh: float = Field(
        30.0, gt=0, description="Seconds after which the popular answers kept ready are made anew."
    )
    keep: int = Field(50_000, ge=1, description="Events after which the state is kept anew while serving.")
    clock: Literal["wall", "data"] = Field(
        "wall", description="`wall`: it is now; `data`: time goes on from the latest row, for data of the past."
    )


def settings_of(*, deadline: float, clock: str) -> Settings:
    """Settings from what was said on the command line.

    Raises:
        ArgumentError: a clock that is none.
    """
    if clock not in ("wall", "data"):
        raise ArgumentError(f"there is no clock '{clock}'", hint="wall: it is now; data: on from the latest row")
    return Settings.model_validate({"deadline": deadline, "clock": clock})


@dataclass(frozen=True, slots=True)
class Gone:
    """What was deleted of a user."""

    events: int
    exposures: int
    cached: int


class Tenant:
    """One tenant's service. `start` before the first request, `close` after the last."""

    def __init__(
        self, name: str, folder: Path, first: Live | Deciding, load: Callable[[str], Live], settings: Settings,
        personal: frozenset[tuple[str, str]] = frozenset(), readers: Readers | None = None,
        keeper: Keeper | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.settings = settings
        self.models = Models(first, load)
        self.engine = Engine(name, self._observe_heard)
        self.readers, self._keeper = readers, keeper
        self.metrics = Metrics(name)
        self.log = EventLog(folder / "events.sqlite", self._committed)
        self.exposures = ExposureLog(folder / "exposures")
        self._states = folder / "states"
        self.cache: Cache[bytes] = Cache(settings.cached)
        self.ready: dict[tuple[str, ...], bytes] = {}
        self.intake = Intake(first.schema, first.users, personal)
        self.started = False
        self._closed = False
        self.failed_events = 0
        self._seen: dict[int, int] = {}  # by the identity of a model: a version may be loaded twice
        #: Told of a user who is deleted: what else keeps something of them.
        self.forgetting: list[Callable[[str], None]] = []
        self._forgotten: set[bytes] = self.log.forgotten()
        self._salt = self.log.fact("salt") or self.log.fact("salt", os.urandom(16)) or b""
        self._offset = 0
        self._latest = 0
        self._unkept, self._dropped = 0, 0
        self._rebasing = Rebasing()
        self._heard: list[Logged] = []  # what is logged and waits for the engine
        self._lock, self._placing = Lock(), Lock()

    def start(self) -> int:
        """Bring the state up to the last event. Returns how many events were replayed."""
        live = self.models.current
        replayed = self._begin(live) if isinstance(live, Live) else 0
        heard = (one.event.at for one in self.log.read()) if isinstance(live, Deciding) else ()
        self._latest = max(live.latest, self._latest, int(self.log.fact("latest") or 0), max(heard, default=0))
        if self.settings.clock == "data" and self._latest > 0:
            self._offset = self._latest - now()
        if isinstance(live, Live):
            warm(live, self.now())
            if self.readers is not None:
                self.readers.start(self._host())
        self.started = True
        return replayed

    def _host(self) -> Host:
        return Host(
            self.log, self._states, lambda: self.models.now.current, self.now, lambda: self.engine.busy
        )  # fmt: skip

    def _begin(self, live: Live) -> int:
        tidy(self._states)
        self._seen[id(live)] = restore(self._states, live, self.log.position())
        for one in self.log.read(tables=live.desk.hears):
            if one.position <= self._seen[id(live)]:
                live.desk.observe(one.event)
        replayed = self._replay(live)
        if replayed > _KEEP_AFTER:
            self._keep(live)
        return replayed

    def now(self) -> int:
        """The time of this service in microseconds; see `Settings.clock`."""
        return now() + self._offset

    def asks(self, user: str, session: Sequence[tuple[str, Any]] = ()) -> Composer:
        """A question of a user ("" for nobody in particular): which model answers, as of now."""
        live, variant = self.models.now.choose(user)
        row = MISSING if user == "" or self.is_forgotten(user) else live.keys.row(live.users, user)
        rows = [(kind, live.keys.row(kind, key)) for kind, key in session]
        known = tuple((kind, item) for kind, item in rows if item != MISSING)
        return Composer(live, variant, Ask(row, self.now(), user, exposure_id(), known))

    @property
    def latest(self) -> int:
        """The time of the latest event that the state has seen. What answers reads it, on the engine's thread."""
        return self._latest

    async def accept(self, events: Sequence[Mapping[str, Any]], batch: bool) -> list[Logged]:
        """Check events and log them. When this returns they are on the disk, and the next answer has seen them.

        Raises:
            Refusal: one of them is wrong; none is logged then.
        """
        now = self.now()
        checked = []
        for i, given in enumerate(events):
            event, user = self.intake.event(given, now, f"body.events[{i}]" if batch else "body")
            if user is not None and self.is_forgotten(user):
                continue
            checked.append((event, user))
        if not checked:
            return []
        return await asyncio.wrap_future(self.log.append(checked))

    async def hear(self, user: str, kind: str | None, item: str, word: str, name: str | None) -> Logged | None:
        """Log what a user says about a thing; None for a user who was deleted.

        Raises:
            Refusal: there is no such thing.
        """
        if self.is_forgotten(user):
            return None
        live = self.models.now.current
        kind = known_kind(kind, live.desk.offers)
        if live.keys.row(kind, item) == MISSING:
            raise Refusal(404, f"there is no '{item[:100]}' in '{kind}'", place="body.item")
        values = {"user": user, "kind": kind, "item": item, "word": word}
        event = Event(f"{FEEDBACK}/{name or exposure_id()}", FEEDBACK, values, self.now())
        return (await asyncio.wrap_future(self.log.append([(event, user)])))[0]

    def searched(self, user: str, text: str) -> None:
        """The next answers know what a user searches for."""
        if self.is_forgotten(user):
            return

        def note() -> None:
            for live in self.models.all():
                live.desk.searched(user, text)

        self.engine.submit(note)
        if self.readers is not None:
            self.readers.tell(Searched(user, text))

    def catch_up(self, live: Live, place: Callable[[], None]) -> None:
        """Replay the log into a model, then put it in place with no event between."""
        self._replay(live)
        warm(live, self.now())

        def last() -> None:
            self._replay(live)
            place()
            self._keep_seen(self.models.now)

        self.engine.submit(last).result()
        self.cache.clear()

    def measured(self) -> bytes:
        """The metrics, brought up to date."""
        self.metrics.state(
            self.models.serving, waiting=self.engine.waiting, position=self.log.position(),
            failed_events=self.failed_events, readers=0 if self.readers is None else self.readers.ready,
        )  # fmt: skip
        return self.metrics.text()

    def roll_back(self) -> Serving:
        """Let the model before answer again."""
        serving = self.models.roll_back()
        self.cache.clear()
        return serving

    async def forget(self, user: str) -> Gone:
        """Delete a user: events, exposures, cached answers and state. A mark without the key stays, so that the
        rows of the tables the models were made from are not used for them either.

        Raises:
            Refusal: no table is that of the users.
        """
        if not self.intake.users:
            raise Refusal(
                409, "nothing says which table is that of the users", hint="declare decisions.notify.users.table"
            )
        token = self._token(user)
        self._forgotten.add(token)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self.log.flush)
        events = await loop.run_in_executor(None, self.log.forget, user, token, self.now())
        exposures = await loop.run_in_executor(None, self.exposures.forget, user)
        cached = self.cache.forget(user)

        def clear() -> None:
            with self._placing:
                drop(self._states)
                self._dropped += 1
            for live in self.models.all():
                let_go(live, user)

        await self.engine.run(clear)
        if self.readers is not None:
            await loop.run_in_executor(None, self.readers.forget, user)
        for told in self.forgetting:
            await loop.run_in_executor(None, told, user)
        return Gone(events, exposures, cached)

    def is_forgotten(self, user: str) -> bool:
        """Whether a user was deleted, by key."""
        return bool(self._forgotten) and self._token(user) in self._forgotten

    def close(self) -> None:
        """Finish what is under way, and keep the state for the next start. Closing again does nothing."""
        if self._closed:
            return
        self._closed = True
        if self.readers is not None:
            self.readers.close()
        if self._keeper is not None:
            self._keeper.close()
        self.log.flush()
        live = self.models.current
        seen = self._seen.get(id(live), 0)
        if self.started and seen > 0 and isinstance(live, Live):
            self.engine.submit(partial(save, self._states, live, seen)).result()
            self.log.fact("latest", str(self._latest).encode())
        self.engine.close()
        self.log.close()
        self.exposures.close()

    def _committed(self, logged: list[Logged]) -> None:
        """Called by the log's writer, in the order of the log. Events wait until the engine is asked for something
        or many wait: taken in together they cost a fraction of one after the other.
        """
        if not logged:
            return
        if self.readers is not None:
            self.readers.tell(Heard(logged))
        with self._lock:
            before = len(self._heard) // _TOGETHER
            self._heard += logged
            many = len(self._heard) // _TOGETHER > before
        if many:
            self.engine.submit(lambda: None)

    def _observe_heard(self) -> None:
        self._rebasing.settle()
        if self._heard:
            with self._lock:
                logged, self._heard = self._heard, []
            self._observe(logged)

    def _observe(self, logged: Sequence[Logged]) -> None:
        for live in self.models.all():
            self._apply(live, logged)
        self._rebasing.hear(logged)
        self._unkept += len(logged)
        current = self.models.current
        if self._unkept >= self.settings.keep and isinstance(current, Live):
            self._unkept = 0
            self._keep(current)

    def _keep(self, live: Live) -> None:
        """Keep the state for the next start."""
        if self._keeper is None:
            save(self._states, live, self._seen[id(live)])
            self.log.fact("latest", str(self._latest).encode())
        elif self._keeper.free:
            self._rebasing.begin()
            if self.readers is not None:
                self.readers.tell(Keeping())
            self._keeper.begin(live, self.log, self._states, partial(self._place, live, self._dropped))

    def _place(self, live: Live, dropped: int, beside: Path, position: int) -> None:
        """Keep a state that was written aside, and have everybody stand on it; unless it may remember somebody who
        was deleted meanwhile.
        """
        with self._placing:
            if dropped != self._dropped:
                rmtree(beside, ignore_errors=True)
                return
            kept = publish(self._states, live.version, beside, position)
            self.log.fact("latest", str(self._latest).encode())
            if self.readers is not None:
                self.readers.tell(Rebase(live.version, kept, position))

        def rebase() -> None:
            if dropped == self._dropped and id(live) in self._seen:
                self._rebasing.end(live, kept, position, self._seen[id(live)])

        self.engine.submit(rebase)

    def _apply(self, live: Live, logged: Sequence[Logged]) -> int:
        """Let a model see what it has not seen yet. An event that it cannot take is counted, not fatal."""
        seen = self._seen.get(id(live), 0)
        unseen = [one for one in logged if one.position > seen]
        if not unseen:
            return 0
        self.failed_events += take_in(live, [one.event for one in unseen])
        self._latest = max(self._latest, max(one.event.at for one in unseen))
        self._seen[id(live)] = unseen[-1].position
        return len(unseen)

    def _replay(self, live: Live) -> int:
        taken, some = 0, []
        for one in self.log.read(self._seen.get(id(live), 0)):
            some.append(one)
            if len(some) == _SLICE:
                taken += self._apply(live, some)
                some = []
        return taken + self._apply(live, some)

    def _keep_seen(self, serving: Serving) -> None:
        """Forget how far models that no longer serve had read."""
        kept = {id(live) for live in serving.all()}
        self._seen = {model: seen for model, seen in self._seen.items() if model in kept}

    def _token(self, user: str) -> bytes:
        return hashlib.blake2b(user.encode("utf-8", "surrogatepass"), key=self._salt, digest_size=16).digest()
