"""Ctrl-C and budgets that are nearly spent: what is there so far is kept."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import edgewise as ew
from edgewise.models.contract import Budget, Quiet
from edgewise.workflow.fit import Entrant, refit_up_to_present
from edgewise.workflow.interrupt import ending_early


class Told(Quiet):
    """Keeps what is said; interrupts the process when `at` is."""

    def __init__(self, at: str = "") -> None:
        self.lines: list[str] = []
        self.at = at

    def say(self, text: str) -> None:
        self.lines.append(text)
        if self.at and text.startswith(self.at):
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(autouse=True)
def interrupts() -> Iterator[None]:
    """Python's own handler: a test run that was started in the background ignores interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_where_interrupts_are_ignored_they_stay_so() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with ending_early(Budget(1), Told()):
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_the_first_interrupt_ends_the_budget_and_the_second_gives_up() -> None:
    budget, told = Budget(60), Told()
    with pytest.raises(KeyboardInterrupt), ending_early(budget, told):  # noqa: PT012  # it is the second that raises
        part = budget.share(0.5)
        os.kill(os.getpid(), signal.SIGINT)
        assert max(budget.left, part.left) < 0
        assert "best model so far" in told.lines[0]
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_are_left_alone() -> None:
    found: list[Any] = []

    def work() -> None:
        with ending_early(Budget(1), Told()):
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


def sales() -> Any:
    rng = np.random.default_rng(0)
    at = np.datetime64("2024-01-01T00:00:00", "us") + np.sort(
        rng.integers(0, 120 * 86_400, 2_000)
    ) * np.timedelta64(1, "s")
    tables = {
        "people": pa.table({"person_id": np.arange(50)}),
        "sales": pa.table({"person_id": rng.integers(0, 50, 2_000), "at": at, "paid": rng.random(2_000)}),
    }
    graph = ew.Graph.build(ew.open(tables))
    return graph.task("PREDICT SUM(sales.paid, 0, 7, days) FOR EACH people.person_id")


def test_a_fit_that_is_interrupted_is_a_fit() -> None:
    told = Told(at="fitting graph network")
    run = sales().fit(budget="300s", progress=told)
    assert any("best model so far" in line for line in told.lines)
    assert "graph network and trees" in run.facts["not refitted"]
    assert run.predict().num_rows == 50
    assert run.report().to_json()["comparisons"]


def test_a_refit_that_would_go_over_the_budget_is_not_begun() -> None:
    class Model:
        name, refits, notes = "slow", 0, 0

        def refit(self, *args: Any, **more: Any) -> None:
            self.refits += 1

        def know(self, *args: Any) -> None:
            self.notes += 1

    class Split:
        class present:
            graph = spec = None

        every = None

    model, told = Model(), Told()
    slow = Entrant(model, None, 9.0, 9.0, refit_seconds=50.0)  # type: ignore[arg-type]  # stands in for a model
    assert not refit_up_to_present(Split, slow, budget=Budget(40.0), progress=told)  # type: ignore[arg-type]  # likewise
    assert "refitting takes about 50 s" in told.lines[0]
    assert model.notes == 1  # what came true is taken note of
    quick = Entrant(model, None, 9.0, 9.0, refit_seconds=43.0)  # type: ignore[arg-type]  # likewise
    assert refit_up_to_present(Split, quick, budget=Budget(40.0), progress=told)  # type: ignore[arg-type]  # likewise
    assert (model.refits, model.notes) == (1, 1)
