"""Fits started from the pages: one at a time, each in a process of its own that ends with the service."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from edgewise.prediction.folder import check_free
from edgewise.serving.envelope import Refusal
from edgewise.serving.pages.origin import Origin
from edgewise.workflow.budget import parse_budget

__all__ = ["Fit", "Fits"]

_NAME: Final = re.compile(r"[A-Za-z0-9][\w-]{0,59}")
_LINES: Final = 200
_MOST_SECONDS: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Fit:
    """A fit: the name of its run, its query, and the process that does it."""

    tenant: str
    name: str
    query: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def state(self) -> Literal["running", "done", "failed"]:
        """How far it is."""
        code = self.process.poll()
        return "running" if code is None else "done" if code == 0 else "failed"

    @property
    def lines(self) -> list[str]:
        """What it said last."""
        return self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LINES:]


class Fits:
    """The fits of one application, by tenant and name."""

    def __init__(self, command: Callable[[Sequence[str]], list[str]] | None = None) -> None:
        self._fits: dict[tuple[str, str], Fit] = {}
        self._command = command or _own

    def start(self, tenant: str, origin: Origin, name: str, query: str, budget: str) -> Fit:
        """Begin a fit on the tables of the tenant's first run, into a folder beside it.

        Raises:
            Refusal: a name that is none, another fit under way, or a tenant without runs.
            UserError: the folder or the budget will not do.
        """
        if not origin.runs or origin.state is None:
            raise Refusal(409, "these models were not made from runs, so there are no tables to fit on")
        if _NAME.fullmatch(name) is None:
            raise Refusal(422, "that is no name for a run", place="body.name", hint="letters, digits, - and _")
        if any(fit.state == "running" for fit in self._fits.values()):
            raise Refusal(409, "another fit is under way", hint="wait until it is done, or stop it")
        if parse_budget(budget) > _MOST_SECONDS:
            raise Refusal(422, "fits from the pages may take an hour at most", place="body.budget")
        out = origin.runs[0].parent / name
        check_free(out, overwrite=False)
        log = origin.state / "fits" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            command = self._command([str(origin.runs[0]), query, str(out), budget])
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        fit = Fit(tenant, name, query, log, process)
        self._fits[tenant, name] = fit
        return fit

    def of(self, tenant: str) -> list[Fit]:
        """The fits of a tenant, the latest first."""
        return [fit for (owner, _), fit in reversed(self._fits.items()) if owner == tenant]

    def named(self, tenant: str, name: str) -> Fit:
        """A fit by the name of its run.

        Raises:
            Refusal: 404.
        """
        if (tenant, name) not in self._fits:
            raise Refusal(404, f"no fit '{name[:80]}' was started here", hint="runs are listed under Models")
        return self._fits[tenant, name]

    def stop(self, tenant: str, name: str) -> None:
        """End a fit: nothing is written of its run."""
        fit = self.named(tenant, name)
        fit.process.terminate()
        fit.process.wait(timeout=30)

    def close(self) -> None:
        """End what is under way."""
        for fit in self._fits.values():
            if fit.process.poll() is None:
                fit.process.kill()
            fit.process.wait()


def _own(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "edgewise.serving.pages.fitting", *arguments]
