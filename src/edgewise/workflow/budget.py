"""Time budgets as users write them: 90s, 5m, 1h."""

from __future__ import annotations

import re

from edgewise.errors import ArgumentError

__all__ = ["parse_budget"]

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(?:(s|m|h)|(s)econds?|(m)in(?:ute)?s?|(h)ours?)?")


def parse_budget(text: str | float) -> float:
    """Seconds of a budget such as "90s", "5m", "1.5h"; a bare number is seconds.

    Raises:
        ArgumentError: it is no time span, or not above zero.
    """
    match = _SPAN.fullmatch(str(text).strip().lower())
    if match is None:
        raise ArgumentError(f"'{text}' is no time budget", hint="write 90s, 5m or 1h")
    seconds = float(match[1]) * _UNITS[next(filter(None, match.groups()[1:]), "s")]
    if seconds <= 0:
        raise ArgumentError(f"'{text}' is no time to work in: a budget is above zero", hint="write 90s, 5m or 1h")
    return seconds
