"""From probabilities to codes: thresholds, contradictions, abstaining."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.domain.codebook import Code, Family, Oddity, Reading
from simulator.domain.cue import cued
from simulator.domain.hearing import MOST_CODES, decided
from simulator.library import cues


def reading(oddity=None, quotes=None, cuts=None, **chances):
    held = {Code(name): value for name, value in chances.items()}
    return Reading(held, quotes or {code: code.value for code in held}, cuts or {}, oddity, "x")


def test_what_stands_above_its_threshold_is_heard_clearest_first():
    coding = decided(reading(cuts={Code.REFLECT: 0.4, Code.EXPLORE: 0.85}, reflect=0.6, explore=0.9, fix=0.2))
    assert coding.codes == (Code.REFLECT, Code.EXPLORE)
    assert [h.intensity for h in coding.heard] == pytest.approx([0.667, 0.667], abs=0.001)
    assert coding.heard[0].quote == "reflect"


def test_a_move_is_always_something_but_faintly():
    coding = decided(reading(tell=0.3, fix=0.1))
    assert coding.codes == (Code.TELL,)
    assert coding.heard[0].intensity == pytest.approx(0.3)


def test_the_same_words_do_not_show_care_and_a_miss():
    quotes = {Code.VALIDATE: "of course you're upset", Code.LABEL: "of course you're upset"}
    assert decided(reading(quotes=quotes, validate=0.9, label=0.6)).codes == (Code.VALIDATE,)
    assert decided(reading(quotes=quotes, validate=0.6, label=0.9)).codes == (Code.LABEL,)
    apart = {Code.REPAIR: "I'm sorry", Code.BLAME: "you always sulk"}
    assert set(decided(reading(quotes=apart, repair=0.9, blame=0.8)).codes) == {Code.REPAIR, Code.BLAME}


def test_neutral_codes_stand_beside_any():
    quotes = {Code.FIX: "Have you tried ringing him?", Code.INQUIRE: "Have you tried ringing him?"}
    assert set(decided(reading(quotes=quotes, fix=0.9, inquire=0.6)).codes) == {Code.FIX, Code.INQUIRE}


def test_a_faux_code_beside_care_needs_clear_evidence():
    assert decided(reading(support=0.95, gaslight=0.7)).codes == (Code.SUPPORT,)
    assert set(decided(reading(support=0.95, gaslight=0.9)).codes) == {Code.SUPPORT, Code.GASLIGHT}


def test_silence_and_a_coder_that_abstains_from_all_hear_nothing():
    assert decided(reading(oddity=Oddity.SILENCE, tell=0.9)).heard == ()
    assert decided(Reading({}, {})).heard == ()


@given(st.dictionaries(st.sampled_from(list(Code)), st.floats(0, 1), min_size=1))
def test_never_too_many_never_out_of_range_never_contradictory(chances):
    coding = decided(Reading(chances, dict.fromkeys(chances, "words")))
    assert 1 <= len(coding.heard) <= MOST_CODES
    assert all(0 <= h.intensity <= 1 for h in coding.heard)
    families = {code.family for code in coding.codes}
    assert not (Family.ATTUNED in families and families & {Family.MISATTUNED, Family.FAUX})


@pytest.mark.parametrize(
    ("text", "before", "lowered", "raised"),
    [
        ("It's really not a big deal.", "I was hurt.", Code.VALIDATE, Code.MINIMIZE),
        ("relax, it isn't such a big deal", "", Code.VALIDATE, Code.MINIMIZE),
        ("I\u2019m sorry you feel that way.", "", Code.REPAIR, None),
        ("I said sorry already, what else do you want?", "", Code.REPAIR, None),
        ("To be fair, I did ring you twice.", "", Code.REPAIR, Code.EXPLAIN),
        ("It wasn't even my fault.", "", Code.REPAIR, Code.EXPLAIN),
        ("Sorry if you felt left out.", "", Code.REPAIR, None),
        ("I'm not going anywhere.", "", Code.WITHDRAW, Code.STAY),
        ("I'm staying with you.", "", Code.WITHDRAW, Code.STAY),
        ("I'm going out for a walk.", "Please don\u2019t go.", Code.STAY, Code.WITHDRAW),
    ],
)
def test_a_telling_turn_of_phrase_settles_what_it_does(text, before, lowered, raised):
    chances = {"repair": 0.8, "validate": 0.8, "minimize": 0.2, "explain": 0.2, "stay": 0.5, "withdraw": 0.5}
    held = cued(reading(**chances), text, before, cues())
    assert held.probability[lowered] == 0.1
    assert raised is None or held.probability[raised] == 0.9


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("It's not a big deal, love.", "Sorry, I've made you late."),
        ("You say it's not a big deal, and your eyes are red.", "I'm fine."),
        ("I'm sorry. You felt alone, and that was me.", "You left."),
        ("It is a big deal.", "It's nothing."),
        ("I'm so sorry you felt alone because of me.", ""),
        ("I never said sorry for that night. I'm sorry.", ""),
        ("I said sorry and did the same thing again.", ""),
        ("I told you it wasn't my fault. It was, and I'm sorry.", ""),
        ("I'm staying at Tom's tonight.", "I was hurt."),
        ("I'm not leaving until you tell me.", ""),
        ("I'm not going anywhere but the allotment.", ""),
    ],
)
def test_the_same_words_elsewhere_do_not(text, before):
    one = reading(repair=0.8, validate=0.8, minimize=0.2)
    assert cued(one, text, before, cues()) is one
