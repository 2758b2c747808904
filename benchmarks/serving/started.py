"""`edgewise serve` as a process of its own, for the time of a measurement."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

__all__ = ["Started", "started"]


@dataclass(frozen=True, slots=True)
class Started:
    """A service that runs, and the processes that it began."""

    url: str
    process: subprocess.Popen[bytes]

    def _all(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            first = psutil.Process(self.process.pid)
            return [first, *first.children(recursive=True)]
        return []

    def cpu(self) -> float:
        """Seconds of processor time used so far, readers included."""
        used = 0.0
        for one in self._all():
            with contextlib.suppress(psutil.Error):
                times = one.cpu_times()
                used += times.user + times.system
        return used

    def memory(self) -> float:
        """Megabytes of their own, readers included: without files that are mapped, which the system may drop."""
        found = 0.0
        for one in self._all():
            with contextlib.suppress(psutil.Error):
                held = one.memory_info()
                found += (held.rss - held.shared) / 2**20
        return found

    def readers(self) -> int:
        """How many readers answer."""
        with contextlib.suppress(httpx2.HTTPError):
            for line in httpx2.get(f"{self.url}/metrics").text.splitlines():
                if line.startswith("edgewise_state{") and 'what="readers"' in line:
                    return int(float(line.split()[-1]))
        return 0

    def ready(self, readers: int = 0) -> None:
        """Wait until it answers, and so many readers do."""
        for _ in range(2_400):
            with contextlib.suppress(httpx2.HTTPError):
                if httpx2.get(f"{self.url}/readyz").status_code == 200 and self.readers() >= readers:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.5)
        raise SystemExit("the service has ended, or does not begin")


@contextlib.contextmanager
def started(
    runs: Sequence[str], port: int, options: Sequence[str] = (), *, made_ready: Path | None = None,
    source: Path | None = None,
) -> Iterator[Started]:  # fmt: skip
    """Serve some runs without keys; killed at the end, with what it logged.

    Args:
        runs: what to serve.
        port: where.
        options: further ones of `edgewise serve`.
        made_ready: a state folder in which the runs are made ready, so that this is done once.
        source: the `src` folder of another version of the package.
    """
    with tempfile.TemporaryDirectory() as state:
        if made_ready is not None:
            models = made_ready / "main" / "models"
            models.mkdir(parents=True, exist_ok=True)
            (Path(state) / "main").mkdir()
            (Path(state) / "main" / "models").symlink_to(models.resolve())
        said = ["--demo", "--clock", "data", "--port", str(port), "--state", state, "--rate", "100000", *options]
        command = [sys.executable, "-m", "edgewise", "serve", *runs, *said]
        environment = dict(os.environ) if source is None else {**os.environ, "PYTHONPATH": str(source.resolve())}
        process = subprocess.Popen(command, stdout=sys.stderr, env=environment)
        try:
            yield Started(f"http://127.0.0.1:{port}", process)
        finally:
            process.kill()  # what it would keep for the next start is of no use
            process.wait()
            time.sleep(1.0)  # its readers end when they see that
