"""Which move the persona makes next, chosen from its state by a seeded policy. No words here.

Three families of strategy (Mikulincer & Shaver 2003): security-based, hyperactivating (grows with
anxiety) and deactivating (grows with avoidance), and the thaws between. Soft moves stand behind
gates that only attuned turns open, so nobody softens because they are asked to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import exp, pow  # noqa: A004 - the built-in one is untyped
from random import Random

from simulator.domain.affect import Affect
from simulator.domain.appraisal import Impact
from simulator.domain.attachment import Attachment
from simulator.domain.codebook import Code, Coding, Family
from simulator.domain.layers import Layer


class Move(StrEnum):
    """What the persona does with its turn (domain vocabulary in docs/glossary.md)."""

    NAME_HURT = "name_hurt"
    ASK_NEED = "ask_need"
    SOFTEN = "soften"
    ACCEPT_REPAIR = "accept_repair"
    DISCLOSE = "disclose"
    APPRECIATE = "appreciate"
    SET_LIMIT = "set_limit"
    SOLVE_TOGETHER = "solve_together"
    PROTEST = "protest"
    SEEK_REASSURANCE = "seek_reassurance"
    TEST = "test"
    SPIRAL = "spiral"
    CLING = "cling"
    ACCUSE = "accuse"
    PLAY_DOWN = "play_down"
    DEFLECT = "deflect"
    INTELLECTUALISE = "intellectualise"
    GO_QUIET = "go_quiet"
    ASK_SPACE = "ask_space"
    LEAVE = "leave"
    GUARDED_THAW = "guarded_thaw"
    DOUBTFUL_THAW = "doubtful_thaw"


SOFT_MOVES = frozenset(
    {
        Move.SOFTEN,
        Move.ACCEPT_REPAIR,
        Move.DISCLOSE,
        Move.APPRECIATE,
        Move.SOLVE_TOGETHER,
        Move.GUARDED_THAW,
        Move.DOUBTFUL_THAW,
    }
)
HYPERACTIVATING = frozenset(list(Move)[8:14])
DEACTIVATING = frozenset(list(Move)[14:20])


@dataclass(frozen=True)
class Moment:
    """Everything a choice may look at: who, in what state, after which turn."""

    attachment: Attachment
    affect: Affect
    impact: Impact
    coding: Coding
    turn: int = 1
    recent: tuple[Move, ...] = ()

    @property
    def hyper(self) -> float:
        """Drive to pursue and protest, 0..1."""
        anxious, affect = self.attachment.anxious, self.affect
        return anxious * (0.25 + affect.activation) * (1.2 - affect.security)

    @property
    def deact(self) -> float:
        """Drive to take distance, 0..1."""
        avoidant, affect = self.attachment.avoidant, self.affect
        return avoidant * (0.35 + affect.withdrawal) * (1.2 - affect.security)

    @property
    def plain(self) -> float:
        """Ease of saying the hurt plainly: security by disposition, or gained in this talk."""
        insecure = max(self.attachment.anxious, self.attachment.avoidant)
        return (1 - insecure) + 0.8 * max(0.0, self.affect.security - 0.4)

    @property
    def confidence(self) -> float:
        """The trust that a confidence may be built on now, 0..1: none right after a miss."""
        return self.affect.trust if self.impact.landed else 0.0

    @property
    def attuned(self) -> float:
        """0..1: how attuned the turn was to this person (not merely by its codes)."""
        return max(0.0, self.impact.balance) * min(1.0, self.impact.comfort * 1.6)

    @property
    def hurtful(self) -> float:
        """0..1: how much the turn hurt."""
        return max(0.0, -self.impact.balance) * min(1.0, self.impact.alarm * 1.6)

    @property
    def opened(self) -> float:
        """0 while the gate for soft moves is shut, then growing with felt safety."""
        return self.attuned * max(0.0, self.affect.security - 0.15) * 2

    def heard(self, *codes: Code) -> float:
        """The intensity of any of `codes` in the turn just heard."""
        return self.coding.intensity(*codes)

    @property
    def deepest(self) -> Layer:
        """How deep a layer may surface now; only attuned turns bring up a deeper one (EFT; 003 FAQ).

        Someone secure by disposition can state the hurt itself at any time (001; Simpson & Overall 2014).
        """
        insecure = max(self.attachment.anxious, self.attachment.avoidant)
        reach = self.affect.security + 0.5 * self.attuned - 0.35 * insecure
        if reach > 0.5:
            return Layer.NEED
        if reach > 0.3 or insecure < 0.4:
            return Layer.PRIMARY if self.coding.family(Family.FAUX) < 0.5 else Layer.SECONDARY
        return Layer.SECONDARY


Weight = Callable[[Moment], float]


THAWING = 0.3
"""Felt safety (0..1) above its gate that brings a thaw to its full weight: one good turn rarely does."""


def _gate(moment: Moment, *, security: float, injury: float = 1.0) -> bool:
    return moment.attuned > 0.15 and moment.affect.security >= security and moment.affect.injury <= injury


def _accept_repair(moment: Moment) -> float:
    if moment.impact.owning < 0.3 or not _gate(moment, security=0.28, injury=0.6):
        return 0.0
    return 2.2 * moment.impact.owning * (0.4 + moment.plain + moment.affect.security)


def _disclose(moment: Moment) -> float:
    invited = moment.heard(Code.EXPLORE, Code.STAY, Code.REFLECT, Code.NOTICE, Code.SUPPORT)
    if not _gate(moment, security=0.44 + 0.08 * moment.attachment.avoidant):
        return 0.0
    return 1.6 * moment.opened * (0.5 + invited)


def _solve(moment: Moment) -> float:
    if not (moment.affect.settled and _gate(moment, security=0.5)):
        return 0.0
    return 0.5 * moment.opened + 2.5 * moment.heard(Code.PLAN)


def _soften(moment: Moment) -> float:
    return 1.2 * moment.opened if _gate(moment, security=0.48, injury=0.45) else 0.0


def _appreciate(moment: Moment) -> float:
    return 0.8 * moment.opened if _gate(moment, security=0.46) else 0.0


def _thaw(moment: Moment, leaning: float, security: float) -> float:
    """A first softening, by how far the person leans one way (0..1): behind a gate, and slowly."""
    if not _gate(moment, security=security):
        return 0.0
    safer = min(1.0, (moment.affect.security - security) / THAWING)
    return 2.6 * pow(leaning, 1.5) * moment.attuned * (1.1 - moment.affect.security) * safer


def _leave(moment: Moment) -> float:
    far = moment.affect.withdrawal > 0.75 and moment.affect.security < 0.2
    attacked = moment.affect.security < 0.06 and moment.hurtful > 0.5
    if moment.turn < 4 or not (far or attacked):
        return 0.0
    return moment.hurtful * (0.2 + 1.2 * moment.attachment.avoidant)


WEIGHTS: Mapping[Move, Weight] = {
    Move.NAME_HURT: lambda m: m.plain * (0.35 + 0.8 * m.hurtful + 0.3 * m.attuned),
    Move.ASK_NEED: lambda m: m.plain * (0.15 + 0.35 * m.hurtful + 0.8 * m.heard(Code.SUPPORT, Code.EXPLORE)),
    Move.SOFTEN: _soften,
    Move.ACCEPT_REPAIR: _accept_repair,
    Move.DISCLOSE: _disclose,
    Move.APPRECIATE: _appreciate,
    Move.SET_LIMIT: lambda m: m.hurtful * (0.7 * m.plain + 0.3 * m.attachment.avoidant),
    Move.SOLVE_TOGETHER: _solve,
    Move.PROTEST: lambda m: m.hyper * (0.35 + 1.2 * m.hurtful) + 0.3 * m.plain * m.hurtful,
    Move.SEEK_REASSURANCE: lambda m: m.hyper * (0.35 + 0.9 * m.impact.left + 0.3 * m.attuned),
    Move.TEST: lambda m: m.hyper * (0.1 + 1.1 * m.attuned * (1 - m.affect.trust)),
    Move.SPIRAL: lambda m: m.hyper * m.affect.activation**2 * (0.3 + 0.7 * m.hurtful),
    Move.CLING: lambda m: m.hyper * 1.6 * m.impact.left,
    Move.ACCUSE: lambda m: m.hyper * m.hurtful * (0.3 + 0.7 * m.affect.injury),
    Move.PLAY_DOWN: lambda m: m.deact * (0.5 + 0.5 * m.attuned + 0.3 * m.heard(Code.EXPLORE, Code.INQUIRE)),
    Move.DEFLECT: lambda m: m.deact * (0.45 + 0.4 * m.heard(Code.EXPLORE, Code.REFLECT, Code.NOTICE)),
    Move.INTELLECTUALISE: lambda m: m.deact * (0.3 + 0.4 * m.heard(Code.CORRECT, Code.EXPLAIN, Code.FIX)),
    Move.GO_QUIET: lambda m: m.deact * (0.25 + 0.8 * m.hurtful * m.affect.withdrawal),
    Move.ASK_SPACE: lambda m: m.deact * (0.1 + 1.6 * m.impact.pressed) + 0.3 * m.plain * m.impact.pressed,
    Move.LEAVE: _leave,
    Move.GUARDED_THAW: lambda m: _thaw(m, m.attachment.avoidant, 0.2),
    Move.DOUBTFUL_THAW: lambda m: _thaw(m, m.attachment.anxious, 0.15),
}

FIT_SPREAD = 0.08
"""How strongly the fit of the words weighs: a line that answers better by this much is e times likelier."""
RARE = 0.05
"""Share (0..1) below which a move stays rare however well its words fit: fit must not make a secure
person spiral because somebody else's answer to these words would be a spiral.
Nor does anybody leave because the words fit."""
TAIL = 0.02
"""Share (0..1) below which a move is not made at all: added up over a talk, a tail of unlikely moves
would have everybody act out of character now and then."""
REPEATED = 0.35
"""A move just made is this much less likely to come again: people do not say one thing all evening."""


def weights(moment: Moment) -> dict[Move, float]:
    """The unnormalised weight of every move in this moment, each 0 and up."""
    damp = dict.fromkeys(moment.recent[-2:], REPEATED)
    return {move: max(0.0, weight(moment)) ** 1.5 * damp.get(move, 1.0) for move, weight in WEIGHTS.items()}


def decide(moment: Moment, rng: Random, fit: Mapping[Move, float] | None = None) -> Move:
    """Draw the persona's next move; the same seed and moment give the same move.

    `fit` holds, for each move that has words left, how well they answer the turn (0..1.5): people
    choose among what they could do partly by what there is to say to these very words. Gates are
    not touched by it.
    """
    table = _trimmed(weights(moment))
    if fit is not None:
        table = _fitted(table, fit)
    moves = [move for move, weight in table.items() if weight > 0]
    if not moves:
        return Move.GO_QUIET
    return rng.choices(moves, [table[move] for move in moves])[0]


def shares(moment: Moment) -> dict[Move, float]:
    """The chance (0..1) of every move that may be made in this moment, before any words are weighed."""
    table = _trimmed(weights(moment))
    total = sum(table.values())
    return {move: weight / total for move, weight in table.items()} if total else {}


def _trimmed(table: Mapping[Move, float]) -> dict[Move, float]:
    least = TAIL * sum(table.values())
    return {move: weight for move, weight in table.items() if weight >= least}


def _fitted(table: Mapping[Move, float], fit: Mapping[Move, float]) -> dict[Move, float]:
    """The weights of moves that have words, each lifted or lowered by how its fit stands to the mean."""
    able = {move: weight for move, weight in table.items() if move in fit and weight > 0}
    total = sum(able.values())
    middle = sum(weight * fit[move] for move, weight in able.items()) / total if total else 0.0

    def lift(move: Move) -> float:
        lifted = exp((fit[move] - middle) / FIT_SPREAD)
        rare = move is Move.LEAVE or able[move] < RARE * total
        return min(1.0, lifted) if rare else lifted

    return {move: weight * lift(move) for move, weight in able.items()}
