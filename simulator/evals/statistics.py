"""How sure a score is: intervals over cases, paired differences, and what a run could have noticed.

The case is the unit: epochs of one case are averaged first, then cases are resampled whole (cluster
bootstrap; Miller 2024, 2411.00640). Rates have Wilson's interval, which holds for few cases (Bowyer
et al. 2025, 2503.01747).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from statistics import mean

import numpy as np

RESAMPLES = 10_000
POWER = 0.8
ALPHA = 0.05
EXACT = 12
"""Pairs up to which every sign is tried; 2 ** 12 of them are fewer than RESAMPLES."""


@dataclass(frozen=True)
class Estimate:
    """A mean over cases with its interval."""

    mean: float
    low: float
    high: float
    cases: int


def estimate(values: Sequence[float], *, confidence: float = 1 - ALPHA, seed: int = 0) -> Estimate:
    """The mean of case means, with a percentile bootstrap interval over cases.

    >>> estimate([1.0, 1.0, 1.0])
    Estimate(mean=1.0, low=1.0, high=1.0, cases=3)
    """
    from scipy.stats import bootstrap

    middle = mean(values)
    if len(set(values)) == 1:
        return Estimate(middle, middle, middle, len(values))
    found = bootstrap(
        (np.asarray(values, float),),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
        batch=1000,
    ).confidence_interval
    return Estimate(middle, float(found.low), float(found.high), len(values))


def rate(values: Sequence[float], *, confidence: float = 1 - ALPHA) -> Estimate:
    """The mean of pass rates (0..1, one a case), with Wilson's interval for that many cases.

    >>> found = rate([1.0] * 20)
    >>> round(found.low, 2), found.high
    (0.84, 1.0)
    """
    from statsmodels.stats.proportion import proportion_confint

    passed, cases = sum(values), len(values)
    low, high = proportion_confint(passed, cases, alpha=1 - confidence, method="wilson")
    bounds = (0.0 if not passed else float(low), 1.0 if passed == cases else float(high))
    return Estimate(passed / cases, *bounds, cases)


def pass_hat(epochs: Mapping[str, Sequence[bool]], k: int) -> float:
    """pass^k: the chance that k epochs of a case, drawn without replacement, all pass (tau-bench).

    >>> pass_hat({"a": [True, True, False], "b": [True, True, True]}, 2)
    0.6666666666666666
    """
    rates = [comb(sum(e), k) / comb(len(e), k) for e in epochs.values() if len(e) >= k]
    return mean(rates) if rates else 0.0


def sign_flip(differences: Sequence[float], *, seed: int = 0) -> float:
    """Two-sided p of paired differences: how often random signs move the mean as far.

    >>> sign_flip([0.0, 0.0, 0.0])
    1.0
    """
    from scipy.stats import permutation_test

    pairs = np.asarray(differences, float)
    if not len(pairs) or not pairs.any():
        return 1.0
    resamples = np.inf if len(pairs) <= EXACT else RESAMPLES
    found = permutation_test(
        (pairs, np.zeros_like(pairs)),
        lambda one, other, axis: np.mean(one - other, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=1000,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def holm(ps: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979).

    >>> holm([0.01, 0.5])
    [0.02, 0.5]
    """
    from statsmodels.stats.multitest import multipletests

    return [float(p) for p in multipletests(ps, method="holm")[1]] if len(ps) else []


def detectable(differences: Sequence[float], *, tests: int = 1) -> float | None:
    """The smallest mean difference that so many pairs, so spread, show with 80 % power.

    `tests` is how many metrics share the level; None when the spread is not known.
    """
    from statsmodels.stats.power import TTestPower

    spread = float(np.std(differences, ddof=1)) if len(differences) > 2 else 0.0
    if not spread:
        return None
    effect = TTestPower().solve_power(nobs=len(differences), alpha=ALPHA / tests, power=POWER)
    return float(np.ravel(effect)[0]) * spread
