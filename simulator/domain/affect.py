"""How a person feels and how one turn changes it. Pure arithmetic: no model, no clock, no files."""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from simulator.domain.attachment import Attachment

if TYPE_CHECKING:
    from simulator.domain.appraisal import Impact

MOST_SECURITY_A_TURN = 0.16
"""No single turn can give more felt safety than this: repair needs consistency (001)."""


@dataclass(frozen=True)
class Affect:
    """The persona's inner state, each value 0..1 (attachment-system model, Mikulincer & Shaver 2003)."""

    activation: float
    """Distress felt inside."""
    security: float
    """Felt safety with this person now."""
    trust: float
    """Slow expectation that the other is available; persists between sessions."""
    withdrawal: float
    """Distance taken."""
    injury: float = 0.0
    """The second injury: being left alone with the first one, until somebody owns it (003)."""

    @property
    def settled(self) -> bool:
        """Ready for problem-solving: urgency has dropped and both can think (003)."""
        return self.activation < 0.42 and self.security > 0.5 and self.withdrawal < 0.5

    @property
    def readiness(self) -> float:
        """How ready for solving, 0..1: rises with safety and falls with distress (003)."""
        return _unit((self.security - 0.2) / 0.3) * _unit((0.8 - self.activation) / 0.35)

    def shown_distress(self, attachment: Attachment) -> float:
        """What can be seen of `activation`: less of it as avoidance grows (suppression), 0..1."""
        return self.activation * (1 - 0.7 * attachment.avoidant)

    def as_dict(self) -> dict[str, float]:
        """Plain data, rounded so that replays compare equal."""
        return {key: round(value, 6) for key, value in asdict(self).items()}


def baseline(attachment: Attachment) -> Affect:
    """The state a person brings to any talk, before anything is said."""
    anxious, avoidant = attachment.anxious, attachment.avoidant
    return Affect(
        activation=0.15 + 0.3 * anxious + 0.1 * avoidant,
        security=0.6 - 0.25 * anxious - 0.2 * avoidant,
        trust=0.6 - 0.3 * anxious - 0.25 * avoidant,
        withdrawal=0.05 + 0.4 * avoidant,
    )


def hurt(attachment: Attachment, severity: float) -> Affect:
    """The state at the start of a scene whose hurt has `severity` 0..1."""
    rest = baseline(attachment)
    return Affect(
        activation=_unit(rest.activation + severity * (0.3 + 0.25 * attachment.anxious)),
        security=_unit(rest.security - 0.3 * severity),
        trust=rest.trust,
        withdrawal=_unit(rest.withdrawal + severity * 0.25 * attachment.avoidant),
        injury=_unit(0.35 * severity),
    )


def feel(affect: Affect, impact: "Impact", attachment: Attachment) -> Affect:
    """The state after one turn; what each line follows is named beside it.

    Raises: nothing; every value stays in 0..1.

    >>> from simulator.domain.appraisal import Impact
    >>> before = Affect(activation=0.6, security=0.3, trust=0.3, withdrawal=0.2)
    >>> after = feel(before, Impact(comfort=0, alarm=1, owning=0, pressed=0, left=0), Attachment(6, 2))
    >>> after.activation > before.activation, after.trust < before.trust
    (True, True)
    """
    anxious, avoidant = attachment.anxious, attachment.avoidant
    comfort, alarm = impact.comfort, impact.alarm
    # Hyperactivation grows with anxiety, deactivation with avoidance (Mikulincer & Shaver 2003).
    escalation = alarm * (0.25 + 0.35 * anxious + 0.1 * avoidant)
    distance = alarm * (0.04 + 0.36 * avoidant) + impact.pressed * 0.4 * avoidant
    # The anxious recover slower on their own (Campbell et al. 2005).
    settling = 0.06 * (1 - 0.8 * anxious) * max(0.0, 1 - 2 * alarm)
    # An owned miss heals more of a fresh injury than of an old one (002, 003: repair early).
    healed = impact.owning * affect.injury * (1 - 0.6 * affect.injury)
    relief = 0.27 * comfort + 0.5 * healed
    # Negative acts weigh more than positive ones (Gottman's ratio; 001).
    safer = min(MOST_SECURITY_A_TURN, 0.17 * comfort + 0.4 * healed) - 0.5 * alarm
    trusting = 0.08 * comfort * (1 - 0.3 * anxious) + 0.08 * healed - 0.16 * alarm
    closer = 0.2 * comfort + 0.2 * healed
    return Affect(
        activation=_moved(affect.activation, escalation - relief - settling),
        security=_moved(affect.security, safer),
        trust=_moved(affect.trust, trusting),
        withdrawal=_moved(affect.withdrawal, distance - closer),
        injury=_unit(affect.injury - healed + 0.25 * alarm * (1 - affect.injury)),
    )


def rested(affect: Affect, attachment: Attachment) -> Affect:
    """The state at the start of the next session: distress settles, trust and injury stay."""
    rest = baseline(attachment)
    return replace(rest, trust=affect.trust, injury=affect.injury * 0.7)


def _moved(value: float, change: float) -> float:
    """`value` moved by a share of the way that is left, so that 0 and 1 are approached, not hit."""
    return _unit(value + change * ((1 - value) if change > 0 else value))


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))
