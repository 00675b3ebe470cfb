"""Self-assessments in the sessions database, in a table of their own; never logged or exported."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from simulator import library
from simulator.domain.self_assessment import Assessment
from simulator.errors import LedgerError
from simulator.ledger import Ledger

_SCHEMA = """
CREATE TABLE IF NOT EXISTS self_assessments (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, answers TEXT NOT NULL, held INTEGER NOT NULL)
"""


class Assessments:
    """What the trainee said of themself, the oldest first; connected to the ledger only for each use."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def take(self, answers: Mapping[str, int], held: int) -> Assessment:
        """Keep one whole set of answers (1..5 by the statement's id), after `held` finished talks.

        Raises: InputError when one is missing or out of range; LedgerError when it cannot be written.
        """
        accepted = library.questionnaire().accepted(answers)
        taken = Assessment(datetime.now(UTC).isoformat(timespec="seconds"), accepted, held)
        with self._open() as connection:
            connection.execute(
                "INSERT INTO self_assessments (at, answers, held) VALUES (?,?,?)",
                (taken.at, json.dumps(accepted), held),
            )
        return taken

    def taken(self) -> list[Assessment]:
        """Every self-assessment, the oldest first.

        Raises: LedgerError when one cannot be read.
        """
        with self._open() as connection:
            rows = connection.execute(
                "SELECT at, answers, held FROM self_assessments ORDER BY number"
            ).fetchall()
        try:
            return [Assessment(at, json.loads(answers), held) for at, answers, held in rows]
        except ValueError as error:
            raise LedgerError(f"{self._ledger.path}: a self-assessment cannot be read ({error}).") from error

    def clear(self) -> int:
        """Remove all for good, freed pages overwritten; returns how many there were."""
        with self._open() as connection:
            gone = connection.execute("DELETE FROM self_assessments").rowcount
        with self._open() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection for one use; a write is kept whole or not at all."""
        found = self._ledger.connect()
        try:
            found.execute(_SCHEMA)
            with found:
                yield found
        except sqlite3.Error as error:
            where = f"{self._ledger.path}: self-assessments"
            raise LedgerError(f"{where}: {error}; nothing was changed, please try again.") from error
        finally:
            found.close()
