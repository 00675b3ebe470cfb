"""What happened, and what the trainee is here to practise. Data only; files are read in library.py."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from simulator.domain.line import Line
from simulator.domain.persona import Fact

Kind = Literal["couple", "family", "friendship", "work", "therapy"]
KINDS: tuple[Kind, ...] = ("couple", "family", "friendship", "work", "therapy")

TRAINEE_SLOTS = frozenset({"i_act", "you_alone", "event", "topic", "surface", "when", "next"})
"""Scene facts from the trainee's side, for better sentences."""

Opening = Literal["hyperactivating", "deactivating", "plain"]


@dataclass(frozen=True)
class Scenario:
    """One hard talk: the hurt, the room it happens in, and its facts for both sides."""

    key: str
    title: str
    kind: Kind
    place: str
    role: str
    """Who the trainee is to the persona, such as `partner`."""
    briefing: str
    """What the trainee reads before the first turn."""
    goal: str
    severity: float
    """0..1: how much it hurt."""
    slots: Mapping[str, str]
    trainee_slots: Mapping[str, str]
    openings: Mapping[Opening, Sequence[str]]
    facts: Sequence[Fact] = ()
    lines: Sequence[Line] = ()
    own_lines_only: bool = False
    """True where the persona plays a part of its own, and its bank would not fit."""

    def briefed(self, name: str) -> str:
        """What the trainee is told before the first turn, with the persona's name in it."""
        return " ".join(self.briefing.replace("{name}", name).split())

    @property
    def story(self) -> str:
        """How it begins: the first two sentences of the briefing, `{name}` standing for the persona."""
        return " ".join(re.split(r"(?<=[.!?])\s+", self.briefing.strip())[:2])
