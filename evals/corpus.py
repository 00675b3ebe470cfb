"""What the labelled corpus is like: `python -m evals.corpus` counts codes and hands and finds near-copies."""

import sys
from collections import Counter

import numpy as np

from simulator.coder.corpus import examples, held_back
from simulator.domain.codebook import Code
from simulator.session import Simulator
from simulator.settings import load

NEAR = 0.95
"""Cosine (0..1) of two turns' vectors from which they count as near-copies."""


def main() -> None:
    """Print the counts, and how like its nearest neighbour a turn is."""
    rows, kept = examples(), held_back()
    by_hand = Counter(row.hand for row in rows)
    _say(f"{len(rows)} turns to learn from, {len(kept)} held back, {len(by_hand)} hands")
    for hand, count in sorted(by_hand.items()):
        _say(f"  {hand:24} {count}")
    held = Counter(code for row in rows for code in row.spans)
    _say("turns a code:", ", ".join(f"{code.value} {held[code]}" for code in Code))
    run = Simulator(load())
    learned = run.embedder([row.text for row in rows])
    nearest = _nearest(learned, [row.text for row in rows])
    _told("nearest neighbour in the corpus", nearest)
    _told(
        "held-back turn to its nearest in the corpus",
        (run.embedder([r.text for r in kept]) @ learned.T).max(axis=1),
    )


def _nearest(vectors: np.ndarray, texts: list[str]) -> np.ndarray:
    """Likeness of each turn to its nearest other; the same words in another context are no copy."""
    found = np.zeros(len(vectors))
    for start in range(0, len(vectors), 1000):
        likeness = vectors[start : start + 1000] @ vectors.T
        for i in range(len(likeness)):
            same = [j for j in np.flatnonzero(likeness[i] > 0.999) if texts[j] == texts[start + i]]
            likeness[i, same] = -1
        found[start : start + 1000] = likeness.max(axis=1)
    return found


def _say(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")


def _told(what: str, values: np.ndarray) -> None:
    quartiles = ", ".join(f"{q:.2f}" for q in np.quantile(values, [0.25, 0.5, 0.75, 0.95]))
    _say(f"{what}: quartiles and 95th {quartiles}; {np.mean(values >= NEAR):.1%} at {NEAR} or more")


if __name__ == "__main__":
    main()
