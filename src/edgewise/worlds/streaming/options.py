"""How large a streaming world is, and how its size is said in its name."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Final
from urllib.parse import parse_qsl

from edgewise.errors import SourceError

__all__ = ["SIZES", "StreamingOptions", "read_options"]


@dataclass(frozen=True, slots=True)
class StreamingOptions:
    """The size of a streaming world; the same options give the same world.

    `weeks` is the length of its history. A listener makes about 3 plays a day.
    """

    listeners: int = 1000
    weeks: int = 26
    artists: int = 400
    playlists: int = 200
    podcasts: int = 120
    random_seed: int = 0


SIZES: Final = {
    "small": StreamingOptions(listeners=150, weeks=10, artists=80, playlists=60, podcasts=40),
    "medium": StreamingOptions(),
    "large": StreamingOptions(listeners=10_000, weeks=26, artists=1500, playlists=1000, podcasts=500),
}

_LEAST: Final = {"listeners": 10, "weeks": 2, "artists": 20, "playlists": 5, "podcasts": 13, "random_seed": 0}
_MOST: Final = {
    "listeners": 200_000,
    "weeks": 156,
    "artists": 20_000,
    "playlists": 20_000,
    "podcasts": 10_000,
    "random_seed": 2**31 - 1,
}


def read_options(text: str) -> StreamingOptions:
    """The options in a world's name: `:large`, `?listeners=2000&weeks=26`, `:large?weeks=10`, or nothing.

    Raises:
        SourceError: there is no such size or option, or its value is out of range.
    """
    size, _, query = text.partition("?")
    options = SIZES.get(size.removeprefix(":") or "medium")
    if options is None or size == ":":
        raise SourceError(f"the world 'streaming' has no size '{size[1:]}'", hint=f"sizes: {', '.join(SIZES)}")
    for key, value in parse_qsl(query, keep_blank_values=True):
        options = replace(options, **{key: _value(key, value)})
    return options


def _value(key: str, value: str) -> int:
    known = [field.name for field in fields(StreamingOptions)]
    if key not in known:
        raise SourceError(f"the world 'streaming' has no option '{key}'", hint=f"options: {', '.join(known)}")
    low, high = _LEAST[key], _MOST[key]
    if not value.isdecimal() or not low <= int(value) <= high:
        raise SourceError(
            f"the option {key}={value} of the world 'streaming' is no number from {low} to {high}",
            hint=f"for example {key}={asdict(SIZES['medium'])[key]}",
        )
    return int(value)
