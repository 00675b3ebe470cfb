"""What is weak in a persona's files, for its author: thin moves, missing gates, copies, wrong tones. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import ceil
from statistics import median

from simulator.domain.attachment import Attachment
from simulator.domain.certificate import Sessions
from simulator.domain.checks import Violation, out_of_character
from simulator.domain.codebook import Code
from simulator.domain.layers import Layer
from simulator.domain.line import Line
from simulator.domain.persona import Persona
from simulator.domain.strategy import Move
from simulator.domain.utterance import words

LINES_A_MOVE, LINES_A_SHARE = 5, 150
"""Unbound lines that any move in use needs at least, and for a move that is the whole of a person."""
IN_USE = 0.01
"""Share (0..1) of simulated answers from which a move is in use."""
LIKENESS = 0.75
"""Share (0..1) of the word pairs of the shorter of two lines that make the longer one its copy."""
CHANCE = 0.01
"""Share (0..1) of lines that two people may have in common."""
TELLING, SHOWN = 4, 5
"""Words from which a common line is no accident; how many of them are shown."""
SAME_START = 0.02
"""Share (0..1) of lines that may begin with the same two words."""
LONGEST_MEDIAN, LONGEST = 14, 40
"""Words: people in a hard talk are short and uneven."""
TONES = frozenset({Violation.ASSISTANT, Violation.ADVICE})
SECRETS, FACTS = 3, 12

_COURSE = re.compile(
    r"\b(i hear you\b|valid(?:ate|ated)?\b|boundar(?:y|ies)|safe space|holding space|attachment style"
    r"|triggered|trauma|process (?:this|my|it)|emotional labou?r|gaslight"
    r"|toxic|inner child|love language|self-care)",
    re.IGNORECASE,
)
"""The language of feelings-courses; nobody talks so when they are hurt."""


@dataclass(frozen=True)
class Flaw:
    """One weakness: where it is, and what to do."""

    where: str
    told: str


def flaws(persona: Persona, others: Sequence[Persona] = (), stereotypes: Sequence[str] = ()) -> list[Flaw]:
    """Everything an author should look at before others practise with the persona.

    `others` are personas whose lines may not be repeated, `stereotypes` patterns that must not occur.
    """
    borrowed = {id(line): other.name for other in others for line in _common(persona, other)}
    own = [line for line in persona.lines if id(line) not in borrowed]
    return [
        *_borrowed(persona, borrowed),
        *_thin(persona.attachment, own),
        *_unanswered(own),
        *_gates(persona),
        *_copies(own),
        *_wrong(persona, own, stereotypes),
        *_even(own),
    ]


def _common(persona: Persona, other: Persona) -> list[Line]:
    """The lines that both say, but for the very short: "Don't go." is anybody's."""
    said = {line.say for line in other.lines}
    return [line for line in persona.lines if line.say in said and len(words(line.say)) >= TELLING]


def _borrowed(persona: Persona, borrowed: Mapping[int, str]) -> Iterator[Flaw]:
    """Somebody else's lines: the first of them in words, while they are few."""
    if len(borrowed) > CHANCE * len(persona.lines):
        whose = " and ".join(sorted(set(borrowed.values())))
        shown = [f'"{line.say}"' for line in persona.lines if id(line) in borrowed][:SHOWN]
        told = f"{len(borrowed)} of {len(persona.lines)} are also said by {whose}, such as {', '.join(shown)}"
        yield Flaw("lines", f"{told}; write your own (the rest is told of your own lines alone)")


def _thin(attachment: Attachment, lines: Sequence[Line]) -> Iterator[Flaw]:
    """Moves this person makes often, with too few lines for them."""
    free = Counter(line.move for line in lines if not line.bound)
    for move, share in _shares(attachment).items():
        wanted = max(LINES_A_MOVE, ceil(LINES_A_SHARE * share))
        if share >= IN_USE and free[move] < wanted:
            told = (
                f"{free[move]} unbound lines for {share:.0%} of the answers; write {wanted - free[move]} more"
            )
            yield Flaw(f"lines.{move.value}", told)


def _shares(attachment: Attachment) -> Mapping[Move, float]:
    steps = [step for session in Sessions(attachment, 20).every for step in session.steps]
    return {move: n / len(steps) for move, n in Counter(step.move for step in steps).most_common()}


def _unanswered(lines: Sequence[Line]) -> Iterator[Flaw]:
    answered = {code for line in lines if not line.bound for code in line.answers}
    missing = [code.value for code in Code if not answered & {code.value, code.family.value, "any"}]
    if missing:
        yield Flaw("lines", f"no unbound line answers {', '.join(missing)}")


def _gates(persona: Persona) -> Iterator[Flaw]:
    gated = [line for line in persona.lines if line.trust_at_least]
    if len(gated) < SECRETS:
        yield Flaw("secrets", f"{len(gated)} of at least {SECRETS}: what is told only once trust is earned?")
    if persona.attachment.style != "secure":
        for line in persona.lines:
            if line.layer is Layer.NEED and line.move is Move.DISCLOSE and not line.trust_at_least:
                yield Flaw(f"lines.{line.move.value}", f'"{line.say}" bares a need without trust_at_least')
    if len(persona.facts) < FACTS:
        yield Flaw("facts", f"{len(persona.facts)} of at least {FACTS}: people ask where you are from")


def _copies(lines: Sequence[Line]) -> Iterator[Flaw]:
    for (one, pairs), (other, its) in combinations([(line, _pairs(line.say)) for line in lines], 2):
        if _alike(pairs, its) >= LIKENESS:
            yield Flaw(f"lines.{other.move.value}", f'"{other.say}" is nearly "{one.say}"')


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    spoken = words(re.sub(r"\{\w+\}", "", text))
    return frozenset(pairwise(spoken))


def _alike(one: frozenset[tuple[str, str]], other: frozenset[tuple[str, str]]) -> float:
    short = min(len(one), len(other))
    return len(one & other) / short if short > 3 else 0.0


def _wrong(persona: Persona, lines: Sequence[Line], stereotypes: Sequence[str]) -> Iterator[Flaw]:
    """Lines nobody would say, and words that make a type of a person."""
    told = [("lines." + line.move.value, line.say) for line in lines]
    told += [("summary", persona.summary), ("upbringing", persona.upbringing), ("voice", persona.voice)]
    typed = re.compile("|".join(stereotypes) or r"(?!)", re.IGNORECASE)
    for where, text in told:
        if where.startswith("lines") and out_of_character(text) in TONES:
            yield Flaw(where, f'"{text}" sounds like an assistant or an adviser, not like a person')
        for pattern, what in ((_COURSE, "the language of feelings-courses"), (typed, "a stereotype")):
            if found := pattern.search(text):
                yield Flaw(where, f'"{found.group()}" is {what}: "{text}"')


def _even(lines: Sequence[Line]) -> Iterator[Flaw]:
    """Lines all alike: too long, or too many that begin the same way."""
    lengths = [len(words(line.say)) for line in lines]
    if lengths and median(lengths) > LONGEST_MEDIAN:
        yield Flaw("lines", f"half of the lines have more than {LONGEST_MEDIAN} words; people are shorter")
    for line in _long(lines):
        yield Flaw(f"lines.{line.move.value}", f'"{line.say}" is longer than {LONGEST} words')
    most = max(3, int(SAME_START * len(lines)))
    starts = Counter(tuple(words(line.say)[:2]) for line in lines)
    for start, n in starts.items():
        if n > most:
            yield Flaw("lines", f'{n} lines begin with "{" ".join(start)}", at most {most}; vary them')


def _long(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if len(words(line.say)) > LONGEST]
