"""What a suite claims of a persona's trajectory, in a sentence: `trust rises between turns 2 and 5`.

Pure: a claim is parsed once and asked of the states (the first before anything was said) and the
codings of the turns between them. A claim about something that never happened does not hold.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from simulator.domain.affect import Affect
from simulator.domain.codebook import Code, Coding

VALUES = ("activation", "security", "trust", "withdrawal", "injury")
HEARD = 0.5
"""Intensity (0..1) from which a turn counts as having done something."""

CONDITIONS = {
    "pressed": Code.PRESS,
    "dismissed": Code.MINIMIZE,
    "blamed": Code.BLAME,
    "left": Code.WITHDRAW,
    "heard": Code.REFLECT,
    "reassured": Code.SUPPORT,
    "validated": Code.VALIDATE,
    "asked to fix": Code.FIX,
    "offered fixes": Code.FIX,
    "given room": Code.STAY,
    **{code.value: code for code in Code},
}
"""How a condition may be called: from the persona's side, or by the code's name."""


@dataclass(frozen=True)
class Finding:
    """Whether a claim holds, and in plain words where not."""

    holds: bool
    detail: str
    turns: Sequence[int] = ()
    """The turns that decided it."""


class Claim(Protocol):
    """Anything that can be asked of a trajectory."""

    def check(self, states: Sequence[Affect], codings: Sequence[Coding]) -> Finding:
        """Ask it: `states` has one more entry than `codings`."""


@dataclass(frozen=True)
class Change:
    """`security rises by at least 0.05 between turns 1 and 4`."""

    value: str
    rises: bool
    by: float
    first: int
    last: int | None
    """None for the last turn there is."""

    def check(self, states: Sequence[Affect], codings: Sequence[Coding]) -> Finding:  # noqa: ARG002
        """Compare the two states."""
        last = len(states) - 1 if self.last is None else self.last
        if not self.first < last < len(states):
            return Finding(False, f"the talk has {len(states) - 1} turns, not {last}")
        one, other = getattr(states[self.first], self.value), getattr(states[last], self.value)
        moved = (other - one) if self.rises else (one - other)
        told = f"{self.value} {one:.3f} after turn {self.first}, {other:.3f} after turn {last}"
        return Finding(moved > 0 and moved >= self.by, told, (self.first, last))


@dataclass(frozen=True)
class Step:
    """`withdrawal never falls while pressed`, `activation rises while dismissed`: turn by turn."""

    value: str
    rises: bool
    never: bool
    by: float
    condition: Code | None

    def check(self, states: Sequence[Affect], codings: Sequence[Coding]) -> Finding:
        """Compare the states before and after every turn in which the condition holds."""
        turns = [n for n, coding in enumerate(codings, 1) if self._concerns(coding)]
        if not turns:
            return Finding(False, f"no turn was heard as {self.condition.value if self.condition else 'any'}")
        broken = [n for n in turns if not self._holds(states[n - 1], states[n])]
        told = [
            f"turn {n}: {getattr(states[n - 1], self.value):.3f} to {getattr(states[n], self.value):.3f}"
            for n in broken
        ]
        return Finding(not broken, f"{self.value}, " + ("; ".join(told) or f"turns {_list(turns)}"), broken)

    def _concerns(self, coding: Coding) -> bool:
        return self.condition is None or coding.intensity(self.condition) >= HEARD

    def _holds(self, before: Affect, after: Affect) -> bool:
        change = getattr(after, self.value) - getattr(before, self.value)
        moved = change if self.rises else -change
        if self.never:
            return bool(moved <= self.by + 1e-9)
        return bool(moved > 0 and moved >= self.by)


@dataclass(frozen=True)
class Level:
    """`trust is below 0.4 at the end`, `security is above 0.1 throughout`."""

    value: str
    above: bool
    level: float
    turn: int | None
    """A turn; -1 for the last; None for all."""

    def check(self, states: Sequence[Affect], codings: Sequence[Coding]) -> Finding:  # noqa: ARG002
        """Compare one state, or every state after a turn, with the level."""
        last = len(states) - 1
        turns = range(1, last + 1) if self.turn is None else [last if self.turn < 0 else self.turn]
        if not turns or max(turns) > last:
            return Finding(False, f"the talk has {last} turns")
        broken = [n for n in turns if (getattr(states[n], self.value) > self.level) is not self.above]
        shown = broken[0] if broken else turns[-1]
        return Finding(
            not broken, f"{self.value} {getattr(states[shown], self.value):.3f} at turn {shown}", broken
        )


_VALUE = rf"(?P<value>{'|'.join(VALUES)}|distress)"
_BY = r"(?: by (?:at least|more than) (?P<by>0?\.\d+))?"
_CHANGE = re.compile(
    rf"{_VALUE} (?P<way>rises|falls){_BY} "
    r"(?:between turns (?P<first>\d+) and (?P<last>\d+)|from start to end)"
)
_STEP = re.compile(rf"{_VALUE} (?P<never>never )?(?P<way>rises|falls){_BY}(?: while (?P<condition>[a-z ]+))?")
_LEVEL = re.compile(
    rf"{_VALUE} is (?P<way>above|below) (?P<level>\d?\.?\d+) "
    r"(?P<when>at turn (?P<turn>\d+)|at the end|throughout)"
)
FORMS = (
    "<value> rises|falls [by at least N] between turns A and B | from start to end",
    "<value> rises|falls [by at least N] while <condition>",
    "<value> never rises|falls [by more than N] [while <condition>]",
    "<value> is above|below N at turn T | at the end | throughout",
)


def parse(text: str) -> Claim:
    """A claim from its sentence.

    Raises: ValueError naming what is not understood.

    >>> parse("withdrawal never falls while pressed")
    Step(value='withdrawal', rises=False, never=True, by=0.0, condition=<Code.PRESS: 'press'>)
    """
    said = " ".join(text.split())
    if found := _CHANGE.fullmatch(said):
        first, last = (int(n) if (n := found[key]) else None for key in ("first", "last"))
        return Change(_value(found), found["way"] == "rises", float(found["by"] or 0), first or 0, last)
    if found := _LEVEL.fullmatch(said):
        turn = {"at the end": -1, "throughout": None}.get(found["when"], int(found["turn"] or 0))
        return Level(_value(found), found["way"] == "above", float(found["level"]), turn)
    if (found := _STEP.fullmatch(said)) and (found["never"] or found["condition"]):
        never = bool(found["never"])
        return Step(_value(found), found["way"] == "rises", never, float(found["by"] or 0), _condition(found))
    raise ValueError(f"'{text}' is no claim; claims are: " + "; ".join(FORMS))


def _value(found: re.Match[str]) -> str:
    return "activation" if found["value"] == "distress" else found["value"]


def _condition(found: re.Match[str]) -> Code | None:
    name = found["condition"]
    if name is not None and name not in CONDITIONS:
        raise ValueError(f"'{name}' is no condition; known are {', '.join(CONDITIONS)}")
    return CONDITIONS[name] if name else None


def _list(turns: Sequence[int]) -> str:
    return ", ".join(map(str, turns))
