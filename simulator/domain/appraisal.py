"""What a coded turn means to one person: from codes to comfort and alarm. Pure arithmetic.

The order is Mikulincer & Shaver's (2003): is there threat; is the other available and attuned;
is seeking closeness viable. Every code carries the same features for everybody; what differs
between people is how much each feature weighs, and that depends on the two axes alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from simulator.domain.affect import Affect
from simulator.domain.attachment import Attachment
from simulator.domain.codebook import Code, Coding, Oddity


@dataclass(frozen=True)
class Features:
    """What a turn carries, each 0..1, whoever hears it."""

    care: float = 0.0
    """Emotional care: the feeling is heard and makes sense."""
    value: float = 0.0
    """The person is respected and wanted."""
    practical: float = 0.0
    """Concrete help that does not ask for feeling."""
    room: float = 0.0
    """Autonomy respected."""
    owning: float = 0.0
    """The miss is owned (repair)."""
    harm: float = 0.0
    """Invalidation or attack."""
    leaving: float = 0.0
    """The other goes silent or away."""
    intrusion: float = 0.0
    """Closeness or disclosure is demanded."""

    def __mul__(self, factor: float) -> "Features":
        return Features(*(getattr(self, f.name) * factor for f in fields(self)))

    def __or__(self, other: "Features") -> "Features":
        """Two features heard together: 1 - (1-a)(1-b), so many codes never exceed 1."""
        return Features(
            *(1 - (1 - getattr(self, f.name)) * (1 - getattr(other, f.name)) for f in fields(self))
        )


FEATURES: Mapping[Code, Features] = {
    Code.REFLECT: Features(care=0.8, value=0.4, intrusion=0.12),
    Code.VALIDATE: Features(care=0.75, value=0.6),
    Code.EXPLORE: Features(care=0.55, value=0.4, intrusion=0.3),
    Code.NOTICE: Features(care=0.5, value=0.3, intrusion=0.2),
    Code.SUPPORT: Features(care=0.7, value=0.4, room=0.2),
    Code.STAY: Features(care=0.5, value=0.5, room=0.7),
    Code.REPAIR: Features(care=0.45, value=0.6, owning=0.9),
    Code.OWN: Features(care=0.2, value=0.35, owning=0.15),
    Code.ASK: Features(value=0.25, intrusion=0.1),
    Code.REGULATE: Features(care=0.15, value=0.3, room=0.4, owning=0.15, leaving=0.1),
    Code.LIMIT: Features(value=0.2, room=0.2, harm=0.1),
    Code.APPRECIATE: Features(care=0.35, value=0.8),
    Code.PLAN: Features(care=0.3, value=0.4, practical=0.7),
    Code.MINIMIZE: Features(harm=0.75),
    Code.FIX: Features(practical=0.6, harm=0.5),
    Code.CORRECT: Features(harm=0.6),
    Code.EXPLAIN: Features(harm=0.5),
    Code.BLAME: Features(harm=0.9, intrusion=0.2),
    Code.LABEL: Features(harm=0.85, intrusion=0.15),
    Code.CHEER: Features(harm=0.5),
    Code.DEFLECT: Features(harm=0.45, leaving=0.4),
    Code.WITHDRAW: Features(harm=0.4, leaving=0.95),
    Code.PRESS: Features(harm=0.3, intrusion=0.95),
    Code.ASSUME: Features(harm=0.45, intrusion=0.5),
    Code.LOGISTICS: Features(practical=0.7, harm=0.35, leaving=0.15),
    Code.HIJACK: Features(harm=0.55, leaving=0.3),
    Code.GASLIGHT: Features(harm=1.0, intrusion=0.2),
    Code.LOVEBOMB: Features(care=0.1, harm=0.25, intrusion=0.6),
    Code.SCOREKEEP: Features(harm=0.85),
    Code.SHIFT: Features(harm=0.8),
    Code.WITHHOLD: Features(harm=0.6, leaving=0.8),
    Code.PERFORM: Features(care=0.1, harm=0.4),
    Code.INQUIRE: Features(intrusion=0.08),
    Code.TELL: Features(),
    Code.SOCIAL: Features(),
}

ODDITY_FEATURES: Mapping[Oddity, Features] = {
    Oddity.SILENCE: Features(leaving=0.6, room=0.3),
    Oddity.INSULT: Features(harm=0.9),
    Oddity.FLIRT: Features(harm=0.25, intrusion=0.4),
    Oddity.GOODBYE: Features(leaving=0.8),
    Oddity.OFF_TOPIC: Features(harm=0.35, leaving=0.3),
    Oddity.JOKE: Features(harm=0.35, leaving=0.2),
    Oddity.NONSENSE: Features(harm=0.1, leaving=0.1),
    Oddity.ARE_YOU_AI: Features(harm=0.3),
    Oddity.BREAK_ROLE: Features(harm=0.2),
    Oddity.OTHER_LANGUAGE: Features(leaving=0.15),
}


def _carried(code: Code, affect: Affect) -> Features:
    """A code's features in this state: a plan is care as far as the person is ready for one."""
    if code is Code.PLAN:
        ready = affect.readiness
        return FEATURES[Code.PLAN] * ready | FEATURES[Code.FIX] * (1 - ready)
    return FEATURES[code] * affect.security if code is Code.ASK else FEATURES[code]


