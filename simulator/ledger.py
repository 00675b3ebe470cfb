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
from weakref import WeakSet

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
    after TEXT NOT NULL DEFAULT '', parent TEXT NOT NULL DEFAULT '', fork INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS turns (
    session TEXT NOT NULL, number INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (session, number));
CREATE TABLE IF NOT EXISTS spoken (
    session TEXT NOT NULL, number INTEGER NOT NULL, part INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (session, number, part));
"""
_ADDED = {
    "after": "TEXT NOT NULL DEFAULT ''",
    "parent": "TEXT NOT NULL DEFAULT ''",
    "fork": "INTEGER NOT NULL DEFAULT 0",
}
"""Columns of `sessions` that databases written earlier lack, in the order they came."""
_SUMMARIES = """
SELECT sessions.*, coalesce(ends.count, 0),
    coalesce(nullif(json_extract(last.data, '$.at'), ''), created),
    coalesce(json_extract(last.data, '$.ended'), 0),
    coalesce(json_extract(own.data, '$.said'), '')
FROM sessions
LEFT JOIN (SELECT session, count(*) AS count, max(number) AS number FROM turns GROUP BY session) AS ends
    ON ends.session = id
LEFT JOIN turns AS last ON last.session = id AND last.number = ends.number AND json_valid(last.data)
LEFT JOIN turns AS own ON own.session = id AND own.number = fork + 1 AND json_valid(own.data)
ORDER BY created DESC, sessions.rowid DESC
"""
"""Two turns of each session are looked into; one that is damaged must not hide the other sessions."""


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
    parent: str = ""
    """The session that this one is a branch of."""
    fork: int = 0
    """How many of its first turns are `parent`'s."""

    def last_words(self, history: Sequence[Turn]) -> str:
        """What the persona said last: its last reply, or the opening."""
        return history[-1].reply if history else self.opening


@dataclass(frozen=True)
class Summary:
    """A card with how far the session went."""

    card: Card
    turns: int
    last: str
    """UTC time of the last turn, or of the start."""
    ended: bool
    said: str = ""
    """The trainee's first words after the fork; empty when nothing was said yet."""


class _Connection(sqlite3.Connection):
    """One that can be referred to weakly, which sqlite3's own cannot."""


class Ledger:
    """The sessions database in the user's home folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._given: WeakSet[_Connection] = WeakSet()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise _explained(path, error) from error
        self.connection = self.connect()
        with self._writing() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_SCHEMA)
            known = {row[1] for row in connection.execute("PRAGMA table_info(sessions)")}
            for name, kind in _ADDED.items():
                if name not in known:
                    connection.execute(f"ALTER TABLE sessions ADD COLUMN {name} {kind}")

    def connect(self) -> sqlite3.Connection:
        """A connection of one's own, whose transactions mix with nobody's; closed with the ledger at last.

        Raises: LedgerError when the database cannot be opened.
        """
        try:
            found = sqlite3.connect(self.path, check_same_thread=False, timeout=BUSY_S, factory=_Connection)
            found.execute("PRAGMA synchronous=NORMAL")  # safe against kill -9
            found.execute("PRAGMA secure_delete=ON")
        except sqlite3.Error as error:
            raise _explained(self.path, error) from error
        with self._lock:
            self._given.add(found)
        return found

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
        with self._writing() as connection:
            _insert(connection, card)

    def branch(self, card: Card) -> None:
        """Write a new session that begins with copies of its parent's turns, up to the fork.

        Raises: InputError when the parent has no turn after the fork; LedgerError when it cannot be written.
        """
        with self._writing() as connection:
            _insert(connection, card)  # first: from here on nobody else writes
            (count,) = connection.execute(
                "SELECT count(*) FROM turns WHERE session=?", [card.parent]
            ).fetchone()
            if not 0 <= card.fork < count:
                has = f"it has turns 1 to {count}" if count else "nothing was said in it yet"
                raise InputError(f"session {card.parent}: there is no turn {card.fork + 1}; {has}.")
            connection.execute(
                "INSERT INTO turns SELECT ?, number, data FROM turns WHERE session=? AND number<=?",
                (card.id, card.parent, card.fork),
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
        for *card, turns, last, ended, said in self._rows(_SUMMARIES):
            found.append(Summary(_card(card), turns, last, bool(ended), said))
        return found

    def last(self, persona: str) -> str | None:
        """The latest session with a persona in which something was said; of a second's, the last written."""
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
        last = turns[-1].number
        with self._writing() as connection:
            connection.execute("DELETE FROM turns WHERE session=? AND number=?", (session, last))
            # what is taken back on either side of a fork is shared no longer
            connection.execute(
                "UPDATE sessions SET fork=min(fork, ?) WHERE ? IN (id, parent)", (last - 1, session)
            )
        return turns[-1]

    def delete(self, sessions: Sequence[str]) -> None:
        """Remove sessions for good, with their checkpoints; freed pages are overwritten.

        Branches hold copies and stay; the one that shared most takes the place of what it came from.
        """
        tables = {row[0] for row in self._rows("SELECT name FROM sqlite_master WHERE type='table'")}
        keyed = [("sessions", "id"), ("turns", "session"), ("spoken", "session")]
        keyed += [(t, "thread_id") for t in ("checkpoints", "writes") if t in tables]
        with self._writing() as connection:
            for session in sessions:
                _bequeath(connection, session)
                for table, key in keyed:
                    connection.execute(f"DELETE FROM {table} WHERE {key}=?", [session])  # noqa: S608 - names are ours
        with self._writing() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def hold(self, session: str) -> Iterator[None]:
        """Keep a session to its holder while it is talked in; let go of it in any thread.

        Raises: LedgerError when another process, or another holder in this one, has it.
        """
        folder = self.path.parent / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{session}.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise LedgerError(f"session {session}: open in another window; close it there first.") from error
        try:
            yield
        finally:
            lock.release()

    def close(self) -> None:
        """Close the database, with every connection that is still open."""
        with self._lock:
            for connection in self._given:
                connection.close()


def _insert(connection: sqlite3.Connection, card: Card) -> None:
    row = asdict(card) | {"start": json.dumps(card.start.as_dict())}
    slots = ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT INTO sessions VALUES ({slots})", row)  # noqa: S608 - names are ours


def _bequeath(connection: sqlite3.Connection, session: str) -> None:
    """Put the branch that shares most with a session in its place, and the others beneath that one.

    They share with it all that they shared with the session, so nothing is lost about who shares what.
    Where the session was the first of all, the branch goes on naming it: it remains a second try.
    """
    query = "SELECT id FROM sessions WHERE parent=? ORDER BY fork DESC, created, rowid LIMIT 1"
    for (heir,) in connection.execute(query, [session]).fetchall():
        connection.execute("UPDATE sessions SET parent=? WHERE parent=? AND id<>?", (heir, session, heir))
        connection.execute(
            "UPDATE sessions SET parent=gone.parent, fork=min(sessions.fork, gone.fork) "
            "FROM sessions AS gone WHERE gone.id=? AND gone.parent<>'' AND sessions.id=?",
            (session, heir),
        )


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
    return LedgerError(f"{path}: {text.rstrip('.')}.")
