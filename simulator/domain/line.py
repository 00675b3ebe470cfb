"""A speakable line of a persona, its slots, and which line answers a turn. Words in, words out."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from simulator.domain.codebook import FAMILY, Code, Coding
from simulator.domain.layers import Layer
from simulator.domain.strategy import Move

SLOTS = frozenset({"when", "event", "surface", "act", "alone", "want", "next", "topic"})
"""Scene facts from the persona's side; their grammatical form is given in docs/glossary.md."""

SLOT = re.compile(r"\{(\w+)\}")

CODE_WEIGHT = 0.45
"""How much a matching code counts beside the cosine (0..1) of the turn with what the line answers."""
SPREAD = 0.06
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

    @property
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
    lines: Sequence[Line], move: Move, *, deepest: Layer, kind: str, trust: float, used: Collection[str]
) -> list[Line]:
    """The lines that may be spoken now: this move, unused, open at this trust, not too deep.

    When every line at this depth is used up, deeper ones of the move may come, never a secret.
    """
    open_now = [
        line
        for line in lines
        if line.move is move
        and line.id not in used
        and (not line.where or kind in line.where)
        and trust >= line.trust_at_least
    ]
    shallow = [line for line in open_now if line.layer <= deepest]
    return shallow or [line for line in open_now if not line.trust_at_least]


def choose(
    lines: Sequence[Line], coding: Coding, relevance: Mapping[str, float], rng: Random
) -> Line | None:
    """Draw the line that answers this turn; `relevance` maps line ids to a cosine, -1..1."""
    if not lines:
        return None
    scores = {
        line.id: relevance.get(line.id, 0.0) + CODE_WEIGHT * line.fits(coding) + _secret(line)
        for line in lines
    }
    ranked = sorted(lines, key=lambda line: (-scores[line.id], line.id))[:5]
    top = scores[ranked[0].id]
    odds = [2.718281828 ** ((scores[line.id] - top) / SPREAD) for line in ranked]
    return rng.choices(ranked, odds)[0]


def _secret(line: Line) -> float:
    """A secret whose gate has just opened is more pressing than another general line."""
    return 0.15 if line.trust_at_least else 0.0


KNOWN_ANSWERS = frozenset(
    {code.value for code in Code} | {family.value for family in FAMILY.values()} | {"any"}
)
