"""Groups of a taste, beside a twin that says the same in few words."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.decisions.draws import draw
from edgewise.decisions.playlists.cluster import clusters


def drawn(chance: int, j: int) -> float:
    """The draw that the kernel makes from a state that is mixed already."""
    step, mask = 0x9E3779B97F4A7C15, 0xFFFFFFFFFFFFFFFF
    x = (chance + step + j) & mask
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
    return ((x ^ (x >> 31)) >> 11) / 2.0**53


def kmeans(points, weight, k, chance):
    centre, far = np.zeros((k, points.shape[1])), np.full(len(points), np.inf)
    for j in range(k):
        mass = weight * np.where(np.isinf(far), 1.0, far)
        at = min(np.searchsorted(np.cumsum(mass), drawn(chance, j) * mass.sum()), len(points) - 1)
        centre[j] = points[at]
        far = np.minimum(far, ((points - centre[j]) ** 2).sum(axis=1))
    label = np.zeros(len(points), dtype=np.int64)
    for _ in range(25):
        new = np.argmin(((centre[None] - points[:, None]) ** 2).sum(axis=2), axis=1)
        moved = (new != label).any()
        label = new
        for j in range(k):
            if (mine := label == j).any():
                centre[j] = np.average(points[mine], axis=0, weights=weight[mine])
        if not moved:
            break
    return label


def silhouette(points, label, k):
    apart = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    total = 0.0
    for i, own in enumerate(label):
        others = [apart[i, label == g].mean() for g in range(k) if g != own and (label == g).any()]
        if (size := (label == own).sum()) > 1 and others:
            a, b = apart[i, label == own].sum() / (size - 1), min(others)
            total += (b - a) / max(a, b) if max(a, b) > 0 else 0.0
    return total / len(points)


def twin(points, weight, most, chance):
    best, chosen = 0.15, np.zeros(len(points), dtype=np.int64)
    for k in range(2, min(most + 2, len(points) // 4) + 1):
        label = kmeans(points.astype(np.float64), weight.astype(np.float64), k, chance)
        score = silhouette(points.astype(np.float64), label, k)
        if score > best + 0.01:
            best, chosen = score, label
    groups = [np.flatnonzero(chosen == g) for g in range(int(chosen.max()) + 1)]
    groups = [g for g in groups if len(g) >= 4 and weight[g].sum() >= 0.06 * float(weight.sum())]
    return sorted(groups, key=lambda g: -float(weight[g].sum()))[:most]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), parts=st.integers(1, 4), n=st.integers(8, 60), most=st.integers(2, 5))
def test_groups_are_those_of_the_slow_twin(seed, parts, n, most) -> None:
    rng = np.random.default_rng(seed)
    middle = rng.normal(0, 4, (parts, 3))
    points = (middle[rng.integers(0, parts, n)] + rng.normal(0, 0.6, (n, 3))).astype(np.float32)
    weight = rng.uniform(0.1, 1.0, n).astype(np.float32)
    chance = draw(seed, 5)
    found, wanted = clusters(points, weight, most, chance), twin(points, weight, most, chance)
    assert [g.tolist() for g in found] == [g.tolist() for g in wanted]
