"""How large a difference is between two groups of sessions: Cohen's d. Pure arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, variance

NORMAL_95 = 1.96


@dataclass(frozen=True)
class Effect:
    """Cohen's d (any real number, in pooled standard deviations) with its 95 % interval."""

    d: float
    low: float
    high: float
    n: int
    """Sessions in both groups together."""


MOST_D = 99.0
"""What is said for groups that do not overlap and do not vary."""


def effect(group: Sequence[float], reference: Sequence[float]) -> Effect:
    """How far `group` lies above `reference`; the interval is Hedges & Olkin's (1985).

    Raises: StatisticsError for a group of fewer than two.

    >>> effect([3.0, 4.0, 5.0], [1.0, 2.0, 3.0]).d
    2.0
    """
    n, m = len(group), len(reference)
    pooled = sqrt(((n - 1) * variance(group) + (m - 1) * variance(reference)) / (n + m - 2))
    apart = fmean(group) - fmean(reference)
    if pooled == 0:
        d = 0.0 if apart == 0 else MOST_D if apart > 0 else -MOST_D
        return Effect(d, d, d, n + m)
    d = apart / pooled
    d = max(-MOST_D, min(MOST_D, d))
    margin = NORMAL_95 * sqrt((n + m) / (n * m) + d * d / (2 * (n + m)))
    return Effect(d, d - margin, d + margin, n + m)
