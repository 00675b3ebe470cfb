"""The labelled turns we train on (documents/turns, CC-BY): read and checked. No training here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from simulator.domain.codebook import Code, Oddity
from simulator.domain.screening import Danger
from simulator.errors import LibraryError
from simulator.files import json_rows
from simulator.library import folder

Label = TypeVar("Label", Oddity, Danger)
FILES = {"oddity": "oddities.jsonl", "danger": "danger.jsonl"}


@dataclass(frozen=True)
class Example:
    """One turn with the words that show each code."""

    text: str
    before: str
    spans: dict[Code, str]
    hand: str
    """Who wrote it."""


@dataclass(frozen=True)
class HeldBack:
    """One turn that is never trained on, coded by three people."""

    text: str
    before: str
    codes: tuple[Code, ...]
    """What at least two of the three coded."""
    coders: tuple[tuple[Code, ...], ...]
    """The writer's codes, then those of two who coded independently."""


@dataclass(frozen=True)
class OddExample:
    """One turn that is no move, or (`oddity` None) an ordinary one."""

    text: str
    oddity: Oddity | None


@dataclass(frozen=True)
class DangerExample:
    """One turn that discloses danger in the trainee's life, or (`danger` None) only sounds like it."""

    text: str
    danger: Danger | None


def examples() -> list[Example]:
    """Every coded turn.

    Raises: LibraryError naming file and line.
    """
    found = []
    for path in sorted(folder("documents").glob("turns/coded-*.jsonl")):
        for number, row in json_rows(path):
            try:
                spans = {Code(code): span for code, span in row["codes"].items()}
                example = Example(row["text"], row["before"], spans, path.stem)
            except (KeyError, ValueError) as error:
                raise LibraryError(f"{path}:{number}: {error}") from error
            if any(span not in example.text for span in spans.values()):
                raise LibraryError(f"{path}:{number}: a span is not in the text")
            found.append(example)
    return found


def held_back() -> list[HeldBack]:
    """The tenth of the corpus that is kept for measuring.

    Raises: LibraryError naming file and line.
    """
    path = folder("documents") / "turns" / "held-back.jsonl"
    return [_held_back(path, number, row) for number, row in json_rows(path)]


def _held_back(path: Path, number: int, row: dict[str, Any]) -> HeldBack:
    try:
        coders = tuple(tuple(Code(code) for code in codes) for codes in row["coders"])
        most = tuple(c for c in Code if sum(c in codes for codes in coders) > len(coders) / 2)
        return HeldBack(row["text"], row["before"], most, coders)
    except (KeyError, ValueError) as error:
        raise LibraryError(f"{path}:{number}: {error}") from error


def odd_examples() -> list[OddExample]:
    """Every turn labelled with an oddity or none.

    Raises: LibraryError naming file and line.
    """
    return [OddExample(text, label) for text, label in _labelled("oddity", Oddity)]


def danger_examples() -> list[DangerExample]:
    """Every turn labelled with a danger or none.

    Raises: LibraryError naming file and line.
    """
    return [DangerExample(text, label) for text, label in _labelled("danger", Danger)]


def _labelled(key: str, kind: type[Label]) -> Iterator[tuple[str, Label | None]]:
    path = folder("documents") / "turns" / FILES[key]
    for number, row in json_rows(path):
        try:
            yield row["text"], None if row[key] == "none" else kind(row[key])
        except (KeyError, ValueError) as error:
            raise LibraryError(f"{path}:{number}: {error}") from error
