"""Limits on what one caller can ask: how much in one body, how often."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edgewise.serving.envelope import Refusal

__all__ = ["BodyLimit", "RateLimit"]

#: Callers remembered at most; the one unheard for longest is forgotten first, with a full bucket.
_MOST_CALLERS: Final = 10_000


class RateLimit:
    """A token bucket a caller: `rate` requests a second on average, `burst` at once."""

    def __init__(self, rate: float, burst: float, *, now: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self.burst = burst
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, cost: float = 1.0) -> None:
        """Count a request of a caller.

        Raises:
            Refusal: 429, with the seconds to wait.
        """
        now = self._now()
        tokens, then = self._buckets.pop(caller, (self.burst, now))
        tokens = min(self.burst, tokens + (now - then) * self.rate)
        enough = tokens >= cost
        self._buckets[caller] = (tokens - cost if enough else tokens, now)
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        if not enough:
            wait = (min(cost, self.burst) - tokens) / self.rate
            raise Refusal(
                429,
                f"too many requests: {self.rate:g} a second are allowed",
                hint=f"wait {wait:.1f} s, and send events in batches",
                wait=wait,
            )


class BodyLimit:
    """ASGI middleware that refuses bodies beyond a size, whether announced or streamed."""

    def __init__(self, app: ASGIApp, most: int, refuse: Callable[[Refusal, str | None], ASGIApp]) -> None:
        self.app = app
        self.most = most
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with a counted body, or answer 413."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced[:20]) > self.most:
            await self._refuse(scope, receive, send)
            return
        counted = 0
        refused = False

        async def counting() -> Message:
            """What is too much never reaches the application: for it, the client has gone away."""
            nonlocal counted
            message = await receive()
            counted += len(message.get("body", b""))
            return message if counted <= self.most else {"type": "http.disconnect"}

        async def answering(message: Message) -> None:
            nonlocal refused
            if counted <= self.most:
                await send(message)
            elif not refused:
                refused = True
                await self._refuse(scope, receive, send)

        await self.app(scope, counting, answering)
        if counted > self.most and not refused:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = Refusal(
            413,
            f"the body is larger than {self.most:,} bytes",
            hint="send events in smaller batches",
            place="body",
        )
        await self.refuse(refusal, scope.get("state", {}).get("request"))(scope, receive, send)
