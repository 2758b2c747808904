"""A virtual environment for each set of peers, made when first needed, so that nobody's pins touch another's."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

__all__ = ["python_of"]

ROOT: Final = Path(__file__).parents[2]
REQUIREMENTS: Final = ROOT / "benchmarks" / "peers" / "requirements"
VENVS: Final = ROOT / ".cache" / "bench" / "venvs"
#: Installed first where torch is needed: plain `torch` pulls gigabytes for a GPU.
TORCH: Final = "torch==2.13.0"


def python_of(requirements: str | None) -> Path:
    """The interpreter of the environment with these requirements; this one for None.

    The environment is made again when the requirements change.
    """
    if requirements is None:
        return Path(sys.executable)
    file = REQUIREMENTS / f"{requirements}.txt"
    folder = VENVS / requirements
    python, stamp = folder / "bin" / "python", folder / "made-from"
    wanted = hashlib.sha256(file.read_bytes()).hexdigest()
    VENVS.mkdir(parents=True, exist_ok=True)
    with (VENVS / f"{requirements}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two cases that start together make it once
        if not stamp.exists() or stamp.read_text() != wanted:
            _make(folder, python, file)
            stamp.write_text(wanted)
    return python


def _make(folder: Path, python: Path, file: Path) -> None:
    print(f"  making the environment '{folder.name}'", file=sys.stderr, flush=True)
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    if any(line.startswith("torch") for line in file.read_text().splitlines()):
        subprocess.run([*pip, TORCH], check=True)
    subprocess.run([*pip, "-r", str(file)], check=True)
