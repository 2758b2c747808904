"""The podcasts: what each listener hears, day by day, once they have begun with podcasts at all."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int32, Int64
from numba import njit

from edgewise.clock import DAY, SECOND
from edgewise.worlds.streaming import luck
from edgewise.worlds.streaming.parts import HEARD, People, State, Talk
from edgewise.worlds.streaming.playing import follow
from edgewise.worlds.streaming.taste import episode_weights, growth, podcast_weights, taste_at

__all__ = ["LOYAL", "PodScratch", "PodTape", "hear", "hear_episode", "pod_activity", "remember", "talk_on"]

LOYAL: Final = 0.6  # how often one returns to a podcast that one knows
MOST_SESSIONS: Final = 6
DAY_SECONDS: Final = DAY // SECOND
_FOLLOWS: Final = 0.06


class PodTape(NamedTuple):
    """Where podcast listens are written; `n` counts listens and follows."""

    n: Int64[np.ndarray, " 2"]
    listener: Int32[np.ndarray, " capacity"]
    episode: Int32[np.ndarray, " capacity"]
    at: Int64[np.ndarray, " capacity"]  # seconds since START
    played: Int32[np.ndarray, " capacity"]
    follow_listener: Int32[np.ndarray, " capacity"]
    follow_at: Int64[np.ndarray, " capacity"]
    follow_podcast: Int32[np.ndarray, " capacity"]


class PodScratch(NamedTuple):
    """Room for one listener's weights."""

    taste: Float64[np.ndarray, " latent"]
    podcasts: Float64[np.ndarray, " podcasts"]
    habits: Float64[np.ndarray, " pod_habits"]
    episodes: Float64[np.ndarray, " most_episodes"]


@njit(cache=True, error_model="numpy")
def pod_activity(people: People, state: State, who: int, day: int) -> float:
    """Podcast sessions that the listener is expected to start on a day."""
    if day < people.joined[who] or day >= people.left[who] or day < state.pod_begins[who]:
        return 0.0
    return people.pod_rate[who] * (0.6 if day % 7 >= 5 else 1.15)


@njit(cache=True, error_model="numpy")
def remember(state: State, who: int, podcast: int, episode: int, day: float) -> bool:
    """What an episode that ended on `day` changes; whether the listener knew the podcast."""
    state.heard[who, state.heard_count[who] % HEARD] = episode
    state.heard_count[who] += 1
    state.pod_begins[who] = min(state.pod_begins[who], np.floor(day))
    place = 0
    for k in range(state.podcast.shape[1]):
        if state.podcast[who, k] == podcast:
            state.pod_weight[who, k] += growth(day)
            return True
        if state.pod_weight[who, k] < state.pod_weight[who, place]:
            place = k
    state.podcast[who, place] = podcast
    state.pod_weight[who, place] = growth(day)
    return False


@njit(cache=True, error_model="numpy")
def _maybe_follow(seed: int, who: int, podcast: int, at: int, key: int, state: State, tape: PodTape) -> None:
    wants = luck.uniform(seed, luck.POD_FOLLOW, who, key, podcast) < _FOLLOWS
    if wants and follow(state.pod_followed, who, podcast):
        n = tape.n[1]
        tape.follow_listener[n], tape.follow_at[n], tape.follow_podcast[n] = who, at, podcast
        tape.n[1] = n + 1


@njit(cache=True, error_model="numpy")
def hear_episode(
    seed: int, who: int, podcast: int, episode: int, at: float, key: int, talk: Talk, state: State, tape: PodTape
) -> float:
    """Hear one episode of the podcast at second `at`: on the tape and in the state. Returns when it ended."""
    u = luck.uniform(seed, luck.POD_PLAYED, who, key, podcast)
    n = tape.n[0]
    tape.listener[n], tape.episode[n], tape.at[n] = who, episode, int(at)
    tape.played[n] = int(talk.seconds[episode] * (1.0 if u < 0.6 else 0.1 + 2.2 * (u - 0.6)))
    tape.n[0] = n + 1
    end = tape.at[n] + tape.played[n]
    if remember(state, who, podcast, episode, end / DAY_SECONDS):
        _maybe_follow(seed, who, podcast, end, key, state, tape)
    return float(end)


@njit(cache=True, error_model="numpy")
def hear(
    seed: int,
    who: int,
    podcast: int,
    at: float,
    key: int,
    people: People,
    talk: Talk,
    state: State,
    scratch: PodScratch,
    tape: PodTape,
) -> float:
    """Hear an episode of the podcast at second `at`; returns when it ended, or -1 if there is none to hear."""
    first = talk.first[podcast]
    count = talk.first[podcast + 1] - first
    total = episode_weights(
        who, podcast, at / DAY_SECONDS, scratch.taste, people, talk, state, scratch.episodes[:count]
    )
    if total <= 1e-12:
        return -1.0
    target = luck.uniform(seed, luck.POD_EPISODE, who, key, podcast) * total
    episode, upto = 0, scratch.episodes[0]
    while upto <= target and episode < count - 1:
        episode += 1
        upto += scratch.episodes[episode]
    return hear_episode(seed, who, podcast, first + episode, at, key, talk, state, tape)


@njit(cache=True, error_model="numpy")
def _choose(seed: int, who: int, key: int, state: State, scratch: PodScratch) -> int:
    """A podcast: one that the listener knows, or one by taste."""
    u = luck.uniform(seed, luck.POD_WHICH, who, key, 0)
    total = 0.0
    for k in range(len(scratch.habits)):
        total += state.pod_weight[who, k]
        scratch.habits[k] = total
    if total > 0.0 and luck.uniform(seed, luck.POD_WHICH, who, key, 1) < LOYAL:
        return state.podcast[who, luck.pick(scratch.habits, u)]
    return luck.pick(scratch.podcasts, u)


@njit(cache=True, error_model="numpy")
def _week(who: int, week: int, people: People, talk: Talk, scratch: PodScratch) -> None:
    taste_at(people, who, 7.0 * week, scratch.taste)
    podcast_weights(who, 7.0 * week, scratch.taste, people, talk, scratch.podcasts)
    for p in range(1, len(scratch.podcasts)):
        scratch.podcasts[p] += scratch.podcasts[p - 1]


@njit(cache=True, error_model="numpy")
def talk_on(
    seed: int,
    begin: int,
    first_day: int,
    days: int,
    people: People,
    talk: Talk,
    state: State,
    scratch: PodScratch,
    tape: PodTape,
) -> int:
    """All podcast listens in [first_day, first_day + days) of listeners from `begin` on, while there is room.

    Returns the first listener who is left over.
    """
    for who in range(begin, len(people.rate)):
        if tape.n[0] + days * MOST_SESSIONS > len(tape.at):
            return who
        known_week = -1
        for day in range(first_day, first_day + days):
            u = luck.uniform(seed, luck.POD_VISITS, who, day, 0)
            n = min(luck.poisson(pod_activity(people, state, who, day), u), MOST_SESSIONS)
            if n > 0 and day // 7 != known_week:
                known_week = day // 7
                _week(who, known_week, people, talk, scratch)
            at = day * DAY_SECONDS + 3600.0 * (5.5 + 3.0 * luck.uniform(seed, luck.POD_HOUR, who, day, 0))
            at += 36000.0 * (luck.uniform(seed, luck.POD_HOUR, who, day, 1) < 0.45)  # the way home, not to work
            for k in range(n):
                key = day * MOST_SESSIONS + k
                podcast = _choose(seed, who, key, state, scratch)
                end = hear(seed, who, podcast, at, key, people, talk, state, scratch, tape)
                at = max(at, end) + 60.0
    return len(people.rate)
