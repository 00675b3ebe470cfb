"""Saying a turn differently: the same words give the same turn, and neither talk touches the other."""

from dataclasses import replace

import pytest

from simulator.conversation import Answered
from simulator.domain.skills import Skill
from simulator.domain.strategy import Move
from simulator.errors import InputError
from tests.conftest import OPENING, REPAIR

WORDS = (OPENING, REPAIR, "You sat there alone.", "It makes sense.", "What were you afraid of?", "I'm here.")


def say(talk, *words):
    for text in words:
        *_, last = talk.say(text)
        assert isinstance(last, Answered)
    return timeless(talk.turns)


def timeless(turns):
    return [replace(turn, at="") for turn in turns]


@pytest.fixture
def talk(simulator):
    held = simulator.start("maya", "late-reply", seed=1)
    say(held, *WORDS)
    return held


@pytest.mark.parametrize("turn", [1, 3, 6])
def test_the_same_words_give_the_same_turns(simulator, talk, turn):
    other = simulator.branch(talk.card.id, turn)
    assert len(other.turns) == turn - 1
    assert say(other, *WORDS[turn - 1 :]) == timeless(talk.turns)


def test_a_branch_is_the_same_talk_under_another_name(simulator, talk):
    card = simulator.branch(talk.card.id, 3).card
    assert card.id != talk.card.id
    assert card.id.startswith("maya-")
    assert (card.parent, card.fork) == (talk.card.id, 2)
    assert replace(card, id="", created="", parent="", fork=0) == replace(talk.card, id="", created="")
    assert simulator.ledger.card(card.id) == card


def test_neither_touches_the_other(simulator, talk):
    before = talk.turns
    other = simulator.branch(talk.card.id, 3)
    say(other, "Tell me now!")
    assert talk.turns == before
    say(talk, "I hear you.")
    talk.undo()
    talk.undo()
    assert [turn.said for turn in other.turns] == [OPENING, REPAIR, "Tell me now!"]
    other.undo()
    other.undo()
    assert talk.turns == before[:-1]
    assert other.affect == before[0].after


def test_lines_that_were_used_before_the_fork_are_not_said_again(simulator):
    talk = simulator.start("iris", "missed-dinner", seed=2)
    say(talk, *(f"{OPENING} And number {n}." for n in range(6)))
    other = simulator.branch(talk.card.id, 6)
    say(other, *(f"{OPENING} And letter {n}." for n in "abcdefghij"))
    replies = [turn.reply for turn in other.turns]
    assert len(set(replies)) == len(replies) == 15


def test_a_branch_remembers_the_same_earlier_talk(simulator, talk):
    again = simulator.start("maya", "missed-dinner", seed=2, after=talk.card.id)
    say(again, OPENING, "I hear you.")
    other = simulator.branch(again.card.id, 1)
    assert other.memory == again.memory
    assert other.memory.quotes
    assert (other.card.after, other.affect) == (talk.card.id, again.card.start)
    assert say(other, OPENING)[0].line == "recalled"


def test_what_was_confided_before_the_fork_stays_told(simulator, talk):
    last = replace(talk.turns[1], move=Move.DISCLOSE.value, line="a-secret")
    simulator.ledger.record(talk.card.id, last)
    other = simulator.branch(talk.card.id, 3)
    assert simulator.memory(other.card.id, "maya").told == {"a-secret"}
    assert simulator.memory(simulator.branch(talk.card.id, 2).card.id, "maya").told == frozenset()


def test_a_talk_that_the_persona_left_can_go_on(simulator):
    talk = simulator.start("daniel", "late-reply", seed=3)
    while not talk.ended:
        say(talk, f"Tell me now, number {len(talk.turns)}!")
    other = simulator.branch(talk.card.id, len(talk.turns))
    assert not other.ended
    say(other, "I'm here.")
    assert len(other.turns) == len(talk.turns)
    assert talk.ended


