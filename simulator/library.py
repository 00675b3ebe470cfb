"""Files of the library into domain objects: personas, scenarios, passages, codebook, safety.

Unknown keys are errors; every error names the file and the field.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from simulator.domain.attachment import Attachment
from simulator.domain.codebook import Code, Family, Oddity
from simulator.domain.cue import Cue
from simulator.domain.interview import Answer, Axis, Probe
from simulator.domain.layers import Layer
from simulator.domain.line import KNOWN_ANSWERS, SLOT, SLOTS, Line
from simulator.domain.memory import Trace
from simulator.domain.persona import Demo, Fact, Persona
from simulator.domain.question import Asked
from simulator.domain.scenario import TRAINEE_SLOTS, Kind, Opening, Scenario
from simulator.domain.screening import Danger, Screen
from simulator.domain.self_assessment import HIGHEST, LOWEST, Item, Questionnaire
from simulator.domain.skills import Skill
from simulator.domain.strategy import Move
from simulator.errors import InputError, LibraryError
from simulator.files import File, checked, read, rows

CUES = "cues.yaml"
"""The file, in documents, of turns of phrase that settle what they do."""


class _Line(File):
    say: str = Field(min_length=1)
    layer: Literal["behaviour", "secondary", "primary", "need"]
    answers: list[str] = Field(default=["any"], min_length=1)
    to: str = ""
    where: list[Kind] = []
    trust_at_least: float = Field(default=0.0, ge=0, le=1)
    more: str = ""
    bound: bool = False

    @field_validator("answers")
    @classmethod
    def _known(cls, values: list[str]) -> list[str]:
        for value in values:
            if value not in KNOWN_ANSWERS:
                raise ValueError(f"'{value}' is no code, family or 'any'")
        return values

    @field_validator("say", "to", "more")
    @classmethod
    def _slots(cls, text: str) -> str:
        return _only_slots(text, SLOTS)

    def line(self, move: str) -> Line:
        return Line(
            say=self.say,
            move=Move(move),
            layer=Layer.named(self.layer),
            answers=frozenset(self.answers),
            to=self.to,
            where=frozenset(self.where),
            trust_at_least=self.trust_at_least,
            more=self.more,
            bound=self.bound,
        )


def _only_slots(text: str, known: frozenset[str]) -> str:
    for slot in SLOT.findall(text):
        if slot not in known:
            raise ValueError(f"{{{slot}}} is no slot; known are {', '.join(sorted(known))}")
    return text


class _Bank(File):
    lines: dict[Move, list[_Line]]
    unexpected: dict[Oddity, list[str]] = {}
    unknown: dict[Asked, list[str]] = {}
    reactions: dict[Family, list[str]] = {}
    recalls: dict[Trace, list[str]] = {}

    @field_validator("recalls")
    @classmethod
    def _quotes(cls, values: dict[Trace, list[str]]) -> dict[Trace, list[str]]:
        for text in (text for texts in values.values() for text in texts):
            _only_slots(text, frozenset({"quote"}))
        return values

    def all(self) -> tuple[Line, ...]:
        return tuple(line.line(move) for move, lines in self.lines.items() for line in lines)


class _Fact(File):
    ask: list[str] = Field(min_length=1)
    say: str

    def fact(self) -> Fact:
        return Fact(tuple(self.ask), self.say)


class _Demo(File):
    partner: str
    feeling: str
    means: str
    says: str


class _Attachment(File):
    anxiety: float = Field(ge=1, le=7)
    avoidance: float = Field(ge=1, le=7)


class _Secret(_Line):
    move: Move = Move.DISCLOSE


class _Persona(File):
    name: str
    age: int = Field(ge=16, le=110)
    attachment: _Attachment
    summary: str
    upbringing: str
    triggers: list[str] = Field(min_length=1)
    soothes: list[str] = Field(min_length=1)
    voice: str
    secrets: list[_Secret] = []
    facts: list[_Fact] = []
    demos: list[_Demo] = Field(min_length=3)


class _Answer(File):
    say: str
    key: float = Field(ge=1, le=7)


class _Interview(File):
    answers: dict[str, list[_Answer]]

    def by_probe(self) -> dict[str, tuple[Answer, ...]]:
        return {
            probe: tuple(Answer(**one.model_dump()) for one in given) for probe, given in self.answers.items()
        }


class _Probe(File):
    id: str
    axis: Axis
    ask: str


class _Item(File):
    id: str
    skill: Skill
    say: str
    reverse: bool = False


class _Scenario(File):
    title: str
    kind: Kind
    place: str
    role: str
    briefing: str
    goal: str
    severity: float = Field(ge=0, le=1)
    slots: dict[str, str]
    trainee_slots: dict[str, str]
    openings: dict[Opening, list[str]]
    facts: list[_Fact] = []
    lines: dict[Move, list[_Line]] = {}
    own_lines_only: bool = False

    @field_validator("slots")
    @classmethod
    def _all_slots(cls, value: dict[str, str]) -> dict[str, str]:
        return _exactly(value, SLOTS)

    @field_validator("trainee_slots")
    @classmethod
    def _all_trainee_slots(cls, value: dict[str, str]) -> dict[str, str]:
        return _exactly(value, TRAINEE_SLOTS)

    @field_validator("openings")
    @classmethod
    def _each_opening(cls, value: dict[Opening, list[str]]) -> dict[Opening, list[str]]:
        _exactly(dict.fromkeys(value, ""), frozenset({"hyperactivating", "deactivating", "plain"}))
        return value


def _exactly(value: dict[Any, str], names: frozenset[str]) -> dict[Any, str]:
    if missing := sorted(names - set(value)):
        raise ValueError(f"missing {', '.join(missing)}")
    if unknown := sorted(set(value) - names):
        raise ValueError(f"unknown {', '.join(unknown)}")
    return value


class Source(File):
    """Where a passage's facts come from."""

    document: str
    title: str
    author: str = ""
    section: str = ""

    def __str__(self) -> str:
        """One line for a page."""
        return ", ".join(part for part in (self.author, self.title, self.section) if part)


