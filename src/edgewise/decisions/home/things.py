"""A candidate of a draft as the thing that people see."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from edgewise.decisions.asked import Asked
from edgewise.decisions.home.draft import Draft
from edgewise.decisions.home.nouns import Thing
from edgewise.decisions.words import reason

__all__ = ["things_of", "titled"]


def things_of(
    asked: Asked,
    draft: Draft,
    positions: Int64[np.ndarray, " n"],
    values: Float32[np.ndarray, " n"],
    chances: Float64[np.ndarray, " n"],
    pinned: Bool[np.ndarray, " n"],
) -> tuple[Thing, ...]:
    """The candidates of a draft at some positions, with their words; `chances` are their propensities."""
    items, led, channel = draft.items[positions], draft.because[positions], draft.channel[positions]
    every = zip(
        positions.tolist(), items.tolist(), led.tolist(), channel.tolist(), values.tolist(), chances.tolist(),
        pinned.tolist(), strict=True,
    )  # fmt: skip
    if draft.titles is not None:
        why = f"{draft.title}."
        return tuple(
            Thing(draft.kind, item, draft.titles[i], value, why, _channel(draft, c), propensity=chance)
            for i, item, _, c, value, chance, _ in every
        )
    kind, source = asked.catalogue.kinds[draft.kind], asked.catalogue.kinds.get(draft.because_kind)
    known = 0 if source is None else len(source)  # a row that came since has no words yet
    made = []
    for _, item, row, c, value, chance, pin in every:
        because = (draft.because_kind, row) if 0 <= row < known else None
        why = reason(asked, kind, item, _channel(draft, c), because, draft.attribute)
        rule = _pin(asked, draft, item) if pin else ""
        made.append(
            Thing(
                draft.kind, item, kind.title(item), value, why, _channel(draft, c), because, draft.attribute,
                chance, rule,
            )
        )  # fmt: skip
    return tuple(made)


def _channel(draft: Draft, code: int) -> str:
    return draft.channels[code] if draft.channels else ""


def titled(draft: Draft) -> str:
    """The title of a draft, its words filled in."""
    return (draft.entry.title or draft.title).format_map(_Words(draft.words))


class _Words(dict[str, str]):
    """Words for a title; a place that has none stays as it is written."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _pin(asked: Asked, draft: Draft, item: int) -> str:
    pins = asked.surfaces.rules.of(draft.kind).pins
    return next((p.name for p in pins if p.shelf == draft.entry.shelf and item in p.rows), "")
