"""What a turn would have done in other words: up to three rewrites, and the trainee's own if there is one.

Every wording is heard by the local coder, with as many ears as there are draws, from the state before the
turn; then the talk goes on with what was really said. No model speaks and nothing is written down.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random

from simulator.chooser import ASIDE, Chooser
from simulator.coder import Coder
from simulator.domain.affect import Affect
from simulator.domain.codebook import Code, Coding
from simulator.domain.dialogue import Turn
from simulator.domain.hearing import decided, weighed
from simulator.domain.persona import Persona
from simulator.domain.reenactment import Change, Ear, Reenacted, better_share, ears, heard, reenact
from simulator.domain.screening import Danger
from simulator.domain.strategy import Moment, Move
from simulator.errors import InputError
from simulator.evaluator import LANDED, MISSED, Evaluator, Remark
from simulator.ledger import Card

SEEDS = 40
"""Draws of how each wording is heard."""
MOST_SEEDS = 1000
MOST_REWRITES = 3
CONSIDERED = 9
"""Better sentences that are looked at, so that three that differ are left."""
MOSTLY = 0.5
"""Share (0..1) of draws in which a rewrite has to beat what was said; less would be no advice."""
FOLLOWING = 3
"""Turns that the talk goes on for: further on it would have been another talk."""
MOST_REPLIES = 3
ASKED = 8
"""Draws in which the persona is asked for an answer: choosing a line is what takes time here."""


@dataclass(frozen=True)
class Outcome:
    """One wording, and what came of it over all draws."""

    text: str
    codes: Sequence[Code]
    """What the coder hears in it, clearest first."""
    at_once: Change
    """Right after the turn, against right before it."""
    later: Change | None
    """After the turns that followed as they were really said; None when there were none."""
    replies: Sequence[str]
    """Up to three different authored answers, as they come up in the draws."""
    better_in: float
    """Share (0..1) of draws that left more trust and less distress than what was said."""
    remark: Remark | None
    """What it does to this person, in its own words, with the passage that says so."""


@dataclass(frozen=True)
class WhatIf:
    """A turn as it was said, and as it could have been."""

    turn: int
    persona: str
    seeds: int
    """Draws behind every figure."""
    following: int
    """How many of the real turns (0..3) came after it before `later` was looked at."""
    said: Outcome
    rewrites: Sequence[Outcome] = ()
    """The best first; none when nothing known would have landed better."""
    own: Outcome | None = None
    """The trainee's own other words."""
    danger: Danger | None = None
    """What those words disclosed; they are not re-enacted then, and the safety rail has to be shown."""

    @property
    def note(self) -> str:
        """An honest sentence where there are no rewrites; else empty."""
        if self.rewrites:
            return ""
        if self.said.at_once.trust.median >= 0:
            return f"What you said cost {self.persona} nothing; there is nothing to put right."
        return f"I know no sentence that would clearly have landed better with {self.persona}."


@dataclass(frozen=True)
class _Take:
    """One wording in every draw."""

    text: str
    coding: Coding
    draws: Sequence[Reenacted]


