"""The codes for what a trainee's turn does, and the coding of one turn. Data only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Family(StrEnum):
    """Which way a code leans."""

    ATTUNED = "attuned"
    MISATTUNED = "misattuned"
    FAUX = "faux"
    NEUTRAL = "neutral"


class Code(StrEnum):
    """One thing a turn can do; definitions and sources stand in documents/codebook.yaml."""

    REFLECT = "reflect"
    VALIDATE = "validate"
    EXPLORE = "explore"
    NOTICE = "notice"
    SUPPORT = "support"
    STAY = "stay"
    REPAIR = "repair"
    OWN = "own"
    ASK = "ask"
    REGULATE = "regulate"
    LIMIT = "limit"
    APPRECIATE = "appreciate"
    PLAN = "plan"
    MINIMIZE = "minimize"
    FIX = "fix"
    CORRECT = "correct"
    EXPLAIN = "explain"
    BLAME = "blame"
    LABEL = "label"
    CHEER = "cheer"
    DEFLECT = "deflect"
    WITHDRAW = "withdraw"
    PRESS = "press"
    ASSUME = "assume"
    LOGISTICS = "logistics"
    HIJACK = "hijack"
    GASLIGHT = "gaslight"
    LOVEBOMB = "lovebomb"
    SCOREKEEP = "scorekeep"
    SHIFT = "shift"
    WITHHOLD = "withhold"
    PERFORM = "perform"
    INQUIRE = "inquire"
    TELL = "tell"
    SOCIAL = "social"

    @property
    def family(self) -> Family:
        """The family the code belongs to."""
        return FAMILY[self]


_ORDER = list(Code)
FAMILY: Mapping[Code, Family] = {
    **dict.fromkeys(_ORDER[:13], Family.ATTUNED),
    **dict.fromkeys(_ORDER[13:26], Family.MISATTUNED),
    **dict.fromkeys(_ORDER[26:32], Family.FAUX),
    **dict.fromkeys(_ORDER[32:], Family.NEUTRAL),
}


class Oddity(StrEnum):
    """A turn that is not a move in the talk at all, and needs an answer of its own."""

    FACT_QUESTION = "fact_question"
    OFF_TOPIC = "off_topic"
    JOKE = "joke"
    SILENCE = "silence"
    NONSENSE = "nonsense"
    ARE_YOU_AI = "are_you_ai"
    BREAK_ROLE = "break_role"
    OTHER_LANGUAGE = "other_language"
    INSULT = "insult"
    FLIRT = "flirt"
    GOODBYE = "goodbye"
    THANKS = "thanks"
    GREETING = "greeting"


@dataclass(frozen=True)
class Reading:
    """What a coder makes of a turn before anything is decided."""

    probability: Mapping[Code, float]
    """0..1 for each code; a code the coder abstains from is absent."""
    quote: Mapping[Code, str]
    """The substring of the turn that shows each code best."""
    threshold: Mapping[Code, float] = field(default_factory=dict)
    """The probability each code needs to be heard; 0.5 where none is given."""
    oddity: Oddity | None = None
    coder: str = ""


@dataclass(frozen=True)
class Heard:
    """One code found in a turn, with the words that show it."""

    code: Code
    intensity: float
    """0..1: how strongly the turn does it."""
    quote: str
    """A substring of the turn."""


@dataclass(frozen=True)
class Coding:
    """All that a turn was heard to do, strongest first; `oddity` when it was no move at all."""

    heard: tuple[Heard, ...] = ()
    oddity: Oddity | None = None
    coder: str = field(default="", compare=False)

    def intensity(self, *codes: Code) -> float:
        """The strongest intensity among `codes`, 0 when none was heard."""
        return max((h.intensity for h in self.heard if h.code in codes), default=0.0)

    def family(self, family: Family) -> float:
        """The strongest intensity in a family, 0..1."""
        return max((h.intensity for h in self.heard if h.code.family is family), default=0.0)

    @property
    def codes(self) -> tuple[Code, ...]:
        """The codes heard, strongest first."""
        return tuple(h.code for h in self.heard)

    def scaled(self, factor: float) -> "Coding":
        """The same coding with attuned intensities multiplied by `factor` (0..1)."""
        heard = (
            Heard(h.code, h.intensity * factor, h.quote) if h.code.family is Family.ATTUNED else h
            for h in self.heard
        )
        return Coding(tuple(heard), self.oddity, self.coder)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the ledger and for checkpoints."""
        return {
            "heard": [[h.code.value, round(h.intensity, 3), h.quote] for h in self.heard],
            "oddity": self.oddity.value if self.oddity else None,
            "coder": self.coder,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Coding":
        """The inverse of `as_dict`."""
        heard = tuple(Heard(Code(c), i, q) for c, i, q in data["heard"])
        oddity = Oddity(data["oddity"]) if data["oddity"] else None
        return cls(heard, oddity, data.get("coder", ""))


def coded(codes: Iterable[Code] | Mapping[Code, float]) -> Coding:
    """A coding built from codes alone, for curves and tests.

    >>> coded({Code.REPAIR: 0.8}).codes
    (<Code.REPAIR: 'repair'>,)
    """
    weights = codes if isinstance(codes, Mapping) else dict.fromkeys(codes, 1.0)
    ordered = sorted(weights.items(), key=lambda item: -item[1])
    return Coding(tuple(Heard(code, weight, "") for code, weight in ordered))
