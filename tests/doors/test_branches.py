"""Branches in the sessions database: whole or not at all, and what becomes of them when others go."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from simulator.domain.codebook import Code
from simulator.errors import InputError, LedgerError
from simulator.ledger import Card, Ledger
from simulator.testing import turn


def card(name, parent="", fork=0, **given):
    values = {"persona": "maya", "scenario": "late-reply", "seed": 1, "created": "2026-01-01T00:00:00+00:00"}
    return Card(id=name, model="m", opening="Hello.", parent=parent, fork=fork, **(values | given))


def said(number, words):
    return replace(turn(number, words, {Code.TELL: 0.5}), at=f"2026-01-01T00:00:0{number}+00:00")


@pytest.fixture
def ledger(tmp_path):
    with closing(Ledger(tmp_path / "sessions.sqlite")) as found:
        found.start(card("a"))
        for number in range(1, 6):
            found.record("a", said(number, f"a{number}"))
        yield found


def forks(ledger):
    return {s.card.id: (s.card.parent, s.card.fork) for s in ledger.summaries()}


def test_a_branch_begins_with_copies(ledger):
    ledger.branch(card("b", "a", 2))
    assert ledger.turns("b") == ledger.turns("a")[:2]
    assert ledger.card("b") == card("b", "a", 2)
    ledger.record("b", said(3, "b3"))
    assert [t.said for t in ledger.turns("a")] == ["a1", "a2", "a3", "a4", "a5"]


@pytest.mark.parametrize("fork", [-1, 5, 9])
def test_a_branch_from_a_turn_that_is_not_there_leaves_nothing(ledger, fork):
    with pytest.raises(InputError, match=f"no turn {fork + 1}; it has turns 1 to 5"):
        ledger.branch(card("b", "a", fork))
    assert forks(ledger) == {"a": ("", 0)}
    assert ledger.turns("b") == []


def test_nothing_can_be_said_differently_before_anything_was_said(ledger):
    ledger.start(card("silent"))
    with pytest.raises(InputError, match="nothing was said in it yet"):
        ledger.branch(card("b", "silent"))


def test_a_copy_that_fails_takes_the_card_with_it(ledger):
    ledger.record("b", said(1, "in the way"))
    with pytest.raises(LedgerError):
        ledger.branch(card("b", "a", 2))
    assert list(forks(ledger)) == ["a"]


def test_what_is_taken_back_is_shared_no_longer(ledger):
    ledger.branch(card("b", "a", 3))
    ledger.branch(card("c", "b", 1))
    shared = []
    for _ in range(3):
        ledger.undo("a")
        shared.append(forks(ledger)["b"][1])
    assert shared == [3, 3, 2]
    ledger.undo("b")
    ledger.undo("b")
    assert forks(ledger) == {"a": ("", 0), "b": ("a", 1), "c": ("b", 1)}
    ledger.undo("b")
    assert forks(ledger) == {"a": ("", 0), "b": ("a", 0), "c": ("b", 0)}


def test_the_branch_that_shares_most_takes_the_place_of_a_first_try(ledger):
    ledger.branch(card("b", "a", 1))
    ledger.branch(card("c", "a", 4))
    ledger.branch(card("d", "b", 0))
    ledger.delete(["a"])
    # c still names what it came from: it remains a second try
    assert forks(ledger) == {"b": ("c", 1), "c": ("a", 4), "d": ("b", 0)}
    assert ledger.turns("b")[0].said == ledger.turns("c")[0].said == "a1"


def test_the_branch_that_shares_most_takes_the_place_of_a_branch(ledger):
    ledger.branch(card("b", "a", 4))
    ledger.branch(card("c", "b", 3))
    ledger.branch(card("d", "b", 2))
    ledger.undo("b")
    ledger.delete(["b"])
    assert forks(ledger) == {"a": ("", 0), "c": ("a", 3), "d": ("c", 2)}
    ledger.delete(["a", "c", "d"])
    assert forks(ledger) == {}


def test_a_session_that_shares_less_than_its_heir_is_still_right(ledger):
    ledger.branch(card("b", "a", 1))
    ledger.record("b", said(2, "b2"))
    ledger.record("b", said(3, "b3"))
    ledger.branch(card("c", "b", 2))
    ledger.delete(["b"])
    assert forks(ledger)["c"] == ("a", 1)


OLD = "CREATE TABLE sessions (id TEXT PRIMARY KEY, persona TEXT, scenario TEXT, seed INTEGER, created TEXT, "
START = '{"activation": 0.5, "security": 0.5, "trust": 0.5, "withdrawal": 0.2, "injury": 0.0}'


@pytest.mark.parametrize(("more", "values"), [("", ""), (", after TEXT NOT NULL DEFAULT ''", ", 'maya-0'")])
def test_a_database_from_before_branches_is_taken_on(tmp_path, more, values):
    path = tmp_path / "sessions.sqlite"
    with closing(sqlite3.connect(path)) as old, old:
        old.execute(f"{OLD} model TEXT, opening TEXT, start TEXT{more})")
        row = f"'maya-1','maya','late-reply',1,'2026-01-01','m','Hi.','{START}'{values}"
        old.execute(f"INSERT INTO sessions VALUES ({row})")
    for _ in range(2):
        with closing(Ledger(path)) as ledger:
            assert ledger.card("maya-1") == Card(
                "maya-1", "maya", "late-reply", 1, "2026-01-01", "m", "Hi.", after="maya-0" if more else ""
            )
            ledger.record("maya-1", said(1, "Hi."))
    with closing(Ledger(path)) as ledger:
        ledger.branch(card("b", "maya-1"))
        assert forks(ledger)["b"] == ("maya-1", 0)


def test_a_summary_knows_the_last_turn_and_the_first_of_its_own(ledger):
    ledger.record("a", replace(said(6, "a6"), ended=True))
    ledger.branch(card("b", "a", 5, created="2026-01-02"))
    ledger.branch(card("c", "a", 1, created="2026-01-03"))
    ledger.record("c", said(2, "c2"))
    ledger.start(card("d", created="2026-01-04"))
    told = [(s.card.id, s.turns, s.last, s.ended, s.said) for s in ledger.summaries()]
    assert told == [
        ("d", 0, "2026-01-04", False, ""),
        ("c", 2, "2026-01-01T00:00:02+00:00", False, "c2"),
        ("b", 5, "2026-01-01T00:00:05+00:00", False, ""),
        ("a", 6, "2026-01-01T00:00:06+00:00", True, "a1"),
    ]


def test_a_damaged_turn_hides_no_other_session(ledger):
    ledger.start(card("b", created="2026-01-02"))
    ledger.connection.execute("INSERT INTO turns VALUES ('b', 1, '{\"said\": ')")
    ledger.connection.commit()
    first, second = ledger.summaries()
    assert (first.card.id, first.turns, first.last, first.ended) == ("b", 1, "2026-01-02", False)
    assert (second.card.id, second.turns) == ("a", 5)


def test_of_sessions_begun_in_one_second_the_last_written_is_remembered(ledger):
    ledger.branch(card("z", "a", 1))
    ledger.branch(card("b", "a", 1))
    ledger.start(card("y"))
    assert ledger.last("maya") == "b"


def test_summaries_do_not_read_whole_talks(ledger, monkeypatch):
    monkeypatch.setattr(Ledger, "turns", None)
    assert ledger.summaries()[0].turns == 5


def test_connections_are_apart_and_closed_with_the_ledger(ledger):
    one = ledger.connect()
    one.execute("INSERT INTO spoken VALUES ('a', 1, 0, 'not yet')")
    assert ledger.spoken("a", 1) == []
    one.rollback()
    assert one.execute("PRAGMA synchronous").fetchone() == (1,)
    assert one.execute("PRAGMA secure_delete").fetchone() == (1,)
    ledger.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        one.execute("SELECT 1")
