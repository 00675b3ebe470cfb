"""Progress and self-assessment over a real ledger: what counts, what is kept, and what is deleted."""

import sqlite3
from dataclasses import replace

import pytest

from simulator import library
from simulator.card import card as agreement
from simulator.domain.codebook import Code, Coding, Heard
from simulator.domain.dialogue import Turn
from simulator.domain.skills import Skill
from simulator.errors import InputError, LedgerError
from simulator.ledger import Card
from simulator.progress import finished, levels
from simulator.testing import turn
from tests.conftest import OPENING, REPAIR

ANSWERS = {item.id: 3 for item in library.questionnaire().items}


def talk(simulator, name="x-1", persona="maya", scenario="late-reply", codes=(Code.STAY,) * 3):
    """A recorded talk: one turn for each code."""
    simulator.ledger.start(Card(name, persona, scenario, 1, "2026-01-01T00:00:00+00:00", "m", "Hello."))
    say(simulator, name, codes)


def say(simulator, name, codes, first=1):
    for number, code in enumerate(codes, first):
        simulator.ledger.record(name, turn(number, f"Turn {number}.", {code: 0.9}))


def test_a_talk_counts_from_three_turns_on(simulator):
    held = simulator.start("maya", "late-reply", seed=1)
    for said in (OPENING, REPAIR):
        list(held.say(said))
    assert simulator.progress().sessions == []
    list(held.say("You sat there alone."))
    (point,) = simulator.progress().sessions
    last = held.turns[-1].after
    assert (point.session, point.persona, point.style) == (held.card.id, "maya", "anxious")
    assert (point.scenario, point.turns, point.settled) == ("late-reply", 3, last.settled)
    assert point.security == pytest.approx(last.security)
    assert point.activation == pytest.approx(last.activation - held.card.start.activation)
    assert point.levels[Skill.REPAIR] is not None
    assert point.levels[Skill.REGULATION] is None


def test_what_raters_and_coder_disagree_on_is_not_judged():
    doubted = next(skill for skill, trust in agreement().skills.items() if not trust.judged)
    assert doubted is Skill.VALIDATING

    def validating(coder):
        heard = Coding((Heard(Code.VALIDATE, 0.9, "It makes sense"),), None, coder)
        return levels([Turn(1, "It makes sense", "Mm.", heard)])[doubted]

    assert validating(agreement().coder) is None
    assert validating("never measured") == 4


def test_a_second_try_is_no_evidence(simulator):
    talk(simulator)
    first = simulator.progress()
    card = simulator.ledger.card("x-1")
    simulator.ledger.branch(replace(card, id="x-2", parent="x-1", fork=1))
    assert simulator.progress() == first  # nothing was said in it yet
    say(simulator, "x-2", [Code.PRESS] * 4, first=2)
    assert simulator.progress() == replace(first, second_tries=1)
    assert finished(simulator.ledger) == 1


def test_a_persona_that_was_deleted_or_broken_hides_no_talk(simulator, settings):
    for name, text in (("broken", "name: ["), ("unfinished", "name: Ann\n")):
        folder = settings.home / "personas" / name
        folder.mkdir(parents=True)
        (folder / "persona.yaml").write_text(text)
    talk(simulator, persona="gone", scenario="gone-too")
    found = simulator.progress()
    assert [(point.persona, point.style) for point in found.sessions] == [("gone", None)]
    assert found.next.persona in library.personas()


def test_a_self_assessment_is_kept_with_the_talks_held_so_far(simulator):
    assert simulator.assessment_due()
    assert simulator.compared() is None
    simulator.assess(ANSWERS)
    assert not simulator.assessment_due()
    talk(simulator)
    talk(simulator, "x-2", codes=[Code.STAY])
    simulator.assess(ANSWERS | {"voice": 5})
    one, two = simulator.assessments.taken()
    assert (one.answers, one.held) == (ANSWERS, 0)
    assert (two.answers["voice"], two.held) == (5, 1)
    assert one.at.endswith("+00:00")
    assert simulator.compared().assessment == two


def test_an_unfinished_self_assessment_leaves_nothing(simulator):
    with pytest.raises(InputError, match="13 of 14"):
        simulator.assess({"voice": 5})
    assert simulator.assessments.taken() == []


def test_self_assessments_are_deleted_for_good(simulator, settings):
    simulator.assess(ANSWERS | {"voice": 5})
    assert simulator.assessments.clear() == 1
    assert simulator.assessments.taken() == []
    simulator.ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stored = b"".join(path.read_bytes() for path in settings.home.glob("sessions.sqlite*"))
    assert b'"voice": 5' not in stored


def test_they_are_kept_beside_the_sessions_and_leave_them_alone(simulator):
    talk(simulator)
    simulator.assess(ANSWERS)
    simulator.ledger.delete(["x-1"])
    assert len(simulator.assessments.taken()) == 1
    talk(simulator)
    simulator.assessments.clear()
    assert len(simulator.ledger.turns("x-1")) == 3


def test_a_locked_database_is_one_line_and_keeps_what_was_there(simulator, settings, monkeypatch):
    simulator.assess(ANSWERS)
    monkeypatch.setattr("simulator.ledger.BUSY_S", 0.01)
    other = sqlite3.connect(settings.ledger)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="locked"):
        simulator.assess(ANSWERS)
    other.close()
    assert len(simulator.assessments.taken()) == 1


def test_a_damaged_answer_is_one_line(simulator, settings):
    simulator.assess(ANSWERS)
    simulator.ledger.connection.execute("UPDATE self_assessments SET answers='{'")
    simulator.ledger.connection.commit()
    with pytest.raises(LedgerError, match="cannot be read"):
        simulator.assessments.taken()
