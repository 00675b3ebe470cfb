"""What a persona remembers of earlier talks: counted and quoted from the records, never imagined."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from simulator.domain.affect import Affect
from simulator.domain.codebook import Code, Coding, Family
from simulator.domain.dialogue import Turn
from simulator.domain.strategy import SOFT_MOVES, Move
from simulator.domain.utterance import words

CLEAR = 0.5
"""Intensity (0..1) from which a code is remembered, or reminds of what was."""
LONGEST_QUOTE = 14
"""Words: people remember a phrase, not a speech."""


class Trace(StrEnum):
    """What of a talk stays with a person."""

    HURT = "hurt"
    """The words that cost most."""
    OWNED = "owned"
    """The words in which the trainee owned a miss."""
    KEPT = "kept"
    """The words that comforted most."""


@dataclass(frozen=True)
class Memory:
    """All that earlier talks left behind."""

    titles: Sequence[str]
    """The scenes talked about, the last one last."""
    affect: Affect
    """The state at the end of the last talk."""
    quotes: Mapping[Trace, str] = field(default_factory=dict)
    """The trainee's own words, the latest of each kind."""
    told: frozenset[str] = frozenset()
    """The lines in which something was disclosed: nobody confides the same thing twice."""


def remember(title: str, start: Affect, turns: Sequence[Turn], earlier: Memory | None = None) -> Memory:
    """What a talk leaves, on top of what was remembered before it.

    >>> calm = Affect(0.4, 0.5, 0.4, 0.2)
    >>> remember("Six hours", calm, []).titles
    ['Six hours']
    """
    before = earlier or Memory((), start)
    quotes = {
        Trace.HURT: _dearest(turns, lambda turn: turn.alarm, (Family.MISATTUNED, Family.FAUX)),
        Trace.OWNED: _dearest([t for t in turns if _owning(t.coding)], lambda turn: turn.comfort, ()),
        Trace.KEPT: _dearest(turns, lambda turn: turn.comfort, (Family.ATTUNED,)),
    }
    return Memory(
        titles=[*before.titles, title],
        affect=(turns[-1].after if turns else None) or start,
        quotes={**before.quotes, **{trace: quote for trace, quote in quotes.items() if quote}},
        told=before.told | {turn.line for turn in turns if turn.move == Move.DISCLOSE and turn.line},
    )


def _owning(coding: Coding) -> bool:
    return coding.intensity(Code.REPAIR) >= CLEAR


def _dearest(turns: Sequence[Turn], weight: Callable[[Turn], float], families: Collection[Family]) -> str:
    """The quote of the turn that weighed most, short enough to be remembered; empty when there is none."""
    for turn in sorted(turns, key=weight, reverse=True):
        for heard in turn.coding.heard:
            fits = heard.code.family in families if families else heard.code is Code.REPAIR
            if fits and heard.intensity >= CLEAR and 2 <= len(words(heard.quote)) <= LONGEST_QUOTE:
                return heard.quote.strip(" .,;:!")
    return ""


def reminded(memory: Memory, coding: Coding, move: Move) -> Trace | None:
    """What the turn brings back, if the person's own move leaves room for saying so.

    A miss brings back the last one, an apology the last apology, and care, once it softens the person, the
    care of last time.
    """
    missed = max(coding.family(Family.MISATTUNED), coding.family(Family.FAUX)) >= CLEAR
    if missed:
        found = Trace.HURT if move not in SOFT_MOVES else None
    elif _owning(coding):
        found = Trace.OWNED if Trace.HURT in memory.quotes else None
    else:
        found = Trace.KEPT if move in SOFT_MOVES else None
    return found if found in memory.quotes else None


_TOLD: Mapping[Trace, str] = {
    Trace.HURT: 'it hurt when you said "{quote}"',
    Trace.OWNED: 'you owned it: "{quote}"',
    Trace.KEPT: 'it helped that you said "{quote}"',
}


def summary(memory: Memory) -> str:
    """What is remembered, in one line, from the persona's side.

    >>> calm = Affect(0.4, 0.5, 0.4, 0.2)
    >>> summary(Memory(["Six hours"], calm, {Trace.HURT: "It was nothing"}))
    'Six hours: it hurt when you said "It was nothing"'
    """
    parts = [_TOLD[trace].format(quote=quote) for trace, quote in memory.quotes.items()]
    if memory.told:
        parts.append(f"you were told {len(memory.told)} thing(s) that are not told to everybody")
    return f"{', '.join(dict.fromkeys(memory.titles))}: {'; '.join(parts) or 'nothing stayed'}"
