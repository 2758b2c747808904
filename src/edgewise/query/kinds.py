"""What kind of answer a query asks for."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["TaskKind"]


class TaskKind(StrEnum):
    """The kinds of task, each with its own head, losses, metrics and prediction columns."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    MULTILABEL = "multilabel"
    MULTILABEL_RANKING = "multilabel ranking"
    REGRESSION = "regression"
    FORECASTING = "forecasting"
    RANKING = "ranking"
    STATIC_RANKING = "static ranking"

    @property
    def ranks(self) -> bool:
        """Whether the answer is an ordered list of items or classes."""
        return self in (TaskKind.RANKING, TaskKind.STATIC_RANKING, TaskKind.MULTILABEL_RANKING)
