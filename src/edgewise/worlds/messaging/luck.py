"""What the messaging world draws: the streams of its hashed luck. No two decisions share a number."""

from __future__ import annotations

from typing import Final

from edgewise.worlds.luck import normal, pick, poisson, uniform

__all__ = ["normal", "pick", "poisson", "uniform"]

VISITS: Final = 1
MOMENT: Final = 2
WHICH: Final = 3
PURCHASE: Final = 4
OPEN: Final = 5
OPEN_DELAY: Final = 6
CLICK: Final = 7
CLICK_DELAY: Final = 8
BUY: Final = 9
INSTEAD: Final = 10
LEAVE: Final = 11
PACE: Final = 13
CANDIDATE: Final = 14
CHANNEL: Final = 15
MESSAGE: Final = 16
HOUR: Final = 17
MINUTE: Final = 18
WITHHOLD: Final = 19