class Passage(File):
    """A paragraph of the document store."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    topic: str
    codes: list[Code] = []
    source: Source
    text: str
    asks: list[str] = []
    """Questions, cases and utterances that the passage answers; searched, not shown."""


class _Questionnaire(File):
    source: Source
    note: str
    scale: list[str] = Field(min_length=HIGHEST - LOWEST + 1, max_length=HIGHEST - LOWEST + 1)
    items: list[_Item]

    @field_validator("items")
    @classmethod
    def _whole(cls, items: list[_Item]) -> list[_Item]:
        if missing := [skill.value for skill in Skill if all(item.skill != skill for item in items)]:
            raise ValueError(f"nothing about {', '.join(missing)}")
        if len({item.id for item in items}) < len(items):
            raise ValueError("an id is used twice")
        return items


Side = Literal["general", "anxious", "avoidant"]


class CodeEntry(File):
    """What the codebook teaches about one code."""

    code: Code
    family: Family
    name: str
    definition: str
    source: str
    why: dict[Side, str]
    instead: list[str] = []
    more: str = ""

    @field_validator("instead")
    @classmethod
    def _slots(cls, values: list[str]) -> list[str]:
        return [_only_slots(value, TRAINEE_SLOTS) for value in values]


class _Cue(File):
    name: str
    pattern: str
    only_before: str = ""
    unless_before: str = ""
    raised: list[Code] = Field(default=[], alias="raise")
    lowered: list[Code] = Field(default=[], alias="lower")

    def cue(self) -> Cue:
        only, unless = (
            re.compile(given, re.IGNORECASE) if given else None
            for given in (self.only_before, self.unless_before)
        )
        pattern = re.compile(self.pattern, re.IGNORECASE)
        return Cue(self.name, pattern, frozenset(self.raised), frozenset(self.lowered), only, unless)


class Help(File):
    """A place to get help."""

    name: str
    contact: str
    reasons: list[Danger] = Field(alias="for")
    note: str = ""


class _Safety(File):
    macros: dict[str, str] = {}
    dangers: dict[Danger, list[str]]
    idioms: list[str]
    help: dict[str, list[Help]]
    message: dict[Danger, str]
    stopped: str
    again: str


@dataclass(frozen=True)
class Rail:
    """The safety rail: the screen, and what is said and offered on a hit."""

    screen: Screen
    message: Mapping[Danger, str]
    stopped: str
    """What becomes of the role play when the danger is plain."""
    again: str
    """How to go on if words that only sounded like danger belong to the scene."""
    help: Mapping[str, list[Help]]

    def stop(self, danger: Danger) -> str:
        """What is said when the danger is plain."""
        return f"{self.message[danger]} {self.stopped}"

    def places(self, danger: Danger, locale: str) -> list[Help]:
        """Places to get help for this danger, for the locale or else anywhere."""
        rows = self.help.get(locale, self.help["default"])
        return [row for row in rows if danger in row.reasons] or self.help["default"]


def folder(name: str) -> Path:
    """A folder of package data: inside the wheel, or beside the package in a checkout."""
    packaged = Path(str(resources.files("simulator"))) / "data" / name
    return packaged if packaged.is_dir() else Path(str(resources.files("simulator"))).parent / name


def persona(name: str, home: Path | None = None) -> Persona:
    """Load one persona by its key, the user's own before ours.

    Raises: InputError with the nearest names; LibraryError naming file and field.
    """
    path = _named("persona", name, personas(home))
    return read_persona(path)


def read_persona(path: Path) -> Persona:
    """Load a persona from its folder: persona.yaml and lines.yaml.

    Raises: LibraryError naming file and field.
    """
    card = read(path / "persona.yaml", _Persona)
    bank = read(path / "lines.yaml", _Bank)
    asked = path / "interview.yaml"
    interview = read(asked, _Interview).by_probe() if asked.is_file() else {}
    if unknown := sorted(set(interview) - {probe.id for probe in probes()}):
        raise LibraryError(f"{asked}: answers: no probe is called {', '.join(unknown)}")
    missing = [oddity.value for oddity in Oddity if not bank.unexpected.get(oddity)]
    if missing:
        raise LibraryError(f"{path / 'lines.yaml'}: unexpected: no lines for {', '.join(missing)}")
    return Persona(
        key=path.name,
        name=card.name,
        age=card.age,
        attachment=Attachment(card.attachment.anxiety, card.attachment.avoidance),
        summary=card.summary,
        upbringing=card.upbringing,
        triggers=tuple(card.triggers),
        soothes=tuple(card.soothes),
        voice=card.voice,
        lines=(*bank.all(), *(secret.line(secret.move) for secret in card.secrets)),
        unexpected={oddity: tuple(lines) for oddity, lines in bank.unexpected.items()},
        facts=tuple(fact.fact() for fact in card.facts),
        demos=tuple(Demo(**demo.model_dump()) for demo in card.demos),
        interview=interview,
        unknown={kind: tuple(lines) for kind, lines in bank.unknown.items()},
        reactions={family: tuple(lines) for family, lines in bank.reactions.items()},
        recalls={trace: tuple(lines) for trace, lines in bank.recalls.items()},
    )


def scenario(name: str, home: Path | None = None) -> Scenario:
    """Load one scenario by its key, the user's own before ours.

    Raises: InputError with the nearest names; LibraryError naming file and field.
    """
    return read_scenario(_named("scenario", name, scenarios(home)))


def read_scenario(path: Path) -> Scenario:
    """Load a scenario from its file.

    Raises: LibraryError naming file and field.
    """
    card = read(path, _Scenario)
    values = card.model_dump(exclude={"lines", "facts"})
    lines = tuple(line.line(move) for move, lines in card.lines.items() for line in lines)
    return Scenario(**values, key=path.stem, lines=lines, facts=tuple(f.fact() for f in card.facts))


def personas(home: Path | None = None) -> dict[str, Path]:
    """Folders of all personas by key; the user's own shadow ours."""
    return {
        path.parent.name: path.parent
        for root in _roots("personas", home)
        for path in sorted(root.glob("*/persona.yaml"))
    }


