"""The labels of a query over its anchors, as numbers and as a small chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from edgewise.clock import from_micros
from edgewise.evaluation.report import number
from edgewise.evaluation.svg import Canvas, Scale, ticks
from edgewise.query.bind import bind
from edgewise.query.labels import labels
from edgewise.query.plan import Anchors, plan
from edgewise.sources.database import Database
from edgewise.workflow.check import label_statistics

__all__ = ["At", "LabelShape", "chart", "label_shape"]


@dataclass(frozen=True, slots=True)
class At:
    """The labels of one anchor: `value` is the share, mean or length that `LabelShape.measure` names."""

    day: str
    part: str
    labels: int
    value: float


@dataclass(frozen=True, slots=True)
class LabelShape:
    """The labels by anchor (none for a query without a window), and facts about all of them together."""

    measure: str
    anchors: Sequence[At]
    facts: Mapping[str, Any]
    warnings: Sequence[str]


def label_shape(db: Database, text: str) -> LabelShape:
    """Make the labels of a query at all its anchors.

    Raises:
        QueryError: it is not valid here.
    """
    query = bind(text, db.schema)
    anchors = plan(query, db.source, db.schema)
    table = labels(query, db.source, db.schema, anchors.all)
    measure, values = _measured(table["target"])
    found: list[At] = []
    if not query.static:
        moments = pc.cast(table["anchor_time"], pa.int64())
        grouped = (
            pa.table({"at": moments, "value": values})
            .group_by("at")
            .aggregate([("value", "mean"), ("value", "count")])
        )
        found = [
            At(
                f"{from_micros(row['at']):%Y-%m-%d}",
                _part(anchors, row["at"]),
                row["value_count"],
                row["value_mean"] or 0.0,
            )
            for row in grouped.sort_by("at").to_pylist()
        ]
    facts = {name: value for name, value in label_statistics(table).items() if value is not None}
    return LabelShape(measure, found, facts, query.warnings)


def chart(shape: LabelShape) -> Markup:
    """A bar for each anchor, those of training, validation and test in colours of their own."""
    wide, tall, left, bottom = 640, 200, 48, 26
    canvas = Canvas(
        wide, tall, f"{shape.measure} by anchor", f"{len(shape.anchors)} anchors; the table says the same."
    )
    most = max((at.value for at in shape.anchors), default=1.0) or 1.0
    least = min(0.0, *(at.value for at in shape.anchors))
    up = Scale((least, most), (tall - bottom, 10))
    for tick in ticks(least, most):
        canvas.line(left, up(tick), wide - 4, up(tick), "grid")
        canvas.text(left - 6, up(tick) + 4, f"{tick:,g}", anchor="end")
    step = (wide - left - 8) / max(len(shape.anchors), 1)
    for i, at in enumerate(shape.anchors):
        top, base = sorted((up(at.value), up(0.0)))
        hint = f"{at.day}, {at.part}: {number(at.value)} ({at.labels:,} labels)"
        canvas.rect(left + 2 + i * step, top, max(step - 2, 1.0), max(base - top, 1.0), _STYLES[at.part], hint)
    if shape.anchors:
        canvas.text(left, tall - 8, shape.anchors[0].day)
        canvas.text(wide - 4, tall - 8, shape.anchors[-1].day, anchor="end")
    return canvas.render()


_STYLES = {"train": "own", "validation": "valid", "test": "test"}


def _part(anchors: Anchors, at: int) -> str:
    return "test" if at == anchors.test else "validation" if at == anchors.valid else "train"


def _measured(target: pa.ChunkedArray) -> tuple[str, pa.ChunkedArray]:
    if pa.types.is_boolean(target.type):
        return "share of true labels", pc.cast(pc.cast(target, pa.int8()), pa.float64())
    if pa.types.is_list(target.type) or pa.types.is_large_list(target.type):
        return "mean length of the lists", pc.cast(pc.list_value_length(target), pa.float64())
    if pa.types.is_floating(target.type) or pa.types.is_integer(target.type):
        return "mean of the labels", pc.cast(target, pa.float64())
    return "share of entities with a label", pc.cast(pc.cast(pc.is_valid(target), pa.int8()), pa.float64())
