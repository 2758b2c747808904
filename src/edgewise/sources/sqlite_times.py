"""SQLite's ways to microseconds: its own functions know whole seconds only, and move days that do not exist."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from sqlglot import expressions as exp

from edgewise.clock import DAY
from edgewise.sources.base import MicrosRules
from edgewise.sources.contract import TimeForm

__all__ = ["SQLITE_MICROS", "is_local_time", "text_micros"]

_DIGITS: Final = "0123456789"
_PAIR: Final = "[0-9][0-9]"
_SECONDS: Final = f"{_PAIR}{_PAIR}-{_PAIR}-{_PAIR}[ T]{_PAIR}:{_PAIR}:{_PAIR}"
_MILLION: Final = 1_000_000
_UNIX_EPOCH_IN_JULIAN_DAYS: Final = 2_440_587.5


def text_micros(column: exp.Expression) -> exp.Expression:
    """ISO 8601 text as microseconds: SQLite's calendar for whole seconds, and the fraction, cut at six digits.

    Characters 1 to 19 are the moment up to its seconds; what follows is a fraction and a zone, either may lack.
    A zone after minutes needs its colon. A day that does not exist, as 30 February, gives NULL.
    """
    text = _call("trim", column)
    day = _call("substr", text, 1, 10)
    is_day = exp.and_(_equal(_call("typeof", column), "text"), _equal(_call("date", day), day))
    to_the_second = exp.and_(_equal(_call("length", text), 19), _equal(_call("substr", text, 17, 1), ":"))
    plain = exp.or_(_equal(_call("length", text), 10), to_the_second)
    quick = _times_million(_call("unixepoch", text))
    return _int(_case((is_day, _case((plain, quick), otherwise=_long_text(text)))))


def _long_text(text: exp.Expression) -> exp.Expression:
    """A moment with a fraction or a zone; digits right after the seconds are neither."""
    rest = _call("substr", text, 20)
    zone = _zone(text, _call("ltrim", rest, "." + _DIGITS))
    seconds = _call("unixepoch", _join(_call("substr", text, 1, 19), zone))
    fraction = exp.cast(_join(exp.convert("0"), _call("substr", text, 20, 7)), "double")
    micros = _int(_call("round", exp.Mul(this=fraction, expression=exp.convert(_MILLION))))
    part = _case((_glob(rest, ".[0-9]*"), micros), otherwise=exp.convert(0))
    exact = exp.Add(this=_times_million(seconds), expression=part)
    return _case((exp.Not(this=_glob(rest, "[0-9]*")), exact))


def _times_million(seconds: exp.Expression) -> exp.Expression:
    return exp.Mul(this=seconds, expression=exp.convert(_MILLION))


def is_local_time(text: exp.Expression) -> exp.Expression:
    """Whether a trimmed text is a time without zone and with at most six digits of fraction, as Arrow reads it."""
    length = _call("length", text)
    to_the_second = _call("substr", text, 1, 19)
    with_fraction = exp.and_(
        _glob(text, f"{_SECONDS}.[0-9]*"),
        _equal(_call("ltrim", _call("substr", text, 21), _DIGITS), ""),
        exp.LTE(this=length.copy(), expression=exp.convert(26)),
    )
    without_zone = exp.or_(exp.In(this=length, expressions=[exp.convert(n) for n in (10, 16, 19)]), with_fraction)
    return exp.and_(without_zone, _equal(_call("date", to_the_second), _call("substr", text, 1, 10)))


def _zone(text: exp.Expression, tail: exp.Expression) -> exp.Expression:
    """The zone in the one way that SQLite reads: `+02` and `+0200` become `+02:00`, `UTC` becomes `Z`."""
    with_colon = _join(_join(_call("substr", tail, 1, 3), exp.convert(":")), _call("substr", tail, 4))
    return _case(
        (_glob(text, f"*:*[+-]{_PAIR}"), _join(tail, exp.convert(":00"))),
        (_glob(text, f"*:*[+-]{_PAIR}{_PAIR}"), with_colon),
        otherwise=_call("replace", tail, " UTC", "Z"),
    )


def _scaled(factor: int, column: exp.Expression) -> exp.Expression:
    product = exp.Mul(this=column.copy(), expression=exp.convert(factor))
    is_whole = _equal(_call("typeof", column), "integer")
    return _case((is_whole, product), otherwise=_call("round", product))


def _nanos(column: exp.Expression) -> exp.Expression:
    return exp.IntDiv(this=_int(column.copy()), expression=exp.convert(1000))


def _julian(column: exp.Expression) -> exp.Expression:
    """Julian days to the millisecond, which is as fine as a double holds them."""
    days = exp.paren(exp.Sub(this=column.copy(), expression=exp.convert(_UNIX_EPOCH_IN_JULIAN_DAYS)))
    millis = _int(_call("round", exp.Mul(this=days, expression=exp.convert(DAY // 1000))))
    return exp.Mul(this=millis, expression=exp.convert(1000))


def _number(to_micros: Callable[[exp.Expression], exp.Expression], column: exp.Expression) -> exp.Expression:
    """Numbers whose microseconds fit into 64 bits; anything else is no time."""
    is_number = exp.In(this=_call("typeof", column), expressions=[exp.convert("integer"), exp.convert("real")])
    as_double = exp.Mul(this=exp.paren(to_micros(column)), expression=exp.convert(1.0))
    fits = exp.LT(this=_call("abs", as_double), expression=exp.convert(9.2e18))
    return _int(_case((exp.and_(is_number, fits), to_micros(column))))


def _call(name: str, *arguments: exp.Expression | str | int) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=[exp.convert(a, copy=True) for a in arguments])


def _int(value: exp.Expression) -> exp.Expression:
    return exp.cast(value, "bigint")


def _equal(value: exp.Expression, other: exp.Expression | str) -> exp.Expression:
    return exp.EQ(this=value.copy(), expression=exp.convert(other, copy=True))


def _glob(value: exp.Expression, pattern: str) -> exp.Expression:
    return exp.Glob(this=value.copy(), expression=exp.convert(pattern))


def _join(left: exp.Expression, right: exp.Expression) -> exp.Expression:
    return exp.DPipe(this=left.copy(), expression=right.copy(), safe=True)


def _case(*branches: tuple[exp.Expression, exp.Expression], otherwise: exp.Expression | None = None) -> exp.Case:
    return exp.Case(ifs=[exp.If(this=condition, true=value) for condition, value in branches], default=otherwise)


SQLITE_MICROS: Final[MicrosRules] = {
    TimeForm.DATE: text_micros,
    TimeForm.TIMESTAMP: text_micros,
    TimeForm.TEXT: text_micros,
    TimeForm.SECONDS: partial(_number, partial(_scaled, 1_000_000)),
    TimeForm.MILLIS: partial(_number, partial(_scaled, 1000)),
    TimeForm.MICROS: partial(_number, partial(_scaled, 1)),
    TimeForm.NANOS: partial(_number, _nanos),
    TimeForm.JULIAN: partial(_number, _julian),
}