def test_branches_of_branches_make_one_tree(simulator, talk):
    first = simulator.branch(talk.card.id, 4)
    say(first, "Tell me now!")
    second = simulator.branch(first.card.id, 4)
    third = simulator.branch(first.card.id, 2)
    say(third, "Fine.")
    simulator.start("maya", "late-reply", seed=1)
    for one in (talk, first, second, third):
        told = [
            (depth, b.session, b.fork, b.turns, b.said) for depth, b in simulator.tree(one.card.id).walk()
        ]
        assert told == [
            (0, talk.card.id, 0, 6, OPENING),
            (1, first.card.id, 3, 4, "Tell me now!"),
            (2, third.card.id, 1, 2, "Fine."),
            (2, second.card.id, 3, 3, ""),
        ]
    assert say(second, *WORDS[3:]) == timeless(talk.turns)


def test_a_tree_outlives_the_talk_it_began_with(simulator, talk):
    first, second = simulator.branch(talk.card.id, 2), simulator.branch(talk.card.id, 5)
    simulator.ledger.delete([talk.card.id])
    ids = [branch.session for _, branch in simulator.tree(first.card.id).walk()]
    assert ids == [second.card.id, first.card.id]
    assert simulator.compare(first.card.id, second.card.id).shared == 1
    assert say(second, *WORDS[4:])[-1].number == 6


@pytest.mark.parametrize("turn", [-1, 0, 7])
def test_only_a_turn_that_was_said_can_be_said_differently(simulator, talk, turn):
    with pytest.raises(InputError, match=f"no turn {turn}; it has turns 1 to 6"):
        simulator.branch(talk.card.id, turn)
    assert len(simulator.ledger.summaries()) == 1


def test_a_reply_that_was_cut_off_is_no_part_of_a_branch(simulator, talk):
    events = talk.say("Please say it.")
    next(events)
    events.close()
    assert talk.cut_off()
    other = simulator.branch(talk.card.id, 6)
    assert other.cut_off() is None
    say(other, WORDS[5])
    assert talk.cut_off()
    *_, last = talk.finish()
    assert last.turn.said == "Please say it."


def test_two_branches_are_compared(simulator, talk):
    other = simulator.branch(talk.card.id, 3)
    say(other, "Tell me now!", "It is not a big deal.")
    found = simulator.compare(talk.card.id, other.card.id)
    assert found.shared == 2
    assert [[turn and turn.said for turn in pair] for pair in found.pairs] == [
        ["You sat there alone.", "Tell me now!"],
        ["It makes sense.", "It is not a big deal."],
        ["What were you afraid of?", None],
        ["I'm here.", None],
    ]
    assert found.ends == (talk.affect, other.affect)
    assert found.difference["security"] < 0 < found.difference["activation"]
    debriefs = [simulator.debrief(one.card.id).skills for one in (talk, other)]
    assert found.skills == {s: (a.level, b.level) for s, a, b in zip(Skill, *debriefs, strict=True)}


def test_talks_that_began_apart_are_not_compared(simulator, talk):
    other = simulator.start("maya", "late-reply", seed=1)
    with pytest.raises(InputError, match="did not begin as one talk"):
        simulator.compare(talk.card.id, other.card.id)


def test_a_branch_is_what_the_persona_remembers_next(simulator, talk):
    other = simulator.branch(talk.card.id, 2)
    assert simulator.last("maya") == other.card.id
    simulator.branch(talk.card.id, 1)  # nothing was said in it yet
    assert simulator.last("maya") == other.card.id


@pytest.mark.parametrize("scene", ["late-reply", "missed-dinner", "the-trip"])
def test_a_talk_just_begun_is_the_talk_that_is_resumed(simulator, scene):
    for person in ("maya", "daniel", "iris", "jonah", "ruth", "tunde"):
        talk = simulator.start(person, scene, seed=1)
        assert simulator.ledger.card(talk.card.id) == talk.card
