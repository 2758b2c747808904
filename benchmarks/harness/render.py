"""docs/benchmarks.md, made of the JSON files in benchmarks/results and of nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.cases.table import CASES
from benchmarks.harness.environment import ROOT
from benchmarks.harness.measure import RESULTS
from benchmarks.peers.systems import OURS

from edgewise.evaluation.catalogue import CATALOGUE

__all__ = ["PAGE", "render"]

PAGE: Final = ROOT / "docs" / "benchmarks.md"

#: Wall seconds count where the load average before a run was below this.
_QUIET: Final = 1.5
#: Nor do they where a system had less than this share of one core: it was held up, or stopped for a while.
_AT_WORK: Final = 0.5
_HEAD: Final = Path(__file__).with_name("page.md")


def render(folder: Path = RESULTS) -> str:
    """The page as Markdown."""
    found = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}
    cases = [found[name] for name in CASES if name in found]
    parts = [_HEAD.read_text(encoding="utf-8"), *(_case(case) for case in cases)]
    if cases:
        parts.append(_systems(cases))
    waiting = [case.title for name, case in CASES.items() if name not in found]
    if waiting:
        parts.append(f"## Not yet measured\n\n{', '.join(waiting)}.\n")
    return "\n".join(parts)


def _systems(cases: Sequence[dict[str, Any]]) -> str:
    """What was run, and how it was tuned."""
    every = {name: system for case in cases for name, system in case["systems"].items()}
    rows = [[_title({"systems": every}, name), system["tuning"]] for name, system in every.items()]
    return f"## The systems\n\n{_markdown(['', 'tuning'], rows)}\n"


def _case(case: dict[str, Any]) -> str:
    lines = [
        f"## {case['title']}\n",
        f"{case['data']}. {_sentence(case['question'])} {_sentence(case['split'])} {case['without_positives']} "
        f"To reach: {case['target']}.\n",
    ]
    for name, group in case["groups"].items():
        if name != "all":
            lines.append(f"### {name}\n")
        lines.append(_group(case, group))
    lines.append(f"{_machine(case)}\n")
    return "\n".join(lines)


def _group(case: dict[str, Any], group: dict[str, Any]) -> str:
    metrics = [m for m in case["metrics"] if m in group["scores"]]
    parts = [_table(case, group, metrics), "", _verdict(case, group, metrics[0])]
    for fewer in group.get("fewer", []):
        some = [m for m in metrics if m in fewer["scores"]]
        parts += [f"\nOn {', '.join(fewer['parts'])} alone:\n", _table(case, fewer, some)]
    if len(group["parts"]) > 1:
        parts.append(_by_part(case, group, metrics[0]))
    every = CASES[case["case"]].parts()
    if CASES[case["case"]].pooled and len(group["parts"]) < len(every):
        parts.append(f"\nMeasured so far: {len(group['parts'])} of {len(every)}.")
    return "\n".join(parts) + "\n"


def _by_part(case: dict[str, Any], group: dict[str, Any], metric: str) -> str:
    """The metric that decides, part by part."""
    found = {part: scores[metric] for part, scores in group["by_part"].items()}
    systems = sorted(group["scores"][metric], key=lambda s: list(case["systems"]).index(s))
    best = {part: _best({s: {"value": v} for s, v in scores.items()}, metric) for part, scores in found.items()}
    rows = []
    for system in systems:
        values = {part: scores.get(system) for part, scores in found.items()}
        texts = [
            "" if v is None else f"**{_short(v)}**" if system in best[p] else _short(v) for p, v in values.items()
        ]
        rows.append([_title(case, system), *texts])
    title = CATALOGUE[metric].title(case["k"])
    return f"\n{title} one by one:\n\n{_markdown(['', *found], rows)}"


def _table(case: dict[str, Any], group: dict[str, Any], metrics: Sequence[str]) -> str:
    first = metrics[0]
    scores = group["scores"][first]
    sign = CATALOGUE[first].better
    order = sorted(scores, key=lambda s: -sign * _number(scores[s]["value"], -sign))
    best = {m: _best(group["scores"][m], m) for m in metrics}
    titles = [CATALOGUE[m].title(case["k"]) for m in metrics]
    rows = []
    for system in order:
        values = [_score(group["scores"][m].get(system), system in best[m], m == first) for m in metrics]
        ahead = _ahead(group["ours_ahead_by"].get(first, {}).get(system))
        rows.append(
            [
                _title(case, system),
                *values,
                ahead,
                *_costs(case, system, group.get("parts", [])),
            ]
        )
    for row in case["published"]:
        if row["metric"] in metrics:
            values = [f"{row['value']:g}" if m == row["metric"] else "" for m in metrics]
            rows.append([f"{row['system']}, published [{row['source']}]", *values, "", "", "", ""])
    return _markdown(["", *titles, f"ahead by ({titles[0]})", "CPU s", "wall s", "memory GB"], rows)


def _verdict(case: dict[str, Any], group: dict[str, Any], metric: str) -> str:
    """Who wins, in plain words."""
    scores = {s: v for s, v in group["scores"][metric].items() if v["value"] is not None}
    if OURS not in scores:
        return "Edgewise has not run here yet."
    sign = CATALOGUE[metric].better
    title = CATALOGUE[metric].title(case["k"])
    peers = {s: v for s, v in scores.items() if s != OURS}
    if not peers:
        return "No peer has run here yet."
    best = max(peers, key=lambda s: sign * peers[s]["value"])
    behind = group["ours_ahead_by"][metric][best]
    name = case["systems"][best]["title"]
    share = abs(behind["value"]) / max(abs(peers[best]["value"]), 1e-12)
    if behind["low"] is None or behind["low"] <= 0 <= behind["high"]:
        return f"On {title}, Edgewise and {name} cannot be told apart ({_signed(behind)})."
    if behind["value"] > 0:
        return f"On {title}, Edgewise is best, {share:.1%} beyond {name} ({_signed(behind)})."
    return f"**Edgewise loses here**: {name} is {share:.1%} better on {title} ({_signed(behind)})."


def _best(scores: dict[str, Any], metric: str) -> set[str]:
    sign = CATALOGUE[metric].better
    known = {s: sign * v["value"] for s, v in scores.items() if v["value"] is not None}
    return {s for s, v in known.items() if sign and v == max(known.values())}


def _score(found: dict[str, Any] | None, best: bool, interval: bool) -> str:
    if found is None or found["value"] is None:
        return ""
    value = _short(found["value"])
    text = f"**{value}**" if best else value
    return (
        f"{text} [{_short(found['low'])}, {_short(found['high'])}]"
        if interval and found["low"] is not None
        else text
    )


def _ahead(found: dict[str, Any] | None) -> str:
    if found is None or found["low"] is None:
        return ""
    plain = _signed(found)
    return plain if found["low"] > 0 or found["high"] < 0 else f"{plain}, not told apart"


def _signed(found: dict[str, Any]) -> str:
    return f"{_short(found['value'], '+')} [{_short(found['low'], '+')}, {_short(found['high'], '+')}]"


def _short(value: float, sign: str = "") -> str:
    return f"{value:{sign}.4f}" if abs(value) < 10 else f"{value:{sign}.2f}"


def _costs(case: dict[str, Any], system: str, parts: Sequence[str]) -> list[str]:
    """Mean CPU and wall seconds of a part, wall only where nothing else worked, and the most memory."""
    runs = [r for p, r in case["systems"][system]["runs"].items() if p in parts and "failed" not in r]
    if not runs:
        return ["", "", ""]
    quiet = [
        r["wall_seconds"] for r in runs
        if r["load_average"][0] < _QUIET and r["cpu_seconds"] > _AT_WORK * r["wall_seconds"]
    ]  # fmt: skip
    wall = _seconds(sum(quiet) / len(quiet)) if len(quiet) == len(runs) else ""
    cpu = _seconds(sum(r["cpu_seconds"] for r in runs) / len(runs))
    return [cpu, wall, f"{max(r['peak_mb'] for r in runs) / 1000:.1f}"]


def _seconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _title(case: dict[str, Any], system: str) -> str:
    title = case["systems"][system]["title"]
    return f"*{title}*" if system == OURS else title


def _machine(case: dict[str, Any]) -> str:
    runs = [r for s in case["systems"].values() for r in s["runs"].values()]
    dates = sorted({r["date"] for r in runs})
    busiest = max((max(r["load_average"]) for r in runs), default=0.0)
    failed = [
        f"{s['title']} on {part}: {r['failed']}" for s in case["systems"].values() for part, r in s["runs"].items()
        if "failed" in r
    ]  # fmt: skip
    versions = {k: v for s in case["systems"].values() for k, v in s["versions"].items() if k != "python"}
    named = ", ".join(f"{k} {v}" for k, v in sorted(versions.items()))
    span = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    fewer = sorted({r["cores"] for r in runs if "cores" in r})
    given = f", of which systems had {' or '.join(map(str, fewer))}" if fewer else ""
    text = f"{case['machine']}{given}; load average up to {busiest:.1f}; {span}; {named}."
    return text + (f" Failed: {'; '.join(failed)}." if failed else "")


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _sentence(text: str) -> str:
    if text.startswith("PREDICT"):
        return f"`{text}`."
    return f"{text[0].upper()}{text[1:]}."


def _number(value: float | None, otherwise: float) -> float:
    return float("inf") * otherwise if value is None else value
