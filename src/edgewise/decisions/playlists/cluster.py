"""A taste in parts: the things of a past in groups that are alike."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float32, Int64
from numba import njit

from edgewise.decisions.catalogue.kind import Kind
from edgewise.decisions.draws import mix, uniform
from edgewise.state.inner import inner

__all__ = ["clusters", "vectors"]

_ROUNDS: Final = 25
#: A group with fewer things than this, or a smaller share of the weight, is no taste of its own.
_SMALLEST: Final = 4
_SHARE: Final = 0.06
#: How far apart two things of different categories are, beside one deviation of an attribute.
_CATEGORY: Final = 1.6


def vectors(kind: Kind, items: Int64[np.ndarray, " n"]) -> Float32[np.ndarray, "n d"]:
    """Things as points: their attributes, and an axis for each category among them."""
    codes = kind.category.codes[items]
    known, place = np.unique(codes, return_inverse=True)
    axes = np.zeros((len(items), len(known)), dtype=np.float32)
    axes[np.arange(len(items)), place] = _CATEGORY / np.sqrt(2)
    axes[:, known < 0] = 0.0
    attributes = kind.attributes[items]
    scale = np.float32(1.0 / max(np.sqrt(attributes.shape[1]), 1.0))
    return np.concatenate([axes, np.clip(attributes, -3, 3) * scale], axis=1)


def clusters(
    points: Float32[np.ndarray, "n d"], weight: Float32[np.ndarray, " n"], most: int, chance: int
) -> list[Int64[np.ndarray, " m"]]:
    """Groups of positions, the heaviest first; things that fit in none are in none.

    k-means (Lloyd) begun by k-means++ draws, with the k from 1 to `most` of the best mean silhouette; one group
    where no k parts the things well.
    """
    n = len(points)
    if n < 2 * _SMALLEST or most < 2:
        return [np.arange(n)] if n else []
    own, heavy = points.astype(np.float64), weight.astype(np.float64)
    chosen = _parted(own, heavy, min(most + 2, n // _SMALLEST), np.uint64(chance))
    total = float(weight.sum())
    groups = [np.flatnonzero(chosen == g) for g in range(int(chosen.max()) + 1)]
    groups = [g for g in groups if len(g) >= _SMALLEST and weight[g].sum() >= _SHARE * total]
    groups.sort(key=lambda g: -float(weight[g].sum()))
    return groups[:most]


@njit(cache=True, nogil=True)
def _parted(points: np.ndarray, weight: np.ndarray, most: int, chance: int) -> np.ndarray:
    """The labels of the k from 2 to `most` with the best mean silhouette; all 0 where none parts them well."""
    n = len(points)
    apart = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            apart[i, j] = apart[j, i] = np.sqrt(_square(points[i], points[j]))
    best, chosen = 0.15, np.zeros(n, np.int64)
    for k in range(2, most + 1):
        label = _kmeans(points, weight, k, chance)
        score = _silhouette(apart, label, k)
        if score > best + 0.01:
            best, chosen = score, label
    return chosen


@inner
def _square(a: np.ndarray, b: np.ndarray) -> float:
    """The squared distance of two points."""
    total = 0.0
    for d in range(len(a)):
        total += (a[d] - b[d]) ** 2
    return total


@inner
def _nearest(centre: np.ndarray, point: np.ndarray) -> int:
    """The centre nearest to a point, the first of several."""
    best, least = 0, np.inf
    for j in range(len(centre)):
        away = _square(centre[j], point)
        if away < least:
            best, least = j, away
    return best


@inner
def _begun(points: np.ndarray, weight: np.ndarray, k: int, chance: int) -> np.ndarray:
    """The first centres, drawn far from each other (k-means++)."""
    n, d = points.shape
    centre, far, mass = np.zeros((k, d)), np.full(n, np.inf), np.empty(n)
    for j in range(k):
        for i in range(n):
            mass[i] = weight[i] * (1.0 if np.isinf(far[i]) else far[i])
        whole, so_far, at = 0.0, mass[0], 0
        for i in range(n):
            whole += mass[i]
        wanted = uniform(mix(chance, j)) * whole
        while so_far < wanted and at < n - 1:
            at += 1
            so_far += mass[at]
        for x in range(d):
            centre[j, x] = points[at, x]
        for i in range(n):
            far[i] = min(far[i], _square(points[i], centre[j]))
    return centre


@inner
def _kmeans(points: np.ndarray, weight: np.ndarray, k: int, chance: int) -> np.ndarray:
    n, d = points.shape
    centre = _begun(points, weight, k, chance)
    label, total, count = np.zeros(n, np.int64), np.zeros((k, d)), np.zeros(k)
    for _ in range(_ROUNDS):
        moved = False
        for i in range(n):
            best = _nearest(centre, points[i])
            moved |= label[i] != best
            label[i] = best
        total[:], count[:] = 0.0, 0.0
        for i in range(n):
            for x in range(d):
                total[label[i], x] += weight[i] * points[i, x]
            count[label[i]] += weight[i]
        for j in range(k):
            if count[j] > 0:
                for x in range(d):
                    centre[j, x] = total[j, x] / count[j]
        if not moved:
            break
    return label


@inner
def _silhouette(apart: np.ndarray, label: np.ndarray, k: int) -> float:
    """The mean over things of (nearest other group - own) / the larger, by mean distance (Rousseeuw 1987)."""
    n = len(label)
    size = np.zeros(k, np.int64)
    for i in range(n):
        size[label[i]] += 1
    total, distance = 0.0, np.zeros(k)
    for i in range(n):
        distance[:] = 0.0
        for j in range(n):
            distance[label[j]] += apart[i, j]
        if size[label[i]] <= 1:
            continue
        own = distance[label[i]] / (size[label[i]] - 1)
        other = np.inf
        for g in range(k):
            if g != label[i] and size[g] > 0:
                other = min(other, distance[g] / size[g])
        top = max(own, other)
        if top > 0 and not np.isinf(top):
            total += (other - own) / top
    return total / n
