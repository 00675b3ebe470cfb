"""Reaction curves: the same turn at rising doses, and what each dose does to a person. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.domain.affect import Affect, feel, hurt
from simulator.domain.appraisal import appraise
from simulator.domain.attachment import Attachment
from simulator.domain.codebook import Code, coded

DOSES: Sequence[tuple[str, Mapping[Code, float]]] = (
    ("attack", {Code.BLAME: 0.9, Code.LABEL: 0.7}),
    ("dismiss", {Code.MINIMIZE: 0.8}),
    ("neutral", {Code.TELL: 0.8}),
    ("hear", {Code.REFLECT: 0.7}),
    ("hear and own", {Code.REFLECT: 0.8, Code.VALIDATE: 0.8, Code.REPAIR: 0.8, Code.STAY: 0.6}),
)
"""The same opening answered at five levels of attunement, worst first."""

SCRIPTS: Mapping[str, Sequence[Code]] = {
    "reassured": (Code.SUPPORT,) * 8,
    "given room": (Code.STAY,) * 8,
    "pressed": (Code.PRESS,) * 8,
    "dismissed": (Code.MINIMIZE,) * 8,
    "left": (Code.WITHDRAW,) * 8,
    "hurt, then owned early": (Code.MINIMIZE, Code.REPAIR, *(Code.REFLECT,) * 6),
    "hurt, then owned late": (*(Code.MINIMIZE,) * 4, Code.REPAIR, *(Code.REFLECT,) * 3),
}


@dataclass(frozen=True)
class Curve:
    """A named sequence of states, the first before anything was said."""

    name: str
    states: Sequence[Affect]


def step(affect: Affect, codes: Mapping[Code, float], attachment: Attachment) -> Affect:
    """The state after one turn that did `codes`."""
    return feel(affect, appraise(coded(codes), attachment, affect), attachment)


def doses(attachment: Attachment, severity: float = 0.6) -> list[tuple[str, Affect]]:
    """The state after each dose of DOSES, from the same hurt start."""
    start = hurt(attachment, severity)
    return [(name, step(start, codes, attachment)) for name, codes in DOSES]


def curves(attachment: Attachment, severity: float = 0.6) -> list[Curve]:
    """The state along each script of SCRIPTS, from the same hurt start."""
    found = []
    for name, script in SCRIPTS.items():
        states = [hurt(attachment, severity)]
        for code in script:
            states.append(step(states[-1], {code: 0.8}, attachment))
        found.append(Curve(name, states))
    return found
