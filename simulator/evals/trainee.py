"""A simulated trainee at work: a code to enact, an authored meaning that does it, and words for it.

The style decides the code (domain/trainee.py), the meaning is authored (documents/trainee.yaml), a
model may reword it, and the coder listens: words that do something else are not said.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from random import Random

from pydantic import TypeAdapter, ValidationError

from simulator.coder import Coder
from simulator.domain.affect import Affect
from simulator.domain.checks import tidied
from simulator.domain.codebook import Code
from simulator.domain.dialogue import Turn
from simulator.domain.line import fill
from simulator.domain.persona import Persona
from simulator.domain.scenario import Scenario
from simulator.domain.trainee import Style, intended
from simulator.domain.utterance import words
from simulator.embeddings import Embedder
from simulator.errors import LibraryError
from simulator.files import parse
from simulator.library import folder
from simulator.llm import ChatModel, Message, Sampling
from simulator.prompts import TraineeSystem, TraineeTurn

CLOSE = 0.6
"""Cosine (-1..1) with its meaning that reworded words need."""
LONGEST_WORDS = 40
NEAREST = 4
"""Among so many unused meanings nearest to the persona's words, one is drawn."""
FAITHFUL = 0.6
"""Share (0..1) of simulated turns that must be heard as they were meant."""


@cache
def bank() -> Mapping[Code, Sequence[str]]:
    """What a simulated trainee may mean, by code.

    Raises: LibraryError naming the file.
    """
    path = folder("documents") / "trainee.yaml"
    try:
        return TypeAdapter(dict[Code, list[str]]).validate_python(parse(path))
    except ValidationError as error:
        raise LibraryError(f"{path}: {error.errors()[0]['msg']}") from error


class Trainee:
    """The other side of a talk, played by code and a model."""

    def __init__(
        self,
        style: Style,
        persona: Persona,
        scenario: Scenario,
        *,
        seed: int,
        model: ChatModel,
        coder: Coder,
        embedder: Embedder,
    ) -> None:
        self._style, self._persona, self._scenario, self._seed = style, persona, scenario, seed
        self._model, self._coder, self._embedder = model, coder, embedder
        self._meant: list[str] = []

    def say(self, number: int, heard: str, history: Sequence[Turn], affect: Affect) -> tuple[Code, str]:
        """The next turn: the code it sets out to enact, and the words.

        `number` counts the simulated turns, 1 and up.
        Raises: ModelError when no model answers.
        """
        rng = Random(f"trainee:{self._seed}:{number}")
        code = intended(self._style, number, affect.settled, rng)
        meaning = self._meaning(code, heard, rng)
        said = {turn.said for turn in history}
        worded = self._worded(meaning, heard, self._seed * 1000 + number)
        return code, worded if self._does(worded, code, meaning, heard) and worded not in said else meaning

    def _meaning(self, code: Code, heard: str, rng: Random) -> str:
        filled = [fill(text, self._scenario.trainee_slots) for text in bank()[code]]
        fresh = [text for text in filled if text not in self._meant] or filled
        near = self._embedder(fresh) @ self._embedder([heard])[0]
        best = [fresh[i] for i in near.argsort()[::-1][:NEAREST]]
        self._meant.append(rng.choice(best))
        return self._meant[-1]

    def _worded(self, meaning: str, heard: str, seed: int) -> str:
        role, name = self._scenario.role, self._persona.name
        system = TraineeSystem(role, self._style.about, self._scenario.place, name).render()
        asked = TraineeTurn(name, heard, role, meaning).render()
        messages: list[Message] = [
            {"role": "system", "content": system},
            {"role": "user", "content": asked},
        ]
        sampling = Sampling(temperature=0.5, max_tokens=60, seed=seed, stop=("\n",))
        text = "".join(self._model.stream(messages, sampling))
        return tidied(text, (name, role, f"The {role}"))

    def _does(self, text: str, code: Code, meaning: str, heard: str) -> bool:
        """Whether the words do what was meant, and say about the same."""
        if not 2 <= len(words(text)) <= LONGEST_WORDS:
            return False
        pair = self._embedder([text, meaning])
        return float(pair[0] @ pair[1]) >= CLOSE and code in self._coder.code(text, heard).codes


def faithful(turns: Sequence[Turn], meant: Sequence[str]) -> bool:
    """Whether a simulated trainee did what its style says; else its talk says nothing of the persona.

    >>> faithful([], [])
    True
    """
    simulated = [(turn, Code(code)) for turn, code in zip(turns, meant, strict=True) if code]
    done = [code.family in {c.family for c in turn.coding.codes} for turn, code in simulated]
    return not done or sum(done) / len(done) >= FAITHFUL
