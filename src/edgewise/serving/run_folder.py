"""What the service reads of a run's folder without loading it: what it says of itself, its schema, its tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgewise.errors import RunError
from edgewise.graph.manifest import schema_from_json
from edgewise.prediction.folder import read_manifest
from edgewise.schema.model import Schema
from edgewise.sources.database import Database
from edgewise.sources.open import open_source

__all__ = ["database_of", "said", "schema_of"]


def said(run: Path) -> dict[str, Any]:
    """What a run says of itself.

    Raises:
        RunError: it is none, or lacks what it needs to be served.
    """
    manifest = read_manifest(run)
    if not isinstance(manifest.get("task"), dict) or not isinstance(manifest.get("source"), dict):
        raise RunError(f"the run in '{run}' is damaged: it lacks task or source", hint="fit it again")
    return manifest


def schema_of(run: Path) -> Schema:
    """The schema that a run was fitted with.

    Raises:
        RunError: it is damaged.
    """
    try:
        return schema_from_json(json.loads((run / "schema.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        raise RunError(f"the run '{run}' is damaged: schema.json", hint="fit it again") from None


def database_of(run: Path) -> Database:
    """The tables that a run was fitted on, with the schema of the fit.

    Raises:
        UserError: the run is damaged, or its tables cannot be opened.
    """
    return Database(open_source(said(run)["source"]["name"]), schema_of(run))
