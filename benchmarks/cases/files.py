"""Cases of one history of users and items in plain files: what their jobs have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
from benchmarks.cases.nouns import write

__all__ = ["EPOCH", "History"]

#: The anchor of cases without time.
EPOCH: Final = "TIMESTAMP '1970-01-01'"


class History:
    """A job in the making: SQL over Parquet files, written where the job wants it."""

    def __init__(self, folder: Path, truth: Path, sample: float) -> None:
        self.folder, self.file, self.sample = folder, truth, sample
        self._con = duckdb.connect()
        self._con.execute("SET threads = 2")

    def kept(self, column: str) -> str:
        """A condition that keeps the sample's share of the users."""
        return f"hash({column}) % 10000 < {int(self.sample * 10000)}"

    def run(self, sql: str) -> None:
        """Run a statement (a view, a table)."""
        self._con.execute(sql)

    def query(self, sql: str) -> pa.Table:
        """An Arrow table."""
        return self._con.sql(sql).to_arrow_table()

    def table(self, name: str, sql: str) -> None:
        """Write one of the tables that a system may read."""
        write(self.query(sql), self.folder / "tables" / f"{name}.parquet")

    def events(self, sql: str) -> None:
        """Write the history: user, item, and where the SQL has them moment, basket, weight."""
        have = {c.lower() for c in self._con.sql(f"SELECT * FROM ({sql}) LIMIT 0").columns}
        moment = "moment" if "moment" in have else "NULL::TIMESTAMP"
        basket = "basket" if "basket" in have else f"coalesce(epoch({moment})::BIGINT // 86400, 0)"
        weight = "weight::DOUBLE" if "weight" in have else "1.0::DOUBLE"
        made = self.query(
            f'SELECT user, item, {moment} AS "at", {basket} AS basket, {weight} AS weight FROM ({sql}) '
            f"ORDER BY ALL"
        )
        write(made, self.folder / "events.parquet")

    def catalogue(self, sql: str) -> None:
        """Write the items: item, and attributes."""
        write(self.query(f"SELECT * FROM ({sql}) ORDER BY item"), self.folder / "catalogue.parquet")

    def truth(self, sql: str, anchor: str = EPOCH) -> None:
        """Write what came true (rows of user, item), and who is therefore asked about."""
        found = self.query(
            f"SELECT user AS entity, {anchor} AS anchor_time, list_sort(list(DISTINCT item)) AS target "
            f"FROM ({sql}) GROUP BY user ORDER BY user"
        )
        write(found, self.file)
        write(found.select(["entity", "anchor_time"]), self.folder / "seeds.parquet")

    def only(self, sql: str) -> None:
        """Write the items that may be listed, where these are not all."""
        write(self.query(sql), self.folder / "only.parquet")

    def value(self, sql: str) -> Any:
        """A single value."""
        return self._con.execute(sql).fetchall()[0][0]
