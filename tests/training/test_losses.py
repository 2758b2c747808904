"""Losses have their minimum where they should, and sampled softmax is fair."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edgewise.training import losses
from edgewise.training.loop import seeded
from edgewise.training.negatives import Negatives


def best(loss, low: float, high: float) -> float:  # type: ignore[no-untyped-def]  # a function of one number
    grid = torch.linspace(low, high, 2001)
    return float(grid[int(np.argmin([float(loss(x)) for x in grid]))])


Y = torch.tensor([0.0, 0.0, 1.0, 2.0, 7.0])


def test_pinball_is_lowest_at_the_quantile() -> None:
    levels = torch.tensor([0.5])
    assert best(lambda x: losses.pinball(x.repeat(5)[:, None], Y, levels), 0, 7) == pytest.approx(1.0, abs=0.01)


def test_tweedie_is_lowest_at_the_mean() -> None:
    assert np.exp(best(lambda x: losses.tweedie(x.repeat(5), Y), -2, 3)) == pytest.approx(2.0, abs=0.02)


def test_huber_is_lowest_near_the_median() -> None:
    assert best(lambda x: losses.huber(x.repeat(5), Y), 0, 7) == pytest.approx(1.0, abs=0.1)


def test_binary_is_lowest_at_the_rate() -> None:
    target = (Y > 0).float()
    found = best(lambda x: losses.binary(x.repeat(5), target), -3, 3)
    assert torch.sigmoid(torch.tensor(found)) == pytest.approx(0.6, abs=0.01)


def test_hurdle_separates_whether_from_how_much() -> None:
    right = losses.hurdle(torch.tensor([-5.0, 5.0]), torch.tensor([9.0, 2.0]), torch.tensor([0.0, 2.0]))
    wrong = losses.hurdle(torch.tensor([-5.0, 5.0]), torch.tensor([0.0, 5.0]), torch.tensor([0.0, 2.0]))
    assert float(right) < float(wrong)


def test_missing_classes_and_weights_do_not_count() -> None:
    logits = torch.randn(3, 4, generator=seeded(0))
    target = torch.tensor([1, -1, 2])
    some = losses.crossed(logits[[0, 2]], target[[0, 2]])
    torch.testing.assert_close(losses.crossed(logits, target), some)
    weighted = losses.crossed(logits, target, torch.tensor([1.0, 5.0, 1.0]))
    torch.testing.assert_close(weighted, some)


def test_softmax_counts_seeds_with_positives_alone() -> None:
    logits = torch.zeros(2, 4)
    positive = torch.tensor([[True, True, False, False], [False, False, False, False]])
    assert float(losses.multi_positive_softmax(logits, positive)) == pytest.approx(np.log(4))


def test_negatives_are_drawn_as_often_as_they_say() -> None:
    sampler = Negatives(torch.tensor([0.0, 1.0, 16.0]), power=0.5, uniform=0.3)
    items, log_q = sampler.draw(20_000, seeded(3))
    share = torch.bincount(items, minlength=3) / 20_000
    for item in range(3):
        expected = float(log_q[items == item][0].exp()) / 20_000
        assert float(share[item]) == pytest.approx(expected, abs=0.015)


def test_without_popularity_negatives_are_even() -> None:
    items, _ = Negatives(torch.zeros(4)).draw(1000, seeded(1))
    assert set(items.tolist()) == {0, 1, 2, 3}
