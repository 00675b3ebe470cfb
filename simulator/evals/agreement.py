"""How well a coder agrees with human raters: figures with intervals, and the card that tells them.

Every figure is computed against labels the coder was not trained on. Intervals resample whole
sessions (Miller 2024); the control by length says how far the number of words alone would go, and
the stripped variant how much of a figure hangs on punctuation.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.batch import Row, said_before
from simulator.coder import Coder
from simulator.domain.codebook import Code
from simulator.domain.hearing import decided
from simulator.domain.utterance import words
from simulator.evals.raters import UNRATED, Floats, RatedSet, Scale, at

RESAMPLES = 300
BINS = 10
FEWEST, FEWEST_SESSIONS = 15, 5
"""Fewest rows, and sessions, on each side for a figure to be told."""
Step = Callable[[str, int, int], None]
"""Called with what is coded, turns done and turns in all."""


@dataclass(frozen=True)
class Figure:
    """Agreement on one scale."""

    set: str
    scale: str
    n: int
    yes: int
    """Rows the raters said yes to (above the lowest level)."""
    auc: float
    low: float
    high: float
    """A 95 % interval over sessions."""
    kappa: float
    """Weighted (quadratic), -1..1; for yes and no it is Cohen's."""
    rho: float
    """Spearman, -1..1."""
    f1: float
    """Macro-F1, 0..1."""
    ece: float
    """Expected calibration error, 0..1; NaN for a contrast of codes."""
    stripped: float
    """The AUC with punctuation and capitals taken out."""
    length: float
    """The AUC of the number of words (or turns of a session) alone."""


@dataclass(frozen=True)
class Coded:
    """What a coder made of the rows of a set."""

    chances: Floats
    """Probability of each code: shape (rows, 35)."""
    heard: NDArray[np.bool_]
    """What it decided to hear, same shape."""


def coded(rows: Sequence[Row], rated: RatedSet, coder: Coder, step: Step, *, bare: bool = False) -> Coded:
    """Code every row; `bare` takes punctuation and capitals out first."""
    columns, told = rated.columns, f"{rated.name}{', without punctuation' if bare else ''}"
    turns = [(row[columns.text], said_before(row.get(columns.context, ""))) for row in rows]
    if bare:
        turns = [(stripped(text), stripped(before)) for text, before in turns]
    return coded_turns(turns, told, coder, step)


def coded_turns(turns: Sequence[tuple[str, str]], told: str, coder: Coder, step: Step) -> Coded:
    """Code every turn, given with what was said before it; `told` names them in the progress."""
    chances, heard = np.zeros((len(turns), len(Code))), np.zeros((len(turns), len(Code)), bool)
    for number, (text, before) in enumerate(turns):
        reading = coder.read(text, before)
        codes = decided(reading).codes
        chances[number] = [reading.probability.get(code, 0.0) for code in Code]
        heard[number] = [code in codes for code in Code]
        step(told, number + 1, len(turns))
    return Coded(chances, heard)


def stripped(text: str) -> str:
    """Lower case without punctuation.

    >>> stripped("So, you're tired?")
    "so you're tired"
    """
    return " ".join(re.sub(r"[^\w\s']", " ", text.lower()).split())


def figures(rated: RatedSet, rows: Sequence[Row], plain: Coded, bare: Coded) -> Iterator[Figure]:
    """A figure for every scale of a set that has rows enough on both sides."""
    groups = rated.groups(rows)
    length = np.array([len(words(row[rated.columns.text])) for row in rows], float)
    for scale in rated.scales:
        level = scale.levels_of(rows)
        kept = level != UNRATED
        if min((level[kept] > 0).sum(), (level[kept] == 0).sum()) >= FEWEST:
            score = scale.score(plain.chances)
            scores = Scores(score, _said(scale, plain, score), scale.score(bare.chances), length)
            yield _figure(rated.name, scale, level[kept], scores.of(kept), groups[kept])
    for scale in rated.sessions:
        yield from _session_figure(rated, scale, rows, plain, bare)


