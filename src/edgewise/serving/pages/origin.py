"""Where the models and the decisions of a tenant are: folders, for the pages that show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import Request

__all__ = ["Origin", "origin_of"]


@dataclass(frozen=True, slots=True)
class Origin:
    """The folders of the runs that a tenant began with; `state` is the folder of its logs, `decided` that of its
    decisions; `subject` is what a command decides on: a project file, or a source.
    """

    runs: tuple[Path, ...] = field(default=())
    state: Path | None = None
    decided: Path | None = None
    subject: str = "project.yaml"


def origin_of(request: Request, tenant: str) -> Origin:
    """Where a tenant's models and decisions are; nothing for one that was made in memory."""
    origins: Mapping[str, Origin] = request.app.state.origins
    return origins.get(tenant, Origin())
