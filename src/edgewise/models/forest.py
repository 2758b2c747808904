"""Several LightGBM models as one, whose raw score is their weighted sum."""

from __future__ import annotations

import re
from collections.abc import Iterable

import lightgbm as lgb

__all__ = ["summed"]

_BLOCK = re.compile(r"Tree=\d+\n.*?\n\n\n", re.DOTALL)
_LEAVES = re.compile(r"^leaf_value=(.*)$", re.MULTILINE)


def summed(parts: Iterable[tuple[lgb.Booster, int, float]]) -> lgb.Booster:
    """One model of the first `rounds` trees of each, its leaves times its weight: (booster, rounds, weight).

    The models were grown on the same features. Whatever reads one LightGBM model reads the sum. Only raw scores
    make sense: the objective it names is the first one's.
    """
    trees: list[str] = []
    first, last = "", ""
    for booster, rounds, weight in parts:
        text = booster.model_to_string(num_iteration=rounds)
        found = _BLOCK.findall(text)
        trees += [_scaled(tree, weight) for tree in found]
        if not first:
            first, last = text[: text.index("Tree=0\n")], text[text.index("end of trees") :]
    trees = [re.sub(r"^Tree=\d+", f"Tree={number}", tree) for number, tree in enumerate(trees)]
    sizes = " ".join(str(len(tree.encode())) for tree in trees)
    head = re.sub(r"^tree_sizes=.*$", f"tree_sizes={sizes}", first, flags=re.MULTILINE)
    return lgb.Booster(model_str=head + "".join(trees) + last)


def _scaled(tree: str, weight: float) -> str:
    def scaled(line: re.Match[str]) -> str:
        return f"leaf_value={' '.join(repr(weight * float(value)) for value in line[1].split())}"

    return _LEAVES.sub(scaled, tree)
