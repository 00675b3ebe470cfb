"""Public fakes and builders for tests of this project and of yours. The product never uses them."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from simulator.domain.affect import Affect
from simulator.domain.codebook import Code, Coding, Heard, Oddity, Reading
from simulator.domain.dialogue import Turn
from simulator.domain.utterance import words
from simulator.embeddings import WIDTH, Vectors, unit
from simulator.errors import ModelError
from simulator.llm import Message, Model, Sampling
from simulator.session import Parts


class HashingEmbedder:
    """Vectors from hashed words: alike when words are shared. Needs no model file."""

    name = "hashing-1"
    remembers = True

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text: shape (len(texts), WIDTH)."""
        rows = np.zeros((len(texts), WIDTH), np.float32)
        for row, text in enumerate(texts):
            for word in words(text) or ["-"]:
                rows[row, int.from_bytes(hashlib.sha256(word.encode()).digest()[:4]) % WIDTH] += 1
        return unit(rows)


class ScriptedModel:
    """A chat model that says what a function of the messages says, in pieces."""

    def __init__(self, answer: Callable[[Sequence[Message]], str], *, capable: bool = False) -> None:
        self._answer, self.capable = answer, capable
        self.asked: list[Sequence[Message]] = []

    name = "scripted"

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[str]:  # noqa: ARG002
        """Yield the answer word by word."""
        self.asked.append(messages)
        for number, word in enumerate(self._answer(messages).split(" ")):
            yield f" {word}" if number else word

    def structured(self, messages: Sequence[Message], schema: type[Model]) -> Model:
        """The answer parsed as `schema`.

        Raises: ModelError when it does not fit.
        """
        try:
            return schema.model_validate_json(self._answer(messages))
        except ValueError as error:
            raise ModelError(str(error)) from error


def repeating_meaning(messages: Sequence[Message]) -> str:
    """An answer that speaks the meaning it was given, as a small model at low temperature does."""
    return messages[-1]["content"].split(" means: ", 1)[-1]


class ScriptedCoder:
    """Codes a turn by a table of phrases; anything else is plain telling."""

    name = "scripted"

    def __init__(self, table: Mapping[str, Mapping[Code, float]] | None = None) -> None:
        self._table = table or {}

    def read(self, text: str, before: str = "") -> Reading:
        """The intensities of `code` as probabilities."""
        coding = self.code(text, before)
        chances = dict.fromkeys(Code, 0.0) | {h.code: h.intensity for h in coding.heard}
        quotes = {h.code: h.quote for h in coding.heard}
        return Reading(chances, quotes, dict.fromkeys(Code, 0.5), coding.oddity, self.name)

    def code(self, text: str, before: str = "") -> Coding:  # noqa: ARG002
        """The codes of the first phrase in the table that the turn holds."""
        if not words(text):
            return Coding((), Oddity.SILENCE, self.name)
        for phrase, codes in self._table.items():
            if phrase in text:
                heard = tuple(Heard(c, i, phrase) for c, i in sorted(codes.items(), key=lambda x: -x[1]))
                return Coding(heard, None, self.name)
        return Coding((Heard(Code.TELL, 0.5, text),), None, self.name)


def turn(
    number: int, said: str, codes: Mapping[Code, float], *, comfort: float = 0, alarm: float = 0
) -> Turn:
    """A recorded turn, for tests of what comes after one."""
    state = Affect(0.6, 0.3, 0.3, 0.2)
    coding = Coding(tuple(Heard(c, i, said) for c, i in codes.items()))
    return Turn(number, said, "Mm.", coding, state, state, comfort, alarm, move="protest", layer="secondary")


def fake_parts() -> Parts:
    """Public fakes in place of every model; a function, so that worker processes can call it too."""
    table = {
        "not a big deal": {Code.MINIMIZE: 0.9},
        "I'm sorry": {Code.REPAIR: 0.9},
        "You sat there alone": {Code.REFLECT: 0.9},
        "Tell me now": {Code.PRESS: 0.95},
    }
    return Parts(
        model=ScriptedModel(repeating_meaning),
        coder=ScriptedCoder(table),
        embedder=HashingEmbedder(),
        alarm=lambda _text: None,
    )
