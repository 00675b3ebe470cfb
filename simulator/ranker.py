"""How well each line answers a turn: a forest of trees over what can be known of both.

Trained on readers' judgements of lines in talks (`documents/choices`, decision 011); kept as plain arrays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.coder.arrays import arrays
from simulator.domain.codebook import FAMILY, Code, Family
from simulator.domain.line import SLOT, Line, score
from simulator.domain.question import Asked, asked
from simulator.domain.strategy import Moment, Move, shares
from simulator.domain.utterance import sentences, words
from simulator.embeddings import Embedder, Vectors

ARRAYS = Path(__file__).with_name("ranker.npz")
Floats = NDArray[np.float32]
CODES, FAMILIES, MOVES, KINDS = tuple(Code), tuple(Family), tuple(Move), tuple(Asked)
ALSO_SAID = 0.25
"""What a line says counts a little beside what it answers, for lines on the same matter."""
_EMPTY = frozenset({"i", "you", "the", "a", "to", "it", "and", "that", "is", "was", "of", "in", "me", "my"})


@dataclass(frozen=True)
class Place:
    """Where in a talk a line would stand."""

    said: str
    before: str
    """What the persona said last."""
    moment: Moment


@dataclass(frozen=True)
class Lines:
    """Lines, with the vectors of what each answers and what it says."""

    lines: Sequence[Line]
    says: Sequence[str]
    """With the scene's facts in them."""
    answered: Vectors
    said: Vectors
    shared: Sequence[bool]
    """Whether the line is the scene's and not the persona's own."""

    @cached_property
    def standing(self) -> Floats:
        """What does not change from turn to turn, a row a line."""
        return np.array(
            [_standing(*each) for each in zip(self.lines, self.says, self.shared, self.kinds, strict=True)],
            np.float32,
        )

    @cached_property
    def kinds(self) -> Sequence[Asked | None]:
        """What the turn that each line answers asks."""
        return [asked(line.to) for line in self.lines]

    @cached_property
    def words(self) -> Sequence[frozenset[str]]:
        """The words that each line says."""
        return [frozenset(words(say)) for say in self.says]

    @cached_property
    def answers(self) -> Floats:
        """Which codes each line answers by name: shape (lines, 35)."""
        return np.array([[code.value in line.answers for code in CODES] for line in self.lines], np.float32)

    @cached_property
    def kin(self) -> Floats:
        """Which codes it answers by their family."""
        families = [[FAMILY[code].value in line.answers for code in CODES] for line in self.lines]
        return np.array(families, np.float32)

    def taken(self, rows: Sequence[int]) -> "Lines":
        """Some of the lines, in the given order."""
        at = list(rows)
        some = Lines(
            [self.lines[i] for i in at],
            [self.says[i] for i in at],
            self.answered[at],
            self.said[at],
            [self.shared[i] for i in at],
        )
        # what is known of a line stays known: a turn must not work it out again
        some.__dict__.update({name: getattr(self, name)[at] for name in ("standing", "answers", "kin")})
        some.__dict__.update({name: [getattr(self, name)[i] for i in at] for name in ("kinds", "words")})
        return some


def _standing(line: Line, say: str, shared: bool, kind: Asked | None) -> list[float]:
    return [
        "any" in line.answers,
        len(line.answers),
        line.bound,
        bool(line.trust_at_least),
        shared,
        line.layer,
        bool(line.where),
        len(words(say)),
        "?" in say,
        "..." in say,
        bool(SLOT.search(line.say)),
        bool(line.more),
        kind is not None,
        *(line.move is move for move in MOVES),
    ]


def features(place: Place, lines: Lines, embedder: Embedder) -> Floats:
    """A row of numbers for each line: shape (lines, features)."""
    turn = embedder([place.said, (sentences(place.said) or [place.said])[-1], place.before])
    near, alike = lines.answered @ turn.T, lines.said @ turn.T
    heard = np.array([place.moment.coding.intensity(code) for code in CODES], np.float32)
    matched = lines.answers * heard
    blocks = [near, alike, _fitting(place, lines, near, alike, heard), matched, lines.standing]
    here = np.array(_turn(place, heard), np.float32)
    return np.hstack([*blocks, np.broadcast_to(here, (len(lines.lines), len(here)))])


def _fitting(place: Place, lines: Lines, near: Vectors, alike: Vectors, heard: Floats) -> Floats:
    """How the line and the turn go together, apart from their vectors."""
    coding, kind, spoken = place.moment.coding, asked(place.said), set(words(place.said)) - _EMPTY
    share = shares(place.moment)
    strongest = heard == heard.max() if heard.any() else np.zeros(len(CODES), bool)
    rows = []
    for at, line in enumerate(lines.lines):
        said, its = lines.words[at], lines.kinds[at]
        rows.append(
            [
                score(line, coding, float(near[at, 0]) + ALSO_SAID * float(alike[at, 0])),
                line.fits(coding),
                float((heard * lines.answers[at]).sum()),
                float((heard * lines.kin[at]).max()),
                float((strongest * lines.answers[at]).max()),
                share.get(line.move, 0.0),
                len(spoken & said) / max(1, len(said)),
                its is kind,
                (its is None) == (kind is None),
            ]
        )
    return np.array(rows, np.float32).reshape(len(rows), 9)


def _turn(place: Place, heard: Floats) -> list[float]:
    moment, kind = place.moment, asked(place.said)
    state = moment.affect
    return [
        *heard.tolist(),
        *(moment.coding.family(family) for family in FAMILIES),
        *(kind is each for each in KINDS),
        len(words(place.said)),
        "?" in place.said,
        place.said.rstrip().endswith("?"),
        state.activation,
        state.security,
        state.withdrawal,
        state.trust,
        moment.impact.comfort,
        moment.impact.alarm,
        moment.attachment.anxious,
        moment.attachment.avoidant,
        moment.turn,
    ]


def expected_fit(place: Place, lines: Lines, embedder: Embedder) -> Floats:
    """How well readers would say that each line fits: 0 does not fit, 1 fits.

    Raises: LibraryError when the arrays cannot be read.
    """
    return grown(forest(), features(place, lines, embedder))


@cache
def forest() -> Mapping[str, Any]:
    """The trees, read once for all talks.

    Raises: LibraryError when they cannot be read.
    """
    return arrays(ARRAYS)


def grown(forest: Mapping[str, Any], rows: Floats) -> Floats:
    """What the trees say of each row, on the whole; all trees are walked side by side."""
    feature, threshold = forest["feature"], forest["threshold"]
    trees = np.arange(len(feature))
    at = np.zeros((len(rows), len(trees)), np.int64)
    every = np.arange(len(rows))[:, None]
    for _ in range(int(forest["depth"])):
        asked_of = feature[trees, at]
        right = rows[every, np.maximum(asked_of, 0)] > threshold[trees, at]
        at = np.where(
            asked_of < 0, at, np.where(right, forest["right"][trees, at], forest["left"][trees, at])
        )
    found: Floats = forest["value"][trees, at].astype(np.float32).mean(axis=1)
    return found
