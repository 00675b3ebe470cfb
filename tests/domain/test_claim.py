"""Claims about a trajectory: what they mean, and that nothing holds of what never happened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.domain.affect import Affect
from simulator.domain.claim import Level, parse
from simulator.domain.codebook import Code, Coding, coded


def states(*security, value="security"):
    return [
        Affect(**{"activation": 0.5, "security": 0.5, "trust": 0.5, "withdrawal": 0.5} | {value: s})
        for s in security
    ]


def holds(claim, values, codings=None, value="security"):
    return parse(claim).check(states(*values, value=value), codings or [Coding()] * (len(values) - 1)).holds


@pytest.mark.parametrize(
    ("claim", "values", "expected"),
    [
        ("security rises between turns 1 and 3", (0.9, 0.2, 0.1, 0.3), True),
        ("security rises between turns 1 and 3", (0.1, 0.3, 0.1, 0.3), False),
        ("security rises by at least 0.2 from start to end", (0.1, 0.9, 0.29), False),
        ("security rises by at least 0.2 from start to end", (0.1, 0.9, 0.31), True),
        ("security falls between turns 0 and 9", (0.5, 0.1), False),
        ("security never rises by more than 0.05", (0.5, 0.55, 0.2), True),
        ("security never rises by more than 0.05", (0.5, 0.56, 0.2), False),
        ("security is below 0.6 throughout", (0.9, 0.5, 0.59), True),
        ("security is below 0.6 throughout", (0.1, 0.5, 0.61), False),
        ("security is above 0.4 at the end", (0.1, 0.5), True),
        ("security is above 0.4 at turn 1", (0.1, 0.3, 0.9), False),
        ("security is above 0.4 at turn 5", (0.1, 0.5), False),
    ],
)
def test_what_a_claim_means(claim, values, expected):
    assert holds(claim, values) is expected


def test_a_condition_picks_the_turns():
    pressed, calm = coded({Code.PRESS: 0.9}), coded({Code.STAY: 0.9})
    claim = "withdrawal never falls while pressed"
    assert holds(claim, (0.5, 0.6, 0.2), [pressed, calm], value="withdrawal")
    assert not holds(claim, (0.5, 0.6, 0.2), [calm, pressed], value="withdrawal")
    assert holds("distress rises while press", (0.5, 0.6, 0.2), [pressed, calm], value="activation")


def test_a_claim_about_what_never_happened_does_not_hold():
    found = parse("withdrawal never falls while pressed").check(states(0.5, 0.6), [coded({Code.STAY: 0.9})])
    assert not found.holds
    assert found.detail == "no turn was heard as press"


@pytest.mark.parametrize(
    "text",
    [
        "security rises",
        "security improves from start to end",
        "trust rises while bored",
        "joy rises from start to end",
    ],
)
def test_what_is_not_understood_is_an_error(text):
    with pytest.raises(ValueError, match=r"is no (claim|condition)"):
        parse(text)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12))
def test_above_and_below_never_both_hold(values):
    claims = [Level("security", above, 0.5, -1) for above in (True, False)]
    found = [claim.check(states(*values), [Coding()] * (len(values) - 1)).holds for claim in claims]
    assert sum(found) == 1
