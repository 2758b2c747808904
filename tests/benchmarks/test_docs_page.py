"""docs/benchmarks.md is what the results say."""

from __future__ import annotations

from benchmarks.harness.render import PAGE, render


def test_the_page_is_made_from_the_results() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run `make bench-docs`"


def a_case(ours: float, theirs: float) -> dict:
    def spread(value: float) -> dict:
        return {"value": value, "low": value - 0.01, "high": value + 0.01}

    run = {
        "date": "2026-01-01",
        "cpu_seconds": 5.0,
        "wall_seconds": 9.0,
        "peak_mb": 100,
        "load_average": [0.1, 0.2],
    }
    system = {"tuning": "", "versions": {}, "runs": {"a": run}}
    return {
        "case": "next-purchase", "title": "A case", "data": "Data", "question": "what?", "k": 12,
        "metrics": ["map"],
        "split": "by time", "target": "best", "without_positives": "", "published": [], "machine": "a machine",
        "systems": {"edgewise": {**system, "title": "Edgewise"}, "frequency": {**system, "title": "frequency"}},
        "groups": {"all": {
            "parts": ["a"],
            "scores": {"map": {"edgewise": spread(ours), "frequency": spread(theirs)}},
            "ours_ahead_by": {"map": {"frequency": spread(ours - theirs)}},
        }},
    }  # fmt: skip


def test_a_peer_that_wins_is_shown_winning(tmp_path) -> None:
    import json

    (tmp_path / "next-purchase.json").write_text(json.dumps(a_case(0.1, 0.2)))
    page = render(tmp_path)
    assert "**Edgewise loses here**: frequency is 50.0% better on MAP@12" in page
    assert page.index("| frequency | **0.2000**") < page.index("| *Edgewise* | 0.1000")


def test_what_cannot_be_told_apart_is_said_so(tmp_path) -> None:
    import json

    (tmp_path / "next-purchase.json").write_text(json.dumps(a_case(0.201, 0.2)))
    assert "cannot be told apart" in render(tmp_path)
