"""Trees of branches, and two branches side by side."""

from dataclasses import replace

import pytest

from simulator.domain.affect import Affect
from simulator.domain.branch import Branch, root, tree
from simulator.domain.codebook import Code
from simulator.domain.comparison import compared, levels
from simulator.domain.skills import Skill
from simulator.testing import turn

CALM = Affect(0.4, 0.5, 0.4, 0.2)
TALK = [
    Branch("first", turns=6, said="Hi."),
    Branch("late", "first", 5, 6, "Late."),
    Branch("early", "first", 1, 3, "Early."),
    Branch("deep", "late", 2, 3, "Deep."),
    Branch("else", turns=2),
    Branch("orphan", "deleted", 2, 4),
    Branch("of orphan", "orphan", 1, 1),
]


@pytest.mark.parametrize("session", ["first", "late", "early", "deep"])
def test_the_whole_tree_is_found_from_any_of_its_sessions(session):
    whole = tree(TALK, session)
    assert [(depth, each.session) for depth, each in whole.walk()] == [
        (0, "first"),
        (1, "early"),
        (1, "late"),
        (2, "deep"),
    ]
    late = whole.children[1]
    assert (late.fork, late.turns, late.said) == (5, 6, "Late.")


def test_a_branch_whose_parent_was_deleted_is_a_root():
    known = {branch.session: branch for branch in TALK}
    assert root(known, "of orphan") == root(known, "orphan") == "orphan"
    assert [each.session for _, each in tree(TALK, "of orphan").walk()] == ["orphan", "of orphan"]
    assert tree(TALK, "else").children == ()


def spoken(number, said, security, code=Code.TELL):
    return replace(turn(number, said, {code: 0.9}), after=Affect(0.6 - security / 2, security, 0.3, 0.2))


def test_turns_are_shared_until_either_says_something_else():
    one = [spoken(1, "a", 0.3), spoken(2, "b", 0.4), spoken(3, "c", 0.2)]
    other = [one[0], spoken(2, "B", 0.5), one[2], spoken(4, "d", 0.8)]
    found = compared(CALM, one, other)
    assert found.shared == 1
    told = [[t and (t.number, t.said, t.after.security) for t in pair] for pair in found.pairs]
    assert told == [[(2, "b", 0.4), (2, "B", 0.5)], [(3, "c", 0.2), (3, "c", 0.2)], [None, (4, "d", 0.8)]]


def test_another_reply_to_the_same_words_is_a_difference():
    one = [spoken(1, "a", 0.3)]
    assert compared(CALM, one, [replace(one[0], reply="Hm?")]).shared == 0


def test_the_difference_is_the_seconds_end_less_the_firsts():
    found = compared(CALM, [spoken(1, "a", 0.2)], [spoken(1, "b", 0.8)])
    assert found.difference == pytest.approx(
        {"security": 0.6, "trust": 0, "activation": -0.3, "withdrawal": 0}
    )
    unsaid = compared(CALM, [], [spoken(1, "b", 0.8)])
    assert unsaid.ends[0] == CALM
    assert unsaid.difference["security"] == pytest.approx(0.3)


def test_skills_are_those_of_each_whole_talk_unless_somebody_else_judges():
    shared, miss = spoken(1, "a", 0.3, Code.REFLECT), spoken(2, "b", 0.2, Code.MINIMIZE)
    one, other = [shared], [shared, miss]
    found = compared(CALM, one, other)
    assert list(found.skills) == list(Skill)
    assert found.skills[Skill.VALIDATING] == (None, 0.0)
    assert found.skills[Skill.REFLECTING] == (4.0, levels(other)[Skill.REFLECTING])
    doubting = compared(CALM, one, other, lambda turns: dict.fromkeys(Skill))
    assert set(doubting.skills.values()) == {(None, None)}
