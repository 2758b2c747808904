"""Rankings on public data sets: check-ins, next item, next basket, ratings."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from benchmarks.cases.files import History
from benchmarks.cases.nouns import DATA, Ask, Case, Job, Published

__all__ = ["COLLECTIONS"]

_BARS: Final = "BARS leaderboard, the same split"
_SPLIT_S3: Final = "S3-Rec and eSASRec repositories, the same data"


def _both(system: str, first: tuple[str, float], second: tuple[str, float], source: str) -> tuple[Published, ...]:
    return Published(system, *first, source), Published(system, *second, source)


class CheckIns(Case):
    """Gowalla: who checks in where, without time."""

    name = "check-ins"
    title = "Check-ins"
    data = "Gowalla, 29,858 users, 40,981 places, no time"
    question = "PREDICT LIST_DISTINCT(checkins.place_id) RANK TOP 20 FOR EACH users.user_id"
    split = "LightGCN's; places of the training part are not recommended again"
    k = 20
    metrics = ("recall", "ndcg")
    target = "Recall@20/NDCG@20 at or above .187/.158, in under 10 minutes"
    peers = ("turbocf", "ease", "lightgcn", "itemknn", "ials", "bpr", "popularity")
    published = (
        *_both("LightGCN", ("recall", 0.1820), ("ndcg", 0.1547), _BARS),
        *_both("UltraGCN", ("recall", 0.1862), ("ndcg", 0.1580), _BARS),
        *_both("SimpleX", ("recall", 0.1872), ("ndcg", 0.1557), _BARS),
    )

    def parts(self) -> tuple[str, ...]:
        """One."""
        return ("test",)

    def prepare(self, part: str, folder: Path, truth: Path, sample: float) -> None:
        """The training part; the truth is the test part."""
        made = History(folder, truth, sample)
        for name in ("train", "test"):
            file = DATA / "gowalla" / f"{name}.parquet"
            made.run(f"CREATE VIEW {name} AS SELECT * FROM '{file}' WHERE {made.kept('user_id')}")
        made.table("checkins", "SELECT user_id, item_id AS place_id FROM train")
        made.events("SELECT user_id AS user, item_id AS item FROM train")
        made.catalogue(f"SELECT DISTINCT item_id AS item FROM '{DATA}/gowalla/train.parquet'")
        made.truth("SELECT user_id AS user, item_id AS item FROM test")
        Job(
            self.name, part, "ranking", "recall", Ask(query=self.question), k=20, depth=20, exclude_seen=True,
            split="random", notes={"ease_items": 20_000},
        ).write(folder)  # fmt: skip


class NextItem(Case):
    """Amazon Beauty: the last item of each user. Its data have an order and no time."""

    name = "next-item"
    title = "Next item"
    data = "Amazon Beauty, 22,363 users, 12,101 items, in order of position, with attributes of the items"
    question = "PREDICT LIST_DISTINCT(interactions.item_id, 0, 1, days) RANK TOP 10 FOR EACH users.user_id"
    split = (
        "leave-one-out: each user's last item is the test; the order becomes a time in the graph file, "
        "counted back "
        "from the last known item, so that everyone's next item lies in the same day; seen items are left out"
    )
    k = 10
    metrics = ("ndcg", "hit_rate")
    target = "HR@10/NDCG@10 at or above .0928/.0531, in under 20 minutes"
    peers = ("esasrec", "sasrec", "itemknn", "ease", "popularity")
    published = (
        *_both("SASRec, sampled softmax", ("hit_rate", 0.0921), ("ndcg", 0.0531), _SPLIT_S3),
        *_both("eSASRec", ("hit_rate", 0.0928), ("ndcg", 0.0523), _SPLIT_S3),
        *_both("ActionPiece", ("hit_rate", 0.0775), ("ndcg", 0.0424), _SPLIT_S3),
    )

    def parts(self) -> tuple[str, ...]:
        """One."""
        return ("test",)

    def prepare(self, part: str, folder: Path, truth: Path, sample: float) -> None:
        """All but each user's last item."""
        made = History(folder, truth, sample)
        beauty(made)
        made.table("interactions", "SELECT * FROM known")
        made.table("item_attributes", f"SELECT * FROM '{DATA}/amazon-beauty/item_attributes.parquet'")
        made.events(f"SELECT user_id AS user, item_id AS item, happened AS moment FROM ({BACKWARDS})")
        made.catalogue(BEAUTY_ITEMS)
        made.truth("SELECT user_id AS user, item_id AS item FROM latest", "TIMESTAMP '2020-01-01'")
        ask = Ask(query=self.question, overrides=BEAUTY_GRAPH, until="2020-01-01")
        Job(
            self.name, part, "ranking", "ndcg", ask, k=10, depth=64, exclude_seen=True, split="last",
            cut="2020-01-01", horizon_days=1,
        ).write(folder)  # fmt: skip


#: Position as time: the latest known item of everyone is of the same day, the one before it of the day before.
BACKWARDS: Final = (
    "SELECT user_id, item_id, TIMESTAMP '2020-01-01' - to_days((max(position) OVER (PARTITION BY user_id) "
    "- position)::INTEGER) AS happened FROM known"
)
BEAUTY_GRAPH: Final = {
    "tables": {"interactions": {"sql": BACKWARDS.replace("FROM known", "FROM interactions"), "time": "happened"}}
}
BEAUTY_ITEMS: Final = (
    f"SELECT i.item_id AS item, coalesce(list(a.attribute_id) FILTER (a.attribute_id IS NOT NULL), []) "
    f"AS attributes "
    f"FROM (SELECT DISTINCT item_id FROM '{DATA}/amazon-beauty/interactions.parquet') i "
    f"LEFT JOIN '{DATA}/amazon-beauty/item_attributes.parquet' a ON a.item_id = i.item_id GROUP BY i.item_id"
)


