"""Conditions on the rows of one table."""

from __future__ import annotations

import re

import pytest

from edgewise.errors import QueryError
from edgewise.query.bound import Compare, Junction
from edgewise.query.condition import bind_condition
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.stypes import SType

SCHEMA = Schema(
    {
        "tracks": Table(
            "tracks",
            (
                Column("track_id", "int64", SType.ID),
                Column("artist_id", "int64", SType.ID),
                Column("tempo", "double", SType.NUMERICAL),
            ),
            3,
            key="track_id",
        ),
        "artists": Table(
            "artists",
            (Column("artist_id", "int64", SType.ID), Column("country", "string", SType.CATEGORICAL)),
            2,
            key="artist_id",
        ),
    },
    (Link("tracks", "artist_id", "artists"),),
)


def test_own_columns_and_those_of_linked_tables() -> None:
    bound = bind_condition("tracks.tempo > 100 AND artists.country = 'SE'", SCHEMA, "tracks")
    assert isinstance(bound, Junction)
    assert isinstance(bound.left, Compare)
    assert isinstance(bound.right, Compare)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tracks.temp > 100", "did you mean tempo?"),
        ("tracks.tempo >", "expected"),
        ("tracks.tempo", "not a condition"),
        ("tracks.tempo > 'fast'", "is a number"),
        ("COUNT(tracks.*) > 1", "no place inside another one"),
        ("tracks.tempo > 1 FOR EACH x.y", "found 'FOR'"),
        ("", "found the end"),
    ],
)
def test_mistakes_point(text: str, says: str) -> None:
    with pytest.raises(QueryError, match=re.escape(says)):
        bind_condition(text, SCHEMA, "tracks")
