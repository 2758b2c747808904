"""One case: prepare its jobs, run the systems that have not run yet, score everybody, write one JSON file."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.cases.nouns import Case
from benchmarks.harness.environment import ROOT, python_of
from benchmarks.harness.process import measured
from benchmarks.harness.score import Part, compared, pooled
from benchmarks.peers.systems import OURS, SYSTEMS, System

__all__ = ["FORMAT", "RESULTS", "Bench"]

FORMAT: Final = 1
RESULTS: Final = ROOT / "benchmarks" / "results"
CACHE: Final = ROOT / ".cache" / "bench"
PEERS: Final = ROOT / "benchmarks" / "peers"
#: glibc gives large arrays back to the system as soon as they are free, to ask for them again: that slows down
#: whoever trains a transformer on a CPU. Ours runs as users run it.
_MALLOC: Final = {"MALLOC_MMAP_THRESHOLD_": "1000000000", "MALLOC_TRIM_THRESHOLD_": "2000000000"}


@dataclass(frozen=True, slots=True)
class Played:
    """One part: its truth, and what each system answered."""

    part: Part
    predictions: dict[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Bench:
    """A case, with the share of its entities that is kept, and another budget of ours than the case's.

    With either, results go beside the cache, not into the docs.
    """

    case: Case
    sample: float = 1.0
    budget: str | None = None

    @property
    def home(self) -> Path:
        """Where jobs, truth and predictions lie."""
        own = ([] if self.sample == 1 else [f"{self.sample:g}"]) + ([] if self.budget is None else [self.budget])
        return CACHE / "@".join([self.case.name, *own])

    @property
    def file(self) -> Path:
        """The JSON of the results."""
        whole = self.sample == 1 and self.budget is None
        return RESULTS / f"{self.case.name}.json" if whole else self.home / "results.json"

    def job(self, part: str, *, fresh: bool = False) -> Path:
        """The job's folder of a part, written when first needed, or anew."""
        folder = self.home / "jobs" / part
        if fresh or not (folder / "job.json").exists():
            _say(f"preparing {self.case.name} {part}")
            command = ["--case", self.case.name, "--parts", part, "--sample", str(self.sample), "--prepare"]
            command += [] if self.budget is None else ["--budget", self.budget]
            subprocess.run([sys.executable, "-m", "benchmarks.run", *command], cwd=ROOT, check=True)
        return folder

    def prepare(self, part: str) -> None:
        """Write a job's folder and its truth: in a process of its own, whose memory goes with it."""
        folder = self.home / "jobs" / part
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.case.prepare(part, folder, self.truth(part), self.sample)
        said = json.loads((folder / "job.json").read_text())
        if self.sample < 1:  # to try things out: few settings, little time
            said |= {"trials": 2, "tuning_seconds": 60}
            said["ask"]["budget"] = "60s"
        if self.budget is not None:
            said["ask"]["budget"] = self.budget
        (folder / "job.json").write_text(json.dumps(said, indent=1))

    def truth(self, part: str) -> Path:
        """The file of what came true: outside the job's folder, so that no system meets it."""
        return self.home / "truth" / f"{part}.parquet"

    def run(self, systems: Sequence[str], parts: Sequence[str], *, fresh: bool = False) -> None:
        """Run systems on parts, one after another; what is there already is kept unless `fresh`."""
        for part in parts:
            for name in systems:
                if part in self.case.parts_of(name):
                    self._run_one(SYSTEMS[name], part, fresh)

    def _run_one(self, system: System, part: str, fresh: bool) -> None:
        out = self.home / "runs" / part / system.name
        if not fresh and (out / "cost.json").exists():
            before = json.loads((out / "cost.json").read_text()).get("failed", "")
            if not before.startswith("exit"):
                return
        job = self.job(part)
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        python = python_of(system.requirements)
        _say(f"{self.case.name} {part} {system.name} …")
        command = [str(python), str(PEERS / system.script), str(job), str(out), *system.arguments]
        environment = self.environment(system.name, part)
        cost = measured(command, out / "log.txt", env=environment, timeout=system.timeout)
        for scratch in out.glob("cache*"):
            shutil.rmtree(scratch, ignore_errors=True)
        failed = cost.code != 0 or not (out / "predictions.parquet").exists()
        found = {
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
            "wall_seconds": round(cost.wall_seconds, 1), "cpu_seconds": round(cost.cpu_seconds, 1),
            "peak_mb": round(cost.peak_mb), "cores": cores(),
            "load_average": [round(load, 1) for load in cost.load],
        }  # fmt: skip
        if failed:
            found["failed"] = "over its time" if cost.code == 124 else f"exit status {cost.code}"
        (out / "cost.json").write_text(json.dumps(found), encoding="utf-8")
        _say(f"    {json.dumps(found)}" + (f"  see {out / 'log.txt'}" if failed else ""))

    def environment(self, system: str, part: str) -> dict[str, str]:
        """Of a system's process: threads for its cores; what it chose at the part where it was tuned."""
        threads = str(cores())
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        found = {**os.environ, **dict.fromkeys(names, threads), "PYTHONUNBUFFERED": "1"}
        found |= {} if system == OURS else _MALLOC
        first = self.case.tuned_at
        facts = self.home / "runs" / str(first) / system / "facts.json"
        if first in (None, part) or not facts.exists():
            return found
        chosen = json.loads(facts.read_text()).get("chosen")
        return found if chosen is None else {**found, "TUNED_KNOBS": json.dumps(chosen)}

    def score(self) -> dict[str, Any]:
        """Score all that has run and write the JSON."""
        runs = self._runs()
        groups = {"all": self.case.parts()} if self.case.pooled else {p: (p,) for p in self.case.parts()}
        body = {
            "format": FORMAT,
            **self._about(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
            f"{_memory_gb()} GB, Python {platform.python_version()}",
            "systems": {name: self._system(SYSTEMS[name], runs[name]) for name in runs},
            "groups": {
                group: found for group, parts in groups.items() if (found := self._group(runs, parts)) is not None
            },
        }
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return body

    def _about(self) -> dict[str, Any]:
        case = self.case
        return {
            "case": case.name, "title": case.title, "data": case.data, "question": case.question,
            "split": case.split, "k": case.k, "metrics": list(case.metrics), "target": case.target,
            "without_positives": case.without_positives, "sample": self.sample,
            "peers": list(case.peers), "published": [_plain(p) for p in case.published],
        }  # fmt: skip

    def _runs(self) -> dict[str, dict[str, Any]]:
        """By system and part: the cost of every run."""
        found: dict[str, dict[str, Any]] = {}
        for name in (OURS, *self.case.peers):
            for part in self.case.parts():
                file = self.home / "runs" / part / name / "cost.json"
                if file.exists():
                    found.setdefault(name, {})[part] = json.loads(file.read_text())
        return found

    def _system(self, system: System, runs: dict[str, Any]) -> dict[str, Any]:
        facts = {}
        for part in runs:
            file = self.home / "runs" / part / system.name / "facts.json"
            if file.exists():
                facts = json.loads(file.read_text())
                runs[part] |= {key: facts[key] for key in ("chosen", "seconds") if key in facts}
                runs[part]["trials"] = len(facts.get("tried", []))
        return {
            "title": system.title, "tuning": system.tuning, "versions": facts.get("versions", {}), "runs": runs,
        }  # fmt: skip

    def _group(self, runs: dict[str, dict[str, Any]], parts: Sequence[str]) -> dict[str, Any] | None:
        """Scores over parts that ours has run; a system that ran fewer of them is compared on those it ran."""
        done = {
            name: tuple(p for p in parts if p in runs[name] and "failed" not in runs[name][p]) for name in runs
        }
        ran = done.get(OURS) or max(done.values(), key=len, default=())
        if not ran:
            return None
        found = {p: self._part(p, [n for n in done if p in done[n]]) for p in ran}
        whole = [n for n in done if set(done[n]) >= set(ran)]
        scored = self._compare(found, ran, whole)
        fewer = sorted({done[n] for n in done if n not in whole and set(done[n]) & set(ran)})
        for some in fewer:
            both = tuple(p for p in some if p in ran)
            names = [n for n in done if done[n] == some or (n == OURS and n in whole)]
            scored.setdefault("fewer", []).append({"parts": list(both), **self._compare(found, both, names)})
        scored["by_part"] = {p: self._compare(found, (p,), list(found[p].predictions))["scores"] for p in ran}
        scored["by_part"] = {
            p: {m: {n: s["value"] for n, s in of.items()} for m, of in scores.items()}
            for p, scores in scored["by_part"].items()
        }
        return {"parts": list(ran), **scored}

    def _part(self, part: str, systems: Sequence[str]) -> Played:
        said = json.loads((self.job(part) / "job.json").read_text())
        truth = pq.read_table(self.truth(part))
        events = self.job(part) / "events.parquet"
        past = pq.read_table(events, columns=["user", "item"]) if events.exists() else None
        allowed = self.job(part) / "only.parquet"
        only = pq.read_table(allowed) if allowed.exists() else None
        about = Part(said["kind"], truth, past, said["k"], said["exclude_seen"], only)
        home = self.home / "runs" / part
        return Played(about, {n: pq.read_table(home / n / "predictions.parquet") for n in systems})

    def _compare(self, found: dict[str, Played], parts: Sequence[str], systems: Sequence[str]) -> dict[str, Any]:
        several = [found[p].part for p in parts]
        every = {
            n: pooled(several, [found[p].predictions[n] for p in parts], repeats=self.case.repeats)
            for n in systems
        }
        entities = np.concatenate([_keys(p.truth) for p in (several[:1] if self.case.repeats else several)])
        scores, differences = compared(entities, every, self.case.metrics, OURS)
        counted = {m: every[n][m].counted for n in systems[:1] for m in self.case.metrics if m in every[n]}
        seeds = {"seeds": len(entities), "entities": len(np.unique(entities)), "counted": counted}
        return {**seeds, "scores": scores, "ours_ahead_by": differences}


def _keys(truth: pa.Table) -> np.ndarray:
    return np.asarray(truth.column("entity").cast(pa.string()).to_pylist())


def cores() -> int:
    """The cores that this process, and what it starts, may use: `taskset` may leave it fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def _plain(published: Any) -> dict[str, Any]:
    return {name: getattr(published, name) for name in ("system", "metric", "value", "source")}


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
