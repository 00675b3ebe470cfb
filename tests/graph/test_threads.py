"""Many conversations at once in one process: no cross-talk, and the same talks as one after another."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from simulator.conversation import Answered
from simulator.errors import LedgerError
from simulator.once import once
from tests.conftest import OPENING, REPAIR

TALKS, TURNS = 20, 5
PEOPLE = ("maya", "daniel", "iris", "jonah", "ruth", "tunde")
SCENES = ("late-reply", "missed-dinner", "the-trip")
SAID = (OPENING, REPAIR, "You sat there alone.", "It makes sense.", "I'm here.")


def held(simulator, number):
    """A whole talk with its feedback, each turn in words of its own."""
    person, scene = PEOPLE[number % len(PEOPLE)], SCENES[number % len(SCENES)]
    with closing(simulator.start(person, scene, seed=number)) as talk, simulator.ledger.hold(talk.card.id):
        talk.prepare()
        told = []
        for text in SAID[:TURNS]:
            *_, last = talk.say(f"{text} Number {number}.")
            assert isinstance(last, Answered)
            told.append(talk.feedback(last.turn, better=False))
        assert talk.cut_off() is None
        return [replace(turn, at="") for turn in talk.turns], told


def test_twenty_talks_at_once_are_the_talks_held_one_after_another(simulator):
    with ThreadPoolExecutor(TALKS) as pool:
        together = list(pool.map(lambda number: held(simulator, number), range(TALKS)))
    for number in range(0, TALKS, 5):
        assert together[number] == held(simulator, number)
    for number, (turns, _) in enumerate(together):
        assert [turn.number for turn in turns] == list(range(1, TURNS + 1))
        assert all(turn.said.endswith(f" Number {number}.") for turn in turns)
    for table in ("checkpoints", "writes", "spoken"):
        assert simulator.ledger.connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_every_turn_of_a_talk_may_be_said_in_another_thread(simulator):
    def say(text):
        found = []
        thread = threading.Thread(target=lambda: found.extend(talk.say(text)))
        thread.start()
        thread.join()
        return found[-1].turn.said

    with closing(simulator.start("maya", "late-reply", seed=1)) as talk:
        assert [say(text) for text in SAID] == list(SAID)


def test_a_closed_conversation_gives_its_connection_back_and_can_go_on(simulator):
    talk = simulator.start("maya", "late-reply", seed=1)
    list(talk.say(OPENING))
    connection = talk._connection
    talk.close()
    talk.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
    list(talk.say(REPAIR))
    assert len(talk.turns) == 2
    assert talk._connection is not simulator.ledger.connection


def test_a_conversation_that_nobody_closed_ends_with_the_simulator(simulator):
    talk = simulator.start("maya", "late-reply", seed=1)
    list(talk.say(OPENING))
    simulator.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        talk._connection.execute("SELECT 1")


def test_a_session_is_held_once_in_a_process_and_let_go_in_any_thread(simulator):
    ledger = simulator.ledger
    first = ledger.hold("maya-1")
    first.__enter__()
    with pytest.raises(LedgerError, match="another window"), ledger.hold("maya-1"):
        pass
    with ledger.hold("maya-2"), ThreadPoolExecutor(1) as pool:
        with pytest.raises(LedgerError):
            pool.submit(ledger.hold("maya-1").__enter__).result()
        pool.submit(first.__exit__, None, None, None).result()
    with ledger.hold("maya-1"):
        pass


class Slow:
    """Parts that need each other and take their time."""

    def __init__(self):
        self.made = []
        self.asking = threading.Barrier(8)

    @once
    def base(self):
        self.made.append("base")
        threading.Event().wait(0.02)
        return object()

    @once
    def whole(self):
        self.made.append("whole")
        threading.Event().wait(0.02)
        return self.base, object()


def test_a_part_is_made_once_whatever_order_threads_ask_in():
    slow, other = Slow(), Slow()

    def ask(number):
        slow.asking.wait()
        return (slow.base, slow.whole) if number % 2 else (slow.whole, slow.base)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert sorted(slow.made) == ["base", "whole"]
    assert other.base is not slow.base


def test_a_part_that_could_not_be_made_is_tried_again():
    class Fussy:
        ready = False

        @once
        def part(self):
            if not self.ready:
                raise LedgerError("not yet")
            return "made"

    fussy = Fussy()
    with pytest.raises(LedgerError):
        _ = fussy.part
    fussy.ready = True
    assert fussy.part == "made"
    assert Fussy.part.__class__ is once
