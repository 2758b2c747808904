"""Text and history together: what a query finds, the person's own taste deciding between what fits equally."""

from __future__ import annotations

from typing import Final

import numpy as np

from edgewise.decisions.asked import Asked
from edgewise.ids import MISSING
from edgewise.prediction.nouns import Scored

__all__ = ["found"]

#: How much taste and popularity can lift a match, beside how well the words fit.
_TASTE: Final = 0.6
_CROWD: Final = 0.3


def found(asked: Asked, kind: str, text: str, k: int) -> Scored:
    """The k things that a text finds, by words first and by taste among those of like fit."""
    rows, fit = asked.surfaces.texts[kind].search(text)
    rows, fit = rows[: 20 * k], fit[: 20 * k]
    rows, fit = rows[rows < len(asked.catalogue.kinds[kind])], fit[rows < len(asked.catalogue.kinds[kind])]
    if len(rows) == 0:
        return Scored.none(kind)
    score = fit / fit.max()
    worth = asked.worth(kind, rows)
    score = score * (1.0 + _TASTE * worth / max(float(worth.max()), 1e-9))
    crowd = asked.popular(kind).items
    score *= 1.0 + _CROWD * np.isin(rows, crowd)
    top = np.argsort(-score, kind="stable")[:k]
    return Scored(
        kind, rows[top], score[top].astype(np.float32), worth[top], np.zeros(len(top), dtype=np.int16),
        ("searched",), np.full(len(top), MISSING, dtype=np.int64),
    )  # fmt: skip
