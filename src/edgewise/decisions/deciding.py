"""Decide, from the name of a decision and a project or a source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from edgewise.clock import ALWAYS, DAY, iso, latest_past, to_micros
from edgewise.decisions.decided.nouns import Decided
from edgewise.decisions.project.file import PROJECT, DecidingFile
from edgewise.decisions.project.read import read_deciding
from edgewise.decisions.registry import kind_of
from edgewise.decisions.settings import entry_for
from edgewise.errors import ArgumentError
from edgewise.query.sql.counts import reach
from edgewise.sources.database import Database, open_database
from edgewise.workflow.moments import Moment
from edgewise.worlds.catalogue import is_world

__all__ = ["Asked", "asked", "decide", "decide_on", "latest_of"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a project or a source says about its decisions.

    Attributes:
        source: where the tables are.
        graph: a graph file over what is inferred.
        project: the project file's contents; None where a source was named.
        folder: where decisions are kept; None where a source was named.
    """

    source: str
    graph: Path | None
    project: DecidingFile | None
    folder: Path | None

    def declared(self, decision: str) -> BaseModel | None:
        """The project's entry of a decision, if it has one."""
        found = getattr(self.project.decisions, decision, None) if self.project is not None else None
        return found if isinstance(found, BaseModel) else None


def asked(where: str | Path) -> Asked:
    """Read a project file, its folder, or the name of a source. A project's paths are seen from its file.

    Raises:
        ProjectError: the project file is wrong.
    """
    path = Path(where)
    file = path if path.suffix in (".yaml", ".yml") else path / PROJECT
    if file is not path and not file.is_file():
        return Asked(str(where), None, None, None)
    project, beside = read_deciding(file), file.parent
    near = not is_world(project.source) and (beside / project.source).exists()
    return Asked(
        source=str(beside / project.source) if near else project.source,
        graph=None if project.graph is None else beside / project.graph,
        project=project,
        folder=beside / project.decisions.folder,
    )


def decide(decision: str, where: str | Path | Database, /, at: Moment | None = None, **settings: Any) -> Decided:
    """Make a batch decision: what to send, carry, order, match, or look at.

    `decide("assort", "completejourney").tables["assortment"]` is the decision itself; beside it stand `expects`,
    `gave_up` and `notes`.

    What the project file does not declare, the tables propose. Rows after `at` are not seen.

    Args:
        decision: notify, assort, forecast, match or trends.
        where: a project file or its folder, a source, or an open database.
        at: the moment of the decision; by default that of the latest row.
        settings: fields of the decision's section of the project file, over what it says.

    Raises:
        UserError: tables, settings or constraints that cannot be decided with; the message says what to change.
    """
    if isinstance(where, Database):
        return decide_on(where, decision, at, None, settings)
    found = asked(where)
    with open_database(found.source, found.graph) as database:
        return decide_on(database, decision, at, found.declared(decision), settings)


def decide_on(
    database: Database, decision: str, at: Moment | None, declared: BaseModel | None, settings: Mapping[str, Any],
    said_in: str = "settings", say: Callable[[str], None] = lambda _: None,
) -> Decided:  # fmt: skip
    """Make a batch decision on open tables; see `decide` and `entry_for`.

    Raises:
        UserError: see `decide`.
    """
    kind = kind_of(decision)
    entry = entry_for(kind, database.schema, declared, settings, said_in)
    moment = latest_of(database) if at is None else to_micros(at)
    say(f"deciding: {decision}")
    found = kind.decide(database, entry, moment)
    return found if at is None else replace(found, notes=(*found.notes, *_stale(database, moment)))


def _stale(database: Database, moment: int) -> tuple[str, ...]:
    """A note where the tables end well before the moment: what came between is not known."""
    try:
        latest = latest_of(database)
    except ArgumentError:
        return ()
    days = max(moment - latest, 0) // DAY
    said = f"{days:,} day{'' if days == 1 else 's'} before the moment of the decision"
    return (f"The tables end at {iso(latest)}, {said}.",) if days else ()


def latest_of(database: Database) -> int:
    """The time of the latest row (microseconds since the epoch).

    Tables that refer to others tell; of calendars and the like, whose rows may lie years ahead, only where there
    are no others. Rows after the computer's clock do not tell, unless all are.

    Raises:
        ArgumentError: no row has a time.
    """
    schema = database.schema
    timed = [table for table in schema if table.time is not None]
    telling = [table for table in timed if schema.links_from(table.name)] or timed
    spans = [reach(database.source, schema, table.name, ()) for table in telling]
    latest = latest_past(np.array([span[1] for span in spans if span is not None], dtype=np.int64))
    if latest == ALWAYS:
        raise ArgumentError("no row has a time, so there is no latest moment", hint="say when: at=TIME, --at TIME")
    return latest
