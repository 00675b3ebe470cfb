"""A speakable line of a persona, its slots, and which line answers a turn. Words in, words out."""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import exp
from random import Random

from simulator.domain.codebook import FAMILY, Code, Coding
from simulator.domain.layers import Layer
from simulator.domain.strategy import Move

SLOTS = frozenset({"when", "event", "surface", "act", "alone", "want", "next", "topic"})
"""Scene facts from the persona's side; their grammatical form is given in docs/glossary.md."""

SLOT = re.compile(r"\{(\w+)\}")

CODE_WEIGHT = 0.45
"""How much a matching code counts beside the cosine (0..1) of the turn with what the line answers."""
SAME_WORDS = 0.6
"""Cosine (-1..1) of the turn with its `to` that a bound line needs."""
SPREAD = 0.03
"""Softmax temperature of the draw among the best lines: small, so relevance wins, seeds still vary."""


@dataclass(frozen=True)
class Line:
    """One authored line: what it does, what it answers, how deep it goes."""

    say: str
    move: Move
    layer: Layer
    answers: frozenset[str] = frozenset({"any"})
    """Codes, or families, or `any`."""
    to: str = ""
    """A sentence this line answers well."""
    where: frozenset[str] = frozenset()
    """Kinds of relationship it fits; empty for all."""
    trust_at_least: float = 0.0
    """0..1: the gate of a secret."""
    more: str = ""
    """What follows when the trainee asks to hear more of it, or gives it back; empty when nothing does."""
    bound: bool = False
    """Whether it picks up the very words of `to`, and makes no sense to others."""

    @cached_property
    def id(self) -> str:
        """Stable while the words stay the same."""
        return f"{self.move.value}-{hashlib.sha256(self.say.encode()).hexdigest()[:8]}"

    def fits(self, coding: Coding) -> float:
        """0..1: how well `answers` matches what was heard in the turn."""
        best = 0.2 if "any" in self.answers else 0.0
        for heard in coding.heard:
            exact = heard.code.value in self.answers
            kin = FAMILY[heard.code].value in self.answers
            best = max(best, heard.intensity * (1.0 if exact else 0.6 if kin else 0.0))
        return best


def fill(text: str, slots: Mapping[str, str]) -> str:
    """Put scene facts into a line and capitalise where a sentence begins.

    Raises: KeyError for a slot that the scene does not give.

    >>> fill("{alone}. Because {act}.", {"alone": "I sat up", "act": "you went quiet"})
    'I sat up. Because you went quiet.'
    """
    filled = SLOT.sub(lambda match: slots[match.group(1)], text)
    return re.sub(r"(^|[.!?]\s+)([a-z])", lambda m: m.group(1) + m.group(2).upper(), filled)


def admissible(
    line: Line, *, deepest: Layer, kind: str, trust: float, used: Collection[str], nearness: float = 1.0
) -> bool:
    """Whether a line may be spoken now: unused, fitting the relationship, open at this trust and depth.

    `nearness` is the cosine (-1..1) of the turn with what the line answers.
    """
    return (
        line.id not in used
        and (nearness >= SAME_WORDS or not line.bound)
        and (not line.where or kind in line.where)
        and trust >= line.trust_at_least
        and line.layer <= deepest
    )


def score(line: Line, coding: Coding, relevance: float) -> float:
    """How well a line answers the turn, about 0..1.5; `relevance` is a cosine, -1..1.

    A secret whose gate has just opened is more pressing than another general line.
    """
    return relevance + CODE_WEIGHT * line.fits(coding) + (0.15 if line.trust_at_least else 0.0)


def choose(scores: Mapping[Line, float], rng: Random) -> Line:
    """Draw one of the best lines; small differences leave it to the seed.

    Raises: IndexError when there is none.
    """
    ranked = sorted(scores, key=lambda line: (-scores[line], line.id))[:4]
    top = scores[ranked[0]]
    return rng.choices(ranked, [exp((scores[line] - top) / SPREAD) for line in ranked])[0]


KNOWN_ANSWERS = frozenset(
    {code.value for code in Code} | {family.value for family in FAMILY.values()} | {"any"}
)
