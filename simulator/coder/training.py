"""Trains the local coder on our own corpus: `make train`, fixed seed, about an hour on two cores.

About one turn in eight tunes calibration and thresholds and is not learned from; the held-back
turns (documents/turns/held-back.jsonl) are not looked at at all.
"""

import hashlib
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator import settings
from simulator.coder.calibration import platt, sigmoid
from simulator.coder.corpus import danger_examples, examples, odd_examples
from simulator.coder.likeness_training import learn_likeness
from simulator.coder.local import FIGURES, MODEL, TOKENIZER
from simulator.coder.network import Network
from simulator.domain.codebook import Code
from simulator.domain.hearing import HURTFUL
from simulator.inference import word_pieces
from simulator.weights import find, trusted

STRICT = 0.7
"""Weight of recall beside precision where a code corrects the trainee."""
USUAL_CUT, USUAL_WEIGHT = 0.45, 20
"""Threshold a code begins with, and how many tuning turns it weighs as: few turns do not tune one."""
STRANGERS = 0.65
"""Share of the log-odds that is kept: people differ from our hands more than our hands do among themselves.

Of 0.5, 0.65, 0.8 and 1 the one that calibrates best on the raters' development files (docs/measurements.md).
"""
TUNING = frozenset({0, 1})
"""Tenths that tune (most turns of the first are held back); twins that begin alike share a tenth."""

Floats = NDArray[np.float64]


def tenth(text: str) -> int:
    """Which tenth of the corpus a turn falls into, 0..9, by its first four words."""
    key = " ".join(re.findall(r"[a-z0-9']+", text.lower())[:4])
    return hashlib.sha256(key.encode()).digest()[0] % 10


def main() -> None:
    """Train, print how well turns that were not learned from are coded, and write the coder's files."""
    cache = settings.load().cache
    TOKENIZER.write_bytes(trusted(find("tokenizer"), cache).read_bytes())
    learn(trusted(find("encoder"), cache))
    figures = tuned_figures(Network(MODEL, TOKENIZER))
    np.savez_compressed(FIGURES, allow_pickle=False, **figures)
    learn_likeness()
    sys.stdout.write(
        f"{MODEL.name}: {MODEL.stat().st_size >> 10} kB, {FIGURES.name}: {FIGURES.stat().st_size} bytes\n"
    )


def learn(weights: Path) -> None:
    """Tune the encoder on all that is not for tuning thresholds, and write the network."""
    from safetensors.torch import load_file

    from simulator.coder.encoder import Both, export
    from simulator.coder.tuning import RECIPES, tuned

    tokenizer, known, learned = word_pieces(TOKENIZER), load_file(weights), lessons()
    export(Both([tuned(learned, known, len(Code), tokenizer, recipe) for recipe in RECIPES]), MODEL)


def lessons() -> list[Any]:
    """Every turn to learn from."""
    from simulator.coder.tuning import Lesson

    order = list(Code)
    return [
        Lesson(
            row.text,
            row.before,
            [(order.index(code), span) for code, span in row.spans.items()],
            [float(code in row.spans) for code in order],
        )
        for row in examples()
        if tenth(row.text) not in TUNING
    ]


def corpus_fingerprint() -> str:
    """Changes when any example does; kept with the coder so that stale files are noticed."""
    rows = [(r.text, r.before, sorted(r.spans.items())) for r in examples()]
    return hashlib.sha256(repr((rows, odd_examples(), danger_examples())).encode()).hexdigest()[:8]


def tuned_figures(network: Network) -> dict[str, NDArray[Any]]:
    """Calibration, shrunk for strangers, and thresholds, from turns the network did not learn from."""
    rows = [row for row in examples() if tenth(row.text) in TUNING]
    logit = np.array([network(row.text, row.before).codes for row in rows], float)
    truth = np.array([[code in row.spans for code in Code] for row in rows])
    slope, shift = (STRANGERS * value for value in platt(logit.ravel(), truth.ravel()))
    chances = sigmoid(slope * logit + shift)
    cuts = [_cut(code, chances[:, i], truth[:, i]) for i, code in enumerate(Code)]
    return {
        "corpus": np.array(corpus_fingerprint()),
        "slope": np.array(slope),
        "shift": np.array(shift),
        "codes_threshold": np.array(cuts),
    }


def _cut(code: Code, chances: Floats, truth: NDArray[np.bool_]) -> float:
    """Threshold where F is highest, held near the usual one when few turns show the code.

    For codes that correct the trainee precision weighs more: a good turn shown as a miss teaches
    the wrong thing, a missed miss only less.
    """
    from sklearn.metrics import fbeta_score, roc_auc_score

    beta = STRICT if code.family in HURTFUL else 1.0
    cuts = np.arange(0.15, 0.8, 0.025)
    score, best = max((fbeta_score(truth, chances >= cut, beta=beta), cut) for cut in cuts)
    n = int(truth.sum())
    told = (n * best + USUAL_WEIGHT * USUAL_CUT) / (n + USUAL_WEIGHT)
    area = roc_auc_score(truth, chances)
    sys.stdout.write(f"{code.value:12} n {n:4}  F{beta:g} {score:.2f}  AUC {area:.3f}  cut {told:.2f}\n")
    return float(told)


if __name__ == "__main__":
    main()
