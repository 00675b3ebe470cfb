"""The self-assessment: how answers count, when it is due, and what may be said of a difference."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import library
from simulator.domain.progress import Estimate, Point
from simulator.domain.self_assessment import Assessment, Item, compare, compared, due
from simulator.domain.skills import Skill
from simulator.errors import InputError

ASKED = library.questionnaire()
ANSWERS = st.fixed_dictionaries({item.id: st.integers(1, 5) for item in ASKED.items})


def test_every_skill_is_asked_for_and_some_statements_speak_against_it():
    assert 10 <= len(ASKED.items) <= 14
    assert {item.skill for item in ASKED.items} == set(Skill)
    assert len({item.say for item in ASKED.items}) == len(ASKED.items)
    assert 4 <= sum(item.reverse for item in ASKED.items) <= len(ASKED.items) // 2
    assert len(ASKED.scale) == 5
    assert "not a diagnosis" in ASKED.note
    assert "Relationship Advice for Emotional Attunement" in ASKED.source


@given(st.integers(1, 4), st.booleans())
def test_reversed_statements_count_the_other_way(answer, reverse):
    item = Item("one", Skill.TIMING, "I wait.", reverse)
    other = replace(item, reverse=not reverse)
    assert item.level(answer) + other.level(answer) == 4
    assert (item.level(answer + 1) > item.level(answer)) is not reverse


@given(ANSWERS)
def test_levels_lie_on_the_scale_of_the_debrief(answers):
    found = ASKED.levels(answers)
    assert set(found) == set(Skill)
    assert all(0 <= level <= 4 for level in found.values())


def test_the_best_and_the_worst_answers_reach_the_ends():
    best = {item.id: 1 if item.reverse else 5 for item in ASKED.items}
    assert set(ASKED.levels(best).values()) == {4}
    assert set(ASKED.levels({name: 6 - answer for name, answer in best.items()}).values()) == {0}


def test_answers_to_statements_that_are_gone_are_passed_over():
    assert ASKED.levels({"gone": 5}) == {}


@pytest.mark.parametrize("change", [{"put-down": 0}, {"put-down": 6}, {"made-up": 3}, {"put-down": None}])
def test_only_whole_sets_of_answers_are_accepted(change):
    whole = {item.id: 3 for item in ASKED.items}
    assert ASKED.accepted(whole) == whole
    answers = {name: value for name, value in (whole | change).items() if value is not None}
    with pytest.raises(InputError, match="self-assessment"):
        ASKED.accepted(answers)


def test_it_is_due_before_the_first_talk_and_after_every_fifth():
    taken, asked = [], []
    for held in range(16):
        if due(held, taken):
            asked.append(held)
            taken.append(Assessment("", {}, held))
    assert asked == [0, 5, 10, 15]


@given(st.integers(0, 100), st.lists(st.integers(0, 100), max_size=5))
def test_it_stays_due_until_it_is_answered_and_then_is_not(held, before):
    taken = [Assessment("", {}, number) for number in before]
    assert due(held, taken) == all(number < held - held % 5 for number in before)
    assert not due(held, [*taken, Assessment("", {}, held)])


def observed(mean, low, high, n=5):
    return {Skill.TIMING: Estimate(mean, low, high, n)}


@pytest.mark.parametrize(
    ("own", "seen", "verdict", "told"),
    [
        (
            3.5,
            observed(2.1, 1.5, 2.7),
            "higher",
            "rate your timing higher than these talks show: 3.5 against 2.1",
        ),
        (
            1.0,
            observed(2.1, 1.5, 2.7),
            "lower",
            "rate your timing lower than these talks show: 1.0 against 2.1",
        ),
        (2.6, observed(2.1, 1.5, 2.7), "in line", "in line with these talks"),
        (2.5, observed(2.1, 2.0, 2.2), "in line", "in line with these talks"),  # finer than an answer can say
        (4.0, observed(0.0, 0.0, 0.0, n=2), "too few", "too few talks to say (2 so far)"),
        (4.0, observed(0.0, None, None, n=1), "too few", "too few talks to say (1 so far)"),
        (4.0, {}, "too few", "too few talks to say (0 so far)"),
    ],
)
def test_a_difference_is_told_only_when_the_talks_are_clear(own, seen, verdict, told):
    (row,) = compare({Skill.TIMING: own}, seen)
    assert row.verdict == verdict
    assert told in row.told
    assert row.difference == (pytest.approx(own - seen[Skill.TIMING].mean) if seen else None)


def talk(day, level):
    levels = dict.fromkeys(Skill) | {Skill.TIMING: level}
    return Point("s", f"2026-01-{day:02}", "maya", "anxious", "late-reply", 3, levels, 0.5, 0.0, False)


def test_talks_since_are_compared_or_all_while_they_are_too_few():
    said = Assessment("2026-01-10", {item.id: 3 for item in ASKED.items}, 3)
    before = [talk(day, 0.0) for day in (1, 2, 3)]
    found = compared(ASKED, said, [*before, talk(11, 4.0), talk(12, 4.0)])
    assert (found.since, found.talks) == (False, 5)
    found = compared(ASKED, said, [*before, *(talk(day, 4.0) for day in (11, 12, 13))])
    assert (found.since, found.talks) == (True, 3)
    (timing,) = [row for row in found.rows if row.skill is Skill.TIMING]
    assert (timing.observed.mean, timing.difference, timing.verdict) == (4.0, -2.0, "lower")
