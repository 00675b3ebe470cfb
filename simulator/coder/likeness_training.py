"""Trains what hears oddities and danger by likeness; five folds give calibration and thresholds."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator import settings
from simulator.coder.calibration import platt, sigmoid
from simulator.coder.corpus import DangerExample, Example, OddExample, danger_examples, examples, odd_examples
from simulator.coder.features import (
    MOST_CHARACTERS,
    MOST_WORDS,
    Features,
    Vocabulary,
    character_grams,
    word_grams,
)
from simulator.coder.likeness import ARRAYS
from simulator.domain.codebook import Code, Oddity
from simulator.domain.screening import Danger
from simulator.embeddings import MiniLM, cached
from simulator.weights import find, trusted

SEED = 11
PENALTY = 1.0
"""Inverse strength of the L2 penalty; 0.3 and 3 were no better with held-out hands."""
ALARMS_IN_TALK = 0.003
"""Share of ordinary coded turns (0..1) that may raise a false alarm of danger."""

ODD_KIN: dict[Oddity, frozenset[Code]] = {
    Oddity.OFF_TOPIC: frozenset({Code.DEFLECT, Code.LOGISTICS, Code.TELL, Code.HIJACK}),
    Oddity.JOKE: frozenset({Code.DEFLECT, Code.CHEER, Code.MINIMIZE}),
    Oddity.FACT_QUESTION: frozenset({Code.INQUIRE, Code.PRESS}),
    Oddity.INSULT: frozenset({Code.BLAME, Code.LABEL}),
    Oddity.FLIRT: frozenset({Code.LOVEBOMB}),
    Oddity.GOODBYE: frozenset({Code.SOCIAL, Code.WITHDRAW, Code.TELL}),
    Oddity.THANKS: frozenset({Code.SOCIAL, Code.APPRECIATE}),
    Oddity.GREETING: frozenset({Code.SOCIAL, Code.INQUIRE}),
}
"""Coded turns that may be the oddity as well are no counter-examples to it."""

Table = NDArray[np.bool_]
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Task:
    """Rows to learn from, and which of them a model must not see when it judges a row."""

    inputs: Any
    """Sparse, shape (rows, features)."""
    weight: NDArray[np.float64]
    folds: NDArray[np.str_]

    def held_out(self, truth: Table) -> NDArray[np.float64]:
        """A logit for every row from a model that saw nothing of its fold."""
        logit = np.zeros(len(truth))
        for fold in sorted(set(self.folds)):
            test = self.folds == fold
            logit[test] = self.fitted(truth, ~test).decision_function(self.inputs[test])
        return logit

    def fitted(self, truth: Table, rows: Table | None = None) -> Any:
        """A logistic regression on the given rows, or all."""
        from sklearn.linear_model import LogisticRegression

        kept = np.ones(len(truth), bool) if rows is None else rows
        model = LogisticRegression(C=PENALTY, class_weight="balanced", solver="liblinear", random_state=SEED)
        return model.fit(self.inputs[kept], truth[kept], sample_weight=self.weight[kept])


@dataclass(frozen=True)
class Fitted:
    """One calibrated linear model and its threshold."""

    model: Any
    scale: float
    shift: float
    threshold: float


def learn_likeness() -> None:
    """Train on the oddities and dangers, with coded turns as ordinary ones, and write the arrays."""
    cache = settings.load().cache
    embedder = MiniLM(trusted(find("embedding"), cache), trusted(find("tokenizer"), cache))
    rows, folder = examples(), cache.parent / "vectors"
    texts = [row.text for row in rows]
    features = Features(
        Vocabulary.learn(texts, word_grams, most=MOST_WORDS, rarest=2),
        Vocabulary.learn(texts, character_grams, most=MOST_CHARACTERS, rarest=3),
        embedder,
    )

    def inputs(said: Sequence[str], before: Sequence[str]) -> Any:
        from scipy.sparse import csr_matrix

        vectors = cached(embedder, said, folder)
        context = cached(embedder, [b or "-" for b in before], folder)
        return csr_matrix(features.joined(said, vectors, context))

    arrays = {
        "words": np.array(features.words.terms),
        "words_idf": features.words.idf,
        "characters": np.array(features.characters.terms),
        "characters_idf": features.characters.idf,
        **_odd(odd_examples(), rows, inputs),
        **_danger(danger_examples(), rows, inputs),
    }
    np.savez_compressed(ARRAYS, allow_pickle=False, **arrays)


Inputs = Callable[[Sequence[str], Sequence[str]], Any]


def _odd(odd: Sequence[OddExample], rows: Sequence[Example], inputs: Inputs) -> Arrays:
    """One model an oddity, with coded turns as ordinary ones; precise rather than complete."""
    from sklearn.metrics import fbeta_score

    said = [*(row.text for row in odd), *(row.text for row in rows)]
    table = inputs(said, [""] * len(said))
    found, names = [], []
    for oddity in Oddity:
        truth = np.array([*(row.oddity is oddity for row in odd), *(False for _ in rows)])
        if not truth.any():
            continue
        kin = ODD_KIN.get(oddity, frozenset())
        kept = np.array([True] * len(odd) + [not (kin & set(row.spans)) for row in rows])
        weight = np.array([1.0] * len(odd) + [0.5] * len(rows))
        task = Task(table[kept], weight[kept], _dealt(int(kept.sum())))
        logit = task.held_out(truth[kept])
        scale, shift = platt(logit, truth[kept])
        probability = sigmoid(scale * logit + shift)
        cuts = np.arange(0.2, 0.9, 0.05)
        score, threshold = max((fbeta_score(truth[kept], probability >= c, beta=0.7), c) for c in cuts)
        sys.stdout.write(f"{oddity.value:15} n {truth.sum():3}  F0.7 {score:.2f}  cut {threshold:.2f}\n")
        found.append(Fitted(task.fitted(truth[kept]), scale, shift, threshold))
        names.append(oddity.value)
    return _packed("odd", found) | {"odd_names": np.array(names)}


def _danger(danger: Sequence[DangerExample], rows: Sequence[Example], inputs: Inputs) -> Arrays:
    """One model a danger; the threshold allows ALARMS_IN_TALK false alarms in ordinary talk."""
    said = [*(row.text for row in danger), *(row.text for row in rows)]
    weight = np.array([1.0] * len(danger) + [0.5] * len(rows))
    task = Task(inputs(said, [""] * len(said)), weight, _dealt(len(said)))
    ordinary = np.arange(len(said)) >= len(danger)
    found = []
    for kind in Danger:
        truth = np.array([*(row.danger is kind for row in danger), *(False for _ in rows)])
        logit = task.held_out(truth)
        scale, shift = platt(logit, truth)
        probability = sigmoid(scale * logit + shift)
        threshold = max(0.1, float(np.quantile(probability[ordinary], 1 - ALARMS_IN_TALK / len(Danger))))
        caught = (probability[truth] >= threshold).mean()
        near = (probability[: len(danger)][~truth[: len(danger)]] >= threshold).mean()
        sys.stdout.write(
            f"{kind.value:15} n {truth.sum():3}  caught {caught:.2f}  other examples {near:.3f}\n"
        )
        found.append(Fitted(task.fitted(truth), scale, shift, threshold))
    return _packed("danger", found) | {"danger_names": np.array([kind.value for kind in Danger])}


def _dealt(count: int) -> NDArray[np.str_]:
    """Five random folds of the given number of rows."""
    return np.random.default_rng(SEED).integers(0, 5, count).astype(str)


def _packed(task: str, found: Sequence[Fitted]) -> Arrays:
    """Half-precision weights, and calibration folded into them."""
    return {
        f"{task}_weights": np.vstack([f.model.coef_[0] * f.scale for f in found]).astype(np.float16),
        f"{task}_bias": np.array([f.model.intercept_[0] * f.scale + f.shift for f in found], np.float32),
        f"{task}_threshold": np.array([f.threshold for f in found], np.float32),
    }
