"""Columns that say who a person is: e-mail addresses, phone numbers, names, and the like.

They tell a model nothing that holds for others, so they are no features; and they have no business in logs and on
pages. Such a column is an ID, with the reason beside it. Whoever wants it used says its type in the graph file.
"""

from __future__ import annotations

from typing import Final

from edgewise.schema.names import singular, words
from edgewise.schema.profile import ColumnProfile, Kind
from edgewise.schema.words import PEOPLE, PERSONAL

__all__ = ["identifies", "looks_personal", "reason_of"]

#: Words after the one that counts: `phone_number`, `email_address`, `street_1`.
_TRAILING: Final = frozenset({"number", "no", "nr", "num", "address", "line", "home", "work", "private", "office"})
_PARTS: Final = frozenset({"first", "last", "middle", "given", "family", "maiden", "full"})
#: Data about people that tell what they are like and not who they are: used like any other.
_USED: Final = frozenset({"dates of birth"})
_MOSTLY: Final = 0.5


def identifies(table: str, column: ColumnProfile) -> str:
    """What a column holds that says who a person is, such as `e-mail addresses`; "" where it does not."""
    if not column.present or column.kind not in (Kind.TEXT, Kind.INTEGER):
        return ""
    said = tuple(w for w in words(column.name) if not w.isdigit())
    while len(said) > 1 and said[-1] in _TRAILING:
        said = said[:-1]
    found = PERSONAL.get("".join(said)) or PERSONAL.get(said[-1] if said else "")
    if column.kind is Kind.INTEGER:
        return found if found == "phone numbers" else ""
    if found is None and said[-1:] == ("name",) and (_PARTS & set(said) or _of_people(table, said)):
        found = "names of people"
    if found is None and _mails(column):
        found = "e-mail addresses"
    return "" if found is None or found in _USED else found


def looks_personal(table: str, column: ColumnProfile) -> str:
    """What a column may hold about people, by any word of its name; "" where it seems to hold nothing."""
    sure = identifies(table, column)
    if sure or not column.present or column.kind not in (Kind.TEXT, Kind.TIME):
        return sure
    said = words(column.name)
    return next((PERSONAL[w] for w in ("".join(said), *said) if w in PERSONAL), "")


def reason_of(what: str) -> str:
    """Why a personal column is an ID."""
    return f"{what}: personal, kept out of features, logs and pages"


def _of_people(table: str, said: tuple[str, ...]) -> bool:
    """Whether a plain `name` is that of a person: in a table of people, or after a word for one."""
    if len(said) == 1:
        last = words(table)[-1:]
        return bool(last) and singular(last[0]) in PEOPLE
    return singular(said[-2]) in PEOPLE


def _mails(column: ColumnProfile) -> bool:
    values = [v for v in column.sample[:100] if isinstance(v, str)]
    mails = [v for v in values if "@" in v[1:] and "." in v.partition("@")[2] and " " not in v]
    return bool(values) and len(mails) > _MOSTLY * len(values)
