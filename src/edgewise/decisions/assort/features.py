"""What trees look at: the signals of one store and one article, most of them beside a first guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int64

from edgewise.decisions.assort.signals import Block, Signals

__all__ = ["Guess", "features", "guess"]

#: What others say counts as much as so many of a store's own sales, and such a share of all it sold.
PRIOR, SHARE = 20.0, 0.5
#: What others say: the chain, the store's mix of fine labels, stores like it, its shoppers.
_CHAIN, _FINE, _NEAR, _SHOPPERS = 0.15, 0.15, 0.5, 0.2
_TINY: Final = 1e-7


@dataclass(frozen=True, slots=True)
class Guess:
    """For some stores, each article's share of the store's sales, and the candidates: columns of the universe."""

    stores: Int64[np.ndarray, " stores"]
    block: Block
    share: Float32[np.ndarray, "stores universe"]
    candidates: Int64[np.ndarray, "stores candidates"]


def guess(signals: Signals, stores: Int64[np.ndarray, " stores"], candidates: int) -> Guess:
    """Own sales drawn towards what others say, by Bayes: a prior that is worth more where more is sold."""
    block = signals.block(stores)
    seen = _seen(signals)[stores][:, None]
    # own sales speak by how much of them has lasted: those of a few days are of a few shoppers and baskets
    lasting = 1.0 - signals.sold[0][stores][:, None] / np.maximum(seen, 1e-9)
    parts = ((_CHAIN, None), (_FINE, block.fine), (_NEAR, block.near), (_SHOPPERS, block.shoppers))
    prior = np.zeros_like(block.fast)
    for weight, said in parts:
        if said is None:
            prior += np.float32(weight) * signals.chain[1].astype(np.float32)
            continue
        # whoever has nothing to say leaves it to the chain
        silent = said.sum(axis=1, keepdims=True) <= 0
        prior += np.float32(weight) * np.where(silent, signals.chain[1].astype(np.float32), said)
    worth = PRIOR + SHARE * seen
    share = (lasting * 0.5 * (block.middle + block.slow) + worth * prior) / (lasting * seen + worth)
    count = min(candidates, share.shape[1])
    best = np.argsort(-share, axis=1, kind="stable")[:, :count]
    return Guess(stores, block, share.astype(np.float32), best)


def _seen(signals: Signals) -> Float64[np.ndarray, " stores"]:
    """How many of its sales speak for a store: decayed, between middle and slow."""
    return 0.5 * (signals.sold[1] + signals.sold[2])


def features(
    signals: Signals, made: Guess, row: Int64[np.ndarray, " n"], column: Int64[np.ndarray, " n"]
) -> Float32[np.ndarray, "n features"]:
    """Features of pairs: `row` counts the guess's stores, `column` the universe."""
    block, store = made.block, made.stores[row]
    at = (row, column)
    base = _log(made.share[at])
    fast, middle, slow = block.fast[at], block.middle[at], block.slow[at]
    sold = [np.maximum(s[store], 1e-6) for s in signals.sold]
    seen, chain = _seen(signals)[store], _log(signals.chain[1][column])
    named = signals.reached[store]
    people = block.shoppers[at] * named
    return np.stack(
        [
            base, fast, middle, slow, block.ever[at], np.minimum(block.quiet[at], 400.0),
            _log(fast / sold[0] + 1e-5) - base, _log(middle / sold[1] + 1e-5) - base,
            _log(block.group[at]) - base, _log(block.fine[at]) - base, _log(block.near[at]) - base,
            _log(block.shoppers[at]) - base, people, people - 0.5 * (middle + slow),
            chain - base, _log(signals.chain[0][column]) - chain, chain - _log(signals.chain[2][column]), chain,
            signals.age[column], signals.silent[column], signals.spread[column],
            np.log1p(seen), np.log1p(named), np.log1p(signals.sold[0][store]) - np.log1p(seen),
        ],
        axis=1, dtype=np.float32,
    )  # fmt: skip


def _log(share: np.ndarray) -> np.ndarray:
    return np.log(share + _TINY)
