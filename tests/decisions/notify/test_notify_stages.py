"""Sums of curves, what is peculiar to users, and stages that are asked about a later past."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgewise.decisions.notify.additive import Basis, curves_of, fit_line
from edgewise.decisions.notify.features import Moments
from edgewise.decisions.notify.mixed import BLOCKS, Peculiar, fit_mixed, own_effects
from edgewise.decisions.notify.reading import read_past
from edgewise.decisions.notify.stages import Places, blocks_of
from edgewise.decisions.notify.trial import make_trial
from edgewise.decisions.notify.worth import fit_effect
from edgewise.ids import Vocabulary
from edgewise.sources.database import Database
from edgewise.sources.open import open_source


def features(n=400, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)).astype(np.float32)
    x[:, 1] = rng.integers(0, 4, n)
    x[::17, 2] = np.nan
    return x


def test_curves_say_what_their_columns_and_weights_do():
    x = features()
    basis = Basis(x, {1})
    columns = basis(x)
    weight = np.random.default_rng(1).normal(size=columns.shape[1])
    np.testing.assert_allclose(curves_of(basis, weight)(x), columns @ weight, atol=1e-9)
    beyond = x.copy()
    beyond[:, 0] *= 10
    np.testing.assert_allclose(curves_of(basis, weight)(beyond), basis(beyond) @ weight, atol=1e-9)


def test_an_unknown_label_adds_nothing():
    x = features()
    curves = curves_of(basis := Basis(x, {1}), np.ones(basis(x).shape[1]))
    known, other = x[:1].copy(), x[:1].copy()
    other[0, 1] = 99
    place = int(known[0, 1])
    assert curves(known)[0] - curves(other)[0] == pytest.approx(curves.level[1][place])


def test_a_line_is_found_where_there_is_one_and_drawn_to_the_mean_where_there_is_none():
    x, rng = features(3000), np.random.default_rng(2)
    y = 3.0 + 2.0 * x[:, 0] + rng.normal(size=len(x))
    assert np.corrcoef(fit_line(x, y, {1})(x), x[:, 0])[0, 1] > 0.99
    noise = 3.0 + rng.normal(size=len(x))
    assert fit_line(x, noise, {1})(x).std() < 0.15


def planted(users=300, each=30, seed=3):
    rng = np.random.default_rng(seed)
    user = np.repeat(np.arange(users), each)
    message, channel = rng.integers(0, 12, len(user)), rng.integers(0, 2, len(user))
    x = rng.normal(size=(len(user), 2)).astype(np.float32)
    own, of_message = rng.normal(0, 0.8, users), rng.normal(0, 0.5, 12)
    odds = -0.5 + 0.7 * x[:, 0] + own[user] + of_message[message]
    y = (rng.random(len(user)) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    who = Peculiar(user, message, np.stack([np.zeros_like(user), 1 + channel], axis=1), np.array([0, 1, 1]))
    return x, y, who, own, of_message


def test_what_is_peculiar_is_found_and_how_far_users_differ():
    x, y, who, own, of_message = planted()
    found = fit_mixed(x, y, who, len(own), len(of_message), ())
    assert np.corrcoef(found.users[:, 0], own)[0, 1] > 0.8
    assert np.corrcoef(found.messages, of_message)[0, 1] > 0.9
    assert 0.4 < found.variance.sum() < 1.0
    assert found.variance[1] < 0.15, "channels differ for nobody"
    stranger = Peculiar(np.array([-1]), np.array([-1]), who.effect[:1], who.kind)
    assert found.odds(x[:1], stranger)[0] == found.curves(x[:1])[0]


def test_a_feature_that_tells_is_not_held_down_by_many_that_do_not():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 60)).astype(np.float32)
    y = (rng.random(len(x)) < 1 / (1 + np.exp(1 - x[:, 0]))).astype(np.float64)
    none = np.zeros((len(x), 1), np.int64)
    who = Peculiar(np.arange(len(x)) // 5, none[:, 0], none, np.array([0]))
    found = fit_mixed(x, y, who, 300, 1, ()).curves
    fresh = rng.normal(size=(3000, 60)).astype(np.float32)
    said = found(fresh)
    assert np.corrcoef(said, fresh[:, 0])[0, 1] > 0.88
    assert np.polyfit(fresh[:, 0], said, 1)[0] > 0.8


def test_a_stage_is_told_what_the_one_before_said_of_the_user(learnt):
    funnel, rows = learnt.fitted.effect.funnel, Moments(*(np.array(n) for n in ([5, 9], [2, 2], [0, 0])),
        np.full(2, learnt.past.at), np.array([12, 12]))  # fmt: skip
    x, who = learnt.features(rows), funnel.design.who(rows, funnel.places)
    first = funnel.stages[0]
    _, said = first(x, rows, who, funnel.design, None)
    chance = first.trees(x[:, funnel.design.people])
    np.testing.assert_allclose(said[:, -1], np.log(chance / (1 - chance)))
    np.testing.assert_array_equal(said[:, :-1], own_effects(who, first.mixed.users))


def test_a_block_is_told_by_the_others_alone():
    x, y, who, own, of_message = planted(users=40)
    found = fit_mixed(x, y, who, len(own), len(of_message), ())
    block = blocks_of(who.user, np.arange(len(y)))
    known = np.ones(len(y), bool)
    odds, _ = found.held(x, y, who, block, known)
    other = np.where(block == 1, 1.0 - y, y)
    changed, _ = found.held(x, other, who, block, known)
    np.testing.assert_array_equal(odds[block == 1], changed[block == 1])
    assert (odds[block != 1] != changed[block != 1]).any()
    assert set(block[who.user == 0].tolist()) == set(range(BLOCKS))


def test_where_a_trial_is_all_noise_answers_are_believed(learnt):
    trial = make_trial(learnt.entry, learnt.features)
    noise = np.random.default_rng(0).gamma(0.05, 200.0, len(trial.user))
    effect = fit_effect(replace(trial, goal=noise), learnt.features, 0)
    np.testing.assert_allclose(effect.slopes, [0.0, 1.0, 0.0], atol=0.05)
    user = np.arange(100)
    rows = Moments(user, np.full(100, 2), np.zeros(100, int), np.full(100, learnt.past.at), np.full(100, 12))
    x = learnt.features(rows)
    assert effect.deviation(x, rows) < 0.4 * effect(x, rows).sum()


def test_an_effect_finds_its_users_and_messages_in_another_past(learnt):
    past = learnt.past
    few = np.arange(0, len(past.users), 3)
    keys = past.users.keys.keys(few)
    places = Places.between(past, replace(past, users=replace(past.users, keys=Vocabulary(keys), joined=few)))
    np.testing.assert_array_equal(places.user, few)
    funnel = learnt.fitted.effect.funnel
    assert funnel is not None
    rows = Moments(*(np.array([n]) for n in (5, 2, 0, past.at, 12)))
    x = learnt.features(rows)
    before = learnt.fitted.effect(x, rows)
    np.testing.assert_array_equal(before, learnt.fitted.on(past).effect(x, rows))
    assert np.isfinite(before).all()


def test_labels_that_come_later_decide_nothing(learnt):
    schema = learnt.db.schema
    users = schema.table("users")
    columns = tuple(replace(c, distinct=1000) if c.name == "country" else c for c in users.columns)
    crowded = replace(schema, tables={**schema.tables, "users": replace(users, columns=columns)})
    with Database(open_source(dict(learnt.world.tables)), crowded) as db:
        found = read_past(db, learnt.entry, learnt.world.now).users
    assert found.coded == {"country"}, "a schema counts the labels of all rows, those to come included"
    np.testing.assert_array_equal(found.x, learnt.past.users.x)
