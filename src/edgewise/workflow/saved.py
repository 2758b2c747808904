"""Runs in folders: what is written, and how a run opens again on its data.

run.json        format, source, question, task, models, facts
schema.json     the schema as it was used
classes.arrow   the classes of the target, where it has any
labels.arrow    the user's own label table, where the task came from one
report.json     the report of the fit; report.html is the same for reading
model/          the model that serves; baselines/00/ … the baselines
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.errors import RunError, UserError
from edgewise.evaluation.page import page
from edgewise.evaluation.report import Report
from edgewise.graph.manifest import schema_from_json, schema_to_json
from edgewise.models.contract import Model
from edgewise.models.registry import model_named
from edgewise.prediction.folder import FORMAT, MANIFEST, new_folder, read_manifest, write_json
from edgewise.prediction.spec_file import load_spec, save_classes, spec_to_json
from edgewise.sources.database import Database
from edgewise.sources.open import open_source
from edgewise.tasks.own import OwnLabels
from edgewise.training.device import device_named
from edgewise.workflow.graph import Graph
from edgewise.workflow.own_question import OwnQuestion
from edgewise.workflow.question import Question
from edgewise.workflow.run import Run
from edgewise.worlds.catalogue import is_world

if TYPE_CHECKING:
    from edgewise.sources.contract import Source

__all__ = ["load_run", "save_run"]

LABELS = "labels.arrow"


def save_run(run: Run, out: Path, *, overwrite: bool = False) -> Path:
    """Write a run into the folder `out`, which appears whole or not at all.

    Raises:
        RunError: `out` exists and is not a run, or is one and `overwrite` is false.
    """
    with new_folder(out, overwrite=overwrite) as folder:
        _save_model(run.model, folder / "model")
        (folder / "baselines").mkdir()
        for number, baseline in enumerate(run.baselines):
            _save_model(baseline, folder / "baselines" / f"{number:02d}")
        save_classes(run.spec, folder)
        if isinstance(run.question, OwnQuestion):
            run.question.own.save(folder / LABELS)
        write_json(folder / "schema.json", schema_to_json(run.graph.db.schema))
        (folder / "report.json").write_text(run.report().dumps(), encoding="utf-8")
        (folder / "report.html").write_text(page(run.report()), encoding="utf-8")
        write_json(
            folder / MANIFEST,
            {
                "format": FORMAT,
                "source": _where(run.graph.db.source),
                "question": run.question.recipe(),
                "task": spec_to_json(run.spec),
                "model": run.model.name,
                "baselines": [b.name for b in run.baselines],
                "facts": run.facts,
            },
        )
    return out


def load_run(path: str | Path, db: Database | None = None, *, device: str = "auto") -> Run:
    """Open a run, on the source it was fitted on or on `db` (the same tables elsewhere, or later).

    The graph is built again unless the cache has it; the schema is the one of the fit. Networks compute on
    `device` ("cpu", "cuda", "auto"), wherever the run was fitted.

    Raises:
        ArgumentError: a device that is none, or is not there.
        RunError: no run there, a damaged one, or one whose source cannot be opened again.
    """
    folder, device = Path(path), device_named(device)
    manifest = read_manifest(folder)
    try:
        model = _load_model(manifest["model"], folder / "model")
        baselines = tuple(
            _load_model(name, folder / "baselines" / f"{number:02d}")
            for number, name in enumerate(manifest["baselines"])
        )
        report = Report.from_json(_json(folder / "report.json"))
        schema = schema_from_json(_json(folder / "schema.json"))
        source = db.source if db is not None else _reopen(manifest["source"], folder)
        graph, question = _question(manifest["question"], Database(source, schema), folder)
        spec = question.with_history(load_spec(manifest["task"], folder))
        facts = manifest["facts"]
    except (KeyError, TypeError) as error:
        raise RunError(f"the run in '{folder}' is damaged: it lacks {error}", hint="fit it again") from None
    for one in (model, *baselines):
        one.move(device)
    return Run(
        graph=graph, question=question, spec=spec, model=model, baselines=baselines, report=report, facts=facts
    )


def _save_model(model: Model, folder: Path) -> None:
    folder.mkdir()
    model.save(folder)


def _load_model(name: str, folder: Path) -> Model:
    if not folder.is_dir():
        raise RunError(f"the run is damaged: '{folder.name}' of {name} is missing", hint="fit it again")
    return model_named(name).load(folder)


def _question(recipe: dict[str, Any], db: Database, folder: Path) -> tuple[Graph, Question]:
    graph = Graph.build(db)
    if "query" in recipe:
        task = graph.task(recipe["query"])
        return task.graph, task.question
    return graph, OwnQuestion.reopen(graph.store, recipe, OwnLabels.load(folder / LABELS))


def _where(source: Source) -> dict[str, Any]:
    """How to open a source again; paths are made absolute, so that a run can be used from anywhere."""
    path = Path(source.name)
    is_path = not is_world(source.name) and path.exists()
    return {"name": str(path.resolve()) if is_path else source.name, "dialect": source.dialect}


def _reopen(where: dict[str, Any], folder: Path) -> Source:
    try:
        return open_source(where["name"])
    except UserError as error:
        raise RunError(
            f"the run in '{folder}' was fitted on '{where['name']}', which cannot be opened: {error}",
            hint="say where the tables are now: --source SOURCE, or edgewise.load(RUN, db=edgewise.open(SOURCE))",
        ) from None


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise RunError(
            f"the run in '{path.parent}' is damaged: {path.name} is missing", hint="fit it again"
        ) from None
    except ValueError:
        raise RunError(
            f"the run in '{path.parent}' is damaged: {path.name} is not JSON", hint="fit it again"
        ) from None
