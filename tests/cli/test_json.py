"""Values as JSON's own types."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np

from edgewise.cli.terminal import plain
from edgewise.stypes import SType


def test_nothing_that_json_lacks() -> None:
    value = {
        "nan": float("nan"), "inf": np.float64("inf"), "array": np.array([1.5, np.nan]), "number": np.int64(3),
        "tuple": (1, None, True), "stype": SType.TEXT, "day": dt.date(2017, 12, 11), 4: "key",
    }  # fmt: skip
    expected = {
        "nan": None, "inf": None, "array": [1.5, None], "number": 3,
        "tuple": [1, None, True], "stype": "text", "day": "2017-12-11", "4": "key",
    }  # fmt: skip
    assert json.loads(json.dumps(plain(value), allow_nan=False)) == expected
