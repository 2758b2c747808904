"""The tables of a streaming world: what a service would know, and nothing of what was planted."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float64, Int64

from edgewise.clock import DAY, SECOND
from edgewise.worlds.streaming.course import Columns, Events, Planted
from edgewise.worlds.streaming.labels import Labels, named
from edgewise.worlds.streaming.parts import START
from edgewise.worlds.streaming.words import CONTEXTS, COUNTRIES, GENRES, MOODS, PLANS, SEARCH_ENDS, TOPICS

__all__ = ["SIMULATED", "catalogue_tables", "event_tables", "listener_table"]

SIMULATED: Final = {"simulated": "true", "about": "planted by edgewise.worlds.streaming; not real data"}


def _days(day: Float64[np.ndarray, " n"]) -> pa.Array:
    return pa.array(START + np.floor(day * (DAY // SECOND)).astype(np.int64) * SECOND).cast(pa.timestamp("us"))


def _seconds(at: Int64[np.ndarray, " n"]) -> pa.Array:
    return pa.array(START + at * SECOND).cast(pa.timestamp("us"))


def _table(columns: dict[str, object]) -> pa.Table:
    return pa.table(columns).replace_schema_metadata(SIMULATED)


def listener_table(planted: Planted, labels: Labels) -> pa.Table:
    """All listeners."""
    people = planted.people
    return _table(
        {
            "listener_id": np.arange(1, len(people.rate) + 1),
            "joined_at": _days(people.joined - labels.joined_hour),
            "age": people.age,
            "country": named(COUNTRIES, people.country),
            "plan": named(PLANS, people.plan),
        }
    )


def catalogue_tables(planted: Planted, labels: Labels, since: float, until: float) -> dict[str, pa.Table]:
    """Things that appeared on days in [since, until), each table in order of its key."""
    return _music_tables(planted, labels, since, until) | _talk_tables(planted, labels, since, until)


def _rows(day: Float64[np.ndarray, " n"], key: Int64[np.ndarray, " n"], since: float, until: float) -> np.ndarray:
    found = np.flatnonzero((day >= since) & (day < until))
    return found[np.argsort(key[found])]


def _music_tables(planted: Planted, labels: Labels, since: float, until: float) -> dict[str, pa.Table]:
    music, lists = planted.music, planted.lists
    artist = _rows(music.debut, labels.artist_key, since, until)
    _, album_row = np.unique(music.album, return_index=True)
    album = _rows(music.released[album_row], labels.album_key, since, until)
    of_album = album_row[album]
    track = _rows(music.released, labels.track_key, since, until)
    playlist = _rows(lists.created, labels.playlist_key, since, until)
    artists = {
        "artist_id": labels.artist_key[artist],
        "name": labels.artist.take(pa.array(artist)),
        "genre": named(GENRES, music.genre[artist]),
        "country": named(COUNTRIES, music.country[artist]),
    }
    albums = {
        "album_id": labels.album_key[album],
        "artist_id": labels.artist_key[music.artist[of_album]],
        "title": labels.album.take(pa.array(album)),
        "released_at": _days(music.released[of_album]),
    }
    tracks = {
        "track_id": labels.track_key[track],
        "artist_id": labels.artist_key[music.artist[track]],
        "album_id": labels.album_key[music.album[track]],
        "title": labels.track.take(pa.array(track)),
        "genre": named(GENRES, music.genre[music.artist[track]]),
        "mood": named(MOODS, music.mood[track]),
        "energy": np.round(1 / (1 + np.exp(-music.flavour[track, 0])), 3),
        "tempo": labels.tempo[track].astype(np.int64),
        "duration_seconds": music.seconds[track].astype(np.int64),
        "released_at": _days(music.released[track]),
    }
    playlists = {
        "playlist_id": labels.playlist_key[playlist],
        "title": labels.playlist.take(pa.array(playlist)),
        "created_at": _days(lists.created[playlist]),
    }
    return {
        "artists": _table(artists),
        "albums": _table(albums),
        "tracks": _table(tracks),
        "playlists": _table(playlists),
        "playlist_tracks": _entries(planted, labels, since, until),
    }


def _entries(planted: Planted, labels: Labels, since: float, until: float) -> pa.Table:
    """The tracks of the playlists, in the order in which they were added."""
    lists = planted.lists
    playlist = np.repeat(np.arange(len(lists.created)), np.diff(lists.first))
    position = np.arange(len(playlist)) - lists.first[playlist] + 1
    entry = np.flatnonzero((lists.added >= since) & (lists.added < until))
    entry = entry[np.lexsort((position[entry], labels.playlist_key[playlist[entry]], lists.added[entry]))]
    return _table(
        {
            "playlist_id": labels.playlist_key[playlist[entry]],
            "track_id": labels.track_key[lists.track[entry]],
            "position": position[entry],
            "added_at": _days(lists.added[entry]),
        }
    )


def _talk_tables(planted: Planted, labels: Labels, since: float, until: float) -> dict[str, pa.Table]:
    talk = planted.talk
    podcast = _rows(talk.started, labels.podcast_key, since, until)
    episode = _rows(talk.published, labels.episode_key, since, until)
    podcasts = {
        "podcast_id": labels.podcast_key[podcast],
        "title": labels.podcast.take(pa.array(podcast)),
        "topic": named(TOPICS, talk.topic[podcast]),
        "started_at": _days(talk.started[podcast]),
    }
    episodes = {
        "episode_id": labels.episode_key[episode],
        "podcast_id": labels.podcast_key[talk.podcast[episode]],
        "title": labels.episode.take(pa.array(episode)),
        "topic": named(TOPICS, talk.episode_topic[episode]),
        "duration_seconds": talk.seconds[episode].astype(np.int64),
        "published_at": _days(talk.published[episode]),
    }
    return {"podcasts": _table(podcasts), "episodes": _table(episodes)}


def event_tables(planted: Planted, labels: Labels, events: Events) -> dict[str, pa.Table]:
    """What listeners did, each table in order of time."""
    hears, follows, pod_follows = events.hears, events.follows, events.pod_follows
    return {
        "listens": _plays(labels, events.plays, skipped=False),
        "skips": _plays(labels, events.plays, skipped=True),
        "artist_follows": _table(
            {
                "listener_id": follows["listener"].astype(np.int64) + 1,
                "artist_id": labels.artist_key[follows["artist"]],
                "followed_at": _seconds(follows["at"]),
            }
        ),
        "searches": _searches(labels, events.asks),
        "podcast_listens": _table(
            {
                "listener_id": hears["listener"].astype(np.int64) + 1,
                "episode_id": labels.episode_key[hears["episode"]],
                "podcast_id": labels.podcast_key[planted.talk.podcast[hears["episode"]]],
                "seconds_played": hears["played"].astype(np.int64),
                "listened_at": _seconds(hears["at"]),
            }
        ),
        "podcast_follows": _table(
            {
                "listener_id": pod_follows["listener"].astype(np.int64) + 1,
                "podcast_id": labels.podcast_key[pod_follows["podcast"]],
                "followed_at": _seconds(pod_follows["at"]),
            }
        ),
    }


def _plays(labels: Labels, plays: Columns, *, skipped: bool) -> pa.Table:
    rows = np.flatnonzero((plays["liked"] < 0) == skipped)
    playlist = plays["playlist"][rows]
    none: Bool[np.ndarray, " rows"] = playlist < 0
    return _table(
        {
            "listener_id": plays["listener"][rows].astype(np.int64) + 1,
            "track_id": labels.track_key[plays["track"][rows]],
            "playlist_id": pa.array(labels.playlist_key[np.where(none, 0, playlist)], mask=none),
            "context": named(CONTEXTS, plays["context"][rows]),
            "seconds_played": plays["played"][rows].astype(np.int64),
            "skipped_at" if skipped else "listened_at": _seconds(plays["at"][rows]),
        }
    )


def _searches(labels: Labels, asks: Columns) -> pa.Table:
    by_name = asks["kind"] == 0
    thing = asks["thing"].astype(np.int64)
    names = labels.artist.take(pa.array(np.where(by_name, thing, 0)))
    titles = labels.track.take(pa.array(np.where(by_name, 0, thing)))
    text = pc.if_else(pa.array(by_name), names, titles)
    ends = named(SEARCH_ENDS, asks["at"] % len(SEARCH_ENDS))
    return _table(
        {
            "listener_id": asks["listener"].astype(np.int64) + 1,
            "text": pc.utf8_lower(pc.binary_join_element_wise(text, ends, "")),
            "searched_at": _seconds(asks["at"]),
        }
    )
