"""Whole decisions on the small chain of stores: terms are kept, mistakes are named, new stores are served."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from edgewise.clock import DAY, to_micros
from edgewise.decisions.assort.decide import decide, store_plans
from edgewise.decisions.assort.entry import AssortEntry
from edgewise.decisions.assort.expect import Forecast, forecast
from edgewise.decisions.assort.facts import Facts, read_facts
from edgewise.decisions.assort.instead import instead_of
from edgewise.decisions.assort.propose import propose
from edgewise.decisions.assort.tables import assortment
from edgewise.decisions.assort.terms import chain_terms
from edgewise.decisions.decided.nouns import Decided
from edgewise.decisions.solve.relax import Infeasible
from edgewise.errors import DecisionError, SchemaError, UserError
from edgewise.sources.database import Database, open_database
from edgewise.worlds.planted import shop

AT = to_micros("2023-10-01")


@cache
def database() -> Database:
    return open_database(shop(customers=120, days=300).tables)


def entry(**settings_: Any) -> AssortEntry:
    proposed = propose(database().schema)
    return AssortEntry.model_validate({**proposed.model_dump(), "substitution": True, **settings_})


def decided(**settings_: Any) -> Decided:
    return decide(database(), entry(**settings_), AT)


@cache
def facts() -> Facts:
    return read_facts(database(), entry(), AT)


def per_store(table: pa.Table) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for store, product in zip(table["store_id"].to_pylist(), table["product_id"].to_pylist(), strict=True):
        found.setdefault(store, set()).add(product)
    return found


def kinds(column: str) -> dict[int, str]:
    products = shop(customers=120, days=300).tables["products"]
    return dict(zip(products["product_id"].to_pylist(), products[column].to_pylist(), strict=True))


@cache
def guessed() -> Forecast:
    return forecast(facts(), chain_terms(entry(), facts()), learn=False)


@settings(max_examples=12, deadline=None)
@given(
    space=st.integers(8, 40),
    most=st.integers(2, 12),
    changes=st.sampled_from([0, 2, 0.2]),
    must=st.sets(st.sampled_from([2, 3, 5, 17, 29, 44]), max_size=3),
    least=st.integers(0, 2),
)
def test_terms_are_never_broken(space: int, most: int, changes: float, must: set[int], least: int) -> None:
    asked = entry(
        space=space, category_most=most, must_have=sorted(must), category_least={"toys": least}, changes=changes,
        suppliers={"Elm": {"most": 6}, "Fir": {"if_any": 3}}, stores=[1, 3],
    )  # fmt: skip
    terms = chain_terms(asked, facts())
    try:
        plans = store_plans(facts(), terms, instead_of(facts(), terms), guessed())
    except Infeasible:
        return  # what is said then has a test of its own
    category, brand, now = kinds("category"), kinds("brand"), carried_now(asked)
    for store, articles in per_store(assortment(facts(), terms, plans)).items():
        assert len(articles) <= space
        assert must <= articles
        assert np.unique([category[a] for a in articles], return_counts=True)[1].max() <= most
        assert sum(category[a] == "toys" for a in articles) >= least
        assert sum(brand[a] == "Elm" for a in articles) <= 6
        assert sum(brand[a] == "Fir" for a in articles) not in (1, 2)
        allowed = changes if changes >= 1 or changes == 0 else int(changes * space)
        assert len(articles - now[store]) <= allowed + max(space - len(now[store]), 0)


def carried_now(asked: AssortEntry) -> dict[int, set[int]]:
    rows = shop(customers=120, days=300).tables["transactions"]
    at = pc.cast(rows["bought_at"], pa.timestamp("us")).cast(pa.int64()).to_numpy()
    late = rows.filter(pa.array((at > AT - asked.current_days * DAY) & (at <= AT)))
    return per_store(late) | {s: set() for s in range(1, 7) if s not in per_store(late)}


def test_no_set_beats_what_is_proven_and_all_is_said() -> None:
    made = decided(space=30)
    stores = made.tables["stores"].to_pylist()
    assert all(s["keeps"] <= s["at_most"] + 1e-9 and s["gap"] <= 0.01 for s in stores)
    assert all(s["carries"] <= 30 for s in stores)
    direct, kept = made.expects
    assert direct.basis == "held out"
    assert direct.low is not None
    assert direct.high is not None
    assert direct.low <= direct.value <= direct.high
    assert kept.value >= direct.value * 0.9
    assert {g.constraint for g in made.gave_up} == {"space"}
    assert made.gave_up[0].value > 0
    out = made.tables["left_out"]
    assert set(out.column_names) >= {"store_id", "product_id", "instead", "kept", "why"}
    carried = per_store(made.tables["assortment"])
    for row in out.to_pylist():
        assert row["product_id"] not in carried[row["store_id"]]
        assert row["instead"] is None or row["instead"] in carried[row["store_id"]]


def test_substitution_makes_room_where_one_article_does_the_other_s_job() -> None:
    with_it, without = decided(space=20), decided(space=20, substitution=False)
    assert with_it.tables["assortment"] != without.tables["assortment"]
    sells = [sum(s["sells"] for s in d.tables["stores"].to_pylist()) for d in (with_it, without)]
    assert sells[0] <= sells[1] + 1e-9, "without it, only what an article sells itself counts"


def test_what_conflicts_is_named_with_what_to_relax() -> None:
    with pytest.raises(Infeasible) as caught:
        decided(space=3, must_have=[1, 2, 3, 4, 5])
    assert set(caught.value.conflict) == {"space", "must_have"}
    assert "from at most 3 to 5 articles (store 1)" in str(caught.value)
    with pytest.raises(Infeasible) as caught:
        decided(must_have=[1], must_not=[1])
    assert set(caught.value.conflict) == {"must_have", "must_not"}


@pytest.mark.parametrize(
    ("settings_", "said"),
    [
        ({"must_have": [9999]}, "must_have: 'products' has no '9999'"),
        ({"category_least": {"toy": 1}}, "there is no category 'toy'"),
        ({"suppliers": {"Elms": {"most": 1}}}, "there is no supplier 'Elms'"),
        ({"sales": "transaction"}, "there is no table 'transaction'"),
        ({"article": "quantity"}, "is no link to a table"),
        ({"amount": "bought_at"}, "holds no numbers"),
        ({"size": "title"}, "holds no numbers"),
        ({"stores": [77]}, "'stores' has no '77'"),
        ({"category_most": 3, "category": None, "alike": []}, "category_most needs a category"),
    ],
)
def test_mistakes_say_where_and_what_instead(settings_: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        decided(**settings_)
    assert said in str(caught.value)
    assert caught.value.hint


def test_before_anything_was_sold_there_is_nothing_to_decide_from() -> None:
    with pytest.raises(DecisionError, match="nothing was sold"):
        decide(database(), entry(), to_micros("2001-01-01"))


def test_tables_without_sales_are_told() -> None:
    with pytest.raises(SchemaError, match="no table says which article"):
        propose(open_database({"moons": pa.table({"moon_id": [1, 2], "weight": [1.0, 2.0]})}).schema)


def test_space_may_be_a_column_and_stores_may_be_chosen() -> None:
    made = decided(space="square_meters", stores=[2, 4])
    assert made.tables["stores"]["store_id"].to_pylist() == [2, 4]
    assert made.tables["stores"]["space"].to_pylist() == [
        shop(customers=120, days=300).tables["stores"]["square_meters"][s - 1].as_py() for s in (2, 4)
    ]


def test_a_store_without_a_past_is_served_from_stores_like_it() -> None:
    hidden = facts().sales.where(facts().sales.store != 0)
    made = forecast(replace(facts(), sales=hidden), chain_terms(entry(), facts()))
    assert made.known.tolist() == [False, True, True, True, True, True]
    assert (made.expected[0] > 0).any()
    sold = np.bincount(facts().sales.article[facts().sales.store == 0], minlength=len(facts().articles))
    best = made.candidates[0][np.argsort(-made.expected[0], kind="stable")[:30]]
    rest = np.setdiff1d(made.candidates[0], best)
    assert sold[best].mean() > 1.5 * sold[rest].mean()


def test_the_same_sales_say_less_when_they_are_of_a_few_days() -> None:
    then, own = facts(), facts().sales.store == 0
    expected = []
    for days in (None, 0, 2):  # as they came; none; all in the last two days
        sales = then.sales if days != 0 else then.sales.where(~own)
        if days == 2:
            sales = replace(sales, time=np.where(own, then.at - (then.at - sales.time) % (2 * DAY), sales.time))
        made = forecast(replace(then, sales=sales), chain_terms(entry(), facts()), learn=False)
        of = np.zeros(len(then.articles))
        of[made.candidates[0]] = made.expected[0] / made.expected[0].sum()
        expected.append(of)
    long, none, short = expected
    assert np.abs(short - none).sum() < 0.7 * np.abs(long - none).sum()


def test_what_is_expected_adds_up_to_what_was_sold_after() -> None:
    then = facts().as_of(AT - 28 * DAY)
    made = forecast(then, chain_terms(entry(), facts()))
    after = facts().sales.between(AT - 28 * DAY, AT)
    sold = np.bincount(after.store, minlength=6)
    assert made.expected.sum() == pytest.approx(made.total.sum(), rel=0.1)
    assert made.total.sum() == pytest.approx(sold.sum(), rel=0.35)


def test_a_store_without_space_is_refused() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        entry(space=0)
