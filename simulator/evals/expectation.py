"""What a case expects of its talk: each kind is a schema for the suite file and a check of an episode.

A check answers in code. Only `judge` asks a model, and its verdict comes from judge.py.
"""

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from simulator.domain import claim
from simulator.domain.checks import out_of_character, overlap
from simulator.domain.codebook import Code, Oddity
from simulator.domain.dialogue import Turn
from simulator.domain.screening import Danger
from simulator.domain.strategy import Move
from simulator.domain.utterance import words
from simulator.evals.episode import Episode
from simulator.files import File
from simulator.library import passages

Turns = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]
SAME = 0.8
"""Overlap (0..1) of two replies from which one repeats the other."""


@dataclass(frozen=True)
class Outcome:
    """What came of one expectation."""

    id: str
    passed: bool | None
    """None: nobody could judge."""
    detail: str = ""
    evidence: Sequence[tuple[int, str]] = ()
    """Turn and words that decided it."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a line of results."""
        evidence = [list(pair) for pair in self.evidence]
        return {"id": self.id, "passed": self.passed, "detail": self.detail, "evidence": evidence}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Outcome":
        """The inverse of `as_dict`."""
        return cls(**{**data, "evidence": tuple((turn, quote) for turn, quote in data["evidence"])})


PLAIN = frozenset({"id", "check", "turns", "turn"})
"""Keys that say where to look, not what for."""


class _Expectation(File):
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="Names it in results; unique in a case.")
    check: str

    @model_validator(mode="after")
    def _checks_something(self) -> "_Expectation":
        fields = {n: f.default for n, f in type(self).model_fields.items() if n not in PLAIN}
        if not any(getattr(self, name) or getattr(self, name) != plain for name, plain in fields.items()):
            raise ValueError(f"checks nothing; {self.check} takes {', '.join(sorted(fields))}")
        return self

    def ask(self, episode: Episode) -> Outcome:
        """Ask it of a talk."""
        faults = list(self.faults(episode))
        if not faults:
            return Outcome(self.id, True)
        return Outcome(self.id, False, faults[0][1], tuple((t, q) for t, _, q in faults if q))

    @abstractmethod
    def faults(self, episode: Episode) -> Iterator[tuple[int, str, str]]:
        """Every way the talk misses it: turn, what is wrong, the words that show it."""


class Replies(_Expectation):
    """The persona's words."""

    check: Literal["replies"]
    turns: Literal["all", "any", "last"] | Turns = "all"
    matches: str = Field("", description="A regular expression that the reply must contain.")
    not_matches: str = Field("", description="A regular expression that it must not contain.")
    says_none_of: list[str] = Field([], description="Phrases that it must not contain, case ignored.")
    max_words: int = Field(0, ge=0)
    min_words: int = Field(0, ge=0)
    in_character: bool = Field(False, description="No assistant talk, advice or narration.")
    no_repeats: bool = Field(False, description="No reply says an earlier one again.")

    @field_validator("matches", "not_matches")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression ({error})") from error
        return pattern

    def faults(self, episode: Episode) -> Iterator[tuple[int, str, str]]:
        """Replies among the chosen turns that miss."""
        chosen, missing = _chosen(episode.turns, self.turns)
        yield from ((n, f"turn {n}: the talk has no such turn", "") for n in missing)
        found = [[(t.number, f"turn {t.number}: {why}", t.reply) for why in self._why(t)] for t in chosen]
        if self.turns == "any" and any(not faults for faults in found):
            return
        for faults in found:
            yield from faults
        if self.no_repeats:
            yield from _repeats(episode)

    def _why(self, turn: Turn) -> Iterator[str]:
        text, count = turn.reply, len(words(turn.reply))
        if self.matches and not re.search(self.matches, text):
            yield f"does not match {self.matches!r}"
        if self.not_matches and (found := re.search(self.not_matches, text)):
            yield f"says {found[0]!r}"
        yield from (f"says '{p}'" for p in self.says_none_of if p.lower() in text.lower())
        if self.max_words and count > self.max_words:
            yield f"{count} words, more than {self.max_words}"
        if count < self.min_words:
            yield f"{count} words, fewer than {self.min_words}"
        if self.in_character and (kind := out_of_character(text)):
            yield f"out of character ({kind.value})"


def _repeats(episode: Episode) -> Iterator[tuple[int, str, str]]:
    earlier = [episode.opening]
    for turn in episode.turns:
        same = any(words(turn.reply) == words(line) or overlap(turn.reply, line) > SAME for line in earlier)
        if same:
            yield turn.number, f"turn {turn.number}: said before", turn.reply
        earlier.append(turn.reply)


