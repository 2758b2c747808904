"""Run folders appear whole or not at all, and nothing else is ever overwritten."""

import json

import pytest

from edgewise.errors import RunError
from edgewise.prediction.folder import FORMAT, MANIFEST, new_folder, read_manifest, write_json


def write(path, content=None, overwrite=False):
    with new_folder(path, overwrite=overwrite) as folder:
        write_json(folder / MANIFEST, content or {"format": FORMAT})


def test_a_folder_appears_when_all_went_well(tmp_path):
    write(tmp_path / "deep" / "run")
    assert read_manifest(tmp_path / "deep" / "run") == {"format": FORMAT}
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["run"]


def test_a_failure_leaves_nothing_behind(tmp_path):
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "run") as folder:
        (folder / "half").write_text(str(1 // 0))
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_the_old_run(tmp_path):
    write(tmp_path / "run", {"format": FORMAT, "old": True})
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "run", overwrite=True):
        raise ZeroDivisionError
    assert read_manifest(tmp_path / "run")["old"] is True


def test_runs_are_replaced_only_when_asked(tmp_path):
    write(tmp_path / "run")
    with pytest.raises(RunError, match="there is a run in"):
        write(tmp_path / "run")
    write(tmp_path / "run", {"format": FORMAT, "new": True}, overwrite=True)
    assert read_manifest(tmp_path / "run")["new"] is True
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_what_is_no_run_is_never_replaced(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("years of work")
    with pytest.raises(RunError, match="is not a run: it is left as it is"):
        write(tmp_path / "run", overwrite=True)
    assert (tmp_path / "run" / "thesis.txt").read_text() == "years of work"


def test_what_cannot_be_read_is_said(tmp_path):
    write(tmp_path / "good")
    with pytest.raises(RunError, match=r"there is no run in .*\nhint: runs in .*: good"):
        read_manifest(tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="is a folder but not a run"):
        read_manifest(tmp_path / "empty")
    (tmp_path / "good" / MANIFEST).write_text("{")
    with pytest.raises(RunError, match="is not JSON"):
        read_manifest(tmp_path / "good")
    (tmp_path / "good" / MANIFEST).write_text(json.dumps({"format": 99}))
    with pytest.raises(RunError, match="has format 99"):
        read_manifest(tmp_path / "good")