@dataclass(frozen=True)
class Impact:
    """How a turn lands on one person."""

    comfort: float
    """0 and up; about 1 for a fully attuned turn."""
    alarm: float
    """0 and up; about 1 for an open attack."""
    owning: float
    """0..1: how far the trainee owned the miss."""
    pressed: float
    """0..1: how crowded this person feels."""
    left: float
    """0..1: how left this person feels."""

    @property
    def landed(self) -> bool:
        """Whether the turn did more good than harm."""
        return self.comfort > self.alarm

    @property
    def balance(self) -> float:
        """-1 (all alarm) to 1 (all comfort)."""
        total = self.comfort + self.alarm
        return 0.0 if total < 0.05 else (self.comfort - self.alarm) / total


def features(coding: Coding, affect: Affect) -> Features:
    """What the whole turn carries; plans and needs count as care only as things settle.

    Comfort comes before solutions (003, step 6): too early, `plan` is heard as `fix`.
    """
    total = Features()
    for heard in coding.heard:
        total = total | _carried(heard.code, affect) * heard.intensity
    if coding.oddity:
        total = total | ODDITY_FEATURES.get(coding.oddity, Features())
    return total


def appraise(coding: Coding, attachment: Attachment, affect: Affect) -> Impact:
    """Weigh a turn for one person in their present state.

    Emotional care calms the secure and, once believed, moves the anxious most (Campbell et al.
    2005); the avoidant is calmed by room, respect and concrete help (Overall et al. 2013;
    Simpson & Overall 2014). Leaving alarms with anxiety, intrusion with avoidance (Mikulincer &
    Shaver 2003).

    >>> from simulator.domain.codebook import coded
    >>> calm = Affect(activation=0.4, security=0.5, trust=0.5, withdrawal=0.2, injury=0.0)
    >>> close, far = Attachment(2, 2), Attachment(2, 6)
    >>> press = coded([Code.PRESS])
    >>> appraise(press, far, calm).alarm > appraise(press, close, calm).alarm
    True
    """
    carried = features(coding, affect)
    anxious, avoidant = attachment.anxious, attachment.avoidant
    guarded = avoidant * (1 - affect.trust)
    pressed = carried.intrusion * (0.1 + 0.9 * avoidant) + 0.1 * carried.care * guarded
    pressed *= 1 - carried.room
    left = carried.leaving * (0.1 + 0.9 * anxious)
    invalidated = carried.harm * (0.7 + 0.4 * anxious) * (1 + 0.3 * affect.activation)
    invalidated *= 1 - 0.5 * avoidant * carried.practical  # practical care is care to the avoidant
    alarm = invalidated + 0.8 * left + 0.7 * pressed
    offered = (
        carried.care * (1 - 0.55 * avoidant)
        + carried.practical * (0.05 + 0.5 * avoidant)
        + carried.room * (0.1 + 0.6 * avoidant)
        + carried.value * (0.3 + 0.2 * avoidant)
    )
    gain = 1 + 0.9 * anxious
    comfort = offered * gain * _believed(attachment, affect) / (1 + 2.5 * carried.harm)
    owning = carried.owning / (1 + 3 * carried.harm)
    return Impact(comfort, alarm, owning, min(pressed, 1.0), min(left, 1.0))


def _believed(attachment: Attachment, affect: Affect) -> float:
    """How far comfort is believed, 0..1: doubted with anxiety until trust has grown (001, 002),
    and by anyone while the last miss stands unowned (003, the second injury)."""
    doubt = 0.8 * attachment.anxious * (1 - affect.trust)
    return (1 - doubt) * (1 - 0.5 * affect.injury)
