"""What happened up to a moment, as arrays by row ids: users, messages, sends, responses, goals, losses,
consents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from edgewise.decisions.notify.zones import Zones
from edgewise.ids import Vocabulary

__all__ = ["ONLY_CHANNEL", "Acts", "Messages", "Past", "Sends", "Users"]

#: The name of the channel where the tables name none.
ONLY_CHANNEL: Final = "message"


@dataclass(frozen=True, slots=True)
class Users:
    """Users: `x` are their attributes, NaN where unknown, those `coded` labels; `consent` since when, NEVER where
    not."""

    keys: Vocabulary
    joined: Int64[np.ndarray, " users"]
    held_out: Bool[np.ndarray, " users"]
    zone: Int64[np.ndarray, " users"]
    zones: Zones
    x: Float32[np.ndarray, "users attributes"]
    names: list[str]
    consent: Int64[np.ndarray, "users channels"]
    coded: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.joined)


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages: `x` are their attributes; `labels` codes of their categories, by column."""

    keys: Vocabulary
    begins: Int64[np.ndarray, " messages"]
    ends: Int64[np.ndarray, " messages"]
    priority: Bool[np.ndarray, " messages"]
    x: Float32[np.ndarray, "messages attributes"]
    names: list[str]
    labels: dict[str, tuple[Int64[np.ndarray, " messages"], list[str]]]

    def __len__(self) -> int:
        return len(self.begins)


@dataclass(frozen=True, slots=True)
class Sends:
    """What was sent or withheld, in order of time.

    `chance` is the chance of being sent, NaN where unknown. `responses[j]` is when the j-th response came, NEVER
    where none; `credited` the goal's value that names the send; `left` when its user left because of it.
    """

    user: Int64[np.ndarray, " n"]
    message: Int64[np.ndarray, " n"]
    channel: Int64[np.ndarray, " n"]
    at: Int64[np.ndarray, " n"]
    sent: Bool[np.ndarray, " n"]
    chance: Float64[np.ndarray, " n"]
    responses: Int64[np.ndarray, "stages n"]
    credited: Float64[np.ndarray, " n"]
    left: Int64[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True)
class Acts:
    """What users did by themselves or in answer, in order of time; `labels` hold codes of categories by column."""

    user: Int64[np.ndarray, " n"]
    at: Int64[np.ndarray, " n"]
    labels: dict[str, Int64[np.ndarray, " n"]] = field(default_factory=dict)
    value: Float64[np.ndarray, " n"] | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """Everything that decisions at `at` rest on. `lost[u, c]` is when a user left a channel, NEVER if still
    there."""

    at: int
    channels: list[str]
    users: Users
    messages: Messages
    sends: Sends
    goals: Acts
    acts: dict[str, Acts]
    lost: Int64[np.ndarray, "users channels"]
    tracked: bool  # goals name the send that led to them
