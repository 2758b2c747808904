"""Answers to the questions that inference asks about the data, as SQL that runs inside the source."""

from __future__ import annotations

from typing import Any, Final

from sqlglot import expressions as exp

from edgewise.clock import DAY, to_micros
from edgewise.schema.profile import AggregateMatch, Containment, Evidence, TickTimes, TimeReading
from edgewise.sources.contract import Source
from edgewise.sources.profile import column, comparable, kind_of, table

__all__ = ["SqlEvidence"]

#: Times before 1971 from tables of today, and after 2200, are marks for "unknown" rather than times.
_EPOCH_DAY: Final = DAY
_FAR: Final = to_micros("2200-01-01")


class SqlEvidence(Evidence):
    """Asks a source. `now` is the moment (microseconds) after which times count as future."""

    def __init__(self, source: Source, now: int) -> None:
        self._source = source
        self._now = now

    def contained(self, table_name: str, column_name: str, to: str, to_column: str) -> Containment:
        own, key = self._value(table_name, column_name), self._value(to, to_column)
        used = (
            exp.select(exp.alias_(own, "k"), exp.alias_(exp.Count(this=exp.Star()), "n"))
            .from_(table(table_name)).where(_present(own)).group_by(own)
        )  # fmt: skip
        known = exp.select(exp.alias_(key, "k")).distinct().from_(table(to)).where(_present(key))
        joined = exp.select(
            exp.alias_(exp.Count(this=exp.Star()), "a"),
            exp.alias_(exp.Count(this=exp.column("k", "p")), "b"),
            exp.alias_(exp.Sum(this=exp.column("n", "f")), "c"),
            exp.alias_(_sum_where(_present(exp.column("k", "p")), exp.column("n", "f")), "d"),
        ).from_(used.subquery("f")).join(
            known.subquery("p"), on=exp.EQ(this=exp.column("k", "f"), expression=exp.column("k", "p")),
              join_type="left"
        )  # fmt: skip
        row = self._row(joined)
        return Containment(int(row["a"]), int(row["b"]), int(row["c"] or 0), int(row["d"] or 0))

    def distinct_rows(self, table_name: str, columns: tuple[str, ...]) -> int:
        inner = exp.select(*(self._value(table_name, c) for c in columns)).distinct().from_(table(table_name))
        return int(self._row(_count(inner.subquery("t")))["n"])

    def times(self, table_name: str, column_name: str) -> TimeReading:
        own, at = column(column_name), self._source.micros(table_name, column_name)
        inner = exp.select(exp.alias_(own, "v"), exp.alias_(at, "t")).from_(table(table_name))
        t = exp.column("t")
        future = exp.GT(this=t, expression=exp.convert(self._now))
        epoch = exp.and_(
            exp.GTE(this=t, expression=exp.convert(0)), exp.LT(this=t, expression=exp.convert(_EPOCH_DAY))
        )
        absurd = exp.GTE(this=t, expression=exp.convert(_FAR))
        row = self._row(
            exp.select(
                exp.alias_(exp.Count(this=exp.column("v")), "present"), exp.alias_(exp.Count(this=t), "read"),
                exp.alias_(exp.Min(this=t), "low"), exp.alias_(exp.Max(this=t), "high"),
                exp.alias_(_sum_where(future, exp.convert(1)), "future"),
                exp.alias_(_sum_where(epoch, exp.convert(1)), "epoch"),
                exp.alias_(_sum_where(absurd, exp.convert(1)), "absurd"),
            ).from_(inner.subquery("s"))
        )  # fmt: skip
        row = {key: int(value) if value is not None else None for key, value in row.items()}
        return TimeReading(
            row["present"] or 0, row["read"] or 0, row["low"], row["high"],
            row["future"] or 0, row["epoch"] or 0, row["absurd"] or 0, self._offsets(table_name, column_name),
        )  # fmt: skip

    def _offsets(self, table_name: str, column_name: str) -> tuple[tuple[str, int], ...]:
        """The zones that a text column's times end with ("" for none), with their counts."""
        if str(self._source.tables()[table_name].field(column_name).type) != "string":
            return ()
        own = exp.Trim(this=column(column_name))
        tail = _tail(own, 6)
        signed = exp.and_(
            exp.Substring(this=tail, start=exp.convert(1), length=exp.convert(1)).isin("+", "-"),
            exp.EQ(this=exp.Substring(this=tail.copy(), start=exp.convert(4), length=exp.convert(1)),
              expression=exp.convert(":")),
        )  # fmt: skip
        zulu = exp.EQ(this=_tail(own, 1), expression=exp.convert("Z"))
        zone = exp.Case().when(zulu, exp.convert("Z")).when(signed, tail.copy()).else_(exp.convert(""))
        inner = exp.select(exp.alias_(zone, "zone")).from_(table(table_name)).where(_present(column(column_name)))
        counted = (
            exp.select(exp.column("zone"), exp.alias_(exp.Count(this=exp.Star()), "n"))
            .from_(inner.subquery("s")).group_by("zone").order_by("zone").limit(100)
        )  # fmt: skip
        return tuple((r["zone"], int(r["n"])) for r in self._source.read(counted).to_pylist())

    def ticks(self, table_name: str, column_name: str, time: str) -> TickTimes:
        own, at = column(column_name), self._source.micros(table_name, time)
        inner = (
            exp.select(exp.alias_(own, "tick"), exp.alias_(at, "t")).from_(table(table_name)).where(_present(own))
        )
        t, tick = exp.column("t"), exp.column("tick")
        query = (
            exp.select(
                tick, exp.alias_(exp.Min(this=t), "first"), exp.alias_(exp.Max(this=t), "last"),
                exp.alias_(exp.Count(this=t), "n"),
            )
            .from_(inner.subquery("s")).where(_present(t)).group_by(tick).order_by(tick)
        )  # fmt: skip
        rows = self._source.read(query).to_pylist()
        return TickTimes(
            tuple(int(r["tick"]) for r in rows), tuple(int(r["first"]) for r in rows),
            tuple(int(r["last"]) for r in rows), tuple(int(r["n"]) for r in rows),
        )  # fmt: skip

    def aggregates(
        self,
        dimension: tuple[str, str],
        columns: tuple[str, ...],
        events: tuple[str, str],
        measures: tuple[str, ...],
    ) -> tuple[AggregateMatch, ...]:
        link = self._value(*events)
        aggregates: list[tuple[str, str | None, exp.Expression]] = [("count", None, exp.Count(this=exp.Star()))]
        for measure in measures:
            aggregates.append(("sum", measure, exp.Sum(this=column(measure))))
            aggregates.append(("max", measure, exp.Max(this=column(measure))))
        inner = exp.select(
            exp.alias_(link, "k"), *(exp.alias_(a, f"a{i}") for i, (_, _, a) in enumerate(aggregates))
        ).from_(table(events[0])).where(_present(link)).group_by(link)  # fmt: skip
        asked = [
            (c, i, exp.alias_(_share_equal(column(c, "d"), exp.column(f"a{i}", "e")), f"x{n}_{i}"))
            for n, c in enumerate(columns) for i in range(len(aggregates))
        ]  # fmt: skip
        on = exp.EQ(this=self._value(*dimension, alias="d"), expression=exp.column("k", "e"))
        query = (
            exp.select(*(a for _, _, a in asked)).from_(table(dimension[0], "d")).join(inner.subquery("e"), on=on)
        )
        shares = list(self._row(query).values())
        return tuple(
            AggregateMatch(c, aggregates[i][0], aggregates[i][1], float(share or 0.0))
            for (c, i, _), share in zip(asked, shares, strict=True)
        )

    def union_distinct(self, places: tuple[tuple[str, str], ...]) -> int:
        parts = [
            exp.select(exp.alias_(self._value(t, c), "k")).distinct().from_(table(t)).where(_present(column(c)))
            for t, c in places
        ]
        query: exp.Expression = parts[0]
        for part in parts[1:]:
            query = exp.union(query, part, distinct=True)
        return int(self._row(_count(query.subquery("u")))["n"])

    def _value(self, table_name: str, column_name: str, alias: str | None = None) -> exp.Expression:
        """A column as something to be matched with others."""
        field = self._source.tables()[table_name].field(column_name)
        return comparable(column(column_name, alias), kind_of(field.type), self._source.dialect)

    def _row(self, query: exp.Expression) -> dict[str, Any]:
        return dict(self._source.read(query).to_pylist()[0])


