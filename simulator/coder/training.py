"""Trains the local coder on our own corpus: `make train`, fixed seed, under two minutes.

Thresholds and calibration come from predictions for turns written by another hand than those
trained on, so that they hold for people whose turns of phrase the coder has not met.
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator import settings
from simulator.coder.corpus import Example, OddExample, examples, odd_examples
from simulator.coder.features import (
    MOST_CHARACTERS,
    MOST_WORDS,
    Features,
    Floats,
    Vocabulary,
    character_grams,
    word_grams,
)
from simulator.coder.local import ARRAYS
from simulator.domain.codebook import Code, Oddity
from simulator.embeddings import Embedder, MiniLM, cached
from simulator.weights import find, trusted

SEED = 11
PENALTY = 1.0
"""Inverse strength of the L2 penalty; chosen by leave-one-hand-out."""
SPAN_WEIGHT = 0.5
"""A span taught alone counts half: it lacks its sentence."""
PART_WEIGHT = 0.92
"""How far a clause's probability counts for the whole turn."""
Table = NDArray[np.bool_]


def main() -> None:
    """Train, print how well other hands' turns are coded, and write the arrays."""
    cache = settings.load().cache
    embedder = MiniLM(trusted(find("embedding"), cache), trusted(find("tokenizer"), cache))
    rows, odd = examples(), odd_examples()
    arrays = trained(rows, odd, embedder, cache.parent / "vectors")
    np.savez_compressed(ARRAYS, **arrays)  # type: ignore[arg-type]
    sys.stdout.write(f"{ARRAYS}: {ARRAYS.stat().st_size >> 10} kB from {len(rows)} turns\n")


def corpus_fingerprint(rows: list[Example], odd: list[OddExample]) -> str:
    """Changes when any example does; kept in the arrays so that stale ones are noticed."""
    text = repr([(r.text, r.before, sorted(r.spans.items())) for r in rows]) + repr(odd)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def trained(
    rows: list[Example], odd: list[OddExample], embedder: Embedder, folder: Path
) -> dict[str, NDArray[np.generic]]:
    """The arrays of a LocalCoder."""
    texts = [row.text for row in rows]
    spans = [(span, row.before, {code}) for row in rows for code, span in row.spans.items() if span != row.text]
    features = Features(
        Vocabulary.learn(texts, word_grams, most=MOST_WORDS, rarest=2),
        Vocabulary.learn(texts, character_grams, most=MOST_CHARACTERS, rarest=3),
        embedder,
    )
    all_texts = [*texts, *(text for text, _, _ in spans)]
    befores = [*(row.before for row in rows), *(before for _, before, _ in spans)]
    inputs = features.joined(
        all_texts, cached(embedder, all_texts, folder), cached(embedder, [b or "-" for b in befores], folder)
    )
    labels = np.array([[c in row for c in Code] for row in [*(set(r.spans) for r in rows), *(c for _, _, c in spans)]])
    weight = np.array([1.0] * len(rows) + [SPAN_WEIGHT] * len(spans))
    hands = np.array([*(r.hand for r in rows), *(r.hand for r in rows for s in r.spans.values() if s != r.text)])
    whole = np.arange(len(all_texts)) < len(rows)
    return {
        "corpus": np.array(corpus_fingerprint(rows, odd)),
        "words": np.array(features.words.terms),
        "words_idf": features.words.idf,
        "characters": np.array(features.characters.terms),
        "characters_idf": features.characters.idf,
        "part_weight": np.array(PART_WEIGHT),
        **_codes(inputs, labels, weight, hands, whole),
        **_odd(odd, rows, features, folder),
    }


