"""The keys of one turn's state: plain data, so that a checkpoint needs no class of ours.

key         written by   meaning
number      screen       which turn this is, 1 and up
said        screen       the trainee's words; written only once they passed the safety rail
danger      screen       what was disclosed, or empty; then nothing else is written
coding      appraise     what the words did (Coding.as_dict)
before      feel         the persona's state before the turn
after       feel         and after it
comfort     feel         how much the turn comforted, 0 and up
alarm       feel         how much it alarmed, 0 and up
move        decide       the move chosen
layer       decide       the EFT layer of the meaning
line        decide       id of the authored line, or empty
meaning     decide       what is to be said
feeling     decide       the feeling named to the model
verbatim    decide       whether it must be spoken as it is
ended       decide       whether the persona leaves
reply       speak        the words spoken
path        speak        who found them
rejected    speak        drafts that failed a check, with the reason
prompt      speak        fingerprint of the rendered prompt
model       speak        which model
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypedDict

from simulator.chooser import Chooser
from simulator.coder import Coder
from simulator.domain.dialogue import Turn
from simulator.domain.persona import Persona
from simulator.domain.scenario import Scenario
from simulator.domain.screening import Danger
from simulator.ledger import Card, Ledger
from simulator.wording import Voice


class TurnState(TypedDict, total=False):
    """One turn on its way through the graph; see the table above."""

    number: int
    said: str
    danger: str
    coding: dict[str, Any]
    before: dict[str, float]
    after: dict[str, float]
    comfort: float
    alarm: float
    move: str
    layer: str
    line: str
    meaning: str
    feeling: str
    verbatim: bool
    ended: bool
    reply: str
    path: str
    rejected: list[str]
    prompt: str
    model: str


@dataclass(frozen=True)
class Deps:
    """What the nodes work with; rides in the runtime, never in a checkpoint.

    `said` is here and not in the state: a disclosure of danger must not reach the disk, so the
    words enter the state only after the screen (docs/decisions/006-durability.md).
    """

    card: Card
    persona: Persona
    scenario: Scenario
    coder: Coder
    chooser: Chooser
    voice: Voice
    ledger: Ledger
    alarm: Callable[[str], Danger | None]
    """The safety rail: which danger a turn discloses, if any."""
    said: str = ""

    @cached_property
    def history(self) -> Sequence[Turn]:
        """The turns recorded before this one, read once."""
        return self.ledger.turns(self.card.id)
