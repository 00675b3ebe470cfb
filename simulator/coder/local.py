"""The local coder: linear, calibrated, trained on our own corpus; runs on CPU in milliseconds.

It loads plain arrays only. Probabilities are per code (several may hold); the quote is the clause
that shows the code most.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from simulator.coder.features import Features, Floats, Vocabulary, character_grams, word_grams
from simulator.domain.codebook import Code, Coding, Heard, Oddity
from simulator.domain.utterance import clauses, words
from simulator.embeddings import Embedder
from simulator.errors import LibraryError

ARRAYS = Path(__file__).with_name("local.npz")
MOST_CODES = 4
ODD_ENOUGH = 0.6
"""Probability (0..1) from which a turn counts as no move."""
ODD_MARKS = frozenset("\u2026.-_ ")


class LocalCoder:
    """Codes turns with the arrays that `make train` wrote."""

    def __init__(self, embedder: Embedder, arrays: Path = ARRAYS) -> None:
        self._embedder, self._path = embedder, arrays

    @cached_property
    def _arrays(self) -> dict[str, Any]:
        try:
            with np.load(self._path, allow_pickle=False) as stored:
                return {key: stored[key] for key in stored.files}
        except (OSError, ValueError) as error:
            raise LibraryError(f"{self._path}: cannot be read ({error}); run `make train`.") from error

    @cached_property
    def name(self) -> str:
        """`local-` and the corpus's fingerprint."""
        return f"local-{self._arrays['corpus']}"

    @cached_property
    def _features(self) -> Features:
        return Features(
            Vocabulary(self._arrays["words"].tolist(), self._arrays["words_idf"], word_grams),
            Vocabulary(self._arrays["characters"].tolist(), self._arrays["characters_idf"], character_grams),
            self._embedder,
        )

    def probabilities(self, texts: list[str], before: str = "") -> Floats:
        """Calibrated probability of each code: shape (len(texts), 35)."""
        rows = self._features(texts, [before] * len(texts))
        return self._scored(rows, "codes")

    def _scored(self, rows: Floats, task: str) -> Floats:
        logits = rows @ self._arrays[f"{task}_weights"].astype(np.float32).T + self._arrays[f"{task}_bias"]
        scale, shift = self._arrays[f"{task}_scale"], self._arrays[f"{task}_shift"]
        found: Floats = 1 / (1 + np.exp(-(logits * scale + shift)))
        return found

    def code(self, text: str, before: str = "") -> Coding:
        """The codes of a turn above their thresholds; one at least for a turn that is a move.

        A turn of several sentences is heard whole and in parts, since one clause can do its own
        thing ("I'm sorry. But you always do this").
        """
        if not words(text) and set(text) <= ODD_MARKS:
            return Coding((), Oddity.SILENCE, self.name)
        parts = list(dict.fromkeys([text, *clauses(text)]))
        rows = self._features(parts, [before] * len(parts))
        oddity = self._oddity(rows[0])
        table = self._scored(rows, "codes")
        heard = self._heard(parts, table)
        return Coding(tuple(heard), oddity, self.name)

    def _oddity(self, row: Floats) -> Oddity | None:
        odds = self._scored(row[None, :], "odd")[0]
        best = int(np.argmax(odds))
        names = self._arrays["odd_names"]
        return Oddity(str(names[best])) if odds[best] >= ODD_ENOUGH else None

    def _heard(self, parts: list[str], table: Floats) -> list[Heard]:
        thresholds = self._arrays["codes_threshold"]
        inside = table[1:] if len(parts) > 1 else table
        combined = np.maximum(table[0], self._arrays["part_weight"] * inside.max(axis=0))
        excess = combined - thresholds
        order = np.argsort(-excess)[:MOST_CODES]
        kept = [i for i in order if excess[i] >= 0] or [int(np.argmax(combined / thresholds))]
        codes = list(Code)
        return [
            Heard(codes[i], self._intensity(combined[i], thresholds[i]), parts[_shortest(parts, table[:, i])])
            for i in kept
        ]

    @staticmethod
    def _intensity(probability: float, threshold: float) -> float:
        """0.5 at the threshold, 1 at certainty; below it, when nothing else was heard, less."""
        if probability < threshold:
            return round(0.5 * float(probability / threshold), 3)
        return round(0.5 + 0.5 * float((probability - threshold) / max(1 - threshold, 1e-6)), 3)


def _shortest(parts: list[str], column: Floats) -> int:
    """The shortest part that shows a code nearly as well as the best one."""
    near = [i for i, p in enumerate(column) if p >= 0.85 * column.max()]
    return min(near, key=lambda i: len(parts[i]))
