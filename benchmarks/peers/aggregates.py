"""A hand-made feature table of entities at anchors, by SQL over a job's tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

__all__ = ["Aggregates"]

_WINDOWS = (7, 14, 28, 56, 91, 182, 365)
_LAGS = 6
_ROWS_AT_ONCE = 5_000


class Aggregates:
    """What the job says of its facts, as columns. `names` are the columns, `categories` those that are codes."""

    def __init__(self, folder: Path, said: dict[str, Any], labels: pa.Table, *, raw: bool) -> None:
        self.said, self.raw = said, raw
        self.names: list[str] = []
        self.categories: list[int] = []
        self._con = duckdb.connect()
        for file in sorted((folder / "tables").glob("*.parquet")):
            name, place = file.stem, str(file).replace("'", "''")
            self._con.execute(f"CREATE VIEW \"{name}\" AS SELECT * FROM read_parquet('{place}')")
        self._con.register("given_labels", labels)
        self._con.execute(
            "CREATE TABLE labels AS SELECT entity, anchor_time, target::DOUBLE AS target FROM given_labels"
        )
        self.windows = said["notes"].get("windows", _WINDOWS)
        for fact in said["facts"]:
            self._con.execute(f"CREATE TABLE fact_{fact['name']} AS {fact['sql']}")

    def table(self, asked: pa.Table) -> np.ndarray:
        """[rows of asked, columns]: one row for each entity at its anchor, in their order; NaN where unknown."""
        self._con.register("given", asked.append_column("place", pa.array(np.arange(len(asked)))))
        self._con.execute(
            "CREATE OR REPLACE TABLE asked AS SELECT entity, anchor_time, place, "
            f"(row_number() OVER (ORDER BY anchor_time, place) - 1) // {_ROWS_AT_ONCE} AS chunk FROM given"
        )
        blocks = [self._calendar()]
        for fact in self.said["facts"]:
            if "sums" not in fact:
                blocks.append(self._own(fact))
            elif self.raw:
                blocks.append(self._latest(fact))
            else:
                blocks.append(self._kinds(fact) if "by" in fact else self._windowed(fact))
        if not self.raw:
            blocks.append(self._earlier())
        return np.concatenate(blocks, axis=1)

    def _calendar(self) -> np.ndarray:
        return self._columns(
            "SELECT month(anchor_time) AS month, dayofyear(anchor_time) AS day FROM asked ORDER BY place"
        )

    def _own(self, fact: dict[str, Any]) -> np.ndarray:
        """The entity's own columns, texts as codes."""
        return self._columns(
            f"SELECT f.* EXCLUDE (entity) FROM asked LEFT JOIN fact_{fact['name']} f USING (entity) ORDER BY place"
        )

    def _latest(self, fact: dict[str, Any]) -> np.ndarray:
        """The latest row, as it is."""
        return self._columns(
            f"SELECT f.* EXCLUDE (entity, moment) FROM asked ASOF LEFT JOIN fact_{fact['name']} f "
            "ON asked.entity = f.entity AND asked.anchor_time >= f.moment ORDER BY place"
        )

    def _windowed(self, fact: dict[str, Any]) -> np.ndarray:
        """Aggregates in windows, and over all of the past."""
        wanted = [f"date_diff('second', max(moment), anchor) / 86400.0 AS {fact['name']}_age_last"]
        wanted += [f"date_diff('second', min(moment), anchor) / 86400.0 AS {fact['name']}_age_first"]
        for w in self.windows:
            inside = f"FILTER (moment > anchor - INTERVAL {w} DAY)"
            wanted.append(f"count(*) {inside} AS {fact['name']}_rows{w}")
            wanted.append(f"count(DISTINCT moment::DATE) {inside} AS {fact['name']}_days{w}")
            for column in fact["sums"]:
                wanted.append(f"sum({column}) {inside} AS {column}_sum{w}")
                wanted.append(f"avg({column}) {inside} AS {column}_mean{w}")
            for column in fact.get("distinct", []):
                wanted.append(f"approx_count_distinct({column}) {inside} AS {column}_distinct{w}")
        wanted += [f"stddev_samp({c}) AS {c}_spread" for c in fact["sums"]]
        wanted += [f"max({c}) AS {c}_max, min({c}) AS {c}_min" for c in fact["sums"]]
        wanted += [f"arg_max({c}, moment) AS {c}_last" for c in fact["sums"]]
        return self._by_anchor(fact, ", ".join(wanted))

    def _kinds(self, fact: dict[str, Any]) -> np.ndarray:
        """Sums by kind (the most frequent ones) in two windows."""
        by, most = fact["by"], fact["most"]
        first = self._con.execute("SELECT min(anchor_time) FROM labels").fetchall()[0][0]
        kinds = self._con.execute(
            f"SELECT {by} FROM fact_{fact['name']} WHERE moment <= $first OR true GROUP BY ALL "
            f"ORDER BY count(*) DESC, {by} LIMIT {most}".replace("$first", f"TIMESTAMP '{first}'")
        ).fetchall()
        wanted = [
            f"sum({column}) FILTER ({by} = '{str(kind).replace(chr(39), chr(39) * 2)}' "
            f"AND moment > anchor - INTERVAL {w} DAY) AS {by}{number}_{column}{w}"
            for number, (kind,) in enumerate(kinds)
            for column in fact["sums"]
            for w in (28, 182)
        ]
        return self._by_anchor(fact, ", ".join(wanted))

    def _by_anchor(self, fact: dict[str, Any], wanted: str) -> np.ndarray:
        """Aggregates of the rows at or before each anchor, some thousand rows at a time to bound memory."""
        total, last = self._con.execute("SELECT count(*), max(chunk) FROM asked").fetchall()[0]
        found: np.ndarray | None = None
        names: list[str] = []
        for chunk in range(last + 1):
            columns = self._con.execute(
                f"WITH past AS (SELECT a.place, a.anchor_time AS anchor, f.* EXCLUDE (entity) FROM asked a "
                f"JOIN fact_{fact['name']} f USING (entity) WHERE a.chunk = {chunk} "
                f"AND f.moment <= a.anchor_time) SELECT place, {wanted} FROM past GROUP BY place, anchor"
            ).fetchnumpy()
            place = np.asarray(columns.pop("place"))
            names = list(columns)
            if found is None:
                found = np.full((total, len(names)), np.nan, dtype=np.float32)
            for j, column in enumerate(columns.values()):
                found[place, j] = np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan)
        self.names += names
        return np.zeros((total, 0), np.float32) if found is None else found

    def _earlier(self) -> np.ndarray:
        """The entity's labels that were known at the anchor: the last ones, and their mean."""
        lag = self.said["notes"]["lag_days"]
        wanted = ", ".join(f"list_extract(known, {n}) AS earlier{n}" for n in range(1, _LAGS + 1))
        return self._columns(
            "WITH past AS (SELECT place, list(l.target ORDER BY l.anchor_time DESC) AS known FROM asked "
            f"JOIN labels l ON l.entity = asked.entity AND l.anchor_time <= asked.anchor_time - INTERVAL "
            f"{lag} DAY "
            f"GROUP BY place) SELECT {wanted}, list_avg(known) AS earlier_mean, "
            f"list_avg(list_slice(known, 1, 4)) AS earlier_mean4 FROM asked LEFT JOIN past USING (place) "
            f"ORDER BY place"
        )

    def _columns(self, sql: str) -> np.ndarray:
        """The columns of a query as numbers; texts become codes and are remembered as categories."""
        table = self._con.sql(sql).to_arrow_table()
        made = []
        for name in table.column_names:
            column = table.column(name)
            if pa.types.is_string(column.type) or pa.types.is_dictionary(column.type):
                column = column.cast(pa.string()).combine_chunks().dictionary_encode().indices
                self.categories.append(len(self.names))
            elif pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
                column = column.cast(pa.timestamp("us")).cast(pa.int64())
            self.names.append(name)
            made.append(np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float32))
        return np.stack(made, axis=1) if made else np.zeros((table.num_rows, 0), np.float32)
