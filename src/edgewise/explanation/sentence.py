"""An explanation in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgewise.clock import iso
from edgewise.explanation.nouns import Evidence, Explanation
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import TaskSpec

__all__ = ["Names", "sentence_of"]

#: Smaller effects than this share of the largest are not worth a word.
WORTH_SAYING = 0.05


@dataclass(frozen=True, slots=True)
class Names:
    """What entities and items are called, and how deep a ranking was read."""

    entity: str
    item: str
    depth: int


def sentence_of(explained: Explanation, spec: TaskSpec, names: Names, described: str) -> str:
    """The answer, the two strongest reasons for it, and the strongest against it, in words."""
    raised = [e for e in explained.evidence if e.effect > 0]
    lowered = [e for e in explained.evidence if e.effect < 0 and _tells(e, explained)]
    largest = max((abs(e.effect) for e in explained.evidence), default=0.0)
    said = [e for e in _specific_first(raised)[:2] if e.effect >= WORTH_SAYING * largest]
    parts = [_answer(explained, spec, names, described)]
    parts += [f"without {_what(e)} {_instead(e, explained, names)}" for e in said]
    text = "; ".join(parts)
    against = [e for e in _specific_first(lowered)[:1] if -e.effect >= WORTH_SAYING * largest]
    for e in against:
        text += f". Against it: {_what(e)}, without which {_instead(e, explained, names)}"
    if explained.channels:
        places = sorted(explained.channels.items(), key=lambda c: c[1])[:3]
        text += f". It is a candidate by {', '.join(f'{name} (place {place})' for name, place in places)}"
    if largest == 0.0:
        text += "; nothing that was taken away changes the answer"
    return text + "."


def _tells(e: Evidence, explained: Explanation) -> bool:
    """Whether a lower answer is worth a word: scores mean nothing to people, ranks do."""
    return explained.unit != "score" or e.rank != explained.rank


def _answer(explained: Explanation, spec: TaskSpec, names: Names, described: str) -> str:
    who = _called(names.entity, explained.entity)
    if explained.item is not None:
        what = f"{names.item} {explained.item}" + (f" ({described})" if described else "")
        place = f"comes at rank {explained.rank}" if explained.rank else f"is not among the first {names.depth}"
        return f"For {who}, {what} {place}"
    if spec.kind in (TaskKind.REGRESSION, TaskKind.FORECASTING):
        return f"For {who} the prediction is {explained.answer:,.4g}"
    if explained.predicted is not None:
        return f"For {who} {explained.predicted} is likeliest, with a probability of {explained.answer:.1%}"
    return f"For {who} the probability is {explained.answer:.1%}"


def _called(name: str, entity: Any) -> str:
    """`customer_id 7`; a pair by its own columns: `store_id 1, category dairy`."""
    if isinstance(entity, dict):
        return ", ".join(f"{column} {value}" for column, value in entity.items())
    return f"{name} {entity}"


def _specific_first(evidence: list[Evidence]) -> list[Evidence]:
    """By effect; a group that carries at least half of its relation's effect speaks for the whole relation."""
    chosen: list[Evidence] = []
    for e in sorted(evidence, key=lambda e: -abs(e.effect)):
        same = [p for p in evidence if p.path == e.path and p.group != "all"]
        part = [p for p in same if abs(p.effect) >= 0.5 * abs(e.effect)]
        best = part[0] if e.group == "all" and part else e
        if all(best.path != c.path for c in chosen):
            chosen.append(best)
    return chosen


def _what(e: Evidence) -> str:
    if e.kind == "column":
        return f"the {e.words}"
    words = e.words.removeprefix("all ")
    if e.rows == 1:
        return f"the one row of {words}" + ("" if e.last is None else f" ({iso(e.last)[:10]})")
    return f"the {e.rows:,} {words}" + ("" if e.last is None else f" (the last on {iso(e.last)[:10]})")


def _instead(e: Evidence, explained: Explanation, names: Names) -> str:
    if explained.unit == "score":
        if e.rank is None:
            return f"it would not be among the first {names.depth}"
        if e.rank == explained.rank:
            return f"it would score {'less' if e.effect > 0 else 'more'}, at the same rank"
        return f"it would come at rank {e.rank}"
    value = explained.answer - e.effect
    return f"it would be {value:.1%}" if explained.unit == "probability" else f"it would be {value:,.4g}"
