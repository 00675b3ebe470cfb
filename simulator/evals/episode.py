"""One talk of a suite, whole: what expectations are asked of, and what a transcript file holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.domain.affect import Affect
from simulator.domain.codebook import Family
from simulator.domain.dialogue import Turn
from simulator.domain.strategy import SOFT_MOVES
from simulator.domain.utterance import words


@dataclass(frozen=True)
class Stop:
    """The safety rail's stop: at which turn, for which danger, and whether the words were kept."""

    turn: int
    danger: str
    kept: bool


@dataclass(frozen=True)
class Episode:
    """A talk with everything felt and decided; without ids and times, so that replays compare equal."""

    persona: str
    name: str
    """What the persona is called."""
    scenario: str
    seed: int
    opening: str
    start: Affect
    turns: Sequence[Turn] = ()
    intended: Sequence[str] = ()
    """For each turn, the code a simulated trainee set out to enact; empty where scripted."""
    doses: Sequence[Turn] = ()
    """The same next turn at rising doses, each from the state after the last of `turns`."""
    stop: Stop | None = None
    debrief: Mapping[str, Any] = field(default_factory=dict)
    calls: int = 0
    """Requests to a model."""

    @property
    def states(self) -> list[Affect]:
        """The persona's state before anything was said, and after every turn."""
        return [self.start, *(turn.after or self.start for turn in self.turns)]

    def spoken(self, turn: int) -> list[str]:
        """All that was said in a turn, by both; turn 0 is the opening."""
        if not turn:
            return [self.opening]
        return [text for t in self.turns if t.number == turn for text in (t.said, t.reply)]

    def metrics(self) -> dict[str, float]:
        """What can be counted of any talk, for summaries and comparisons."""
        found = {f"{key}_end": value for key, value in self.states[-1].as_dict().items()}
        if not self.turns:
            return found
        count = len(self.turns)
        return found | {
            "turns": count,
            "words_a_reply": round(sum(len(words(t.reply)) for t in self.turns) / count, 3),
            "attuned_share": round(
                sum(t.coding.family(Family.ATTUNED) >= 0.5 for t in self.turns) / count, 3
            ),
            "soft_share": round(sum(t.move in SOFT_MOVES for t in self.turns) / count, 3),
            "deepest": max(int(t.depth) for t in self.turns),
            "rejected_drafts": sum(len(t.rejected) for t in self.turns),
        }

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a transcript file."""
        return {
            "persona": self.persona,
            "name": self.name,
            "scenario": self.scenario,
            "seed": self.seed,
            "opening": self.opening,
            "start": self.start.as_dict(),
            "turns": [_timeless(turn) for turn in self.turns],
            "intended": list(self.intended),
            "doses": [_timeless(turn) for turn in self.doses],
            "stop": [self.stop.turn, self.stop.danger, self.stop.kept] if self.stop else None,
            "debrief": dict(self.debrief),
            "calls": self.calls,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Episode":
        """The inverse of `as_dict`."""
        values = dict(data)
        values["start"] = Affect(**values["start"])
        values["turns"] = tuple(Turn.from_dict(turn) for turn in values["turns"])
        values["doses"] = tuple(Turn.from_dict(turn) for turn in values["doses"])
        values["stop"] = Stop(*values["stop"]) if values["stop"] else None
        return cls(**values)


def _timeless(turn: Turn) -> dict[str, Any]:
    return turn.as_dict() | {"at": ""}