def _said(scale: Scale, plain: Coded, score: Floats) -> NDArray[np.int64]:
    """The coder's own level: what it heard; a contrast is a yes above nought."""
    if scale.against:
        return np.asarray(score > 0, np.int64)
    if scale.levels:
        top = len(scale.levels)
        return np.asarray(np.minimum(top - 1, score * top), np.int64)
    return np.asarray(plain.heard[:, at(scale.codes)].any(axis=1), np.int64)


@dataclass(frozen=True)
class Scores:
    """What the coder says on one scale, and the controls beside it; one value a row."""

    score: Floats
    said: NDArray[np.int64]
    bare: Floats
    length: Floats

    def of(self, kept: NDArray[np.bool_]) -> "Scores":
        """Only some rows."""
        return Scores(self.score[kept], self.said[kept], self.bare[kept], self.length[kept])


def _session_figure(
    rated: RatedSet, scale: Scale, rows: Sequence[Row], plain: Coded, bare: Coded
) -> Iterator[Figure]:
    """A scale judged once a session: the mean over its turns; length is its number of turns."""
    groups, level = rated.groups(rows), scale.levels_of(rows)
    held = [mask for name in dict.fromkeys(groups.tolist()) if level[mask := groups == name][0] != UNRATED]
    truth = np.array([level[mask][0] for mask in held])
    if min((truth > 0).sum(), (truth == 0).sum()) < FEWEST_SESSIONS:
        return
    score, stripped_score = (
        np.array([scale.score(table.chances)[mask].mean() for mask in held]) for table in (plain, bare)
    )
    turns = np.array([mask.sum() for mask in held], float)
    scores = Scores(score, np.asarray(score > 0, np.int64), stripped_score, turns)
    yield _figure(rated.name, scale, truth, scores, np.arange(len(held)).astype(str))


def _figure(
    name: str, scale: Scale, level: NDArray[np.int64], scores: Scores, groups: NDArray[np.str_]
) -> Figure:
    from scipy.stats import spearmanr
    from sklearn.metrics import cohen_kappa_score, f1_score, roc_auc_score

    yes = level > 0
    low, high = _interval(yes, scores.score, groups)
    return Figure(
        set=name,
        scale=scale.name,
        n=len(level),
        yes=int(yes.sum()),
        auc=float(roc_auc_score(yes, scores.score)),
        low=low,
        high=high,
        kappa=float(cohen_kappa_score(level, scores.said, weights="quadratic")),
        rho=float(spearmanr(level, scores.score).statistic),
        f1=float(f1_score(yes, scores.said > 0, average="macro")),
        ece=float("nan") if scale.against else calibration_error(yes, scores.score),
        stripped=float(roc_auc_score(yes, scores.bare)),
        length=float(roc_auc_score(yes, scores.length)),
    )


def _interval(yes: NDArray[np.bool_], score: Floats, groups: NDArray[np.str_]) -> tuple[float, float]:
    """The 95 % bootstrap interval of the AUC, whole groups resampled."""
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    _, group = np.unique(groups, return_inverse=True)
    members = [np.flatnonzero(group == g) for g in range(group.max() + 1)]
    found = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])
        if yes[rows].any() and not yes[rows].all():
            found.append(roc_auc_score(yes[rows], score[rows]))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def calibration_error(yes: NDArray[np.bool_], probability: Floats) -> float:
    """Expected calibration error over ten bins of equal width, 0..1 (Naeini et al. 2015).

    >>> calibration_error(np.array([True, False]), np.array([0.5, 0.5]))
    0.0
    """
    bins = np.minimum(BINS - 1, (probability * BINS).astype(int))
    gaps = [
        (bins == b).mean() * abs(probability[bins == b].mean() - yes[bins == b].mean())
        for b in range(BINS)
        if (bins == b).any()
    ]
    return float(sum(gaps))
