"""Random predictive queries over the schema of `query_worlds`."""

from __future__ import annotations

from hypothesis import strategies as st

_WORDS = ["ab", "AB", "a%b", "a_b", "a*b", "b", "it''s", "ä", "o]"]
_COMPARE = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
_NUMBER = st.sampled_from(["-1", "0", "1", "2", "0.5", "-0.25"])
_WORD = st.sampled_from([f"'{w}'" for w in _WORDS])
_PATTERN = st.sampled_from(["'a%'", "'%b'", "'a_b'", "'%'", "'A%'", "'a*b'", "'_b'", "'%[o]'", "''"])


def _join(*parts: st.SearchStrategy[str] | str) -> st.SearchStrategy[str]:
    made = [st.just(p) if isinstance(p, str) else p for p in parts]
    return st.tuples(*made).map(" ".join)


def _numeric(names: list[str]) -> st.SearchStrategy[str]:
    column = st.sampled_from(names)
    return st.one_of(
        _join(column, _COMPARE, _NUMBER),
        _join(column, st.sampled_from(["IS NULL", "IS NOT NULL"])),
        _join(column, st.sampled_from(["IN (1)", "NOT IN (0, 1)", "IN (-1, 2)"])),
    )


def _textual(names: list[str]) -> st.SearchStrategy[str]:
    column, no = st.sampled_from(names), st.sampled_from(["", "NOT"])
    return st.one_of(
        _join(column, _COMPARE, _WORD),
        _join(column, st.sampled_from(["IS NULL", "IS NOT NULL", "IN ('ab')", "NOT IN ('ab', 'b')"])),
        _join(column, no, "LIKE", _PATTERN),
        _join(column, no, st.sampled_from(["STARTS WITH", "ENDS WITH", "CONTAINS"]), _WORD),
    )


def _logic(atom: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        atom,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
            inner.map(lambda c: f"NOT ({c})"),
        ),
        max_leaves=3,
    )


_EVENT_WHERE = _logic(
    st.one_of(
        _numeric(["events.amount", "events.count", "items.price", "events.store_id"]),
        _textual(["events.note", "items.kind", "brands.country", "events.item_id"]),
        st.sampled_from(
            ["events.flag = TRUE", "events.flag != TRUE", "events.at > 2020-02-01", "events.at <= '2020-01-31'"]
        ),
        st.just("events.amount > events.count"),
    )
)
_FUTURE = st.sampled_from(
    [
        "0, 1, months",
        "0, 14, days",
        "0, 17, days",
        "1, 30, days",
        "0, 1, quarter",
        "0, 2, weeks",
        "0, 1, years",
        "6, 360, hours",
        "0, 30",
    ]
)
_PAST = st.sampled_from(["-1, 0, months", "-14, 0, days", "-INF, 0, days", "-30, -1, days", "-INF, -1, weeks"])
_OF_NUMBERS = st.sampled_from(
    ["SUM", "AVG", "MIN", "MAX", "MEDIAN", "STDDEV", "FIRST", "LAST", "MODE", "COUNT_DISTINCT", "COUNT"]
)
_EVENT_NUMBER = st.sampled_from(["events.amount", "events.count"])


def _inner(column: str) -> st.SearchStrategy[str]:
    return st.one_of(st.just(column), _EVENT_WHERE.map(lambda c: f"{column} WHERE {c}"))


def _numbers(window: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(_OF_NUMBERS, _EVENT_NUMBER.flatmap(_inner), window).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.tuples(_inner("events.*"), window).map(lambda t: f"COUNT({t[0]}, {t[1]})"),
        window.map(lambda w: f"SUM(events.flag, {w})"),
    )


