"""A task's spec as files in a run folder: JSON, and Arrow for the classes. The history is not kept: the
graph has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from edgewise.errors import RunError
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import TaskSpec

__all__ = ["load_spec", "save_classes", "spec_to_json"]

CLASSES = "classes.arrow"


def spec_to_json(spec: TaskSpec) -> dict[str, Any]:
    """All of a spec but its classes and history."""
    return {
        "kind": spec.kind.value,
        "entity": spec.entity,
        "horizon": spec.horizon,
        "start": spec.start,
        "item": spec.item,
        "k": spec.k,
        "timeframes": spec.timeframes,
        "hidden": sorted(map(list, spec.hidden)),
        "description": spec.description,
        "staleness": spec.staleness,
    }


def save_classes(spec: TaskSpec, folder: Path) -> None:
    """Write the classes, where the task has any."""
    if spec.classes is None:
        return
    table = pa.table({"class": spec.classes})
    with pa.OSFile(str(folder / CLASSES), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def load_spec(content: dict[str, Any], folder: Path) -> TaskSpec:
    """The inverse of `spec_to_json` and `save_classes`: a spec without its history.

    Raises:
        RunError: a field is missing or the classes' file is damaged.
    """
    try:
        return TaskSpec(
            kind=TaskKind(content["kind"]),
            entity=content["entity"],
            horizon=content["horizon"],
            start=content["start"],
            item=content["item"],
            classes=_classes(folder / CLASSES),
            k=content["k"],
            timeframes=content["timeframes"],
            hidden=frozenset((table, column) for table, column in content["hidden"]),
            description=content["description"],
            staleness=content["staleness"],
        )
    except (KeyError, ValueError, TypeError) as error:
        raise RunError(f"the run in '{folder}' is damaged: its task cannot be read ({error})") from None


def _classes(path: Path) -> pa.Array | None:
    if not path.is_file():
        return None
    try:
        with pa.OSFile(str(path), "rb") as source:
            return pa.ipc.open_file(source).read_all().column("class").combine_chunks()
    except pa.ArrowInvalid:
        raise RunError(f"the run's file '{path}' is damaged", hint="fit it again") from None
