"""Edgewise: tables to predictions.

    import edgewise as ew

    graph = ew.Graph.build(ew.open("completejourney"))
    task = graph.task("PREDICT COUNT(transactions.*, 0, 14, days) = 0 FOR EACH households.household_id")
    run = task.fit(budget="5m")
    run.report()
    run.predict(at="2017-12-18")

Names are loaded when first used: importing this package loads nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgewise.decisions.deciding import decide
    from edgewise.errors import UserError
    from edgewise.evaluation.report import Report
    from edgewise.explanation.nouns import Explanation
    from edgewise.schema.model import Schema
    from edgewise.sources.database import Database
    from edgewise.sources.database import open_database as open
    from edgewise.workflow.graph import Graph
    from edgewise.workflow.run import Run
    from edgewise.workflow.saved import load_run as load
    from edgewise.workflow.task import Task

__all__ = [
    "Database",
    "Explanation",
    "Graph",
    "Report",
    "Run",
    "Schema",
    "Task",
    "UserError",
    "__version__",
    "decide",
    "load",
    "open",
]

_PLACES = {
    "Database": ("edgewise.sources.database", "Database"),
    "Explanation": ("edgewise.explanation.nouns", "Explanation"),
    "Graph": ("edgewise.workflow.graph", "Graph"),
    "Report": ("edgewise.evaluation.report", "Report"),
    "Run": ("edgewise.workflow.run", "Run"),
    "Schema": ("edgewise.schema.model", "Schema"),
    "Task": ("edgewise.workflow.task", "Task"),
    "UserError": ("edgewise.errors", "UserError"),
    "decide": ("edgewise.decisions.deciding", "decide"),
    "load": ("edgewise.workflow.saved", "load_run"),
    "open": ("edgewise.sources.database", "open_database"),
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("edgewise")
    if name not in _PLACES:
        raise AttributeError(f"module 'edgewise' has no attribute '{name}'")
    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
