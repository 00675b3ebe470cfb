"""Hearing what a trainee's turn does: one interface, a local coder and one for capable models."""

from typing import Protocol

from simulator.domain.codebook import Coding


class Coder(Protocol):
    """Anything that codes a turn with the codebook."""

    @property
    def name(self) -> str:
        """Name and version, kept with every coding."""

    def code(self, text: str, before: str = "") -> Coding:
        """The codes of `text`, said in answer to `before`; every quote is a substring of `text`.

        Raises: ModelError when a model was needed and did not answer.
        """