def _codes(
    inputs: Floats, labels: Table, weight: Floats, hands: NDArray[np.str_], whole: Table
) -> dict[str, NDArray[np.generic]]:
    """One linear model a code; calibration and threshold from held-out hands."""
    from sklearn.metrics import f1_score, roc_auc_score

    held_out = np.zeros(labels.shape)
    for hand in sorted(set(hands)):
        test = hands == hand
        for index in range(labels.shape[1]):
            model = _fitted(inputs[~test], labels[~test, index], weight[~test])
            held_out[test, index] = model.decision_function(inputs[test])
    scale, shift, threshold, scores, areas = [], [], [], [], []
    for index, code in enumerate(Code):
        truth, logit = labels[whole, index], held_out[whole, index]
        a, b = _platt(logit, truth)
        probability = 1 / (1 + np.exp(-(a * logit + b)))
        cut, score = max(
            ((t, f1_score(truth, probability >= t)) for t in np.arange(0.15, 0.7, 0.025)), key=lambda x: x[1]
        )
        scale.append(a), shift.append(b), threshold.append(cut), scores.append(score)
        areas.append(roc_auc_score(truth, logit))
        sys.stdout.write(f"{code.value:12} n {truth.sum():4}  F1 {score:.2f}  AUC {areas[-1]:.3f}  cut {cut:.2f}\n")
    sys.stdout.write(f"held-out hands: macro-F1 {np.mean(scores):.3f}, mean AUC {np.mean(areas):.3f}\n")
    final = [_fitted(inputs, labels[:, index], weight) for index in range(labels.shape[1])]
    return _packed("codes", final, scale, shift) | {"codes_threshold": np.array(threshold, np.float32)}


def _odd(
    odd: list[OddExample], rows: list[Example], features: Features, folder: Path
) -> dict[str, NDArray[np.generic]]:
    """One linear model an oddity, with our coded turns as ordinary ones."""
    from sklearn.metrics import f1_score
    from sklearn.model_selection import StratifiedKFold

    texts = [*(row.text for row in odd), *(row.text for row in rows)]
    kinds = np.array([*(row.oddity.value if row.oddity else "" for row in odd), *("" for _ in rows)])
    nothing = cached(features.embedder, ["-"], folder).repeat(len(texts), axis=0)
    inputs = features.joined(texts, cached(features.embedder, texts, folder), nothing)
    weight = np.where(kinds == "", 0.5, 1.0)
    names = [oddity.value for oddity in Oddity if (kinds == oddity.value).any()]
    models, scale, shift = [], [], []
    for name in names:
        truth = kinds == name
        logit = np.zeros(len(texts))
        for train, test in StratifiedKFold(5, shuffle=True, random_state=SEED).split(inputs, truth):
            logit[test] = _fitted(inputs[train], truth[train], weight[train]).decision_function(inputs[test])
        a, b = _platt(logit, truth)
        found = 1 / (1 + np.exp(-(a * logit + b))) >= 0.6
        sys.stdout.write(f"{name:15} n {truth.sum():3}  F1 {f1_score(truth, found):.2f}\n")
        models.append(_fitted(inputs, truth, weight)), scale.append(a), shift.append(b)
    return _packed("odd", models, scale, shift) | {"odd_names": np.array(names)}


def _fitted(inputs: Floats, truth: Table, weight: NDArray[np.floating]) -> "object":
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        C=PENALTY, class_weight="balanced", solver="liblinear", max_iter=300, random_state=SEED
    )
    return model.fit(inputs, truth, sample_weight=weight)


def _platt(logit: NDArray[np.floating], truth: Table) -> tuple[float, float]:
    """Slope and shift that make logits probabilities (Platt 1999)."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=100.0).fit(logit[:, None], truth)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def _packed(task: str, models: list, scale: list[float], shift: list[float]) -> dict[str, NDArray[np.generic]]:
    return {
        f"{task}_weights": np.vstack([m.coef_[0] for m in models]).astype(np.float16),
        f"{task}_bias": np.array([m.intercept_[0] for m in models], np.float32),
        f"{task}_scale": np.array(scale, np.float32),
        f"{task}_shift": np.array(shift, np.float32),
    }


if __name__ == "__main__":
    main()
