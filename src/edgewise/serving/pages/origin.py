"""Where the models of a tenant came from: the folders of its runs, for the pages that show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import Request

__all__ = ["Origin", "origin_of"]


@dataclass(frozen=True, slots=True)
class Origin:
    """The folders of the runs that a tenant began with; `state` is the folder of its logs."""

    runs: tuple[Path, ...] = field(default=())
    state: Path | None = None


def origin_of(request: Request, tenant: str) -> Origin:
    """Where a tenant's models came from; nothing for one that was made in memory."""
    origins: Mapping[str, Origin] = request.app.state.origins
    return origins.get(tenant, Origin())
