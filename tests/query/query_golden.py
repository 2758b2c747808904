"""Golden files: the text that a test makes is compared with a file; EDGEWISE_UPDATE=1 writes it instead."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check_golden(name: str, made: str) -> None:
    path = FOLDER / name
    if os.environ.get("EDGEWISE_UPDATE"):
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(made, encoding="utf-8")
    assert path.is_file(), f"no golden file {name}; run with EDGEWISE_UPDATE=1 and read what it writes"
    assert made == path.read_text(encoding="utf-8")