def _present(of: exp.Expression) -> exp.Expression:
    return exp.not_(exp.Is(this=of.copy(), expression=exp.null()))


def _count(of: exp.Expression) -> exp.Select:
    return exp.select(exp.alias_(exp.Count(this=exp.Star()), "n")).from_(of)


def _sum_where(condition: exp.Expression, value: exp.Expression) -> exp.Expression:
    return exp.Sum(this=exp.Case().when(condition.copy(), value.copy()).else_(exp.convert(0)))


def _tail(text: exp.Expression, size: int) -> exp.Expression:
    """The last characters of a text, without functions that only some engines have."""
    start = exp.Sub(this=exp.Length(this=text.copy()), expression=exp.convert(size - 1))
    return exp.Substring(this=text.copy(), start=start, length=exp.convert(size))


def _share_equal(one: exp.Expression, other: exp.Expression) -> exp.Expression:
    """The share of rows where two numbers are equal up to rounding."""
    a, b = exp.cast(one, "double"), exp.cast(other, "double")
    gap = exp.Abs(this=exp.paren(exp.Sub(this=a, expression=b)))
    small = exp.Add(
        this=exp.Mul(this=exp.Abs(this=b.copy()), expression=exp.convert(1e-6)), expression=exp.convert(1e-6)
    )
    equal = exp.LTE(this=gap, expression=small)
    return exp.Avg(this=exp.Case().when(equal, exp.convert(1.0)).else_(exp.convert(0.0)))
