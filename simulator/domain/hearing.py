"""From a coder's reading to the codes a turn is credited or charged with; one threshold a code."""

from collections.abc import Sequence

from simulator.domain.checks import overlap
from simulator.domain.codebook import Code, Coding, Family, Heard, Oddity, Reading
from simulator.domain.utterance import words

MOST_CODES = 4
GRAVE = 0.85
"""Probability (0..1) that a faux code needs beside a stronger attuned one."""
HURTFUL = frozenset({Family.MISATTUNED, Family.FAUX})
THRESHOLD = 0.5
"""What a code needs (0..1) when its coder gives no threshold."""
REPEAT_COUNTS = 0.35
"""What attuned words still count for (0..1) when the trainee says the same thing again."""
UNREAD = frozenset({Oddity.OTHER_LANGUAGE, Oddity.NONSENSE})
"""Words nobody could read carry no code, whatever they look like; only their strangeness counts."""


def decided(reading: Reading) -> Coding:
    """The codes that stand above their thresholds, the clearest first; one at least for a move.

    When the same words show care and a miss, the stronger stands alone, and where a turn shows
    care a faux code is a grave reading that needs clear evidence: a good turn shown as a miss
    teaches the wrong thing.

    >>> reading = Reading({Code.REPAIR: 0.9, Code.BLAME: 0.1}, {Code.REPAIR: "I'm sorry"})
    >>> decided(reading).codes
    (<Code.REPAIR: 'repair'>,)
    """
    if reading.oddity is Oddity.SILENCE or not reading.probability:
        return Coding((), reading.oddity, reading.coder)
    excess = {c: p - reading.threshold.get(c, THRESHOLD) for c, p in reading.probability.items()}
    kept = sorted((c for c in excess if excess[c] >= 0), key=lambda c: -excess[c])[:MOST_CODES]
    kept = _consistent(kept, reading) or [max(excess, key=lambda c: excess[c])]
    heard = (Heard(c, _intensity(reading.probability[c], excess[c]), reading.quote.get(c, "")) for c in kept)
    return Coding(tuple(heard), reading.oddity, reading.coder)


def weighed(coding: Coding, said: str, earlier: Sequence[str]) -> Coding:
    """The coding as it counts in a talk: nothing where nobody could read it, less where it was said before.

    >>> from simulator.domain.codebook import coded
    >>> weighed(coded([Code.STAY]), "I'm here.", ["I'm here!"]).intensity(Code.STAY)
    0.35
    """
    if coding.oddity in UNREAD:
        return Coding((), coding.oddity, coding.coder)
    again = any((words(said) and words(said) == words(one)) or overlap(said, one) > 0.8 for one in earlier)
    return coding.scaled(REPEAT_COUNTS) if again else coding


def _consistent(kept: list[Code], reading: Reading) -> list[Code]:
    return [code for code in kept if not any(_outdoes(rival, code, reading) for rival in kept)]


def _outdoes(rival: Code, code: Code, reading: Reading) -> bool:
    """Whether a rival of the other leaning makes this code unlikely."""
    opposed = {rival.family in HURTFUL, code.family in HURTFUL} == {True, False}
    neutral = Family.NEUTRAL in {rival.family, code.family}
    lead = reading.probability[rival] - reading.probability[code]
    if not opposed or neutral or lead < 0 or (lead == 0 and code.family not in HURTFUL):
        return False
    grave = code.family is Family.FAUX and reading.probability[code] < GRAVE
    return grave or reading.quote.get(rival, "") == reading.quote.get(code, "")


def _intensity(probability: float, excess: float) -> float:
    """0.5 at the threshold, 1 at certainty; below it, when nothing else was heard, less."""
    threshold = probability - excess
    if excess < 0:
        return round(0.5 * probability / threshold, 3)
    return round(0.5 + 0.5 * excess / max(1 - threshold, 1e-6), 3)
