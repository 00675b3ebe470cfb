"""Progress: intervals, what counts as evidence, and the rule for what to practise next."""

from dataclasses import replace
from itertools import count
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import library
from simulator.domain.progress import STYLES, Point, _t95, estimate, estimates, progress
from simulator.domain.skills import Skill

LEVELS = st.lists(st.floats(0, 4), min_size=1, max_size=40)
PEOPLE = [library.persona(name) for name in ("maya", "daniel", "iris", "jonah", "ruth")]
SCENES = [library.scenario(name) for name in library.scenarios()]
RUTH = PEOPLE[-1]
STYLE = {person.key: person.attachment.style for person in PEOPLE}
_numbers = count(1)


def point(persona="maya", scenario="late-reply", **levels):
    """A talk; skills by the name of the enum's member, the others not judged."""
    judged = {skill: levels.get(skill.name.lower()) for skill in Skill}
    number = next(_numbers)
    at = f"2026-01-01T00:{number // 60:02}:{number % 60:02}+00:00"
    return Point(f"s{number}", at, persona, STYLE.get(persona), scenario, 3, judged, 0.5, 0.0, False)


def advised(*points, people=PEOPLE, scenes=SCENES):
    return progress(points, 0, people, scenes).next


@given(LEVELS)
def test_an_interval_holds_the_mean_and_stays_on_the_scale(levels):
    found = estimate(levels)
    assert found.mean == pytest.approx(fmean(levels))
    assert found.n == len(levels)
    if found.n == 1:
        assert found.low is None
        assert found.high is None
    else:
        assert 0 <= found.low <= found.mean <= found.high <= 4


def test_the_interval_is_students():
    from scipy.stats import t

    assert [_t95(n) for n in range(1, 200)] == pytest.approx(list(t.ppf(0.975, range(1, 200))), rel=2e-3)
    levels = [1.0, 2.0, 2.0, 3.0]
    low, high = t.interval(0.95, 3, loc=2, scale=0.6667**0.5 / 2)
    found = estimate(levels)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)


@given(LEVELS, st.integers(0, 10))
def test_what_was_not_judged_changes_nothing(levels, unjudged):
    judged = [point(timing=level) for level in levels]
    with_gaps = judged + [point(presence=1.0) for _ in range(unjudged)]
    assert estimates(with_gaps)[Skill.TIMING] == estimates(judged)[Skill.TIMING]
    assert Skill.REPAIR not in estimates(with_gaps)


@given(st.integers(0, 50))
def test_second_tries_change_no_figure_of_the_first_lines(second_tries):
    points = [point(timing=1.0), point("daniel", timing=2.0)]
    without = progress(points, 0, PEOPLE, SCENES)
    assert progress(points, second_tries, PEOPLE, SCENES) == replace(without, second_tries=second_tries)


def test_figures_are_told_apart_by_style():
    points = [point("maya", timing=1.0), point("daniel", timing=3.0), point("ruth", timing=4.0)]
    found = progress(points, 0, PEOPLE, SCENES)
    assert found.overall[Skill.TIMING].mean == pytest.approx(8 / 3)
    assert {s: e[Skill.TIMING].mean for s, e in found.by_style.items()} == {"anxious": 1.0, "avoidant": 3.5}


def test_talks_are_told_in_the_order_they_were_held():
    first, second = point(), point()
    assert list(progress([second, first], 0, PEOPLE, SCENES).sessions) == [first, second]


def test_the_weakest_skill_is_advised_in_the_style_where_it_is_weakest():
    advice = advised(
        point("maya", timing=2.5, presence=3.5),
        point("maya", timing=2.5, presence=3.5),
        point("daniel", timing=1.0, presence=3.5),
        point("daniel", reflecting=0.0),  # once is no pattern
    )
    assert (advice.skill, advice.style) == (Skill.TIMING, "avoidant")
    assert "timing" in advice.reason
    assert "2.0 of 4 over 3 talks" in advice.reason
    assert "avoidant" in advice.reason


def test_the_least_practised_person_and_scene_are_advised():
    held = [point("daniel", "late-reply", timing=1.0), point("daniel", "flowers", timing=1.0)]
    assert advised(*held).persona == "ruth"
    rest = [s.key for s in SCENES if not s.own_lines_only and s.key not in {"flowers", "first-session"}]
    everywhere = [point("ruth", scenario, timing=1.0) for scenario in rest]
    assert advised(*held, *everywhere, people=[RUTH]).scenario == "flowers"  # never with her
    assert advised(*everywhere, point("ruth", "flowers"), *held[1:], people=[RUTH]).scenario != "flowers"


def test_a_style_never_tried_is_advised_when_all_is_steady():
    steady = {"timing": 3.5, "presence": 4.0}
    points = [point(name, **steady) for name in ("maya", "maya", "daniel", "iris")]
    advice = advised(*points)
    assert (advice.skill, advice.style, advice.persona) == (None, "fearful", "jonah")
    everybody = [*points, point("jonah", **steady), point("iris", **steady), point("daniel", **steady)]
    assert advised(*everybody).style == "fearful"
    assert "steady" in advised(*everybody).reason


@pytest.mark.parametrize("style", STYLES)
def test_a_first_talk_leads_to_somebody_else(style):
    who = next(person.key for person in PEOPLE if person.attachment.style == style)
    assert advised(point(who, timing=1.0)).style != style


def test_with_no_talk_there_is_no_advice():
    assert advised() is None
    assert progress([], 3, PEOPLE, SCENES).second_tries == 3


def test_the_reversed_scene_and_an_unpractised_therapy_room_are_not_advised():
    only = [scene for scene in SCENES if scene.own_lines_only or scene.kind == "therapy"]
    assert len(only) == 2
    assert advised(point(timing=1.0), scenes=only) is None
    therapy = next(scene for scene in only if scene.kind == "therapy")
    assert advised(point(scenario=therapy.key, timing=1.0), scenes=only).scenario == therapy.key


def test_people_and_scenes_that_are_gone_still_count():
    points = [point("gone", "gone-too", timing=1.0), point("gone", "gone-too", timing=2.0)]
    found = progress(points, 0, PEOPLE, SCENES)
    assert found.overall[Skill.TIMING].n == 2
    assert found.by_style == {}
    assert found.next.persona in STYLE
    assert advised(*points, people=[]) is None


@given(st.lists(st.tuples(st.sampled_from([*STYLE, "gone"]), st.floats(0, 4)), min_size=1, max_size=12))
def test_advice_is_always_somebody_in_the_library_and_never_scolds(talks):
    advice = advised(*[point(name, timing=level) for name, level in talks])
    assert STYLE[advice.persona] == advice.style
    assert advice.scenario in {scene.key for scene in SCENES}
    assert advice.reason.endswith(".")
    assert not {"bad", "poor", "fail", "wrong", "weak", "must"} & set(advice.reason.lower().split())
