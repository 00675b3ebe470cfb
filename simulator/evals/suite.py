"""A suite file: its schema, and the cases that follow from templates, defaults and rules."""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from simulator.errors import LibraryError
from simulator.evals.expectation import Expectation
from simulator.evals.selection import Selection
from simulator.files import File, read

Style = Literal[
    "attuned",
    "fixing",
    "dismissing",
    "pressing",
    "reassuring",
    "giving_room",
    "withdrawing",
    "repairing_late",
]
NAME = r"^[a-z0-9][a-z0-9-]*$"


class User(File):
    """Who talks: a script, a simulated trainee with a style, or first one and then the other."""

    script: list[str] = Field([], description="Turns said word for word.")
    style: Style | None = Field(None, description="A simulated trainee.")
    turns: int = Field(0, ge=0, le=40, description="How many turns the simulated trainee takes.")
    doses: list[str] = Field([], description="Alternative next turns, each said from the same state.")

    @model_validator(mode="after")
    def _says_something(self) -> "User":
        if not (self.script or self.style):
            raise ValueError("needs a script, or a style with turns")
        if bool(self.style) is not bool(self.turns):
            raise ValueError("style and turns belong together")
        if self.doses and self.style:
            raise ValueError("doses follow a script, not a simulated trainee")
        return self


class Rate(File):
    """What must hold of the selected cases for the gate to pass."""

    select: str = "*"
    require: Literal["all_epochs"] | None = Field(None, description="Every case passes in every epoch.")
    min_pass_rate: float | None = Field(None, gt=0, lt=1, description="For all of them: require.")
    confidence: float = Field(0.95, gt=0.5, lt=1)
    on_straddle: Literal["inconclusive", "point"] = Field(
        "inconclusive", description="When the interval holds the bar: no verdict, or the estimate decides."
    )

    @field_validator("select")
    @classmethod
    def _parses(cls, text: str) -> str:
        Selection.parse(text)
        return text

    @model_validator(mode="after")
    def _one_bar(self) -> "Rate":
        if (self.require is None) is (self.min_pass_rate is None):
            raise ValueError("give require or min_pass_rate, one of them")
        return self


class Gate(File):
    """The only thing that decides between exit 0 and 1: named bars, and how many errors are borne."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Rate]
    max_errors: int = Field(0, ge=0, description="Infrastructure errors that do not fail the run.")

    @cached_property
    def rates(self) -> Mapping[str, Rate]:
        """The bars by name; every epoch of every case where the file gives none."""
        return self.__pydantic_extra__ or {"all": Rate(require="all_epochs")}


class Rule(File):
    """Expectations of every case that is selected."""

    select: str = "*"
    expect: list[Expectation]

    @field_validator("select")
    @classmethod
    def _parses(cls, text: str) -> str:
        Selection.parse(text)
        return text


class Defaults(File):
    """What cases have when they do not say otherwise."""

    persona: str | None = None
    scenario: str | None = None
    epochs: int = Field(1, ge=1, le=100)
    max_turns: int = Field(20, ge=1, le=100)
    tags: list[str] = []


class Template(File):
    """A case as it is written; a matrix makes several of it."""

    id: str = Field(pattern=NAME)
    about: str = ""
    tags: list[str] = []
    persona: str | None = None
    scenario: str | None = None
    matrix: dict[Literal["persona", "scenario"], Annotated[list[str], Field(min_length=1)]] = {}
    seed: int = Field(1, ge=0)
    epochs: int | None = Field(None, ge=1, le=100)
    max_turns: int | None = Field(None, ge=1, le=100)
    user: User
    expect: list[Expectation] = []


class Case(File):
    """One talk to hold, and what is expected of it."""

    suite: str
    id: str
    about: str = ""
    tags: tuple[str, ...] = ()
    persona: str
    scenario: str
    seed: int
    epochs: int
    max_turns: int
    user: User
    expect: tuple[Expectation, ...] = ()

    @cached_property
    def inputs(self) -> str:
        """Fingerprint of what decides the talk; expectations and tags do not."""
        return _digest(
            self.model_dump(mode="json", include={"persona", "scenario", "seed", "max_turns", "user"})
        )

    @cached_property
    def checks(self) -> str:
        """Fingerprint of what is expected."""
        return _digest(self.model_dump(mode="json", include={"expect"}))

    def seed_of(self, epoch: int) -> int:
        """The seed of an epoch (1 and up); the first has the case's own."""
        return self.seed if epoch == 1 else Random(f"{self.seed}:{epoch}").randrange(1_000_000)

    @property
    def debriefed(self) -> bool:
        """Whether a debrief is made."""
        return any(expectation.check == "debrief" for expectation in self.expect)

    @property
    def judged(self) -> bool:
        """Whether a model is asked for a verdict."""
        return any(expectation.check == "conversation" for expectation in self.expect)


