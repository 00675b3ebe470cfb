"""A costly turn in other words, on the public fakes: paired draws, citations, nothing written down."""

from dataclasses import replace

import pytest

from simulator.domain.codebook import Code
from simulator.domain.screening import Danger
from simulator.errors import InputError
from simulator.evaluator import Evaluator
from simulator.session import Simulator
from simulator.settings import Settings
from simulator.support import judged
from simulator.testing import ScriptedCoder, fake_parts
from tests.conftest import OPENING, REPAIR, TABLE

HEARD = TABLE | {
    "the worst of it": {Code.REPAIR: 0.9, Code.EXPLORE: 0.7},
    "mattered to you": {Code.REPAIR: 0.85},
    "a lonely place": {Code.REFLECT: 0.9},
    "close by": {Code.STAY: 0.8},
}
TALK = (OPENING, "I was late, that is all.", REPAIR, "I'm here.")


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    """One for all tests: nothing here may change a session that was held."""
    home = tmp_path_factory.mktemp("home")
    run = Simulator(Settings(home=home, cache=home), replace(fake_parts(), coder=ScriptedCoder(HEARD)))
    yield run
    run.close()


@pytest.fixture(scope="module")
def held(simulator):
    """A talk that was held, with the words given or with four of them."""

    def hold(*said, persona="maya", seed=1):
        talk = simulator.start(persona, "late-reply", seed=seed)
        for one in said or TALK:
            list(talk.say(one))
        return talk

    return hold


def outcomes(found):
    return [found.said, *found.rewrites, *([found.own] if found.own else [])]


def test_rewrites_of_a_miss_gain_trust_and_calm_over_what_was_said(simulator, held):
    found = simulator.what_if(held().card.id, 1)
    assert (found.turn, found.persona, found.seeds, found.following, found.note) == (1, "Maya", 40, 3, "")
    assert found.said.text == OPENING
    assert found.said.codes == (Code.MINIMIZE, Code.EXPLAIN)
    assert 1 <= len(found.rewrites) <= 3
    for rewrite in found.rewrites:
        assert rewrite.better_in > 0.5
        assert rewrite.at_once.trust.median > 0 > found.said.at_once.trust.median
        assert rewrite.at_once.distress.median < found.said.at_once.distress.median
        assert rewrite.later.trust.median > found.said.later.trust.median
    gains = [rewrite.at_once.trust.median for rewrite in found.rewrites]
    assert gains == sorted(gains, reverse=True)


def test_three_rewrites_say_three_different_things_where_they_can(simulator, held):
    found = simulator.what_if(held().card.id, 1)
    assert {rewrite.codes[0] for rewrite in found.rewrites} == {Code.REPAIR, Code.REFLECT, Code.STAY}


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_the_very_words_again_do_the_very_same(simulator, held, number):
    found = simulator.what_if(held().card.id, number, said=TALK[number - 1])
    assert found.own == found.said
    assert found.own.better_in == 0


def test_the_middle_of_the_draws_is_near_what_was_recorded(simulator, held):
    talk = held("You sat there alone.")
    change = simulator.what_if(talk.card.id, 1, seeds=400).said.at_once
    turn = talk.turns[0]
    assert change.trust.median == pytest.approx(turn.after.trust - turn.before.trust, abs=0.005)
    assert change.distress.median == pytest.approx(turn.after.activation - turn.before.activation, abs=0.02)


def test_words_said_again_count_for_as_little_as_in_the_talk(simulator, held):
    talk = held("It makes sense.", "It makes sense.")
    first, again = (simulator.what_if(talk.card.id, n, seeds=200).said for n in (1, 2))
    assert again.at_once.trust.median < first.at_once.trust.median
    turn = talk.turns[1]
    assert again.at_once.trust.median == pytest.approx(turn.after.trust - turn.before.trust, abs=0.005)


def test_it_is_the_same_every_time_and_leaves_the_session_alone(simulator, held):
    talk = held()
    turns, rows = talk.turns, simulator.ledger.summaries()
    found = simulator.what_if(talk.card.id, 1, said="I'm here.")
    again = Simulator(simulator.settings, simulator._parts)
    assert again.what_if(talk.card.id, 1, said="I'm here.") == found
    again.close()
    assert (talk.turns, simulator.ledger.summaries()) == (turns, rows)
    assert list(talk.say("It makes sense."))[-1].turn.number == len(TALK) + 1


