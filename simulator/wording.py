"""From a decided meaning to spoken words, sentence by checked sentence.

The embedded model rewords a meaning it is given; a capable endpoint speaks freely within the same
plan; the authored line is the floor under both. What is yielded has passed every check and may be
shown at once; which path spoke is returned at the end (docs/decisions/004-wording.md).
"""

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from simulator.domain.checks import FLOOR, Draft, tidied, violations
from simulator.domain.dialogue import Turn
from simulator.domain.memory import Memory, summary
from simulator.domain.persona import Persona
from simulator.domain.scenario import Scenario
from simulator.domain.utterance import sentences, words
from simulator.errors import ModelError
from simulator.llm import ChatModel, CutError, Message, Sampling
from simulator.prompts import FreeSystem, FreeTurn, WordingSystem, WordingTurn, fingerprint
from simulator.repertoire import Repertoire

ATTEMPTS = 3
TEMPERATURES = (0.35, 0.5, 0.2)
SHORTEST_TO_REWORD = 5
"""Words: a shorter meaning is spoken as it is; there is nothing to reword."""
PART_FLOOR = 0.5
"""Cosine (-1..1) of one sentence with the nearest sentence of the meaning."""
MOST_SENTENCES = 3
BLOCK = 20
"""Turns are forgotten a block at a time, so that the cached prefix survives between."""


@dataclass(frozen=True)
class Plan:
    """What the persona has decided to say, before any words."""

    heard: str
    meaning: str
    feeling: str
    move: str
    layer: str
    verbatim: bool = False
    """Facts and answers to oddities are spoken as authored, the same way twice."""
    seed: int = 0


@dataclass(frozen=True)
class Spoken:
    """A finished reply and how it came about."""

    text: str
    path: str
    """`worded`, `authored`, `free`, or `cut` when the connection broke off."""
    rejected: Sequence[str] = ()
    prompt: str = ""
    model: str = ""


