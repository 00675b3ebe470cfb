"""Every row of the research table (docs/architecture.md, Dynamics) as a named property."""

from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from simulator.domain.affect import Affect, baseline, feel, hurt, rested
from simulator.domain.appraisal import appraise
from simulator.domain.attachment import Attachment
from simulator.domain.codebook import Code, Coding, Family, Oddity, coded
from simulator.domain.curve import doses, step
from simulator.domain.strategy import SOFT_MOVES, Moment, Move, weights

unit = st.floats(0, 1)
axis = st.floats(1, 7)
people = st.builds(Attachment, anxiety=axis, avoidance=axis)
states = st.builds(Affect, activation=unit, security=unit, trust=unit, withdrawal=unit, injury=unit)
codings = st.dictionaries(st.sampled_from(list(Code)), st.floats(0.05, 1), max_size=4).map(coded)

SECURE, ANXIOUS = Attachment(2, 2), Attachment(6, 2)
AVOIDANT, FEARFUL = Attachment(2, 6), Attachment(6, 6)
EVERYONE = (SECURE, ANXIOUS, AVOIDANT, FEARFUL)


def after(start, person, *turns):
    for codes in turns:
        start = step(start, codes if isinstance(codes, dict) else {codes: 0.8}, person)
    return start


@given(people, states, codings)
def test_state_stays_between_zero_and_one(person, state, coding):
    new = feel(state, appraise(coding, person, state), person)
    assert all(0 <= value <= 1 for value in new.as_dict().values())


@given(
    st.floats(1, 6), st.floats(0.1, 1), axis, states, st.sampled_from([Code.MINIMIZE, Code.BLAME, Code.LABEL])
)
def test_anxious_perceives_more_threat(low, more, avoidance, state, code):
    """Campbell et al. 2005."""
    calm, worried = Attachment(low, avoidance), Attachment(low + more, avoidance)
    coding = coded({code: 0.8})
    assert appraise(coding, worried, state).alarm > appraise(coding, calm, state).alarm


@given(st.floats(1, 6), st.floats(0.1, 1), axis, states)
def test_anxious_escalates_more(low, more, avoidance, state):
    """Campbell et al. 2005."""
    assume(state.activation < 0.95)
    calm, worried = Attachment(low, avoidance), Attachment(low + more, avoidance)
    assert after(state, worried, Code.MINIMIZE).activation > after(state, calm, Code.MINIMIZE).activation


@given(states)
def test_anxious_recovers_slower_on_their_own(state):
    """Campbell et al. 2005: left alone with nothing said, distress falls less."""
    assume(state.activation > 0.05)
    nothing = {Code.TELL: 0.5}
    assert after(state, ANXIOUS, nothing).activation > after(state, SECURE, nothing).activation


@given(unit, unit, unit)
def test_anxious_gains_more_from_real_support_once_believed(activation, security, withdrawal):
    """Campbell et al. 2005: larger swings both ways."""
    state = Affect(activation, security, trust=0.8, withdrawal=withdrawal)
    support = coded({Code.SUPPORT: 0.9})
    assert appraise(support, ANXIOUS, state).comfort > appraise(support, SECURE, state).comfort


def test_anxious_discounts_reassurance_at_first_and_believes_it_when_repeated():
    """001, 002: the same words comfort more at the sixth time than at the first; trust moves slowly."""
    state = hurt(ANXIOUS, 0.6)
    comforts, trusts = [], [state.trust]
    for _ in range(6):
        impact = appraise(coded({Code.SUPPORT: 0.8}), ANXIOUS, state)
        comforts.append(impact.comfort)
        state = feel(state, impact, ANXIOUS)
        trusts.append(state.trust)
    assert comforts == sorted(comforts)
    assert comforts[-1] > comforts[0] * 1.1
    assert max(b - a for a, b in pairwise(trusts)) < 0.06


@given(states, st.sampled_from([Code.PRESS, Code.LOVEBOMB, Code.ASSUME]))
def test_avoidant_is_alarmed_and_withdraws_under_pressure(state, code):
    """Overall et al. 2013; 001; 002."""
    assume(state.withdrawal < 0.95 and state.activation < 0.95)
    new = after(state, AVOIDANT, code)
    assert new.activation > state.activation
    assert new.withdrawal > state.withdrawal


