"""What models keep in a folder: JSON for what was chosen, safetensors for arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from edgewise.errors import RunError
from edgewise.tasks.nouns import History

__all__ = ["read_arrays", "read_history", "read_json", "write_arrays", "write_history", "write_json"]


def write_json(folder: Path, name: str, content: Any) -> None:
    """Write `name`.json."""
    (folder / f"{name}.json").write_text(json.dumps(content, indent=1), encoding="utf-8")


def read_json(folder: Path, name: str) -> Any:
    """Read `name`.json.

    Raises:
        RunError: it is missing or damaged.
    """
    try:
        return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"cannot read '{folder / name}.json': {error}", hint="fit again") from error


def write_arrays(folder: Path, name: str, arrays: dict[str, np.ndarray]) -> None:
    """Write `name`.safetensors."""
    save_file({key: np.ascontiguousarray(a) for key, a in arrays.items()}, folder / f"{name}.safetensors")


def read_arrays(folder: Path, name: str) -> dict[str, np.ndarray]:
    """Read `name`.safetensors.

    Raises:
        RunError: it is missing or damaged.
    """
    try:
        return dict(load_file(folder / f"{name}.safetensors"))
    except (OSError, SafetensorError) as error:
        raise RunError(f"cannot read '{folder / name}.safetensors': {error}", hint="fit again") from error


def write_history(folder: Path, name: str, history: History | None) -> None:
    """Write a history, if there is one."""
    if history is not None:
        value = np.asarray(history.value)
        write_arrays(folder, name, {"indptr": history.indptr, "at": history.at, "value": value})


def read_history(folder: Path, name: str) -> History | None:
    """Read what `write_history` wrote; None where it wrote nothing."""
    if not (folder / f"{name}.safetensors").exists():
        return None
    arrays = read_arrays(folder, name)
    return History(arrays["indptr"], arrays["at"], arrays["value"])
