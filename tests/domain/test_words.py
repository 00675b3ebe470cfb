"""Utterances, lines, checks, skills and the screen: what is done with words."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import library
from simulator.domain.checks import Draft, Violation, violations
from simulator.domain.codebook import Code, Coding, Heard, coded
from simulator.domain.layers import Layer
from simulator.domain.line import Line, admissible, choose, score
from simulator.domain.skills import Skill, counsel, scores
from simulator.domain.strategy import Move
from simulator.domain.utterance import clauses, cleaned, sentences
from simulator.errors import InputError
from simulator.files import json_rows
from simulator.testing import turn


@given(st.text(min_size=1, max_size=300))
def test_sentences_and_clauses_are_substrings(text):
    for piece in [*sentences(text), *clauses(text)]:
        assert piece in text


@pytest.mark.parametrize("text", ["", "   ", "\x07\u200f", "\n"])
def test_empty_turns_are_refused(text):
    with pytest.raises(InputError, match="empty"):
        cleaned(text)


def test_a_very_long_turn_is_refused():
    with pytest.raises(InputError, match="20,000 characters"):
        cleaned("a" * 20_000)


def test_control_characters_and_direction_marks_go():
    assert cleaned("I\u202e hear\x1b[31m you\u200f") == "I hear[31m you"


def line(say="I waited.", **given):
    values = {"move": Move.PROTEST, "layer": Layer.SECONDARY} | given
    return Line(say=say, **values)


def open_now(one, **given):
    values = {"deepest": Layer.NEED, "kind": "couple", "trust": 0.5, "used": set()} | given
    return admissible(one, **values)


def test_a_line_is_never_used_twice():
    assert not open_now(line(), used={line().id})


def test_a_secret_opens_only_with_trust():
    secret = line(trust_at_least=0.4)
    assert [open_now(secret, trust=t) for t in (0.2, 0.39, 0.4)] == [False, False, True]


def test_a_bound_line_needs_nearly_the_words_it_answers():
    assert [open_now(line(bound=True), nearness=n) for n in (0.3, 0.7)] == [False, True]


def test_a_line_keeps_to_its_relationship_and_depth():
    assert not open_now(line(where=frozenset({"work"})))
    assert not open_now(line(layer=Layer.NEED), deepest=Layer.SECONDARY)


def test_the_line_that_answers_wins_most_of_the_time():
    near, far = line("near", answers=frozenset({"minimize"})), line("far", answers=frozenset({"repair"}))
    coding = coded([Code.MINIMIZE])
    table = {one: score(one, coding, 0.3) for one in (near, far)}
    drawn = [choose(table, Random(seed)) for seed in range(50)]
    assert drawn.count(near) > 45


def draft(text, meaning="I felt forgotten last night.", **given):
    return Draft(text=text, meaning=meaning, heard="Relax, I was busy.", **given)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("I'm just an AI, let me know if you need more.", Violation.ASSISTANT),
        ("*sighs* I felt forgotten last night.", Violation.NARRATION),
        ("Have you tried talking to somebody about it?", Violation.ADVICE),
        ("You felt forgotten last night.", Violation.FLIP),
        ("I felt forgotten last night and", Violation.MARKUP),
        ("I felt it. I felt it.", Violation.REPEAT),
        ("word " * 50 + ".", Violation.LENGTH),
        ("...", Violation.EMPTY),
    ],
)
def test_bad_drafts_are_caught(text, why):
    assert why in violations(draft(text))


def test_a_good_draft_passes():
    assert violations(draft("I felt so forgotten last night.")) == []


def test_a_draft_far_from_its_meaning_is_caught():
    assert violations(draft("I like toast.", closeness=0.1)) == [Violation.MEANING]


def test_skills_show_their_evidence_and_abstain():
    turns = [
        turn(1, "It's nothing.", {Code.MINIMIZE: 0.9}),
        turn(2, "You sat there alone.", {Code.REFLECT: 0.9}),
        turn(3, "What was it like?", {Code.EXPLORE: 0.9}),
    ]
    found = {score.skill: score for score in scores(turns)}
    assert found[Skill.REFLECTING].level == pytest.approx(3.9, abs=0.1)
    assert found[Skill.REFLECTING].shown[0].quote == "You sat there alone."
    assert found[Skill.VALIDATING].level == 0
    assert found[Skill.REPAIR].level is None
    assert counsel(turns).ratio == 1.0


def test_more_of_a_miss_never_raises_a_skill():
    base = [turn(1, "You sat alone.", {Code.REFLECT: 0.9})]
    levels = []
    for more in range(5):
        worse = base + [turn(n + 2, "You're angry at your mother.", {Code.ASSUME: 0.9}) for n in range(more)]
        levels.append({s.skill: s.level for s in scores(worse)}[Skill.REFLECTING])
    assert levels == sorted(levels, reverse=True)
    assert all(level < 4 for level in levels[2:])


def test_the_screen_knows_idioms_from_danger():
    screen = library.rail().screen
    rows = [
        row
        for _, row in json_rows(library.folder("documents") / "turns" / "danger.jsonl")
        if row["hand"] == "one"
    ]
    wrong = [row["text"] for row in rows if bool(screen.danger(row["text"])) != (row["danger"] != "none")]
    assert wrong == []


@pytest.mark.parametrize(
    "said",
    [
        "I'm frightened of what I'll do to myself tonight.",
        "i'm scared of what i might do to myself",
        "I am afraid I'm going to do something to myself.",
        "I don't trust myself to be alone tonight.",
    ],
)
def test_fear_of_oneself_is_heard(said):
    assert library.rail().screen.danger(said) == "self_harm"


@pytest.mark.parametrize(
    "said", ["I'm scared of what I'll say to you tonight.", "I don't trust myself with money."]
)
def test_fear_of_other_things_is_not_danger(said):
    assert library.rail().screen.danger(said) is None


def test_every_danger_has_a_place_to_get_help_everywhere():
    rail = library.rail()
    for locale in rail.help:
        for danger in rail.message:
            assert rail.places(danger, locale)
    assert rail.places(next(iter(rail.message)), "xx-XX") == [
        row for row in rail.help["default"] if next(iter(rail.message)) in row.reasons
    ]


def test_codings_survive_storage():
    coding = Coding((Heard(Code.REPAIR, 0.8, "I'm sorry"),), None, "x")
    assert Coding.from_dict(coding.as_dict()) == coding
