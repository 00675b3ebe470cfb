"""From an author's answers to a persona's draft files."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import dist
from pathlib import Path
from statistics import fmean

from simulator.domain.attachment import HIGHEST, LOWEST
from simulator.domain.persona import Persona
from simulator.library import folder as ours

INTRODUCTION = (
    "Some questions about the person. Statements are answered from 1 (not at all) to 7 (very much), as they\n"
    "would answer for themselves with the people closest to them. Everything can be changed afterwards."
)
Fits = Callable[[str], str]
"""What is wrong with an answer; empty when it fits."""


@dataclass(frozen=True)
class Question:
    """One question of the interview."""

    key: str
    ask: str
    fits: Fits


def _any(text: str) -> str:
    return "" if text else "Please say something."


def _rating(text: str) -> str:
    return "" if text in "1234567" and len(text) == 1 else "A whole number from 1 to 7, please."


def _age(text: str) -> str:
    return "" if text.isdigit() and 16 <= int(text) <= 110 else "A whole number from 16 to 110, please."


def _list(text: str) -> str:
    return "" if len(_items(text)) > 1 else "At least two, with ; between them, please."


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(";") if item.strip()]


ANXIETY = {
    "anxiety1": "I worry that people who matter to me will lose interest in me.",
    "anxiety2": "When somebody does not answer, I think it is about me.",
    "anxiety3": "I rarely fear being left.",
}
AVOIDANCE = {
    "avoidance1": "I would rather not show others how I feel inside.",
    "avoidance2": "When people come very close, I want some distance.",
    "avoidance3": "I turn to people easily when I am in need.",
}
GATED = "answers: [explore, stay, reflect], layer: primary, trust_at_least: 0.5"
REVERSED = frozenset({"anxiety3", "avoidance3"})
"""Statements whose agreement means less of the dimension. Our own words for what ECR-R's scales
(Fraley, Waller & Brennan 2000) ask about; a short form to place a character, not a test for people."""

QUESTIONS: Sequence[Question] = (
    Question("name", "First name", _any),
    Question("age", "Age", _age),
    *(Question(key, f"{text} (1-7)", _rating) for key, text in (ANXIETY | AVOIDANCE).items()),
    Question("summary", "Who is this, in two sentences (begin with 'You are ...')", _any),
    Question("upbringing", "What did they learn about people when they were small, and from whom", _any),
    Question("triggers", "What sets them off (several, with ; between)", _list),
    Question("soothes", "What calms them, slowly (several, with ; between)", _list),
    Question("voice", "How do they speak", _any),
    Question("secret", "One thing they would say aloud only to somebody they trust, in their words", _any),
)


def axis(answers: Mapping[str, str], statements: Mapping[str, str]) -> float:
    """The mean of a dimension's statements, 1..7.

    >>> axis({"anxiety1": "6", "anxiety2": "7", "anxiety3": "2"}, ANXIETY)
    6.3
    """
    ratings = {key: float(answers[key]) for key in statements}
    turned = [LOWEST + HIGHEST - value if key in REVERSED else value for key, value in ratings.items()]
    return round(fmean(turned), 1)


def draft(answers: Mapping[str, str], folder: Path, known: Sequence[Persona]) -> Persona:
    """Write persona.yaml from the answers and, for a start, the lines of whoever stands nearest.

    Returns that neighbour, whose lines `personas lint` counts until they are replaced.
    """
    place = axis(answers, ANXIETY), axis(answers, AVOIDANCE)
    shipped = [persona for persona in known if (ours("personas") / persona.key).is_dir()]
    nearest = min(shipped, key=lambda p: dist(place, (p.attachment.anxiety, p.attachment.avoidance)))
    folder.mkdir(parents=True)
    (folder / "persona.yaml").write_text(_sheet(answers, place, nearest), encoding="utf-8")
    shutil.copy(ours("personas") / nearest.key / "lines.yaml", folder / "lines.yaml")
    return nearest


def _sheet(answers: Mapping[str, str], place: tuple[float, float], nearest: Persona) -> str:
    """The persona's sheet; text is quoted as JSON, which is YAML too."""

    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)

    rows = [
        f"name: {quoted(answers['name'])}",
        f"age: {answers['age']}",
        f"attachment: {{anxiety: {place[0]}, avoidance: {place[1]}}}",
        *(f"{key}: {quoted(answers[key])}" for key in ("summary", "upbringing")),
        *(f"{key}: [{', '.join(map(quoted, _items(answers[key])))}]" for key in ("triggers", "soothes")),
        f"voice: {quoted(answers['voice'])}",
        "# What is told only once trust has been earned; write two more, each with its gate (0..1).",
        "secrets:",
        f'  - {{{GATED}, to: "What is it like for you?", say: {quoted(answers["secret"])}}}',
        "# What is asked of anybody; write a dozen, each asked in several ways.",
        "facts:",
        f'  - {{ask: ["What is your name?", "Who are you?"], say: {quoted(answers["name"] + ".")}}}',
        f"# How this person puts a meaning into words; these are {nearest.name}'s, write your own.",
        "demos:",
        *(
            f"  - {{partner: {quoted(d.partner)}, feeling: {quoted(d.feeling)}, "
            f"means: {quoted(d.means)}, says: {quoted(d.says)}}}"
            for d in nearest.demos
        ),
    ]
    return "\n".join(rows) + "\n"
