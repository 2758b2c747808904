"""The laws by which users come by what they are: of kind, age and place, and of chance.

Each takes what a user is and standard draws of chance, row by row, so that whoever asks what could be known of
users can draw others like them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

__all__ = [
    "ABOUT", "AGE_LEANS", "ANNOYED", "KIND_SHARE", "MEMBER_SHARE", "PEAKS", "PEAK_SHARE", "PEAK_SPREAD",
    "TASTE_SPREAD", "activity", "buying", "clicking", "elder_of", "leaving", "opening", "rates", "relevance",
    "saving", "tiring", "visits", "willingness",
]  # fmt: skip

#: Kinds: the sure buyers, the ordinary, the dormant.
KIND_SHARE: Final = (0.15, 0.60, 0.25)
MEMBER_SHARE: Final = (0.6, 0.25, 0.12)
ANNOYED: Final = (1.3, 1.6, 4.0)
PEAKS: Final = (8.0, 12.5, 20.0)  # hours around which people are about, and how many around each
PEAK_SHARE: Final = (0.3, 0.25, 0.45)
PEAK_SPREAD: Final = 1.2
#: When people are about: this share of their visits lies so many hours (a normal's deviation) around their own
#: hour, the others evenly between two hours of the day.
ABOUT: Final = (0.75, 2.0, 7.0, 24.0)
TASTE_SPREAD: Final = 0.9  # of one's own liking of a topic, in log shares
AGE_LEANS: Final = (0.35, 0.0, -0.45)  # the old read e-mail, the young look at their telephones
_OPENS: Final = (-1.3, 0.1, -1.9)
_LEAVES: Final = (-7.1, -5.5, -6.0)

Row = Float64[np.ndarray, " n"]
Kind = Int64[np.ndarray, " n"]
ByChannel = Float64[np.ndarray, "n channels"]


def elder_of(age: np.ndarray) -> Row:
    """How much older than most somebody is."""
    return np.asarray((age - 40) / 14, dtype=np.float64)


def activity(kind: Kind, own: Row) -> Row:
    """How active somebody is, as a logarithm."""
    return np.array((0.7, 0.0, -1.7))[kind] + 0.6 * own


def visits(active: Row) -> Row:
    """Visits a day."""
    return np.clip(0.30 * np.exp(active), 0.004, 3.0)


def rates(kind: Kind, own: Row) -> Row:
    """Purchases a day that nothing has to bring about."""
    return np.clip(np.array((0.18, 0.018, 0.003))[kind] * np.exp(0.4 * own), 0, 0.5)


def relevance(taste: Float64[np.ndarray, "n topics"]) -> Float64[np.ndarray, "n topics"]:
    """How far each topic's share lies above an even one."""
    return np.clip(np.log(taste * taste.shape[1]), -2, 2)


def willingness(active: Row, own: Row) -> Row:
    """How willing somebody is to click and to buy; the active are more so."""
    return 0.5 * own + 0.6 * np.clip(active, -1, 1)


def clicking(kind: Kind, willing: Row) -> Row:
    """Log odds of clicking, beyond the channel's."""
    return np.array((0.5, 0.0, -1.1))[kind] + 0.6 * willing


def buying(kind: Kind, willing: Row) -> Row:
    """Log odds of buying after a click."""
    return np.array((1.1, 0.0, -1.6))[kind] + 0.6 * willing


def saving(elder: Row, own: Row) -> Row:
    """How much an offer counts, in [0, 1]."""
    return 1 / (1 + np.exp(0.8 * elder + 0.8 * own + 0.4))


def tiring(own: Row) -> Row:
    """Log odds lost by each recent message."""
    return 0.28 * np.exp(0.4 * own)


def opening(kind: Kind, elder: Row, own: Float64[np.ndarray, "n one"], by_channel: ByChannel) -> ByChannel:
    """Log odds of opening. The dormant open as often as anyone, and are annoyed by what they find."""
    leans = np.array(_OPENS) + np.outer(elder, AGE_LEANS) + np.array((0.7, 0.0, 0.1))[kind][:, None]
    return leans + (0.5 * own + 0.6 * by_channel)


def leaving(kind: Kind, own: Float64[np.ndarray, "n one"], by_channel: ByChannel) -> ByChannel:
    """Log hazard of leaving a channel at a message."""
    return np.array(_LEAVES) + np.array((-0.3, 0.0, 0.6))[kind][:, None] + (0.5 * own + 0.3 * by_channel)
