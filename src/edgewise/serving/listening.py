"""What answers live for a decision: made once for it, and told of each row that arrives before it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

from edgewise.decisions.decided.nouns import Decided
from edgewise.serving.envelope import Refusal
from edgewise.serving.event_log import Logged
from edgewise.serving.pages.decided.held import Held
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


ListensT = TypeVar("ListensT", bound=Listens)
AnswerT = TypeVar("AnswerT")


@dataclass(slots=True)
class _One(Generic[ListensT]):
    """What listens, for which version of a decision, and up to which row of the log."""

    version: str
    made: ListensT
    seen: int = 0
    lock: Lock = field(default_factory=Lock)


class Listeners(Generic[ListensT]):
    """One listener a tenant for the decisions of a kind; another version of the decision gets a new one."""

    def __init__(
        self, kind: str, make: Callable[[Decided], ListensT], tell: Callable[[Tenant, ListensT, Logged], None]
    ) -> None:
        self._kind, self._make, self._tell = kind, make, tell
        self._lock = Lock()
        self._of: WeakKeyDictionary[Tenant, _One[ListensT]] = WeakKeyDictionary()

    def ask(self, tenant: Tenant, held: Held, question: Callable[[ListensT], AnswerT]) -> AnswerT:
        """An answer that knows what has arrived.

        Raises:
            Refusal: the decision cannot be read.
        """
        one = self._one(tenant, held)
        with one.lock:
            for logged in tenant.log.read(one.seen, tables=one.made.tables):
                one.seen = logged.position
                if logged.event.at > one.made.at and isinstance(logged.event.values, dict):
                    self._tell(tenant, one.made, logged)
            return question(one.made)

    def _one(self, tenant: Tenant, held: Held) -> _One[ListensT]:
        if held.decided is None:
            hint = f"decide again: edgewise {self._kind}"
            raise Refusal(503, f"the decision cannot be read: {held.wrong}", hint=hint)
        with self._lock:
            one = self._of.get(tenant)
            if one is None or one.version != held.version:
                one = self._of[tenant] = _One(held.version, self._make(held.decided))
            return one
