"""Assortments of Complete Journey: what share of each store's demand a set of the same size covers.

    python -m benchmarks.decisions.assort covered [--out benchmarks/results/assort.json]
    python -m benchmarks.decisions.assort young           new stores on the validation origins, to choose by
    python -m benchmarks.decisions.assort solved          every store with 2,000 candidates: seconds, proven gaps
    python -m benchmarks.decisions.assort instead         what is bought when an article is gone for good

`covered`: at each origin a set is chosen for each store from the sales up to it and measured on the 28 days after.
Variants of the peers are chosen on the validation origins, by the mean of all sizes; figures are of the
test origins. `all demand` is the share of all purchases; `stores alike` the mean over stores of each one's share.
Intervals (95%) resample stores, a store's origins together, and pair ours with the best of the peers.
`new` stores: of three in ten, drawn by chance at each origin, everything sold more than a week (or at all) before
the origin is hidden, from ours and from the peers.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.decisions.assort_instead import measure_instead
from benchmarks.decisions.assort_peers import PEERS

import edgewise
from edgewise.clock import DAY, to_micros
from edgewise.decisions.assort.decide import store_plans
from edgewise.decisions.assort.entry import AssortEntry
from edgewise.decisions.assort.expect import forecast
from edgewise.decisions.assort.facts import Facts, read_facts
from edgewise.decisions.assort.instead import instead_of
from edgewise.decisions.assort.propose import propose
from edgewise.decisions.assort.terms import chain_terms

VALIDATION = ("2017-07-03", "2017-07-31")
TEST = ("2017-09-04", "2017-10-02", "2017-10-30", "2017-11-27")
SIZES = (50, 100, 300, 1000)
#: Groups of stores by how much they sold before the origin.
GROUPS = {"sold under 1,000": (0, 1000), "1,000 to 10,000": (1000, 10_000), "over 10,000": (10_000, 10**9)}
#: What of a new store's past is seen: days before the origin.
SEEN = {"new, no past": 0, "new, a week's past": 7}
HIDDEN, RESAMPLES = 0.3, 2000
OURS = "ours"


def lists_of(facts: Facts, entry: AssortEntry, families: dict[str, Any]) -> dict[str, np.ndarray]:
    """By policy, the articles of each store, best first, as many as the largest size."""
    size = max(SIZES)
    made = forecast(facts, chain_terms(entry, facts))
    order = np.argsort(-made.expected, axis=1, kind="stable")[:, :size]
    ours = {OURS: np.take_along_axis(made.candidates, order, axis=1)}
    return ours | {name: family(facts, size) for name, family in families.items()}


def covered(lists: np.ndarray, after: Facts) -> np.ndarray:
    """Purchases of the weeks after, by store and size, of what the set holds."""
    sales, found = after.sales, np.zeros((len(lists), len(SIZES)))
    place = np.full((len(lists), len(after.articles)), max(SIZES), dtype=np.int16)
    place[np.arange(len(lists))[:, None], lists] = np.arange(lists.shape[1], dtype=np.int16)
    at = place[sales.store, sales.article]
    for i, size in enumerate(SIZES):
        found[:, i] = np.bincount(sales.store, sales.amount * (at < size), len(lists))
    return found


def seen_at(facts: Facts, origin: int, parts: tuple[str, ...]) -> Iterator[tuple[str, Facts, np.ndarray]]:
    """What is visible at an origin, whole or with some stores' past hidden, and which stores are measured."""
    then = facts.as_of(origin)
    if "" in parts:
        yield "", then, np.ones(len(facts.stores), dtype=bool)
    hidden = np.random.default_rng(origin // DAY).random(len(facts.stores)) < HIDDEN
    for name in [part for part in parts if part]:
        days = SEEN[name]
        keep = ~hidden[then.sales.store] | (then.sales.time > origin - days * DAY)
        yield name, replace(then, sales=then.sales.where(keep)), hidden


def collect(
    facts: Facts, entry: AssortEntry, origins: tuple[str, ...], families: dict[str, Any], parts: tuple[str, ...]
) -> list[dict]:
    """One record an origin and slice: what each policy covers by store and size, and what was sold."""
    records = []
    for origin in map(to_micros, origins):
        after = replace(facts, sales=facts.sales.between(origin, origin + entry.days * DAY))
        sold = np.bincount(after.sales.store, after.sales.amount, len(facts.stores))
        past = np.bincount(facts.as_of(origin).sales.store, minlength=len(facts.stores))
        for name, then, measured in seen_at(facts, origin, parts):
            began = time.perf_counter()
            found = {who: covered(lists, after) for who, lists in lists_of(then, entry, families).items()}
            records.append({"slice": name, "sold": sold * measured, "past": past, "covered": found})
            print(f"{origin // DAY} {name or 'all stores'}: {time.perf_counter() - began:.0f} s", flush=True)
    return records


def chosen_on(records: list[dict]) -> dict[str, str]:
    """Of each family of peers, the variant that covers most on the validation origins, over all sizes."""
    whole = [r for r in records if r["slice"] == ""]
    best = {}
    for family, variants in PEERS.items():
        of = {v: sum(shares(r["covered"][f"{family}, {v}"], r["sold"]) for r in whole) for v in variants}
        best[family] = max(of, key=lambda v: of[v])
    return best


def shares(found: np.ndarray, sold: np.ndarray) -> float:
    """The covered share of all demand, a mean over sizes."""
    return float((found[sold > 0].sum(axis=0) / sold.sum()).mean())


def figures(records: list[dict], who: list[str]) -> dict[str, Any]:
    """By slice, size and measure: each policy's share, and ours less the best peer's with its interval."""
    table: dict[str, Any] = {}
    slices = {("all stores", ""): (0, 10**9)} | {(name, ""): ends for name, ends in GROUPS.items()}
    slices |= {(name, name): (0, 10**9) for name in SEEN}
    parts = {r["slice"] for r in records}
    slices = {key: ends for key, ends in slices.items() if key[1] in parts}
    for (label, part), (low, high) in slices.items():
        of = [r for r in records if r["slice"] == part]
        kept = [(r["past"] >= low) & (r["past"] < high) for r in of]
        sold = np.sum([r["sold"] * k for r, k in zip(of, kept, strict=True)], axis=0)
        stores = np.flatnonzero(sold > 0)
        table[label] = {"stores": len(stores), "purchases": int(sold.sum())}
        for i, size in enumerate(SIZES):
            found = {
                name: np.sum(
                    [r["covered"][name][:, i] * k * (r["sold"] > 0) for r, k in zip(of, kept, strict=True)], axis=0
                )
                for name in who
            }
            table[label][str(size)] = compared({n: f[stores] for n, f in found.items()}, sold[stores])
    return table


def held(record: dict, policy: str, size: int) -> np.ndarray:
    """What a policy covers in the stores that are measured."""
    return record["covered"][policy][:, size] * (record["sold"] > 0)


def compared(found: dict[str, np.ndarray], sold: np.ndarray) -> dict[str, Any]:
    """Both measures of each policy, and the paired difference to the best peer."""
    rng = np.random.default_rng(0)
    counts = rng.multinomial(len(sold), np.full(len(sold), 1 / len(sold)), size=RESAMPLES).astype(float)
    both = {}
    for measure in ("all demand", "stores alike"):
        weight = np.ones(len(sold)) if measure == "all demand" else 1.0 / sold
        base = sold * weight
        share = {name: float((f * weight).sum() / base.sum()) for name, f in found.items()}
        peer = max((n for n in share if n != OURS), key=lambda n: share[n])
        drawn = (counts @ ((found[OURS] - found[peer]) * weight)) / (counts @ base)
        low, high = np.quantile(drawn, [0.025, 0.975])
        both[measure] = {n: round(s, 4) for n, s in share.items()} | {
            "best peer": peer,
            "ours less it": [round(float(x), 4) for x in (share[OURS] - share[peer], low, high)],
        }
    return both


def measure_covered(facts: Facts, entry: AssortEntry) -> dict[str, Any]:
    """Choose the peers' variants on validation, then measure on test."""
    variants = {f"{family}, {v}": make for family, of in PEERS.items() for v, make in of.items()}
    before = collect(facts, entry, VALIDATION, variants, ("",))
    best = chosen_on(before)
    families = {family: PEERS[family][variant] for family, variant in best.items()}
    for record in before:
        for family, variant in best.items():
            record["covered"][family] = record["covered"][f"{family}, {variant}"]
    who = [OURS, *families]
    records = collect(facts, entry, TEST, families, ("", *SEEN))
    return {"chosen": best, "validation": figures(before, who), "test": figures(records, who)}


def measure_young(facts: Facts, entry: AssortEntry) -> dict[str, Any]:
    """New stores on the validation origins, beside the chain's best-sellers of a quarter, their hardest peer."""
    families = {"chain best-sellers": PEERS["chain best-sellers"]["91 days"]}
    return figures(collect(facts, entry, VALIDATION, families, tuple(SEEN)), [OURS, *families])


def measure_solved(facts: Facts, entry: AssortEntry) -> dict[str, Any]:
    """Plans for all stores at the last test origin, under terms of every kind: how long, how near to the best."""
    then = facts.as_of(to_micros(TEST[-1]))
    found = {}
    for name, settings in {
        "space": {},
        "space, categories and changes": {"category_most": 12, "changes": 0.2},
    }.items():
        terms = chain_terms(entry.model_copy(update=settings), then)
        began, cpu = time.perf_counter(), time.process_time()
        instead, made = instead_of(then, terms), forecast(then, terms)
        ready, ready_cpu = time.perf_counter(), time.process_time()
        plans = store_plans(then, terms, instead, made)
        gaps = np.array([plan.plan.gap for plan in plans])
        found[name] = {
            "stores": len(plans), "candidates": int(made.candidates.shape[1]),
            "seconds to expect": round(ready - began, 1), "processor seconds to expect": round(ready_cpu - cpu, 1),
            "seconds to solve": round(time.perf_counter() - ready, 1),
            "processor seconds to solve": round(time.process_time() - ready_cpu, 1),
            "largest gap": round(float(gaps.max()), 5), "mean gap": round(float(gaps.mean()), 5),
            "within 1%": int((gaps <= 0.01).sum()),
        }  # fmt: skip
        print(name, found[name], flush=True)
    return found


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["covered", "young", "solved", "instead"], nargs="+")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/assort.json"))
    asked = parser.parse_args()
    database = edgewise.open("completejourney")
    entry = propose(database.schema)
    facts = read_facts(database, entry, to_micros("2018-01-02"))
    measures = {
        "covered": measure_covered, "young": measure_young, "solved": measure_solved, "instead": measure_instead,
    }  # fmt: skip
    for what in asked.what:
        found = measures[what](facts, entry)
        print(json.dumps(found, indent=1))
        kept = json.loads(asked.out.read_text()) if asked.out.is_file() else {}
        asked.out.write_text(json.dumps(kept | {what: found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
