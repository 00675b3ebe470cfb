"""Two branches of one talk side by side: what they share, how each went on, and what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile, zip_longest

from simulator.domain.affect import Affect
from simulator.domain.dialogue import Turn
from simulator.domain.skills import Skill, scores

FELT = ("security", "trust", "activation", "withdrawal")
"""What of the persona's state is compared."""
Levels = Mapping[Skill, float | None]
"""0..4 for each skill; None: not judged."""


@dataclass(frozen=True)
class Comparison:
    """Two branches of one talk, in the order they were given."""

    shared: int
    """How many of their first turns are the same, in what both said."""
    turns: tuple[Sequence[Turn], Sequence[Turn]]
    """How each went on after those."""
    ends: tuple[Affect, Affect]
    """The persona's state at the end of each."""
    skills: Mapping[Skill, tuple[float | None, float | None]]
    """Levels (0..4) over the whole of each, shared turns included; None: not judged."""

    @property
    def pairs(self) -> list[tuple[Turn | None, Turn | None]]:
        """The turns after the shared ones side by side; None where one is shorter."""
        return list(zip_longest(*self.turns))

    @property
    def difference(self) -> Mapping[str, float]:
        """The second's end less the first's, -1..1, for each of `FELT`."""
        one, other = self.ends
        return {name: getattr(other, name) - getattr(one, name) for name in FELT}


def levels(turns: Sequence[Turn]) -> Levels:
    """Every skill's level in a talk."""
    return {score.skill: score.level for score in scores(turns)}


def compared(
    start: Affect,
    one: Sequence[Turn],
    other: Sequence[Turn],
    judge: Callable[[Sequence[Turn]], Levels] = levels,
) -> Comparison:
    """Compare two branches that began in the same state; `judge` gives the levels of a talk's skills.

    >>> calm = Affect(0.4, 0.5, 0.4, 0.2)
    >>> found = compared(calm, [Turn(1, "Hi.", "Mm."), Turn(2, "So?", "No.")], [Turn(1, "Hi.", "Mm.")])
    >>> found.shared, found.pairs[0][1], found.difference["trust"]
    (1, None, 0.0)
    """
    shared = len(list(takewhile(_same, zip(one, other, strict=False))))
    of_one, of_other = judge(one), judge(other)
    return Comparison(
        shared,
        (one[shared:], other[shared:]),
        (_end(start, one), _end(start, other)),
        {skill: (of_one[skill], of_other[skill]) for skill in Skill},
    )


def _same(pair: tuple[Turn, Turn]) -> bool:
    one, other = pair
    return (one.said, one.reply) == (other.said, other.reply)


def _end(start: Affect, turns: Sequence[Turn]) -> Affect:
    return (turns[-1].after if turns else None) or start
