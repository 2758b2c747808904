"""The peers of our own hand do what their papers say: each beside a slow, obvious twin."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from basket import basket_weights
from benchmarks.cases.table import CASES
from benchmarks.harness import measure
from benchmarks.harness.score import Part, statistics
from kit import Events, Job, matrix, quality, settings, top_lists
from linear import ease, turbo
from neighbours import ItemKNN, nearest_users
from rules import RULES


def drawn(random_seed: int, n: int = 300, users: int = 12, items: int = 20) -> Events:
    rng = np.random.default_rng(random_seed)
    day = rng.integers(0, 40, n).astype(np.float64)
    return Events(rng.integers(0, users, n), rng.integers(0, items, n), day, day.astype(np.int64), np.ones(n))


def test_the_decays_of_tifuknn() -> None:
    events, group, within, between = drawn(0), 3, 0.9, 0.7
    found = basket_weights(events, group, within, between)
    for user in range(12):
        own = np.flatnonzero(events.user == user)
        days = sorted(set(events.day[own]), reverse=True)
        groups = [days[i : i + group] for i in range(0, len(days), group)]
        for e in own:
            g = next(i for i, of in enumerate(groups) if events.day[e] in of)
            j = groups[g].index(events.day[e])
            assert found[e] == pytest.approx(within**j * between**g / len(groups[g]) / len(groups))


def test_ease_is_the_closed_form() -> None:
    seen = matrix(drawn(1), (12, 20))
    inverse = np.linalg.inv((seen.T @ seen).toarray().astype(np.float64) + 5.0 * np.eye(20))
    wanted = -inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(wanted, 0.0)
    np.testing.assert_allclose(ease(seen, 5.0), wanted, rtol=1e-3, atol=1e-4)


def test_turbo_filter() -> None:
    seen = matrix(drawn(2), (12, 20))
    seen.data[:] = 1.0
    dense = seen.toarray()
    scaled = dense.sum(1, keepdims=True) ** -0.4 * dense * dense.sum(0, keepdims=True) ** -0.6
    np.testing.assert_allclose(turbo(seen, 0.4, 0.8).toarray(), (scaled.T @ scaled) ** 0.8, rtol=1e-4)


def test_item_neighbours_are_the_nearest_by_shrunk_cosine() -> None:
    seen = matrix(drawn(3), (12, 20))
    dense = (seen.toarray() > 0).astype(np.float64)
    cosine = dense.T @ dense / (np.sqrt(np.outer(dense.sum(0), dense.sum(0))) + 2.0)
    found = ItemKNN(4, 2.0).fit(seen).toarray()
    for item in range(20):
        kept = np.sort(cosine[item])[::-1][:5]
        np.testing.assert_allclose(np.sort(found[item][found[item] > 0])[::-1], kept[kept > 0], rtol=1e-5)


def test_nearest_users_are_the_nearest_by_distance() -> None:
    vectors = matrix(drawn(4), (12, 20))
    dense, users = vectors.toarray(), np.array([3, 7])
    near = nearest_users(vectors, users, 3).toarray()
    for row, user in enumerate(users):
        distance = ((dense - dense[user]) ** 2).sum(1)
        distance[user] = np.inf
        assert distance[near[row] > 0].max() <= np.sort(distance)[2]
        assert near[row].sum() == pytest.approx(1.0)


def a_job(folder: Path, **said: object) -> Job:
    """Twelve users, of whom the first ten are asked about, and one who was never seen."""
    events = drawn(5)
    at = pa.array((events.day * 86_400_000_000).astype(np.int64)).cast(pa.timestamp("us"))
    columns = {
        "user": events.user,
        "item": events.item,
        "at": at,
        "basket": events.basket,
        "weight": events.weight,
    }
    pq.write_table(pa.table(columns), folder / "events.parquet")
    pq.write_table(
        pa.table({"item": np.arange(20), "colour": [f"c{i % 3}" for i in range(20)]}), folder / "catalogue.parquet"
    )
    asked = [*range(10), 99]
    stamps = pa.array([40 * 86_400_000_000] * 11).cast(pa.timestamp("us"))
    pq.write_table(pa.table({"entity": asked, "anchor_time": stamps}), folder / "seeds.parquet")
    body = {
        "cut": "1970-02-10", "split": "time", "horizon_days": 7, "random_seed": 0, "exclude_seen": False, "k": 5,
        "depth": 5, "metric": "map", "trials": 2, "tuning_seconds": 60, "notes": {"attribute": "colour"},
    }  # fmt: skip
    (folder / "job.json").write_text(json.dumps(body | said))
    return Job.read(folder)


def test_the_held_out_slice_lies_after_what_is_fitted(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    before, moment, users, truth = job.held_out()
    assert before.day.max() <= moment == job.now - 7
    for user, wanted in zip(users, truth, strict=True):
        after = job.events.take((job.events.day > moment) & (job.events.user == user))
        assert set(wanted) == set(after.item)


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_ranks_and_never_lists_what_is_ruled_out(name: str, tmp_path: Path) -> None:
    job = a_job(tmp_path)
    rule = RULES[name](job)
    knobs = {key: values[0] for key, values in rule.grid.items()}
    scores = rule.fit(job.events, job.now, knobs)
    seen = matrix(job.events, job.shape)
    allowed = np.arange(20) % 2 == 0
    for items, value in top_lists(scores, np.arange(10), 6, seen, allowed):
        listed = np.isfinite(value)
        assert listed.any()
        assert allowed[items[listed]].all()
        assert (np.asarray(seen[np.nonzero(listed)[0], items[listed]]) == 0).all()


@pytest.mark.parametrize("metric", ["map", "ndcg", "hit_rate", "recall"])
def test_what_settings_are_chosen_by_is_the_metric_that_is_reported(metric: str) -> None:
    rng = np.random.default_rng(6)
    lists = np.stack([rng.permutation(30)[:10] for _ in range(25)])
    truth = [rng.choice(30, rng.integers(1, 15), replace=False) for _ in range(25)]
    at = np.full(25, np.datetime64("2020-01-01", "us"))
    table = pa.table({"entity": np.arange(25), "anchor_time": at, "target": [t.tolist() for t in truth]})
    found = pa.table({"entity": np.repeat(np.arange(25), 10), "anchor_time": np.repeat(at, 10),
                      "rank": np.tile(np.arange(1, 11), 25), "item": lists.ravel()})  # fmt: skip
    reported = statistics(Part("ranking", table, k=10), found)[metric].value()
    assert quality(metric, lists, truth, 10) == pytest.approx(reported)


def test_settings_of_another_part_are_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    grid, said = {"penalty": [1.0, 10.0, 100.0], "depth": [3, 5]}, {"random_seed": 0, "trials": 4}
    tried = settings(grid, said)
    assert len(tried) == 4
    assert tried == settings(grid, said)
    monkeypatch.setenv("TUNED_KNOBS", json.dumps({"penalty": 10.0, "depth": 5, "trees": 80}))
    assert settings(grid, said) == [{"penalty": 10.0, "depth": 5}]


def test_later_parts_are_told_what_was_chosen_at_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "CACHE", tmp_path)
    bench = measure.Bench(CASES["next-purchase"])
    first, later = bench.case.parts()[:2]
    folder = tmp_path / "next-purchase" / "runs" / first / "ease"
    folder.mkdir(parents=True)
    (folder / "facts.json").write_text(json.dumps({"chosen": {"penalty": 10.0}}))
    assert bench.environment("ease", later)["TUNED_KNOBS"] == '{"penalty": 10.0}'
    assert "TUNED_KNOBS" not in bench.environment("ease", first)
    assert "TUNED_KNOBS" not in bench.environment("itemknn", later)


def test_another_budget_is_asked_for_beside_the_cases_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "CACHE", tmp_path)

    def prepare(part: str, folder: Path, truth: Path, sample: float) -> None:
        (folder / "job.json").write_text(json.dumps({"ask": {"query": "PREDICT", "budget": "5m"}}))

    case = CASES["next-purchase"]
    monkeypatch.setattr(type(case), "prepare", staticmethod(prepare))
    own, short = measure.Bench(case), measure.Bench(case, budget="90s")
    for bench in (own, short):
        bench.prepare("2017-12-17")
    asked = [json.loads((b.home / "jobs" / "2017-12-17" / "job.json").read_text())["ask"] for b in (own, short)]
    assert [ask["budget"] for ask in asked] == ["5m", "90s"]
    assert short.file.parent == short.home != own.home
