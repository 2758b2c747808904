"""The judge: predictions of any order and length, against an oracle."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from benchmarks.harness.score import Part, compared, pooled, statistics
from sklearn.metrics import roc_auc_score

DAY = np.datetime64("2020-01-01", "us")


def seeds_of(n: int) -> dict:
    return {"entity": [f"u{i}" for i in range(n)], "anchor_time": np.full(n, DAY)}


def drawn(random_seed: int) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Truth, predictions in any order, and history; some seeds without positives, some without an answer."""
    rng = np.random.default_rng(random_seed)
    n = 40
    lists = [[int(i) for i in rng.choice(30, rng.integers(0, 8), replace=False)] for _ in range(n)]
    truth = pa.table({**seeds_of(n), "target": pa.array(lists, pa.list_(pa.int64()))})
    rows = []
    for i in range(n - 3):
        for rank, item in enumerate(rng.choice(35, rng.integers(1, 12), replace=False), start=1):
            rows.append((f"u{i}", rank, int(item)))
    rows = [rows[i] for i in rng.permutation(len(rows))]
    found = pa.table({
        "entity": [r[0] for r in rows], "anchor_time": np.full(len(rows), DAY), "rank": [r[1] for r in rows],
        "item": [r[2] for r in rows],
    })  # fmt: skip
    past = pa.table({"user": [f"u{i}" for i in rng.integers(0, n, 200)], "item": rng.integers(0, 30, 200)})
    return truth, found, past


@pytest.mark.slow  # importing ranx compiles for ten seconds
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("random_seed", range(5))
def test_rankings_agree_with_ranx(random_seed: int) -> None:
    from ranx import Qrels, Run, evaluate

    truth, found, past = drawn(random_seed)
    lists = zip(truth["entity"].to_pylist(), truth["target"].to_pylist(), strict=True)
    wanted = {e: {str(i): 1 for i in items} for e, items in lists if items}
    given: dict = {e: {} for e in wanted}
    for e, r, i in zip(*(found[c].to_pylist() for c in ("entity", "rank", "item")), strict=True):
        if e in given:
            given[e][str(i)] = -float(r)
    given = {e: of or {"nothing": 0.0} for e, of in given.items()}
    oracle = evaluate(Qrels(wanted), Run(given), ["recall@10", "ndcg@10", "hit_rate@10", "mrr@10"])
    own = statistics(Part("ranking", truth, past, k=10), found)
    for ours, theirs in (("recall", "recall"), ("ndcg", "ndcg"), ("hit_rate", "hit_rate"), ("mrr", "mrr")):
        assert own[ours].value() == pytest.approx(oracle[f"{theirs}@10"])
    assert own["map"].counted == len(wanted)


def test_seen_items_are_dropped_and_the_rest_moves_up() -> None:
    truth = pa.table({**seeds_of(1), "target": [[3]]})
    found = pa.table({"entity": ["u0"] * 3, "anchor_time": np.full(3, DAY), "rank": [1, 2, 3], "item": [1, 2, 3]})
    past = pa.table({"user": ["u0", "u0"], "item": [1, 2]})
    assert statistics(Part("ranking", truth, past, k=1), found)["hit_rate"].value() == 0
    assert statistics(Part("ranking", truth, past, k=1, exclude_seen=True), found)["hit_rate"].value() == 1


def test_repeats_and_explorations_apart() -> None:
    truth = pa.table({**seeds_of(1), "target": [[1, 2, 3]]})
    found = pa.table({"entity": ["u0"] * 2, "anchor_time": np.full(2, DAY), "rank": [1, 2], "item": [1, 9]})
    past = pa.table({"user": ["u0"], "item": [1]})
    own = statistics(Part("ranking", truth, past, k=2), found)
    assert own["repeat_recall"].value() == 1
    assert own["explore_recall"].value() == 0


def test_numbers_are_matched_by_seed_and_every_seed_must_be_answered() -> None:
    rng = np.random.default_rng(0)
    truth = pa.table({**seeds_of(50), "target": rng.random(50) < 0.4})
    score = rng.random(50)
    order = rng.permutation(50)
    found = pa.table({**seeds_of(50), "prediction": score}).take(pa.array(order))
    own = statistics(Part("binary", truth), found)
    assert own["auroc"].value() == pytest.approx(roc_auc_score(truth["target"].to_pylist(), score))
    with pytest.raises(ValueError, match="no prediction"):
        statistics(Part("binary", truth), found.slice(1))


def test_differences_point_to_the_better_and_are_paired() -> None:
    rng = np.random.default_rng(1)
    actual = rng.random(300)
    truth = pa.table({**seeds_of(300), "target": actual})
    good = pa.table({**seeds_of(300), "prediction": actual + 0.1})
    poor = pa.table({**seeds_of(300), "prediction": actual + 0.2})
    found = {n: statistics(Part("regression", truth), t) for n, t in (("edgewise", good), ("peer", poor))}
    scores, ahead = compared(np.arange(300), found, ["mae"], "edgewise")
    assert scores["mae"]["edgewise"]["value"] == pytest.approx(0.1)
    difference = ahead["mae"]["peer"]
    assert difference["value"] == pytest.approx(0.1)
    assert difference["low"] == pytest.approx(0.1)  # the same error on every seed: paired, no doubt is left


def test_repeats_are_averaged_and_parts_are_pooled() -> None:
    rng = np.random.default_rng(2)
    truth = pa.table({**seeds_of(60), "target": rng.random(60) < 0.5})
    runs = [pa.table({**seeds_of(60), "prediction": rng.random(60)}) for _ in range(3)]
    part = Part("binary", truth)
    each = [roc_auc_score(truth["target"].to_pylist(), run["prediction"].to_pylist()) for run in runs]
    assert pooled([part] * 3, runs, repeats=True)["auroc"].value() == pytest.approx(np.mean(each))
    later = truth.set_column(1, "anchor_time", pa.array(np.full(60, DAY + np.timedelta64(1, "D"))))
    moved = runs[1].set_column(1, "anchor_time", later["anchor_time"])
    both = pooled([part, Part("binary", later)], [runs[0], moved])["auroc"]
    scores = runs[0]["prediction"].to_pylist() + runs[1]["prediction"].to_pylist()
    assert both.value() == pytest.approx(roc_auc_score(truth["target"].to_pylist() * 2, scores))
