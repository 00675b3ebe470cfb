"""Coding a table of turns: a CSV in, the same rows with probabilities and spans out, and a row a session.

Knows files and columns; what a turn does is the coder's business. Rows are written one by one and
in order, so a run that was stopped goes on where it stopped.
"""

import csv
import io
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from simulator.coder import Coder
from simulator.domain.codebook import Code, Coding, Heard
from simulator.domain.dialogue import Turn
from simulator.domain.hearing import decided, weighed
from simulator.domain.skills import Skill, scores
from simulator.errors import InputError

TURN_ENDS = re.compile(r"\s*\|\|\s*|\n+")
LABEL = re.compile(r"^\s*[A-Za-z][\w-]*:\s+")
"""A speaker's one-word name at the head of a turn of context."""
ENOUGH_BEFORE = 12
"""Words of context that are enough; a shorter last turn ("Yeah.") is read with the turns before it."""
PROBABILITIES = tuple(f"p_{code.value}" for code in Code)
HEARD, SPANS, CODER = "heard", "spans", "coder"
ADDED = (*PROBABILITIES, HEARD, SPANS, CODER)
LARGEST_CELL = 1 << 24
"""Characters."""
Row = dict[str, str]


@dataclass(frozen=True)
class Columns:
    """Which columns hold what; `context` and `session` may be empty."""

    text: str = "text"
    context: str = ""
    session: str = ""
    where: tuple[str, str] | None = None
    """Only rows whose first-named column has this value."""

    @property
    def named(self) -> list[str]:
        """The columns a table must have."""
        return [c for c in (self.text, self.context, self.session) if c] + (
            [self.where[0]] if self.where else []
        )


def said_before(context: str) -> str:
    """The end of a context whose turns are parted by ` || ` or line breaks, without speakers' labels.

    >>> said_before("him: Late again. || her: I waited by the door the whole night and you never even rang.")
    'I waited by the door the whole night and you never even rang.'
    >>> said_before("client: I waited by the door for you. || therapist: Mm-hmm. || client: Yeah.")
    'I waited by the door for you. Mm-hmm. Yeah.'
    """
    kept: list[str] = []
    for turn in reversed([turn for turn in TURN_ENDS.split(context) if turn.strip()]):
        kept.insert(0, LABEL.sub("", turn).strip())
        if len(" ".join(kept).split()) >= ENOUGH_BEFORE:
            break
    return " ".join(kept)


def table(path: Path, columns: Columns) -> tuple[list[str], list[Row]]:
    """The header and the rows of a CSV file.

    Raises: InputError when it cannot be read, lacks a column, or has a row with too many cells.
    """
    csv.field_size_limit(LARGEST_CELL)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="", strict=True)
            header, rows = list(reader.fieldnames or []), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as CSV in UTF-8 ({error}).") from error
    _checked(path, columns, header, rows)
    if columns.where:
        name, value = columns.where
        rows = [row for row in rows if row[name] == value]
    if not rows:
        raise InputError(f"{path}: no rows to code.")
    return header, rows


def _checked(path: Path, columns: Columns, header: Sequence[str], rows: Sequence[Row]) -> None:
    for name in columns.named:
        if name not in header:
            raise InputError(f"{path}: no column '{name}'; it has {', '.join(header) or 'none'}.")
    if len(set(header)) < len(header):
        raise InputError(f"{path}: two columns have the same name; rename one.")
    for number, row in enumerate(rows, start=1):
        if None in row:
            raise InputError(f"{path}: row {number} has more cells than the header; quote its commas.")


def code_table(source: Path, target: Path, columns: Columns, coder: Coder) -> Iterator[tuple[int, int]]:
    """Code every row that `target` does not hold yet; yields rows done and rows in all.

    Raises: InputError for a bad table, or a target that is not the beginning of its coding.
    """
    header, rows = table(source, columns)
    if taken := sorted(set(header) & set(ADDED)):
        raise InputError(
            f"{source}: has a column '{taken[0]}' already; rename it, or code the table it came from."
        )
    fields = [*header, *ADDED]
    if not target.parent.is_dir():
        raise InputError(f"{target.parent}: no such folder; make it, or name another file with -o.")
    by = f"{coder.name}; text: {columns.text}; context: {columns.context or 'none'}"
    done = _done(target, fields, rows, by)
    yield done, len(rows)
    with target.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fields)
        if not done:
            file.truncate(0)
            writer.writeheader()
        for number, row in enumerate(rows[done:], start=done + 1):
            writer.writerow(row | coded_row(row, columns, coder) | {CODER: by})
            file.flush()
            yield number, len(rows)


