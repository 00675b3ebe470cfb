"""A judge: a model answers binary questions about a talk, with quotes; code verifies and counts.

Evidence first, verdict last, `cannot_tell` allowed; a quote must stand in the turn it names. A judge
without a calibration against people may advise, but decides no gate (CheckEval, 2403.18771;
PersonaEval, 2508.10014).
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulator.errors import ModelError
from simulator.evals.episode import Episode
from simulator.evals.expectation import Judged, Outcome
from simulator.files import File, read
from simulator.llm import ChatModel
from simulator.prompts import JudgeTalk

TRUSTED = 0.6
"""Cohen's kappa with people from which a judge may decide a gate."""


class Question(File):
    """One thing to look for."""

    id: str
    ask: str
    wanted: Literal["yes", "no"] = "yes"


class Calibration(File):
    """How well the judge agreed with people, and with which model it did."""

    model: str
    kappa: float = Field(ge=-1, le=1)
    talks: int = Field(ge=1)


class Checklist(File):
    """A judge's file: what the talk is about, and its questions."""

    about: str
    questions: list[Question] = Field(min_length=1)
    calibration: Calibration | None = None

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "Checklist":
        ids = [question.id for question in self.questions]
        if len(set(ids)) < len(ids):
            raise ValueError("questions: an id is used twice")
        return self

    def trusted(self, model: str) -> bool:
        """Whether this model, with these questions, may decide a gate."""
        known = self.calibration
        return known is not None and known.model == model and known.kappa >= TRUSTED


class _Quote(BaseModel):
    model_config = ConfigDict(extra="forbid")

    turn: int
    quote: str


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str
    evidence: list[_Quote]
    reasoning: str
    verdict: Literal["yes", "no", "cannot_tell"]


class _Answers(BaseModel):
    model_config = ConfigDict(extra="forbid")

    answers: list[_Answer]


def read_checklist(folder: Path, name: str) -> Checklist:
    """Load a judge's file.

    Raises: LibraryError naming file and field.
    """
    return read(folder / f"{name}.yaml", Checklist)


def judge(expectation: Judged, checklist: Checklist, episode: Episode, model: ChatModel) -> Outcome:
    """Ask a model, verify its quotes, and count: the majority of samples decides each question.

    Raises: ModelError when the answers cannot be used, also after a repair.
    """
    votes: dict[str, Counter[str]] = {question.id: Counter() for question in checklist.questions}
    evidence: list[tuple[int, str]] = []
    for sample in range(expectation.samples):
        for answer in _asked(checklist, episode, model, sample):
            votes[answer.id][answer.verdict] += 1
            evidence += [(quote.turn, quote.quote) for quote in answer.evidence]
    verdicts = {name: _majority(counted, expectation.samples) for name, counted in votes.items()}
    failed = [q.id for q in checklist.questions if verdicts[q.id] not in {q.wanted, "cannot_tell"}]
    unsure = [q.id for q in checklist.questions if verdicts[q.id] == "cannot_tell"]
    told = ", ".join(f"{name}: {verdict}" for name, verdict in verdicts.items())
    if not checklist.trusted(model.name):
        told += f" (advice only: {model.name} is not calibrated for this checklist)"
        return Outcome(expectation.id, None, told, tuple(dict.fromkeys(evidence)))
    passed = False if failed else None if unsure else True
    return Outcome(expectation.id, passed, told, tuple(dict.fromkeys(evidence)))


def _majority(votes: Counter[str], samples: int) -> str:
    """What more than half of the samples said; otherwise nobody can tell."""
    verdict, count = votes.most_common(1)[0]
    return verdict if 2 * count > samples else "cannot_tell"


def _asked(checklist: Checklist, episode: Episode, model: ChatModel, sample: int) -> Sequence[_Answer]:
    """One sample, its questions in an order of their own; asked once more when it misquotes."""
    questions = [(question.id, question.ask) for question in checklist.questions]
    Random(sample).shuffle(questions)
    prompt = JudgeTalk(checklist.about, questions, _told(episode)).render()
    fault = ""
    for _ in range(2):
        found = model.structured([{"role": "user", "content": prompt + fault}], _Answers).answers
        wrong = _unusable(checklist, episode, found)
        if not wrong:
            return found
        fault = f"\n\nYour last answer was not usable: {wrong} Answer again."
    raise ModelError(f"judge {model.name}: {wrong}")


def _told(episode: Episode) -> list[tuple[int, str, str]]:
    lines = [(0, episode.name, episode.opening)]
    for turn in episode.turns:
        lines += [(turn.number, "Trainee", turn.said), (turn.number, episode.name, turn.reply)]
    return lines


def _unusable(checklist: Checklist, episode: Episode, answers: Sequence[_Answer]) -> str:
    """What is wrong with a judge's answers, or nothing."""
    if sorted(answer.id for answer in answers) != sorted(q.id for q in checklist.questions):
        return "it must answer every question once, by its id."
    for answer in answers:
        if answer.verdict != "cannot_tell" and not answer.evidence:
            return f"{answer.id}: a verdict needs evidence."
        for quote in answer.evidence:
            if not quote.quote.strip() or not any(quote.quote in text for text in episode.spoken(quote.turn)):
                return f"{answer.id}: turn {quote.turn} does not hold the quoted words."
    return ""
