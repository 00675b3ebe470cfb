"""Turns of phrase that settle what they do, whatever a trained coder makes of them. Patterns only."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from simulator.domain.codebook import Code, Reading
from simulator.domain.utterance import words

RAISED, LOWERED = 0.9, 0.1
"""Probability (0..1) that a cue lifts a code to, or caps it at."""


@dataclass(frozen=True)
class Cue:
    """A pattern in the turn, and what it says of codes."""

    name: str
    pattern: re.Pattern[str]
    raised: frozenset[Code]
    lowered: frozenset[Code]
    only_before: re.Pattern[str] | None = None
    """What the other must have said for the cue to hold."""
    unless_before: re.Pattern[str] | None = None
    """What the other must not have said."""

    def holds(self, text: str, before: str) -> bool:
        """Whether the turn has this turn of phrase, in a place where it means what it says."""
        called_for = self.only_before is None or self.only_before.search(before)
        excused = self.unless_before is not None and self.unless_before.search(before)
        return bool(called_for and not excused and self.pattern.search(text))


PARROTING = Cue("parroting", re.compile(""), frozenset({Code.PERFORM}), frozenset({Code.REFLECT}))
SAME = 0.9
"""Share of a turn's words (0..1), in order and with pronouns turned, from which it parrots."""
SHORTEST = 5
"""Words: a shorter echo is how people show they listen."""
_TURNED = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "am": "are", "was": "were",
    "i'm": "you're", "i've": "you've", "i'd": "you'd", "i'll": "you'll",
}  # fmt: skip


def parrots(text: str, before: str) -> bool:
    """Whether a turn gives the other's own words back, changed only from "I" to "you".

    >>> parrots("You feel like a ghost in this house.", "I feel like a ghost in this house since the twins.")
    True
    >>> parrots("As if nobody in there could see you.", "I feel like a ghost in this house since the twins.")
    False
    """
    said, heard = ([_TURNED.get(word, word) for word in words(part)] for part in (text, before))
    if len(said) < SHORTEST:
        return False
    blocks = SequenceMatcher(None, said, heard, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size > 1) >= SAME * len(said)


def cued(reading: Reading, text: str, before: str, cues: Sequence[Cue]) -> Reading:
    """The reading with what its cues settle."""
    plain, heard = (part.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'") for part in (text, before))
    held = [cue for cue in cues if cue.holds(plain, heard)]
    held += [PARROTING] if parrots(plain, heard) else []
    chances = dict(reading.probability)
    for cue in held:
        chances |= {code: max(chances.get(code, 0.0), RAISED) for code in cue.raised}
        chances |= {code: min(chances.get(code, 0.0), LOWERED) for code in cue.lowered}
    return replace(reading, probability=chances) if held else reading
