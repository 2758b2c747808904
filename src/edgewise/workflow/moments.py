"""Times as users give them: one or several."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np

from edgewise.clock import to_micros

__all__ = ["Moment", "moments"]

Moment = str | int | datetime | date | np.datetime64


def moments(at: Moment | Sequence[Moment]) -> list[int]:
    """One or several times as sorted, distinct microseconds.

    Raises:
        ArgumentError: one of them is no time.
    """
    if isinstance(at, (str, int, date, np.datetime64)):
        return [to_micros(at)]
    return sorted({to_micros(moment) for moment in at})
