"""PostgreSQL's ways to microseconds. A cast that fails would fail the query, so texts are tested beforehand."""

from __future__ import annotations

from functools import partial
from typing import Final

from sqlglot import expressions as exp

from edgewise.sources.base import MicrosRules
from edgewise.sources.contract import TimeForm

__all__ = ["POSTGRES_MICROS"]

_MILLION: Final = 1_000_000
_DATE: Final = r"(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK: Final = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?"
_ZONE: Final = r"( ?(Z|UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?))?"
_ISO: Final = rf"^\s*{_DATE}([ T]{_CLOCK}{_ZONE})?\s*$"


def _bigint(value: exp.Expression) -> exp.Expression:
    return exp.cast(value, "bigint")


def _case(condition: exp.Expression, value: exp.Expression) -> exp.Case:
    return exp.Case(ifs=[exp.If(this=condition, true=value)])


def _moment(column: exp.Expression) -> exp.Expression:
    """A date or timestamp (in a session on UTC); infinities are no moments."""
    seconds = exp.Extract(this=exp.var("EPOCH"), expression=column.copy())
    micros = _bigint(exp.Mul(this=seconds, expression=exp.convert(_MILLION)))
    return _case(exp.Anonymous(this="isfinite", expressions=[column.copy()]), micros)


def _text(column: exp.Expression) -> exp.Expression:
    """ISO 8601 text, if its form and its day are right; the fraction is cut at six digits, as elsewhere."""
    trimmed = exp.Trim(this=column.copy())
    cut = exp.Anonymous(
        this="regexp_replace", expressions=[trimmed, exp.convert(r"(\.[0-9]{6})[0-9]+"), exp.convert(r"\1")]
    )
    seconds = exp.Extract(this=exp.var("EPOCH"), expression=exp.cast(cut, "timestamptz"))
    micros = _bigint(exp.Mul(this=seconds, expression=exp.convert(_MILLION)))
    form = exp.RegexpLike(this=column.copy(), expression=exp.convert(_ISO))
    return _case(form, _case(_day_exists(exp.Trim(this=column.copy())), micros))


def _day_exists(text: exp.Expression) -> exp.Expression:
    """Whether the day is one of its month: the month's first plus the day's number stays in the month."""

    def part(start: int, length: int) -> exp.Expression:
        cut = exp.Substring(this=text.copy(), start=exp.convert(start), length=exp.convert(length))
        return exp.cast(cut, "int")

    first = exp.Anonymous(this="make_date", expressions=[part(1, 4), part(6, 2), exp.convert(1)])
    day = exp.paren(exp.Add(this=first, expression=exp.Sub(this=part(9, 2), expression=exp.convert(1))))
    return exp.EQ(this=exp.Extract(this=exp.var("MONTH"), expression=day), expression=part(6, 2))


def _double(column: exp.Expression) -> exp.Expression:
    return exp.cast(column.copy(), "double")


def _fits(number: exp.Expression) -> exp.Expression:
    """Whether a double fits into 64 bits; NaN is larger than all numbers in PostgreSQL."""
    return exp.LT(this=exp.Abs(this=number.copy()), expression=exp.convert(9.2e18))


def _scaled(factor: int, column: exp.Expression) -> exp.Expression:
    """An epoch number times a factor. Doubles hold microseconds of any year up to 2255 exactly."""
    product = exp.Mul(this=_double(column), expression=exp.convert(factor))
    return _case(_fits(product), _bigint(exp.Anonymous(this="round", expressions=[product])))


def _whole(divisor: int, column: exp.Expression) -> exp.Expression:
    whole = exp.paren(_bigint(column.copy()))
    value = (
        whole
        if divisor == 1
        else exp.Anonymous(this="div", expressions=[exp.cast(whole, "numeric"), exp.convert(divisor)])
    )
    return _case(_fits(_double(column)), _bigint(value))


POSTGRES_MICROS: Final[MicrosRules] = {
    TimeForm.DATE: _moment,
    TimeForm.TIMESTAMP: _moment,
    TimeForm.ZONED: _moment,
    TimeForm.TEXT: _text,
    TimeForm.SECONDS: partial(_scaled, _MILLION),
    TimeForm.MILLIS: partial(_scaled, 1000),
    TimeForm.MICROS: partial(_whole, 1),
    TimeForm.NANOS: partial(_whole, 1000),
}