class Suite(File):
    """A suite file (JSON Schema: `simulator eval schema`)."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Attunement simulator: eval suite")
    suite: str = Field(pattern=NAME, description="The file's name without its ending.")
    version: Literal[1] = 1
    about: str = ""
    max_age_days: int | None = Field(None, ge=1, description="After so many days a recording is AGED.")
    defaults: Defaults = Defaults()
    gate: Gate = Gate()
    rules: list[Rule] = []
    cases: list[Template] = Field(min_length=1)

    @model_validator(mode="after")
    def _selections_meet_cases(self) -> "Suite":
        named = {f"gate {name}": bar.select for name, bar in self.gate.rates.items()}
        named |= {f"rule {number}": rule.select for number, rule in enumerate(self.rules, 1)}
        for name, select in named.items():
            selection = Selection.parse(select)
            if not any(selection.holds(case.id, case.tags) for case in self.expanded):
                raise ValueError(f"{name}: select '{select}' meets no case")
        return self

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "Suite":
        seen: set[str] = set()
        for case in self.expanded:
            if case.id in seen:
                raise ValueError(f"case {case.id}: used twice")
            seen.add(case.id)
            ids = [expectation.id for expectation in case.expect]
            if twice := {i for i in ids if ids.count(i) > 1}:
                raise ValueError(f"case {case.id}: expectation {', '.join(sorted(twice))}: used twice")
        return self

    @cached_property
    def expanded(self) -> Sequence[Case]:
        """Every case, in file order, with defaults, matrix and rules filled in."""
        return tuple(self._with_rules(case) for template in self.cases for case in self._cases(template))

    def _cases(self, template: Template) -> Iterator[dict[str, Any]]:
        keys = list(template.matrix)
        for values in itertools.product(*template.matrix.values()):
            chosen = dict(zip(keys, values, strict=True))
            persona = chosen.get("persona") or template.persona or self.defaults.persona
            scenario = chosen.get("scenario") or template.scenario or self.defaults.scenario
            if not (persona and scenario):
                raise ValueError(f"case {template.id}: needs a persona and a scenario")
            yield {
                "suite": self.suite,
                "id": "-".join([template.id, *values]),
                "about": template.about,
                "tags": tuple(dict.fromkeys([*self.defaults.tags, *template.tags, persona])),
                "persona": persona,
                "scenario": scenario,
                "seed": template.seed,
                "epochs": template.epochs or self.defaults.epochs,
                "max_turns": template.max_turns or self.defaults.max_turns,
                "user": template.user,
                "expect": tuple(template.expect),
            }

    def _with_rules(self, values: dict[str, Any]) -> Case:
        ruled = [
            expectation
            for rule in self.rules
            if Selection.parse(rule.select).holds(values["id"], values["tags"])
            for expectation in rule.expect
        ]
        return Case(**values | {"expect": (*ruled, *values["expect"])})


def _digest(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:12]


def read_suite(path: Path) -> Suite:
    """Load a suite file.

    Raises: LibraryError naming file and field.
    """
    suite = read(path, Suite)
    if suite.suite != path.stem:
        raise LibraryError(f"{path}: suite: is '{suite.suite}', but the file is called '{path.stem}'")
    return suite


def find(paths: Sequence[Path]) -> list[Path]:
    """Suite files among files and folders, in order.

    Raises: LibraryError when a path is not there or holds none.
    """
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        if not inside or not all(one.is_file() for one in inside):
            raise LibraryError(f"{path}: no suite here; a suite is a YAML file (docs: evals/README.md).")
        found += inside
    return found


def schema() -> str:
    """The JSON Schema of a suite file, for editors."""
    return json.dumps(Suite.model_json_schema(), indent=1, ensure_ascii=False) + "\n"
