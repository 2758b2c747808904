"""Run one command and measure it from outside: wall and CPU seconds, and the peak memory of its process tree."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Cost", "measured"]

_EVERY = 0.25  # seconds between two looks at the memory


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took. `cpu_seconds` covers all its descendants; memory is the peak of their summed PSS, in MB.

    PSS counts a page that n processes share as 1/n in each. `load` is the machine's load average of one minute
    before the run and after: wall seconds mean nothing where others worked too, CPU seconds do. The memory is
    looked at four times a second and is 0 where the system does not tell it.
    """

    code: int
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    load: tuple[float, float]


def measured(
    command: Sequence[str], log: Path, *, env: Mapping[str, str] | None = None, timeout: float | None = None
) -> Cost:
    """Run a command, its output into `log`; after `timeout` seconds it is ended, with code 124."""
    before = os.getloadavg()[0]
    began = time.perf_counter()
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env=dict(env) if env else None, start_new_session=True
        )
        peak = [0.0]
        done = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peak, done), daemon=True)
        watcher.start()
        late = threading.Timer(timeout, _end, args=(process.pid,)) if timeout else None
        if late:
            late.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            _end(process.pid)
            process.wait()
            raise
        finally:
            done.set()
            watcher.join()
            if late:
                late.cancel()
    wall = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    process.returncode = code
    code = 124 if timeout and wall >= timeout and code else code
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(code, wall, cpu, peak[0], (before, os.getloadavg()[0]))


def _end(pid: int) -> None:
    """End the process group that `measured` started."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _watch(pid: int, peak: list[float], done: threading.Event) -> None:
    while not done.wait(_EVERY):
        peak[0] = max(peak[0], sum(map(_pss, _tree(pid))) / 1024)


def _tree(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for parent in found:
        try:
            for task in Path(f"/proc/{parent}/task").iterdir():
                found.extend(int(child) for child in (task / "children").read_text().split())
        except OSError:
            continue
    return found


def _pss(pid: int) -> int:
    """Proportional set size in kB; 0 where the process is gone or the system does not tell."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0
