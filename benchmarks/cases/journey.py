"""The Complete Journey as known at a moment: tables, histories, labels, by plain SQL.

Labels are computed here and not by the product, so that a mistake in its label SQL could not hide.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Final, Self

import duckdb
import pyarrow as pa

from edgewise.worlds.completejourney import completejourney_files

__all__ = ["Journey"]

#: Which rows of each table are known at a moment; the rest of the tables have no time.
KNOWN: Final = {
    "transactions": "transaction_timestamp <= $cut",
    "coupon_redemptions": "redemption_date <= $cut",
    "campaign_descriptions": "start_date <= $cut",
    "campaigns": "campaign_id IN (SELECT campaign_id FROM campaign_descriptions WHERE start_date <= $cut)",
    "coupons": "campaign_id IN (SELECT campaign_id FROM campaign_descriptions WHERE start_date <= $cut)",
    "promotions": "week <= (SELECT max(week) FROM transactions WHERE transaction_timestamp <= $cut)",
}
#: A table whose rows belong to the household that a sample keeps or leaves out.
OF_HOUSEHOLDS: Final = ("transactions", "coupon_redemptions", "campaigns", "demographics")


class Journey:
    """The tables, of a share of the households."""

    def __init__(self, sample: float = 1.0) -> None:
        self._con = duckdb.connect()
        self._con.execute("SET threads = 2")
        self.tables = sorted(completejourney_files())
        self._files = {name: str(files[0]) for name, files in completejourney_files().items()}
        for name in self.tables:
            kept = f" WHERE hash(household_id) % 10000 < {int(sample * 10000)}" if name in OF_HOUSEHOLDS else ""
            file = self._files[name].replace("'", "''")
            self._con.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{file}'){kept}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._con.close()

    def query(self, sql: str) -> pa.Table:
        """An Arrow table."""
        return self._con.sql(sql).to_arrow_table()

    def export(self, cut: str, folder: Path, where: dict[str, str] | None = None) -> None:
        """Write every table as known at the cut; `where` adds a condition to a table."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in self.tables:
            known = KNOWN.get(name, "true").replace("$cut", f"TIMESTAMP '{cut}'")
            conditions = [known, (where or {}).get(name, "true")]
            file = str(folder / f"{name}.parquet").replace("'", "''")
            self._con.execute(
                f"COPY (SELECT * FROM {name} WHERE {' AND '.join(conditions)}) TO '{file}' "
                "(FORMAT parquet, COMPRESSION zstd)"
            )

    def events(self, cut: str, where: str = "true") -> pa.Table:
        """user, item, at, basket, weight (what was paid) of the purchases known at the cut."""
        return self.query(
            "SELECT household_id AS user, product_id AS item, transaction_timestamp AS at, "
            "basket_id::BIGINT AS basket, sales_value::DOUBLE AS weight FROM transactions "
            f"WHERE transaction_timestamp <= TIMESTAMP '{cut}' AND {where} "
            "ORDER BY transaction_timestamp, user, item"
        )

    def catalogue(self) -> pa.Table:
        """Every product of the product table or of a purchase, with its attributes."""
        return self.query(
            "SELECT item, manufacturer_id, department, brand, product_category, product_type FROM "
            "(SELECT product_id AS item FROM products UNION SELECT DISTINCT product_id FROM transactions) "
            "LEFT JOIN products ON product_id = item ORDER BY item"
        )

    def seeds(self, key: str, *cuts: str, active_days: int | None = None) -> pa.Table:
        """entity, anchor_time: those with a purchase at or before the cut (in the last days, where said)."""
        since = "" if active_days is None else f"AND transaction_timestamp > cut - INTERVAL {active_days} DAY"
        return self.query(
            f"SELECT DISTINCT {key} AS entity, cut AS anchor_time FROM transactions, "
            f"(SELECT unnest([{_stamps(cuts)}]) AS cut) WHERE transaction_timestamp <= cut {since} "
            "ORDER BY anchor_time, entity"
        )

    def baskets_after(self, cut: str, days: int) -> pa.Table:
        """entity, anchor_time, target: the distinct products of the window after the cut; empty lists included."""
        return self.query(
            f"WITH seeds AS (SELECT DISTINCT household_id AS entity FROM transactions "
            f"WHERE transaction_timestamp <= TIMESTAMP '{cut}'), "
            f"bought AS (SELECT household_id AS entity, list_sort(list_distinct(list(product_id))) AS target "
            f"FROM transactions WHERE transaction_timestamp > TIMESTAMP '{cut}' "
            f"AND transaction_timestamp <= TIMESTAMP '{cut}' + INTERVAL {days} DAY GROUP BY entity) "
            f"SELECT entity, TIMESTAMP '{cut}' AS anchor_time, coalesce(target, []) AS target "
            "FROM seeds LEFT JOIN bought USING (entity) ORDER BY entity"
        )


def _stamps(cuts: tuple[str, ...]) -> str:
    return ", ".join(f"TIMESTAMP '{cut}'" for cut in cuts)
