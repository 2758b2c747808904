"""The solver against trying everything, on small generated programs; conflicts against every set of groups."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.decisions.solve.program import Constraints, Program, constraints, program
from edgewise.decisions.solve.relax import Infeasible
from edgewise.decisions.solve.solve import solve
from edgewise.errors import DecisionError, InternalError


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Up to five values of 0, 1 or 2, up to four groups of one or two rows; many have no solution."""
    n = draw(st.integers(1, 5))
    small = st.integers(-3, 3)
    groups = []
    for g in range(draw(st.integers(0, 4))):
        rows = draw(st.integers(1, 2))
        weight = np.array(draw(st.lists(small, min_size=rows * n, max_size=rows * n)), dtype=float)
        low = np.array(draw(st.lists(st.integers(-4, 8), min_size=rows, max_size=rows)), dtype=float)
        width = np.array(draw(st.lists(st.integers(0, 6), min_size=rows, max_size=rows)), dtype=float)
        low, high = draw(st.sampled_from([(low, low + width), (np.full(rows, -np.inf), low), (low, np.inf)]))
        row, column = np.repeat(np.arange(rows), n), np.tile(np.arange(n), rows)
        groups.append(constraints(f"g{g}", row, column, weight, low=low, high=high, rows=rows))
    gain = draw(st.lists(small, min_size=n, max_size=n))
    return program(gain, groups, high=draw(st.integers(1, 2)))


def holds(group: Constraints, values: np.ndarray) -> bool:
    total = np.bincount(group.row, group.weight * values[group.column], group.rows)
    return bool(((total >= group.low - 1e-9) & (total <= group.high + 1e-9)).all())


def every(made: Program) -> list[np.ndarray]:
    ranges = [range(int(a), int(b) + 1) for a, b in zip(made.low, made.high, strict=True)]
    return [np.array(values, dtype=float) for values in product(*ranges)]


def solvable(made: Program, names: tuple[str, ...]) -> bool:
    groups = [group for group in made.groups if group.name in names]
    return any(all(holds(group, values) for group in groups) for values in every(made))


@settings(max_examples=150, deadline=None)
@given(programs())
def test_against_trying_everything(made: Program) -> None:
    names = tuple(group.name for group in made.groups)
    gains = [made.gain @ v for v in every(made) if all(holds(group, v) for group in made.groups)]
    if gains:
        found = solve(made, gap=0.0)
        assert found.gain == pytest.approx(max(gains))
        assert found.bound >= found.gain
        assert all(holds(group, found.values) for group in made.groups)
        return
    with pytest.raises(Infeasible) as caught:
        solve(made)
    error = caught.value
    assert not solvable(made, error.conflict)
    assert all(solvable(made, tuple(n for n in error.conflict if n != left)) for left in error.conflict)
    smallest = min(
        size
        for size in range(1, len(names) + 1)
        if any(solvable(made, tuple(set(names) - set(out))) for out in combinations(names, size))
    )
    assert len(error.relaxed) == smallest
    for way in (error.relaxed, *((one,) for one in error.instead)):
        assert relaxed_enough(made, way)


def relaxed_enough(made: Program, way: tuple[object, ...]) -> bool:
    """Whether the program has a solution once the rows are relaxed as an error says."""
    groups = {group.name: group for group in made.groups}
    for one in way:
        group = groups[one.group]  # type: ignore[attr-defined]  # a Relaxed
        low, high = group.low.copy(), group.high.copy()
        for row in one.rows:  # type: ignore[attr-defined]  # a Relaxed
            side = low if row.side == "at least" else high
            side[int(row.label) if row.label else np.flatnonzero(side == row.stands)] = row.needed
        groups[one.group] = constraints(  # type: ignore[attr-defined]  # a Relaxed
            group.name, group.row, group.column, group.weight, low=low, high=high
        )
    return any(all(holds(group, values) for group in groups.values()) for values in every(made))