@given(states, st.floats(1, 6), st.floats(0.1, 1), axis)
def test_pressure_costs_more_with_avoidance(state, low, more, anxiety):
    """Overall et al. 2013."""
    assume(0.05 < state.withdrawal < 0.9)
    near, far = Attachment(anxiety, low), Attachment(anxiety, low + more)
    assert after(state, far, Code.PRESS).withdrawal > after(state, near, Code.PRESS).withdrawal


@given(states)
def test_avoidant_comes_back_when_left_room_and_valued(state):
    """Overall et al. 2013: both together, more than either alone."""
    assume(state.withdrawal > 0.1)
    both = after(state, AVOIDANT, {Code.STAY: 0.8, Code.APPRECIATE: 0.8})
    assert both.withdrawal < state.withdrawal
    assert both.withdrawal < after(state, AVOIDANT, Code.STAY).withdrawal
    assert both.withdrawal < after(state, AVOIDANT, Code.APPRECIATE).withdrawal


@given(states)
def test_avoidant_is_calmed_by_room_more_than_by_emotional_talk(state):
    """Overall et al. 2013; Simpson & Overall 2014."""
    room = appraise(coded({Code.STAY: 0.8}), AVOIDANT, state)
    talk = appraise(coded({Code.REFLECT: 0.8}), AVOIDANT, state)
    assert room.comfort - room.alarm > talk.comfort - talk.alarm


@given(states)
def test_practical_care_costs_the_avoidant_less_than_the_secure(state):
    """Simpson & Overall 2014: instrumental care suits the avoidant."""
    fix = coded({Code.FIX: 0.8})
    for_avoidant, for_secure = appraise(fix, AVOIDANT, state), appraise(fix, SECURE, state)
    assert for_avoidant.comfort > for_secure.comfort


@given(states)
def test_secure_is_calmed_by_emotional_care(state):
    """Simpson & Overall 2014."""
    talk = appraise(coded({Code.REFLECT: 0.8, Code.VALIDATE: 0.6}), SECURE, state)
    assert talk.landed
    assert talk.comfort > appraise(coded({Code.FIX: 0.8}), SECURE, state).comfort


def test_secure_states_the_hurt_and_sets_limits():
    """001: secure is not nice; dismissed, the plain moves outweigh protest and withdrawal."""
    state = after(hurt(SECURE, 0.6), SECURE, Code.MINIMIZE)
    table = weights(_moment(SECURE, state, {Code.LABEL: 0.8}))
    plain = table[Move.NAME_HURT] + table[Move.SET_LIMIT] + table[Move.ASK_NEED]
    assert plain > 0.6 * sum(table.values())
    assert not any(table[move] for move in SOFT_MOVES)


@given(st.floats(1, 6), st.floats(0.5, 1), axis, states)
def test_leaving_hurts_in_proportion_to_anxiety(low, more, avoidance, state):
    """Mikulincer & Shaver 2003."""
    some, most = Attachment(low, avoidance), Attachment(low + more, avoidance)
    gone = Coding((), Oddity.SILENCE)
    assert appraise(gone, most, state).left > appraise(gone, some, state).left
    ratio = appraise(gone, most, state).left / appraise(gone, some, state).left
    assert abs(ratio - (0.1 + 0.9 * most.anxious) / (0.1 + 0.9 * some.anxious)) < 1e-9


@given(axis, st.floats(1, 6), st.floats(0.5, 1), states)
def test_intrusion_hurts_in_proportion_to_avoidance(anxiety, low, more, state):
    """Mikulincer & Shaver 2003."""
    some, most = Attachment(anxiety, low), Attachment(anxiety, low + more)
    press = coded({Code.PRESS: 0.8})
    assert appraise(press, most, state).pressed > appraise(press, some, state).pressed


@given(people, states)
def test_misattunement_adds_a_second_injury(person, state):
    """003: the hurt is now also being alone with it, and comfort helps less until somebody owns it."""
    assume(state.injury < 0.9)
    missed = after(state, person, Code.MINIMIZE)
    assert missed.injury > state.injury
    same_but_whole = Affect(missed.activation, missed.security, missed.trust, missed.withdrawal, 0.0)
    care = coded({Code.VALIDATE: 0.8})
    assert appraise(care, person, missed).comfort < appraise(care, person, same_but_whole).comfort


