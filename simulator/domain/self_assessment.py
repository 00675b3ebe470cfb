"""What trainees say of themselves, and how it compares with what their talks show. Pure counting.

Statements and answers are in documents/self-assessment.yaml (001: checklist, questions and table 3).
It is for practice: no level here is a diagnosis.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from simulator.domain.progress import Estimate, Point, estimates
from simulator.domain.skills import Skill
from simulator.errors import InputError

LOWEST, HIGHEST = 1, 5
EVERY = 5
"""Talks between two self-assessments."""
FEW = 3
"""Talks in which a skill must have been judged before it is compared with what was said of it."""
NEAR = 0.5
"""Levels (0..4) within which the two agree: a single answer can say no finer."""

Verdict = Literal["higher", "lower", "in line", "too few"]
"""How the self level stands to what was observed."""


@dataclass(frozen=True)
class Item:
    """One statement in the first person, about one skill."""

    id: str
    skill: Skill
    say: str
    reverse: bool = False
    """Whether agreeing speaks against the skill."""

    def level(self, answer: int) -> float:
        """An answer (1..5) as a level of the skill (0..4).

        >>> Item("wait", Skill.TIMING, "I wait.").level(5)
        4
        >>> Item("rush", Skill.TIMING, "I rush.", reverse=True).level(5)
        0
        """
        return HIGHEST - answer if self.reverse else answer - LOWEST


@dataclass(frozen=True)
class Questionnaire:
    """The statements, the words for the answers 1 to 5, and what the whole is good for."""

    items: Sequence[Item]
    scale: Sequence[str]
    note: str
    source: str

    def accepted(self, answers: Mapping[str, int]) -> dict[str, int]:
        """The answers, in the order of the statements.

        Raises: InputError unless every statement has one answer of 1 to 5.
        """
        known = {item.id for item in self.items}
        missing = len(known - set(answers))
        if missing:
            raise InputError(f"self-assessment: {missing} of {len(known)} statements have no answer yet.")
        for name, answer in answers.items():
            if name not in known or answer not in range(LOWEST, HIGHEST + 1):
                raise InputError(
                    f"self-assessment: {name}: {answer} is no answer of 1 to 5 to a statement here."
                )
        return {item.id: answers[item.id] for item in self.items}

    def levels(self, answers: Mapping[str, int]) -> dict[Skill, float]:
        """The level (0..4) of every skill answered for; answers to older statements are passed over."""
        found: dict[Skill, list[float]] = {}
        for item in self.items:
            if item.id in answers:
                found.setdefault(item.skill, []).append(item.level(answers[item.id]))
        return {skill: fmean(levels) for skill, levels in found.items()}


@dataclass(frozen=True)
class Assessment:
    """What a trainee said of themself once."""

    at: str
    """UTC, ISO 8601."""
    answers: Mapping[str, int]
    """1..5 by the statement's id."""
    held: int
    """Finished talks at the time."""


@dataclass(frozen=True)
class Comparison:
    """One skill as the trainee sees it, and as talks show it."""

    skill: Skill
    own: float
    observed: Estimate | None
    difference: float | None
    """Own level less the observed mean, -4..4; None when the skill was never judged."""
    verdict: Verdict
    told: str


@dataclass(frozen=True)
class Compared:
    """A self-assessment beside the talks."""

    assessment: Assessment
    since: bool
    """Whether only talks since then were looked at, or all."""
    talks: int
    rows: Sequence[Comparison]


def due(held: int, taken: Sequence[Assessment]) -> bool:
    """Whether it is time: before the first talk, and after every fifth, until it was answered.

    >>> due(0, []), due(5, [Assessment("", {}, 0)]), due(7, [Assessment("", {}, 5)])
    (True, True, False)
    """
    return not any(one.held // EVERY >= held // EVERY for one in taken)


def compared(questionnaire: Questionnaire, assessment: Assessment, points: Sequence[Point]) -> Compared:
    """A self-assessment beside the talks held since, or beside all while those are too few."""
    later = [point for point in points if point.at >= assessment.at]
    since = len(later) >= FEW
    seen = later if since else points
    rows = compare(questionnaire.levels(assessment.answers), estimates(seen))
    return Compared(assessment, since, len(seen), rows)


def compare(own: Mapping[Skill, float], observed: Mapping[Skill, Estimate]) -> list[Comparison]:
    """Every skill the trainee spoke of, beside what was observed of it."""
    return [_comparison(skill, level, observed.get(skill)) for skill, level in own.items()]


def _comparison(skill: Skill, own: float, observed: Estimate | None) -> Comparison:
    difference = own - observed.mean if observed else None
    verdict = _verdict(own, observed)
    return Comparison(skill, own, observed, difference, verdict, _told(skill, own, observed, verdict))


def _verdict(own: float, observed: Estimate | None) -> Verdict:
    """Higher or lower only when the interval leaves the self level out, and not by a hair."""
    if observed is None or observed.n < FEW or observed.low is None or observed.high is None:
        return "too few"
    if observed.low <= own <= observed.high or abs(own - observed.mean) < NEAR:
        return "in line"
    return "higher" if own > observed.mean else "lower"


def _told(skill: Skill, own: float, observed: Estimate | None, verdict: Verdict) -> str:
    if observed is None or verdict == "too few":
        talks = observed.n if observed else 0
        return f"Your {skill.value}: too few talks to say ({talks} so far)."
    both = f"{own:.1f} against {observed.mean:.1f} ({observed.n} talks)"
    if verdict == "in line":
        return f"Your {skill.value}: in line with these talks, {both}."
    return f"You rate your {skill.value} {verdict} than these talks show: {both}."
