"""Run policies through the same futures of a planted world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from edgewise.decisions.simulate.nouns import Policy, Seen, Simulated
from edgewise.decisions.simulate.own import PolicyError, failed_in, is_own, own_policy
from edgewise.decisions.simulate.referees import Referee, referee_of
from edgewise.errors import ArgumentError, InternalError, proposal

__all__ = ["simulate"]

_WEEK = 7


def simulate(
    world: str, policies: Sequence[str | Callable[[Any], Any]] = (), *, weeks: int = 8, futures: int = 20,
    random_seed: int = 0, against: str | None = None, say: Callable[[str], None] = lambda _: None,
) -> Simulated:  # fmt: skip
    """Compare policies in simulated futures of a planted world. Nothing in it is about real people.

    Every policy goes through the same futures: luck is a function of the future and of what it decides about, so
    that two policies that do the same get the same answers (common random numbers).

    Args:
        world: `messaging`, `lodging`, `streaming`, or one of them with a size: `messaging:small`.
        policies: names of policies that come with the world, `FILE.py:FUNCTION`, or functions from what is seen of
            the world (`tables`, `now`) to the table that the world's `step` takes. None: all that come with it.
        weeks: how long each future is. Policies act at the start of each week.
        futures: how many there are.
        random_seed: what the futures are drawn from.
        against: the policy that the others are compared with; by default the baseline that does best.
        say: is told how far it is.

    Raises:
        ArgumentError: there is no such world or policy, or a policy fails.
    """
    if weeks < 1 or futures < 1:
        raise ArgumentError("weeks and futures count from 1", hint="for example weeks=8, futures=20")
    say(f"making the world {world}")
    referee = referee_of(world)
    chosen = _chosen(referee, policies)
    if against is not None and against not in chosen:
        raise ArgumentError(
            f"'{against}' is not among the policies",
            hint=proposal(against, chosen, f"they are: {', '.join(chosen)}"),
        )
    started = {name: _started(policy, referee.world) for name, policy in chosen.items()}
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in chosen}
    for future in range(futures):
        for name, policy in started.items():
            say(f"future {future + 1} of {futures}: {name}")
            figures[name].append(_future(referee, policy, weeks, _luck_seed(random_seed, future)))
    found = {name: _columns(rows) for name, rows in figures.items()}
    return Simulated(
        world=world,
        about=referee.about,
        weeks=weeks,
        random_seed=random_seed,
        goal=referee.goal,
        kinds={name: policy.kind for name, policy in chosen.items()},
        figures=found,
        against=against or _best(chosen, found, referee.goal),
    )


def _chosen(referee: Referee, asked: Sequence[str | Callable[[Any], Any]]) -> dict[str, Policy]:
    chosen: dict[str, Policy] = {}
    for one in asked or list(referee.policies):
        policy = _policy(referee, one)
        if policy.name in chosen:
            raise ArgumentError(f"the policy '{policy.name}' is named twice", hint="name each once")
        chosen[policy.name] = policy
    return chosen


def _policy(referee: Referee, asked: str | Callable[[Any], Any]) -> Policy:
    if not isinstance(asked, str):
        return Policy(getattr(asked, "__name__", type(asked).__name__), "own", asked)
    if is_own(asked):
        return own_policy(asked)
    if asked not in referee.policies:
        known = f"they are: {', '.join(referee.policies)}, or FILE.py:FUNCTION"
        raise ArgumentError(f"there is no policy '{asked}'", hint=proposal(asked, referee.policies, known))
    return referee.policies[asked]


def _started(policy: Policy, world: Any) -> Policy:
    """A policy that has learnt what it learns before the first week."""
    answer = _act(policy, world, "before the first week")
    if callable(answer):
        return replace(policy, act=answer)
    return policy


def _future(referee: Referee, policy: Policy, weeks: int, luck_seed: int) -> dict[str, float]:
    """The figures of one policy in one future: means a week."""
    world, rows = referee.world, []
    for week in range(weeks):
        when = f"week {week + 1}"

        def act(now: Any, when: str = when) -> pa.Table | None:
            return _table(policy, _act(policy, now, when), when)

        try:
            step = world.step(act, days=_WEEK, luck_seed=luck_seed)
        except PolicyError:
            raise
        except ArgumentError as error:
            raise failed_in(policy, when, error) from error
        rows.append(referee.figures(world, step))
        world = step.world
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _act(policy: Policy, world: Any, when: str) -> Any:
    try:
        return policy.act(world if policy.knows else _seen(world))
    except InternalError:
        raise
    except Exception as error:
        if policy.kind != "own":
            raise
        raise failed_in(policy, when, error) from error


def _seen(world: Any) -> Seen:
    return Seen(dict(world.tables), world.now, getattr(world, "waiting", None))


def _table(policy: Policy, answer: Any, when: str) -> pa.Table | None:
    if answer is None or isinstance(answer, pa.Table):
        return answer
    if hasattr(answer, "__arrow_c_stream__"):
        return pa.table(answer)
    raise PolicyError(
        f"the policy '{policy.name}', {when}, gave a {type(answer).__name__}",
        hint="give an Arrow table or a data frame, or None to do nothing",
    )


def _luck_seed(random_seed: int, future: int) -> int:
    return int(np.random.SeedSequence([random_seed, future]).generate_state(1)[0] >> 1)


def _columns(rows: list[dict[str, float]]) -> dict[str, np.ndarray]:
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _best(chosen: dict[str, Policy], found: dict[str, dict[str, np.ndarray]], goal: str) -> str:
    """The baseline with most of the goal; of all policies if there is no baseline."""
    baselines = [name for name, policy in chosen.items() if policy.kind == "baseline"] or list(chosen)
    return max(baselines, key=lambda name: float(found[name][goal].mean()))
