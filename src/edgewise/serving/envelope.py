"""The one shape of an error over HTTP: what, where, why, and the nearest thing that works.

{"error": {"type": …, "message": …, "hint": …, "place": …, "request": …}}
"""

from __future__ import annotations

from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from edgewise.errors import UserError

__all__ = ["ErrorBody", "ErrorEnvelope", "Refusal", "envelope", "invalid"]


class Refusal(UserError):
    """A request that is refused. `status` is the HTTP status; `place` the part of the request at fault, such as
    `query.k` or `body.events[3].at`. `wait` says after how many seconds another try may succeed.
    """

    def __init__(
        self, status: int, message: str, *, hint: str | None = None, place: str | None = None,
        wait: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message, hint=hint)
        self.status = status
        self.place = place
        self.wait = wait


class ErrorBody(BaseModel):
    """What went wrong."""

    type: str = Field(description="the kind of error, such as ArgumentError or Refusal")
    message: str = Field(description="the cause, in a sentence")
    hint: str | None = Field(None, description="the nearest thing that works")
    place: str | None = Field(None, description="the part of the request at fault")
    request: str | None = Field(None, description="the id of the request, as in the header X-Request-Id")


class ErrorEnvelope(BaseModel):
    """Every error has this shape."""

    error: ErrorBody


def invalid(error: RequestValidationError, *, hint: str | None = None) -> Refusal:
    """Parameters that are not what the description says: the first of them, in one sentence."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first.get("loc", ()))
    return Refusal(422, str(first.get("msg", "not valid")), place=place, hint=hint)


#: What a user can mend is 400 unless it says another status; nothing of ours is ever shown but its kind.
_DEFAULT_STATUS: Final = 400


def envelope(error: Exception, request: str | None = None) -> tuple[int, dict[str, Any]]:
    """The status and the body for an error. A bug of ours is 500 and tells nothing but that it is one."""
    if isinstance(error, UserError):
        status = getattr(error, "status", _DEFAULT_STATUS)
        place = getattr(error, "place", None)
        body = ErrorBody(
            type=type(error).__name__, message=error.message, hint=error.hint, place=place, request=request
        )
    else:
        status = 500
        body = ErrorBody(
            type="InternalError",
            message="the service made a mistake; it is logged under the request's id",
            hint="try again; if it stays, report it with the id",
            place=None,
            request=request,
        )
    return status, {"error": body.model_dump()}
