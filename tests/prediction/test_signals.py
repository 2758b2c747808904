"""What other tables say of items is read when it is asked for, and held no longer."""

from collections.abc import Mapping
from dataclasses import replace

from edgewise.clock import DAY
from edgewise.models.candidates.asof import AsOf
from edgewise.models.candidates.read import SIGNAL_DAYS, gather, history_meetings, plan_evidence

SINCE = 60 * DAY


class Counted(Mapping):
    """Signals that count how often they are read."""

    def __init__(self, signals):
        self.signals, self.read = signals, 0

    def __getitem__(self, table):
        self.read += 1
        return self.signals[table]

    def __iter__(self):
        return iter(self.signals)

    def __len__(self):
        return len(self.signals)


def evidence_of(live_shop):
    graph, spec = live_shop.whole()
    return graph, gather(graph, spec, plan_evidence(graph, spec, SINCE), history_meetings(spec), since=SINCE)


def test_signals_are_the_tables_rows_after_the_moment_read_anew(live_shop):
    graph, evidence = evidence_of(live_shop)
    signals = evidence.signals
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


def test_a_timeline_reads_its_signals_once(live_shop):
    evidence = evidence_of(live_shop)[1]
    counted = Counted(evidence.signals)
    asof = AsOf(replace(evidence, signals=counted))
    assert asof.signal("offers") is asof.signal("offers")
    assert counted.read == 1