def coded_row(row: Row, columns: Columns, coder: Coder) -> Row:
    """What coding adds to a row; the probability of a code abstained from stays empty."""
    text = row[columns.text]
    if not any(character.isalnum() for character in text):
        return dict.fromkeys(PROBABILITIES, "0.0000") | {HEARD: "{}", SPANS: "{}"}
    reading = coder.read(text, said_before(row[columns.context]) if columns.context else "")
    coding = decided(reading)
    chances = {code: f"{p:.4f}" for code, p in reading.probability.items()}
    told = {f"p_{code.value}": chances.get(code, "") for code in Code}
    told[HEARD] = json.dumps({h.code.value: round(h.intensity, 3) for h in coding.heard})
    told[SPANS] = json.dumps({h.code.value: h.quote for h in coding.heard}, ensure_ascii=False)
    return told


def _done(target: Path, fields: Sequence[str], rows: Sequence[Row], by: str) -> int:
    """How many rows a stopped run finished; a half-written last row of our own is cut off.

    Raises: InputError when the file is no beginning of this table's coding.
    """
    if not target.is_file() or not target.stat().st_size:
        return 0
    told = (
        f"{target}: was not made from this table, column of turns, coder and context; name another with -o."
    )
    refused = InputError(told)
    data = target.read_bytes()
    whole = _whole_lines(data)
    try:
        held = csv.DictReader(io.StringIO(data[:whole].decode(), newline=""), restval="", strict=True)
        done = list(held)
    except (UnicodeDecodeError, csv.Error):
        raise refused from None
    wanted = [row | {CODER: by} for row in rows[: len(done)]]
    if held.fieldnames != list(fields) or len(done) > len(rows):
        raise refused
    if any(a[key] != b[key] for a, b in zip(done, wanted, strict=True) for key in b):
        raise refused
    os.truncate(target, whole)
    return len(done)


def _whole_lines(data: bytes) -> int:
    """How many bytes are whole rows, which end outside quotes; a killed run leaves half a one."""
    end, quoted = 0, False
    for at, byte in enumerate(data):
        quoted ^= byte == ord('"')
        if byte == ord("\n") and not quoted:
            end = at + 1
    return end


def session_target(source: Path, target: Path) -> Path:
    """Where the row a session goes: `NAME.sessions.csv` beside the coded table.

    Raises: InputError when something else lies there.
    """
    found = target.with_suffix(".sessions.csv")
    if found.resolve() == source.resolve() or (found.is_file() and not _ours(found)):
        raise InputError(f"{found}: would be overwritten by the row a session; name another file with -o.")
    return found


def _ours(path: Path) -> bool:
    return path.read_bytes().decode("utf-8-sig", "replace").splitlines()[:1] == [",".join(_SESSION_FIELDS)]


def session_table(coded: Path, target: Path, columns: Columns) -> None:
    """Write turns, skills (0..4) and the mean of each code of every session of a coded table.

    Rows that name no session are in none. Raises: InputError when the coded table cannot be read.
    """
    _, rows = table(coded, columns)
    sessions: dict[str, list[Row]] = {}
    for row in rows:
        if row[columns.session].strip():
            sessions.setdefault(row[columns.session], []).append(row)
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _SESSION_FIELDS)
        writer.writeheader()
        for name, held in sessions.items():
            told = {"session": name, "turns": len(held)}
            writer.writerow(told | _skills(held, columns) | _means(held))


_SKILL_NAMES: Mapping[Skill, str] = {
    skill: "skill_" + skill.value.replace(" ", "_").replace("-", "_") for skill in Skill
}
_SESSION_FIELDS = ["session", "turns", *_SKILL_NAMES.values(), *(f"mean_{code.value}" for code in Code)]


def _skills(rows: Sequence[Row], columns: Columns) -> dict[str, str]:
    """Each skill of a session, unrounded; empty where the session gave no occasion.

    Said again, the same words count less, as in a talk.
    """
    said = [row[columns.text] for row in rows]
    turns = [
        Turn(number, text, "", weighed(_coding(row), text, said[: number - 1]))
        for number, (row, text) in enumerate(zip(rows, said, strict=True), start=1)
    ]
    return {
        _SKILL_NAMES[score.skill]: "" if score.level is None else f"{score.level:.3f}"
        for score in scores(turns)
    }


def _coding(row: Row) -> Coding:
    heard, spans = json.loads(row[HEARD]), json.loads(row[SPANS])
    return Coding(tuple(Heard(Code(code), intensity, spans[code]) for code, intensity in heard.items()))


def _means(rows: Sequence[Row]) -> dict[str, str]:
    found = {}
    for code in Code:
        values = []
        for row in rows:
            with suppress(ValueError):
                values.append(float(row[f"p_{code.value}"]))
        found[f"mean_{code.value}"] = f"{mean(values):.4f}" if values else ""
    return found
