"""Policies in simulated futures, as JSON and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from edgewise.decisions.simulate.nouns import Simulated, Spread

__all__ = ["show_simulated", "simulated_document"]

_KINDS = {"baseline": "baseline", "oracle": "truth", "edgewise": "Edgewise", "own": "yours"}


def simulated_document(simulated: Simulated) -> dict[str, Any]:
    """All figures, future by future, and the differences with their intervals."""
    from edgewise.decisions.simulate.compare import compared, spread

    return {
        "world": simulated.world,
        "simulated": True,
        "about": simulated.about,
        "weeks": simulated.weeks,
        "futures": simulated.futures,
        "random_seed": simulated.random_seed,
        "goal": simulated.goal,
        "against": simulated.against,
        "policies": {
            name: {
                "kind": simulated.kinds[name],
                "figures": {
                    figure: {**_spread(spread(values)), "by_future": values} for figure, values in figures.items()
                },
            }
            for name, figures in simulated.figures.items()
        },
        "differences": [
            {
                "policy": one.policy,
                "against": one.against,
                "figure": one.figure,
                "difference": _spread(one.difference),
                "share": None if one.share is None else _spread(one.share),
            }
            for one in compared(simulated)
        ],
    }


def show_simulated(console: Console, simulated: Simulated) -> None:
    """What is simulated; then figure by figure, each policy beside the one that all are compared with."""
    from rich.table import Table as Grid
    from rich.text import Text

    from edgewise.decisions.simulate.compare import compared, spread

    futures = f"{simulated.futures} future{'' if simulated.futures == 1 else 's'}"
    weeks = f"{simulated.weeks} week{'' if simulated.weeks == 1 else 's'}"
    console.print(f"Simulated, not real: {simulated.world}. {simulated.about}.", markup=False, soft_wrap=True)
    console.print(
        f"{futures} of {weeks}, the same for every policy. Figures are means a week, intervals 95% over futures.",
        soft_wrap=True,
    )
    beside = {(one.policy, one.figure): one for one in compared(simulated)}
    figures = sorted(simulated.figures[simulated.against], key=lambda name: name != simulated.goal)
    for figure in figures:
        grid = Grid(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        title = f"{figure} (the goal)" if figure == simulated.goal else figure
        for name in (title, "", "a week", f"less {simulated.against}", "as a share"):
            grid.add_column(name, no_wrap=True, overflow="ellipsis")
        for policy, values in simulated.figures.items():
            one = beside.get((policy, figure))
            cells = [policy, _KINDS[simulated.kinds[policy]], _text(spread(values[figure]))]
            if one is not None:
                cells += [_text(one.difference, "+"), "" if one.share is None else _percent(one.share)]
            grid.add_row(*map(Text, cells))
        console.print()
        console.print(grid)


def _text(spread: Spread, sign: str = "") -> str:
    if spread.low is None or spread.high is None:
        return _number(spread.mean, sign)
    return f"{_number(spread.mean, sign)} ± {_number((spread.high - spread.low) / 2)}"


def _percent(share: Spread) -> str:
    if share.low is None or share.high is None:
        return f"{share.mean:+.1%}"
    half = (share.high - share.low) / 2
    digits = 0 if max(abs(share.mean), half) >= 1 else 1
    return f"{share.mean:+.{digits}%} ± {half:.{digits}%}"


def _number(value: float, sign: str = "") -> str:
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
    return format(value, f"{sign},.{digits}f")


def _spread(spread: Spread) -> dict[str, float | None]:
    return {"mean": spread.mean, "low": spread.low, "high": spread.high}
