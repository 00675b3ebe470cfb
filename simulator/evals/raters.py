"""What human raters said of turns: mapping files (documents/agreement) from their labels to our codes.

The labelled files themselves are never ours to ship; they are read from a folder the user names.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.batch import Columns, Row, table
from simulator.domain.codebook import Code
from simulator.errors import InputError
from simulator.files import File, read
from simulator.library import folder

Floats = NDArray[np.float64]
UNRATED = -1
"""The level of a row that a scale leaves out."""


class Scale(File):
    """One thing raters judged, and the codes whose probability should follow it."""

    name: str
    column: str
    high: list[str] = []
    low: list[str] = []
    """Empty: every row that is not high."""
    levels: list[str] = []
    """Ordered values, in place of high and low."""
    codes: list[Code] = Field(min_length=1)
    against: list[Code] = []

    def levels_of(self, rows: Sequence[Row]) -> NDArray[np.int64]:
        """The human level of each row: 0 and up, or UNRATED."""
        return np.array([self._level(row[self.column]) for row in rows])

    def _level(self, value: str) -> int:
        if self.levels:
            return self.levels.index(value) if value in self.levels else UNRATED
        labels = {label.strip() for label in value.split(",")}
        if labels & set(self.high):
            return 1
        return 0 if not self.low or labels & set(self.low) else UNRATED

    def score(self, probabilities: Floats) -> Floats:
        """What the coder says of each row: the likeliest of `codes` less the likeliest of `against`."""
        found: Floats = probabilities[:, at(self.codes)].max(axis=1)
        return found - probabilities[:, at(self.against)].max(axis=1) if self.against else found


def at(codes: Sequence[Code]) -> list[int]:
    """Where codes stand in the codebook's order."""
    order = list(Code)
    return [order.index(code) for code in codes]


class _Columns(File):
    text: str
    context: str = ""
    session: str = ""


class RatedSet(File):
    """A human-labelled file and how its labels map to codes."""

    name: str
    file: str
    source: str
    where: dict[str, str] = Field(default={}, max_length=1)
    columns: _Columns
    one_label_a_row: bool = False
    """Turns with several labels stand several times, and are put together."""
    scales: list[Scale]
    sessions: list[Scale] = []

    @property
    def picked(self) -> Columns:
        """Which columns of the file hold what."""
        where = next(iter(self.where.items()), None)
        return Columns(**self.columns.model_dump(), where=where)

    def rows(self, data: Path) -> list[Row]:
        """The labelled rows; several labels of one turn stand in one cell, parted by commas.

        Raises: InputError when the file cannot be read or lacks a column.
        """
        header, rows = table(data / self.file, self.picked)
        for scale in (*self.scales, *self.sessions):
            if scale.column not in header:
                raise InputError(f"{data / self.file}: no column '{scale.column}' for '{scale.name}'.")
        return self._put_together(rows) if self.one_label_a_row else rows

    def _put_together(self, rows: Sequence[Row]) -> list[Row]:
        held: dict[tuple[str, str], Row] = {}
        for row in rows:
            key = row[self.columns.text], row.get(self.columns.context, "")
            one = held.setdefault(key, dict(row))
            for name in {scale.column for scale in self.scales} if one != row else ():
                one[name] = f"{one[name]},{row[name]}"
        return list(held.values())

    def groups(self, rows: Sequence[Row]) -> NDArray[Any]:
        """What is resampled whole: the session of each row, or the row."""
        name = self.columns.session
        return np.array([row[name] if name else str(i) for i, row in enumerate(rows)])


@cache
def rated_sets() -> tuple[RatedSet, ...]:
    """Every mapping file.

    Raises: LibraryError naming file and field.
    """
    return tuple(read(path, RatedSet) for path in sorted(folder("documents").glob("agreement/sets/*.yaml")))
