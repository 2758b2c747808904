"""Which model is better, and whether the difference can be told from chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from edgewise.evaluation.bootstrap import Bootstrap, Interval, interval
from edgewise.evaluation.statistics import Statistic, mean

__all__ = ["Compared", "Comparison", "compare"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One model: its score, and how far the winner is ahead of it (0 for the winner itself).

    `beyond_one_error`: the lead is larger than its own standard error. `clear`: its interval excludes zero.
    """

    model: str
    score: Interval
    behind: Interval
    beyond_one_error: bool
    clear: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Models by falling merit on one metric. `winner` leads; whether its lead is real, the second row says."""

    metric: str
    rows: tuple[Compared, ...]

    @property
    def winner(self) -> str:
        """The model with the best score."""
        return self.rows[0].model

    @property
    def decided(self) -> bool:
        """Whether the winner leads the runner-up by more than one standard error; true when it is alone."""
        return len(self.rows) < 2 or self.rows[1].beyond_one_error

    def row(self, model: str) -> Compared:
        """The row of a model."""
        return next(r for r in self.rows if r.model == model)


def compare(
    results: Mapping[str, Statistic | Float64[np.ndarray, "n"]],
    bootstrap: Bootstrap,
    *,
    metric: str = "score",
    higher_is_better: bool = True,
    recentre: bool = False,
) -> Comparison:
    """Models side by side on the same seeds, with paired differences against the winner.

    `results` holds for each model a statistic or plain per-seed contributions (their mean is compared). A model
    whose value is not defined comes last.
    """
    statistics = {n: r if isinstance(r, Statistic) else mean(r) for n, r in results.items()}
    names = list(statistics)
    draws = bootstrap.draws([statistics[n] for n in names])
    values = np.array([statistics[n].value() for n in names])
    sign = 1.0 if higher_is_better else -1.0
    order = np.argsort(np.where(np.isfinite(values), -sign * values, np.inf), kind="stable")
    best = int(order[0])
    rows = []
    for i in order:
        behind = interval(sign * (values[best] - values[i]), sign * (draws[best] - draws[i]))
        rows.append(
            Compared(
                model=names[i],
                score=interval(float(values[i]), draws[i], recentre=recentre),
                behind=behind,
                beyond_one_error=bool(behind.value > behind.error),
                clear=behind.clear,
            )
        )
    return Comparison(metric, tuple(rows))
