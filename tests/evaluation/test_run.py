"""Whole evaluations: every kind of task, the verdict, the renderings."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from edgewise.errors import InternalError, LabelError, RunError
from edgewise.evaluation import statistics
from edgewise.evaluation.catalogue import CATALOGUE, PRIMARY, primary
from edgewise.evaluation.channels import channel_recall
from edgewise.evaluation.page import page
from edgewise.evaluation.report import FORMAT, Report, number
from edgewise.evaluation.run import evaluate
from edgewise.evaluation.terminal import text
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import Estimated, Labels


def report_of(case, **more: object) -> Report:
    return evaluate(case.spec, case.labels, case.predictions, resamples=100, **more)


def test_every_kind_has_metrics_and_a_winner(case) -> None:
    report = report_of(case)
    assert report.comparisons[0].metric == PRIMARY[case.spec.kind]
    assert report.verdict.outcome == "model"
    assert report.verdict.sentence.startswith("Ours wins: ")
    for comparison in report.comparisons:
        ours = comparison.row("ours").score
        assert math.isfinite(ours.value), comparison.metric
        if math.isfinite(ours.low) and comparison.metric != "interval_nominal":
            assert ours.low - 1e-9 <= ours.value <= ours.high + 1e-9, comparison.metric
    assert {m.key for m in report.metrics} == {c.metric for c in report.comparisons}
    assert all(math.isfinite(next(iter(s.scores.values())).value) for s in report.slices if s.counted > 20)


def test_the_same_again_is_the_same(case) -> None:
    one, other = replace(report_of(case), timing={}), replace(report_of(case), timing={})
    assert one.dumps() == other.dumps()


@pytest.mark.parametrize("kind", ["ranking", "binary"])
def test_what_comes_after_the_anchor_changes_nothing(make_case: Callable, kind: str) -> None:
    """The labels are given, so the rows after the anchor may say anything."""
    case = make_case(kind)
    history, rng = case.spec.history, np.random.default_rng(0)
    after = history.at > case.labels.seeds.at.max()
    assert after.any()
    value = history.value.copy()
    value[after] = rng.permutation(value[after])
    other = replace(case, spec=replace(case.spec, history=replace(history, value=value)))
    assert replace(report_of(case), timing={}).dumps() == replace(report_of(other), timing={}).dumps()


def test_a_report_survives_json(case) -> None:
    report = report_of(case, facts={"ours": {"rounds": 3, "score": float("nan")}})
    found = json.loads(report.dumps())
    assert found["format"] == FORMAT
    assert found["verdict"]["outcome"] == report.verdict.outcome
    again = Report.from_json(found)
    assert again.dumps() == report.dumps()
    assert again.comparison(report.primary) == report.comparison(report.primary)
    assert text(again) == text(report)
    assert page(again) == page(report)


def test_json_of_another_kind_is_refused(make_case: Callable) -> None:
    found = report_of(make_case("binary")).to_json()
    with pytest.raises(RunError, match="format 99"):
        Report.from_json({**found, "format": 99})
    with pytest.raises(RunError, match="damaged"):
        Report.from_json({k: v for k, v in found.items() if k != "metrics"})


def test_a_winning_baseline_is_said_plainly(make_case: Callable) -> None:
    case = make_case("binary", n=800)
    report = report_of(case, model="noisy")
    assert report.verdict.outcome == "baseline"
    assert report.verdict.sentence.startswith("A baseline wins: ours has AUROC")
    assert "clear of zero" in report.verdict.sentence
    assert "A baseline wins" in text(report)
    assert "A baseline wins" in page(report)


def test_equals_are_level_and_one_is_alone(make_case: Callable) -> None:
    case = make_case("regression")
    own = case.predictions["ours"]
    same = evaluate(case.spec, case.labels, {"ours": own, "twin": own}, resamples=50)
    assert same.verdict.outcome == "level"
    alone = evaluate(case.spec, case.labels, {"ours": own}, resamples=50)
    assert alone.verdict.outcome == "alone"
    assert "no baseline" in text(alone)
    assert "<svg" in page(alone)


def test_what_cannot_be_measured_is_said(make_case: Callable) -> None:
    case = make_case("binary", n=20)
    labels = Labels(case.labels.seeds, np.ones(20))
    report = evaluate(case.spec, labels, case.predictions, resamples=50)
    joined = " ".join(report.warnings)
    assert "only 10 entities" in joined
    assert "only 0 labels of the rarer kind" in joined
    assert "not defined on these labels: AUROC" in joined
    assert report.verdict.sentence == "AUROC is not defined on these labels: nobody wins."
    assert "nan" not in text(report).lower()
    assert "nan" not in re.sub(r"<style>.*?</style>", "", page(report), flags=re.S).lower()


def test_seeds_without_labels_are_counted(make_case: Callable) -> None:
    report = report_of(make_case("ranking"))
    empty, counted = report.data["seeds without a label item"], report.counted["map"]
    assert empty > 0
    assert counted == report.data["seeds"] - empty
    assert any("have no label item" in w for w in report.warnings)
    assert any("unknown" in w for w in report.warnings)


def test_wrong_predictions_are_faults(make_case: Callable) -> None:
    case = make_case("regression")
    short = Estimated(np.zeros(3))
    with pytest.raises(InternalError, match="'bad' answered 3 of 120 seeds"):
        evaluate(case.spec, case.labels, {"bad": short})
    with pytest.raises(InternalError, match="not a finite number"):
        evaluate(case.spec, case.labels, {"bad": Estimated(np.full(120, np.nan))})
    with pytest.raises(InternalError, match="cannot answer"):
        evaluate(case.spec, case.labels, make_case("multiclass").predictions)
    with pytest.raises(InternalError, match="no prediction of 'other'"):
        evaluate(case.spec, case.labels, case.predictions, model="other")
    with pytest.raises(LabelError, match="no labels"):
        evaluate(case.spec, case.labels.take(np.array([], dtype=np.int64)), case.predictions)


def test_fewer_resamples_than_asked_for_are_said(make_case: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """A metric whose resamples cost too much gets fewer of them, and the report gives the number drawn."""
    monkeypatch.setattr(statistics, "_COST_LIMIT", 1)
    case = make_case("binary")
    report = evaluate(case.spec, case.labels, case.predictions, resamples=300)
    assert report.comparison("auroc").resamples == 200
    assert report.comparison("log_loss").resamples == 300
    assert "over 300 resamples of entities (AUROC: 200" in text(report, width=200)
    assert Report.from_json(report.to_json()).dumps() == report.dumps()


def test_the_terminal_fits_its_width(case) -> None:
    for width in (60, 100, 140):
        lines = text(report_of(case), width).splitlines()
        assert max(map(len, lines)) <= width
        assert len(lines) < 60
    assert "★ ours" in text(report_of(case))


class Reader(HTMLParser):
    """Checks that tags close in order, and collects what a page would load and how it names its pictures."""

    VOID = frozenset({"meta", "br", "line", "link", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.named: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        self.loads += [str(v) for k, v in attrs if k in ("src", "href", "srcset", "data", "action")]
        if tag in ("script", "link", "iframe", "img"):
            self.loads.append(tag)
        if tag == "svg":
            self.named.append(own.get("aria-label") or "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        return

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone(case) -> None:
    more = {}
    if case.spec.kind is TaskKind.RANKING:
        more["channels"] = channel_recall(case.labels, {"all": case.labels.target})
    html = page(report_of(case, **more))
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    assert reader.loads == []
    assert "://" not in html
    assert "url(" not in html
    assert len(reader.named) >= 3
    assert all(reader.named), "every picture says what it shows"
    assert html.count("<table>") >= len(reader.named) - 2, "the numbers stand behind the pictures"
    assert "prefers-color-scheme: dark" in html


def test_names_are_text_never_markup(make_case: Callable) -> None:
    case = make_case("ranking")
    evil = "<script>alert('1')</script>\"&"
    predictions = {evil: case.predictions["ours"], "b": case.predictions["chance"]}
    spec = replace(case.spec, description=evil)
    report = evaluate(spec, case.labels, predictions, resamples=20, facts={evil: {evil: evil}}, warnings=[evil])
    html = page(report)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "alert" in text(report)


def test_a_model_may_tell_of_its_channels(make_case: Callable) -> None:
    row = {"channel": "repeats", "recall": 0.5, "only": 0.25, "candidates": 40.0}
    report = report_of(
        make_case("ranking"), facts={"ours": {"channels": [row], "rounds": 3}, "chance": {"luck": 1}}
    )
    assert [c.channel for c in report.channels] == ["repeats"]
    assert report.facts == {"ours": {"rounds": 3}, "chance": {"luck": 1}}
    assert "repeats 50.0%" in text(report)


def test_nested_facts_are_laid_flat(make_case: Callable) -> None:
    facts = {"ours": {"plan": {"rounds": [1, 2], "deep": {"on": True, "off": None}}, "long": list(range(40))}}
    html = page(report_of(make_case("regression"), facts=facts))
    for words in ("plan: rounds", "1, 2", "plan: deep", "on yes, off –", "10, 11 and 28 more"):
        assert words in html


def test_brackets_in_names_are_not_styles(make_case: Callable) -> None:
    case = make_case("regression")
    report = evaluate(case.spec, case.labels, {"[red]ours[/red]": case.predictions["ours"]}, resamples=20)
    assert "[red]ours[/red]" in text(report)


def test_the_catalogue_covers_every_kind() -> None:
    assert set(PRIMARY) == set(TaskKind)
    assert all(primary(kind).better for kind in TaskKind)
    assert all(m.key == key for key, m in CATALOGUE.items())


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.12345, "0.1235"), (-0.5, "−0.5000"), (3.14159, "3.142"), (54.321, "54.32"), (543.21, "543.2"),
     (54321.0, "54,321"), (float("nan"), "–"), (None, "–")],
)  # fmt: skip
def test_numbers_are_for_people(value: float | None, words: str) -> None:
    assert number(value) == words
