"""RelBench's three tasks about Formula 1 drivers, frozen at the test cut: no system sees a later row."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
from benchmarks.cases.nouns import DATA, Ask, Case, Job, Published, write

__all__ = ["FORMULA_ONE"]

FROZEN: Final = "2010-01-01"
ARENA: Final = "RelArena results.csv, one tuning regime, database frozen at the test cut"


def _published(metric: str, **values: float) -> tuple[Published, ...]:
    names = {
        "constant": "constant per entity",
        "raw": "LightGBM, raw rows",
        "sage": "GraphSAGE (RDL)",
        "relgnn": "RelGNN",
        "relgt": "RelGT",
        "plurel": "RT-PluRel",
        "tabpfn": "TabPFN-Rel local",
    }
    return tuple(Published(names[key], metric, value, ARENA) for key, value in values.items())


class Driver(Case):
    """One task, with three random seeds."""

    data = "RelBench's rel-f1, nine tables, frozen at 2010-01-01"
    split = (
        "RelBench's: training and validation labels before 2010, test labels after, nothing after 2010-01-01 is "
        "visible; the mean of three random seeds"
    )
    peers = ("windows", "raw", "last")
    repeats = True
    without_positives = ""

    def __init__(
        self, task: str, target: str, kind: str, metrics: tuple[str, ...], reach: str,
        published: tuple[Published, ...],
    ) -> None:  # fmt: skip
        self.name, self.title = task, f"rel-f1 {task}"
        self.question = f"the label table `{task}` about drivers ({kind}, `{target}`)"
        self.column, self.kind, self.metrics, self.target, self.published = target, kind, metrics, reach, published

    def parts(self) -> tuple[str, ...]:
        """The random seeds."""
        return ("seed-0", "seed-1", "seed-2")

    def prepare(self, part: str, folder: Path, truth: Path, sample: float) -> None:
        """The frozen tables, the labels of RelBench's training and validation tables, its test rows as seeds."""
        con = duckdb.connect()
        _frozen_tables(con, folder / "tables")
        keep = f"hash(driverId) % 1000 < {int(sample * 1000)}"
        known = " UNION ALL ".join(
            f"SELECT driverId AS entity, date AS anchor_time, {self.column} AS target "
            f"FROM '{DATA}/rel-f1/tasks/{self.name}.{split}.parquet' WHERE {keep}"
            for split in ("train", "val")
        )
        write(
            con.sql(f"SELECT * FROM ({known}) ORDER BY anchor_time, entity").to_arrow_table(),
            folder / "labels.parquet",
        )
        test: pa.Table = con.sql(
            f"SELECT driverId AS entity, date AS anchor_time, {self.column} AS target "
            f"FROM '{DATA}/rel-f1/tasks/{self.name}.test.parquet' WHERE {keep} ORDER BY anchor_time, entity"
        ).to_arrow_table()
        write(test, truth)
        write(test.select(["entity", "anchor_time"]), folder / "seeds.parquet")
        ask = Ask(entity="drivers", kind=self.kind, known_at=FROZEN)
        Job(
            self.name, part, self.kind, self.metrics[0], ask, cut=FROZEN, random_seed=int(part[-1]),
            facts=_facts(), notes={"lag_days": 60, "windows": [60, 120, 365, 730, 1460]},
        ).write(folder)  # fmt: skip


def _frozen_tables(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted((DATA / "rel-f1" / "db").glob("*.parquet")):
        dated = "date" in con.sql(f"SELECT * FROM '{file}' LIMIT 0").columns
        kept = f"WHERE date < TIMESTAMP '{FROZEN}'" if dated else ""
        con.execute(f"COPY (SELECT * FROM '{file}' {kept}) TO '{folder / file.name}' (FORMAT parquet)")


def _facts() -> list[dict[str, Any]]:
    """A driver's results, places in qualifying and standings, and its constructors' results; its own columns."""
    return [
        {
            "name": "results",
            "sql": "SELECT driverId AS entity, date AS moment, positionOrder::DOUBLE AS place, points, "
            "grid::DOUBLE AS "
            "grid, laps::DOUBLE AS laps, (statusId <> 1)::DOUBLE AS not_finished, (positionOrder <= 3)::DOUBLE AS "
            "podium, (positionOrder - grid)::DOUBLE AS lost, constructorId::VARCHAR AS team FROM results",
            "sums": ["place", "points", "grid", "laps", "not_finished", "podium", "lost"],
            "distinct": ["team"],
        },
        {
            "name": "qualifying",
            "sql": "SELECT driverId AS entity, date AS moment, position::DOUBLE AS start FROM qualifying",
            "sums": ["start"],
        },
        {
            "name": "standings",
            "sql": "SELECT driverId AS entity, date AS moment, position::DOUBLE AS standing, points AS "
            "standing_points, "
            "wins::DOUBLE AS wins FROM standings",
            "sums": ["standing", "standing_points", "wins"],
        },
        {
            "name": "team",
            "sql": "SELECT r.driverId AS entity, t.date AS moment, t.positionOrder::DOUBLE AS "
            "team_place, t.points AS "
            "team_points, (t.statusId <> 1)::DOUBLE AS team_not_finished FROM results r JOIN results t "
            "USING (raceId, constructorId)",
            "sums": ["team_place", "team_points", "team_not_finished"],
        },
        {
            "name": "own",
            "sql": "SELECT driverId AS entity, nationality, dob FROM drivers",
        },
    ]


FORMULA_ONE: Final = (
    Driver(
        "driver-dnf", "did_not_finish", "binary", ("auroc", "average_precision", "log_loss"), "AUROC above .7315",
        _published("auroc", constant=0.6993, raw=0.7303, sage=0.7172, relgnn=0.7261, relgt=0.7117, plurel=0.7315,
                   tabpfn=0.7145),
    ),
    Driver(
        "driver-top3", "qualifying", "binary", ("auroc", "average_precision", "log_loss"), "AUROC above .8108",
        _published("auroc", constant=0.5565, raw=0.7389, sage=0.7260, relgnn=0.7589, relgt=0.8108, plurel=0.7589,
                   tabpfn=0.7929),
    ),
    Driver(
        "driver-position", "position", "regression", ("mae", "rmse", "spearman"), "MAE below 3.762",
        _published("mae", constant=4.104, raw=4.106, sage=4.011, relgnn=4.266, relgt=4.766, plurel=3.818,
                   tabpfn=3.762),
    ),
)  # fmt: skip
