"""Ranking metrics beside a slow twin and beside ranx."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.errors import InternalError
from edgewise.evaluation.beyond import coverage, diversity, gini, novelty, popularity
from edgewise.evaluation.channels import channel_recall
from edgewise.evaluation.ranking import (
    average_precision,
    discounted_gain,
    find_hits,
    part_of,
    r_precision,
    ranking_statistics,
    recall,
    reciprocal_rank,
    seen_before,
)
from edgewise.ids import MISSING
from edgewise.tasks.nouns import History, Labels, Ragged, Ranked, Seeds

lists_of_items = st.lists(st.integers(-1, 9), max_size=6, unique=True)
seeds_of_lists = st.lists(st.tuples(lists_of_items, lists_of_items), min_size=1, max_size=8)


def ragged(lists: list[list[int]]) -> Ragged:
    indptr = np.concatenate([[0], np.cumsum([len(own) for own in lists])]).astype(np.int64)
    return Ragged(indptr, np.array([v for own in lists for v in own], dtype=np.int64))


def ranked(lists: list[list[int]], k: int) -> Ranked:
    items = np.full((len(lists), k), MISSING, dtype=np.int64)
    for i, own in enumerate(lists):
        found = [v for v in own if v != MISSING][:k]
        items[i, : len(found)] = found
    return Ranked(items, np.zeros(items.shape, dtype=np.float32))


def slowly(found: list[int], relevant: list[int], k: int) -> dict[str, float]:
    """The metrics of one seed, as their definitions read."""
    found = [v for v in found if v != MISSING][:k]
    hit = [v in relevant for v in found]
    best = min(k, len(relevant))
    if not relevant:
        return dict.fromkeys(("ap", "recall", "ndcg", "rr", "rp"), 0.0)
    return {
        "ap": sum(sum(hit[: j + 1]) / (j + 1) for j in range(len(hit)) if hit[j]) / best,
        "recall": sum(hit) / len(relevant),
        "ndcg": sum(1 / math.log2(j + 2) for j, h in enumerate(hit) if h)
        / sum(1 / math.log2(j + 2) for j in range(best)),
        "rr": 1 / (hit.index(True) + 1) if any(hit) else 0.0,
        "rp": sum(hit[:best]) / best,
    }


@settings(max_examples=60, deadline=None)
@given(seeds_of_lists, st.integers(1, 7))
def test_metrics_equal_their_definitions(seeds: list[tuple[list[int], list[int]]], k: int) -> None:
    hits = find_hits(ranked([a for a, _ in seeds], 6), ragged([b for _, b in seeds]), k)
    expected = [slowly(a, b, k) for a, b in seeds]
    for name, values in (
        ("ap", average_precision(hits)),
        ("recall", recall(hits)),
        ("ndcg", discounted_gain(hits)),
        ("rr", reciprocal_rank(hits)),
        ("rp", r_precision(hits)),
    ):
        np.testing.assert_allclose(values, [e[name] for e in expected], atol=1e-12, err_msg=name)


@pytest.mark.slow
def test_ranx_agrees() -> None:
    """Slow because importing ranx compiles for ten seconds; `slowly` above is the twin that always runs."""
    rng = np.random.default_rng(0)
    found = [rng.permutation(40)[:10].tolist() for _ in range(30)]
    relevant = [rng.permutation(40)[: rng.integers(1, 10)].tolist() for _ in range(30)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ranx

        qrels = ranx.Qrels({f"q{i}": {str(v): 1 for v in own} for i, own in enumerate(relevant)})
        run = ranx.Run({f"q{i}": {str(v): 10.0 - j for j, v in enumerate(own)} for i, own in enumerate(found)})
        theirs = ranx.evaluate(qrels, run, ["map@10", "ndcg@10", "mrr@10"])
    ours = ranking_statistics(find_hits(ranked(found, 10), ragged(relevant), 10))
    for mine, other in (("map", "map@10"), ("ndcg", "ndcg@10"), ("mrr", "mrr@10")):
        assert ours[mine].value() == pytest.approx(theirs[other]), mine


def test_what_is_unknown_counts_as_not_found() -> None:
    target = ragged([[3, MISSING], [MISSING], []])
    statistics = ranking_statistics(find_hits(ranked([[3], [3], [3]], 4), target, 4))
    assert statistics["recall"].value() == pytest.approx((0.5 + 0.0) / 2)
    assert statistics["map"].counted == 2, (
        "a seed without label items is left out, one without findable ones is not"
    )


def test_an_item_named_twice_is_one_hit() -> None:
    twice = Ranked(np.array([[5, 5, 5]]), np.zeros((1, 3), dtype=np.float32))
    assert recall(find_hits(twice, ragged([[5, 6, 7]]), 3))[0] == pytest.approx(1 / 3)


def test_lists_of_other_seeds_are_refused() -> None:
    labels = Labels(Seeds("users", np.arange(2), np.zeros(2, dtype=np.int64)), ragged([[1], [2]]))
    with pytest.raises(InternalError, match="1 ranked lists for 2"):
        find_hits(ranked([[1]], 1), ragged([[1], [2]]), 1)
    with pytest.raises(InternalError, match="one list for each"):
        channel_recall(labels, {"few": ragged([[1]])})


def test_weights_weigh_seeds() -> None:
    hits = find_hits(ranked([[1], [2]], 1), ragged([[1], [9]]), 1)
    assert ranking_statistics(hits, np.array([3.0, 1.0]))["recall"].value() == pytest.approx(0.75)


def test_repeats_read_only_what_was_visible() -> None:
    history = History(np.array([0, 3, 4]), np.array([10, 20, 30, 5]), np.array([1, 2, 3, 1]))
    seeds = Seeds("users", np.array([0, 1, 0]), np.array([20, 20, 9]))
    lists = ragged([[1, 2, 3, MISSING], [2, 1], [1]])
    assert seen_before(seeds, history, lists).tolist() == [True, True, False, False, False, True, False]
    later = History(history.indptr, np.array([10, 20, 21, 5]), np.array([1, 2, 7, 1]))
    assert (seen_before(seeds, later, lists) == seen_before(seeds, history, lists)).all()


def test_part_of_keeps_lists_apart() -> None:
    kept = part_of(ragged([[1, 2], [], [3]]), np.array([False, True, True]))
    assert [kept[i].tolist() for i in range(3)] == [[2], [], [3]]


@settings(max_examples=40, deadline=None)
@given(st.lists(lists_of_items, min_size=1, max_size=6))
def test_beyond_accuracy_equals_its_definitions(lists: list[list[int]]) -> None:
    items = ranked(lists, 6).items
    own = [[v for v in row if v != MISSING] for row in items.tolist()]
    flat = [v for row in own for v in row]
    assert coverage(items, 10) == pytest.approx(len(set(flat)) / 10)
    counts = [flat.count(v) for v in range(10)]
    if flat:
        spread = sum(abs(a - b) for a in counts for b in counts) / (2 * 10 * sum(counts))
        assert gini(items, 10) == pytest.approx(spread)
    events = np.arange(10) ** 2
    groups = np.arange(10) % 3
    vectors = np.stack([np.cos(np.arange(10)), np.sin(np.arange(10))], axis=1) * np.arange(1, 11)[:, None]
    for i, row in enumerate(own):
        bits = [-math.log2((events[v] + 1) / (events.sum() + 10)) for v in row]
        pairs = [(a, b) for x, a in enumerate(row) for b in row[x + 1 :]]
        assert novelty(items, events)[i] == pytest.approx(np.mean(bits) if bits else math.nan, nan_ok=True)
        other = np.mean([groups[a] != groups[b] for a, b in pairs]) if pairs else math.nan
        assert diversity(items, categories=groups)[i] == pytest.approx(other, nan_ok=True)
        turned = np.mean([1 - math.cos(a - b) for a, b in pairs]) if pairs else math.nan
        assert diversity(items, vectors=vectors)[i] == pytest.approx(turned, nan_ok=True)


def test_popularity_is_a_percentile() -> None:
    events = np.array([5, 0, 9])
    found = popularity(np.array([[2, MISSING], [1, 0], [MISSING, MISSING]]), events)
    assert found[:2].tolist() == [1.0, 0.25]
    assert math.isnan(found[2])


def test_channels_say_what_only_they_reach() -> None:
    labels = Labels(Seeds("users", np.arange(2), np.zeros(2, dtype=np.int64)), ragged([[1, 2, MISSING], [3]]))
    found = channel_recall(labels, {"repeat": ragged([[2, 1], []]), "popular": ragged([[2, 8], [3, 8]])})
    by_name = {c.channel: c for c in found}
    assert by_name["all channels"].recall == pytest.approx(3 / 4)
    assert by_name["all channels"].candidates == pytest.approx(5 / 2)
    assert (by_name["repeat"].recall, by_name["repeat"].only) == (0.5, 0.25)
    assert (by_name["popular"].recall, by_name["popular"].only) == (0.5, 0.25)
    assert found[0].channel == "all channels"
