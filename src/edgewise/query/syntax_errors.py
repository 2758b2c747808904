"""What is wrong with a text that is no query, in the words of the language."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from edgewise.errors import QueryError, nearest, proposal
from edgewise.query.grammar import WORDS
from edgewise.query.nodes import Func, Unit

__all__ = ["explain", "unit_of", "unquote", "whole_number"]

_SHAPE: Final = "PREDICT target FOR EACH table.key"
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|[\"'\\/bfnrt])")


def explain(
    text: str, error: UnexpectedCharacters | UnexpectedEOF | UnexpectedToken, accepts: Callable[[int], set[str]]
) -> QueryError:
    """lark's error as ours: the place, what was expected there, and a way out.

    `accepts` gives the terminals that the grammar can take after the first so many characters of the text.
    """
    start, end, found = _place(text, error)
    expected = _expected(accepts(start))
    called = re.search(r"(\w+)\s*$", text[:start])
    if found == "'('" and called is not None and called[1].upper() not in WORDS:
        return _no_aggregation(text, called)
    message = f"expected {_join(expected)}, found {found}" if expected else f"{found} has no place here"
    if text[start : start + 1] in ("'", '"', "`") and text.count(text[start], start) == 1:
        return QueryError("the quote that opens here is not closed", text=text, start=start, end=start + 1)
    hint = _hint(text, start, end, set(expected))
    return QueryError(message, text=text, start=start, end=end, hint=hint)


def _no_aggregation(text: str, called: re.Match[str]) -> QueryError:
    names = [f.value for f in Func]
    hint = proposal(called[1], names, f"aggregations: {', '.join(names)}")
    message = f"there is no aggregation '{called[1]}'"
    return QueryError(message, text=text, start=called.start(1), end=called.end(1), hint=hint)


def _place(text: str, error: UnexpectedInput) -> tuple[int, int, str]:
    token = getattr(error, "token", None)
    if isinstance(token, Token) and token.type != "$END":
        start: int = token.start_pos or 0
        return start, start + len(token), f"'{token}'"
    if isinstance(error, UnexpectedCharacters):
        start = int(error.pos_in_stream or 0)
        word = re.match(r"[\w.]+|\S", text[start:])
        width = word.end() if word else 1
        return start, start + width, f"'{text[start : start + width]}'"
    return len(text.rstrip()), len(text.rstrip()) + 1, "the end of the query"


def _expected(terminals: set[str]) -> list[str]:
    """The terminals in words, the many that mean one thing as one."""
    words = {WORDS.get(t, t.replace("_", " ")) for t in terminals}
    if "a whole number" in words:
        words = {"a whole number"}
    elif "an aggregation" in words:
        words = {"an aggregation", "table.column", "a value"}
    elif "a number" in words and "a text in quotes" in words:
        words = {"a value"} | (words & {"IN", "NOT"})
    elif "a comparison" in words:
        words -= {"IN", "NOT", "IS", "'*'", "'.'"}
    if "arithmetic" in words:
        words.discard("'*'")
    return sorted(words, key=lambda w: (w == "the end of the query", w.isupper(), w))


def _join(words: list[str]) -> str:
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _hint(text: str, start: int, end: int, expected: set[str]) -> str | None:
    before, found = text[:start].rstrip(), text[start:end]
    if not re.match(r"\s*PREDICT\b", text, re.IGNORECASE):
        return f"a query reads {_SHAPE}"
    return (
        _hint_on_window(text, start, found)
        or _hint_on_column(before, found, expected)
        or _hint_on_keyword(found, expected)
    )


def _hint_on_window(text: str, start: int, found: str) -> str | None:
    if nearest(found, [u.value for u in Unit]) and re.search(r"\d\s*$", text[:start]):
        return "put a comma before the unit: 0, 7, days"
    glued = re.fullmatch(r"(\d+)([a-zA-Z]+)", found)
    if glued:
        return f"put a comma between: {glued.group(1)}, {glued.group(2)}"
    return None


def _hint_on_column(before: str, found: str, expected: set[str]) -> str | None:
    if expected == {"'.'"}:
        return 'columns are written table.column; a name with blanks is quoted: "my orders".amount'
    if before.endswith("(") and found == "*":
        return "name the table: COUNT(table.*, 0, 7, days)"
    if found == "SELECT" or found.upper() == "GROUP":
        return f"this is no SQL; a query reads {_SHAPE}"
    return None


def _hint_on_keyword(found: str, expected: set[str]) -> str | None:
    near = nearest(found.strip("'"), [w for w in expected if w.isupper()])
    if near:
        return f"did you mean {near[0]}?"
    if "FOR" in expected and found.upper() in ("WHERE", "ASSUMING"):
        return f"{found.upper()} comes after FOR EACH: {_SHAPE} {found.upper()} condition"
    if "FOR" in expected and found in ("", "EACH"):
        return f"say whom the prediction is for: {_SHAPE}"
    if found.upper() in ("BETWEEN", "ILIKE", "HAVING"):
        return f"{found.upper()} is not part of the language; combine comparisons with AND"
    return None


def whole_number(text: str, token: Token, at_least: int = 0) -> int:
    """The value of a number that has to be whole.

    Raises:
        QueryError: it has a fraction, or is too small or too large.
    """
    start, end = token.start_pos or 0, token.end_pos or 0
    if not token.isdigit():
        raise QueryError(
            f"{token} is not a whole number",
            text=text,
            start=start,
            end=end,
            hint="take a smaller unit: 36, hours is one and a half days",
        )
    value = int(token)
    if value < at_least:
        raise QueryError(f"{token} is too small", text=text, start=start, end=end, hint=f"at least {at_least}")
    if value > 10**9:
        raise QueryError(f"{token} is too large", text=text, start=start, end=end)
    return value


def unit_of(text: str, token: Token | None) -> Unit:
    """The unit named by a word, singular or plural; days without one.

    Raises:
        QueryError: there is no such unit.
    """
    if token is None:
        return Unit.DAYS
    word = str(token).lower()
    for unit in Unit:
        if word in (unit.value, unit.value[:-1]):
            return unit
    names = [u.value for u in Unit]
    raise QueryError(
        f"'{token}' is no unit of time",
        text=text,
        start=token.start_pos or 0,
        end=token.end_pos,
        hint=proposal(word, names, f"units: {', '.join(names)}"),
    )


def unquote(quoted: str) -> str:
    """The value of a text literal: a doubled quote is a quote, and so is one after a backslash.

    Besides quotes, a backslash escapes itself and the letters of JSON (n, t, r, b, f, /, uXXXX).
    """
    quote, body = quoted[0], quoted[1:-1]
    body = body.replace(quote * 2, quote)
    return _ESCAPE.sub(lambda m: "'" if m.group(1) == "'" else str(json.loads(f'"{m.group(0)}"')), body)
