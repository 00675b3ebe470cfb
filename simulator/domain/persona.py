"""Who the counterpart is. Data only; files are read in library.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simulator.domain.attachment import Attachment
from simulator.domain.codebook import Family, Oddity
from simulator.domain.interview import Answer
from simulator.domain.line import Line
from simulator.domain.memory import Trace
from simulator.domain.question import Asked


@dataclass(frozen=True)
class Demo:
    """One worked exchange for the wording prompt: what was said, what is meant, what is spoken."""

    partner: str
    feeling: str
    means: str
    says: str


@dataclass(frozen=True)
class Fact:
    """Something the persona knows about itself or the scene, asked in several ways."""

    ask: Sequence[str]
    say: str


@dataclass(frozen=True)
class Persona:
    """A counterpart: two numbers for attachment, a life, a voice, and lines of its own."""

    key: str
    name: str
    age: int
    attachment: Attachment
    summary: str
    upbringing: str
    triggers: Sequence[str]
    soothes: Sequence[str]
    voice: str
    lines: Sequence[Line]
    """Secrets are lines with a trust gate."""
    unexpected: Mapping[Oddity, Sequence[str]]
    facts: Sequence[Fact] = ()
    demos: Sequence[Demo] = ()
    interview: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    """Answers to the probes of documents/interview.yaml, by the probe's id."""
    unknown: Mapping[Asked, Sequence[str]] = field(default_factory=dict)
    """Honest short answers to questions of fact that no sheet holds, by what is asked."""
    reactions: Mapping[Family, Sequence[str]] = field(default_factory=dict)
    """Short honest answers by how the turn was, for when no line answers it well enough."""
    recalls: Mapping[Trace, Sequence[str]] = field(default_factory=dict)
    """What is said when a turn brings back an earlier talk; `{quote}` is what the trainee said then."""

    @property
    def introduction(self) -> str:
        """Who this is in one sentence, for people to read; the summary speaks to the model."""
        first = self.summary.split(". ")[0].removesuffix(".")
        told = first.removeprefix(f"You are {self.name}, ").removeprefix("who ")
        return f"{told[:1].upper()}{told[1:]}."
