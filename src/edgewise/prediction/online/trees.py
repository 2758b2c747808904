"""Boosted trees as flat arrays: the scores of LightGBM bit for bit, without its library."""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
from jaxtyping import Float32, Float64, Int32, UInt8

from edgewise.errors import InternalError
from edgewise.state.fixed import fixed

__all__ = ["PackedTrees"]

#: Bits of LightGBM's decision type.
_CATEGORICAL, _DEFAULT_LEFT = 1, 2
#: What LightGBM takes for zero.
_ZERO = 1e-35


@dataclass(frozen=True, slots=True)
class PackedTrees:
    """All trees' inner nodes one after another. A child below zero is a leaf: `-(leaf + 1)` into `value`.

    `root[t]` is where tree `t` begins, in the same notation.
    """

    root: Int32[np.ndarray, " trees"]
    feature: Int32[np.ndarray, " nodes"]
    threshold: Float64[np.ndarray, " nodes"]
    decision: UInt8[np.ndarray, " nodes"]
    left: Int32[np.ndarray, " nodes"]
    right: Int32[np.ndarray, " nodes"]
    value: Float64[np.ndarray, " leaves"]

    @classmethod
    def parse(cls, text: str, rounds: int) -> PackedTrees:
        """The first `rounds` trees of a model in LightGBM's own text.

        Raises:
            InternalError: trees with categorical splits or linear leaves, which the ranker never grows.
        """
        trees = [_fields(block) for block in text.split("\nTree=")[1:]][:rounds]
        root, parts = [], {name: list[np.ndarray]() for name in ("f", "t", "d", "l", "r", "v")}
        nodes = leaves = 0
        for tree in trees:
            decision = _numbers(tree, "decision_type").astype(np.uint8)
            if (decision & _CATEGORICAL).any() or tree.get("is_linear", "0") != "0":
                raise InternalError("only plain numerical trees can be packed")
            value = _numbers(tree, "leaf_value")
            root.append(nodes if len(decision) else -(leaves + 1))
            parts["f"].append(_numbers(tree, "split_feature"))
            parts["t"].append(_numbers(tree, "threshold"))
            parts["d"].append(decision)
            for side, name in (("l", "left_child"), ("r", "right_child")):
                child = _numbers(tree, name).astype(np.int64)
                parts[side].append(np.where(child >= 0, child + nodes, child - leaves))
            parts["v"].append(value)
            nodes, leaves = nodes + len(decision), leaves + len(value)
        whole = {name: np.concatenate(arrays) if arrays else np.zeros(0) for name, arrays in parts.items()}
        return cls(
            np.array(root, dtype=np.int32), whole["f"].astype(np.int32), whole["t"].astype(np.float64),
            whole["d"].astype(np.uint8), whole["l"].astype(np.int32), whole["r"].astype(np.int32),
            whole["v"].astype(np.float64),
        )  # fmt: skip

    def predict(self, features: Float32[np.ndarray, "n features"]) -> Float32[np.ndarray, " n"]:
        """The sum of each row's leaves, added in the order of the trees, in double precision."""
        out = np.zeros(len(features))
        _predict(
            fixed(self.root), fixed(self.feature), fixed(self.threshold), fixed(self.decision),
            fixed(self.left), fixed(self.right), fixed(self.value), features, out,
        )  # fmt: skip
        return out.astype(np.float32)


def _fields(block: str) -> dict[str, str]:
    lines = (line.partition("=") for line in block.split("\n\n")[0].splitlines())
    return {name: value for name, _, value in lines}


def _numbers(tree: dict[str, str], name: str) -> np.ndarray:
    text = tree.get(name, "").split()
    return np.array([float(part) for part in text])


@nb.njit(cache=True)
def _predict(
    root: np.ndarray, feature: np.ndarray, threshold: np.ndarray, decision: np.ndarray, left: np.ndarray,
    right: np.ndarray, value: np.ndarray, features: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    for t in range(len(root)):
        for row in range(len(features)):
            node = root[t]
            while node >= 0:
                found = float(features[row, feature[node]])
                missing = decision[node] >> 2 & 3  # 0: none is missing, 1: zero is, 2: NaN is
                if np.isnan(found) and missing != 2:
                    found = 0.0
                if (missing == 2 and np.isnan(found)) or (missing == 1 and -_ZERO <= found <= _ZERO):
                    goes_left = decision[node] & _DEFAULT_LEFT != 0
                else:
                    goes_left = found <= threshold[node]
                node = left[node] if goes_left else right[node]
            out[row] += value[-(node + 1)]
