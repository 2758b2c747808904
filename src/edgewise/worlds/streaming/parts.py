"""What a streaming world is made of, as groups of arrays that compiled loops can read.

Row i of a group is thing i; days are counted from START, a Monday. Nothing in here is a table: these are the
planted truths, and the tables show only what a service would know.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int32, Int64

from edgewise.clock import to_micros

__all__ = ["LATENT", "START", "Lists", "Music", "People", "State", "Talk"]

START: Final = to_micros("2024-01-01")  # a Monday
LATENT: Final = 12  # numbers in a taste
HABITS: Final = 128  # tracks that a listener comes back to
POD_HABITS: Final = 16
HEARD: Final = 128  # episodes that a listener remembers
FOLLOWED: Final = 48


class Music(NamedTuple):
    """Tracks, sorted by artist, album and place on the album; and their artists."""

    first: Int64[np.ndarray, " artists_plus_1"]  # where each artist's tracks begin
    vector: Float64[np.ndarray, "artists latent"]
    pull: Float64[np.ndarray, " artists"]  # log weight that everyone gives it
    country: Int64[np.ndarray, " artists"]
    genre: Int64[np.ndarray, " artists"]
    debut: Float64[np.ndarray, " artists"]  # day of the first release
    artist: Int64[np.ndarray, " tracks"]
    album: Int64[np.ndarray, " tracks"]
    album_first: Int64[np.ndarray, " tracks"]
    album_stop: Int64[np.ndarray, " tracks"]
    charm: Float64[np.ndarray, " tracks"]  # log weight among the tracks of its artist
    flavour: Float64[np.ndarray, "tracks 2"]  # energy and brightness, around 0
    mood: Int64[np.ndarray, " tracks"]
    released: Float64[np.ndarray, " tracks"]
    seconds: Float64[np.ndarray, " tracks"]


class Lists(NamedTuple):
    """Ready-made playlists; their tracks in the order in which they were added."""

    first: Int64[np.ndarray, " playlists_plus_1"]
    vector: Float64[np.ndarray, "playlists latent"]
    flavour: Float64[np.ndarray, "playlists 2"]
    pull: Float64[np.ndarray, " playlists"]
    genre: Int64[np.ndarray, " playlists"]
    mood: Int64[np.ndarray, " playlists"]
    created: Float64[np.ndarray, " playlists"]
    track: Int64[np.ndarray, " entries"]
    added: Float64[np.ndarray, " entries"]


class Talk(NamedTuple):
    """Podcasts; their episodes in order of publication."""

    first: Int64[np.ndarray, " podcasts_plus_1"]
    topic: Int64[np.ndarray, " podcasts"]
    pull: Float64[np.ndarray, " podcasts"]
    started: Float64[np.ndarray, " podcasts"]
    podcast: Int64[np.ndarray, " episodes"]
    episode_topic: Int64[np.ndarray, " episodes"]
    published: Float64[np.ndarray, " episodes"]
    seconds: Float64[np.ndarray, " episodes"]
    leaning: Float64[np.ndarray, "topics latent"]  # which music goes with a topic


class People(NamedTuple):
    """Listeners. A taste turns from `taste` towards `later` by `drift` radians a year."""

    bonds: int  # the seed of what no attribute explains: how single listeners stand to single things
    taste: Float64[np.ndarray, "listeners latent"]
    later: Float64[np.ndarray, "listeners latent"]
    drift: Float64[np.ndarray, " listeners"]
    flavour: Float64[np.ndarray, "listeners 2"]
    country: Int64[np.ndarray, " listeners"]
    age: Int64[np.ndarray, " listeners"]
    plan: Int64[np.ndarray, " listeners"]
    rhythm: Int64[np.ndarray, " listeners"]  # when in the day
    rate: Float64[np.ndarray, " listeners"]  # sessions a day
    modes: Float64[np.ndarray, "listeners modes"]  # shares of the ways to start a session
    joined: Float64[np.ndarray, " listeners"]
    left: Float64[np.ndarray, " listeners"]  # inf for those who stay
    topics: Float64[np.ndarray, "listeners topics"]  # log liking beyond what music tells
    pod_rate: Float64[np.ndarray, " listeners"]  # podcast sessions a day, once begun
    pod_begins: Float64[np.ndarray, " listeners"]  # inf: never on their own


class State(NamedTuple):
    """What happened so far, as far as it changes what happens next. Empty places hold -1 and weight 0.

    Weights are of rows decayed by half every HALF_LIFE days, told in units of day 0 (they grow instead of
    decaying, so that an untouched one stays right).
    """

    track: Int32[np.ndarray, "listeners habits"]
    weight: Float64[np.ndarray, "listeners habits"]
    followed: Int32[np.ndarray, "listeners followed"]
    busy: Float64[np.ndarray, " listeners"]  # second at which the last session ended
    podcast: Int32[np.ndarray, "listeners pod_habits"]
    pod_weight: Float64[np.ndarray, "listeners pod_habits"]
    heard: Int32[np.ndarray, "listeners heard"]
    heard_count: Int64[np.ndarray, " listeners"]
    pod_begins: Float64[np.ndarray, " listeners"]
    pod_followed: Int32[np.ndarray, "listeners followed"]

    def copy(self) -> State:
        """The same state, to go on from without touching this one."""
        return State(*(array.copy() for array in self))


def fresh_state(people: People) -> State:
    """Before the first event."""
    n = len(people.rate)
    return State(
        track=np.full((n, HABITS), -1, np.int32),
        weight=np.zeros((n, HABITS)),
        followed=np.full((n, FOLLOWED), -1, np.int32),
        busy=np.zeros(n),
        podcast=np.full((n, POD_HABITS), -1, np.int32),
        pod_weight=np.zeros((n, POD_HABITS)),
        heard=np.full((n, HEARD), -1, np.int32),
        heard_count=np.zeros(n, np.int64),
        pod_begins=people.pod_begins.copy(),
        pod_followed=np.full((n, FOLLOWED), -1, np.int32),
    )
