"""Simulated trainees: which code each style of talking enacts on each turn. Pure; words come later.

Styles are the ways of answering hurt that the sources tell apart: the attuned sequence (hear, own,
stay, and solve only once the other has settled; 003), fixing before hearing, dismissing, pressing,
reassuring, giving room (Overall et al. 2013), withdrawing, and repairing late (002).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from simulator.domain.codebook import Code

Weights = Mapping[Code, float]


@dataclass(frozen=True)
class Style:
    """A way of talking: what the first turns do, one after another, and what may come after them."""

    name: str
    about: str
    first: Sequence[Code]
    then: Weights
    settled: Weights | None = None
    """What may come once the persona is ready to solve things; None for no difference."""


STYLES: Mapping[str, Style] = {
    style.name: style
    for style in (
        Style(
            "attuned",
            "hears first, owns the miss, stays, and solves only once the other has settled",
            (Code.REFLECT, Code.REPAIR, Code.VALIDATE),
            {Code.EXPLORE: 3, Code.STAY: 3, Code.REFLECT: 3, Code.SUPPORT: 2, Code.OWN: 1, Code.NOTICE: 1},
            {Code.PLAN: 3, Code.APPRECIATE: 2, Code.ASK: 1, Code.STAY: 1},
        ),
        Style(
            "fixing",
            "offers solutions before anything was heard",
            (Code.FIX,),
            {Code.FIX: 5, Code.LOGISTICS: 2, Code.CHEER: 1, Code.CORRECT: 1},
        ),
        Style(
            "dismissing",
            "makes it small, explains, looks on the bright side",
            (Code.MINIMIZE,),
            {Code.MINIMIZE: 4, Code.EXPLAIN: 2, Code.CORRECT: 2, Code.CHEER: 1, Code.DEFLECT: 1},
        ),
        Style(
            "pressing",
            "demands feelings and answers now",
            (Code.PRESS,),
            {Code.PRESS: 5, Code.ASSUME: 2, Code.INQUIRE: 1},
        ),
        Style(
            "reassuring",
            "says again and again that they care and are here",
            (Code.SUPPORT,),
            {Code.SUPPORT: 3, Code.STAY: 2, Code.APPRECIATE: 1},
        ),
        Style(
            "giving_room",
            "stays near without asking for anything",
            (Code.STAY,),
            {Code.STAY: 4, Code.SUPPORT: 2, Code.APPRECIATE: 1},
            {Code.PLAN: 2, Code.APPRECIATE: 1, Code.STAY: 1},
        ),
        Style(
            "withdrawing",
            "changes the subject and leaves",
            (Code.DEFLECT,),
            {Code.WITHDRAW: 3, Code.DEFLECT: 2, Code.LOGISTICS: 2},
        ),
        Style(
            "repairing_late",
            "defends for three turns and owns it only then",
            (Code.MINIMIZE, Code.EXPLAIN, Code.BLAME, Code.REPAIR, Code.REFLECT),
            {Code.VALIDATE: 2, Code.STAY: 2, Code.EXPLORE: 2, Code.REFLECT: 1},
        ),
    )
}


def intended(style: Style, number: int, settled: bool, rng: Random) -> Code:
    """The code that the trainee's turn `number` (1 and up) sets out to enact.

    >>> intended(STYLES["repairing_late"], 4, False, Random(0)).value
    'repair'
    """
    if number <= len(style.first):
        return style.first[number - 1]
    weights = style.settled if settled and style.settled else style.then
    return rng.choices(list(weights), list(weights.values()))[0]
