"""A service opens without its large kernel, and takes it when it is compiled."""

import logging
import sys
from threading import enumerate as threads
from types import SimpleNamespace

import pytest

from edgewise.serving import quickening


@pytest.fixture
def opened(monkeypatch):
    """Answers that remember whether they may use the kernel."""

    def open_one(path, *, compiled=True):
        return SimpleNamespace(path=path, compiled=compiled)

    monkeypatch.setattr(quickening, "OnlineAnswers", SimpleNamespace(open=open_one))


def wait():
    for thread in threads():
        if thread.name == "compiling":
            thread.join(30)


def test_a_kernel_on_the_disk_is_used_at_once(opened, monkeypatch, tmp_path):
    monkeypatch.setattr(quickening, "is_compiled", lambda: True)
    monkeypatch.setattr(quickening, "_command", None)  # nothing is started
    assert quickening.open_quickly(tmp_path).compiled


def test_answers_are_given_before_the_kernel_is_compiled(opened, monkeypatch, tmp_path):
    done = tmp_path / "done"
    monkeypatch.setattr(quickening, "is_compiled", done.exists)
    writes = f"import time, pathlib; time.sleep(0.5); pathlib.Path({str(done)!r}).touch()"
    monkeypatch.setattr(quickening, "_command", lambda snapshot: [sys.executable, "-c", writes])
    answers = quickening.open_quickly(tmp_path)
    assert not answers.compiled
    wait()
    assert answers.compiled


def test_a_kernel_that_cannot_be_compiled_is_done_without(opened, monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(quickening, "is_compiled", lambda: False)
    with caplog.at_level(logging.WARNING, "edgewise.serving"):
        answers = quickening.open_quickly(tmp_path / "nowhere")
        wait()
    assert not answers.compiled
    assert "answers stay slower" in caplog.text
