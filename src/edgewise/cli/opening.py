"""Sources and runs, opened as the options of a command say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgewise.models.contract import Progress
    from edgewise.sources.database import Database
    from edgewise.workflow.graph import Graph
    from edgewise.workflow.run import Run

__all__ = ["built", "loaded", "opened"]


def opened(source: str, graph_file: Path | None, progress: Progress) -> Database:
    """The tables at `source`, with the graph file's word over what is inferred."""
    from edgewise.sources.database import open_database

    progress.say(f"opening {source}")
    return open_database(source, graph_file, progress=lambda table: progress.say(f"looking at {table}"))


def built(source: str, graph_file: Path | None, progress: Progress) -> Graph:
    """The graph of the tables at `source`."""
    from edgewise.workflow.graph import Graph

    return Graph.build(opened(source, graph_file, progress), progress=progress)


def loaded(run: Path, source: str | None, progress: Progress, device: str = "auto") -> Run:
    """The run in a folder, on the tables it was fitted on or on those at `source`."""
    from edgewise.workflow.saved import load_run

    database = None if source is None else opened(source, None, progress)
    progress.say(f"opening the run in {run}")
    return load_run(run, database, device=device)
