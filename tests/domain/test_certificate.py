"""Whole simulated sessions: certificates hold for ours, and fail for a person who gives in."""

from dataclasses import replace
from random import Random

import pytest

from simulator import library
from simulator.domain import strategy
from simulator.domain.affect import Affect
from simulator.domain.attachment import Attachment
from simulator.domain.certificate import REFERENCE, certify
from simulator.domain.codebook import Code, coded
from simulator.domain.effect import MOST_D, effect
from simulator.domain.simulation import scripted, simulate, styled
from simulator.domain.strategy import Move
from simulator.domain.trainee import STYLES


@pytest.mark.parametrize("key", library.personas())
def test_every_persona_that_ships_is_certified(key):
    who = library.persona(key)
    found = certify(who.name, who.attachment, who.lines)
    assert found.sessions >= 200
    assert [finding.claim for finding in found.findings if not finding.held] == []


def test_an_avoidant_who_softens_under_pressure_is_not_certified(monkeypatch):
    monkeypatch.setitem(strategy.WEIGHTS, Move.SOFTEN, lambda m: 5 * m.heard(Code.PRESS))
    who = library.persona("daniel")
    failed = {f.claim for f in certify(who.name, who.attachment, who.lines, 10).findings if not f.held}
    assert {"nobody softens under pressure", "nobody softens because they are asked to"} <= failed


def test_a_persona_without_words_for_what_it_hears_is_not_certified():
    who = library.persona("maya")
    few = [line for line in who.lines if line.move is Move.PROTEST]
    failed = {f.claim for f in certify(who.name, who.attachment, few, 10).findings if not f.held}
    assert {"has a line for whatever is heard"} <= failed


def test_the_same_seed_gives_the_same_session():
    turns = styled(STYLES["repairing_late"])
    assert simulate(REFERENCE["fearful"], turns, 4) == simulate(REFERENCE["fearful"], turns, 4)


def test_nobody_confides_right_after_a_miss():
    who = library.persona("iris")
    told = Affect(0.1, 0.9, 0.95, 0.0)
    for seed in range(30):
        session = simulate(
            who.attachment, scripted([Code.STAY, Code.SUPPORT, Code.BLAME]), seed, lines=who.lines
        )
        assert not any(s.line and s.line.trust_at_least and not s.impact.landed for s in session.steps)
    moment = strategy.Moment(who.attachment, told, _missed(who.attachment, told), coded([Code.BLAME]))
    assert moment.confidence == 0


def _missed(attachment: Attachment, state: Affect):
    from simulator.domain.appraisal import appraise

    return appraise(coded([Code.BLAME]), attachment, state)


def test_an_effect_is_as_large_as_the_groups_lie_apart():
    rng = Random(1)
    low, high = ([rng.gauss(mean, 1) for _ in range(400)] for mean in (0, 1))
    found = effect(high, low)
    assert found.low < 1 < found.high
    assert effect([1, 1], [0, 0]).d == MOST_D
    assert effect([1, 1], [1, 1]).d == 0
    assert replace(found).n == 800


def test_while_an_effect_is_unclear_more_sessions_are_held():
    clear = certify("Noor", Attachment(2.0, 6.0), library.persona("ruth").lines, 40)
    assert clear.held
    assert clear.sessions > 40 * len(STYLES)
