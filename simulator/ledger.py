"""The sessions database: what was said, turn by turn, durable before it is shown.

The ledger is the only lasting record; a session's whole state follows from its turns. Writes are
idempotent, so a turn that is recorded again after a crash is neither lost nor doubled.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from simulator.domain.affect import Affect
from simulator.domain.dialogue import Turn
from simulator.errors import InputError, LedgerError

BUSY_S = 5.0
"""How long to wait for another process's write, in seconds."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, persona TEXT NOT NULL, scenario TEXT NOT NULL, seed INTEGER NOT NULL,
    created TEXT NOT NULL, model TEXT NOT NULL, opening TEXT NOT NULL, start TEXT NOT NULL,
    after TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS turns (
    session TEXT NOT NULL, number INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (session, number));
CREATE TABLE IF NOT EXISTS spoken (
    session TEXT NOT NULL, number INTEGER NOT NULL, part INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (session, number, part));
"""


@dataclass(frozen=True)
class Card:
    """What stays the same through a session."""

    id: str
    persona: str
    scenario: str
    seed: int
    created: str
    """UTC, ISO 8601."""
    model: str
    opening: str
    start: Affect = field(default_factory=lambda: Affect(0.5, 0.5, 0.5, 0.2))
    """The persona's state before the first turn."""
    after: str = ""
    """The session that is remembered in this one, and with it what that one remembered."""


@dataclass(frozen=True)
class Summary:
    """A card with how far the session went."""

    card: Card
    turns: int
    last: str
    """UTC time of the last turn, or of the start."""
    ended: bool


class Ledger:
    """The sessions database in the user's home folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.connection = sqlite3.connect(path, check_same_thread=False, timeout=BUSY_S)
            with self._writing() as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=NORMAL")  # safe against kill -9
                connection.execute("PRAGMA secure_delete=ON")
                connection.executescript(_SCHEMA)
                known = {row[1] for row in connection.execute("PRAGMA table_info(sessions)")}
                if "after" not in known:  # written before personas remembered
                    connection.execute("ALTER TABLE sessions ADD COLUMN after TEXT NOT NULL DEFAULT ''")
        except (sqlite3.Error, OSError) as error:
            raise _explained(path, error) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                with self.connection:
                    yield self.connection
            except sqlite3.Error as error:
                raise _explained(self.path, error) from error

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._lock:
            try:
                return self.connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise _explained(self.path, error) from error

    def start(self, card: Card) -> None:
        """Write a new session's card.

        Raises: LedgerError when the database cannot be written.
        """
        row = asdict(card) | {"start": json.dumps(card.start.as_dict())}
        with self._writing() as connection:
            connection.execute(
                f"INSERT INTO sessions VALUES ({', '.join(f':{name}' for name in row)})",  # noqa: S608 - ours
                row,
            )

    def card(self, session: str) -> Card:
        """The card of a session, named in full or by an unambiguous beginning.

        Raises: InputError when there is none, or more than one.
        """
        rows = self._rows(
            "SELECT * FROM sessions WHERE substr(id,1,?)=? ORDER BY created", len(session), session
        )
        exact = [row for row in rows if row[0] == session] or rows
        if len(exact) != 1 or not session:
            reason = "matches several sessions" if len(exact) > 1 else "no such session"
            raise InputError(f"session {session}: {reason}; `simulator sessions list` names them.")
        return _card(exact[0])

    def summaries(self) -> list[Summary]:
        """Every session, the newest first."""
        found = []
        for row in self._rows("SELECT * FROM sessions ORDER BY created DESC, rowid DESC"):
            card = _card(row)
            turns = self.turns(card.id)
            last = turns[-1].at if turns else card.created
            found.append(Summary(card, len(turns), last, bool(turns and turns[-1].ended)))
        return found

    def last(self, persona: str) -> str | None:
        """The latest session with a persona in which something was said."""
        rows = self._rows(
            "SELECT id FROM sessions WHERE persona=? AND EXISTS (SELECT 1 FROM turns WHERE session=id) "
            "ORDER BY created DESC, rowid DESC LIMIT 1",
            persona,
        )
        return rows[0][0] if rows else None

    def turns(self, session: str) -> list[Turn]:
        """The turns of a session in order.

        Raises: LedgerError when a row is damaged.
        """
        rows = self._rows("SELECT data FROM turns WHERE session=? ORDER BY number", session)
        try:
            return [Turn.from_dict(json.loads(row[0])) for row in rows]
        except (ValueError, TypeError, KeyError) as error:
            raise LedgerError(f"{self.path}: session {session}: a turn cannot be read ({error}).") from error

    def record(self, session: str, turn: Turn) -> None:
        """Write one turn; writing it again changes nothing."""
        data = json.dumps(turn.as_dict(), ensure_ascii=False)
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO turns VALUES (?,?,?)", (session, turn.number, data))

    def speak(self, session: str, number: int, part: int, text: str) -> None:
        """Write one sentence of a reply before it is shown."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO spoken VALUES (?,?,?,?)", (session, number, part, text)
            )

    def spoken(self, session: str, number: int) -> list[str]:
        """The sentences of an unfinished reply that have been shown already."""
        query = "SELECT text FROM spoken WHERE session=? AND number=? ORDER BY part"
        return [row[0] for row in self._rows(query, session, number)]

    def unspeak(self, session: str) -> None:
        """Forget the sentences of a reply that is recorded or given up."""
        with self._writing() as connection:
            connection.execute("DELETE FROM spoken WHERE session=?", (session,))

    def undo(self, session: str) -> Turn | None:
        """Take back the last turn and return it; None when there is none."""
        turns = self.turns(session)
        if not turns:
            return None
        with self._writing() as connection:
            connection.execute("DELETE FROM turns WHERE session=? AND number=?", (session, turns[-1].number))
        return turns[-1]

    def delete(self, sessions: Sequence[str]) -> None:
        """Remove sessions for good, with their checkpoints; freed pages are overwritten."""
        tables = {row[0] for row in self._rows("SELECT name FROM sqlite_master WHERE type='table'")}
        keyed = [("sessions", "id"), ("turns", "session"), ("spoken", "session")]
        keyed += [(t, "thread_id") for t in ("checkpoints", "writes") if t in tables]
        with self._writing() as connection:
            for table, key in keyed:
                connection.executemany(
                    f"DELETE FROM {table} WHERE {key}=?",  # noqa: S608 - names are ours
                    [(session,) for session in sessions],
                )
        with self._writing() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def hold(self, session: str) -> Iterator[None]:
        """Keep a session to this process while it is talked in.

        Raises: LedgerError when another process holds it.
        """
        folder = self.path.parent / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{session}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise LedgerError(f"session {session}: open in another window; close it there first.") from error
        try:
            yield
        finally:
            lock.release()

    def close(self) -> None:
        """Close the database."""
        self.connection.close()


def _card(row: Sequence[Any]) -> Card:
    values = dict(zip([field.name for field in fields(Card)], row, strict=True))
    return Card(**values | {"start": Affect(**json.loads(values["start"]))})


def _explained(path: Path, error: Exception) -> LedgerError:
    text = str(error)
    if "locked" in text:
        return LedgerError(f"{path}: database locked by another program; close it and try again.")
    if "malformed" in text or "not a database" in text:
        return LedgerError(f"{path}: damaged; move it away to start anew, or restore it from a backup.")
    if "full" in text:
        return LedgerError(f"{path}: the disk is full; make room, nothing recorded so far is lost.")
    return LedgerError(f"{path}: {text}.")
