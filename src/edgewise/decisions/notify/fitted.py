"""Everything that is learnt from the past before a decision: what messages are worth and risk."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgewise.clock import DAY, NEVER
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.features import Features
from edgewise.decisions.notify.past import Past
from edgewise.decisions.notify.trial import make_trial
from edgewise.decisions.notify.worth import Effect, Hazard, fit_effect, fit_hazard
from edgewise.evaluation.reliability import calibration_error

__all__ = ["Fitted", "fit"]

#: Sends within so few hours of the day carry a date rather than a time: they say nothing of hours.
_DATES = 2


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was learnt. `hours` are those of a user's own day at which something was ever sent; `ece` is the
    error of the hazard's calibration on users that its trees never saw, None where nobody left."""

    effect: Effect
    hazard: Hazard | None
    hours: list[int]
    ece: float | None
    rows: int

    def on(self, past: Past) -> Fitted:
        """The same, to be asked about another past's rows."""
        return replace(self, effect=self.effect.on(past))


def fit(past: Past, entry: NotifyEntry, features: Features | None = None) -> Fitted:
    """Learn from the past.

    Raises:
        ArgumentError: too little was sent, or too few were not.
    """
    features = features or Features(past)
    trial = make_trial(entry, features)
    effect = fit_effect(trial, features, entry.random_seed)
    settled = max((given.days for given in entry.unsubscribes), default=2) * DAY
    told = np.flatnonzero(trial.sent & (trial.at < past.at - settled))
    lost = trial.left[told] < NEVER
    hazard, ece = None, None
    if entry.unsubscribes:
        part = trial.of(told)
        hazard = fit_hazard(part.x, lost, part.fold, part.user, features, entry.random_seed)
        held = np.asarray(hazard.map(np.clip(hazard.trees.held(part.x, part.fold), 1e-9, 1 - 1e-9)))
        ece = calibration_error(lost.astype(np.float64), held).value()
    column = features.names.index("hour")
    count = np.bincount(trial.x[trial.sent, column].astype(np.int64), minlength=24)
    seen = [h for h in range(24) if count[h] >= 0.004 * count.sum()]
    hours = seen if len(seen) > _DATES else list(range(24))
    return Fitted(effect, hazard, hours, ece, len(trial.user))
