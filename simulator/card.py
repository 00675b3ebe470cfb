"""The agreement card: how far the coder may be believed, skill by skill; written by `eval agreement`."""

from functools import cache

from pydantic import Field

from simulator.domain.skills import Skill
from simulator.files import File, read
from simulator.library import folder

ENOUGH = 0.4
"""Kappa from which a skill is judged: moderate agreement (Landis & Koch 1977)."""


class Trust(File):
    """Agreement on what one skill rests on."""

    kappa: float
    by: str
    """Whose labels: a rated set and its scale, or our own held-back turns."""
    n: int
    """Turns compared."""

    @property
    def judged(self) -> bool:
        """Whether agreement is high enough to give the skill a level."""
        return self.kappa >= ENOUGH

    def __str__(self) -> str:
        """One phrase for beside a level.

        >>> str(Trust(kappa=0.523, by="AnnoMI, reflection", n=2074))
        'kappa 0.52 with AnnoMI, reflection, 2,074 turns'
        """
        return f"kappa {self.kappa:.2f} with {self.by}, {self.n:,} turns"


class Card(File):
    """What was measured of one coder."""

    coder: str = ""
    skills: dict[Skill, Trust] = Field(default={})


@cache
def card() -> Card:
    """The card that ships with the coder.

    Raises: LibraryError naming file and field.
    """
    return read(folder("documents") / "agreement" / "card.yaml", Card)


def trust(coder: str) -> dict[Skill, Trust]:
    """What is known of a coder's agreement; nothing for a coder that was not measured."""
    found = card()
    return dict(found.skills) if coder == found.coder else {}
