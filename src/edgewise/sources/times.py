"""How the values of a column are read as time, decided from its type and, for numbers, their magnitude."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64

from edgewise.sources.contract import TimeForm

__all__ = ["epoch_unit", "time_form_of"]

#: Julian days of the years 500 to 3500; as epoch seconds the same numbers lie in January 1970.
_JULIAN_DAYS = (1_903_682.0, 2_999_757.0)

#: The smallest typical magnitude of each unit: 10^14 milliseconds lie in the year 5138, as do 10^11 seconds.
_UNITS = ((1e17, TimeForm.NANOS), (1e14, TimeForm.MICROS), (1e11, TimeForm.MILLIS), (0.0, TimeForm.SECONDS))


def epoch_unit(numbers: Float64[np.ndarray, " n"], julian: bool = False) -> TimeForm:
    """The unit of epoch numbers, from the median of their magnitudes; seconds where there are none.

    `julian` says that Julian days may occur.
    """
    numbers = np.abs(numbers[np.isfinite(numbers)])
    typical = float(np.median(numbers[numbers > 0])) if (numbers > 0).any() else 0.0
    if julian and _JULIAN_DAYS[0] <= typical <= _JULIAN_DAYS[1]:
        return TimeForm.JULIAN
    return next(form for floor, form in _UNITS if typical >= floor)


def time_form_of(kind: pa.DataType, sample: Callable[[], pa.Array], julian: bool = False) -> TimeForm:
    """How a column of Arrow type `kind` is read. `sample` is asked for values only where numbers need it.

    `julian` says that the engine's users store Julian days, which are doubles.
    """
    if pa.types.is_date(kind):
        return TimeForm.DATE
    if pa.types.is_timestamp(kind):
        return TimeForm.ZONED if kind.tz else TimeForm.TIMESTAMP
    if pa.types.is_string(kind):
        return TimeForm.TEXT
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        values = pc.drop_null(pc.cast(sample(), pa.float64(), safe=False))
        return epoch_unit(values.to_numpy(zero_copy_only=False), julian and pa.types.is_floating(kind))
    return TimeForm.NONE
