"""The simulated trainee: what each style enacts, that words do what is meant, and when it is at fault."""

from random import Random

import pytest

from simulator import library
from simulator.domain.affect import Affect
from simulator.domain.codebook import Code, Family
from simulator.domain.line import SLOT
from simulator.domain.scenario import TRAINEE_SLOTS
from simulator.domain.trainee import STYLES, intended
from simulator.evals.trainee import Trainee, bank, faithful
from simulator.testing import HashingEmbedder, ScriptedCoder, ScriptedModel, turn

CALM, HURT = Affect(0.2, 0.7, 0.5, 0.1), Affect(0.8, 0.2, 0.3, 0.3)


def trainee(style, answer, codes=None):
    return Trainee(
        STYLES[style],
        library.persona("maya"),
        library.scenario("late-reply"),
        seed=1,
        model=ScriptedModel(answer),
        coder=ScriptedCoder(codes or {}),
        embedder=HashingEmbedder(),
    )


@pytest.mark.parametrize("style", STYLES)
def test_every_style_has_words_for_all_it_may_do(style):
    rng = Random(1)
    for number in range(1, 200):
        assert bank()[intended(STYLES[style], number, number % 2 == 0, rng)]


def test_words_hold_only_slots_that_scenes_fill():
    texts = [text for texts in bank().values() for text in texts]
    assert len(texts) == len(set(texts)) >= 200
    assert {slot for text in texts for slot in SLOT.findall(text)} <= TRAINEE_SLOTS


def test_the_attuned_solve_only_once_the_other_has_settled():
    rng = Random(2)
    before = {intended(STYLES["attuned"], n, False, rng) for n in range(1, 300)}
    assert Code.PLAN not in before
    assert {code.family for code in before} == {Family.ATTUNED}
    assert Code.PLAN in {intended(STYLES["attuned"], n, True, rng) for n in range(4, 60)}


def test_late_repair_comes_late():
    codes = [intended(STYLES["repairing_late"], n, False, Random(3)) for n in range(1, 9)]
    assert [code.family for code in codes[:3]] == [Family.MISATTUNED] * 3
    assert codes[3] is Code.REPAIR


def test_reworded_words_are_said_only_when_they_do_what_is_meant():
    def meant(messages):
        return messages[-1]["content"].split(" means: ")[-1]

    table = {word: {Code.PRESS: 0.9} for word in ("e", "a", "o")}
    code, said = trainee("pressing", lambda m: meant(m) + " Now.", table).say(1, "Hello.", [], HURT)
    assert (code, said.endswith(" Now.")) == (Code.PRESS, True)
    _, said = trainee("pressing", lambda m: meant(m) + " Now.").say(1, "Hello.", [], HURT)
    assert not said.endswith(" Now.")
    _, said = trainee("pressing", lambda _: "Bananas are yellow.", table).say(1, "Hello.", [], HURT)
    assert "Bananas" not in said


def test_the_same_seed_says_the_same_and_nothing_is_said_twice():
    def talk():
        one = trainee("fixing", lambda _: "")
        return [one.say(n, "Hello.", [], HURT)[1] for n in range(1, 9)]

    assert talk() == talk()
    assert len(set(talk())) == 8


def test_a_trainee_that_is_heard_as_something_else_is_at_fault():
    kind = [turn(1, "You waited.", {Code.REFLECT: 0.9}), turn(2, "I'm here.", {Code.STAY: 0.9})]
    assert faithful(kind, ["reflect", "validate"])
    assert not faithful(kind, ["press", "minimize"])
    assert faithful(kind, ["", ""])
