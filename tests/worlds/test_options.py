"""Every planted world of several sizes says them in the same way."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pytest

from edgewise.errors import SourceError
from edgewise.worlds.catalogue import WORLDS

SIZED = sorted(name for name, world in WORLDS.items() if world.load_sized is not None)


def room(world: str) -> ModuleType:
    """Where its options are."""
    return import_module(f"edgewise.worlds.{world}.options")


def test_the_worlds_that_are_tried() -> None:
    assert SIZED == ["lodging", "messaging", "streaming", "trending"]


@pytest.mark.parametrize("world", SIZED)
def test_sizes_are_within_the_ranges_that_names_have(world: str) -> None:
    for size, options in room(world).SIZES.items():
        fields = [f"{name}={getattr(options, name)}" for name in options.__dataclass_fields__]
        assert room(world).read_options(f":{size}") == options
        assert room(world).read_options(f"?{'&'.join(fields)}") == options


def test_shares_are_no_whole_numbers() -> None:
    options = room("trending").read_options(":years?season=0.25&size=3&trends=0")
    assert (options.season, options.size, options.trends, options.weeks) == (0.25, 3.0, 0, 110)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("?season=2", "the option season=2 of the world 'trending' is no number from 0.0 to 1.0", "season=0.0"),
        ("?size=nan", "the option size=nan of the world 'trending' is no number from 1.0 to", "size=2.5"),
        ("?weeks=30.5", "the option weeks=30.5 of the world 'trending' is no number from 14 to", "weeks=40"),
        ("?random_seed=-1", "is no number from 0 to 2147483647", "random_seed=0"),
        ("?sizes=2", "the world 'trending' has no option 'sizes'", "options: shoppers, products"),
        (":tiny", "the world 'trending' has no size 'tiny'", "sizes: small, medium, years"),
    ],
)
def test_what_a_name_cannot_say(text: str, message: str, hint: str) -> None:
    with pytest.raises(SourceError) as caught:
        room("trending").read_options(text)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