@given(people, states)
def test_repair_heals_what_reassurance_does_not(person, state):
    """002, 003: after a miss, owning it recovers more than reassuring does."""
    missed = after(state, person, Code.MINIMIZE, Code.LABEL)
    assert after(missed, person, Code.REPAIR).injury < after(missed, person, Code.SUPPORT).injury


def test_early_repair_recovers_more_than_late():
    """002, 003: the same four turns with the repair early leave everybody safer and calmer."""
    miss, own, hear = Code.MINIMIZE, Code.REPAIR, Code.REFLECT
    for person in EVERYONE:
        early = after(hurt(person, 0.6), person, miss, own, hear, hear)
        late = after(hurt(person, 0.6), person, miss, hear, hear, own)
        assert early.activation < late.activation
        assert early.trust > late.trust


def test_an_old_injury_heals_less_than_a_fresh_one():
    """002, 003: the share that one repair heals falls with every miss before it."""
    for person in EVERYONE:
        shares = []
        for misses in (1, 2, 4):
            worn = after(hurt(person, 0.6), person, *(Code.MINIMIZE,) * misses)
            shares.append(1 - after(worn, person, Code.REPAIR).injury / worn.injury)
        assert shares == sorted(shares, reverse=True)


@given(people, st.floats(0.2, 0.8), st.floats(0.2, 0.8))
def test_negative_acts_weigh_more_than_positive(person, security, trust):
    """Gottman's ratio; 001: one dismissal undoes more than one good turn builds."""
    state = Affect(0.5, security, trust, 0.3)
    up = after(state, person, {Code.VALIDATE: 0.8}).security - state.security
    down = state.security - after(state, person, {Code.MINIMIZE: 0.8}).security
    assert down / security > up / (1 - security)


@given(people, states, codings)
def test_one_good_turn_never_fixes_a_ruptured_talk(person, state, coding):
    """001: repair needs consistency."""
    assume(state.security < 0.3)
    new = feel(state, appraise(coding, person, state), person)
    assert new.security - state.security <= 0.16
    assert not new.settled


@given(people, states, st.sampled_from([Code.PRESS, Code.SOCIAL, Code.TELL, Code.INQUIRE, Code.EXPLAIN]))
def test_nobody_softens_because_they_are_asked(person, state, asking):
    """PSI-Bench, Sim2Real, concordia#78: no request opens a gate, whatever the state."""
    table = weights(_moment(person, state, {asking: 0.9}))
    assert not any(table[move] for move in SOFT_MOVES)


@given(people, states, st.sampled_from([c for c in Code if c.family in {Family.MISATTUNED, Family.FAUX}]))
def test_nobody_softens_on_a_miss(person, state, code):
    """001: the soft moves stand behind attuned turns only."""
    if code in {Code.FIX, Code.LOGISTICS}:
        assume(person.avoidant < 0.5)  # practical care is no miss for the avoidant
    table = weights(_moment(person, state, {code: 0.9}))
    assert not any(table[move] for move in SOFT_MOVES)


def test_the_same_sentence_lands_differently_on_each():
    """The product's core claim: an invitation to talk about feelings, before trust."""
    ask = coded({Code.EXPLORE: 0.8})
    balance = {p.style: appraise(ask, p, hurt(p, 0.6)).balance for p in EVERYONE}
    assert balance["anxious"] > balance["avoidant"] + 0.3
    assert balance["secure"] > balance["avoidant"] + 0.3


def test_doses_are_ordered_for_everybody():
    """The same turn at five levels of attunement: each better dose leaves more safety."""
    for person in EVERYONE:
        safety = [state.security for _, state in doses(person)]
        assert safety == sorted(safety)
        assert len(set(safety)) == len(safety)


@given(people)
def test_trust_persists_between_sessions_and_distress_does_not(person):
    """Domain, section 2: trust is the slow expectation."""
    end = Affect(0.9, 0.1, 0.7, 0.8, 0.5)
    start = rested(end, person)
    assert start.trust == end.trust
    assert start.activation == baseline(person).activation


def test_shown_distress_is_suppressed_with_avoidance():
    state = Affect(0.8, 0.2, 0.3, 0.5)
    assert state.shown_distress(AVOIDANT) < state.shown_distress(SECURE) < state.activation


def _moment(person, state, codes):
    coding = coded(codes)
    return Moment(person, state, appraise(coding, person, state), coding, turn=6)
