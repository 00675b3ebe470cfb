"""Skills scored 0..4 from a session's coded turns, each with its evidence. Pure counting.

The model names, the code counts: levels follow shares of turns, never a model's opinion.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from simulator.domain.codebook import Code
from simulator.domain.dialogue import Turn, counted

SHOWN = 0.35
"""Intensity (0..1) from which a code counts as shown."""


class Skill(StrEnum):
    """The eight skills of the debrief."""

    PRESENCE = "presence"
    REFLECTING = "reflecting"
    VALIDATING = "validating"
    CURIOSITY = "curiosity"
    TIMING = "timing"
    REPAIR = "ownership and repair"
    REGULATION = "self-regulation"
    RESPECT = "respect for space"


@dataclass(frozen=True)
class Evidence:
    """The words that show a skill, or its lack, in one turn."""

    turn: int
    quote: str
    code: Code


@dataclass(frozen=True)
class SkillScore:
    """A level with its evidence; `level` is None when the talk gave no occasion to show it."""

    skill: Skill
    level: float | None
    """0 (the opposite) to 4 (reliably), unrounded, or None: not judged."""
    shown: Sequence[Evidence] = ()
    missed: Sequence[Evidence] = ()

    @property
    def basis(self) -> str:
        """How many turns the level rests on, in words.

        >>> one = Evidence(3, "You waited.", Code.REFLECT)
        >>> SkillScore(Skill.REFLECTING, 2.9, [one, one]).basis
        '1 turn'
        """
        return counted(len({one.turn for one in (*self.shown, *self.missed)}))


FOR: dict[Skill, frozenset[Code]] = {
    Skill.PRESENCE: frozenset(
        {Code.STAY, Code.SUPPORT, Code.NOTICE, Code.REFLECT, Code.VALIDATE, Code.EXPLORE}
    ),
    Skill.REFLECTING: frozenset({Code.REFLECT}),
    Skill.VALIDATING: frozenset({Code.VALIDATE}),
    Skill.CURIOSITY: frozenset({Code.EXPLORE, Code.NOTICE}),
    Skill.TIMING: frozenset({Code.SUPPORT, Code.REFLECT, Code.VALIDATE, Code.EXPLORE, Code.STAY}),
    Skill.REPAIR: frozenset({Code.REPAIR, Code.OWN}),
    Skill.REGULATION: frozenset({Code.REGULATE, Code.OWN, Code.LIMIT}),
    Skill.RESPECT: frozenset({Code.STAY, Code.LIMIT, Code.SUPPORT}),
}
AGAINST: dict[Skill, frozenset[Code]] = {
    Skill.PRESENCE: frozenset({Code.DEFLECT, Code.WITHDRAW, Code.HIJACK, Code.LOGISTICS, Code.WITHHOLD}),
    Skill.REFLECTING: frozenset({Code.ASSUME, Code.PERFORM, Code.CORRECT}),
    Skill.VALIDATING: frozenset({Code.MINIMIZE, Code.LABEL, Code.CHEER, Code.GASLIGHT, Code.CORRECT}),
    Skill.CURIOSITY: frozenset({Code.ASSUME, Code.PRESS, Code.EXPLAIN}),
    Skill.TIMING: frozenset({Code.FIX, Code.LOGISTICS, Code.CHEER}),
    Skill.REPAIR: frozenset({Code.EXPLAIN, Code.SHIFT, Code.BLAME, Code.SCOREKEEP}),
    Skill.REGULATION: frozenset({Code.BLAME, Code.WITHDRAW, Code.LABEL, Code.WITHHOLD}),
    Skill.RESPECT: frozenset({Code.PRESS, Code.ASSUME, Code.LOVEBOMB, Code.BLAME}),
}
ENOUGH: dict[Skill, float] = {
    Skill.PRESENCE: 0.6,
    Skill.REFLECTING: 0.35,
    Skill.VALIDATING: 0.3,
    Skill.CURIOSITY: 0.35,
    Skill.TIMING: 0.5,
    Skill.REPAIR: 0.25,
    Skill.REGULATION: 0.2,
    Skill.RESPECT: 0.25,
}
"""Share of turns (0..1) that earns the full level when nothing counts against it."""


def scores(turns: Sequence[Turn]) -> list[SkillScore]:
    """Every skill's score for a session.

    A level starts at 2, rises to 4 with the share of turns that show the skill and falls to 0
    with the share that do the opposite, which weighs half as much again (001: negative acts
    weigh more). With neither, the skill is not judged.
    """
    return [_score(skill, turns) for skill in Skill]


def _score(skill: Skill, turns: Sequence[Turn]) -> SkillScore:
    shown = _evidence(turns, lambda code: code in FOR[skill])
    missed = _evidence(turns, lambda code: code in AGAINST[skill])
    if not turns or not (shown or missed):
        return SkillScore(skill, None)
    total = len(turns)
    up = min(1.0, len({e.turn for e in shown}) / total / ENOUGH[skill])
    down = min(1.0, 1.5 * len({e.turn for e in missed}) / total / ENOUGH[skill])
    return SkillScore(skill, max(0.0, min(4.0, 2 + 2 * up - 2 * down)), shown, missed)


def _evidence(turns: Sequence[Turn], wanted: Callable[[Code], bool]) -> list[Evidence]:
    return [
        Evidence(turn.number, heard.quote, heard.code)
        for turn in turns
        for heard in turn.coding.heard
        if heard.intensity >= SHOWN and wanted(heard.code)
    ]


@dataclass(frozen=True)
class Counsel:
    """The counselling view (MITI 4.2): what trainees' supervisors look at first."""

    reflections: int
    open_questions: int
    closed_questions: int

    @property
    def ratio(self) -> float | None:
        """Reflections to questions: 1 is fair, 2 good (MITI 4.2); None without a question."""
        asked = self.open_questions + self.closed_questions
        return self.reflections / asked if asked else None


def counsel(turns: Sequence[Turn]) -> Counsel:
    """Count reflections and questions over a session."""

    def count(code: Code) -> int:
        return sum(turn.coding.intensity(code) >= SHOWN for turn in turns)

    return Counsel(count(Code.REFLECT), count(Code.EXPLORE), count(Code.INQUIRE))
