"""Where networks compute: the processor, or a GPU where there is one.

    device = device_named("auto")                  # "cuda" where there is a GPU, else "cpu"
    module.to(device)
    logits = module(placed(batch, device))         # batches are made on the CPU and placed by this one function
    scores = fetched(logits)                       # and what comes out is fetched by this one

Trees, state, candidates and sampling stay on the CPU: only networks move.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from edgewise.errors import ArgumentError, proposal

if TYPE_CHECKING:
    import torch

__all__ = ["DEVICES", "device_named", "device_words", "fetched", "placed"]

#: What can be asked for.
DEVICES: Final = ("auto", "cpu", "cuda")

Batch = TypeVar("Batch")


def device_named(name: str) -> str:
    """`cpu`, or `cuda` where there is a GPU; `auto` is the GPU where there is one.

    Raises:
        ArgumentError: no device has that name; or it is `cuda`, and torch finds no GPU.
    """
    if name not in DEVICES:
        hint = proposal(name, DEVICES, f"one of {', '.join(DEVICES)}")
        raise ArgumentError(f"'{name}' is no device", hint=hint)
    if name == "cpu":
        return name
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if name == "auto":
        return "cpu"
    built = torch.version.cuda is not None
    why = "torch finds none (is its driver there?)" if built else "this build of torch is for the CPU alone"
    raise ArgumentError(
        f"device 'cuda' needs a GPU, and {why}", hint="device auto takes a GPU where there is one, else the CPU"
    )


def device_words(device: str) -> str:
    """A device in words, for the plan of a fit."""
    if device != "cuda":
        return "on the CPU"
    import torch

    return f"on the GPU ({torch.cuda.get_device_name()})"


def placed(batch: Batch, device: str | torch.device) -> Batch:
    """The same batch, every tensor in it on `device`: a tensor, or a dataclass, dict or tuple of such things."""
    import torch

    found: Any = batch
    if isinstance(found, torch.Tensor):
        found = found.to(device)
    elif is_dataclass(found) and not isinstance(found, type):
        found = type(found)(**{f.name: placed(getattr(found, f.name), device) for f in fields(found)})
    elif isinstance(found, dict):
        found = {key: placed(value, device) for key, value in found.items()}
    elif isinstance(found, tuple):
        found = tuple(placed(value, device) for value in found)
    return found


def fetched(tensor: torch.Tensor) -> np.ndarray:
    """A tensor's values as an array on the CPU, of the tensor's shape."""
    return tensor.detach().cpu().numpy()
