"""Trains the ranker from judged lines, and says how well it ranks in talks it has not seen.

`python -m simulator.ranking` (half a minute, fixed seeds) reads `documents/choices`, prints the figures of
five folds, whole talks held back, and writes the arrays.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator import settings
from simulator.domain.affect import Affect
from simulator.domain.appraisal import appraise
from simulator.domain.attachment import Attachment
from simulator.domain.codebook import Coding
from simulator.domain.layers import Layer
from simulator.domain.line import Line, fill
from simulator.domain.strategy import Moment, Move
from simulator.embeddings import Embedder, MiniLM
from simulator.errors import LibraryError
from simulator.files import json_rows
from simulator.library import folder
from simulator.ranker import ARRAYS, Floats, Lines, Place, features
from simulator.weights import find, trusted

SEED, FOLDS, SPLITS, TREES, LEAF, WIDTH = 11, 5, 4, 150, 8, 0.3
"""Extremely randomised trees (Geurts et al. 2006): how many, rows a leaf needs, features (0..1) a split sees.
Leaves of 5 and 12 and half of the features were no better; ridge, kernel ridge, boosting and small networks
were worse (docs/measurements.md)."""


@dataclass(frozen=True)
class Judged:
    """One place in a talk, with lines that readers judged there."""

    talk: str
    place: Place
    lines: Sequence[Line]
    shared: Sequence[bool]
    slots: dict[str, str]
    fit: Sequence[float]
    """0 does not fit, 1 fits; a single line is one that was spoken, and rated by who heard it."""


def judged() -> list[Judged]:
    """Every judged place.

    Raises: LibraryError naming file and line.
    """
    return list(_read())


def _read() -> Iterator[Judged]:
    for path in sorted((folder("documents") / "choices").glob("*.jsonl")):
        for number, row in json_rows(path):
            try:
                yield _parsed(row)
            except (ValueError, KeyError, TypeError) as error:
                raise LibraryError(f"{path}: line {number}: {error}") from error


def _parsed(row: dict[str, Any]) -> Judged:
    person, (before, after) = Attachment(*row["attachment"]), (Affect(**state) for state in row["states"])
    coding = Coding.from_dict({"heard": row["heard"], "oddity": None})
    impact = appraise(coding, person, before)
    moment = Moment(person, after, impact, coding, row["turn"], tuple(Move(move) for move in row["recent"]))
    return Judged(
        talk=row["talk"],
        place=Place(row["said"], row["before"], moment),
        lines=[_line(each) for each in row["lines"]],
        shared=[each["shared"] for each in row["lines"]],
        slots=row["slots"],
        fit=[each["fit"] for each in row["lines"]],
    )


def _line(row: dict[str, Any]) -> Line:
    return Line(
        say=row["say"],
        move=Move(row["move"]),
        layer=Layer.named(row["layer"]),
        answers=frozenset(row["answers"]),
        to=row["to"],
        where=frozenset(row["where"]),
        trust_at_least=row["trust_at_least"],
        more="..." if row["more"] else "",
        bound=row["bound"],
    )


def table(place: Judged, embedder: Embedder) -> Floats:
    """The features of a place's lines."""
    says = [fill(line.say, place.slots) for line in place.lines]
    answered = embedder([fill(line.to or line.say, place.slots) for line in place.lines])
    return features(place.place, Lines(place.lines, says, answered, embedder(says), place.shared), embedder)


def learned(rows: Floats, fit: NDArray[np.float64]) -> Any:
    """A forest fitted to the rows."""
    from sklearn.ensemble import ExtraTreesRegressor

    forest = ExtraTreesRegressor(
        TREES, min_samples_leaf=LEAF, max_features=WIDTH, random_state=SEED, n_jobs=-1
    )
    return forest.fit(rows, fit)


def packed(forest: Any) -> dict[str, NDArray[Any]]:
    """The trees as arrays, one row a tree, filled up to the largest; a leaf asks of feature -1."""
    trees = [each.tree_ for each in forest.estimators_]
    most = max(tree.node_count for tree in trees)

    def filled(values: Sequence[NDArray[Any]], kind: Any) -> NDArray[Any]:
        return np.array([np.pad(value, (0, most - len(value))) for value in values], kind)

    return {
        "feature": filled([np.maximum(tree.feature, -1) for tree in trees], np.int16),
        "threshold": filled([tree.threshold for tree in trees], np.float32),
        "left": filled([np.maximum(tree.children_left, 0) for tree in trees], np.int16),
        "right": filled([np.maximum(tree.children_right, 0) for tree in trees], np.int16),
        "value": filled([tree.value[:, 0, 0] for tree in trees], np.float16),
        "depth": np.array(max(tree.max_depth for tree in trees)),
    }


def main() -> None:
    """Hold talks back in turn, print what was found, then learn from all."""
    cache = settings.load().cache
    embedder = MiniLM(trusted(find("embedding"), cache), trusted(find("tokenizer"), cache))
    places = judged()
    tables = [table(place, embedder) for place in places]
    rows, fit = np.vstack(tables), np.concatenate([place.fit for place in places])
    _told(places, fit, [_held_back(places, rows, fit, SEED + split) for split in range(SPLITS)])
    np.savez_compressed(ARRAYS, allow_pickle=False, **packed(learned(rows, fit)))


def _held_back(
    places: Sequence[Judged], rows: Floats, fit: NDArray[np.float64], seed: int
) -> NDArray[np.float64]:
    """What is expected of each row by a forest that saw nothing of its talk."""
    talks = sorted({place.talk for place in places})
    fold = dict(zip(talks, np.random.default_rng(seed).permutation(len(talks)) % FOLDS, strict=True))
    of_row = np.repeat([fold[place.talk] for place in places], [len(place.fit) for place in places])
    expected = np.zeros(len(fit))
    for each in range(FOLDS):
        test = of_row == each
        expected[test] = learned(rows[~test], fit[~test]).predict(rows[test])
    return expected


def _told(places: Sequence[Judged], fit: NDArray[np.float64], splits: Sequence[NDArray[np.float64]]) -> None:
    """First place, area under the curve, and what lines of each expected fit were judged to be."""
    from sklearn.metrics import roc_auc_score

    ends = np.cumsum([len(place.fit) for place in places])
    spans = [slice(end - len(place.fit), end) for end, place in zip(ends, places, strict=True)]
    parts = [span for span, place in zip(spans, places, strict=True) if len(place.fit) > 1]
    kept = np.concatenate([np.arange(part.start, part.stop) for part in parts])
    area = np.mean([roc_auc_score(fit[kept] == 1, expected[kept]) for expected in splits])
    first = [(fit[p][np.argmax(e[p])], e[p].max(), fit[p].max()) for e in splits for p in parts]
    fitting = [got for got, _, best in first if best == 1]
    whole, half = (np.mean([f >= least for f in fitting]) for least in (1, 0.5))
    sys.stdout.write(
        f"{len(fit)} judgements, {len(places)} places, {len({p.talk for p in places})} talks\n"
        f"AUC {area:.3f}; of {len(fitting) // len(splits)} places with a fitting line, "
        f"the first fits in {whole:.3f}, fits or half fits in {half:.3f} ({len(splits)} splits)\n"
    )
    for low in np.arange(0.3, 0.9, 0.1):
        got = [f for f, e, _ in first if low <= e < low + 0.1]
        if got:
            sys.stdout.write(
                f"expected {low:.1f} to {low + 0.1:.1f}: judged {np.mean(got):.2f} (n {len(got)})\n"
            )


if __name__ == "__main__":
    main()
