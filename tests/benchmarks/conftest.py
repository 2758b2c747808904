"""The benchmark is no package that is installed: tests find it, and the scripts of its peers, by path."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
for folder in (ROOT, ROOT / "benchmarks" / "peers"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
