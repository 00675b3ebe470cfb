"""What the persona means to say: a move, and the words that answer this turn.

Looked for in this order: a fact that was asked for, more of what was just said, the answer to a turn that
is no move, an earlier talk that comes back, a line that answers the turn, and, where none does well
enough, an honest "I don't know" to a question, a piece of the turn given back, or a short reaction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from simulator.domain.beneath import FEELING
from simulator.domain.codebook import Code, Coding, Family, Oddity
from simulator.domain.dialogue import Turn
from simulator.domain.echo import echo
from simulator.domain.layers import Layer
from simulator.domain.line import Line, choose
from simulator.domain.memory import Memory, reminded
from simulator.domain.persona import Fact, Persona
from simulator.domain.question import asked, asks_about, asks_more, questions
from simulator.domain.strategy import SOFT_MOVES, Moment, Move, decide
from simulator.domain.utterance import words
from simulator.ranker import Place
from simulator.repertoire import Repertoire

ASIDE = "aside"
"""The move of a reply to a question of fact or to a turn that is no move."""
RECALLED, REACTION, ECHO, MORE = "recalled", "reaction", "echo", "+"
"""Ids of replies that are no line: an earlier talk, a reaction, the turn given back, what follows a line."""
AGAIN = "Like I said. "
"""Before a fact that was told already."""
MOST_ECHOES = 2
"""In one talk; somebody who gives every sentence back is mocking."""
LET_SPEAK = 10
"""Words: a short kind answer to the persona's question lets it go on."""
GIVEN_BACK = 0.6
"""Cosine (-1..1) from which the turn gives back what was just said."""


@dataclass(frozen=True)
class Chosen:
    """A decided reply, before it is worded."""

    move: str
    meaning: str
    feeling: str
    layer: Layer
    line: str = ""
    verbatim: bool = True
    """Whether it is spoken as it stands."""

    @property
    def ended(self) -> bool:
        """Whether the persona leaves."""
        return self.move == Move.LEAVE


