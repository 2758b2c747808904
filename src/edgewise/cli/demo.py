"""`edgewise demo`: the main job, end to end, on real data."""

from __future__ import annotations

import gc
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgewise.cli.options import AsJson, Quiet, RandomSeed
from edgewise.cli.terminal import Terminal

if TYPE_CHECKING:
    from edgewise.models.contract import Progress
    from edgewise.workflow.graph import Graph

__all__ = ["demo"]


@dataclass(frozen=True, slots=True)
class Question:
    """One query of the demo, and its part of the time budget."""

    name: str
    words: str
    query: str
    share: float


WORLD = "completejourney"
#: The run whose pages are shown: the one that ranks.
SERVED = "baskets"
QUESTIONS = (
    Question(
        "baskets",
        "Which twelve products will each household buy in the next seven days?",
        "PREDICT LIST_DISTINCT(transactions.product_id, 0, 7, days) RANK TOP 12 FOR EACH households.household_id",
        0.5,
    ),
    Question(
        "churn",
        "Which active households will not come back within fourteen days?",
        "PREDICT COUNT(transactions.*, 0, 14, days) = 0 FOR EACH households.household_id"
        " WHERE COUNT(transactions.*, -56, 0, days) > 0",
        0.25,
    ),
    Question(
        "sales",
        "How much will each store sell in the next seven days?",
        "PREDICT SUM(transactions.sales_value, 0, 7, days) FOR EACH stores.store_id",
        0.25,
    ),
)

Out = Annotated[
    Path,
    typer.Option(
        "--out", metavar="FOLDER", help="The folder to write the three runs into; older ones are replaced."
    ),
]
Budget = Annotated[
    int, typer.Option("--seconds", metavar="N", min=10, help="How long the three fits may take together.")
]
NoServe = Annotated[bool, typer.Option("--no-serve", help="End when the runs are written.")]
Port = Annotated[
    int,
    typer.Option(
        "--port", metavar="N", min=1, max=65535, help="The port of the preview; the next free one if it is taken."
    ),
]


def demo(
    out: Out = Path("runs/demo"),
    seconds: Budget = 200,
    random_seed: RandomSeed = 0,
    no_serve: NoServe = False,
    port: Port = 8000,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run the main job on real data: one graph, three queries, three runs, and their preview in a browser.

    Opens The Complete Journey (a year of groceries of 2,469 households), shows the graph found in its tables, and
    fits three queries: the next basket, churn, the sales of each store. Each leaves a run, a report beside its
    baselines, and one answer explained. Then the baskets are served on this machine, and the address of a page
    with any household's homepage is printed; Ctrl+C ends it.
    """
    from edgewise.cli.opening import built
    from edgewise.cli.schema_view import schema_document, show_schema

    began = time.monotonic()
    terminal = Terminal(as_json=as_json, quiet=quiet)
    progress = terminal.progress()
    graph = built(WORLD, None, progress)
    if not as_json:
        show_schema(terminal.out, graph.schema, brief=True)
    answers = [
        _answer(terminal, progress, graph, question, out, seconds * question.share, random_seed)
        for question in QUESTIONS
    ]
    terminal.answer(
        lambda: {"source": WORLD, **schema_document(graph.schema), "answers": answers},
        lambda console: console.print(
            f"\nThe runs are in {out}. What next: edgewise predict {out / 'churn'} --help"
        ),
    )
    terminal.note(f"Took {time.monotonic() - began:.0f} s{_peak_memory()}.")
    if not no_serve:
        del graph  # what the fits read goes before the server reads
        gc.collect()
        _serve(terminal, out / SERVED, port)


def _serve(terminal: Terminal, run: Path, port: int) -> None:
    """Answer on loopback from a run that has just been made, as `edgewise serve RUN --demo --clock data` does."""
    from edgewise.serving.app import make_app
    from edgewise.serving.exploration import Exploration
    from edgewise.serving.opening import open_service, origins_of, served
    from edgewise.serving.server import LOOPBACK, address_of, free_port, run_server
    from edgewise.serving.tenant import settings_of

    tenants = served([str(run)], None)
    settings = settings_of(deadline=1.0, clock="data")
    service = open_service(tenants, settings, Exploration(), 500.0, keys=False, say=terminal.note)
    port = free_port(LOOPBACK, port)
    app = make_app(service, origins=origins_of(tenants))
    where = terminal.err if terminal.as_json else terminal.out

    def ready() -> None:
        where.print(f"\nThe preview: {address_of(LOOPBACK, port)}/preview (Ctrl+C ends it)", soft_wrap=True)
        sys.stdout.flush()

    run_server(app, LOOPBACK, port, ready)


def _peak_memory() -> str:
    """The most memory that this process has held, in words; nothing where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return ""
    unit = 1 if sys.platform == "darwin" else 1024
    return f" and {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9:.1f} GB of memory at most"


def _answer(
    terminal: Terminal,
    progress: Progress,
    graph: Graph,
    question: Question,
    out: Path,
    seconds: float,
    random_seed: int,
) -> dict[str, Any]:
    """Fit one query, show its report and one explanation, and return both as plain values."""
    from edgewise.cli.explain import show_explanation
    from edgewise.evaluation.terminal import show

    if not terminal.as_json:
        terminal.out.rule(question.words)
        terminal.out.print(question.query, markup=False, style="dim")
    gc.collect()  # what the last question read goes before the next one reads
    folder = out / question.name
    run = graph.task(question.query).fit(
        budget=seconds, out=folder, overwrite=True, progress=progress, random_seed=random_seed
    )
    report = run.report()
    explanation = run.explain(run.predict().column("entity")[0].as_py())
    if not terminal.as_json:
        show(report, terminal.out)
        terminal.out.print()
        show_explanation(terminal.out, explanation)
    return {
        "query": question.query,
        "run": str(folder),
        "report": report.to_json(),
        "explanation": explanation.to_json(),
    }
