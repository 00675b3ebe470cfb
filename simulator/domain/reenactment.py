"""A turn held again from the state before it, heard a little differently each time. Pure arithmetic.

What somebody hears in a sentence is never certain, and neither is a coder. A draw is an ear: for every
code, how much more or less readily it is heard this time. All wordings of one turn are heard with the
same ears, so that two of them can be compared draw by draw.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from random import Random

from simulator.domain.affect import Affect, feel
from simulator.domain.appraisal import Impact, appraise
from simulator.domain.attachment import Attachment
from simulator.domain.codebook import Code, Coding, Reading
from simulator.domain.hearing import decided

SURE = 1e-6
"""A chance (0..1) nearer to 0 or 1 than this counts as this: logits have to be finite."""
Ear = Mapping[Code, float]
"""For every code, how much more readily (a logit, any real number) it is heard than the coder hears it."""


@dataclass(frozen=True)
class Spread:
    """Where most of many draws fell: their 10th, 50th and 90th percentile."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of some values, rounded to four places.

        Raises: IndexError when there are none.

        >>> Spread.of([0.3, 0.1, 0.2])
        Spread(low=0.12, median=0.2, high=0.28)
        """
        ordered = sorted(values)
        return cls(*(_quantile(ordered, share) for share in (0.1, 0.5, 0.9)))


@dataclass(frozen=True)
class Change:
    """What became of somebody, each value -1..1 against the state before the turn."""

    trust: Spread
    distress: Spread
    security: Spread

    @classmethod
    def of(cls, before: Affect, states: Sequence[Affect]) -> "Change":
        """The change from one state to many.

        Raises: IndexError when there are none.
        """
        return cls(
            Spread.of([state.trust - before.trust for state in states]),
            Spread.of([state.activation - before.activation for state in states]),
            Spread.of([state.security - before.security for state in states]),
        )


@dataclass(frozen=True)
class Reenacted:
    """One draw: what was heard, what it did at once, and where the talk had got to afterwards."""

    coding: Coding
    impact: Impact
    after: Affect
    later: Affect
    """The state after the turns that followed; `after` when none did."""

    def beats(self, other: "Reenacted") -> bool:
        """Whether it left more trust and less distress than another wording did in the same draw."""
        calmer = self.after.activation < other.after.activation
        return calmer and self.after.trust > other.after.trust


def ears(seed: str, count: int) -> list[Ear]:
    """`count` different ears; the same seed gives the same ones."""
    rngs = (Random(f"{seed}:ear:{number}") for number in range(count))
    return [{code: _logit(rng.random()) for code in Code} for rng in rngs]


def heard(reading: Reading, ear: Ear) -> Coding:
    """What this ear hears where the coder reads `reading`.

    The logits of ears are logistic, so a code stands above its threshold as often as the coder is
    sure of it, measured from that threshold; an ear of zeros hears what the coder does. Contradictions
    are settled as in any turn.

    >>> reading = Reading({Code.REPAIR: 0.9, Code.BLAME: 0.1}, {Code.REPAIR: "I'm sorry"})
    >>> heard(reading, dict.fromkeys(Code, 0.0)).codes, heard(reading, {Code.REPAIR: -4, Code.BLAME: 4}).codes
    ((<Code.REPAIR: 'repair'>,), (<Code.BLAME: 'blame'>,))
    """
    moved = {code: _unlogit(_logit(chance) + ear[code]) for code, chance in reading.probability.items()}
    return decided(replace(reading, probability=moved))


def reenact(
    coding: Coding, before: Affect, attachment: Attachment, following: Sequence[Coding] = ()
) -> Reenacted:
    """Let a turn be heard in the state before it, and the talk go on with the turns that followed it."""
    impact = appraise(coding, attachment, before)
    after = later = feel(before, impact, attachment)
    for one in following:
        later = feel(later, appraise(one, attachment, later), attachment)
    return Reenacted(coding, impact, after, later)


def better_share(ones: Sequence[Reenacted], others: Sequence[Reenacted]) -> float:
    """The share (0..1) of draws in which one wording beat the other.

    Raises: ValueError when the draws are not the same ones; ZeroDivisionError when there are none.
    """
    return sum(one.beats(other) for one, other in zip(ones, others, strict=True)) / len(ones)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` (0..1) of them lie, between neighbours in proportion."""
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return round(ordered[below] + (at - below) * (ordered[above] - ordered[below]), 4)


def _logit(chance: float) -> float:
    inside = min(1 - SURE, max(SURE, chance))
    return log(inside / (1 - inside))


def _unlogit(logit: float) -> float:
    return 1 / (1 + exp(-logit))
