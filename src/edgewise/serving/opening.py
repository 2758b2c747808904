"""What is named on the command line, opened: projects and runs become tenants, each in a folder of its own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from edgewise.clock import SECOND
from edgewise.decisions.project.file import PROJECT, ProjectFile
from edgewise.decisions.project.propose import propose
from edgewise.decisions.project.read import read_deciding, read_project
from edgewise.decisions.project.text import project_text
from edgewise.decisions.surfaces import Surfaces
from edgewise.errors import ArgumentError, QueryError, RunError
from edgewise.machine import usable_cores
from edgewise.prediction.folder import MANIFEST
from edgewise.prediction.online.answers import OnlineAnswers
from edgewise.prediction.online.compiled import is_compiled
from edgewise.prediction.online.snapshot import is_snapshot
from edgewise.query.bind import bind
from edgewise.schema.model import Schema
from edgewise.serving.access import Access
from edgewise.serving.arrivals import Arrivals, tables_of
from edgewise.serving.deciding import open_deciding
from edgewise.serving.exploration import Exploration
from edgewise.serving.keeping import Keeper
from edgewise.serving.limits import RateLimit
from edgewise.serving.live import Deciding, Live
from edgewise.serving.pages.origin import Origin
from edgewise.serving.prepare import prepare
from edgewise.serving.project_desk import ProjectDesk
from edgewise.serving.quickening import open_quickly
from edgewise.serving.readers import Readers
from edgewise.serving.renewal import LiveSurfaces
from edgewise.serving.run_folder import database_of, said, schema_of
from edgewise.serving.service import Service
from edgewise.serving.tenant import Settings, Tenant
from edgewise.workflow.graph import Graph

__all__ = [
    "Served",
    "access_of",
    "open_live",
    "open_service",
    "open_tenant",
    "origins_of",
    "proposal_of",
    "served",
]

_TENANT: Final = re.compile(r"([\w-]+)=(.+)", re.DOTALL)
_MAIN: Final = "main"
#: Readers that begin by themselves, at most.
_MOST_READERS: Final = 4


@dataclass(frozen=True, slots=True)
class Served:
    """One tenant: its project file if it has one, its runs, and the folder of its log and models. Without runs, it
    is a project that only decides.
    """

    tenant: str
    project: Path | None
    runs: tuple[Path, ...]
    state: Path


def served(named: Sequence[str], state: Path | None) -> list[Served]:
    """The tenants that some paths name, as `PATH` or `TENANT=PATH`. Several runs of one tenant go together.

    Raises:
        ArgumentError: a path that is neither a project nor a run, or a tenant with two projects.
    """
    found: dict[str, Served] = {}
    for text in named:
        match = _TENANT.fullmatch(text)
        given, path = (match[1], Path(match[2])) if match else (None, Path(text))
        one = _one(given, path, state)
        before = found.get(one.tenant)
        if before is not None and (before.project or one.project):
            raise ArgumentError(
                f"the tenant '{one.tenant}' is named twice", hint="name tenants apart: ann=PATH bob=PATH"
            )
        found[one.tenant] = one if before is None else replace(before, runs=before.runs + one.runs)
    return list(found.values())


def open_tenant(
    what: Served, settings: Settings, exploration: Exploration, say: Callable[[str], None] = lambda _: None,
    readers: int | None = 0,
) -> Tenant:  # fmt: skip
    """Open a tenant's models. The first time, its runs are made ready, which takes a while. `readers` is how many
    processes answer beside this one; None: one a core, once there is much to answer.

    Raises:
        UserError: a run or a project that cannot be served.
    """
    first = _first(what, exploration, say)
    load = partial(open_live, what, exploration)
    beside = _readers(readers, load) if isinstance(first, Live) else None
    personal = frozenset((table.name, c.name) for table in first.schema for c in table.columns if c.personal)
    return Tenant(what.tenant, what.state, first, load, settings, personal, beside, Keeper(load))


def _readers(count: int | None, opener: Callable[[str], Live]) -> Readers | None:
    most = count
    if most is None:
        most = min(usable_cores(), _MOST_READERS) if usable_cores() > 1 else 0
    return Readers(most, opener, when_busy=count is None, may_begin=is_compiled) if most > 0 else None


def open_live(what: Served, exploration: Exploration, name: str) -> Live:
    """A tenant's models: with the run of a name beside those served, in the place of the one of its kind; as they
    are first opened where the name is "".

    Raises:
        UserError: a run that cannot be served.
    """
    runs = what.runs if name == "" else _with_run(what.runs, _beside(what.runs, name))
    return replace(_live(what, runs, exploration, lambda _: None), name=name)


def _first(what: Served, exploration: Exploration, say: Callable[[str], None]) -> Live | Deciding:
    if what.runs or what.project is None:
        return _live(what, what.runs, exploration, say)
    return open_deciding(what.project, say)


def open_service(
    tenants: Sequence[Served], settings: Settings, exploration: Exploration, rate: float, *, keys: bool,
    say: Callable[[str], None] = lambda _: None, readers: int | None = 0,
) -> Service:  # fmt: skip
    """A service over some tenants; `rate` is how many requests a second one key may send, `readers` how many
    processes answer for each tenant beside this one, as for `open_tenant`.

    Raises:
        UserError: a run or a project that cannot be served.
    """
    opened = {what.tenant: open_tenant(what, settings, exploration, say, readers) for what in tenants}
    access = access_of(tenants) if keys else None
    return Service(opened, access, RateLimit(rate, 2 * rate))


def origins_of(tenants: Sequence[Served]) -> dict[str, Origin]:
    """Where the models and the decisions of each tenant are, for the pages that show them."""
    return {what.tenant: Origin(what.runs, what.state, _decided(what), _subject(what)) for what in tenants}


def _subject(what: Served) -> str:
    """What a command decides on: the project file, or the tables that the run was fitted on."""
    return str(said(what.runs[0])["source"]["name"]) if what.project is None else str(what.project)


def _decided(what: Served) -> Path:
    """The folder of decisions that a project file names; without one, `decided` beside the run."""
    if what.project is None:
        return what.runs[0].parent / "decided"
    return (what.project.parent / read_deciding(what.project).decisions.folder).resolve()


def access_of(tenants: Sequence[Served]) -> Access:
    """The API keys of a service: in the folder of its first tenant."""
    return Access(tenants[0].state / "keys.json")


def proposal_of(what: Served) -> str:
    """The text of the project file that a run is served by.

    Raises:
        ArgumentError: it has one.
    """
    if what.project is not None:
        raise ArgumentError(f"'{what.project}' is a project file", hint="--write-project is for runs without one")
    return project_text(_proposed(what, what.runs, schema_of(what.runs[0])))


def _proposed(what: Served, runs: Sequence[Path], schema: Schema) -> ProjectFile:
    """The project that some runs suggest."""
    manifests = [said(run) for run in runs]
    tasks = [manifest["task"] for manifest in manifests]
    nothing = next((run for run, task in zip(runs, tasks, strict=True) if task.get("item") is None), None)
    if nothing is not None:
        raise ArgumentError(f"the run '{nothing}' proposes nothing", hint="serve runs of RANK TOP k")
    made = propose(
        schema, tasks[0]["entity"], {task["item"]: _target(task, schema) for task in tasks},
        source=manifests[0]["source"]["name"], name=what.tenant,
        runs={task["item"]: str(run) for task, run in zip(tasks, runs, strict=True)},
    )  # fmt: skip
    return made.model_copy(update={"tenant": what.tenant})


def _target(task: dict[str, Any], schema: Schema) -> str:
    """The table that says what people did with things; the things themselves where labels came from elsewhere."""
    try:
        aggregate = bind(task["description"], schema).aggregate
    except QueryError:
        aggregate = None
    return task["item"] if aggregate is None else aggregate.table


def _one(tenant: str | None, path: Path, state: Path | None) -> Served:
    file = path if path.name == PROJECT or path.suffix in (".yaml", ".yml") else path / PROJECT
    if file.is_file():
        project = read_deciding(file)
        name = tenant or project.tenant
        named = project.runs if isinstance(project, ProjectFile) else {}
        runs = tuple((file.parent / run).resolve() for run in named.values())
        if isinstance(project, ProjectFile) and not runs:
            raise ArgumentError(
                f"the project '{file}' names no runs",
                hint="list them: runs: {KIND: FOLDER}; one that only decides leaves out people and items",
            )
        return Served(name, file, runs, _state(state, name, file.parent / "state"))
    if (path / MANIFEST).is_file():
        name, run = tenant or _MAIN, path.resolve()
        return Served(name, None, (run,), _state(state, name, run.parent / f"{run.name}.state"))
    raise ArgumentError(
        f"'{path}' is neither a project nor a run",
        hint=f"name a folder with a {PROJECT}, or a folder that `edgewise fit` wrote",
    )


def _state(asked: Path | None, tenant: str, otherwise: Path) -> Path:
    return asked / tenant if asked is not None else otherwise


def _live(what: Served, runs: Sequence[Path], exploration: Exploration, say: Callable[[str], None]) -> Live:
    version = _version(runs)
    answers = _answers(runs, what.state / "models" / version, say)
    say("opening the graph")
    database = database_of(runs[0])
    store = Graph.build(database).store
    project = (
        _proposed(what, runs, database.schema)
        if what.project is None
        else read_project(what.project, answers.schema)
    )
    say("preparing the surfaces")
    surfaces = Surfaces.build(project, answers.schema, store, until=answers.latest)
    arrivals = Arrivals(store, answers.schema, answers, tables_of(project, answers.schema))
    desk = ProjectDesk(answers, LiveSurfaces(surfaces, arrivals), arrivals, exploration)
    return Live(version, answers, desk, arrivals, answers.schema, answers.users, answers.latest)


def _answers(runs: Sequence[Path], snapshot: Path, say: Callable[[str], None]) -> OnlineAnswers:
    """The live answers of some runs; a snapshot that is damaged is made again."""
    if is_snapshot(snapshot):
        try:
            return _opened(snapshot)
        except RunError as damaged:
            say(f"making the runs ready again: {damaged.message}")
    say(f"making ready, once: {', '.join(run.name for run in runs)}")
    prepare(runs, snapshot)
    return _opened(snapshot)


def _opened(snapshot: Path) -> OnlineAnswers:
    answers = open_quickly(snapshot)
    answers.steady = SECOND
    return answers


def _version(runs: Sequence[Path]) -> str:
    """Names some runs by their folders, and by what is in them."""
    digest = hashlib.blake2b(digest_size=4)
    for run in sorted(runs):
        said(run)
        digest.update((run / MANIFEST).read_bytes())
    return "+".join(sorted(run.name for run in runs))[:80] + "-" + digest.hexdigest()


def _beside(runs: Sequence[Path], name: str) -> Path:
    """A run by the name of its folder, beside those that are served: no other place can be named over HTTP."""
    if "/" in name or "\\" in name or name.startswith("."):
        raise ArgumentError(f"'{name}' is no name of a run", hint="name the folder alone, without a path")
    for folder in dict.fromkeys(run.parent for run in runs):
        if (folder / name / MANIFEST).is_file():
            return folder / name
    known = sorted({p.parent.name for run in runs for p in run.parent.glob(f"*/{MANIFEST}")})
    raise ArgumentError(f"there is no run '{name}' beside those served", hint=f"runs: {', '.join(known[:12])}")


def _with_run(runs: Sequence[Path], new: Path) -> tuple[Path, ...]:
    """The runs with the one of the same kind replaced by a new one."""
    kind = _kind(new)
    kept = tuple(run for run in runs if _kind(run) != kind)
    if len(kept) == len(runs):
        kinds = ", ".join(str(_kind(run)) for run in runs)
        raise RunError(f"'{new.name}' ranks '{kind}', which is not served", hint=f"served: {kinds}")
    return (*kept, new)


def _kind(run: Path) -> str | None:
    kind: str | None = said(run)["task"].get("item")
    return kind
