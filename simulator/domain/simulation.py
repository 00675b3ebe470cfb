"""A whole session on the policy core alone: a style of trainee, a person, codes in, moves out.

No model, no words: thousands of sessions take seconds, so that a distribution can be looked at where
a transcript shows one point.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from random import Random

from simulator.domain.affect import Affect, feel, hurt
from simulator.domain.appraisal import Impact, appraise
from simulator.domain.attachment import Attachment
from simulator.domain.codebook import Code, Coding, coded
from simulator.domain.line import Line, admissible, choose, score
from simulator.domain.strategy import SOFT_MOVES, Moment, Move, decide
from simulator.domain.trainee import Style, intended

TURNS = 12
SEVERITIES = (0.35, 0.8)
"""How much the scenes hurt (0..1): drawn evenly, as wide as the scenes that ship."""
INTENSITIES = (0.55, 1.0)
"""How strongly a trainee does what they set out to do (0..1): drawn evenly."""


@dataclass(frozen=True)
class Step:
    """One exchange: the state it found, what was heard and what it did, and the answer."""

    before: Affect
    coding: Coding
    impact: Impact
    after: Affect
    move: Move
    line: Line | None = None
    """The line that was spoken, where the person has lines."""

    @property
    def soft(self) -> bool:
        """Whether the answer was one of the soft moves."""
        return self.move in SOFT_MOVES

    @property
    def answered(self) -> bool:
        """Whether the line spoken is one for what was heard."""
        return self.line is not None and self.line.fits(self.coding) > 0


@dataclass(frozen=True)
class Simulated:
    """A simulated session, from the hurt on."""

    start: Affect
    steps: Sequence[Step]

    @property
    def end(self) -> Affect:
        """The state it ended in."""
        return self.steps[-1].after

    @property
    def softened(self) -> int | None:
        """The turn (1 and up) of the first soft move; None when there was none."""
        return next((number for number, step in enumerate(self.steps, 1) if step.soft), None)

    @property
    def settled(self) -> int | None:
        """The turn (1 and up) from which the person was ready to solve things; None when never."""
        return next((number for number, step in enumerate(self.steps, 1) if step.after.settled), None)

    def mean(self, of: Callable[[Step], float]) -> float:
        """The mean of something over the steps."""
        return sum(of(step) for step in self.steps) / len(self.steps)

    def share(self, moves: Collection[Move]) -> float:
        """The share (0..1) of answers that were one of `moves`."""
        return self.mean(lambda step: step.move in moves)


Turns = Callable[[int, Affect, Random], Coding]
"""What the trainee does on turn `number` (1 and up), given the person's state."""


def styled(style: Style) -> Turns:
    """Turns in one style, each done more or less strongly."""

    def turn(number: int, state: Affect, rng: Random) -> Coding:
        return coded({intended(style, number, state.settled, rng): rng.uniform(*INTENSITIES)})

    return turn


def scripted(codes: Sequence[Code]) -> Turns:
    """The same codes in the same order, each done more or less strongly; the last one goes on."""

    def turn(number: int, _state: Affect, rng: Random) -> Coding:
        return coded({codes[min(number, len(codes)) - 1]: rng.uniform(*INTENSITIES)})

    return turn


def simulate(
    attachment: Attachment,
    turns: Turns,
    seed: int,
    *,
    lines: Sequence[Line] = (),
    length: int = TURNS,
    severity: float | None = None,
) -> Simulated:
    """Hold one session of at most `length` turns; the person may leave before.

    With `lines`, only what they can say is said, each once.
    """
    rng = Random(f"simulate:{seed}")
    state = start = hurt(attachment, rng.uniform(*SEVERITIES) if severity is None else severity)
    steps: list[Step] = []
    used: set[str] = set()
    for number in range(1, length + 1):
        coding = turns(number, state, rng)
        impact = appraise(coding, attachment, state)
        after = feel(state, impact, attachment)
        moment = Moment(attachment, after, impact, coding, number, tuple(step.move for step in steps))
        move, line = _answer(lines, moment, used, rng) if lines else (decide(moment, rng), None)
        used |= {line.id} if line else set()
        steps.append(Step(state, coding, impact, after, move, line))
        state = after
        if move is Move.LEAVE:
            break
    return Simulated(start, steps)


def _answer(
    lines: Sequence[Line], moment: Moment, used: Collection[str], rng: Random
) -> tuple[Move, Line | None]:
    """The move and a line for it; bound lines are left out, since they need their own words."""
    depth, trust = moment.deepest, moment.confidence
    fit: dict[Move, dict[Line, float]] = {}
    for line in lines:
        if not (line.bound or line.where) and admissible(
            line, deepest=depth, kind="", trust=trust, used=used
        ):
            fit.setdefault(line.move, {})[line] = score(line, moment.coding, 0.0)
    move = decide(moment, rng, {move: max(scores.values()) for move, scores in fit.items()})
    return move, choose(fit[move], rng) if move in fit else None
