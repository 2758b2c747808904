"""What the streaming world draws: the streams of its hashed luck. No two decisions share a number."""

from __future__ import annotations

from typing import Final

from edgewise.worlds.luck import normal, pick, poisson, uniform

__all__ = ["normal", "pick", "poisson", "uniform"]

VISITS: Final = 1
HOUR_OF: Final = 2
MODE: Final = 3
LENGTH: Final = 4
WHICH: Final = 5
NEXT: Final = 6
FINISH: Final = 7
PLAYED: Final = 8
FOLLOW: Final = 9
ASK: Final = 10
BOND_ARTIST: Final = 11
BOND_PLAYLIST: Final = 12
BOND_PODCAST: Final = 13
POD_VISITS: Final = 14
POD_HOUR: Final = 15
POD_WHICH: Final = 16
POD_EPISODE: Final = 17
POD_PLAYED: Final = 18
POD_FOLLOW: Final = 19
TAKE: Final = 20
MOMENT: Final = 21
