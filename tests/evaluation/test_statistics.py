"""Statistics under resampling: a draw equals the metric on the rows that were drawn."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sk

from edgewise.errors import InternalError
from edgewise.evaluation.bootstrap import Bootstrap, interval
from edgewise.evaluation.compare import compare
from edgewise.evaluation.context import Context
from edgewise.evaluation.measures import measure
from edgewise.evaluation.statistics import Fixed, Moments, auroc, average_precision, mean, ratio
from edgewise.tasks.nouns import Classified, Estimated, Labels, Prediction, Ranked, Seeds


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels of both kinds, scores with many ties, whole weights."""
    n = draw(st.integers(2, 25))
    positive = draw(hnp.arrays(bool, n))
    positive[:2] = [True, False]
    score = draw(hnp.arrays(np.int64, n, elements=st.integers(-3, 3))) / 4.0
    return positive, score, draw(hnp.arrays(np.int64, n, elements=st.integers(1, 4))).astype(np.float64)


@settings(max_examples=60, deadline=None)
@given(scored())
def test_order_statistics_equal_scikit_learn(found: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    positive, score, weight = found
    assert auroc(positive, score, weight).value() == pytest.approx(
        sk.roc_auc_score(positive, score, sample_weight=weight)
    )
    assert average_precision(positive, score, weight).value() == pytest.approx(
        sk.average_precision_score(positive, score, sample_weight=weight)
    )


def test_one_kind_of_label_has_no_curve() -> None:
    assert math.isnan(auroc(np.ones(3, dtype=bool), np.arange(3.0)).value())
    assert math.isnan(average_precision(np.zeros(3, dtype=bool), np.arange(3.0)).value())


def take(prediction: Prediction, index: np.ndarray) -> Prediction:
    if isinstance(prediction, Ranked):
        return Ranked(prediction.items[index], prediction.scores[index])
    if isinstance(prediction, Classified):
        return Classified(prediction.probability[index])
    return Estimated(prediction.value[index], {q: v[index] for q, v in prediction.quantiles.items()})


#: Bins and ranks are those of the whole sample, so these two are estimates of what a recomputation would give.
FROZEN = {"ece", "spearman"}


def test_a_draw_is_the_metric_of_the_rows_drawn(case) -> None:
    labels, prediction = case.labels, case.predictions["ours"]
    bootstrap = Bootstrap.over(labels.seeds.rows, resamples=200, random_seed=1)
    statistics = measure(case.spec, labels, prediction, Context(catalogue=50))
    draws = dict(zip(statistics, bootstrap.draws(list(statistics.values())), strict=True))
    for b in (0, 7):
        index = np.repeat(np.arange(len(labels)), bootstrap.counts[b][bootstrap.cluster])
        again = measure(case.spec, labels.take(index), take(prediction, index), Context(catalogue=50))
        for key, statistic in again.items():
            if key not in FROZEN and not isinstance(statistic, Fixed):
                assert draws[key][b] == pytest.approx(statistic.value(), nan_ok=True), key


def test_a_slice_is_the_metric_of_its_rows(case) -> None:
    labels, prediction = case.labels, case.predictions["ours"]
    mask = np.arange(len(labels)) % 3 != 0
    whole = measure(case.spec, labels, prediction, Context(catalogue=50))
    part = measure(case.spec, labels.take(mask), take(prediction, mask), Context(catalogue=50))
    for key, statistic in part.items():
        if key not in FROZEN and not isinstance(statistic, Fixed):
            assert whole[key].where(mask).value() == pytest.approx(statistic.value(), nan_ok=True), key
            assert whole[key].where(mask).counted == statistic.counted, key


def test_whole_weights_are_repetitions(case) -> None:
    weight = np.random.default_rng(0).integers(1, 4, len(case.labels)).astype(np.float64)
    index = np.repeat(np.arange(len(case.labels)), weight.astype(np.int64))
    weighted = Labels(case.labels.seeds, case.labels.target, weight)
    mine = measure(case.spec, weighted, case.predictions["ours"], Context(catalogue=50))
    other = measure(
        case.spec, case.labels.take(index), take(case.predictions["ours"], index), Context(catalogue=50)
    )
    unweighted = FROZEN | {"novelty", "popularity", "diversity", "coverage", "gini"}
    for key in mine.keys() - unweighted:
        assert mine[key].value() == pytest.approx(other[key].value(), nan_ok=True), key


def test_entities_are_drawn_not_rows() -> None:
    """Ten rows an entity, all alike, hold as much information as one row an entity."""
    values = np.random.default_rng(0).normal(size=200)
    one = Bootstrap.over(np.arange(200), random_seed=5).intervals([mean(values)])[0]
    ten = Bootstrap.over(np.repeat(np.arange(200), 10), random_seed=5).intervals([mean(np.repeat(values, 10))])[0]
    assert ten.error == pytest.approx(one.error)
    assert one.error == pytest.approx(values.std() / math.sqrt(200), rel=0.1)


def test_draws_depend_on_the_random_seed_alone() -> None:
    entities = np.arange(50)
    assert (Bootstrap.over(entities, random_seed=2).counts == Bootstrap.over(entities, random_seed=2).counts).all()
    assert (Bootstrap.over(entities, random_seed=2).counts != Bootstrap.over(entities, random_seed=3).counts).any()


def test_many_entities_are_grouped() -> None:
    values = np.random.default_rng(0).normal(size=45_000)
    bootstrap = Bootstrap.over(np.arange(45_000), resamples=300)
    assert bootstrap.clusters == 20_000
    assert bootstrap.intervals([mean(values)])[0].error == pytest.approx(1 / math.sqrt(45_000), rel=0.15)


def test_the_interval_covers_the_truth_nineteen_times_in_twenty() -> None:
    rng, covered = np.random.default_rng(0), 0
    for _ in range(200):
        own = Bootstrap.over(np.arange(80), resamples=300, random_seed=1).intervals([mean(rng.normal(size=80))])[0]
        covered += own.low <= 0 <= own.high
    assert 0.89 <= covered / 200 <= 0.985


def test_differences_are_paired() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=500)
    bootstrap = Bootstrap.over(np.arange(500))
    found = compare({"a": base, "b": base + 0.05}, bootstrap)
    assert found.winner == "b"
    assert found.row("a").clear
    assert found.row("a").behind.low == pytest.approx(0.05), "the same noise on both sides cancels"
    assert found.decided
    assert compare({"a": base, "b": base + 0.05}, bootstrap, better=-1).winner == "a"


