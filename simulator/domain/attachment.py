"""Where a person stands on the two axes of adult attachment. Knows nothing of states or words."""

from dataclasses import dataclass
from typing import Literal

from simulator.errors import InputError

Style = Literal["secure", "anxious", "avoidant", "fearful"]

LOWEST, MIDPOINT, HIGHEST = 1.0, 4.0, 7.0


@dataclass(frozen=True)
class Attachment:
    """Two continuous dimensions, each 1..7 (ECR-R; Fraley, Waller & Brennan 2000).

    Raises: InputError when a value lies outside 1..7.

    >>> Attachment(anxiety=6.0, avoidance=2.2).style
    'anxious'
    >>> Attachment(anxiety=5.7, avoidance=5.6).style
    'fearful'
    """

    anxiety: float
    """1..7: is the other available?"""
    avoidance: float
    """1..7: is closeness uncomfortable?"""

    def __post_init__(self) -> None:
        for name in ("anxiety", "avoidance"):
            value = getattr(self, name)
            if not LOWEST <= value <= HIGHEST:
                raise InputError(f"{name}: {value} is outside [1, 7]")

    @property
    def anxious(self) -> float:
        """Anxiety rescaled to 0..1."""
        return (self.anxiety - LOWEST) / (HIGHEST - LOWEST)

    @property
    def avoidant(self) -> float:
        """Avoidance rescaled to 0..1."""
        return (self.avoidance - LOWEST) / (HIGHEST - LOWEST)

    @property
    def style(self) -> Style:
        """The quadrant's name, derived for people to read; no rule depends on it."""
        high_anxiety, high_avoidance = self.anxiety >= MIDPOINT, self.avoidance >= MIDPOINT
        if high_anxiety and high_avoidance:
            return "fearful"
        if high_anxiety:
            return "anxious"
        return "avoidant" if high_avoidance else "secure"
