"""The event log: an event that was acknowledged is on the disk, whatever happens to the process.

One SQLite file in WAL mode with `synchronous=FULL`: a commit is on the disk when it returns, a torn tail of the
WAL is dropped when the file is opened again, and the unique index makes ids idempotent for good. Writers hand
their events to one thread, which commits all that are waiting at once (group commit): the disk's sync, not the
number of events, sets the pace. `benchmarks/serving/log.py` measures it beside a plain appended file.
"""

from __future__ import annotations

import json
import queue
import sqlite3
import threading
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edgewise.errors import UserError
from edgewise.prediction.nouns import Event

__all__ = ["EventLog", "LogError", "Logged"]

#: Raised whenever a log written before could no longer be read.
_FORMAT: Final = 1
_MOST_AT_ONCE: Final = 2_000
_PAGE: Final = 5_000
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS events (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  user TEXT,
  source TEXT NOT NULL,
  body BLOB NOT NULL,
  crc INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_user ON events (user);
CREATE INDEX IF NOT EXISTS events_beside_tables ON events (position) WHERE source LIKE '@%';
CREATE TABLE IF NOT EXISTS forgotten (user BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""


class LogError(UserError):
    """An event log that cannot be read or written."""


@dataclass(frozen=True, slots=True)
class Logged:
    """An event at its place in the log; `new` is false for one whose id had been logged before."""

    position: int
    event: Event
    new: bool = True


@dataclass(frozen=True, slots=True)
class _Record:
    event: Event
    user: str | None
    body: bytes


@dataclass(slots=True)
class _Job:
    records: list[_Record]
    done: Future[list[Logged]]


class EventLog:
    """The log of one tenant. Open it once a process; `append` may be called from any thread.

    `committed` is called on the writer's thread with what is new, in the order of the log, before anybody is told.
    """

    def __init__(self, path: Path, committed: Callable[[list[Logged]], None] | None = None) -> None:
        self.path = path
        self._committed = committed
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._db = _opened(path)
        self._writer = threading.Thread(target=self._write, name=f"log {path.name}", daemon=True)
        self._writer.start()

    def append(self, events: Sequence[tuple[Event, str | None]]) -> Future[list[Logged]]:
        """Log events, each with the key of its user if it has one. The future is done when they are on the disk.

        All of them or none are logged. An event whose id is in the log already is not logged again.

        Raises:
            ValueError: a value that JSON has not.
            LogError: the log is closed.
        """
        if self._closed:
            raise LogError(f"the event log '{self.path}' is closed")
        job = _Job([_Record(event, user, _body(event)) for event, user in events], Future())
        self._jobs.put(job)
        return job.done

    def read(self, after: int = 0, *, tables: Collection[str] | None = None) -> Iterator[Logged]:
        """The events behind a position, in order; with `tables`, only their rows and what is a row of no table,
        such as feedback.

        Raises:
            LogError: a record that is not what was written.
        """
        named = sorted(tables or ())
        only = "" if tables is None else f"AND (source LIKE '@%' OR source IN ({', '.join('?' * len(named))}))"
        question = f"SELECT position, body, crc FROM events WHERE position > ? {only} ORDER BY position LIMIT ?"
        while True:
            with self._lock:
                rows = self._db.execute(question, (after, *named, _PAGE)).fetchall()
            for position, body, crc in rows:
                if not isinstance(body, bytes) or zlib.crc32(body) != crc:
                    raise LogError(
                        f"record {position} of '{self.path}' is damaged",
                        hint="restore the file from a copy; what came before that record is whole",
                    )
                yield Logged(position, _event(body))
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    def position(self) -> int:
        """The position of the last event; 0 where there is none."""
        with self._lock:
            (found,) = self._db.execute("SELECT coalesce(max(position), 0) FROM events").fetchone()
        return int(found)

    def counts(self, latest: int) -> dict[str, int]:
        """How many of the latest events each table has, the most first."""
        latest_ones = "position > (SELECT coalesce(max(position), 0) FROM events) - ?"
        question = f"SELECT source, count(*) FROM events WHERE {latest_ones} GROUP BY source ORDER BY 2 DESC"
        with self._lock:
            return dict(self._db.execute(question, (latest,)).fetchall())

    def forget(self, user: str, token: bytes, at: int) -> int:
        """Delete a user's events from the file for good and leave a mark (`token`) that tells nothing about who
        it was. Returns how many events went.
        """
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            gone = self._db.execute("DELETE FROM events WHERE user = ?", (user,)).rowcount
            self._db.execute("INSERT OR REPLACE INTO forgotten VALUES (?, ?)", (token, at))
            self._db.execute("COMMIT")
            # Deleted bytes are overwritten (secure_delete); emptying the WAL removes their older copies.
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(gone)

    def forgotten(self) -> set[bytes]:
        """The marks of the users who were deleted."""
        with self._lock:
            return {row[0] for row in self._db.execute("SELECT user FROM forgotten")}

    def fact(self, name: str, value: bytes | None = None) -> bytes | None:
        """A small fact that lives with the log; sets it where a value is given."""
        with self._lock:
            if value is not None:
                self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))
                return value
            row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def flush(self) -> None:
        """Wait until what was appended before is on the disk."""
        self.append([]).result()

    def close(self) -> None:
        """Write what is waiting and close the file."""
        self._closed = True
        self._jobs.put(None)
        self._writer.join()
        with self._lock:
            self._db.close()

    def _write(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            jobs, last = _waiting(self._jobs, job)
            self._commit(jobs)
            if last:
                return

    def _commit(self, jobs: list[_Job]) -> None:
        """One transaction for all jobs; if it fails, no job is acknowledged."""
        try:
            with self._lock:
                self._db.execute("BEGIN IMMEDIATE")
                answers = [[self._insert(record) for record in job.records] for job in jobs]
                self._db.execute("COMMIT")
        except Exception as error:
            with self._lock:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
            for job in jobs:
                job.done.set_exception(
                    LogError(f"the event log cannot be written: {error}", hint="see whether the disk is full")
                )
            return
        if self._committed is not None:
            self._committed([logged for answer in answers for logged in answer if logged.new])
        for job, answer in zip(jobs, answers, strict=True):
            job.done.set_result(answer)

    def _insert(self, record: _Record) -> Logged:
        event, body = record.event, record.body
        row = self._db.execute(
            "INSERT OR IGNORE INTO events (id, user, source, body, crc) VALUES (?, ?, ?, ?, ?) RETURNING position",
            (event.id, record.user, event.table, body, zlib.crc32(body)),
        ).fetchone()
        if row is not None:
            return Logged(int(row[0]), event)
        (known,) = self._db.execute("SELECT position FROM events WHERE id = ?", (event.id,)).fetchone()
        return Logged(int(known), event, new=False)


def _waiting(jobs: queue.SimpleQueue[_Job | None], first: _Job) -> tuple[list[_Job], bool]:
    """The first job and all that wait behind it, and whether the log is being closed."""
    found, events = [first], len(first.records)
    while events < _MOST_AT_ONCE:
        try:
            job = jobs.get_nowait()
        except queue.Empty:
            break
        if job is None:
            return found, True
        found.append(job)
        events += len(job.records)
    return found, False


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=2.0)
        # One process owns a log: two services on one log would not see each other's events.
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA secure_delete=ON")
        db.executescript(_SCHEMA)
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            db.execute(f"PRAGMA user_version={_FORMAT:d}")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise LogError(
                f"another service has the event log '{path}' open", hint="stop it, or choose another --state"
            ) from None
        raise LogError(f"the event log '{path}' cannot be opened: {error}") from None
    except sqlite3.DatabaseError as error:
        raise LogError(
            f"'{path}' is no event log: {error}", hint="restore it from a copy, or move it away to begin anew"
        ) from None
    if version not in (0, _FORMAT):
        db.close()
        raise LogError(f"the event log '{path}' has format {version}; this version of Edgewise reads {_FORMAT}")
    return db


def _body(event: Event) -> bytes:
    values: dict[str, Any] = {"id": event.id, "table": event.table, "at": event.at, "values": dict(event.values)}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _event(body: bytes) -> Event:
    found = json.loads(body)
    return Event(found["id"], found["table"], found["values"], int(found["at"]))
