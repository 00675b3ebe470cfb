"""Hearing what a trainee's turn does: one interface, a local coder and one for capable models."""

from typing import Protocol

from simulator.domain.codebook import Coding, Reading
from simulator.domain.hearing import decided


class Coder(Protocol):
    """Anything that codes a turn with the codebook."""

    @property
    def name(self) -> str:
        """Name and version, kept with every coding."""

    def read(self, text: str, before: str = "") -> Reading:
        """How likely each code is in `text`, said in answer to `before`; quotes are substrings of `text`.

        Raises: ModelError when a model was needed and did not answer.
        """

    def code(self, text: str, before: str = "") -> Coding:
        """The codes of `text` that are clear enough to act on.

        Raises: ModelError when a model was needed and did not answer.
        """
        return decided(self.read(text, before))