class Voice:
    """One persona's way from meanings to words in one scene."""

    def __init__(
        self,
        persona: Persona,
        scenario: Scenario,
        repertoire: Repertoire,
        model: ChatModel,
        memory: Memory | None = None,
    ) -> None:
        self._persona, self._scenario = persona, scenario
        self._memory = summary(memory) if memory else ""
        self._repertoire, self._model = repertoire, model

    @property
    def model(self) -> ChatModel:
        """The model that finds the words."""
        return self._model

    def speak(
        self, plan: Plan, history: Sequence[Turn], opening: str, already: Sequence[str] = ()
    ) -> Generator[str, None, Spoken]:
        """Yield the reply's sentences, each checked; return the whole.

        `already` holds sentences that were shown before a crash: they stand; `missing` tells what
        is left to say.
        Raises: ModelError when no model answers and nothing has been said.
        """
        if already:
            return Spoken(" ".join(already), "worded" if not self._model.capable else "free")
        if plan.verbatim or len(words(plan.meaning)) < SHORTEST_TO_REWORD:
            yield from sentences(plan.meaning)
            return Spoken(plan.meaning, "authored")
        messages = self.messages(plan, history, opening)
        prompt = fingerprint(*(message["content"] for message in messages))
        rejected: list[str] = []
        own = [opening, *(turn.reply for turn in history)]
        for attempt in range(ATTEMPTS):
            spoken: list[str] = []
            cut = yield from self._attempt(plan, messages, attempt, own, spoken, rejected)
            if spoken:
                path = "cut" if cut and self._model.capable else "free" if self._model.capable else "worded"
                return Spoken(" ".join(spoken), path, rejected, prompt, self._model.name)
        yield from sentences(plan.meaning)
        return Spoken(plan.meaning, "authored", rejected, prompt, self._model.name)

    def _attempt(
        self,
        plan: Plan,
        messages: Sequence[Message],
        attempt: int,
        own: Sequence[str],
        spoken: list[str],
        rejected: list[str],
    ) -> Generator[str, None, bool]:
        """Yield checked sentences of one candidate into `spoken`; True when the stream was cut."""
        capable = self._model.capable
        sampling = Sampling(
            temperature=0.8 if capable else TEMPERATURES[attempt],
            max_tokens=120 if capable else 60,
            seed=plan.seed + attempt,
            stop=() if capable else ("\n",),
        )
        try:
            for sentence in self._sentences(self._model.stream(messages, sampling)):
                draft = self._draft(plan, sentence, own, spoken)
                found = violations(draft)
                if found:
                    rejected.append(f"{found[0].value}: {sentence}")
                    return False
                spoken.append(sentence)
                yield sentence
                if len(spoken) == MOST_SENTENCES:
                    return False
        except CutError:
            return True
        except ModelError:
            if attempt == ATTEMPTS - 1 or capable:
                raise
        return False

    def _sentences(self, pieces: Iterator[str]) -> Iterator[str]:
        """Whole sentences as they become complete, without a name prefix."""
        text, given = "", 0
        for piece in pieces:
            text += piece
            if re.search(r"[.!?][\"']?\s+\S", text):
                ready = sentences(tidied(text, self._names))[:-1]
                yield from ready[given:]
                given = max(given, len(ready))
        yield from sentences(tidied(text, self._names))[given:]

    @property
    def _names(self) -> tuple[str, ...]:
        return (self._persona.name, self._scenario.role.capitalize(), "Partner")

    def _draft(self, plan: Plan, sentence: str, own: Sequence[str], spoken: Sequence[str]) -> Draft:
        draft = Draft(
            text=sentence,
            meaning=plan.meaning,
            heard=plan.heard,
            own=[*own, *spoken],
            demos=[demo.says for demo in self._persona.demos],
        )
        if self._model.capable:
            return replace(draft, meaning="")
        near = max(
            self._repertoire.closeness(sentence, part) for part in [plan.meaning, *sentences(plan.meaning)]
        )
        return replace(draft, closeness=near + FLOOR - PART_FLOOR)

    def missing(self, reply: str, meaning: str, path: str) -> str:
        """What a worded reply left out of its meaning, in the authored words; empty when nothing."""
        if path != "worded":
            return ""
        return " ".join(self._repertoire.unsaid(reply, meaning, PART_FLOOR))

    def messages(self, plan: Plan, history: Sequence[Turn], opening: str) -> list[Message]:
        """The chat for this turn; earlier messages never change, so a cached prefix only grows."""
        if self._model.capable:
            return self._free_messages(plan, history, opening)
        return [*self.preamble(), *self._told(history), self._asked(plan.heard, plan.feeling, plan.meaning)]

    def preamble(self) -> list[Message]:
        """What every wording prompt of this session begins with."""
        system = WordingSystem(self._persona, self._scenario).render()
        found: list[Message] = [{"role": "system", "content": system}]
        for demo in self._persona.demos:
            found.append(self._asked(demo.partner, demo.feeling, demo.means))
            found.append({"role": "assistant", "content": demo.says})
        return found

    def _told(self, history: Sequence[Turn]) -> list[Message]:
        found: list[Message] = []
        forgotten = BLOCK * max(0, len(history) // BLOCK - 1)
        for turn in history[forgotten:]:
            found.append(self._asked(turn.said, turn.feeling, turn.meaning))
            found.append({"role": "assistant", "content": turn.reply})
        return found

    def _asked(self, heard: str, feeling: str, meaning: str) -> Message:
        turn = WordingTurn(self._scenario.role.capitalize(), self._persona.name, heard, feeling, meaning)
        return {"role": "user", "content": turn.render()}

    def _free_messages(self, plan: Plan, history: Sequence[Turn], opening: str) -> list[Message]:
        system = FreeSystem(self._persona, self._scenario, self._persona.demos, self._memory).render()
        found: list[Message] = [{"role": "system", "content": system}]
        found.append({"role": "user", "content": "[The talk begins. You speak first.]"})
        found.append({"role": "assistant", "content": opening})
        for turn in history:
            found.append(self._planned(turn.said, turn.feeling, turn.move, turn.layer, turn.meaning))
            found.append({"role": "assistant", "content": turn.reply})
        found.append(self._planned(plan.heard, plan.feeling, plan.move, plan.layer, plan.meaning))
        return found

    def _planned(self, heard: str, feeling: str, move: str, layer: str, meaning: str) -> Message:
        turn = FreeTurn(self._persona.name, heard, feeling, move.replace("_", " "), layer, meaning)
        return {"role": "user", "content": turn.render()}
