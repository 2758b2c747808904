"""kumo-engine on The Complete Journey: its FAST plan, with as many steps as two cores finish in ten minutes.

    python kumo_engine.py JOB OUT

Households and stores, which its schema needs as tables, are made by hand; promotions and coupons are left out, as
they would not fit its time. One trial, four epochs of a hundred steps.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from kit import main, versions
from kumo.engine import Edge, FileConnector, Graph, PredictiveQuery, Table, Trainer, configure
from kumoapi.model_plan import RunMode

EPOCHS, STEPS = 4, 100


def run(folder: Path, out: Path, arguments: list[str]) -> dict[str, Any]:
    """Snapshot, training table, fit, predict; the seconds of each."""
    said = json.loads((folder / "job.json").read_text())
    laps, began = {}, time.perf_counter()
    steps = STEPS if said["trials"] > 2 else 5
    configure(scratch_dir=str(out / "cache"))
    graph = _graph(folder / "tables", out / "cache-tables")
    snapshot = graph.snapshot()
    laps["graph"] = time.perf_counter() - began
    query = PredictiveQuery(graph, said["ask"]["query"])
    table = query.generate_training_table(snapshot)
    laps["labels"] = time.perf_counter() - began - laps["graph"]
    plan = query.suggest_model_plan(snapshot, run_mode=RunMode.FAST)
    plan.training_job.num_experiments = 1
    plan.optimization.max_epochs = EPOCHS
    plan.optimization.min_steps_per_epoch = plan.optimization.max_steps_per_epoch = steps
    plan.optimization.max_val_steps = plan.optimization.max_test_steps = max(steps // 5, 1)
    print(plan, flush=True)
    trainer = Trainer(plan)
    trainer.fit(table, snapshot=snapshot)
    laps["fit"] = time.perf_counter() - began - sum(laps.values())
    asked = query.generate_prediction_table(snapshot, prediction_time=datetime.fromisoformat(said["cut"]))
    options = {"num_classes_to_return": said["depth"]} if said["kind"] == "ranking" else {}
    if said["kind"] == "binary":
        options["binary_classification_threshold"] = 0.5
    found = trainer.predict(asked, snapshot=snapshot, **options).frame
    laps["predict"] = time.perf_counter() - began - sum(laps.values())
    print(found.dtypes, found.head(), flush=True)
    seeds = pq.read_table(folder / "seeds.parquet")
    pq.write_table(_answers(said, found, seeds), out / "predictions.parquet")
    return {
        "versions": versions("kumo-engine", "torch", "torch-geometric"), "seconds": laps,
        "chosen": {"epochs": EPOCHS, "steps": steps},
    }  # fmt: skip


def _graph(tables: Path, made: Path) -> Any:
    """The tables as this peer needs them: files below one root, keys and links by hand."""
    made.mkdir()
    bought = pq.read_table(tables / "transactions.parquet").drop_columns(["week"])
    pq.write_table(bought, made / "transactions.parquet")
    products = pq.read_table(tables / "products.parquet")
    products = products.cast(pa.schema([field.with_nullable(True) for field in products.schema]))
    strange = pc.unique(bought.column("product_id")).filter(
        pc.invert(pc.is_in(pc.unique(bought.column("product_id")), products.column("product_id").combine_chunks()))
    )
    more = pa.table({"product_id": strange.cast(products.schema.field("product_id").type)})
    pq.write_table(pa.concat_tables([products, more], promote_options="default"), made / "products.parquet")
    people = pa.table({"household_id": pc.unique(bought.column("household_id"))})
    known = pq.read_table(tables / "demographics.parquet")
    pq.write_table(people.join(known, "household_id"), made / "households.parquet")
    pq.write_table(pa.table({"store_id": pc.unique(bought.column("store_id"))}), made / "stores.parquet")
    files = FileConnector(root_dir=str(made))
    links = [("household_id", "households"), ("product_id", "products"), ("store_id", "stores")]
    keyed = [Table.from_source_table(files[name], primary_key=key) for key, name in links]
    facts = Table.from_source_table(files["transactions"], time_column="transaction_timestamp")
    edges = [Edge(src_table="transactions", fkey=key, dst_table=name) for key, name in links]
    return Graph(tables=[*keyed, facts], edges=edges)


def _answers(said: dict[str, Any], found: Any, seeds: pa.Table) -> pa.Table:
    """Its frame in the columns of the contract, ranks from 1."""
    names = {name.upper(): name for name in found.columns}
    entity = found[names["ENTITY"]].to_numpy()
    asked = pa.array([datetime.fromisoformat(said["cut"])] * len(found), pa.timestamp("us"))
    key = seeds.schema.field("entity").type
    if said["kind"] != "ranking":
        column = names.get("TRUE_PRED") or names.get("TARGET_PRED") or names["SCORE"]
        given = pa.table({"entity": pa.array(entity).cast(key), "prediction": pa.array(found[column].to_numpy())})
        joined = seeds.join(given, "entity", join_type="left outer")
        middle = float(found[column].median())
        filled = pc.fill_null(joined.column("prediction").cast(pa.float64()), middle)
        return joined.set_column(joined.schema.get_field_index("prediction"), "prediction", filled)
    found = found.sort_values([names["ENTITY"], names["SCORE"]], ascending=[True, False])
    rank = found.groupby(names["ENTITY"]).cumcount().to_numpy() + 1
    return pa.table(
        {
            "entity": pa.array(found[names["ENTITY"]].to_numpy()).cast(key),
            "anchor_time": asked,
            "rank": pa.array(rank, pa.int32()),
            "item": pa.array(found[names["CLASS"]].to_numpy()),
            "score": pa.array(found[names["SCORE"]].to_numpy(), pa.float32()),
        }
    )


if __name__ == "__main__":
    main(run)
