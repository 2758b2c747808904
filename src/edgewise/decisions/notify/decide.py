"""Decide whom to send what, when and on which channel."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from edgewise.clock import HOUR
from edgewise.decisions.decided.nouns import Basis, Decided, Expected, GaveUp
from edgewise.decisions.notify.allocate import allocate
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.features import Features, Moments, local_hour
from edgewise.decisions.notify.fitted import Fitted, fit
from edgewise.decisions.notify.past import Past
from edgewise.decisions.notify.plan import Plan, make_plan, with_care
from edgewise.decisions.notify.reading import read_past
from edgewise.decisions.notify.sequence import Offers
from edgewise.decisions.notify.tables import tables_of
from edgewise.sources.database import Database

__all__ = ["decide"]

_BASIS: Final[dict[str, Basis]] = {
    "randomised": "randomised",
    "propensity": "propensity",
    "association": "association",
}
_Z: Final = 1.645  # of a 90% interval


def decide(db: Database, entry: NotifyEntry, at: int) -> Decided:
    """Plan the sends of the days after `at`; nothing later than `at` is seen.

    Raises:
        SchemaError: the entry names a table or column that does not exist.
        ArgumentError: too little was sent, or too few were not, to learn from.
        Infeasible: the priority messages do not fit what is allowed.
    """
    past = read_past(db, entry, at)
    features = Features(past)
    fitted = fit(past, entry, features)
    plan = make_plan(features, fitted, entry)
    curve = with_care(plan, entry)
    return Decided(
        decision="notify",
        source=db.name,
        at=at,
        settings=entry.model_dump(mode="json")
        | {"multiplier": plan.allocation.price, "elsewhere": plan.menu.offers.elsewhere},
        tables=tables_of(past, entry, plan, curve),
        expects=_expects(features, fitted, entry, plan),
        gave_up=_gave_up(plan, entry),
        notes=_notes(past, fitted, entry, plan),
    )


def _expects(features: Features, fitted: Fitted, entry: NotifyEntry, plan: Plan) -> tuple[Expected, ...]:
    basis = _BASIS[entry.history]
    planned, past = plan.planned, features.past
    weighed = ~planned.settled
    gain = float(planned.gain.sum()) * entry.goal.margin
    spread = 0.0
    if weighed.any():
        rows = np.flatnonzero(weighed)
        hour = local_hour(past, planned.user[rows], planned.at[rows])
        moments = Moments(planned.user[rows], planned.message[rows], planned.channel[rows],
                          np.full(len(rows), past.at + HOUR), hour)  # fmt: skip
        spread = fitted.effect.deviation(features(moments), moments) * entry.goal.margin
    lost = float(planned.risk.sum())
    chance = _Z * float(np.sqrt((planned.risk * (1 - planned.risk)).sum()))
    unit, margin = entry.goal.value or entry.goal.table, entry.goal.margin
    value = float((planned.risk * planned.worth).sum()) * margin
    share = chance / lost if lost > 0 else 0.0
    net, stray = gain - entry.care * value, float(np.hypot(spread, entry.care * value * share / _Z))
    count = float(len(planned))
    return (
        Expected("gain", gain, unit, basis, gain - _Z * spread, gain + _Z * spread),
        Expected("sends", count, "messages", "model", count, count),
        Expected("lost channels", lost, "channels", basis if fitted.hazard else "model",
                 max(lost - chance, 0.0), lost + chance),
        Expected("worth of lost channels", value, unit, "model", max(value * (1 - share), 0.0), value * (1 +
        share)), Expected("net of lost channels", net, unit, basis, net - _Z * stray, net + _Z * stray),
    )  # fmt: skip


def _gave_up(plan: Plan, entry: NotifyEntry) -> tuple[GaveUp, ...]:
    """What there would be more without each constraint, in net gain; those that cost nothing are left out."""
    offers, unit = plan.menu.offers, entry.goal.value or entry.goal.table
    sent, net = plan.allocation.sent, plan.allocation.net
    relaxed = {"spacing": replace(offers, spacing=0), "per_week": _one_more(plan)}
    found = []
    if plan.budget is not None:
        free = allocate(offers, plan.cost, None, entry.care)
        found.append(GaveUp("budget", (free.net - net) * entry.goal.margin, unit,
                            int((free.sent.count > sent.count).sum())))  # fmt: skip
    for name, changed in relaxed.items():
        other = allocate(changed, plan.cost, plan.budget, entry.care, near=plan.allocation.price or None)
        differ = int((other.sent.count != sent.count).sum())
        found.append(GaveUp(name, (other.net - net) * entry.goal.margin, unit, differ))
    if len(plan.apart) and len(plan.menu.users):
        share = len(plan.apart) / len(plan.menu.users)
        found.append(GaveUp("holdout", net * share * entry.goal.margin, unit, len(plan.apart)))
    return tuple(g for g in found if g.value > 1e-9)


def _one_more(plan: Plan) -> Offers:
    """The offers with one more message a week."""
    offers = plan.menu.offers
    last = np.concatenate([offers.effect, offers.effect[:, :, -1:]], axis=2)
    risk = np.concatenate([offers.hazard, offers.hazard[:, :, -1:]], axis=2)
    return replace(offers, effect=last, hazard=risk, cap=offers.cap + 1, caps=offers.caps + 1)


def _notes(past: Past, fitted: Fitted, entry: NotifyEntry, plan: Plan) -> tuple[str, ...]:
    effect, notes = fitted.effect, []
    if entry.history == "association":
        notes.append(
            "Association only: nothing in the tables says that chance decided who was sent what. The gain is what "
            "went with messages in the past, between users that look alike; it need not come from them. Withhold "
            "messages by chance to know."
        )
    elif entry.history == "propensity":
        notes.append(
            "The past was corrected for who was sent what, as far as the tables tell; what they do not hold may "
            "still stand behind it."
        )
    low, high = effect.average - _Z * effect.error, effect.average + _Z * effect.error
    notes.append(
        f"Over {fitted.rows:,} messages sent and not sent, a message changed the goal's value by "
        f"{effect.average:.3g} on average in {entry.goal.days} days (90% interval {low:.3g} to {high:.3g})."
    )
    if fitted.hazard is None:
        notes.append("No table says who left a channel, so sends are not weighed against losing it.")
    elif fitted.ece is not None:
        notes.append(f"Chances of losing a channel are off by {fitted.ece:.4f} on average (calibration error).")
    if entry.consents is None:
        notes.append("No table says who agreed to be written to; everyone was taken to have agreed.")
    if past.users.zones.unknown:
        unknown = ", ".join(past.users.zones.unknown[:3])
        notes.append(f"Unknown time zones were read as UTC: {unknown}.")
    if plan.dropped:
        notes.append(f"{plan.dropped:,} sends found no hour or message left and were dropped.")
    if len(plan.held):
        notes.append(f"Chance held {len(plan.held):,} sends back (explore); `withheld` holds them.")
    if len(plan.planned) == 0:
        notes.append("Nothing is to be sent: no message is current, or none would gain more than it costs.")
    return tuple(notes)
