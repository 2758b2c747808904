"""Next purchase: the products of the coming week, of every household of The Complete Journey, at eight origins."""

from __future__ import annotations

from pathlib import Path

from benchmarks.cases import journey
from benchmarks.cases.nouns import Ask, Case, Job, write

__all__ = ["NextPurchase"]


class NextPurchase(Case):
    """Distinct products of the next 7 days."""

    name = "next-purchase"
    title = "Next purchase"
    data = "The Complete Journey, all tables"
    question = (
        "PREDICT LIST_DISTINCT(transactions.product_id, 0, 7, days) RANK TOP 12 FOR EACH households.household_id"
    )
    split = (
        "eight weekly origins, every system fitted anew at each on what is known then, peers with the "
        "settings they chose at the first; pooled"
    )
    metrics = ("map", "recall", "repeat_map", "explore_recall")
    target = "mean MAP@12 3% above the best peer, the difference clear of zero"
    peers = (
        "frequency", "tifuknn", "itemknn", "ease", "ials", "bpr", "lambdarank", "kumo", "popularity",
    )  # fmt: skip
    tuned_at = "2017-10-29"
    only = {"kumo": ("2017-12-17",)}  # noqa: RUF012 (a constant)

    def parts(self) -> tuple[str, ...]:
        """The origins."""
        return (
            "2017-10-29", "2017-11-05", "2017-11-12", "2017-11-19", "2017-11-26", "2017-12-03", "2017-12-10",
            "2017-12-17",
        )  # fmt: skip

    def prepare(self, part: str, folder: Path, truth: Path, sample: float) -> None:
        """Tables up to the origin; the truth is the week after it."""
        with journey.Journey(sample) as data:
            data.export(part, folder / "tables")
            write(data.events(part), folder / "events.parquet")
            write(data.catalogue(), folder / "catalogue.parquet")
            write(data.seeds("household_id", part), folder / "seeds.parquet")
            write(data.baskets_after(part, 7), truth)
        ask = Ask(query=self.question, until=part)
        Job(self.name, part, "ranking", "map", ask, k=12, depth=12, cut=part, horizon_days=7).write(folder)
