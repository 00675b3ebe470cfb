"""A session with its debrief: all that an export tells. Data only."""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.domain.attachment import Attachment
from simulator.domain.dialogue import Turn
from simulator.evaluator import Debrief
from simulator.ledger import Card


@dataclass(frozen=True)
class Account:
    """One session, what was felt in it, and the look back on it."""

    card: Card
    attachment: Attachment
    """The persona's two numbers, by which it felt what it felt."""
    turns: Sequence[Turn]
    debrief: Debrief

    @property
    def name(self) -> str:
        """The persona's name."""
        return self.debrief.persona

    @property
    def title(self) -> str:
        """What stands above every form of it."""
        return f"Debrief: {self.debrief.persona}, {self.debrief.scenario}"
