"""Packed trees give LightGBM's scores bit for bit, missing values and zeros included."""

import lightgbm as lgb
import numpy as np
import pytest

from edgewise.errors import InternalError
from edgewise.prediction.online.trees import PackedTrees


@pytest.mark.parametrize("leaves", [4, 31, 63])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_packed_equals_lightgbm(missing, leaves):
    rng = np.random.default_rng(3)
    features = rng.normal(size=(3000, 12)).astype(np.float32)
    features[:, 3] = rng.integers(0, 4, 3000)
    features[rng.random(features.shape) < missing] = np.nan
    came = (np.nan_to_num(features[:, 0]) + rng.normal(size=3000) > 1).astype(np.float32)
    data = lgb.Dataset(features, came, group=[100] * 30)
    settings = {"objective": "lambdarank", "verbosity": -1, "num_leaves": leaves, "min_data_in_leaf": 5}
    booster = lgb.train(settings | {"num_threads": 1}, data, 25)
    seen = rng.normal(size=(500, 12)).astype(np.float32)
    seen[rng.random(seen.shape) < 0.3] = np.nan
    seen[rng.random(seen.shape) < 0.2] = 0.0
    for rounds in (1, 10, 25):
        found = PackedTrees.parse(booster.model_to_string(), rounds).predict(seen)
        expected = booster.predict(seen, num_iteration=rounds, num_threads=1).astype(np.float32)
        np.testing.assert_array_equal(found, expected)


def test_values_at_a_threshold_and_infinities():
    rng = np.random.default_rng(5)
    features = rng.normal(size=(2000, 3)).astype(np.float32)
    target = features[:, 0] + (features[:, 1] > 0.5) + rng.normal(size=2000) / 10
    settings = {"objective": "regression", "verbosity": -1, "num_threads": 1}
    booster = lgb.train(settings, lgb.Dataset(features, target), 20)
    packed = PackedTrees.parse(booster.model_to_string(), 20)
    at = np.concatenate([packed.threshold, [np.inf, -np.inf, np.nan, 0.0]]).astype(np.float32)
    for seen in (at, np.nextafter(at, np.float32(np.inf)), np.nextafter(at, np.float32(-np.inf))):
        rows = np.stack([seen, seen[::-1], seen], axis=1)
        np.testing.assert_array_equal(packed.predict(rows), booster.predict(rows).astype(np.float32))


def test_trees_of_other_kinds_are_refused():
    features = np.random.default_rng(0).integers(0, 9, (500, 1)).astype(np.float32)
    data = lgb.Dataset(features, features[:, 0] % 2, categorical_feature=[0])
    booster = lgb.train({"objective": "regression", "verbosity": -1, "min_data_in_leaf": 5}, data, 2)
    with pytest.raises(InternalError, match="numerical"):
        PackedTrees.parse(booster.model_to_string(), 2)


def test_trees_that_learnt_nothing_are_constant():
    features = np.zeros((50, 2), dtype=np.float32)
    booster = lgb.train(
        {"objective": "regression", "verbosity": -1, "num_threads": 1}, lgb.Dataset(features, np.ones(50)), 3
    )
    packed = PackedTrees.parse(booster.model_to_string(), 3)
    np.testing.assert_array_equal(packed.predict(features), booster.predict(features).astype(np.float32))
