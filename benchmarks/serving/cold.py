"""What the first start after an installation spends on compiling: opening a snapshot with no compiled code kept.

    python benchmarks/serving/cold.py --snapshot STATE/main/models/NAME [--beside SRC] [--out FILE]

Each way to open it is a process of its own with an empty folder for compiled code, then one that finds it filled;
what counts is processor time. With `--beside`, another version of the package opens the same snapshot.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

OPEN = "from edgewise.prediction.online.answers import OnlineAnswers; OnlineAnswers.open({path!r}{how})"


def seconds(code: str, source: Path | None, kept: str) -> float:
    """Processor time of Python code, compiled code being kept in a folder."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": kept}
    if source is not None:
        environment["PYTHONPATH"] = str(source.resolve())
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit("the snapshot could not be opened")
    return round(used.ru_utime + used.ru_stime, 1)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snapshot", type=Path, required=True, help="what `edgewise serve` made ready")
    parser.add_argument("--beside", type=Path, metavar="SRC", help="another version of the package")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    ways = {"with the kernel": (None, ""), "without the kernel": (None, ", compiled=False")}
    if asked.beside is not None:
        ways["before, with the kernel"] = (asked.beside, "")
    found = {}
    for name, (source, how) in ways.items():
        code = OPEN.format(path=str(asked.snapshot), how=how)
        with tempfile.TemporaryDirectory() as kept:
            found[name] = {"cold_s": seconds(code, source, kept), "warm_s": seconds(code, source, kept)}
    text = json.dumps(found, indent=2)
    print(text)
    if asked.out is not None:
        asked.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
