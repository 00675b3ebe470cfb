"""The coder for capable models: codes by structured output, every quote verified."""

from pydantic import BaseModel, ConfigDict, Field

from simulator.coder import Coder
from simulator.domain.codebook import Code, Coding, Heard, Oddity
from simulator.library import codebook
from simulator.llm import ChatModel, Message
from simulator.prompts import CodeTurn


class _Found(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: Code
    quote: str
    intensity: float = Field(ge=0, le=1)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    heard: list[_Found]
    oddity: Oddity | None


class StructuredCoder:
    """Asks a capable model for codes; what it cannot quote from the turn is dropped.

    When nothing it says can be quoted, `otherwise` codes the turn, so that a weak endpoint does
    not leave the persona deaf.
    """

    def __init__(self, model: ChatModel, otherwise: Coder) -> None:
        self._model, self._otherwise = model, otherwise

    @property
    def name(self) -> str:
        """The model's name."""
        return f"llm-{self._model.name}"

    def code(self, text: str, before: str = "") -> Coding:
        """The codes of `text` that the model named and could quote, strongest first.

        Raises: ModelError when the model does not answer.
        """
        names = [(entry.code.value, entry.definition) for entry in codebook().values()]
        prompt = CodeTurn(names, before, text.replace("<", "(").replace(">", ")")).render()
        messages: list[Message] = [{"role": "user", "content": prompt}]
        answer = self._model.structured(messages, _Answer)
        found = {f.code: Heard(f.code, f.intensity, q) for f in answer.heard if (q := _quoted(f.quote, text))}
        heard = sorted(found.values(), key=lambda h: -h.intensity)
        if not (heard or answer.oddity):
            return self._otherwise.code(text, before)
        return Coding(tuple(heard), answer.oddity, self.name)


def _quoted(quote: str, text: str) -> str:
    """The turn's own spelling of a quote, or nothing when the turn does not hold it."""
    wanted = quote.strip().strip("\"'")
    at = text.casefold().find(wanted.casefold()) if wanted else -1
    return text[at : at + len(wanted)] if at >= 0 else ""
