"""Agreement on our own held-back turns: a tenth of the corpus, coded three times, never trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.coder import Coder
from simulator.coder.corpus import HeldBack
from simulator.domain.codebook import Code
from simulator.domain.skills import FOR, Skill
from simulator.evals.agreement import Step, calibration_error, coded_turns

Table = NDArray[np.bool_]
FEWEST = 8
"""Fewest held-back turns with a code for its figures to be told."""


@dataclass(frozen=True)
class CodeFigure:
    """Agreement on one code."""

    code: Code
    n: int
    f1: float
    auc: float
    kappa: float
    """Cohen's kappa between the coder and what most of three people coded."""
    people: float
    """Cohen's kappa between the two people who coded independently of the writer."""


@dataclass(frozen=True)
class Own:
    """Agreement on all codes."""

    turns: int
    codes: Sequence[CodeFigure]
    macro_f1: float
    ece: float
    skills: dict[Skill, float]
    """Cohen's kappa on whether a turn shows the skill."""


def measured(rows: Sequence[HeldBack], coder: Coder, step: Step) -> Own:
    """Code the held-back turns and compare."""
    found = coded_turns([(row.text, row.before) for row in rows], "our own held-back turns", coder, step)
    chances, said = found.chances, found.heard
    truth = _table([row.codes for row in rows])
    one, two = (_table([row.coders[i] for row in rows]) for i in (1, 2))
    figures = [_code_figure(i, truth, said, chances, one, two) for i in range(len(Code))]
    told = [f for f in figures if f.n >= FEWEST]
    return Own(
        turns=len(rows),
        codes=told,
        macro_f1=float(np.mean([f.f1 for f in told])),
        ece=calibration_error(truth.ravel(), chances.ravel()),
        skills={skill: _kappa(_shows(skill, truth), _shows(skill, said)) for skill in Skill},
    )


def _table(rows: Sequence[Sequence[Code]]) -> Table:
    return np.array([[code in row for code in Code] for row in rows])


def _shows(skill: Skill, table: Table) -> Table:
    columns = [i for i, code in enumerate(Code) if code in FOR[skill]]
    return np.asarray(table[:, columns].any(axis=1))


def _kappa(one: Table, two: Table) -> float:
    from sklearn.metrics import cohen_kappa_score

    if (one == two).all():
        return 1.0  # also where neither says yes, which leaves the formula without a value
    return float(cohen_kappa_score(one, two, labels=[False, True]))


def _code_figure(
    at: int, truth: Table, said: Table, chances: NDArray[np.float64], one: Table, two: Table
) -> CodeFigure:
    from sklearn.metrics import f1_score, roc_auc_score

    yes = truth[:, at]
    area = float(roc_auc_score(yes, chances[:, at])) if 0 < yes.sum() < len(yes) else float("nan")
    return CodeFigure(
        list(Code)[at],
        int(yes.sum()),
        float(f1_score(yes, said[:, at], zero_division=0.0)),
        area,
        _kappa(yes, said[:, at]),
        _kappa(one[:, at], two[:, at]),
    )
