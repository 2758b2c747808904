"""`edgewise doctor` on a sound installation, and on unsound ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgewise.cli import checkup

Cli = Callable[..., Any]


def test_a_sound_installation(edgewise: Cli) -> None:
    done = edgewise("doctor", "--json", "--quiet")
    assert done.code == 0, done.out
    names = {finding["name"] for finding in done.document["findings"]}
    assert {"python", "torch", "duckdb", "gpu", "cores", "memory", "cache"} <= names
    assert done.err == ""


def test_a_missing_package_has_its_fix(edgewise: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "requires", lambda name: ["nosuchpackage>=2,<3"])
    done = edgewise("doctor", "-q")
    assert done.code == 1
    assert "not installed" in done.out
    assert "fix: pip install 'nosuchpackage<3,>=2'" in done.out


def test_a_version_out_of_range(edgewise: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "requires", lambda name: ["numpy>=99"])
    done = edgewise("doctor", "--json")
    (finding,) = [f for f in done.document["findings"] if f["name"] == "numpy"]
    assert (finding["state"], finding["fix"]) == ("broken", "pip install 'numpy>=99'")


def test_an_optional_package_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise checkup.PackageNotFoundError

    monkeypatch.setattr(checkup, "version", missing)
    finding = checkup._package("adbc-driver-postgresql", ">=1.8", "postgres")
    assert (finding.state, finding.fix) == ("note", "pip install 'edgewise[postgres]'")


def test_a_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused(**_: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(checkup.tempfile, "TemporaryFile", refused)
    finding = checkup._writable("cache", tmp_path / "not" / "there")
    assert finding.state == "broken"
    assert str(tmp_path) in str(finding.fix)


def test_a_check_that_fails_is_a_finding() -> None:
    def broken() -> Any:
        raise OSError("no such device")
        yield

    (finding,) = checkup._guarded(broken)
    assert finding.state == "broken"
    assert "no such device" in finding.found
