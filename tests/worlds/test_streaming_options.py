"""Sizes and options in the name of a world."""

from __future__ import annotations

import pytest

from edgewise.errors import SourceError
from edgewise.sources.open import open_source
from edgewise.worlds.streaming import SIZES, StreamingOptions
from edgewise.worlds.streaming.options import read_options


def test_what_a_name_says() -> None:
    assert read_options("") == StreamingOptions()
    assert read_options(":small") == SIZES["small"]
    assert read_options("?listeners=20&random_seed=3") == StreamingOptions(listeners=20, random_seed=3)
    assert read_options(":large?weeks=8").weeks == 8
    assert read_options(":large?weeks=8").listeners == SIZES["large"].listeners


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("streaming:huge", "the world 'streaming' has no size 'huge'", "sizes: small, medium, large"),
        ("streaming:", "the world 'streaming' has no size ''", "sizes: small, medium, large"),
        ("streaming?seed=1", "the world 'streaming' has no option 'seed'", "podcasts, random_seed"),
        (
            "streaming?weeks=0",
            "the option weeks=0 of the world 'streaming' is no number from 2 to 156",
            "for example weeks=26",
        ),
        (
            "streaming?weeks=many",
            "the option weeks=many of the world 'streaming' is no number from 2 to 156",
            "for example weeks=26",
        ),
        ("shop:small", "the world 'shop' has one size", "write shop"),
    ],
)
def test_what_a_name_cannot_say(name: str, message: str, hint: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(name)
    assert caught.value.message == message
    assert caught.value.hint is not None
    assert hint in caught.value.hint


def test_a_size_opens_by_name() -> None:
    with open_source("streaming?listeners=20&weeks=2&artists=20&playlists=5&podcasts=13") as source:
        assert "podcast_listens" in source.tables()
        assert source.name == "streaming?listeners=20&weeks=2&artists=20&playlists=5&podcasts=13"
