"""Drafts of shelves as the flat arrays that are filled from, after the rules have spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Int16, Int64

from edgewise.decisions.asked import Asked
from edgewise.decisions.feedback import heard
from edgewise.decisions.home.draft import WIDE, Draft
from edgewise.decisions.home.fill import Candidates
from edgewise.decisions.rules.compile import Rules
from edgewise.decisions.rules.judge import judge, one_person
from edgewise.ids import MISSING

__all__ = ["Flat", "flatten", "with_pins"]

#: Room for things that are no rows of a table.
_MADE = 64


class Flat(NamedTuple):
    """Candidates that may be shown. `draft[i]` and `position[i]` say where candidate i came from; `pinned_by` is
    the rule that put it there. `removed[d][rule]` counts what rules took from draft d.
    """

    candidates: Candidates
    draft: Int64[np.ndarray, " n"]
    position: Int64[np.ndarray, " n"]
    removed: list[dict[str, int]]


def flatten(
    asked: Asked, rules: Rules, drafts: Sequence[Draft], entries: Int64[np.ndarray, " drafts"], *, soft: bool
) -> Flat:
    """Apply the rules to all drafts and put them together. `entries[d]` numbers the entry of draft d."""
    lengths = np.array([len(d) for d in drafts], dtype=np.int64)
    first = np.cumsum(lengths) - lengths
    draft = np.repeat(np.arange(len(drafts)), lengths)
    names = list(dict.fromkeys(d.kind for d in drafts))
    kinds = np.array([names.index(d.kind) for d in drafts], dtype=np.int64)
    items, which = np.concatenate([d.items for d in drafts]), kinds[draft]
    kept, times, removed = _judged(asked, rules, drafts, names, items, draft, which, soft)
    pinned = _pinned(rules, drafts, draft, items)
    # of the kept ones, only the first of each draft go further, and what is pinned however deep it lies
    before = np.concatenate([[0], np.cumsum(kept)])
    place = before[:-1] - before[first][draft]
    chosen = np.flatnonzero(kept & ((place < WIDE) | pinned))
    of, items, which = draft[chosen], items[chosen], which[chosen]
    table = _Table(asked, np.concatenate([d.value for d in drafts])[chosen], times[chosen])
    for number, name in enumerate(names):
        table.rows(np.flatnonzero(which == number), name, items, rules if soft else Rules())
    indptr = np.searchsorted(of, np.arange(len(drafts) + 1))
    candidates = table.candidates(indptr, pinned[chosen], drafts, entries, kinds)
    return Flat(candidates, of, chosen - first[of], removed)


def _judged(
    asked: Asked, rules: Rules, drafts: Sequence[Draft], names: list[str], items: np.ndarray,
    draft: np.ndarray, which: np.ndarray, soft: bool,
) -> tuple[np.ndarray, np.ndarray, list[dict[str, int]]]:  # fmt: skip
    """Which candidates may be shown, what their values are multiplied by, and what rules took from each draft."""
    kept, times = np.ones(len(items), dtype=bool), np.ones(len(items), dtype=np.float32)
    removed: list[dict[str, int]] = [{} for _ in drafts]
    people = one_person(asked.person, {k: asked.past(k) for k in names if rules.of(k).excludes})
    shelf = [d.entry.shelf for d in drafts]
    for number, name in enumerate(names):
        if name not in asked.catalogue.kinds:
            continue
        at = np.flatnonzero(which == number)
        own = np.zeros(len(at), dtype=np.int64)
        verdict = judge(rules, name, items[at], own, people, asked.at, shelf=shelf, shelf_of=draft[at], soft=soft)
        _count(verdict.by, verdict.names, draft[at], removed)
        kept[at], times[at] = verdict.kept, verdict.times
    return kept, times, removed


def with_pins(asked: Asked, rules: Rules, draft: Draft) -> Draft:
    """A draft with what is pinned to its kind of shelf among its candidates."""
    pins = [pin.rows for pin in rules.of(draft.kind).pins if pin.shelf == draft.entry.shelf]
    if not pins:
        return draft
    rows = np.concatenate(pins)
    rows = rows[~np.isin(rows, draft.items)]
    if len(rows) == 0:
        return draft
    n = len(rows)
    return replace(
        draft,
        items=np.concatenate([rows, draft.items]),
        value=np.concatenate([asked.worth(draft.kind, rows), draft.value]),
        channels=(*draft.channels, "pinned"),
        channel=np.concatenate([np.full(n, len(draft.channels), dtype=np.int16), draft.channel]),
        because=np.concatenate([np.full(n, MISSING, dtype=np.int64), draft.because]),
    )


def _pinned(rules: Rules, drafts: Sequence[Draft], draft: np.ndarray, items: np.ndarray) -> np.ndarray:
    pinned = np.zeros(len(items), dtype=bool)
    for name in {d.kind for d in drafts}:
        for pin in rules.of(name).pins:
            on = np.array([d.kind == name and d.entry.shelf == pin.shelf for d in drafts])
            pinned |= on[draft] & np.isin(items, pin.rows)
    return pinned


def _count(
    by: Int16[np.ndarray, " n"], names: tuple[str, ...], draft: np.ndarray, removed: list[dict[str, int]]
) -> None:
    gone = np.flatnonzero(by >= 0)
    if len(gone) == 0:
        return
    width = len(names)
    counts = np.bincount(draft[gone] * width + by[gone], minlength=width)
    for code in np.flatnonzero(counts).tolist():
        removed[code // width][names[code % width]] = int(counts[code])


class _Table:
    """Codes of candidates, unique over the kinds of the whole catalogue."""

    def __init__(self, asked: Asked, value: np.ndarray, times: np.ndarray) -> None:
        n = len(value)
        self.asked = asked
        self.value = value
        self.times = times
        self.face = np.zeros(n, dtype=np.int64)
        self.creator = np.full(n, -1, dtype=np.int64)
        self.category = np.full(n, -1, dtype=np.int64)
        self.target = np.zeros(n, dtype=np.float32)
        self.quota: list[np.ndarray] = []
        self.most: list[int] = []
        self.over_page: list[bool] = []
        self.sizes = [_MADE, 0, 0, 0]

    def rows(self, at: np.ndarray, name: str, every: np.ndarray, rules: Rules) -> None:
        """The candidates of one kind, at these positions."""
        kind, items = self.asked.catalogue.kinds.get(name), every[at]
        if kind is None:  # things that are no rows of a table
            self.face[at] = items
            return
        self.value[at] *= self.times[at] * heard(self.asked.person.feedback, kind, items)
        creator, category = kind.creator.codes[items], kind.category.codes[items]
        self.face[at] = kind.faces[items] + self.sizes[0]
        self.creator[at] = np.where(creator >= 0, creator + self.sizes[1], -1)
        self.category[at] = np.where(category >= 0, category + self.sizes[2], -1)
        mix = self.asked.mix(kind.name)
        if len(mix):
            self.target[at] = np.where(category >= 0, mix[np.maximum(category, 0)], 0.0)
        for quota in rules.of(kind.name).quotas:
            codes = np.full(len(self.face), -1, dtype=np.int64)
            own = quota.codes[items]
            codes[at] = np.where(own >= 0, own + self.sizes[3], -1)
            self.quota.append(codes)
            self.most.append(quota.most)
            self.over_page.append(quota.page)
            self.sizes[3] += int(quota.codes.max(initial=-1)) + 1
        self.sizes[0] += len(kind)
        self.sizes[1] += len(kind.creator.labels)
        self.sizes[2] += len(kind.category.labels)

    def candidates(
        self, indptr: np.ndarray, pinned: np.ndarray, drafts: Sequence[Draft], entries: np.ndarray,
        kinds: np.ndarray,
    ) -> Candidates:  # fmt: skip
        """All of them, as the kernel takes them."""
        quota = np.stack(self.quota) if self.quota else np.zeros((0, len(self.face)), dtype=np.int64)
        most = {int(number): d.entry.most for number, d in zip(entries, drafts, strict=True)}
        return Candidates(
            indptr=indptr.astype(np.int64),
            face=self.face,
            value=np.maximum(self.value, 0).astype(np.float32),
            creator=self.creator,
            category=self.category,
            target=self.target,
            pinned=pinned,
            quota=np.ascontiguousarray(quota),
            most=np.array(self.most, dtype=np.int64),
            over_page=np.array(self.over_page, dtype=bool),
            weight=np.array([d.entry.weight * d.weight for d in drafts], dtype=np.float32),
            entry=entries,
            kind=kinds,
            place=np.array([d.entry.at or 0 for d in drafts], dtype=np.int64),
            calibrated=np.array([d.calibrated for d in drafts], dtype=bool),
            entry_most=np.array([most.get(i, 1) for i in range(int(entries.max(initial=0)) + 1)], dtype=np.int64),
            sizes=np.array([max(size, 1) for size in self.sizes], dtype=np.int64),
        )