def test_a_tie_is_undecided() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(2, 300))
    found = compare(
        {"a": noise[0] + 0.01, "b": noise[1] - noise[1].mean() + noise[0].mean()}, Bootstrap.over(np.arange(300))
    )
    assert not found.decided
    assert not found.rows[1].clear


def test_an_undefined_model_comes_last() -> None:
    nothing = Moments(np.zeros((4, 2)), ratio, np.zeros(4, dtype=bool))
    found = compare({"nothing": nothing, "something": np.zeros(4)}, Bootstrap.over(np.arange(4)))
    assert [r.model for r in found.rows] == ["something", "nothing"]
    assert math.isnan(found.rows[1].score.low)


def test_recentring_moves_the_interval_onto_the_value() -> None:
    draws = np.linspace(0.3, 0.5, 101)
    assert interval(0.2, draws, recentre=True).low < 0.2 < interval(0.2, draws, recentre=True).high
    assert interval(0.01, draws, recentre=True).low == 0.0


@pytest.mark.parametrize("kind", ["mean", "auroc"])
def test_a_thousand_resamples_of_twenty_thousand_seeds_take_a_second(kind: str) -> None:
    rng = np.random.default_rng(0)
    truth, score = rng.random(20_000) < 0.2, rng.random(20_000)
    entities = np.arange(20_000)
    statistic = mean(score) if kind == "mean" else auroc(truth, score)
    Bootstrap.over(entities, resamples=1).draws([statistic])  # compiled before the clock runs
    began = time.process_time()
    found = Bootstrap.over(entities).draws([statistic])
    assert time.process_time() - began < 3.0, "about 0.3 s on an idle core"
    assert np.isfinite(found).all()


def test_statistics_of_other_seeds_are_refused() -> None:
    with pytest.raises(InternalError, match="5 seeds, not 3"):
        Bootstrap.over(np.arange(3)).draws([mean(np.zeros(5))])


def test_seeds_may_be_any_entity_rows() -> None:
    seeds = Seeds("users", np.array([7, 7, 1_000_000]), np.zeros(3, dtype=np.int64))
    assert Bootstrap.over(seeds.rows, resamples=5).cluster.tolist() == [0, 0, 1]
