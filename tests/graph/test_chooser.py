"""What is meant, in its order: fact, more of the last line, honest ignorance, a line, a reaction."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from simulator import library
from simulator.chooser import AGAIN, ASIDE, ECHO, MORE, MOST_ECHOES, REACTION, Chooser
from simulator.domain.affect import Affect
from simulator.domain.appraisal import appraise
from simulator.domain.codebook import Code, Coding, Family, Oddity, coded
from simulator.domain.dialogue import Turn
from simulator.domain.strategy import SOFT_MOVES, Moment, Move
from simulator.repertoire import Repertoire
from simulator.testing import HashingEmbedder

WHO, SCENE = library.persona("maya"), library.scenario("late-reply")
CALM = Affect(0.5, 0.4, 0.4, 0.1)


@pytest.fixture(scope="module")
def repertoire(tmp_path_factory):
    return Repertoire(WHO, SCENE, HashingEmbedder(), tmp_path_factory.mktemp("vectors"))


@pytest.fixture
def chooser(repertoire):
    return Chooser(WHO, repertoire, None)


def moment(codes, state=CALM, oddity=None):
    coding = replace(coded(codes), oddity=oddity)
    return Moment(WHO.attachment, state, appraise(coding, WHO.attachment, state), coding, turn=3)


def again_and_again(chooser, said, code, times):
    """The talk that comes of hurting somebody with the same words."""
    history = []
    for number in range(1, times + 1):
        heard = moment({code: 0.9}, Affect(0.9, 0.05, 0.2, 0.3))
        found = chooser.choose(said, heard, history, Random(number))
        turn = Turn(number, "x", found.meaning, Coding(), CALM, CALM, move=found.move, line=found.line)
        history.append(turn)
    return history


def spoken(repertoire):
    line = next(line for line in WHO.lines if line.move is Move.NAME_HURT and line.more)
    return line, Turn(1, "Hm.", repertoire.say(line), Coding(), CALM, CALM, move="name_hurt", line=line.id)


def test_asked_for_more_the_persona_goes_on(chooser, repertoire):
    line, turn = spoken(repertoire)
    found = chooser.choose("Go on.", moment({Code.EXPLORE: 0.8}), [turn], Random(1))
    assert (found.line, found.meaning) == (line.id + MORE, repertoire.filled(line.more))
    assert chooser.choose("Go on.", moment({Code.EXPLORE: 0.8}), [], Random(1)).line != found.line


def test_after_a_miss_it_does_not_go_on(chooser, repertoire):
    _, turn = spoken(repertoire)
    found = chooser.choose("Go on.", moment({Code.BLAME: 0.9}), [turn], Random(1))
    assert not found.line.endswith(MORE)


def test_a_question_no_sheet_answers_gets_an_honest_answer(chooser, monkeypatch):
    monkeypatch.setattr("simulator.repertoire.WELL_ENOUGH", 2.0)
    asked = "Who was the tall woman beside the piano?"
    found = chooser.choose(asked, moment({Code.INQUIRE: 0.9}), [], Random(1))
    assert found.move == ASIDE
    assert found.meaning in {text for texts in WHO.unknown.values() for text in texts}
    assert found.verbatim


def test_a_fact_comes_before_ignorance(chooser):
    found = chooser.choose("How old are you?", moment({Code.INQUIRE: 0.9}), [], Random(1))
    assert "Thirty-one" in found.meaning


def test_a_fact_is_found_in_a_long_turn_and_told_again_as_such(chooser):
    said = "I had a bad day and the bus was late and I thought of you. How old are you? Anyway."
    first = chooser.choose(said, moment({Code.TELL: 0.9}), [], Random(1))
    assert "Thirty-one" in first.meaning
    told = Turn(1, said, first.meaning, Coding(), CALM, CALM, move=ASIDE, meaning=first.meaning)
    again = chooser.choose("How old are you?", moment({Code.INQUIRE: 0.9}), [told], Random(1))
    assert again.meaning == AGAIN + first.meaning


def test_a_piece_of_the_turn_is_given_back_but_not_all_evening(chooser, monkeypatch):
    monkeypatch.setattr("simulator.repertoire.WELL_ENOUGH", 2.0)
    history = again_and_again(chooser, "Look. My phone died.", Code.EXPLAIN, 11)
    echoes = [turn.number for turn in history if turn.line == ECHO]
    assert {turn.reply for turn in history if turn.line == ECHO} == {"Your phone died?"}
    assert len(echoes) == MOST_ECHOES
    assert 1 not in [after - before for before, after in pairwise(echoes)]


def test_in_the_reversed_scene_nobody_reacts_as_the_one_who_was_hurt(tmp_path, monkeypatch):
    monkeypatch.setattr("simulator.repertoire.WELL_ENOUGH", 2.0)
    scene = library.scenario("ask-for-it")
    chooser = Chooser(WHO, Repertoire(WHO, scene, HashingEmbedder(), tmp_path), None)
    heard = moment({Code.BLAME: 0.9}, Affect(0.9, 0.05, 0.2, 0.3))
    found = [chooser.choose("Zyx qwv plm.", heard, [], Random(number)) for number in range(30)]
    reactions = {one.meaning for one in found if one.line == REACTION}
    assert reactions
    assert reactions <= set(WHO.reactions[Family.NEUTRAL])


def test_where_no_line_answers_a_short_reaction_is_made_once(chooser):
    known = set(WHO.reactions[Family.MISATTUNED])
    history = again_and_again(chooser, "Zyx qwv plm.", Code.BLAME, 29)
    reactions = [turn.reply for turn in history if turn.line == REACTION]
    assert set(reactions) <= known
    assert len(set(reactions)) == len(reactions) > 0
    assert not any(turn.line == REACTION and turn.move in SOFT_MOVES for turn in history)


def test_an_oddity_is_answered_as_one(chooser):
    found = chooser.choose("Are you a bot?", moment({}, oddity=Oddity.ARE_YOU_AI), [], Random(1))
    assert found.meaning in WHO.unexpected[Oddity.ARE_YOU_AI]
