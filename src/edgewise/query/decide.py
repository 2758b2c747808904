"""Which kind of task a query is, decided from its target and its clause."""

from __future__ import annotations

from typing import NamedTuple

from edgewise.query.bound import Aggregate, Bound, EntityKey, Family, Field, aggregates, fields
from edgewise.query.kinds import TaskKind
from edgewise.query.names import Names
from edgewise.query.nodes import Clause, Func
from edgewise.stypes import SType

__all__ = ["Decision", "decide"]


class Decision(NamedTuple):
    """The kind of task, the length of its lists, and the table whose keys they hold."""

    kind: TaskKind
    k: int | None = None
    item_table: str | None = None
    timeframes: int = 1


def decide(names: Names, target: Bound, clause: Clause | None) -> Decision:
    """The task that a target and a clause ask for, by the table in the language's reference.

    Raises:
        QueryError: the clause does not fit the target, or one is missing.
    """
    if not aggregates(target) and not fields(target):
        what = "names the entity itself" if isinstance(target, EntityKey) else "reads no column"
        raise names.error(f"the target {what}; there is nothing to predict", target.span)
    if clause is not None and clause.kind == "TOP":
        raise names.error("TOP needs RANK or CLASSIFY before it", clause.span, f"RANK TOP {clause.number}")
    if clause is not None and clause.kind == "FORECAST":
        return _forecast(names, target, clause)
    if isinstance(target, Aggregate) and target.func is Func.LIST_DISTINCT:
        return _list(names, target, clause)
    if clause is not None and clause.kind == "RANK":
        return _rank_one(names, target, clause)
    kind = _single(names, target)
    if clause is not None and kind is TaskKind.REGRESSION:
        raise names.error("CLASSIFY needs classes; the target is a number", clause.span, "leave CLASSIFY out")
    return Decision(kind, None if clause is None else clause.number)


def _forecast(names: Names, target: Bound, clause: Clause) -> Decision:
    found = aggregates(target)
    windows = {a.window for a in found}
    if target.family is not Family.NUMBER or not found or None in windows:
        raise names.error(
            "FORECAST needs a number over a window",
            clause.span,
            "for example SUM(t.amount, 0, 7, days) FORECAST 4 TIMEFRAMES",
        )
    if len(windows) > 1:
        raise names.error("all windows of a forecast have to be the same", target.span)
    frames = clause.number or 1
    if frames > 10_000:
        raise names.error("a forecast has at most 10000 timeframes", clause.span)
    return Decision(TaskKind.FORECASTING, timeframes=frames)


def _list(names: Names, target: Aggregate, clause: Clause | None) -> Decision:
    link = None if target.field is None else target.field.link
    if clause is None:
        forms = "RANK TOP 12" if link is not None else "CLASSIFY, or RANK TOP 3"
        raise names.error(
            "LIST_DISTINCT needs to be told what to do with the list", target.span, f"add {forms} after it"
        )
    if clause.kind == "CLASSIFY":
        return Decision(TaskKind.MULTILABEL, clause.number)
    k = _top(names, clause)
    if link is None:
        return Decision(TaskKind.MULTILABEL_RANKING, k)
    kind = TaskKind.STATIC_RANKING if target.window is None else TaskKind.RANKING
    return Decision(kind, k, link.to)


def _rank_one(names: Names, target: Bound, clause: Clause) -> Decision:
    """RANK over a target that is one link: the next item, or a missing one."""
    field = target.field if isinstance(target, Aggregate) else target
    one = not isinstance(target, Aggregate) or target.func in (Func.FIRST, Func.LAST, Func.MODE)
    if not one or not isinstance(field, Field) or field.link is None:
        raise names.error(
            "RANK needs a list or a link",
            clause.span,
            "RANK TOP k follows LIST_DISTINCT(table.column, 0, 7, days)",
        )
    windowed = isinstance(target, Aggregate) and target.window is not None
    return Decision(TaskKind.RANKING if windowed else TaskKind.STATIC_RANKING, _top(names, clause), field.link.to)


def _top(names: Names, clause: Clause) -> int:
    if clause.number is None:
        raise names.error("RANK needs to be told how many", clause.span, "RANK TOP 12")
    return clause.number


def _single(names: Names, target: Bound) -> TaskKind:
    """The kind of a target that is one value."""
    field = target
    if isinstance(target, Aggregate) and target.func in (Func.FIRST, Func.LAST, Func.MODE) and target.field:
        field = target.field
    if isinstance(field, Field):
        return _of_column(names, target, field)
    if target.family is Family.BOOLEAN:
        return TaskKind.BINARY
    if target.family is Family.NUMBER:
        return TaskKind.REGRESSION
    raise names.error(
        f"the target is a {target.family.value}; a model predicts numbers, categories and conditions",
        target.span,
        "compare it with a value to make it a condition",
    )


def _of_column(names: Names, target: Bound, field: Field) -> TaskKind:
    stype, family = field.column.stype, field.family
    if family is Family.BOOLEAN or (stype is SType.BOOLEAN and family is Family.NUMBER):
        return TaskKind.BINARY
    if field.link is not None or (stype in (SType.CATEGORICAL, SType.BOOLEAN) and family is not Family.OTHER):
        return TaskKind.MULTICLASS
    if stype is SType.NUMERICAL and family is Family.NUMBER:
        return TaskKind.REGRESSION
    raise names.error(
        f"'{field.table}.{field.column.name}' is {stype.value}; a model predicts numbers and categories",
        target.span,
        "if it is one, say so in the graph file: stype: categorical",
    )
