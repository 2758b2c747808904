"""Whether a query is valid on a database, and what it means there. No graph is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from edgewise.clock import iso
from edgewise.query.bind import bind
from edgewise.query.bound import Query
from edgewise.query.checks import check_complete, check_labels
from edgewise.query.labels import counts, label_sql, labels
from edgewise.query.plan import Anchors, plan
from edgewise.sources.database import Database
from edgewise.workflow.moments import Moment, moments

__all__ = ["QueryCheck", "check_query", "label_statistics", "label_table"]


@dataclass(frozen=True, slots=True)
class QueryCheck:
    """A valid query: its task, the SQL of its labels, its anchors (ISO text), and what its labels are like.

    `statistics` has one entry for each of train, validation and test: plain JSON values.
    """

    query: str
    kind: str
    entity: str
    item: str | None
    k: int | None
    window: str
    sql: str
    train: tuple[str, ...]
    validation: str
    test: str
    statistics: dict[str, dict[str, Any]]
    warnings: tuple[str, ...]


def check_query(db: Database, text: str) -> QueryCheck:
    """Bind a query, plan its anchors, and look at its labels.

    Raises:
        QueryError: it is not valid here, or its labels hold nothing to learn.
    """
    query = bind(text, db.schema)
    anchors = plan(query, db.source, db.schema)
    table = labels(query, db.source, db.schema, anchors.all)
    check_labels(query, table)
    found = counts(table)
    warnings = list(query.warnings)
    if found.null_times:
        warnings.append(f"{found.null_times:,} rows of '{query.target_table}' have no time and fall in no window")
    if found.without_label:
        warnings.append(f"{found.without_label:,} of {found.asked:,} entities at anchors have no label")
    return QueryCheck(
        query=text,
        kind=query.kind.value,
        entity=query.entity_table,
        item=query.item_table,
        k=query.k,
        window=_window(query),
        sql=label_sql(query, db.source, db.schema, [anchors.test]),
        train=tuple(iso(a) for a in anchors.train),
        validation=iso(anchors.valid),
        test=iso(anchors.test),
        statistics=_by_part(query, table, anchors),
        warnings=tuple(warnings),
    )


def label_table(db: Database, text: str, at: Moment | Sequence[Moment]) -> pa.Table:
    """What came true after the given anchors: columns entity, anchor_time, target. Needs no graph.

    Raises:
        QueryError: the query is not valid on this database.
        ArgumentError: a time that is none, no time where the query has a window, or one whose window is not over
            in the data.
    """
    query, anchors = bind(text, db.schema), moments(at)
    check_complete(query, db.source, db.schema, anchors)
    return labels(query, db.source, db.schema, anchors)


def _window(query: Query) -> str:
    if query.end is None:
        return "no window: the rows are taken as they are"
    start = "0" if query.start is None else str(query.start)
    return f"after the anchor: ({start}, {query.end}]"


def _by_part(query: Query, table: pa.Table, anchors: Anchors) -> dict[str, dict[str, Any]]:
    if query.static:
        return {"all": label_statistics(table)}
    at = pc.cast(table.column("anchor_time"), pa.int64()).to_numpy()
    parts = {"train": anchors.train, "validation": (anchors.valid,), "test": (anchors.test,)}
    return {n: label_statistics(table.filter(pa.array(np.isin(at, np.asarray(a))))) for n, a in parts.items()}


def label_statistics(table: pa.Table) -> dict[str, Any]:
    """Plain facts about the targets of a label table: how many, and what they are like by type."""
    target = table.column("target")
    entities = len(pc.unique(table.column("entity"))) if not pa.types.is_struct(table["entity"].type) else None
    facts: dict[str, Any] = {"labels": len(target), "entities": entities}
    if not len(target):
        return facts
    if pa.types.is_boolean(target.type):
        return facts | {"true": pc.mean(pc.cast(target, pa.int8())).as_py()}
    if pa.types.is_list(target.type):
        lengths = pc.list_value_length(target)
        values = pc.list_flatten(target)
        return facts | {
            "mean length": pc.mean(lengths).as_py(),
            "empty": pc.mean(pc.cast(pc.equal(lengths, 0), pa.int8())).as_py(),
            "distinct values": pc.count_distinct(values).as_py(),
        }
    if pa.types.is_floating(target.type):
        quantiles = pc.quantile(target, [0.0, 0.5, 1.0]).to_pylist()
        return facts | {
            "mean": pc.mean(target).as_py(),
            "zero": pc.mean(pc.cast(pc.equal(target, 0.0), pa.int8())).as_py(),
            **dict(zip(("min", "median", "max"), quantiles, strict=True)),
        }
    counted = sorted(target.combine_chunks().value_counts().to_pylist(), key=lambda v: -v["counts"])
    return facts | {"classes": len(counted), "most frequent": {str(v["values"]): v["counts"] for v in counted[:5]}}
