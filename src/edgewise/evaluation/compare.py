"""Which model is better, and whether the difference can be told from chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from edgewise.evaluation.bootstrap import Bootstrap, Interval, interval
from edgewise.evaluation.statistics import Statistic, mean

__all__ = ["Compared", "Comparison", "compare", "compare_draws"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One model: its score, and how far the winner is ahead of it (0 for the winner itself).

    `behind` is positive for a worse model, whichever way the metric points. `beyond_one_error`: it is larger
    than its own standard error. `clear`: its interval excludes zero.
    """

    model: str
    score: Interval
    behind: Interval
    beyond_one_error: bool
    clear: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Models by falling merit on one metric. `winner` leads; whether its lead is real, the second row says.

    `resamples` are those that its intervals rest on: none where it has no interval, fewer than of other metrics
    where one costs too much.
    """

    metric: str
    rows: tuple[Compared, ...]
    resamples: int = 0

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
    results: Mapping[str, Statistic | Float64[np.ndarray, " n"]],
    bootstrap: Bootstrap,
    *,
    metric: str = "score",
    better: int = 1,
    recentre: bool = False,
) -> Comparison:
    """Models side by side on the same seeds, with paired differences against the winner.

    `results` holds for each model a statistic or plain per-seed contributions (their mean is compared); `better`
    and `recentre` are those of `Metric`. A model whose value is not defined comes last.
    """
    statistics = {n: r if isinstance(r, Statistic) else mean(r) for n, r in results.items()}
    values = [s.value() for s in statistics.values()]
    draws = bootstrap.draws(list(statistics.values()))
    return compare_draws(list(statistics), values, draws, metric=metric, better=better, recentre=recentre)


def compare_draws(
    models: Sequence[str],
    values: Sequence[float],
    draws: Float64[np.ndarray, "models resamples"],
    *,
    metric: str,
    better: int,
    recentre: bool = False,
) -> Comparison:
    """As `compare`, from values and draws at hand. With `better` 0 models keep their order: nobody wins."""
    found = np.asarray(values, dtype=np.float64)
    order = np.arange(len(models))
    if better:
        order = np.argsort(np.where(np.isfinite(found), -better * found, np.inf), kind="stable")
    best, sign = int(order[0]), better or 1
    rows = []
    for i in order:
        behind = interval(float(sign * (found[best] - found[i])), sign * (draws[best] - draws[i]))
        rows.append(
            Compared(
                model=models[int(i)],
                score=interval(float(found[i]), draws[i], recentre=recentre),
                behind=behind,
                beyond_one_error=bool(behind.value > behind.error),
                clear=behind.clear,
            )
        )
    drawn = np.flatnonzero(np.isfinite(draws).any(axis=0))
    return Comparison(metric, tuple(rows), int(drawn.max(initial=-1)) + 1)
