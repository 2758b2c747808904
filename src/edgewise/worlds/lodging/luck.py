"""What the lodging world draws: the streams of its hashed luck. No two decisions share a number."""

from __future__ import annotations

from typing import Final

from edgewise.worlds.luck import normal, pick, poisson, uniform

__all__ = ["normal", "pick", "poisson", "uniform"]

BEGINS: Final = 101
WHERE: Final = 102
LEAD: Final = 103
NIGHTS: Final = 104
PARTY: Final = 105
DEPTH: Final = 106
WANTS: Final = 107
ANSWER: Final = 108
DELAY: Final = 109
AGAIN: Final = 110
CANCEL: Final = 111
CANCEL_DAY: Final = 112
REVIEW: Final = 113
RATING: Final = 114
BOND: Final = 115
HOUSE: Final = 116
LOOK: Final = 117
EVENING: Final = 118
