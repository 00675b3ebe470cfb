"""The coder for capable models: a yes-or-no question for each code, asked twice, every quote verified."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from simulator.coder import Coder
from simulator.domain.codebook import Code, Oddity, Reading
from simulator.library import codebook
from simulator.llm import ChatModel, Message
from simulator.prompts import CodeTurn

SURE, UNLIKELY = 0.95, 0.03
"""Probabilities (0..1) of a code that both passes saw, and that neither did."""


class _Check(BaseModel):
    model_config = ConfigDict(extra="forbid")

    quote: str = Field(description="The exact words of the turn that show it; empty when none do.")
    holds: Literal["yes", "no", "unsure"]


class StructuredCoder(Coder):
    """Asks a capable model about every code, once in the codebook's order and once in the reverse.

    A yes must quote the turn. Where the two passes differ, or the quote cannot be found, the coder
    abstains from that code. When it can stand by nothing, `otherwise` codes the turn, so that a weak
    endpoint does not leave the persona deaf.
    """

    def __init__(self, model: ChatModel, otherwise: Coder) -> None:
        self._model, self._otherwise = model, otherwise

    @property
    def name(self) -> str:
        """The model's name."""
        return f"llm-{self._model.name}"

    def read(self, text: str, before: str = "") -> Reading:
        """A probability and a verified quote for every code that both passes agree on.

        Raises: ModelError when the model does not answer.
        """
        order = list(Code)
        first, oddity = self._pass(order, text, before)
        second, again = self._pass(order[::-1], text, before)
        held = {code: held for code in Code if (held := _agreed(first[code], second[code])) is not None}
        quotes = {code: min(held, key=len) for code, held in held.items() if held}
        oddity = oddity if oddity is again else None
        if not (quotes or oddity):
            return self._otherwise.read(text, before)
        chances = {code: SURE if code in quotes else UNLIKELY for code in held}
        return Reading(chances, quotes, {}, oddity, self.name)

    def _pass(
        self, order: Sequence[Code], text: str, before: str
    ) -> tuple[Mapping[Code, str | None], Oddity | None]:
        """What one pass found: the quote of each code, "" for a no, None for what it cannot say."""
        questions = [(code.value, codebook()[code].definition) for code in order]
        prompt = CodeTurn(questions, before, _shown(text)).render()
        messages: list[Message] = [{"role": "user", "content": prompt}]
        answer = self._model.structured(messages, _checklist(tuple(order)))
        return {code: _verified(getattr(answer, _field(code)), text) for code in order}, answer.oddity


@cache
def _checklist(order: tuple[Code, ...]) -> Any:
    """The answer's schema: a check a code in the order asked, then the oddity."""
    fields: dict[str, Any] = {_field(code): (_Check, Field(alias=code.value)) for code in order}
    return create_model(
        "Checklist", __config__=ConfigDict(extra="forbid"), **fields, oddity=(Oddity | None, ...)
    )


def _field(code: Code) -> str:
    """A name that no model method has (`validate` is one)."""
    return f"on_{code.value}"


def _verified(check: _Check, text: str) -> str | None:
    if check.holds == "no":
        return ""
    return (_quoted(check.quote, text) or None) if check.holds == "yes" else None


def _agreed(first: str | None, second: str | None) -> list[str] | None:
    """Both quotes of a yes, none of a no; None where the passes differ or one cannot say."""
    if first is None or second is None or bool(first) is not bool(second):
        return None
    return [first, second] if first and second else []


def _quoted(quote: str, text: str) -> str:
    """The turn's own spelling of a quote, or nothing when the turn does not hold it."""
    wanted = _shown(quote.strip().strip("\"'"))
    found = re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", _shown(text), re.IGNORECASE)
    return text[found.start() : found.end()] if wanted and found else ""


def _shown(text: str) -> str:
    """The words as the prompt shows them, every character in its place, none that could close its tags."""
    return text.replace("<", "(").replace(">", ")")
