"""How skills stand over many talks, and what to practise next. Pure counting.

Only first tries are evidence: a second try was made with hindsight, and is counted apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

from simulator.domain.attachment import Style
from simulator.domain.persona import Persona
from simulator.domain.scenario import Scenario
from simulator.domain.skills import Skill

ENOUGH_TURNS = 3
"""Turns from which a talk says something about skills."""
TWICE = 2
"""Talks in which a skill was judged, from which it may be what to practise next."""
STEADY = 3.0
"""Mean level (0..4) from which a skill needs no advice."""
STYLES: tuple[Style, ...] = ("secure", "anxious", "avoidant", "fearful")
T95 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
"""Student's t for a two-sided 95 % interval, from 1 degree of freedom up."""


@dataclass(frozen=True)
class Point:
    """One finished first try: how it went, skill by skill."""

    session: str
    at: str
    """UTC time of the start, ISO 8601."""
    persona: str
    style: Style | None
    """None when the persona is no longer in the library."""
    scenario: str
    turns: int
    levels: Mapping[Skill, float | None]
    """0..4; None: not judged."""
    security: float
    """Felt safety at the end, 0..1."""
    activation: float
    """Change of distress from start to end, -1..1; below 0 is calmer."""
    settled: bool
    """Whether there was room to solve things at the end."""


@dataclass(frozen=True)
class Estimate:
    """A mean level (0..4) over talks, with its 95 % interval; no interval from a single talk."""

    mean: float
    low: float | None
    high: float | None
    n: int
    """Talks in which the skill was judged."""


@dataclass(frozen=True)
class Advice:
    """What to practise next, with whom and about what, and why."""

    skill: Skill | None
    style: Style
    persona: str
    name: str
    scenario: str
    title: str
    reason: str


@dataclass(frozen=True)
class Progress:
    """Every talk that counts, the oldest first, and what they show together."""

    sessions: Sequence[Point] = ()
    by_style: Mapping[Style, Mapping[Skill, Estimate]] = field(default_factory=dict)
    """Skills that were never judged are left out, here and in `overall`."""
    overall: Mapping[Skill, Estimate] = field(default_factory=dict)
    next: Advice | None = None
    second_tries: int = 0


def estimate(levels: Sequence[float]) -> Estimate:
    """The mean of one or more levels, with a t interval clipped to 0..4.

    >>> estimate([1.0, 3.0])
    Estimate(mean=2.0, low=0.0, high=4.0, n=2)
    >>> estimate([2.5])
    Estimate(mean=2.5, low=None, high=None, n=1)
    """
    n, mean = len(levels), fmean(levels)
    if n < 2:
        return Estimate(mean, None, None, n)
    reach = _t95(n - 1) * stdev(levels) / n**0.5
    return Estimate(mean, max(0.0, mean - reach), min(4.0, mean + reach), n)


def _t95(freedom: int) -> float:
    # beyond the table the difference from the normal 1.96 shrinks as 1 / freedom
    return T95[freedom - 1] if freedom <= len(T95) else 1.96 + 2.4 / freedom


def estimates(points: Iterable[Point]) -> dict[Skill, Estimate]:
    """An estimate for each skill that was judged at all; unjudged talks count for nothing."""
    found: dict[Skill, list[float]] = {skill: [] for skill in Skill}
    for point in points:
        for skill, level in point.levels.items():
            if level is not None:
                found[skill].append(level)
    return {skill: estimate(levels) for skill, levels in found.items() if levels}


def progress(
    points: Sequence[Point], second_tries: int, personas: Sequence[Persona], scenarios: Sequence[Scenario]
) -> Progress:
    """What first-line talks show together; personas and scenarios are those there are to practise with."""
    ordered = sorted(points, key=lambda point: point.at)
    by_style = {
        style: estimates(own) for style in STYLES if (own := [p for p in ordered if p.style == style])
    }
    overall = estimates(ordered)
    advice = advise(ordered, overall, by_style, personas, scenarios)
    return Progress(ordered, by_style, overall, advice, second_tries)


def advise(
    points: Sequence[Point],
    overall: Mapping[Skill, Estimate],
    by_style: Mapping[Style, Mapping[Skill, Estimate]],
    personas: Sequence[Persona],
    scenarios: Sequence[Scenario],
) -> Advice | None:
    """What to practise next; None before the first talk, or with nobody to talk to.

    The rule: of the skills judged in at least two talks, the one with the lowest mean, with the style
    in which its mean is lowest. When there is none below `STEADY`, the style with the fewest talks.
    Of that style the persona, and of the scenarios the one, that was practised least.
    """
    within = [style for style in STYLES if any(p.attachment.style == style for p in personas)]
    scenes = _scenes(points, scenarios)
    if not (points and within and scenes):
        return None
    skill, style, reason = _growing(overall, by_style, within) or _new(points, overall, within)
    who = min(
        (p for p in personas if p.attachment.style == style),
        key=lambda persona: sum(point.persona == persona.key for point in points),
    )
    scene = min(scenes, key=lambda scenario: _practised(points, who, scenario))
    return Advice(skill, style, who.key, who.name, scene.key, scene.title, reason)


def _growing(
    overall: Mapping[Skill, Estimate],
    by_style: Mapping[Style, Mapping[Skill, Estimate]],
    within: Sequence[Style],
) -> tuple[Skill, Style, str] | None:
    """The skill with most room to grow, and where; None when there is none, or nobody to practise with."""
    twice = {skill: found for skill, found in overall.items() if found.n >= TWICE}
    skill = min(twice, key=lambda s: twice[s].mean, default=None)
    if skill is None or twice[skill].mean >= STEADY:
        return None
    means = {style: by_style[style][skill].mean for style in within if skill in by_style.get(style, {})}
    if not means:
        return None
    style = min(means, key=lambda s: means[s])
    where = (
        f"most of all with somebody {style}" if len(means) > 1 else f"and somebody {style} is good practice"
    )
    of = f"{twice[skill].mean:.1f} of 4 over {twice[skill].n} talks"
    return skill, style, f"Your {skill.value} has the most room to grow ({of}), {where}."


def _new(
    points: Sequence[Point], overall: Mapping[Skill, Estimate], within: Sequence[Style]
) -> tuple[None, Style, str]:
    """The style with the fewest talks."""
    counts = {style: sum(point.style == style for point in points) for style in within}
    style = min(counts, key=lambda s: counts[s])
    if not counts[style]:
        told = f"You have not talked with anybody {style} yet, and the same words land differently there."
    elif any(found.n >= TWICE for found in overall.values()):
        told = f"What you practise is steady; you have talked least with somebody {style}, so try it there."
    else:
        told = (
            f"A few more talks will show what helps most; so far you have talked least with somebody {style}."
        )
    return None, style, told


def _scenes(points: Sequence[Point], scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Scenes in which the trainee is the one who listens; therapy only for those who practised it before."""
    therapy = {scene.key for scene in scenarios if scene.kind == "therapy"}
    counsels = any(point.scenario in therapy for point in points)
    return [s for s in scenarios if not s.own_lines_only and (counsels or s.key not in therapy)]


def _practised(points: Sequence[Point], persona: Persona, scenario: Scenario) -> tuple[int, int]:
    """How often a scene was held with this persona, and with anybody."""
    held = [point.persona for point in points if point.scenario == scenario.key]
    return held.count(persona.key), len(held)
