"""The files of a saved ranking model: JSON, safetensors, and LightGBM's text."""

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

__all__ = ["read_booster", "read_json", "read_links", "write_booster", "write_json", "write_links"]


def write_json(folder: Path, name: str, content: dict[str, Any]) -> None:
    """Write plain values."""
    (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Read what `write_json` wrote.

    Raises:
        RunError: the file is missing or damaged.
    """
    try:
        content = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(folder, name, error) from None
    if not isinstance(content, dict):
        raise damaged(folder, name, "not an object")
    return content


def write_booster(folder: Path, name: str, booster: lgb.Booster) -> None:
    """Write trees as LightGBM's own text."""
    (folder / name).write_text(booster.model_to_string(), encoding="utf-8")


def read_booster(folder: Path, name: str) -> lgb.Booster:
    """Read what `write_booster` wrote.

    Raises:
        RunError: the file is missing or damaged.
    """
    try:
        text = (folder / name).read_text(encoding="utf-8")
        if "end of trees" not in text:
            raise ValueError("the text ends too early")
        return lgb.Booster(model_str=text)
    except (OSError, ValueError, lgb.basic.LightGBMError) as error:
        raise damaged(folder, name, error) from None


def write_links(folder: Path, name: str, links: Meetings | None) -> None:
    """Write the links that a model keeps; nothing where it keeps none."""
    if links is not None:
        arrays = {"left": links.left, "right": links.right, "at": links.at}
        save_file({key: np.ascontiguousarray(value) for key, value in arrays.items()}, str(folder / name))


def read_links(folder: Path, name: str) -> Meetings | None:
    """Read what `write_links` wrote.

    Raises:
        RunError: the file is damaged.
    """
    if not (folder / name).is_file():
        return None
    try:
        found = load_file(str(folder / name))
        return Meetings(found["left"], found["right"], found["at"])
    except (OSError, KeyError, SafetensorError) as error:
        raise damaged(folder, name, error) from None


def damaged(folder: Path, name: str, why: object) -> RunError:
    """The error of a run whose file cannot be read."""
    return RunError(f"the model in '{folder}' is damaged: {name} cannot be read ({why})", hint="fit the run again")