def _chosen(turns: Sequence[Turn], wanted: str | Sequence[int]) -> tuple[list[Turn], list[int]]:
    """The turns meant, and numbers that the talk does not have."""
    if isinstance(wanted, str):
        return (list(turns[-1:]) if wanted == "last" else list(turns)), [] if turns else [1]
    numbers = {turn.number for turn in turns}
    return [t for t in turns if t.number in wanted], [n for n in wanted if n not in numbers]


class State(_Expectation):
    """The persona's trajectory, in a sentence."""

    check: Literal["state"]
    claim: str = Field(description="One of: " + "; ".join(claim.FORMS))

    @field_validator("claim")
    @classmethod
    def _parses(cls, text: str) -> str:
        claim.parse(text)
        return text

    def ask(self, episode: Episode) -> Outcome:
        """Ask the claim of the states and codings."""
        found = claim.parse(self.claim).check(episode.states, [turn.coding for turn in episode.turns])
        said = {turn.number: turn.said for turn in episode.turns}
        evidence = tuple((n, said[n]) for n in found.turns if n in said)
        return Outcome(self.id, found.holds, f"{self.claim}: {found.detail}", () if found.holds else evidence)

    def faults(self, episode: Episode) -> Iterator[tuple[int, str, str]]:  # noqa: ARG002 - `ask` answers whole
        """Nothing of its own."""
        yield from ()


class Moves(_Expectation):
    """What the persona did with its turns."""

    check: Literal["moves"]
    turns: Literal["all"] | Turns = "all"
    include: list[Move] = Field([], description="At least one of them occurs.")
    never: list[Move] = []
    first: list[Move] = Field([], description="The first move is one of them.")
    last: list[Move] = Field([], description="The last move is one of them.")

    def faults(self, episode: Episode) -> Iterator[tuple[int, str, str]]:
        """Moves that should not be, or are missing."""
        chosen, missing = _chosen(episode.turns, self.turns)
        yield from ((n, f"turn {n}: the talk has no such turn", "") for n in missing)
        if not chosen:
            return
        made = [turn.move for turn in chosen]
        for turn in chosen:
            if turn.move in self.never:
                yield turn.number, f"turn {turn.number}: {turn.move}", turn.reply
        if self.include and not set(made) & set(self.include):
            yield chosen[-1].number, f"no {_or(self.include)} among {', '.join(made)}", ""
        for wanted, turn in ((self.first, chosen[0]), (self.last, chosen[-1])):
            if wanted and turn.move not in wanted:
                yield turn.number, f"turn {turn.number}: {turn.move}, not {_or(wanted)}", turn.reply


def _or(names: Sequence[str]) -> str:
    return " or ".join(str(name) for name in names)


class Coded(_Expectation):
    """What the trainee's turn was heard to do."""

    check: Literal["coding"]
    turn: int = Field(ge=1)
    hears: list[Code] = []
    not_hears: list[Code] = []
    oddity: Oddity | Literal["none"] | None = None

    def faults(self, episode: Episode) -> Iterator[tuple[int, str, str]]:
        """Codes that are missing or should not be."""
        chosen, missing = _chosen(episode.turns, [self.turn])
        yield from ((n, f"turn {n}: the talk has no such turn", "") for n in missing)
        for turn in chosen:
            heard, where = turn.coding.codes, f"turn {turn.number}: "
            told = f" (heard {', '.join(heard) or 'nothing'})"
            yield from ((self.turn, f"{where}no {c}{told}", turn.said) for c in self.hears if c not in heard)
            yield from ((self.turn, f"{where}heard {c}", turn.said) for c in self.not_hears if c in heard)
            oddity = turn.coding.oddity or "none"
            if self.oddity and oddity != self.oddity:
                yield self.turn, f"{where}{oddity}, not {self.oddity}", turn.said


class Debriefed(_Expectation):
    """The evaluator's look back."""

    check: Literal["debrief"]
    grounded: bool = Field(True, description="Every quote was said, every citation is in the library.")
    min_remarks: int = Field(0, ge=0)
    min_citations: int = Field(0, ge=0)
    best: int = Field(0, ge=0, description="The turn of the best moment.")
    costliest: int = Field(0, ge=0, description="The turn of the costliest moment.")

    def faults(self, episode: Episode) -> Iterator[tuple[int, str, str]]:
        """What the debrief invents or lacks."""
        debrief = episode.debrief
        if not debrief:
            yield 0, "no debrief was made", ""
            return
        remarks = [remark for feedback in debrief["feedback"] for remark in feedback["remarks"]]
        if self.grounded:
            yield from _ungrounded(episode, remarks)
        for least, found, what in (
            (self.min_remarks, remarks, "remarks"),
            (self.min_citations, debrief["citations"], "citations"),
        ):
            if len(found) < least:
                yield 0, f"{len(found)} {what}, fewer than {least}", ""
        for key, wanted in (("best", self.best), ("costliest", self.costliest)):
            moment = debrief[key]
            if wanted and (moment is None or moment["turn"] != wanted):
                yield wanted, f"{key} moment: turn {moment['turn'] if moment else 'none'}, not {wanted}", ""


