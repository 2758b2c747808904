"""What models keep in a folder: JSON for what was chosen, safetensors for arrays, LightGBM's own text for trees.

Names are given without their ending. Whatever is read raises a `RunError` where a file is missing or damaged.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from edgewise.errors import RunError
from edgewise.models.candidates.evidence import Meetings
from edgewise.tasks.nouns import History

__all__ = [
    "damaged",
    "read_arrays",
    "read_booster",
    "read_history",
    "read_json",
    "read_links",
    "write_arrays",
    "write_booster",
    "write_history",
    "write_json",
    "write_links",
]


def write_json(folder: Path, name: str, content: dict[str, Any]) -> None:
    """Write `name`.json."""
    (folder / f"{name}.json").write_text(json.dumps(content, indent=1), encoding="utf-8")


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Read `name`.json: an object."""
    try:
        content = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(folder, f"{name}.json", error) from error
    if not isinstance(content, dict):
        raise damaged(folder, f"{name}.json", "not an object")
    return content


def write_arrays(folder: Path, name: str, arrays: dict[str, np.ndarray]) -> None:
    """Write `name`.safetensors."""
    save_file({key: np.ascontiguousarray(a) for key, a in arrays.items()}, folder / f"{name}.safetensors")


def read_arrays(folder: Path, name: str) -> dict[str, np.ndarray]:
    """Read `name`.safetensors."""
    try:
        return dict(load_file(folder / f"{name}.safetensors"))
    except (OSError, SafetensorError) as error:
        raise damaged(folder, f"{name}.safetensors", error) from error


def write_history(folder: Path, name: str, history: History | None) -> None:
    """Write a history, if there is one."""
    if history is not None:
        value = np.asarray(history.value)
        write_arrays(folder, name, {"indptr": history.indptr, "at": history.at, "value": value})


def read_history(folder: Path, name: str) -> History | None:
    """Read what `write_history` wrote; None where it wrote nothing."""
    arrays = _arrays_if_any(folder, name, ("indptr", "at", "value"))
    return None if arrays is None else History(arrays[0], arrays[1], arrays[2])


def write_links(folder: Path, name: str, links: Meetings | None) -> None:
    """Write the links that a model keeps, if there are any."""
    if links is not None:
        write_arrays(folder, name, {"left": links.left, "right": links.right, "at": links.at})


def read_links(folder: Path, name: str) -> Meetings | None:
    """Read what `write_links` wrote; None where it wrote nothing."""
    arrays = _arrays_if_any(folder, name, ("left", "right", "at"))
    return None if arrays is None else Meetings(arrays[0], arrays[1], arrays[2])


def write_booster(folder: Path, name: str, booster: lgb.Booster, rounds: int | None = None) -> None:
    """Write `name`.txt: trees as LightGBM's own text, the first `rounds` of them."""
    (folder / f"{name}.txt").write_text(booster.model_to_string(num_iteration=rounds), encoding="utf-8")


def read_booster(folder: Path, name: str) -> lgb.Booster:
    """Read what `write_booster` wrote."""
    try:
        text = (folder / f"{name}.txt").read_text(encoding="utf-8")
        if "end of trees" not in text:
            raise ValueError("the text ends too early")
        return lgb.Booster(model_str=text)
    except (OSError, ValueError, lgb.basic.LightGBMError) as error:
        raise damaged(folder, f"{name}.txt", error) from error


def damaged(folder: Path, file: str, why: object) -> RunError:
    """The error of a model one of whose files cannot be read, and why: an exception, or words."""
    reason = "no such file" if isinstance(why, FileNotFoundError) else getattr(why, "strerror", None) or why
    return RunError(f"the model in '{folder}' is damaged: {file} cannot be read ({reason})", hint="fit it again")


def _arrays_if_any(folder: Path, name: str, keys: tuple[str, ...]) -> list[np.ndarray] | None:
    if not (folder / f"{name}.safetensors").exists():
        return None
    arrays = read_arrays(folder, name)
    try:
        return [arrays[key] for key in keys]
    except KeyError as error:
        raise damaged(folder, f"{name}.safetensors", f"it lacks {error}") from error
