"""What is bought instead of what: pairs against a slow twin, shares as a person would count them."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from edgewise.decisions.assort.entry import AssortEntry
from edgewise.decisions.assort.facts import Facts, read_facts
from edgewise.decisions.assort.instead import learn_instead, no_instead
from edgewise.sources.database import open_database

DAY_ONE = np.datetime64("2024-01-01T10:00:00", "us")


def bought(rows: list[tuple[int, int, int]], kinds: dict[int, str], likes: dict[int, str] | None = None) -> Facts:
    """Facts from (shopper, day, article); every article in one store."""
    shopper, day, article = (np.array(column) for column in zip(*rows, strict=True))
    articles = sorted(kinds)
    tables = {
        "sales": pa.table(
            {
                "customer_id": shopper, "store_id": np.ones(len(rows), int), "product_id": article,
                "sold_at": DAY_ONE + day.astype("timedelta64[D]"),
            }
        ),
        "products": pa.table(
            {
                "product_id": articles, "kind": [kinds[a] for a in articles],
                "flavour": [(likes or kinds)[a] for a in articles],
            }
        ),
        "stores": pa.table({"store_id": [1]}),
        "customers": pa.table({"customer_id": sorted(set(shopper.tolist()))}),
    }  # fmt: skip
    entry = AssortEntry(
        sales="sales", store="store_id", article="product_id", shopper="customer_id", category="kind",
        alike=["flavour"],
    )  # fmt: skip
    return read_facts(open_database(tables), entry, int((DAY_ONE + np.timedelta64(999, "D")).astype(int)))


def test_switches_say_what_is_bought_instead() -> None:
    # everyone who bought 1 takes 2 the next time, but for one who takes 3; 4 is of another kind
    rows = [(s, 1, 1) for s in range(1, 11)] + [(s, 5, 2) for s in range(1, 10)] + [(10, 5, 3)]
    rows += [(s, 3, 4) for s in range(1, 11)]
    facts = bought(rows, {1: "tea", 2: "tea", 3: "tea", 4: "soap"})
    made = learn_instead(facts, "kind", [], prior=1.0)
    first = {int(b): float(s) for b, s in zip(made.to[0], made.share[0], strict=True) if b >= 0}
    assert list(first) == [1, 2]  # rows of articles 2 and 3, the likelier first
    assert first[1] == pytest.approx((9 + 9 / 10) / 11)  # nine of ten, drawn towards what sells
    assert sum(first.values()) == pytest.approx(1.0)
    assert made.to[3].max() == -1, "nothing else of its kind"


def test_who_stays_keeps_less_to_substitutes() -> None:
    loyal = [(s, day, 1) for s in range(1, 9) for day in (1, 5, 9, 13)]
    fickle = [(s, day, 3 + (day // 4 + s) % 2) for s in range(1, 9) for day in (2, 6, 10, 14)]
    facts = bought([*loyal, *fickle, (1, 20, 2)], {1: "tea", 2: "tea", 3: "soap", 4: "soap"})
    kept = learn_instead(facts, "kind", []).kept
    assert kept[0] < 0.4 < 0.7 < kept[2]
    assert ((kept >= 0) & (kept <= 1)).all()


def test_what_is_alike_is_likelier_before_anyone_switched() -> None:
    rows = [
        (s, day, a) for s in range(1, 6) for day, a in ((1, 1), (3, 2), (5, 1), (7, 2), (9, 3), (11, 4), (13, 3))
    ]
    rows += [(9, 1, 5)]
    likes = {1: "mint", 2: "mint", 3: "rose", 4: "rose", 5: "rose"}
    made = learn_instead(bought(rows, dict.fromkeys(range(1, 6), "tea"), likes), "kind", ["flavour"])
    assert made.to[4, 0] in (2, 3), "rows of the two that are alike"


def test_pairs_are_those_of_a_slow_twin() -> None:
    rng = np.random.default_rng(4)
    rows = sorted({(int(s), int(d), int(a)) for s, d, a in rng.integers((1, 0, 1), (6, 25, 7), (120, 3))})
    kinds = {a: "tea" if a < 4 else "soap" for a in range(1, 7)}
    facts = bought(rows, kinds)
    made = learn_instead(facts, "kind", [], prior=1e-9)
    baskets: dict[tuple[int, str], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for s, d, a in rows:
        baskets[s, kinds[a]][d].append(a)
    seen = np.zeros((7, 7))
    for days in baskets.values():
        order = sorted(days)
        for before, after in pairwise(order):
            for a in days[before]:
                for b in days[after]:
                    seen[a, b] += 1 / (len(days[before]) * len(days[after]))
    np.fill_diagonal(seen, 0)
    for a in range(1, 7):
        ours = {
            int(b) + 1: s for b, s in zip(made.to[a - 1], made.share[a - 1], strict=True) if b >= 0 and s > 1e-6
        }
        assert ours == pytest.approx({b: seen[a, b] / seen[a].sum() for b in range(1, 7) if seen[a, b] > 0})


def test_without_shoppers_nobody_buys_anything_instead() -> None:
    assert no_instead(3).kept.tolist() == [0, 0, 0]
