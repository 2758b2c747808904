"""Exposure logs read back: what was shown, what came of it, for off-policy estimates and experiments.

A log is the folder of a tenant's state (its exposures, and the events that say what came of them), or a Parquet
file or folder with the columns `item`, `position`, `propensity` and `reward`, and `user` and `at` where known.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from jaxtyping import Float64, Int64

from edgewise.clock import HOUR
from edgewise.errors import ArgumentError
from edgewise.evaluation.experiment import Experiment, compare_sides
from edgewise.evaluation.off_policy import Log, OffPolicy, Target, off_policy
from edgewise.schema.model import Schema
from edgewise.serving.exposures import COLUMNS
from edgewise.serving.models import TREATMENT

__all__ = ["Shown", "experiment_of", "off_policy_of", "read_log"]

_NEEDED: Final = ("item", "position", "propensity", "reward")
#: An event counts for what was shown to the person at most this long before.
WINDOW: Final = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Shown:
    """The table of a log, a row a place, with the column `reward`."""

    table: pa.Table

    def __len__(self) -> int:
        return self.table.num_rows

    def column(self, name: str) -> list[Any]:
        """A column as Python values."""
        values: list[Any] = self.table.column(name).to_pylist()
        return values

    def as_log(self) -> Log:
        """The log as arrays. Places of one user belong together; without users, those of one list do."""
        names = self.table.column_names
        by = next((n for n in ("user", "exposure") if n in names), None)
        cluster = np.arange(len(self)) if by is None else _codes(self.table.column(by))
        return Log(
            _codes(self.table.column("item")),
            np.asarray(self.table.column("position"), dtype=np.int64) - 1,
            np.asarray(self.table.column("propensity"), dtype=np.float64),
            np.asarray(self.table.column("reward"), dtype=np.float64),
            cluster,
        )


def read_log(path: Path, schema: Schema | None = None, kind: str | None = None, window: int = WINDOW) -> Shown:
    """Read a log; of a service's, what was shown of one kind, rewarded with 1 where the user met the thing within
    `window` microseconds after.

    Raises:
        ArgumentError: there is no log, or a column is missing.
    """
    exposures = path / "exposures"
    if exposures.is_dir():
        table = _read(sorted(exposures.glob("exposures-*.parquet")), path)
        if kind is not None:
            table = table.filter(pc.equal(table.column("kind").cast(pa.string()), kind))
        met = _met(path / "events.sqlite", schema, kind)
        return Shown(table.append_column("reward", pa.array(_rewards(table, met, window))))
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    table = _read(files, path)
    missing = [name for name in _NEEDED if name not in table.column_names]
    if missing:
        raise ArgumentError(
            f"the log '{path}' has no column '{missing[0]}'", hint=f"a log has the columns {', '.join(_NEEDED)}"
        )
    return Shown(table)


def off_policy_of(shown: Shown, ranked: pa.Table, *, random_seed: int = 0) -> OffPolicy:
    """What a model would have earned that shows, at each place, what it ranks there.

    `ranked` has the columns entity, anchor_time, rank and item of a prediction at the moments of the log.

    Raises:
        ArgumentError: the log says too little about this model.
    """
    log = shown.as_log()
    users, at = shown.column("user"), np.asarray(shown.table.column("at").cast(pa.int64()))
    codes = dict(zip(shown.column("item"), log.item.tolist(), strict=True))
    when = np.asarray(ranked.column("anchor_time").cast(pa.timestamp("us")).cast(pa.int64()))
    chosen = {
        (str(entity), int(moment), int(rank)): codes.get(str(item), -1)
        for entity, moment, rank, item in zip(
            ranked.column("entity").to_pylist(), when, ranked.column("rank").to_pylist(),
            ranked.column("item").to_pylist(), strict=True,
        )
    }  # fmt: skip
    choice = np.array(
        [chosen.get((str(u), int(t), int(p) + 1), -1) for u, t, p in zip(users, at, log.position, strict=True)],
        dtype=np.int64,
    )
    return off_policy(log, Target.choosing(log, choice), random_seed=random_seed)


def experiment_of(shown: Shown) -> Experiment | None:
    """The two sides of the experiment in a log, in the order in which users came; None where there is none."""
    if "variant" not in shown.table.column_names or len(set(shown.column("variant"))) < 2:
        return None
    table = shown.table.filter(pc.is_valid(shown.table.column("user")))
    table = table.append_column("treated", pc.equal(table.column("variant").cast(pa.string()), TREATMENT))
    users = (
        table.group_by("user")
        .aggregate([("reward", "sum"), ("at", "min"), ("treated", "max")])
        .sort_by([("at_min", "ascending"), ("user", "ascending")])
    )
    outcome = np.asarray(users.column("reward_sum"), dtype=np.float64)
    return compare_sides(outcome, np.asarray(users.column("treated_max"), dtype=bool))


def _read(files: Sequence[Path], path: Path) -> pa.Table:
    if not files:
        raise ArgumentError(f"there is no log in '{path}'", hint="name the state folder of a service")
    try:
        tables = [pq.read_table(file) for file in files]
    except (OSError, pa.ArrowInvalid) as error:
        raise ArgumentError(f"the log '{path}' cannot be read: {error}") from None
    return pa.concat_tables(tables, promote_options="permissive") if tables else COLUMNS.empty_table()


def _codes(column: pa.ChunkedArray) -> Int64[np.ndarray, " n"]:
    """Small integers for the values of a column."""
    encoded = pc.dictionary_encode(column.cast(pa.string())).combine_chunks()
    return np.asarray(pc.fill_null(encoded.indices, -1), dtype=np.int64)


def _met(path: Path, schema: Schema | None, kind: str | None) -> dict[tuple[str, str], list[int]]:
    """When each user met each thing, by the events of a log."""
    if schema is None or not path.is_file():
        return {}
    links = {t.name: [k.column for k in schema.links_from(t.name) if k.to == kind] for t in schema}
    found: dict[tuple[str, str], list[int]] = {}
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT user, source, body FROM events WHERE user IS NOT NULL")
        for user, source, body in rows:
            if not links.get(source):
                continue
            event = json.loads(body)
            for column in links[source]:
                item = event["values"].get(column)
                if item is not None:
                    found.setdefault((str(user), str(item)), []).append(int(event["at"]))
    except sqlite3.DatabaseError as error:
        raise ArgumentError(
            f"the event log '{path}' cannot be read: {error}", hint="stop the service, or copy its state first"
        ) from None
    finally:
        database.close()
    return found


def _rewards(table: pa.Table, met: dict[tuple[str, str], list[int]], window: int) -> Float64[np.ndarray, " n"]:
    """1 where the user met the thing in (shown, shown + window]."""
    rows = zip(
        table.column("user").to_pylist(), table.column("item").to_pylist(),
        np.asarray(table.column("at").cast(pa.int64())), strict=True,
    )  # fmt: skip
    return np.array(
        [float(any(at < t <= at + window for t in met.get((str(user), str(item)), ()))) for user, item, at in rows]
    )
