"""A typed client of the service, written by `client_source.py` from the OpenAPI description.

with Client("http://127.0.0.1:8000", key="ew_…") as client:
    page = client.home("user-1")
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

import httpx2

from edgewise.serving.client_bodies import (
    Accepted,
    Answer,
    Body,
    Challenge,
    Degraded,
    Deleted,
    EventIn,
    EventsIn,
    Explained,
    FeedbackIn,
    Health,
    HomePage,
    MatchList,
    ModelState,
    Offered,
    Playlist,
    PlaylistPage,
    Reason,
    Reference,
    Shelf,
    Swap,
    Thing,
    ThingList,
)

__all__ = [
    "Accepted",
    "Answer",
    "Body",
    "Challenge",
    "Client",
    "Degraded",
    "Deleted",
    "EventIn",
    "EventsIn",
    "Explained",
    "FeedbackIn",
    "Health",
    "HomePage",
    "MatchList",
    "ModelState",
    "Offered",
    "Playlist",
    "PlaylistPage",
    "Reason",
    "Reference",
    "ServiceError",
    "Shelf",
    "Swap",
    "Thing",
    "ThingList",
]


class ServiceError(Exception):
    """What the service refuses: the HTTP status and the words of its error envelope."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(f"{status}: {error.get('message')}")
        self.status = status
        self.message = error.get("message")
        self.hint = error.get("hint")
        self.place = error.get("place")
        self.request = error.get("request")


class Client:
    """A connection to a service, kept open: use it as a context, or call `close`."""

    def __init__(self, url: str, key: str | None = None, *, timeout: float = 10.0, transport: Any = None) -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _call(self, method: str, path: str, query: dict[str, Any], body: Body | None = None) -> httpx2.Response:
        asked = {name: value for name, value in query.items() if value is not None}
        content = None if body is None else body.model_dump_json(exclude_unset=True)
        headers = {"Content-Type": "application/json"} if content is not None else {}
        answer = self._http.request(method, path, params=asked, content=content, headers=headers)
        if answer.status_code >= 400:
            try:
                error = answer.json()["error"]
            except (ValueError, KeyError, TypeError):
                error = {"message": answer.text[:200]}
            raise ServiceError(answer.status_code, error)
        return answer

    def home(self, key: str) -> HomePage:
        """The homepage of a user: shelves, each with a title that says why."""
        return HomePage.model_validate_json(self._call("GET", f"/v1/users/{quote(key, safe='')}/home", {}).content)

    def recommendations(self, key: str, kind: str | None = None, k: int = 20) -> ThingList:
        """The best things of one kind for a user."""
        return ThingList.model_validate_json(
            self._call("GET", f"/v1/users/{quote(key, safe='')}/recommendations", {"kind": kind, "k": k}).content
        )

    def playlists(self, key: str) -> PlaylistPage:
        """The playlists made for a user."""
        return PlaylistPage.model_validate_json(
            self._call("GET", f"/v1/users/{quote(key, safe='')}/playlists", {}).content
        )

    def session_recommendations(
        self, kind: str | None = None, k: int = 20, items: list[str] | None = None
    ) -> ThingList:
        """The best things to go with a basket, or for somebody anonymous."""
        return ThingList.model_validate_json(
            self._call("GET", "/v1/recommendations", {"kind": kind, "k": k, "items": items}).content
        )

    def match(self, key: str) -> MatchList:
        """The offers decided for somebody, without those that others took since."""
        return MatchList.model_validate_json(
            self._call("GET", f"/v1/users/{quote(key, safe='')}/match", {}).content
        )

    def may_notify(self, key: str, channel: str | None = None, message: str | None = None) -> Answer:
        """Whether something may be sent to a user now, what is best, and why; nothing is remembered."""
        return Answer.model_validate_json(
            self._call(
                "GET", f"/v1/users/{quote(key, safe='')}/notify", {"channel": channel, "message": message}
            ).content
        )

    def notify(self, key: str, channel: str | None = None, message: str | None = None) -> Answer:
        """The same, for one who sends it if the answer is yes: caps and spacing count it from now on."""
        return Answer.model_validate_json(
            self._call(
                "POST", f"/v1/users/{quote(key, safe='')}/notify", {"channel": channel, "message": message}
            ).content
        )

    def similar(
        self,
        key: str,
        kind: str | None = None,
        k: int = 20,
        how: Literal["similar", "complement", "substitute"] = "similar",
    ) -> ThingList:
        """The things most like one thing."""
        return ThingList.model_validate_json(
            self._call(
                "GET", f"/v1/items/{quote(key, safe='')}/similar", {"kind": kind, "k": k, "how": how}
            ).content
        )

    def search(self, q: str, user: str | None = None, kind: str | None = None, k: int = 20) -> ThingList:
        """The things that a text names, those that the user would like first."""
        return ThingList.model_validate_json(
            self._call("GET", "/v1/search", {"q": q, "user": user, "kind": kind, "k": k}).content
        )

    def explain(self, user: str, item: str, kind: str | None = None) -> Explained:
        """Why a thing is, or would be, proposed to a user."""
        return Explained.model_validate_json(
            self._call("GET", "/v1/explain", {"user": user, "item": item, "kind": kind}).content
        )

    def post_events(self, body: EventIn | EventsIn) -> Accepted:
        """Take one event or several. When the answer comes they are on the disk, and the next answer has seen
        them."""
        return Accepted.model_validate_json(self._call("POST", "/v1/events", {}, body).content)

    def post_feedback(self, key: str, body: FeedbackIn) -> Accepted:
        """Take a word about a thing: the next page has heard it."""
        return Accepted.model_validate_json(
            self._call("POST", f"/v1/users/{quote(key, safe='')}/feedback", {}, body).content
        )

    def models(self) -> ModelState:
        """Which models answer."""
        return ModelState.model_validate_json(self._call("GET", "/v1/admin/models", {}).content)

    def swap_model(self, body: Swap) -> ModelState:
        """Let another run answer from now on. If it is damaged, the old one stays."""
        return ModelState.model_validate_json(self._call("POST", "/v1/admin/models/swap", {}, body).content)

    def roll_back_model(self) -> ModelState:
        """Let the run before the last swap answer again."""
        return ModelState.model_validate_json(self._call("POST", "/v1/admin/models/roll-back", {}).content)

    def start_experiment(self, body: Challenge) -> ModelState:
        """Let another run answer for a share of the users, always the same ones."""
        return ModelState.model_validate_json(self._call("POST", "/v1/admin/experiment", {}, body).content)

    def end_experiment(self) -> ModelState:
        """End the experiment: the current run answers for everybody."""
        return ModelState.model_validate_json(self._call("DELETE", "/v1/admin/experiment", {}).content)

    def delete_user(self, key: str) -> Deleted:
        """Delete a user from state, log and caches, for good: a mark that does not tell the key stays."""
        return Deleted.model_validate_json(self._call("DELETE", f"/v1/users/{quote(key, safe='')}", {}).content)

    def healthz(self) -> Health:
        """The process answers."""
        return Health.model_validate_json(self._call("GET", "/healthz", {}).content)

    def readyz(self) -> Health:
        """Every tenant's model is loaded and has seen every event."""
        return Health.model_validate_json(self._call("GET", "/readyz", {}).content)

    def metrics(self) -> str:
        """Counters and timings of the key's tenant, in Prometheus' text format."""
        return self._call("GET", "/metrics", {}).text
