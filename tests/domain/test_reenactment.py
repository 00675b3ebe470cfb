"""A turn held again: what is heard how often, spreads, and draws that can be compared."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simulator.domain.affect import feel, hurt
from simulator.domain.appraisal import appraise
from simulator.domain.attachment import Attachment
from simulator.domain.codebook import Code, Coding, Heard, Oddity, Reading, coded
from simulator.domain.hearing import REPEAT_COUNTS, decided, weighed
from simulator.domain.reenactment import (
    Change,
    Spread,
    better_share,
    ears,
    heard,
    reenact,
)

PLAIN = dict.fromkeys(Code, 0.0)
attachments = st.builds(Attachment, st.floats(1, 7), st.floats(1, 7))
chances = st.dictionaries(st.sampled_from(list(Code)), st.floats(0, 1), min_size=1)


def reading(**sure):
    return Reading({Code(name): chance for name, chance in sure.items()}, {})


@given(chances)
def test_an_ear_that_leans_nowhere_hears_what_the_coder_hears(sure):
    assume(all(abs(chance - 0.5) > 1e-3 for chance in sure.values()))
    assume(all(abs(a - b) > 1e-3 for a, b in pairwise(sorted(sure.values()))))
    one, other = heard(Reading(sure, {}), PLAIN), decided(Reading(sure, {}))
    assert one.codes == other.codes
    assert [h.intensity for h in one.heard] == pytest.approx([h.intensity for h in other.heard], abs=2e-3)


@pytest.mark.parametrize("sure", [0.2, 0.5, 0.8])
def test_a_code_is_heard_as_often_as_the_coder_is_sure_of_it(sure):
    draws = [heard(reading(tell=1.0, stay=sure), ear) for ear in ears("frequency", 2000)]
    assert sum(Code.STAY in draw.codes for draw in draws) / 2000 == pytest.approx(sure, abs=0.03)


def test_a_code_at_its_threshold_is_heard_in_half_of_the_draws():
    low = Reading({Code.TELL: 1.0, Code.STAY: 0.3}, {}, {Code.STAY: 0.3})
    draws = [heard(low, ear) for ear in ears("threshold", 2000)]
    assert sum(Code.STAY in draw.codes for draw in draws) / 2000 == pytest.approx(0.5, abs=0.03)


def test_silence_is_silence_to_every_ear():
    silence = Reading({}, {}, {}, Oddity.SILENCE)
    assert {heard(silence, ear) for ear in ears("silence", 5)} == {Coding((), Oddity.SILENCE)}


def test_ears_follow_from_the_seed_and_more_of_them_change_none():
    assert ears("a", 3) == ears("a", 9)[:3]
    assert ears("a", 3) != ears("b", 3)
    assert len({tuple(ear.values()) for ear in ears("a", 9)}) == 9


@given(st.lists(st.floats(-1, 1), min_size=1))
def test_a_spread_is_ordered_and_within_what_it_is_of(values):
    spread = Spread.of(values)
    assert min(values) - 5e-5 <= spread.low <= spread.median <= spread.high <= max(values) + 5e-5
    assert spread == Spread.of(values[::-1])


def test_a_spread_leaves_out_the_outer_tenths():
    assert Spread.of([n / 10 for n in range(11)]) == Spread(0.1, 0.5, 0.9)
    assert Spread.of([0.4]) == Spread(0.4, 0.4, 0.4)


def test_the_talk_goes_on_with_the_turns_that_followed():
    who = Attachment(6, 2)
    before, following = hurt(who, 0.6), [coded([Code.STAY]), coded([Code.PRESS])]
    found = reenact(coded([Code.REPAIR]), before, who, following)
    state = found.after
    for coding in following:
        state = feel(state, appraise(coding, who, state), who)
    assert found.later == state != found.after
    alone = reenact(coded([Code.REPAIR]), before, who)
    assert alone.later == alone.after == found.after


def test_a_change_is_measured_from_the_state_before():
    who = Attachment(6, 2)
    before = hurt(who, 0.6)
    after = reenact(coded([Code.BLAME]), before, who).after
    change = Change.of(before, [after])
    assert change.distress.median == pytest.approx(after.activation - before.activation, abs=5e-5)
    assert change.trust.median == pytest.approx(after.trust - before.trust, abs=5e-5)
    assert change.security.median == pytest.approx(after.security - before.security, abs=5e-5)
    assert change.trust.median < 0 < change.distress.median


@given(attachments)
def test_owning_a_miss_beats_making_light_of_it_in_every_draw(who):
    before, drawn = hurt(who, 0.6), ears("paired", 20)
    owned, shrunk = (
        [reenact(heard(one, ear), before, who) for ear in drawn]
        for one in (reading(repair=0.9), reading(minimize=0.9))
    )
    assert better_share(owned, shrunk) == 1
    assert better_share(shrunk, owned) == better_share(owned, owned) == 0
    one, other = (Change.of(before, [draw.after for draw in draws]) for draws in (owned, shrunk))
    assert one.trust.median > other.trust.median
    assert one.distress.median < other.distress.median


def test_what_was_said_before_counts_for_less_and_what_nobody_could_read_for_nothing():
    care = coded({Code.STAY: 0.8})
    assert weighed(care, "I'm here.", ["Hello."]) == care
    assert weighed(care, "I'm here.", ["i'm here!"]).intensity(Code.STAY) == pytest.approx(
        0.8 * REPEAT_COUNTS
    )
    foreign = Coding((Heard(Code.STAY, 0.8, "Lo siento"),), Oddity.OTHER_LANGUAGE)
    assert weighed(foreign, "Lo siento", []).heard == ()
