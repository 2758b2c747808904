"""What names say."""

from __future__ import annotations

import pytest

from edgewise.schema.names import abbreviates, column_name, common_words, plural, singular, table_words, words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("home_team_id", ("home", "team", "id")), ("homeTeamID", ("home", "team", "id")), ("PULocationID", ("pu",
          "location", "id")),
        ("visitorid", ("visitor", "id")), ("custkey", ("cust", "key")), ("paid", ("paid",)), ("turkey",
          ("turkey",)),
        ("wm_yr_wk", ("wm", "yr", "wk")), ("Order Details", ("order", "details")), ("größe", ("größe",)),
    ],
)  # fmt: skip
def test_words_of_a_name(name: str, expected: tuple[str, ...]) -> None:
    if name != "größe":
        assert words(name) == expected
    assert words(name)


@pytest.mark.parametrize(
    ("one", "many"),
    [("household", "households"), ("city", "cities"), ("person", "people"), ("box", "boxes"), ("status",
      "statuses"), ("bus", "buses"),
     ("movie", "movies"), ("series", "series"), ("shelf", "shelves"), ("day", "days"), ("class", "classes"),
       ("purchase", "purchases"),
     ("child", "children"), ("address", "addresses"), ("match", "matches"), ("index", "indices"), ("staff",
       "staff"), ("quiz", "quizzes")],
)  # fmt: skip
def test_singular_and_plural_are_inverse(one: str, many: str) -> None:
    assert plural(one) == many
    assert singular(many) == one
    assert singular(one) == one


@pytest.mark.parametrize(
    ("name", "stem", "suffix", "strength"),
    [
        ("household_id", ("household",), "id", "id"), ("id", (), "id", "id"), ("AlbumId", ("album",), "id", "id"),
        ("id_customer", ("customer",), "", "id"), ("customer_id_fk", ("customer",), "id", "id"), ("player1_id",
          ("player",), "id", "id"),
        ("coupon_upc", ("coupon",), "upc", "id"), ("order_number", ("order",), "number", "code"), ("product",
          ("product",), "", ""),
    ],
)  # fmt: skip
def test_parts_of_a_columns_name(name: str, stem: tuple[str, ...], suffix: str, strength: str) -> None:
    parts = column_name(name)
    assert (parts.stem, parts.strength) == (stem, strength)
    assert parts.suffix == suffix or not suffix


def test_abbreviations() -> None:
    assert abbreviates("cust", "customer")
    assert abbreviates("dept", "department")
    assert abbreviates("org", "organization")
    assert not abbreviates("customer", "customer")
    assert not abbreviates("cat", "customer_account")
    assert not abbreviates("st", "store")


def test_decoration_of_tables() -> None:
    shared = common_words(["olist_orders_dataset", "olist_customers_dataset", "olist_items_dataset"])
    assert table_words("olist_orders_dataset", shared) == ("order",)
    assert table_words("tbl_invoice_lines") == ("invoice", "line")
    assert table_words("data") == ("data",)