def scenarios(home: Path | None = None) -> dict[str, Path]:
    """Files of all scenarios by key; the user's own shadow ours."""
    return {path.stem: path for root in _roots("scenarios", home) for path in sorted(root.glob("*.yaml"))}


def _roots(name: str, home: Path | None) -> list[Path]:
    return [folder(name), *([home / name] if home else [])]


def _named(kind: str, name: str, known: Mapping[str, Path]) -> Path:
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    names = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}."
    raise InputError(f"{kind} {name}: unknown; {names}")


@cache
def passages() -> tuple[Passage, ...]:
    """Every passage of documents/, in file order.

    Raises: LibraryError naming file and field, also for an id used twice.
    """
    found: dict[str, Passage] = {}
    for path in sorted(folder("documents").glob("passages/*.yaml")):
        for row in rows(path):
            passage = checked(path, row, Passage)
            if passage.id in found:
                raise LibraryError(f"{path}: id {passage.id}: used twice")
            found[passage.id] = passage
    return tuple(found.values())


@cache
def codebook() -> Mapping[Code, CodeEntry]:
    """The codebook's entry for every code.

    Raises: LibraryError naming file and field, also for a code without an entry.
    """
    path = folder("documents") / "codebook.yaml"
    entries = {entry.code: entry for row in rows(path) for entry in [checked(path, row, CodeEntry)]}
    if missing := [code.value for code in Code if code not in entries]:
        raise LibraryError(f"{path}: no entry for {', '.join(missing)}")
    return entries


@cache
def cues() -> tuple[Cue, ...]:
    """The turns of phrase that settle what they do.

    Raises: LibraryError naming file and field.
    """
    path = folder("documents") / CUES
    return tuple(checked(path, row, _Cue).cue() for row in rows(path))


@cache
def probes() -> tuple[Probe, ...]:
    """The questions of the interview.

    Raises: LibraryError naming file and field.
    """
    path = folder("documents") / "interview.yaml"
    return tuple(Probe(**checked(path, row, _Probe).model_dump()) for row in rows(path))


@cache
def questionnaire() -> Questionnaire:
    """The statements of the self-assessment.

    Raises: LibraryError naming file and field.
    """
    found = read(folder("documents") / "self-assessment.yaml", _Questionnaire)
    items = tuple(Item(**item.model_dump()) for item in found.items)
    return Questionnaire(items, tuple(found.scale), found.note, str(found.source))


@cache
def stereotypes() -> tuple[str, ...]:
    """Patterns that make a type of a person; no persona holds one.

    Raises: LibraryError naming the file.
    """
    return tuple(str(row) for row in rows(folder("documents") / "stereotypes.yaml"))


@cache
def rail() -> Rail:
    """The safety rail of documents/safety.yaml.

    Raises: LibraryError naming file and field.
    """
    safety = read(folder("documents") / "safety.yaml", _Safety)
    return Rail(
        Screen.compiled(dict(safety.dangers), safety.idioms, safety.macros),
        safety.message,
        safety.stopped,
        safety.again,
        safety.help,
    )