def _ungrounded(episode: Episode, remarks: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, str, str]]:
    """Quotes that nobody said and citations of nothing; asked again here, apart from the evaluator."""
    said = {turn.number: turn.said for turn in episode.turns}
    titles = {passage.id: passage.title for passage in passages()}
    moments = [m for m in (episode.debrief["best"], episode.debrief["costliest"]) if m]
    quoted = [*remarks, *moments]
    for skill in episode.debrief["skills"]:
        quoted += [*skill["shown"], *skill["missed"]]
    for remark in quoted:
        if not remark["quote"] or remark["quote"] not in said.get(remark["turn"], ""):
            yield remark["turn"], f"turn {remark['turn']}: quotes what was not said", remark["quote"]
    cited = [remark["citation"] for remark in (*remarks, *moments) if remark["citation"]]
    for citation in [*cited, *episode.debrief["citations"]]:
        if titles.get(citation["id"]) != citation["title"]:
            yield 0, f"cites [{citation['id']}], which is not in the library", ""


class Rail(_Expectation):
    """The safety rail: where it stops the talk, or that it does not."""

    check: Literal["rail"]
    danger: Danger | Literal["none"]
    turn: int = Field(0, ge=0)

    def faults(self, episode: Episode) -> Iterator[tuple[int, str, str]]:
        """A stop that is missing, wrong, or left the words behind."""
        stop = episode.stop
        if self.danger == "none":
            if stop:
                yield stop.turn, f"turn {stop.turn}: stopped for {stop.danger}", ""
        elif not stop or stop.danger != self.danger or (self.turn and stop.turn != self.turn):
            told = f"stopped at turn {stop.turn} for {stop.danger}" if stop else "did not stop"
            yield self.turn, f"{told}, expected {self.danger} at turn {self.turn or 'any'}", ""
        elif stop.kept:
            yield stop.turn, f"turn {stop.turn}: the words were kept", ""


class Ran(_Expectation):
    """The talk as a whole."""

    check: Literal["run"]
    ended: bool | None = Field(None, description="Whether the persona left.")
    min_turns: int = Field(0, ge=0)
    max_calls: int | None = Field(None, ge=0, description="Most requests to a model.")

    def faults(self, episode: Episode) -> Iterator[tuple[int, str, str]]:
        """What ran otherwise."""
        count, ended = len(episode.turns), bool(episode.turns and episode.turns[-1].ended)
        if self.ended is not None and ended is not self.ended:
            yield count, "the persona left" if ended else "the persona did not leave", ""
        if count < self.min_turns:
            yield count, f"{count} turns, fewer than {self.min_turns}", ""
        if self.max_calls is not None and episode.calls > self.max_calls:
            yield count, f"{episode.calls} calls, more than {self.max_calls}", ""


class Dosed(_Expectation):
    """The same next turn at rising doses: the reaction must be ordered, strictly."""

    check: Literal["doses"]
    value: Literal["activation", "security", "trust", "withdrawal", "injury"]
    order: Literal["rises", "falls"]

    def faults(self, episode: Episode) -> Iterator[tuple[int, str, str]]:
        """Doses that bring no more than the one before."""
        states = [getattr(turn.after, self.value) for turn in episode.doses]
        if len(states) < 2:
            yield 0, "fewer than two doses were said", ""
        for number, (one, other) in enumerate(pairwise(states), start=2):
            if (other - one if self.order == "rises" else one - other) <= 0:
                told = f"dose {number}: {self.value} {one:.3f}, then {other:.3f}"
                yield len(episode.turns) + 1, told, episode.doses[number - 1].said


class Judged(_Expectation):
    """A checklist of yes-or-no questions that a model answers with quotes; see judge.py."""

    check: Literal["conversation"]

    def ask(self, episode: Episode) -> Outcome:  # noqa: ARG002 - code cannot answer
        """Only a model can answer."""
        return Outcome(self.id, None, "not judged; hold the talk again")

    judge: str = Field(description="A file of the folder `judges`, without its ending.")
    samples: Literal[1, 3, 5] = Field(1, description="Asked so many times; the majority counts.")

    def faults(self, episode: Episode) -> Iterator[tuple[int, str, str]]:  # noqa: ARG002 - judge.py answers
        """Nothing of its own."""
        yield from ()


Expectation = Annotated[
    Replies | State | Moves | Coded | Debriefed | Rail | Ran | Dosed | Judged, Field(discriminator="check")
]
