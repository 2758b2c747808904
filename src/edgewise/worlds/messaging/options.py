"""How large a messaging world is, and how its size is said in its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edgewise.worlds.options import SEEDS, sized

__all__ = ["SIZES", "MessagingOptions", "read_options"]


@dataclass(frozen=True, slots=True)
class MessagingOptions:
    """The size of a messaging world; the same options give the same world.

    `weeks` is the length of its randomised history. A user is sent about 1.5 messages a week.
    """

    users: int = 5000
    weeks: int = 26
    messages: int = 48
    products: int = 160
    random_seed: int = 0


SIZES: Final = {
    "small": MessagingOptions(users=600, weeks=12, messages=24, products=80),
    "medium": MessagingOptions(),
    "large": MessagingOptions(users=100_000),
}

_RANGES: Final = {
    "users": (20, 500_000),
    "weeks": (4, 104),
    "messages": (16, 500),
    "products": (16, 10_000),
    "random_seed": SEEDS,
}


def read_options(text: str) -> MessagingOptions:
    """The options in a world's name: `:large`, `?users=2000&weeks=12`, `:small?weeks=8`, or nothing.

    Raises:
        SourceError: there is no such size or option, or its value is out of range.
    """
    return sized("messaging", SIZES, _RANGES, text)