def _conditions(window: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    atom = st.one_of(
        st.tuples(_numbers(window), _COMPARE, _NUMBER).map(" ".join),
        st.tuples(_numbers(window), _numbers(window)).map(" < ".join),
        st.tuples(_inner("events.*"), window).map(lambda t: f"EXISTS({t[0]}, {t[1]})"),
        st.tuples(window, _WORD).map(lambda t: f"LIST_DISTINCT(events.note, {t[0]}) CONTAINS {t[1]}"),
        st.tuples(window, _PATTERN).map(lambda t: f"LAST(events.note, {t[0]}) LIKE {t[1]}"),
        window.map(lambda w: f"MAX(events.at, {w}) >= 2020-02-14"),
        window.map(lambda w: f"AVG(events.amount, {w}) IS NULL"),
    )
    return _logic(atom)


def _calculations(window: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(_numbers(window), st.sampled_from("+-*/"), _numbers(window), _NUMBER).map(
        lambda t: f"({t[0]} {t[1]} {t[2]}) * 2 - {t[3]}"
    )


_USER = "users.user_id"
_ENTITIES = st.sampled_from(
    [_USER, _USER, "stores.store_id", "items.item_id", "brands.brand_id", "events.store_id"]
)
_ODD = st.sampled_from(
    ["items.kind", "events.note", "events.store_id, items.kind", "events.user_id, events.store_id"]
)


def _user_where() -> st.SearchStrategy[str]:
    own = st.one_of(
        _numeric(["users.age", "users.user_id"]), _textual(["users.city"]), st.just("users.vip = TRUE")
    )
    likes = st.just("COUNT(likes.*) > 0")
    return _logic(st.one_of(own, _conditions(_PAST), likes))


def temporal() -> st.SearchStrategy[str]:
    """Queries with windows, for entities of all sorts."""
    target = st.one_of(
        _numbers(_FUTURE),
        _conditions(_FUTURE),
        _calculations(_FUTURE),
        _FUTURE.map(lambda w: f"LIST_DISTINCT(events.item_id, {w}) RANK TOP 3"),
        st.tuples(_inner("events.note"), _FUTURE).map(lambda t: f"LIST_DISTINCT({t[0]}, {t[1]}) CLASSIFY"),
        st.tuples(st.sampled_from(["FIRST", "LAST", "MODE"]), _inner("events.note"), _FUTURE).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        ),
        st.tuples(
            st.sampled_from(["SUM(events.amount", "AVG(events.count", "COUNT(events.*"]),
            st.sampled_from(["0, 7, days", "0, 1, months", "1, 15, days"]),
        ).map(lambda t: f"{t[0]}, {t[1]}) FORECAST 3 TIMEFRAMES"),
    )
    where = st.one_of(st.just(""), st.one_of(_user_where()).map(lambda c: f" WHERE {c}"))
    users = st.tuples(target, st.just(_USER), where)
    others = st.tuples(target, st.one_of(_ENTITIES, _ODD), st.just(""))
    far = st.sampled_from(
        [
            ("SUM(visits.week, 0, 14, days)", _USER, ""),
            ("LIST_DISTINCT(visits.page, 0, 1, months) CLASSIFY", _USER, " WHERE COUNT(visits.*, -14, 0) >= 0"),
            ("SUM(lines.size, 0, 1, months)", _USER, ""),
            ("SUM(lines.size, 0, 1, months)", "stores.store_id", ""),
        ]
    )
    return st.one_of(users, users, others, far).map(lambda t: f"PREDICT {t[0]} FOR EACH {t[1]}{t[2]}")


def static() -> st.SearchStrategy[str]:
    """Queries without windows: imputation, static conditions, static ranking."""
    target = st.one_of(
        st.sampled_from(["users.age", "users.city", "users.vip", "users.age * 2 + 1"]),
        _logic(st.one_of(_numeric(["users.age"]), _textual(["users.city"]))),
        st.sampled_from(
            [
                "LIST_DISTINCT(likes.item_id) RANK TOP 5",
                "SUM(likes.score)",
                "LAST(likes.score)",
                "COUNT(likes.*) > 1",
            ]
        ),
    )
    where = st.one_of(st.just(""), _numeric(["users.user_id", "users.age"]).map(lambda c: f" WHERE {c}"))
    return st.tuples(target, where).map(lambda t: f"PREDICT {t[0]} FOR EACH {_USER}{t[1]}")
