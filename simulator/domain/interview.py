"""A persona asked about itself: do its words alone put it where its two numbers do? Pure.

The questions ask for what the scales of ECR-R measure (Fraley, Waller & Brennan 2000), in our own words;
each authored answer carries a key, 1 to 7, given by readers who saw nothing but the words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean
from typing import Literal

from simulator.domain.attachment import Attachment

Axis = Literal["anxiety", "avoidance"]


@dataclass(frozen=True)
class Probe:
    """One question about one of the two dimensions."""

    id: str
    axis: Axis
    ask: str


@dataclass(frozen=True)
class Answer:
    """What a persona may say to a probe."""

    say: str
    key: float
    """1..7: how much of the dimension readers hear in it."""


@dataclass(frozen=True)
class Interview:
    """One sitting: what was asked and said."""

    said: Sequence[tuple[Probe, Answer]]

    @property
    def attachment(self) -> Attachment:
        """Where the words put the person."""
        return Attachment(self._mean("anxiety"), self._mean("avoidance"))

    def _mean(self, axis: Axis) -> float:
        return round(fmean(answer.key for probe, answer in self.said if probe.axis == axis), 2)


def interviewed(probes: Sequence[Probe], answers: Mapping[str, Sequence[Answer]], seed: int) -> Interview:
    """Ask every probe that the persona has answers to; the same seed draws the same answers.

    >>> probes = [Probe("a", "anxiety", "Worried?"), Probe("b", "avoidance", "Far away?")]
    >>> said = interviewed(probes, {"a": [Answer("A lot.", 6.0)], "b": [Answer("No.", 2.0)]}, 1)
    >>> said.attachment.style
    'anxious'
    """
    rng = Random(f"interview:{seed}")
    return Interview(
        [(probe, rng.choice(list(answers[probe.id]))) for probe in probes if probe.id in answers]
    )
