"""Where Edgewise keeps what it can make again."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """EDGEWISE_CACHE if set, else `edgewise` in the user's cache folder."""
    if "EDGEWISE_CACHE" in os.environ:
        return Path(os.environ["EDGEWISE_CACHE"]).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "edgewise"
