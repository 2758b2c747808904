"""What each metric is called, which way is up, and what it says in one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edgewise.query.kinds import TaskKind

__all__ = ["CATALOGUE", "PRIMARY", "Metric", "primary"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `label` may hold `{k}`. `better` is 1 (higher), -1 (lower) or 0 (neither: a description).

    `recentre`: resampling inflates it, so its interval is shifted back onto the value.
    """

    key: str
    label: str
    better: int
    note: str
    recentre: bool = False

    def title(self, k: int) -> str:
        """The label with the length of the ranking in it."""
        return self.label.replace("{k}", str(k))


def _all(*metrics: Metric) -> dict[str, Metric]:
    return {m.key: m for m in metrics}


CATALOGUE: Final[dict[str, Metric]] = _all(
    # rankings
    Metric("map", "MAP@{k}", 1, "mean average precision, divided by min(k, relevant items)"),
    Metric("recall", "Recall@{k}", 1, "share of the relevant items found"),
    Metric("precision", "Precision@{k}", 1, "share of the k places that are relevant"),
    Metric("ndcg", "NDCG@{k}", 1, "gain discounted by the logarithm of the place, beside the best order"),
    Metric("hit_rate", "HR@{k}", 1, "share of seeds with at least one relevant item"),
    Metric("mrr", "MRR@{k}", 1, "one over the place of the first relevant item"),
    Metric("r_precision", "R-precision", 1, "precision at min(k, relevant items)"),
    Metric("repeat_map", "MAP@{k}, repeat", 1, "only items the entity had before count as relevant"),
    Metric("repeat_recall", "Recall@{k}, repeat", 1, "share found of the items the entity had before"),
    Metric("explore_map", "MAP@{k}, explore", 1, "only items new to the entity count as relevant"),
    Metric("explore_recall", "Recall@{k}, explore", 1, "share found of the items new to the entity"),
    Metric("repeat_share", "repeat share", 0, "share of the recommended items that the entity had before"),
    Metric("coverage", "coverage", 0, "share of the catalogue recommended to anyone"),
    Metric("gini", "Gini", 0, "inequality of how often items are recommended: 0 all equal, 1 one item only"),
    Metric("novelty", "novelty", 0, "mean surprise of a recommended item, in bits of its popularity"),
    Metric("diversity", "diversity", 0, "mean unlikeness of two items in one list"),
    Metric("popularity", "popularity", 0, "mean popularity percentile of the recommended items"),
    # probabilities
    Metric("auroc", "AUROC", 1, "probability that a true case is scored above a false one"),
    Metric("average_precision", "average precision", 1, "area under precision and recall"),
    Metric("log_loss", "log loss", -1, "mean negative log likelihood, in nats"),
    Metric("brier", "Brier", -1, "mean squared error of the probability"),
    Metric("ece", "ECE", -1, "calibration error over equal-mass bins", recentre=True),
    Metric("accuracy", "accuracy", 1, "share of seeds whose likeliest class is right"),
    Metric("macro_f1", "macro F1", 1, "F1 averaged over classes"),
    Metric("micro_f1", "micro F1", 1, "F1 over all decisions together"),
    Metric("macro_auroc", "AUROC, macro", 1, "AUROC of each class against the rest, averaged"),
    Metric("macro_map", "MAP, macro", 1, "average precision of each class, averaged"),
    # numbers
    Metric("mae", "MAE", -1, "mean absolute error"),
    Metric("rmse", "RMSE", -1, "root mean squared error"),
    Metric("r2", "R2", 1, "share of the variance explained"),
    Metric("wape", "WAPE", -1, "sum of absolute errors over sum of absolute values"),
    Metric("bias", "bias", 0, "sum of errors over sum of absolute values: above 0 predicts too much"),
    Metric("spearman", "Spearman", 1, "correlation of the ranks"),
    Metric("mase", "MASE", -1, "absolute error over that of the seasonal naive in the past"),
    Metric("rmsse", "RMSSE", -1, "root squared error over that of the seasonal naive in the past"),
    Metric("pinball", "pinball", -1, "quantile loss, averaged over the levels"),
    Metric("interval_coverage", "coverage of interval", 0, "share of the values inside the widest interval"),
    Metric("interval_nominal", "nominal coverage", 0, "what the widest interval promises to cover"),
    Metric("interval_width", "width of interval", 0, "mean width of the widest interval"),
)

#: The metric that a task is judged by.
PRIMARY: Final[dict[TaskKind, str]] = {
    TaskKind.RANKING: "map",
    TaskKind.STATIC_RANKING: "recall",
    TaskKind.MULTILABEL_RANKING: "map",
    TaskKind.BINARY: "auroc",
    TaskKind.MULTICLASS: "accuracy",
    TaskKind.MULTILABEL: "macro_map",
    TaskKind.REGRESSION: "mae",
    TaskKind.FORECASTING: "wape",
}


def primary(kind: TaskKind) -> Metric:
    """The metric that a task of this kind is judged by."""
    return CATALOGUE[PRIMARY[kind]]
