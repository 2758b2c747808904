"""What may be like a thing, beside a twin of dictionaries."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.prediction.online.likeness import gathered


def shares(near, weights, items):
    known = {int(j): float(w) for j, w in zip(near, weights, strict=True) if j >= 0}
    top = max(known.values(), default=1.0)
    return [known.get(i, 0.0) / top for i in items]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), first=st.integers(0, 12), second=st.integers(0, 12), more=st.integers(0, 20))
def test_neighbours_and_siblings_are_gathered_as_by_the_twin(seed, first, second, more) -> None:
    rng = np.random.default_rng(seed)

    def near(n):
        found = np.concatenate([rng.permutation(30)[:n], np.full(3, -1)]).astype(np.int32)
        return found, np.where(found >= 0, rng.uniform(0.1, 2, n + 3), 0.0).astype(np.float32)

    (a, a_weights), (b, b_weights) = near(first), near(second)
    siblings = rng.integers(-1, 40, more)
    items, met, with_it = gathered(a, a_weights, b, b_weights, siblings, 7)
    wanted = sorted({*a.tolist(), *b.tolist(), *siblings.tolist()} - {-1, 7})
    assert items.tolist() == wanted
    assert met.tolist() == shares(a, a_weights, wanted)
    assert with_it.tolist() == shares(b, b_weights, wanted)
