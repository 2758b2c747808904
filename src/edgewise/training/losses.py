"""Losses, each a mean over seeds, weighted where `weight` is given."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor

__all__ = [
    "binary",
    "crossed",
    "huber",
    "hurdle",
    "multi_positive_softmax",
    "multilabel",
    "pinball",
    "tweedie",
]

Weight = Float[Tensor, " n"] | None


def binary(logit: Float[Tensor, " n"], target: Float[Tensor, " n"], weight: Weight = None) -> Tensor:
    """Log loss of a yes-or-no question."""
    return _mean(F.binary_cross_entropy_with_logits(logit, target, reduction="none"), weight)


def crossed(logits: Float[Tensor, "n classes"], target: Int64[Tensor, " n"], weight: Weight = None) -> Tensor:
    """Log loss over classes; seeds whose class is MISSING (-1) do not count."""
    losses = F.cross_entropy(logits, target.clamp(min=0), reduction="none")
    known = (target >= 0).to(losses.dtype)
    return _mean(losses, known if weight is None else weight * known)


def multilabel(
    logits: Float[Tensor, "n classes"], target: Float[Tensor, "n classes"], weight: Weight = None
) -> Tensor:
    """Log loss of one yes-or-no question a class."""
    return _mean(F.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(dim=1), weight)


def huber(
    value: Float[Tensor, " n"], target: Float[Tensor, " n"], weight: Weight = None, *, delta: float = 0.1
) -> Tensor:
    """Absolute error, rounded off within `delta` of zero so that it can settle (Huber 1964)."""
    return _mean(F.huber_loss(value, target, reduction="none", delta=delta) / delta, weight)


def pinball(
    quantiles: Float[Tensor, "n levels"],
    target: Float[Tensor, " n"],
    levels: Float[Tensor, " levels"],
    weight: Weight = None,
) -> Tensor:
    """The quantile loss, mean over levels (Koenker & Bassett 1978, eq. 3.1)."""
    over = target[:, None] - quantiles
    return _mean(torch.maximum(levels * over, (levels - 1) * over).mean(dim=1), weight)


def tweedie(
    log_mean: Float[Tensor, " n"], target: Float[Tensor, " n"], weight: Weight = None, *, power: float = 1.5
) -> Tensor:
    """Deviance of a mean of many zeros and a long tail, 1 < power < 2, up to a constant; targets are >= 0."""
    first = target * torch.exp((1 - power) * log_mean) / (1 - power)
    second = torch.exp((2 - power) * log_mean) / (2 - power)
    return _mean(second - first, weight)


def hurdle(
    logit: Float[Tensor, " n"], value: Float[Tensor, " n"], target: Float[Tensor, " n"], weight: Weight = None
) -> Tensor:
    """Whether the target is above zero, and how much where it is: log loss plus Huber on the positive part."""
    positive = (target > 0).to(value.dtype)
    amount = F.huber_loss(value, target, reduction="none") * positive
    return _mean(F.binary_cross_entropy_with_logits(logit, positive, reduction="none") + amount, weight)


def multi_positive_softmax(
    logits: Float[Tensor, "n candidates"],
    positive: Bool[Tensor, "n candidates"],
    log_q: Float[Tensor, " candidates"] | Float[Tensor, "n candidates"] | None = None,
    weight: Weight = None,
) -> Tensor:
    """Softmax over candidates, the mean log probability of each seed's positives; seeds without any do not count.

    `log_q` is the log of each candidate's chance to be sampled; it is taken off the logits, which makes a sampled
    softmax unbiased (Bengio & Senécal 2008; Yi et al. 2019, eq. 3). Logits of -inf are candidates not there.
    """
    adjusted = logits if log_q is None else logits - log_q
    log_probability = adjusted - torch.logsumexp(adjusted, dim=1, keepdim=True)
    count = positive.sum(dim=1)
    picked = torch.where(positive, log_probability, torch.zeros_like(log_probability)).sum(dim=1)
    any_positive = (count > 0).to(logits.dtype)
    losses = -picked / count.clamp(min=1)
    return _mean(losses, any_positive if weight is None else weight * any_positive)


def _mean(losses: Float[Tensor, " n"], weight: Weight) -> Tensor:
    if weight is None:
        return losses.mean()
    return (losses * weight).sum() / weight.sum().clamp(min=1e-9)
