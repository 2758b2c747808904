"""Exit codes, streams and the error envelope: what every command line has in common."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgewise.cli import checkup, main
from edgewise.errors import QueryError, SourceError

Cli = Callable[..., Any]


def failing_with(error: BaseException) -> Callable[[], Any]:
    def checkup_that_fails() -> Any:
        raise error

    return checkup_that_fails


def test_version(edgewise: Cli) -> None:
    done = edgewise("--version")
    assert done.code == 0
    assert done.out.startswith("edgewise 0.")


def test_no_arguments_show_the_help(edgewise: Cli) -> None:
    assert edgewise().out == edgewise("--help").out


def test_a_command_that_is_not_there(edgewise: Cli) -> None:
    done = edgewise("docto")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("ArgumentError: no such command 'docto'")


def test_a_mistake_points_into_the_query(edgewise: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "PREDICT COUNT(orders.bought_at, 0, 30, days) FOR EACH users.user_id [AND MORE] " + "x" * 60
    error = QueryError("table 'orders' has no column 'bought_at'", text=text, start=21, end=30, hint="ordered_at")
    monkeypatch.setattr(checkup, "checkup", failing_with(error))
    done = edgewise("doctor", "-q")
    assert (done.code, done.out) == (2, "")
    assert done.err == error.render() + "\n"


def test_a_mistake_as_json_is_one_envelope(edgewise: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "PREDICT COUNT(orders.*, 0, 30) FOR EACH users.id"
    error = QueryError("no such table", text=text, start=14, end=20, hint="look")
    monkeypatch.setattr(checkup, "checkup", failing_with(error))
    done = edgewise("doctor", "--json")
    assert done.code == 2
    place = {"text": text, "start": 14, "end": 20}
    inside = {"type": "QueryError", "message": "no such table", "hint": "look", "position": place}
    assert done.document == {"error": inside}


def test_square_brackets_in_a_message_stay(edgewise: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "checkup", failing_with(SourceError("no file '[red]x[/red].csv'")))
    assert "[red]x[/red].csv" in edgewise("doctor").err


@pytest.mark.parametrize("arguments", [["--nonsense"], ["doctor", "--nonsense"], ["doctor", "surplus"]])
def test_wrong_arguments_as_json(edgewise: Cli, arguments: list[str]) -> None:
    done = edgewise(*arguments, "--json")
    assert done.code == 2
    assert done.document["error"]["type"] == "ArgumentError"
    assert "--help" in done.document["error"]["hint"]


def test_an_interruption(edgewise: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "checkup", failing_with(KeyboardInterrupt()))
    done = edgewise("doctor", "-q")
    assert done.code == 130
    assert done.err.startswith("Interrupted")


def test_a_bug_is_an_apology_with_a_log(edgewise: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    url = "postgresql://ann:secret@host/shop"
    monkeypatch.setattr(checkup, "checkup", failing_with(ValueError(f"what is {url}?")))
    done = edgewise("doctor", "-q")
    assert done.code == 1
    assert "Traceback" not in done.err
    (log,) = tmp_path.glob("edgewise-*.log")
    assert log.name in done.err
    text = log.read_text(encoding="utf-8")
    assert "Traceback" in text
    assert "secret" not in text


def test_a_bug_as_json(edgewise: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(checkup, "checkup", failing_with(ValueError("odd")))
    done = edgewise("doctor", "--json")
    assert done.code == 1
    assert done.document["error"]["type"] == "InternalError"


def test_a_reader_that_leaves_is_no_error() -> None:
    script = "from edgewise.cli.main import main; import sys; sys.argv = ['edgewise', '--help']; main()"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", script], stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_answers_at_once() -> None:
    def seconds() -> float:
        began = os.times()
        subprocess.run([sys.executable, "-m", "edgewise", "--help"], stdout=subprocess.DEVNULL, check=True)
        ended = os.times()
        return ended.children_user + ended.children_system - began.children_user - began.children_system

    assert min(seconds() for _ in range(3)) < 0.5  # of a core: the wall clock also tells how busy the machine is


def test_every_command_says_what_it_does() -> None:
    for command in main.app.registered_commands:
        assert command.callback is not None
        assert (command.callback.__doc__ or "").strip().endswith(".")
