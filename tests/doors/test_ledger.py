"""The sessions database: idempotent, private, and one line when it is locked or damaged."""

import sqlite3

import pytest

from simulator.domain.codebook import Code
from simulator.errors import InputError, LedgerError
from simulator.ledger import Card, Ledger
from simulator.testing import turn


def card(name="maya-1", **given):
    values = {"persona": "maya", "scenario": "late-reply", "seed": 1, "created": "2026-01-01T00:00:00+00:00"}
    return Card(id=name, model="m", opening="Hello.", **(values | given))


@pytest.fixture
def ledger(tmp_path):
    found = Ledger(tmp_path / "home" / "sessions.sqlite")
    yield found
    found.close()


def test_a_turn_recorded_twice_is_there_once(ledger):
    ledger.start(card())
    one = turn(1, "Hi.", {Code.SOCIAL: 0.5})
    ledger.record("maya-1", one)
    ledger.record("maya-1", one)
    assert ledger.turns("maya-1") == [one]


def test_sessions_are_found_by_a_clear_beginning(ledger):
    ledger.start(card("maya-12"))
    ledger.start(card("maya-13"))
    assert ledger.card("maya-12").id == "maya-12"
    for name in ("maya-1", "nobody", ""):
        with pytest.raises(InputError):
            ledger.card(name)
    assert ledger.card("maya-12").start.security == 0.5


def test_a_database_from_before_personas_remembered_is_taken_on(tmp_path):
    path = tmp_path / "sessions.sqlite"
    old = sqlite3.connect(path)
    old.execute(
        "CREATE TABLE sessions (id TEXT PRIMARY KEY, persona TEXT, scenario TEXT, seed INTEGER, created TEXT,"
        " model TEXT, opening TEXT, start TEXT)"
    )
    start = '{"activation": 0.5, "security": 0.5, "trust": 0.5, "withdrawal": 0.2, "injury": 0.0}'
    old.execute(
        "INSERT INTO sessions VALUES ('maya-1','maya','late-reply',1,'2026-01-01','m','Hi.',?)", [start]
    )
    old.commit()
    old.close()
    ledger = Ledger(path)
    assert ledger.card("maya-1").after == ""
    assert ledger.last("maya") is None
    ledger.close()


def test_deleting_leaves_no_word_behind(ledger):
    ledger.start(card())
    ledger.record("maya-1", turn(1, "something very private", {Code.TELL: 0.5}))
    ledger.delete(["maya-1"])
    stored = b"".join(p.read_bytes() for p in ledger.path.parent.glob("sessions.sqlite*"))
    assert b"very private" not in stored
    assert ledger.summaries() == []


def test_a_locked_database_is_one_line(ledger, monkeypatch):
    other = sqlite3.connect(ledger.path)
    other.execute("BEGIN EXCLUSIVE")
    ledger.connection.execute("PRAGMA busy_timeout=50")
    with pytest.raises(LedgerError, match="locked by another program"):
        ledger.start(card())
    other.close()


def test_a_damaged_database_is_one_line(tmp_path):
    path = tmp_path / "sessions.sqlite"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(LedgerError, match="damaged"):
        Ledger(path)


def test_a_damaged_turn_is_named(ledger):
    ledger.start(card())
    ledger.connection.execute("INSERT INTO turns VALUES ('maya-1', 1, '{}')")
    with pytest.raises(LedgerError, match="maya-1"):
        ledger.turns("maya-1")
