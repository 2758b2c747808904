"""Churn of households and spend of households, at anchors of The Complete Journey; and sales of its stores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from benchmarks.cases.journey import Journey
from benchmarks.cases.nouns import Ask, Case, Job, write

__all__ = ["ENTITY_CASES"]

PEERS: Final = ("windows", "last", "seasonal", "trailing", "kumo")
ORIGINS: Final = ("2017-10-29", "2017-11-12", "2017-11-26", "2017-12-10")
#: How many earlier windows a hand-made table is replayed at.
REPLAYED: Final = 26


@dataclass(frozen=True)
class About:
    """One entity task: the label of a window after an anchor, as SQL over the transactions in it."""

    name: str
    title: str
    question: str
    kind: str
    metrics: tuple[str, ...]
    key: str
    days: int
    label: str  # an aggregate over the window's transactions, of each entity; `empty` where there are none
    empty: str
    active_days: int | None
    origins: tuple[str, ...] = ORIGINS


class EntityCase(Case):
    """An entity task on The Complete Journey."""

    data = "The Complete Journey, all tables"
    without_positives = "Entities without a row in the window are asked about like all others."
    target = "best of all, by AUROC or MAE"
    peers = PEERS

    def __init__(self, about: About) -> None:
        self.about = about
        self.name, self.title, self.question = about.name, about.title, about.question
        self.metrics = about.metrics
        self.split = (
            f"{len(about.origins)} origins, every system fitted anew at each on what is known then; pooled"
        )
        self.only = {"kumo": about.origins[-1:]}
        if about.days == 28:  # the season is the last value
            self.peers = tuple(p for p in PEERS if p != "seasonal")

    def parts(self) -> tuple[str, ...]:
        """The origins."""
        return self.about.origins

    def prepare(self, part: str, folder: Path, truth: Path, sample: float) -> None:
        """Tables up to the origin; labels of earlier windows that are over by then; the truth after it."""
        about = self.about
        with Journey(sample) as data:
            data.export(part, folder / "tables")
            write(data.seeds(about.key, part, active_days=about.active_days), folder / "seeds.parquet")
            write(_labels(data, about, part, range(1, REPLAYED + 1)), folder / "labels.parquet")
            write(_labels(data, about, part, range(1)), truth)
        ask = Ask(query=about.question, until=part)
        Job(
            self.name, part, about.kind, about.metrics[0], ask, cut=part, horizon_days=about.days,
            facts=facts(about.key), notes={"lag_days": about.days},
        ).write(folder)  # fmt: skip


def _labels(data: Journey, about: About, cut: str, back: range) -> pa.Table:
    """entity, anchor_time, target at the anchors so many windows before the cut."""
    anchors = ", ".join(f"TIMESTAMP '{cut}' - INTERVAL {about.days * n} DAY" for n in back)
    since = (
        ""
        if about.active_days is None
        else f"AND t.transaction_timestamp > moment - INTERVAL {about.active_days} DAY"
    )
    return data.query(
        f"WITH anchors AS (SELECT unnest([{anchors}]) AS moment), "
        f"seeds AS (SELECT DISTINCT t.{about.key} AS entity, moment FROM transactions t, anchors "
        f"WHERE t.transaction_timestamp <= moment {since}), "
        f"found AS (SELECT t.{about.key} AS entity, moment, {about.label} AS target FROM transactions t, anchors "
        f"WHERE t.transaction_timestamp > moment AND t.transaction_timestamp <= moment + INTERVAL "
        f"{about.days} DAY "
        "GROUP BY ALL) "
        f"SELECT entity, moment AS anchor_time, coalesce(target, {about.empty}) AS target "
        "FROM seeds LEFT JOIN found USING (entity, moment) ORDER BY anchor_time, entity"
    )


def facts(key: str) -> list[dict[str, Any]]:
    """What a hand would aggregate for an entity: numbers and distinct values of its purchases, by department."""
    other = "store_id" if key == "household_id" else "household_id"
    purchases = {
        "name": "purchases",
        "sql": f"SELECT {key} AS entity, transaction_timestamp AS moment, sales_value, quantity, retail_disc, "
        f"coupon_disc, basket_id, product_id, {other} AS other FROM transactions",
        "sums": ["sales_value", "quantity", "retail_disc", "coupon_disc"],
        "distinct": ["basket_id", "product_id", "other"],
    }
    departments = {
        "name": "department",
        "sql": f"SELECT {key} AS entity, transaction_timestamp AS moment, sales_value, "
        f"coalesce(department, '') AS kind "
        "FROM transactions LEFT JOIN products USING (product_id)",
        "sums": ["sales_value"],
        "by": "kind",
        "most": 8,
    }
    own = {
        "name": "demographics",
        "sql": "SELECT household_id AS entity, * EXCLUDE (household_id) FROM demographics",
    }
    redeemed = {
        "name": "coupons",
        "sql": "SELECT household_id AS entity, redemption_date AS moment, 1 AS redeemed FROM coupon_redemptions",
        "sums": ["redeemed"],
    }
    return [purchases, departments, own, redeemed] if key == "household_id" else [purchases, departments]


ENTITY_CASES: Final = tuple(
    EntityCase(about)
    for about in (
        About(
            "churn", "Churn",
            "PREDICT COUNT(transactions.*, 0, 14, days) = 0 FOR EACH households.household_id "
            "WHERE COUNT(transactions.*, -56, 0, days) > 0",
            "binary", ("auroc", "average_precision", "log_loss", "ece"), "household_id", 14,
            "count(*) = 0", "true", 56,
            ("2017-09-10", "2017-09-24", "2017-10-08", "2017-10-22", "2017-11-05", "2017-11-19", "2017-12-03",
             "2017-12-17"),
        ),
        About(
            "spend", "Spend",
            "PREDICT SUM(transactions.sales_value, 0, 28, days) FOR EACH households.household_id",
            "regression", ("mae", "rmse", "wape", "spearman"), "household_id", 28, "sum(sales_value)", "0.0", None,
            ("2017-10-08", "2017-11-05", "2017-12-03"),
        ),
        About(
            "store-sales", "Store sales",
            "PREDICT SUM(transactions.sales_value, 0, 7, days) FOR EACH stores.store_id",
            "regression", ("mae", "rmse", "wape", "spearman"), "store_id", 7, "sum(sales_value)", "0.0", None,
            ("2017-10-29", "2017-11-12", "2017-11-26", "2017-12-10", "2017-12-24"),
        ),
    )
)  # fmt: skip