def shelf(space: float, must: float) -> Program:
    """Six articles that need 4 m each; at least `must` of the first three."""
    return program(
        [5, 4, 3, 9, 8, 7],
        [
            constraints("space", 0, range(6), 4.0, high=space, unit="m", label=lambda _: "store 12"),
            constraints("must-haves", 0, range(3), low=must, unit="articles"),
            constraints("dairy", 0, [3, 4], high=1),
        ],
    )


def test_a_conflict_is_named_and_each_way_out_said() -> None:
    with pytest.raises(Infeasible) as caught:
        solve(shelf(space=8.0, must=3))
    assert str(caught.value) == (
        "the constraints cannot all hold: 'space' and 'must-haves' conflict\n"
        "hint: relax 'must-haves' from at least 3 to 2 articles, "
        "or 'space' from at most 8 to 12 m (store 12)"
    )
    assert caught.value.conflict == ("space", "must-haves")
    assert caught.value.relaxed[0].by == 1.0


def test_what_cannot_be_met_by_itself() -> None:
    with pytest.raises(
        Infeasible, match="'must-haves' cannot be met\nhint: relax 'must-haves' from at least 4 to"
    ):
        solve(shelf(space=100.0, must=4))


def test_what_a_group_costs_is_the_difference() -> None:
    made = shelf(space=12.0, must=1)
    with_all = solve(made, gap=0.0)
    assert with_all.gain == 9 + 7 + 5
    assert solve(made.without("dairy"), gap=0.0).gain - with_all.gain == 1
    assert made.without("dairy").columns == made.columns


def test_prices_of_a_linear_program() -> None:
    made = program([3.0, 2.0], [constraints("hours", 0, [0, 1], [1.0, 1.0], high=4.0)], high=3.0, whole=False)
    found = solve(made)
    assert found.gain == pytest.approx(3 * 3 + 2)
    assert found.prices is not None
    assert found.prices["hours"] == pytest.approx([2.0])
    assert found.gap == 0.0


def test_the_same_program_gives_the_same_values_from_any_start() -> None:
    rng = np.random.default_rng(3)
    n = 60
    made = program(
        rng.random(n),
        [constraints("weight", 0, range(n), rng.random(n), high=8.0), constraints("few", 0, range(n), high=14)],
    )
    first, again = solve(made, gap=0.0), solve(made, gap=0.0)
    assert first.values.tolist() == again.values.tolist()
    assert first.proven
    started = solve(made, gap=0.0, start=first.values)
    assert started.gain == pytest.approx(first.gain)


def test_nothing_is_printed() -> None:
    """The standard output is for answers, JSON among them; HiGHS writes to it past Python, once a process."""
    code = """
import numpy as np
from edgewise.decisions.solve.program import program
from edgewise.decisions.solve.solver import maximise
print(maximise(program(np.ones(2), []), 0.0, 9.0).gain)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("2.0\n", "")


def test_no_time() -> None:
    rng = np.random.default_rng(3)
    n = 400
    weight = rng.integers(1000, 9000, n).astype(float)
    half = np.floor(weight.sum() / 2)
    made = program(rng.random(n), [constraints("half", 0, range(n), weight, low=half, high=half)])
    with pytest.raises(DecisionError, match="no solution was found within 1e-06 seconds"):
        solve(made, seconds=1e-6)


def test_programs_that_are_wrong() -> None:
    with pytest.raises(InternalError, match="not finite"):
        program([1.0], [], high=np.inf)
    with pytest.raises(InternalError, match="share a name"):
        program([1.0], [constraints("a", 0, [0]), constraints("a", 0, [0])])
    with pytest.raises(InternalError, match="a column that is not there"):
        program([1.0], [constraints("a", 0, [1])])
    with pytest.raises(InternalError, match="hard constraints of a program conflict"):
        solve(program([1.0], [constraints("meaning", 0, [0], low=2, hard=True)]))


def test_programs_without_columns_or_groups() -> None:
    assert solve(program([], [])).gain == 0
    assert solve(program([2.0, -1.0], [])).values.tolist() == [1.0, 0.0]
    with pytest.raises(Infeasible, match="'one of none' cannot be met"):
        solve(program([1.0], [constraints("one of none", [], [], low=1.0, rows=1)]))
