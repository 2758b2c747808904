"""The event log alone: what is acknowledged is there, ids are idempotent, damage is found, users go for good."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edgewise.prediction.nouns import Event
from edgewise.serving.event_log import EventLog, LogError


def event(name: str, user: str = "u1", word: str = "x") -> tuple[Event, str]:
    """An event of a user."""
    return Event(name, "listens", {"user_id": user, "word": word}, 1_000_000), user


def test_events_are_read_in_the_order_of_the_log(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.sqlite")
    for n in range(3):
        log.append([event(f"{n}-{m}") for m in range(4)]).result()
    assert [one.event.id for one in log.read()] == [f"{n}-{m}" for n in range(3) for m in range(4)]
    assert [one.position for one in log.read(after=10)] == [11, 12]
    log.close()
    again = EventLog(tmp_path / "events.sqlite")
    assert again.position() == 12
    assert next(again.read()).event == event("0-0")[0]
    again.close()


def test_an_id_is_logged_once_and_for_good(tmp_path: Path) -> None:
    committed: list[str] = []
    log = EventLog(tmp_path / "events.sqlite", lambda some: committed.extend(one.event.id for one in some))
    first = log.append([event("a", word="first"), event("b"), event("a", word="second")]).result()
    assert [(one.position, one.new) for one in first] == [(1, True), (2, True), (1, False)]
    log.close()
    log = EventLog(tmp_path / "events.sqlite", lambda some: committed.extend(one.event.id for one in some))
    assert [one.new for one in log.append([event("b"), event("c")]).result()] == [False, True]
    assert next(log.read()).event.values["word"] == "first"
    assert committed == ["a", "b", "c"]
    log.close()


def test_many_writers_share_commits_and_lose_nothing(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.sqlite")
    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(lambda n: log.append([event(f"{n % 150}")]).result()[0], range(300)))
    assert sum(one.new for one in done) == 150
    assert sorted(one.position for one in log.read()) == list(range(1, 151))
    log.close()


def test_a_changed_record_is_found(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.sqlite")
    log.append([event("a"), event("b"), event("c")]).result()
    log.close()
    with sqlite3.connect(tmp_path / "events.sqlite") as db:
        db.execute("UPDATE events SET body = replace(body, 'listens', 'listenz') WHERE position = 2")
    db.close()
    log = EventLog(tmp_path / "events.sqlite")
    reader = log.read()
    with pytest.raises(LogError, match=r"record 2 of .* is damaged"):
        list(reader)
    log.close()


def test_a_file_that_is_no_log_and_a_log_in_use_are_refused(tmp_path: Path) -> None:
    (tmp_path / "wrong.sqlite").write_text("this is no database, and long enough not to be taken for one" * 50)
    with pytest.raises(LogError, match="is no event log"):
        EventLog(tmp_path / "wrong.sqlite")
    log = EventLog(tmp_path / "events.sqlite")
    with pytest.raises(LogError, match="another service has the event log"):
        EventLog(tmp_path / "events.sqlite")
    log.close()


def test_a_forgotten_user_leaves_no_bytes(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.sqlite")
    log.append([event(f"s{n}", "ann@example.org", "SECRETWORD") for n in range(50)]).result()
    log.append([event(f"o{n}", "bob", "PLAINWORD") for n in range(50)]).result()
    assert log.forget("ann@example.org", b"token", 1) == 50
    assert log.forgotten() == {b"token"}
    assert len(list(log.read())) == 50
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    log.close()
    for bytes_of in (held, b"".join(path.read_bytes() for path in tmp_path.iterdir())):
        assert b"SECRETWORD" not in bytes_of
        assert b"ann@example" not in bytes_of
        assert b"PLAINWORD" in bytes_of


def test_a_value_that_json_has_not_never_reaches_the_writer(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.sqlite")
    with pytest.raises(ValueError, match="not JSON compliant"):
        log.append([(Event("n", "t", {"x": float("nan")}, 1), None)])
    assert log.append([event("a")]).result()[0].new
    log.close()