def test_other_draws_for_another_session_seed(simulator, held):
    one, other = (simulator.what_if(held(OPENING, seed=seed).card.id, 1) for seed in (1, 2))
    assert one.said.at_once != other.said.at_once


def test_spreads_are_ordered_and_replies_few_and_different(simulator, held):
    found = simulator.what_if(held().card.id, 1, said="You sat there alone.")
    for outcome in outcomes(found):
        for change in (outcome.at_once, outcome.later):
            for spread in (change.trust, change.distress, change.security):
                assert -1 <= spread.low <= spread.median <= spread.high <= 1
        assert 1 <= len(set(outcome.replies)) == len(outcome.replies) <= 3
        assert all(outcome.replies)


def test_every_citation_says_what_its_remark_says(simulator, held):
    found = simulator.what_if(held().card.id, 1)
    known = {passage.id for passage in simulator.store.passages()}
    for outcome in outcomes(found):
        remark = outcome.remark
        supporting = {one for ids in judged()[remark.code].values() for one in ids}
        assert remark.citation.id in known & supporting
        assert remark.quote in outcome.text
    assert found.said.remark.verdict == "missed"
    assert {rewrite.remark.verdict for rewrite in found.rewrites} == {"landed"}


def test_a_last_turn_has_no_later(simulator, held):
    found = simulator.what_if(held(OPENING).card.id, 1)
    assert found.following == 0
    assert {outcome.later for outcome in outcomes(found)} == {None}


def test_the_costliest_turn_comes_first_and_is_taken_when_none_is_named(simulator, held):
    talk = held(REPAIR, OPENING, "I'm here.", "Tell me now!")
    numbers = simulator.costly(talk.card.id)
    net = {turn.number: turn.comfort - turn.alarm for turn in talk.turns}
    assert set(numbers) == {2, 4}
    assert numbers == sorted(numbers, key=net.__getitem__)
    assert simulator.what_if(talk.card.id).turn == numbers[0]


def test_silence_costs_and_can_be_put_in_words(simulator, held):
    talk = held("...")
    assert simulator.costly(talk.card.id) == [1]
    found = simulator.what_if(talk.card.id)
    assert found.said.codes == ()
    assert found.rewrites


def test_nothing_to_put_right_is_said_plainly(simulator, held):
    found = simulator.what_if(held().card.id, 4)
    assert found.rewrites == []
    assert "nothing to put right" in found.note


def test_a_rewrite_that_rarely_beats_what_was_said_is_no_advice(simulator, held, monkeypatch):
    worse = ["Calm down, it's not a big deal.", OPENING]
    monkeypatch.setattr(Evaluator, "betters", lambda _self, _turn, _limit=3, _before="": worse)
    found = simulator.what_if(held().card.id, 1)
    assert (found.rewrites, found.note[:18]) == ([], "I know no sentence")


def test_words_that_disclose_danger_are_not_played(simulator, held, monkeypatch):
    talk = held(OPENING)
    monkeypatch.setattr(simulator, "alarm", lambda text: Danger.SELF_HARM if "give up" in text else None)
    found = simulator.what_if(talk.card.id, 1, said="I want to give up.")
    assert (found.own, found.danger) == (None, Danger.SELF_HARM)


def test_what_cannot_be_held_again_is_refused(simulator, held):
    talk, good = held(), held("I'm here.")
    for number in (0, -1, 5):
        with pytest.raises(InputError, match=f"no turn {number}; its turns are 1 to 4"):
            simulator.what_if(talk.card.id, number)
    for seeds in (0, 1001):
        with pytest.raises(InputError, match="from 1 to 1000"):
            simulator.what_if(talk.card.id, 1, seeds=seeds)
    with pytest.raises(InputError, match="no turn of it cost anything"):
        simulator.what_if(good.card.id)
    with pytest.raises(InputError, match="nothing was said yet"):
        simulator.what_if(simulator.start("maya", "late-reply").card.id, 1)


def test_a_better_sentence_is_one_of_the_betters_as_before(simulator, held):
    talk = held()
    evaluator = simulator.evaluator(talk.persona, talk.scenario)
    for turn in talk.turns:
        best = evaluator.betters(turn)
        assert evaluator.better(turn) == (best[turn.number % len(best)] if best else "")
    assert evaluator.betters(talk.turns[0], limit=1) == evaluator.betters(talk.turns[0])[:1]
    goodbye = replace(talk.turns[0], coding=replace(talk.turns[0].coding, heard=()))
    assert evaluator.betters(goodbye)
    assert evaluator.better(goodbye) == ""
