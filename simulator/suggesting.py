"""Better sentences from a capable model; the evaluator checks them like authored ones."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from simulator.domain.dialogue import Turn
from simulator.errors import ModelError
from simulator.llm import ChatModel
from simulator.prompts import BetterTurn


class _Sentences(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sentences: list[str]


def suggested(model: ChatModel, turn: Turn, fault: str) -> Sequence[str]:
    """Up to three rewrites of a turn in the trainee's voice; none when the model does not answer."""
    prompt = BetterTurn(said=turn.said, fault=fault).render()
    try:
        answer = model.structured([{"role": "user", "content": prompt}], _Sentences)
    except ModelError:
        return []  # the authored sentences remain; feedback is not lost to a model that is away
    return [sentence.strip() for sentence in answer.sentences[:3] if 0 < len(sentence) <= 240]
