"""One exchange and all that was felt and decided in it: the record that explains a session."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from simulator.domain.affect import Affect
from simulator.domain.codebook import Coding
from simulator.domain.layers import Layer


@dataclass(frozen=True)
class Turn:
    """The trainee's words, what they did to the persona, and the persona's answer."""

    number: int
    """1 and up; turn 0 is the persona's opening."""
    said: str
    reply: str
    coding: Coding = field(default_factory=Coding)
    before: Affect | None = None
    after: Affect | None = None
    comfort: float = 0.0
    alarm: float = 0.0
    move: str = ""
    layer: str = ""
    line: str = ""
    """The id of the authored line whose meaning was spoken; empty when spoken freely."""
    meaning: str = ""
    feeling: str = ""
    path: str = "authored"
    """Who found the words: `worded` (local model), `authored` (the line itself), `free`."""
    rejected: Sequence[str] = ()
    prompt: str = ""
    """SHA-256 of the rendered prompt, 12 hexadecimal digits."""
    model: str = ""
    ended: bool = False
    """Whether the persona left the talk with this reply."""
    at: str = ""
    """UTC time of recording, ISO 8601."""

    @property
    def depth(self) -> Layer:
        """The deepest layer the reply lets be seen."""
        return Layer.named(self.layer or "behaviour")

    @property
    def balance(self) -> float:
        """-1 (all alarm) to 1 (all comfort): how the trainee's words landed."""
        total = self.comfort + self.alarm
        return 0.0 if total < 0.05 else (self.comfort - self.alarm) / total

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the ledger, exports and checkpoints."""
        data = asdict(self)
        data["coding"] = self.coding.as_dict()
        for key, affect in (("before", self.before), ("after", self.after)):
            data[key] = affect.as_dict() if affect else None
        data["rejected"] = list(self.rejected)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Turn":
        """The inverse of `as_dict`."""
        values = dict(data)
        values["coding"] = Coding.from_dict(values["coding"])
        values["rejected"] = tuple(values["rejected"])
        for key in ("before", "after"):
            values[key] = Affect(**values[key]) if values[key] else None
        return cls(**values)


def counted(turns: int) -> str:
    """A number of turns in words.

    >>> counted(1), counted(3)
    ('1 turn', '3 turns')
    """
    return "1 turn" if turns == 1 else f"{turns} turns"
