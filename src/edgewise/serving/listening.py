"""What answers live for a decision: made once for it, and told of each row that arrives before it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

from edgewise.decisions.decided.nouns import Decided
from edgewise.serving.envelope import Refusal
from edgewise.serving.event_log import Logged
from edgewise.serving.pages.decided.held import Held, named
from edgewise.serving.tenant import Tenant

__all__ = ["Listeners", "Listens"]


class Listens(Protocol):
    """Something that rows change."""

    @property
    def at(self) -> int:
        """The moment of the decision, in microseconds; rows up to it are known."""

    @property
    def tables(self) -> frozenset[str]:
        """The tables whose rows change its answers."""

    def forget(self, user: str) -> None:
        """Drop what is kept of a person, by key."""


ListensT = TypeVar("ListensT", bound=Listens)
AnswerT = TypeVar("AnswerT")


@dataclass(slots=True)
class _One(Generic[ListensT]):
    """What listens for a tenant, for which version of a decision, and up to which row of the log."""

    made: ListensT | None = None
    version: str = ""
    seen: int = 0
    lock: Lock = field(default_factory=Lock)

    def forget(self, user: str) -> None:
        with self.lock:
            if self.made is not None:
                self.made.forget(user)


class Listeners(Generic[ListensT]):
    """One listener a tenant for the decisions of a kind; another version of the decision gets a new one."""

    def __init__(
        self, kind: str, make: Callable[[Decided], ListensT], tell: Callable[[Tenant, ListensT, Logged], None]
    ) -> None:
        self._kind, self._make, self._tell = kind, make, tell
        self._lock = Lock()
        self._of: WeakKeyDictionary[Tenant, _One[ListensT]] = WeakKeyDictionary()

    def ask(
        self, tenant: Tenant, folder: Path | None, user: str, question: Callable[[ListensT], AnswerT]
    ) -> AnswerT:
        """An answer about a user that knows what has arrived; `folder` is where the tenant's decisions are.

        Raises:
            Refusal: there is no decision, or it cannot be read.
        """
        held = named(folder, self._kind)
        one = self._one(tenant)
        with one.lock:  # the tenant's own: others do not wait while a large decision is taken in
            made = self._current(one, held)
            for logged in tenant.log.read(one.seen, tables=made.tables):
                one.seen = logged.position
                if logged.event.at > made.at and isinstance(logged.event.values, dict):
                    self._tell(tenant, made, logged)
            if tenant.is_forgotten(user):  # the decision's own tables still name them
                made.forget(user)
            return question(made)

    def _one(self, tenant: Tenant) -> _One[ListensT]:
        with self._lock:
            one = self._of.get(tenant)
            if one is None:
                one = self._of[tenant] = _One()
                tenant.forgetting.append(one.forget)
            return one

    def _current(self, one: _One[ListensT], held: Held) -> ListensT:
        """What listens for this very version of the decision."""
        if held.decided is None:
            hint = f"decide again: edgewise {self._kind}"
            raise Refusal(503, f"the decision cannot be read: {held.wrong}", hint=hint)
        if one.made is None or one.version != held.version:
            one.made, one.version, one.seen = self._make(held.decided), held.version, 0
        return one.made
