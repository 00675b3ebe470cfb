"""Intervals and tests: against known values, and that nothing cries wolf."""

from random import Random

import pytest

from simulator.evals.difference import compared
from simulator.evals.statistics import detectable, estimate, holm, pass_hat, rate, sign_flip


def test_an_a_a_comparison_alarms_in_at_most_five_percent_of_a_thousand_seeds():
    alarms = 0
    for seed in range(1000):
        rng = Random(seed)
        metrics = [[rng.gauss(0, 1) - rng.gauss(0, 1) for _ in range(7)] for _ in range(2)]
        ps = [sign_flip(values, seed=seed) for values in metrics]
        alarms += min(ps) < 0.05 and min(holm(ps)) < 0.05  # a correction never lowers a p
    assert 0 < alarms <= 50


def test_a_real_difference_is_noticed():
    rng = Random(1)
    before = {f"c{i}": {"pass": 1.0, "trust_end": rng.random()} for i in range(40)}
    after = {
        case: {"pass": 0.0 if int(case[1:]) < 12 else 1.0, "trust_end": v["trust_end"]}
        for case, v in before.items()
    }
    found = compared(before, after)
    assert found.regressed
    assert len(found.flips) == 12
    trust = next(change for change in found.changes if change.metric == "trust_end")
    assert (trust.delta.mean, trust.p) == (0.0, 1.0)


def test_equal_runs_have_no_difference():
    values = {f"c{i}": {"pass": float(i % 2)} for i in range(10)}
    found = compared(values, values)
    assert (found.regressed, found.flips, found.changes[0].p) == (False, {}, 1.0)


def test_the_interval_is_over_cases():
    few, many = estimate([0.0, 1.0] * 3), estimate([0.0, 1.0] * 50)
    assert few.high - few.low > 2 * (many.high - many.low)
    assert (few.mean, few.cases) == (0.5, 6)


def test_wilson_against_its_formula():
    found = rate([1.0] * 9 + [0.0])
    assert (round(found.low, 4), round(found.high, 4)) == (0.5958, 0.9821)


def test_pass_hat_counts_epochs_that_all_pass():
    epochs = {"a": [True, True, False], "b": [False, False, False]}
    assert [round(pass_hat(epochs, k), 4) for k in (1, 2, 3)] == [0.3333, 0.1667, 0.0]


def test_a_wider_spread_needs_a_larger_difference():
    small, large = detectable([0.1, -0.1] * 20), detectable([1.0, -1.0] * 20)
    assert small is not None
    assert large == pytest.approx(10 * small)
    assert detectable([0.0] * 20) is None


@pytest.mark.parametrize("cases", [1, 10, 13, 25, 27, 100])
def test_a_perfect_rate_reaches_one_and_an_empty_one_nought(cases):
    assert rate([1.0] * cases).high == 1.0
    assert rate([0.0] * cases).low == 0.0


def test_more_metrics_need_a_larger_difference():
    values = [0.1, -0.1, 0.2] * 10
    assert detectable(values, tests=12) > detectable(values)
