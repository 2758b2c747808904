"""What other tables say of items is read when it is asked for, and held no longer."""

from edgewise.clock import DAY
from edgewise.models.candidates.read import SIGNAL_DAYS, gather, history_meetings, plan_evidence

SINCE = 60 * DAY


def test_signals_are_the_tables_rows_after_the_moment_read_anew(live_shop):
    graph, spec = live_shop.whole()
    history = history_meetings(spec)
    assert history is not None
    signals = gather(graph, spec, plan_evidence(graph, spec, SINCE), history, since=SINCE).signals
    assert list(signals) == ["offers"]

    offers = live_shop.rows["offers"]
    rows = [row for row, at in enumerate(offers["at"]) if at > SINCE - SIGNAL_DAYS * DAY]
    item = graph.vocabulary("items").rows(offers["item_id"])
    store = graph.vocabulary("stores").rows(offers["store_id"])
    slow = [(store[row], item[row], offers["at"][row]) for row in rows]

    said = signals["offers"]
    assert 0 < len(rows) < len(offers["at"])
    assert list(zip(said.left, said.right, said.at, strict=True)) == slow
    assert signals["offers"].at is not said.at
