from random import Random

import pytest

from simulator.domain.affect import Affect, hurt
from simulator.domain.appraisal import appraise
from simulator.domain.attachment import Attachment
from simulator.domain.codebook import Code, coded
from simulator.domain.layers import Layer
from simulator.domain.strategy import DEACTIVATING, HYPERACTIVATING, Moment, Move, decide, weights

ANXIOUS, AVOIDANT, SECURE = Attachment(6, 2), Attachment(2, 6), Attachment(2, 2)


def moment(person, state, codes, turn=3, recent=()):
    coding = coded(codes)
    return Moment(person, state, appraise(coding, person, state), coding, turn, recent)


def share(table, moves):
    return sum(table[m] for m in moves) / sum(table.values())


def test_same_seed_same_move():
    here = moment(ANXIOUS, hurt(ANXIOUS, 0.6), {Code.MINIMIZE: 0.8})
    assert [decide(here, Random(7)) for _ in range(5)] == [decide(here, Random(7))] * 5


def test_seeds_vary_the_move():
    here = moment(ANXIOUS, hurt(ANXIOUS, 0.6), {Code.MINIMIZE: 0.8})
    assert len({decide(here, Random(seed)) for seed in range(40)}) >= 3


@pytest.mark.parametrize("code", [Code.MINIMIZE, Code.WITHDRAW, Code.BLAME])
def test_hyperactivation_with_anxiety_and_deactivation_with_avoidance(code):
    codes = {code: 0.8}
    anxious = weights(moment(ANXIOUS, hurt(ANXIOUS, 0.6), codes))
    avoidant = weights(moment(AVOIDANT, hurt(AVOIDANT, 0.6), codes))
    assert share(anxious, HYPERACTIVATING) > 0.6 > share(avoidant, HYPERACTIVATING)
    assert share(avoidant, DEACTIVATING) > 0.6 > share(anxious, DEACTIVATING)


def test_a_move_just_made_is_less_likely():
    codes, state = {Code.MINIMIZE: 0.8}, hurt(ANXIOUS, 0.6)
    fresh = weights(moment(ANXIOUS, state, codes))[Move.PROTEST]
    assert weights(moment(ANXIOUS, state, codes, recent=(Move.PROTEST,)))[Move.PROTEST] < fresh


def test_pressed_to_the_edge_an_avoidant_may_leave_but_not_at_once():
    far = Affect(0.8, 0.05, 0.2, 0.95)
    assert weights(moment(AVOIDANT, far, {Code.PRESS: 0.9}, turn=5))[Move.LEAVE] > 0
    assert weights(moment(AVOIDANT, far, {Code.PRESS: 0.9}, turn=2))[Move.LEAVE] == 0


def test_solving_waits_until_settled():
    tense, settled = Affect(0.7, 0.6, 0.5, 0.1), Affect(0.2, 0.7, 0.5, 0.1)
    assert weights(moment(SECURE, tense, {Code.PLAN: 0.9}))[Move.SOLVE_TOGETHER] == 0
    assert weights(moment(SECURE, settled, {Code.PLAN: 0.9}))[Move.SOLVE_TOGETHER] > 0


def test_fit_chooses_among_open_moves_only():
    here = moment(ANXIOUS, hurt(ANXIOUS, 0.6), {Code.MINIMIZE: 0.8})
    assert decide(here, Random(1), {Move.SPIRAL: 1.2, Move.SOFTEN: 1.5}) is Move.SPIRAL


def test_fit_does_not_make_a_rare_move_common():
    """A secure person does not spiral because a spiral would fit the words best."""
    here = moment(SECURE, Affect(0.7, 0.2, 0.3, 0.2, 0.4), {Code.MINIMIZE: 0.8})
    fit = dict.fromkeys(weights(here), 0.5) | {Move.SPIRAL: 1.2}
    drawn = [decide(here, Random(seed), fit) for seed in range(400)]
    assert drawn.count(Move.SPIRAL) <= 20


def test_only_attuned_turns_bring_up_a_deeper_layer():
    state = Affect(0.6, 0.35, 0.3, 0.2)
    missed = moment(ANXIOUS, state, {Code.MINIMIZE: 0.8}).deepest
    heard = moment(ANXIOUS, state, {Code.REFLECT: 0.9, Code.VALIDATE: 0.8}).deepest
    assert missed is Layer.SECONDARY
    assert heard > missed
