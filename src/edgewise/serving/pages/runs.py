"""The runs beside those that are served: what each is, and what its report says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edgewise.errors import RunError, UserError
from edgewise.evaluation.report import Report
from edgewise.prediction.folder import MANIFEST, read_manifest
from edgewise.serving.envelope import Refusal
from edgewise.serving.pages.origin import Origin

__all__ = ["RunSeen", "report_page", "runs_of"]

_MOST: Final = 40
_SLICES: Final = 8


@dataclass(frozen=True, slots=True)
class RunSeen:
    """A run as the page shows it. `report` is None, and `wrong` says why, where it cannot be read."""

    name: str
    folder: Path
    query: str
    kind: str
    item: str
    model: str
    cut: str
    report: Report | None
    wrong: str = ""

    @property
    def slices(self) -> Sequence[Any]:
        """The slices that most seeds are in, each with its scores."""
        if self.report is None:
            return ()
        return sorted(self.report.slices, key=lambda one: -one.counted)[:_SLICES]


def runs_of(origin: Origin) -> list[RunSeen]:
    """The runs in the folders of those that are served, the latest first."""
    return [_seen(run) for run in _latest(origin)]


def report_page(origin: Origin, name: str) -> str:
    """The page of a run's report.

    Raises:
        Refusal: there is no such run, or it has no such page.
    """
    for run in _latest(origin):
        if run.name == name and (run / "report.html").is_file():
            return (run / "report.html").read_text(encoding="utf-8")
    raise Refusal(404, f"there is no report of a run '{name[:100]}'", place="path.name")


def _latest(origin: Origin) -> list[Path]:
    folders = dict.fromkeys(run.parent for run in origin.runs)
    found = [manifest.parent for folder in folders for manifest in folder.glob(f"*/{MANIFEST}")]
    return sorted(found, key=lambda run: -(run / MANIFEST).stat().st_mtime)[:_MOST]


def _seen(folder: Path) -> RunSeen:
    try:
        manifest = read_manifest(folder)
        task, facts = manifest["task"], manifest.get("facts", {})
        report = Report.from_json(json.loads((folder / "report.json").read_text(encoding="utf-8")))
        query = manifest["question"].get("query") or task.get("description") or "labels of one's own"
        return RunSeen(
            folder.name, folder, query, task["kind"], task.get("item") or "", manifest["model"],
            str(facts.get("cut", "")), report,
        )  # fmt: skip
    except (UserError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = error.message if isinstance(error, RunError) else f"it is damaged ({type(error).__name__})"
        return RunSeen(folder.name, folder, "", "", "", "", "", None, why)