def beauty(made: History) -> None:
    """Views of Beauty: `latest`, each user's last row, and `known`, the rest."""
    file = DATA / "amazon-beauty" / "interactions.parquet"
    made.run(
        f"CREATE VIEW every AS SELECT *, max(position) OVER (PARTITION BY user_id) = position AS final "
        f"FROM '{file}' WHERE {made.kept('user_id')}"
    )
    made.run("CREATE VIEW known AS SELECT * EXCLUDE (final) FROM every WHERE NOT final")
    made.run("CREATE VIEW latest AS SELECT * EXCLUDE (final) FROM every WHERE final")


class NextBasket(Case):
    """Ta-Feng: what a customer buys in the last 14 days."""

    name = "next-basket"
    title = "Next basket"
    data = "Ta-Feng, 817,741 rows, 32,266 customers, 23,812 products"
    question = (
        "PREDICT LIST_DISTINCT(transactions.product_id, 0, 14, days) RANK TOP 10 FOR EACH customers.customer_id"
    )
    split = (
        "by time: everything to 2001-02-14 is known, the 14 days after it are the test; customers bought before"
    )
    k = 10
    metrics = ("ndcg", "recall", "repeat_recall", "explore_recall", "map")
    target = "best, repeat and explore apart"
    peers = ("lambdarank", "tifuknn", "frequency", "ials", "itemknn", "popularity")

    def parts(self) -> tuple[str, ...]:
        """One."""
        return ("test",)

    def prepare(self, part: str, folder: Path, truth: Path, sample: float) -> None:
        """Everything to the cut."""
        made, data, cut = History(folder, truth, sample), DATA / "ta-feng", "TIMESTAMP '2001-02-14'"
        kept = made.kept("customer_id")
        made.run(f"CREATE VIEW bought AS SELECT * FROM '{data}/transactions.parquet' WHERE {kept}")
        made.run(f"CREATE VIEW known AS SELECT * FROM bought WHERE transaction_date <= {cut}")
        made.table("transactions", "SELECT * FROM known")
        made.table("customers", f"SELECT * FROM '{data}/customers.parquet' WHERE {kept}")
        made.table("products", f"SELECT * FROM '{data}/products.parquet'")
        made.events(
            "SELECT customer_id AS user, product_id AS item, transaction_date AS moment, sales_price AS "
            "weight FROM known"
        )
        made.catalogue(f"SELECT product_id AS item, product_subclass FROM '{data}/products.parquet'")
        made.truth(
            f"SELECT customer_id AS user, product_id AS item FROM bought WHERE transaction_date > {cut} "
            "AND customer_id IN (SELECT customer_id FROM known)", cut
        )  # fmt: skip
        ask = Ask(query=self.question, until="2001-02-14")
        Job(
            self.name, part, "ranking", "ndcg", ask, k=10, depth=10, cut="2001-02-14", horizon_days=14
        ).write(folder)  # fmt: skip


class Ratings(Case):
    """MovieLens 100K by time, a rating taken as a sign of interest."""

    name = "ratings"
    title = "Ratings as feedback"
    data = "MovieLens 100K"
    question = "PREDICT LIST_DISTINCT(ratings.item_id, 0, 28, days) RANK TOP 10 FOR EACH users.user_id"
    split = (
        "global, by time: everything to 1998-03-07 is known (the first 80% of the ratings), the 28 days "
        "after it are "
        "the test; all users who rated then, those never seen before included; rated items are not "
        "recommended again"
    )
    k = 10
    metrics = ("ndcg", "recall", "hit_rate")
    target = "best on NDCG@10"
    peers = ("lambdarank", "ease", "itemknn", "ials", "bpr", "turbocf", "popularity")

    def parts(self) -> tuple[str, ...]:
        """One."""
        return ("test",)

    def prepare(self, part: str, folder: Path, truth: Path, sample: float) -> None:
        """Everything to the cut."""
        made, data, cut = History(folder, truth, sample), DATA / "ml-100k", "TIMESTAMP '1998-03-07'"
        made.run(f"CREATE VIEW rated AS SELECT * FROM '{data}/ratings.parquet' WHERE {made.kept('user_id')}")
        made.run(f"CREATE VIEW known AS SELECT * FROM rated WHERE timestamp <= {cut}")
        made.table("ratings", "SELECT * FROM known")
        made.table("users", f"SELECT * FROM '{data}/users.parquet'")
        made.table("items", f"SELECT * FROM '{data}/items.parquet'")
        made.events("SELECT user_id AS user, item_id AS item, timestamp AS moment, rating AS weight FROM known")
        made.catalogue(f"SELECT item_id AS item, release_year, class FROM '{data}/items.parquet'")
        made.truth(
            f"SELECT user_id AS user, item_id AS item FROM rated WHERE timestamp > {cut} "
            f"AND timestamp <= {cut} + INTERVAL 28 DAY", cut
        )  # fmt: skip
        ask = Ask(query=self.question, until="1998-03-07")
        Job(
            self.name, part, "ranking", "ndcg", ask, k=10, depth=10, exclude_seen=True, cut="1998-03-07",
            horizon_days=28,
        ).write(folder)  # fmt: skip


COLLECTIONS: Final = (CheckIns(), NextItem(), NextBasket(), Ratings())
