"""What models keep in folders: it comes back as it went, and what is damaged is said once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgewise.errors import RunError
from edgewise.models.candidates.evidence import Meetings
from edgewise.models.files import (
    damaged,
    read_arrays,
    read_booster,
    read_history,
    read_json,
    read_links,
    write_arrays,
    write_history,
    write_json,
    write_links,
)
from edgewise.tasks.nouns import History


def test_links_and_histories_come_back_and_may_be_absent(tmp_path: Path) -> None:
    write_links(tmp_path, "none", None)
    write_history(tmp_path, "none", None)
    assert read_links(tmp_path, "none") is None
    assert read_history(tmp_path, "none") is None
    links = Meetings(np.array([1, 2]), np.array([3, 4]), np.array([5, 6]))
    history = History(np.array([0, 1]), np.array([7]), np.array([1.5]))
    write_links(tmp_path, "links", links)
    write_history(tmp_path, "history", history)
    again, told = read_links(tmp_path, "links"), read_history(tmp_path, "history")
    assert again is not None
    assert told is not None
    np.testing.assert_array_equal(again.right, links.right)
    np.testing.assert_array_equal(told.value, history.value)


@pytest.mark.parametrize("read", [read_arrays, read_booster, read_json])
def test_a_missing_file_is_named_once(tmp_path: Path, read: object) -> None:
    with pytest.raises(RunError) as raised:
        read(tmp_path, "net")  # type: ignore[operator] # each reader takes a folder and a name
    assert str(raised.value).count(str(tmp_path)) == 1
    assert "no such file" in str(raised.value)


def test_damage_is_said(tmp_path: Path) -> None:
    (tmp_path / "net.json").write_text("[1]")
    with pytest.raises(RunError, match="not an object"):
        read_json(tmp_path, "net")
    (tmp_path / "net.safetensors").write_bytes(b"xx")
    with pytest.raises(RunError, match=r"net\.safetensors cannot be read"):
        read_arrays(tmp_path, "net")
    (tmp_path / "net.txt").write_text("tree")
    with pytest.raises(RunError, match="ends too early"):
        read_booster(tmp_path, "net")
    write_arrays(tmp_path, "links", {"left": np.zeros(1)})
    with pytest.raises(RunError, match="it lacks 'right'"):
        read_links(tmp_path, "links")
    write_json(tmp_path, "whole", {"a": 1})
    assert read_json(tmp_path, "whole") == {"a": 1}
    assert "(why)" in str(damaged(tmp_path, "x", "why"))