@dataclass(frozen=True)
class Stage:
    """A talk as it stood before one of its turns, and who hears and answers that turn.

    Raises: InputError when there is no such turn, or the draws are none or too many.
    """

    persona: Persona
    card: Card
    turns: Sequence[Turn]
    """All of the talk's."""
    number: int
    """The turn, 1 to the number of turns."""
    coder: Coder
    evaluator: Evaluator
    chooser: Chooser
    seeds: int = SEEDS
    """Draws, 1..1000."""

    def __post_init__(self) -> None:
        if not 1 <= self.number <= len(self.turns):
            held = f"its turns are 1 to {len(self.turns)}" if self.turns else "nothing was said yet"
            raise InputError(f"session {self.card.id}: there is no turn {self.number}; {held}.")
        if not 1 <= self.seeds <= MOST_SEEDS:
            raise InputError(f"{self.seeds} re-enactments: from 1 to {MOST_SEEDS} can be held.")

    @property
    def turn(self) -> Turn:
        """The turn as it was held."""
        return self.turns[self.number - 1]

    @property
    def before(self) -> Affect:
        """The persona's state before it."""
        return self.turn.before or self.card.start

    @property
    def history(self) -> Sequence[Turn]:
        """The turns before it."""
        return self.turns[: self.number - 1]

    @property
    def following(self) -> Sequence[Coding]:
        """What was heard in the turns after it."""
        return [turn.coding for turn in self.turns[self.number : self.number + FOLLOWING]]

    @property
    def _seed(self) -> str:
        return f"{self.card.seed}:{self.number}"

    @cached_property
    def _ears(self) -> Sequence[Ear]:
        return ears(self._seed, self.seeds)

    def play(self, own: str = "") -> WhatIf:
        """What was said, its rewrites and the trainee's `own` other words, each re-enacted.

        Raises: ModelError when the coder needs a model and it does not answer.
        """
        said = replace(self._take(self.turn.said), coding=self.turn.coding)  # as the debrief has it
        return WhatIf(
            turn=self.number,
            persona=self.persona.name,
            seeds=self.seeds,
            following=len(self.following),
            said=self._outcome(said, said),
            rewrites=self._rewrites(said),
            own=self._outcome(self._take(own), said) if own else None,
        )

    def _take(self, text: str) -> _Take:
        reading = self.coder.read(text, self.card.last_words(self.history))
        earlier = [turn.said for turn in self.history]
        attachment, before = self.persona.attachment, self.before
        codings = [weighed(heard(reading, ear), text, earlier) for ear in self._ears]
        draws = [reenact(coding, before, attachment, self.following) for coding in codings]
        return _Take(text, weighed(decided(reading), text, earlier), draws)

    def _rewrites(self, said: _Take) -> list[Outcome]:
        """The best sentences that hold up when they are re-enacted, what gains most trust first."""
        said_last = self.card.last_words(self.history)
        takes = [self._take(text) for text in self.evaluator.betters(self.turn, CONSIDERED, said_last)]
        better = [take for take in takes if better_share(take.draws, said.draws) > MOSTLY]
        kept = [self._outcome(take, said) for take in _varied(better)[:MOST_REWRITES]]
        return sorted(kept, key=lambda outcome: -outcome.at_once.trust.median)

    def _outcome(self, take: _Take, said: _Take) -> Outcome:
        draws = take.draws
        return Outcome(
            text=take.text,
            codes=take.coding.codes,
            at_once=Change.of(self.before, [draw.after for draw in draws]),
            later=Change.of(self.before, [draw.later for draw in draws]) if self.following else None,
            replies=self._replies(take),
            better_in=better_share(draws, said.draws),
            remark=self._remark(take),
        )

    def _replies(self, take: _Take) -> list[str]:
        """What the persona might answer, draw after draw, until there are enough different answers."""
        answers: dict[str, None] = {}
        for number, draw in enumerate(take.draws[:ASKED]):
            answers[self._answer(take.text, draw, number)] = None
            if len(answers) == MOST_REPLIES:
                break
        return list(answers)

    def _answer(self, text: str, draw: Reenacted, number: int) -> str:
        recent = tuple(Move(turn.move) for turn in self.history if turn.move != ASIDE)
        attachment = self.persona.attachment
        moment = Moment(attachment, draw.after, draw.impact, draw.coding, self.number, recent)
        rng = Random(f"{self._seed}:answer:{number}")
        return self.chooser.choose(text, moment, self.history, rng, self.card.opening).meaning

    def _remark(self, take: _Take) -> Remark | None:
        """What is said of a wording: of what it did on the whole, if anything can be said of that."""
        turn = replace(self.turn, said=take.text, coding=take.coding)
        remarks = self.evaluator.feedback(turn, better=False).remarks
        lands = reenact(take.coding, self.before, self.persona.attachment).impact.landed
        wanted = LANDED if lands else MISSED
        return next((r for r in remarks if r.verdict == wanted), remarks[0] if remarks else None)


def _varied(takes: Sequence[_Take]) -> list[_Take]:
    """The first of every leading code, then the rest: three ways to say one thing teach one thing."""
    leading: dict[Sequence[Code], _Take] = {}
    for take in takes:
        leading.setdefault(take.coding.codes[:1], take)
    return [*leading.values(), *(take for take in takes if take not in leading.values())]
