"""Decisions: what was decided, what it expects and what it gave up; a page for each, and its exports."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import pyarrow as pa
from fastapi import APIRouter, Request, Response

from edgewise.decisions.decided.nouns import Decided
from edgewise.errors import DecisionError
from edgewise.serving.envelope import Refusal
from edgewise.serving.pages.charts.bars import BarChart, Bars
from edgewise.serving.pages.charts.export import chart_csv, chart_svg, table_csv
from edgewise.serving.pages.charts.nouns import Chart
from edgewise.serving.pages.decided import assort, forecast, match, notify, trends
from edgewise.serving.pages.decided.held import Held, held_in, named
from edgewise.serving.pages.decided.nouns import BASIS, DECISIONS, Look, View
from edgewise.serving.pages.frame import PageRoute, Seen, render
from edgewise.serving.pages.origin import Origin, origin_of
from edgewise.serving.routes.given import clean

__all__ = ["router"]

_LOG: Final = logging.getLogger("edgewise.serving")
router = APIRouter(route_class=PageRoute, include_in_schema=False)
_ROWS: Final = 20
_LONGEST: Final = 200
#: A picture is a file with its style in it and no script.
_PICTURE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_VIEWS: Final[Mapping[str, Callable[[Decided, Look], View]]] = {
    "assort": assort.view, "forecast": forecast.view, "match": match.view, "notify": notify.view,
    "trends": trends.view,
}  # fmt: skip


@router.get("/decisions")
async def decisions(request: Request, tenant: Seen) -> Response:
    """All decisions by kind, the latest first; where there is none, the command that makes one."""
    origin = origin_of(request, tenant.name)
    found = await asyncio.to_thread(held_in, origin.decided)
    kinds = {kind: [one for one in found if one.decided and one.decided.decision == kind] for kind in DECISIONS}
    others = [one for one in found if one.decided is None or one.decided.decision not in DECISIONS]
    return render(
        request, "decisions.html.j2", place="decisions", kinds=kinds, others=others, about=DECISIONS, basis=BASIS,
        commands={kind: _command(kind, origin) for kind in DECISIONS},
    )  # fmt: skip


@router.get("/decisions/{name}")
async def decision(request: Request, tenant: Seen, name: str) -> Response:
    """One decision; the address says which part of it to look at."""
    held, decided = await _found(request, tenant.name, name)
    look = _look(request)
    view, wrong = await asyncio.to_thread(_seen, decided, look)
    own = decided.decision if not wrong and decided.decision in _VIEWS else "any"
    return render(
        request, f"decided/{own}.html.j2", place="decisions", held=held, decided=decided, base=_base(held),
        charts={chart.name: chart for chart in view.charts}, query=_query(look), basis=BASIS, wrong=wrong,
        look=look, about=DECISIONS.get(decided.decision, ""), previews=_previews(decided),
        costs=_costs(decided), command=_command(decided.decision, origin_of(request, tenant.name)),
        settings=json.dumps(decided.settings, indent=2, ensure_ascii=False, default=str),
        **{name: value for name, value in view.values.items()},
    )  # fmt: skip


@router.get("/decisions/{name}/tables/{file}")
async def table(request: Request, tenant: Seen, name: str, file: str) -> Response:
    """A whole table of a decision as CSV."""
    held, decided = await _found(request, tenant.name, name)
    found = decided.tables.get(file.removesuffix(".csv"))
    if found is None or not file.endswith(".csv"):
        raise Refusal(404, f"this decision has no table '{file[:100]}'", place="path.file")
    return _file(await asyncio.to_thread(table_csv, found), f"{held.name}-{file}", "text/csv; charset=utf-8")


@router.get("/decisions/{name}/charts/{file}")
async def chart(request: Request, tenant: Seen, name: str, file: str) -> Response:
    """A chart as it stands on the page, as CSV or as SVG."""
    held, decided = await _found(request, tenant.name, name)
    stem, _, kind = file.rpartition(".")
    view, _ = await asyncio.to_thread(_seen, decided, _look(request))
    charts: dict[str, Chart] = {one.name: one for one in (*view.charts, *_costs(decided))}
    if stem not in charts or kind not in ("csv", "svg"):
        raise Refusal(404, f"this decision has no chart '{file[:100]}'", place="path.file")
    if kind == "csv":
        return _file(chart_csv(charts[stem]), f"{held.name}-{file}", "text/csv; charset=utf-8")
    return _file(chart_svg(charts[stem]), f"{held.name}-{file}", "image/svg+xml; charset=utf-8")


async def _found(request: Request, tenant: str, name: str) -> tuple[Held, Decided]:
    """A decision that can be read.

    Raises:
        Refusal: there is none of that name, or it is damaged.
    """
    folder = origin_of(request, tenant).decided
    held = await asyncio.to_thread(named, folder, clean(name, "path.name"))
    if held.decided is None:
        raise Refusal(409, held.wrong, place="path.name", hint="decide again")
    return held, held.decided


def _seen(decided: Decided, look: Look) -> tuple[View, str]:
    """The view of a decision, or why there is none: then its page shows its tables."""
    try:
        return _VIEWS.get(decided.decision, _nothing)(decided, look), ""
    except DecisionError as error:
        return View(), error.message
    except (pa.ArrowException, LookupError, TypeError, ValueError):
        _LOG.exception("a decision of %s has no page", decided.decision)
        return View(), "its tables are not as this version writes them"


def _nothing(_: Decided, __: Look) -> View:
    return View()


def _command(kind: str, origin: Origin) -> str:
    """What makes a decision and writes it where the list finds it."""
    out = Path("decided") / kind if origin.decided is None else origin.decided / kind
    return shlex.join(["edgewise", kind, origin.subject, "--out", str(out)])


def _costs(decided: Decided) -> list[Chart]:
    """What the constraints cost, as bars, where several are said in one unit."""
    units = [one.unit for one in decided.gave_up]
    unit = max(units, key=units.count, default="")
    gave = [one for one in decided.gave_up if one.unit == unit]
    if len(gave) < 2:
        return []
    return [
        BarChart(
            "gave-up", "What the constraints cost", f"How much more there would be without each, in {unit}.",
            [one.constraint for one in gave], [Bars("cost", [one.value for one in gave])], unit, "constraint",
        )
    ]  # fmt: skip


def _previews(decided: Decided) -> dict[str, pa.Table]:
    return {name: found.slice(0, _ROWS) for name, found in decided.tables.items()}


def _look(request: Request) -> dict[str, str]:
    """The parameters of the address, those that are short."""
    return {
        name: value for name, value in list(request.query_params.items())[:20]
        if len(name) <= _LONGEST and len(value) <= _LONGEST and value
    }  # fmt: skip


def _query(look: Look) -> str:
    return f"?{urlencode(look)}" if look else ""


def _base(held: Held) -> str:
    return f"/decisions/{quote(held.name, safe='')}"


def _file(content: bytes | str, name: str, kind: str) -> Response:
    safe = re.sub(r"[^\w.-]", "-", name, flags=re.ASCII)
    body: Any = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    return Response(
        body, media_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="{safe}"', "Content-Security-Policy": _PICTURE_POLICY,
        },
    )  # fmt: skip
