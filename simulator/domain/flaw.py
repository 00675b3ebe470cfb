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
"""Share (0..1) of lines that two people may have in common: "Don't go." is anybody's."""
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
    return [
        *_thin(persona),
        *_unanswered(persona),
        *_gates(persona),
        *_copies(persona, others),
        *_wrong(persona, stereotypes),
        *_even(persona),
    ]


def _thin(persona: Persona) -> Iterator[Flaw]:
    """Moves this person makes often, with too few lines for them."""
    free = Counter(line.move for line in persona.lines if not line.bound)
    for move, share in _shares(persona.attachment).items():
        wanted = max(LINES_A_MOVE, ceil(LINES_A_SHARE * share))
        if share >= IN_USE and free[move] < wanted:
            told = (
                f"{free[move]} unbound lines for {share:.0%} of the answers; write {wanted - free[move]} more"
            )
            yield Flaw(f"lines.{move.value}", told)


def _shares(attachment: Attachment) -> Mapping[Move, float]:
    steps = [step for session in Sessions(attachment, 20).every for step in session.steps]
    return {move: n / len(steps) for move, n in Counter(step.move for step in steps).most_common()}


def _unanswered(persona: Persona) -> Iterator[Flaw]:
    answered = {code for line in persona.lines if not line.bound for code in line.answers}
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


def _copies(persona: Persona, others: Sequence[Persona]) -> Iterator[Flaw]:
    own = [(line, _pairs(line.say)) for line in persona.lines]
    for (one, pairs), (other, its) in combinations(own, 2):
        if _alike(pairs, its) >= LIKENESS:
            yield Flaw(f"lines.{other.move.value}", f'"{other.say}" is nearly "{one.say}"')
    for neighbour in others:
        said = {line.say for line in neighbour.lines}
        same = sum(line.say in said for line in persona.lines)
        if same > CHANCE * len(persona.lines):
            yield Flaw("lines", f"{same} of {len(persona.lines)} lines are {neighbour.name}'s still")


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    spoken = words(re.sub(r"\{\w+\}", "", text))
    return frozenset(pairwise(spoken))


def _alike(one: frozenset[tuple[str, str]], other: frozenset[tuple[str, str]]) -> float:
    short = min(len(one), len(other))
    return len(one & other) / short if short > 3 else 0.0


def _wrong(persona: Persona, stereotypes: Sequence[str]) -> Iterator[Flaw]:
    """Lines nobody would say, and words that make a type of a person."""
    told = [("lines." + line.move.value, line.say) for line in persona.lines]
    told += [("summary", persona.summary), ("upbringing", persona.upbringing), ("voice", persona.voice)]
    typed = re.compile("|".join(stereotypes) or r"(?!)", re.IGNORECASE)
    for where, text in told:
        if where.startswith("lines") and out_of_character(text) in TONES:
            yield Flaw(where, f'"{text}" sounds like an assistant or an adviser, not like a person')
        for pattern, what in ((_COURSE, "the language of feelings-courses"), (typed, "a stereotype")):
            if found := pattern.search(text):
                yield Flaw(where, f'"{found.group()}" is {what}: "{text}"')


def _even(persona: Persona) -> Iterator[Flaw]:
    """Lines all alike: too long, or too many that begin the same way."""
    lengths = [len(words(line.say)) for line in persona.lines]
    if lengths and median(lengths) > LONGEST_MEDIAN:
        yield Flaw("lines", f"half of the lines have more than {LONGEST_MEDIAN} words; people are shorter")
    for line in _long(persona.lines):
        yield Flaw(f"lines.{line.move.value}", f'"{line.say}" is longer than {LONGEST} words')
    starts = Counter(tuple(words(line.say)[:2]) for line in persona.lines)
    for start, n in starts.items():
        if n > max(3, SAME_START * len(persona.lines)):
            yield Flaw("lines", f'{n} lines begin with "{" ".join(start)}"; vary them')


def _long(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if len(words(line.say)) > LONGEST]
