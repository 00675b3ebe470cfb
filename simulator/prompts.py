"""Prompts are files with a signature: prompts/*.md rendered strictly from a dataclass of variables."""

import hashlib
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from simulator.domain.persona import Demo, Persona
from simulator.domain.scenario import Scenario
from simulator.library import folder

if TYPE_CHECKING:
    import jinja2


rendered: ContextVar[dict[str, str] | None] = ContextVar("rendered", default=None)
"""Where a recording listens: every rendered text with the name of its template."""


class Prompt:
    """A template's variables; a subclass names its file and its fields."""

    template: ClassVar[str]

    def render(self) -> str:
        """The prompt's text.

        Raises: jinja2.UndefinedError when the template asks for what the signature lacks.
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        text = str(_template(self.template).render(values)).strip()
        log = rendered.get()
        if log is not None:
            log[text] = self.template
        return text


@cache
def _template(name: str) -> "jinja2.Template":
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("prompts")),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - prompts are plain text
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def fingerprint(*texts: str) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of rendered prompts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class WordingSystem(Prompt):
    """Tells the local model to put a given meaning into this persona's words."""

    template = "wording_system.md"
    persona: Persona
    scenario: Scenario


@dataclass(frozen=True)
class WordingTurn(Prompt):
    """One exchange of the wording task: what was said, and what the persona means."""

    template = "wording_turn.md"
    speaker: str
    name: str
    heard: str
    feeling: str
    meaning: str


@dataclass(frozen=True)
class FreeSystem(Prompt):
    """Casts a capable model as this persona in this scene."""

    template = "free_system.md"
    persona: Persona
    scenario: Scenario
    examples: Sequence[Demo]
    memory: str
    """What is remembered of earlier talks; empty when there were none."""


@dataclass(frozen=True)
class FreeTurn(Prompt):
    """The plan for one reply of a capable model: move, feeling, layer, and the meaning as a hint."""

    template = "free_turn.md"
    name: str
    heard: str
    feeling: str
    move: str
    layer: str
    meaning: str


@dataclass(frozen=True)
class CodeTurn(Prompt):
    """Asks a capable model to code one turn with the codebook."""

    template = "code_turn.md"
    codes: Sequence[tuple[str, str]]
    before: str
    text: str


@dataclass(frozen=True)
class BetterTurn(Prompt):
    """Asks a capable model for a better sentence in the trainee's own voice."""

    template = "better_turn.md"
    said: str
    fault: str


@dataclass(frozen=True)
class TraineeSystem(Prompt):
    """Tells a model to put a simulated trainee's meanings into words."""

    template = "trainee_system.md"
    role: str
    about: str
    place: str
    name: str


@dataclass(frozen=True)
class TraineeTurn(Prompt):
    """One turn of a simulated trainee: what the persona said, and what is meant in answer."""

    template = "trainee_turn.md"
    name: str
    heard: str
    role: str
    meaning: str


@dataclass(frozen=True)
class JudgeTalk(Prompt):
    """A talk before a checklist of binary questions."""

    template = "judge.md"
    about: str
    questions: Sequence[tuple[str, str]]
    lines: Sequence[tuple[int, str, str]]
