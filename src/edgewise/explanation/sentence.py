"""An explanation in words."""

from __future__ import annotations

from edgewise.clock import iso
from edgewise.explanation.nouns import Evidence, Explanation
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import TaskSpec

__all__ = ["sentence_of"]


def sentence_of(explained: Explanation, spec: TaskSpec, described: str) -> str:
    """One or two sentences: the answer, the strongest reason for it, and the strongest against."""
    raised = [e for e in explained.evidence if e.effect > 0]
    lowered = [e for e in explained.evidence if e.effect < 0]
    parts = [_answer(explained, spec, described)]
    for reason in _specific_first(raised)[:2]:
        parts.append(f"without {_what(reason)} the {explained.unit} would be {_change(reason, explained)} lower")
    text = "; ".join(parts)
    if lowered:
        against = _specific_first(lowered)[0]
        text += f". Against it: {_what(against)} ({_change(against, explained)} lower because of it)"
    if not raised and not lowered:
        text += "; nothing that was taken away changes the answer"
    return text + "."


def _answer(explained: Explanation, spec: TaskSpec, described: str) -> str:
    who = f"{spec.entity} {explained.entity}"
    if explained.item is not None:
        name = f"{spec.item or 'class'} {explained.item}" + (f" ({described})" if described else "")
        place = f"rank {explained.rank}" if explained.rank else "outside the ranking"
        return f"For {who}, {name} comes at {place}"
    if spec.kind in (TaskKind.REGRESSION, TaskKind.FORECASTING):
        return f"For {who} the prediction is {explained.answer:,.4g}"
    return f"For {who} the probability is {explained.answer:.1%}"


def _specific_first(evidence: list[Evidence]) -> list[Evidence]:
    """By effect, but a group that carries most of its relation's effect speaks for the whole relation."""
    chosen: list[Evidence] = []
    for e in sorted(evidence, key=lambda e: -abs(e.effect)):
        part = [
            p for p in evidence if p.path == e.path and p.group != "all" and abs(p.effect) >= 0.5 * abs(e.effect)
        ]
        best = part[0] if e.group == "all" and part else e
        if best not in chosen:
            chosen.append(best)
    return chosen


def _what(e: Evidence) -> str:
    if e.kind == "column":
        return f"the {e.words}"
    when = "" if e.last is None else f", the last on {iso(e.last)[:10]}"
    return f"the {e.rows:,} {e.words.removeprefix('all ')}{when}"


def _change(e: Evidence, explained: Explanation) -> str:
    if explained.unit == "probability":
        return f"{abs(e.effect) * 100:.1f} points"
    if explained.unit == "prediction":
        return f"{abs(e.effect):,.4g}"
    spread = abs(explained.answer - explained.without)
    return f"{abs(e.effect) / spread:.0%} of what lifts it" if spread > 0 else f"{abs(e.effect):.3g}"