class Chooser:
    """One persona's choices in one scene."""

    def __init__(self, persona: Persona, repertoire: Repertoire, memory: Memory | None) -> None:
        self._persona, self._repertoire, self._memory = persona, repertoire, memory

    def choose(
        self, said: str, moment: Moment, history: Sequence[Turn], rng: Random, opening: str = ""
    ) -> Chosen:
        """What to say; the same seed, moment and history give the same choice."""
        before = history[-1].reply if history else opening
        used = {turn.line for turn in history} | (self._memory.told if self._memory else frozenset())
        lines = self._repertoire.candidates(Place(said, before, moment), used)
        move = decide(moment, rng, {move: max(scores.values()) for move, scores in lines.items()})
        if move is Move.LEAVE and move in lines:
            return self._line(move, lines[move], rng)
        found = (
            self._told(said, moment.coding, history)
            or self._more(said, moment, history)
            or self._odd(said, moment.coding, history, rng)
            or self._recalled(moment.coding, move, history, rng)
        )
        if found:
            return found
        if move in lines and self._repertoire.answers(max(lines[move].values())):
            return self._line(move, lines[move], rng)
        short = (
            self._unknown(said, history, rng)
            or self._echo(said, moment, move, history)
            or self._reaction(moment, move, history, rng)
        )
        if short or move not in lines:
            return short or _thrown(_fresh(self._persona.unexpected[Oddity.SILENCE], history, rng))
        return self._line(move, lines[move], rng)

    def _line(self, move: Move, scores: Mapping[Line, float], rng: Random) -> Chosen:
        line = choose(scores, rng)
        meaning = self._repertoire.say(line)
        return Chosen(move.value, meaning, FEELING[move], line.layer, line.id, verbatim=False)

    def _told(self, said: str, coding: Coding, history: Sequence[Turn]) -> Chosen | None:
        """A fact that was asked for."""
        told = {turn.meaning.removeprefix(AGAIN) for turn in history}
        fact = self._fact(said, coding, told)
        if fact is None:
            return None
        return _thrown(AGAIN + fact.say if fact.say in told else fact.say)

    def _odd(self, said: str, coding: Coding, history: Sequence[Turn], rng: Random) -> Chosen | None:
        """The answer to a turn that is no move in the talk."""
        if not coding.oddity or (coding.oddity is Oddity.FACT_QUESTION and asked(said)):
            return None
        return _thrown(_fresh(self._persona.unexpected[coding.oddity], history, rng))

    def _fact(self, said: str, coding: Coding, told: Collection[str]) -> Fact | None:
        """What a sheet answers to one of the turn's questions, the last first."""
        asking = coding.oddity is Oddity.FACT_QUESTION or coding.intensity(Code.INQUIRE) >= 0.5
        plain = coding.oddity in {None, Oddity.FACT_QUESTION}
        put = [*((question, plain) for question in reversed(questions(said))), (said, asking)]
        found = (self._repertoire.fact(text, plain=sure, told=told) for text, sure in put)
        return next((fact for fact in found if fact), None)

    def _more(self, said: str, moment: Moment, history: Sequence[Turn]) -> Chosen | None:
        """What follows the line just spoken, once the trainee asks for it, gives it back or lets it come."""
        if not history or moment.impact.alarm > moment.impact.comfort:
            return None
        last = history[-1]
        line = self._repertoire.named(last.line)
        if line is None or not line.more:
            return None
        given_back = (
            moment.heard(Code.REFLECT) >= 0.5 and self._repertoire.closeness(said, last.reply) >= GIVEN_BACK
        )
        let = last.reply.endswith("?") and len(words(said)) <= LET_SPEAK and not questions(said)
        if not (asks_more(said) or asks_about(said, last.reply) or given_back or let):
            return None
        meaning = self._repertoire.filled(line.more)
        return Chosen(
            line.move.value, meaning, FEELING[line.move], line.layer, line.id + MORE, verbatim=False
        )

    def _recalled(self, coding: Coding, move: Move, history: Sequence[Turn], rng: Random) -> Chosen | None:
        """What the turn brings back from an earlier talk; once in a talk is enough."""
        if not self._memory or any(turn.line == RECALLED for turn in history):
            return None
        trace = reminded(self._memory, coding, move)
        lines = self._persona.recalls.get(trace, ()) if trace else ()
        if not (trace and lines):
            return None
        meaning = rng.choice(list(lines)).replace("{quote}", self._memory.quotes[trace])
        return Chosen(move.value, meaning, FEELING[move], Layer.SECONDARY, RECALLED)

    def _unknown(self, said: str, history: Sequence[Turn], rng: Random) -> Chosen | None:
        """An honest answer to a question that neither a sheet nor a line answers."""
        kind = asked(said)
        lines = self._persona.unknown.get(kind, ()) if kind else ()
        return _thrown(_fresh(lines, history, rng)) if lines else None

    def _echo(self, said: str, moment: Moment, move: Move, history: Sequence[Turn]) -> Chosen | None:
        """A piece of the turn given back: asked back by the anxious when it hurt, noted by others."""
        echoes = [turn.line for turn in history].count(ECHO)
        text = echo(said) if move not in SOFT_MOVES and echoes < MOST_ECHOES else None
        if text is None or (history and history[-1].line == ECHO):
            return None
        if moment.hurtful > 0 and moment.hyper > moment.deact:
            text = f"{text[:-1]}?"
        return Chosen(move.value, text, FEELING[move], Layer.BEHAVIOUR, ECHO)

    def _reaction(self, moment: Moment, move: Move, history: Sequence[Turn], rng: Random) -> Chosen | None:
        """A short reaction where no line answers well enough; a soft move needs a line of its own."""
        said = {turn.reply for turn in history}
        family = Family.NEUTRAL if self._repertoire.own_only else _family(moment)
        fresh = [line for line in self._persona.reactions.get(family, ()) if line not in said]
        if not fresh or move in SOFT_MOVES:
            return None
        return Chosen(move.value, rng.choice(fresh), FEELING[move], Layer.BEHAVIOUR, REACTION)


def _thrown(meaning: str) -> Chosen:
    return Chosen(ASIDE, meaning, "thrown for a moment", Layer.BEHAVIOUR)


def _fresh(lines: Sequence[str], history: Sequence[Turn], rng: Random) -> str:
    """One of the lines, unused ones first."""
    said = {turn.reply for turn in history}
    return rng.choice([line for line in lines if line not in said] or list(lines))


def _family(moment: Moment) -> Family:
    """How the turn was, on the whole."""
    if moment.impact.landed and moment.coding.family(Family.ATTUNED) >= 0.5:
        return Family.ATTUNED
    missed = max(moment.coding.family(family) for family in (Family.MISATTUNED, Family.FAUX))
    return Family.MISATTUNED if missed >= 0.5 else Family.NEUTRAL
