"""Devices by name, and batches placed by one function."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from edgewise.errors import ArgumentError
from edgewise.training import device as devices
from edgewise.training.device import device_named, device_words, fetched, placed


@dataclass(frozen=True, slots=True)
class Batch:
    x: Tensor
    more: tuple[dict[str, Tensor], ...]
    nothing: None = None


def test_a_gpu_is_taken_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a card")
    assert [device_named(name) for name in devices.DEVICES] == ["cuda", "cpu", "cuda"]
    assert device_words("cuda") == "on the GPU (a card)"


def test_without_a_gpu_auto_is_the_cpu_and_cuda_a_mistake_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_named("auto") == device_named("cpu") == "cpu"
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(ArgumentError, match=r"needs a GPU.*for the CPU alone\nhint: device auto"):
        device_named("cuda")
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    with pytest.raises(ArgumentError, match="driver"):
        device_named("cuda")


def test_a_name_that_is_none_gets_the_nearest() -> None:
    with pytest.raises(ArgumentError, match=r"'cdua' is no device\nhint: did you mean cuda"):
        device_named("cdua")
    with pytest.raises(ArgumentError, match="one of auto, cpu, cuda"):
        device_named("tpu0")


def test_every_tensor_of_a_batch_is_placed() -> None:
    batch = Batch(torch.arange(3), ({"a": torch.ones(2, 2)}, {}))
    moved = placed(batch, "meta")
    assert moved.x.device.type == moved.more[0]["a"].device.type == "meta"
    assert placed(batch, "cpu").x is batch.x
    assert moved.nothing is None


def test_values_are_fetched_as_an_array() -> None:
    found = fetched(torch.ones(2, requires_grad=True) * 2)
    assert isinstance(found, np.ndarray)
    assert found.tolist() == [2.0, 2.0]
