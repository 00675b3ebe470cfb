"""The local coder: linear, calibrated, trained on our own corpus; runs on CPU in milliseconds.

It loads plain arrays only. Probabilities are per code (several may hold); the quote is the clause
that shows the code most.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from simulator.coder.features import Features, Floats, Vocabulary, character_grams, word_grams
from simulator.domain.codebook import Code, Coding, Family, Heard, Oddity
from simulator.domain.screening import Danger
from simulator.domain.utterance import clauses, sentences, words
from simulator.embeddings import Embedder
from simulator.errors import LibraryError

ARRAYS = Path(__file__).with_name("local.npz")
MOST_CODES = 4
GRAVE = 0.85
"""Probability (0..1) that a faux code needs beside a stronger attuned one."""
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
        """Probabilities of a task's labels, from the columns in use alone.

        The whole product would go to BLAS's threads, which on a busy machine take 480 ms to meet
        instead of 0.05 ms (docs/measurements.md).
        """
        used = np.flatnonzero(rows.any(axis=0))
        sums = rows[:, used] @ self._weights[task][:, used].T + self._arrays[f"{task}_bias"]
        found: Floats = 1 / (1 + np.exp(-sums))
        return found

    @cached_property
    def _weights(self) -> dict[str, Floats]:
        return {
            task: self._arrays[f"{task}_weights"].astype(np.float32) for task in ("codes", "odd", "danger")
        }

    def code(self, text: str, before: str = "") -> Coding:
        """The codes of a turn above their thresholds; one at least for a turn that is a move.

        A turn of several sentences is heard whole and sentence by sentence, since each can do its
        own thing ("I'm sorry. But you always do this"); clauses serve as quotes only.
        """
        if not words(text) and set(text) <= ODD_MARKS:
            return Coding((), Oddity.SILENCE, self.name)
        whole = list(dict.fromkeys([text, *sentences(text)]))
        parts = list(dict.fromkeys([*whole, *clauses(text)]))
        rows = self._features(parts, [before] * len(parts))
        oddity = self._oddity(self._features([text], [""])[0])
        table = self._scored(rows, "codes")
        heard = self._heard(parts, table, len(whole))
        return Coding(tuple(heard), oddity, self.name)

    def _oddity(self, row: Floats) -> Oddity | None:
        odds = self._scored(row[None, :], "odd")[0] / self._arrays["odd_threshold"]
        best = int(np.argmax(odds))
        return Oddity(str(self._arrays["odd_names"][best])) if odds[best] >= 1 else None

    def danger(self, text: str) -> Danger | None:
        """A disclosure of danger that the patterns of the safety rail may have missed."""
        parts = list(dict.fromkeys([text, *sentences(text)]))
        odds = self._scored(self._features(parts, [""] * len(parts)), "danger").max(axis=0)
        odds = odds / self._arrays["danger_threshold"]
        best = int(np.argmax(odds))
        return Danger(str(self._arrays["danger_names"][best])) if odds[best] >= 1 else None

    def _heard(self, parts: list[str], table: Floats, whole: int) -> list[Heard]:
        """What stands above its threshold; the first `whole` parts are the turn and its sentences."""
        thresholds = self._arrays["codes_threshold"]
        inside = table[1:whole] if whole > 1 else table[:1]
        combined = np.maximum(table[0], self._arrays["part_weight"] * inside.max(axis=0))
        excess = combined - thresholds
        order = np.argsort(-excess)[:MOST_CODES]
        kept = self._consistent([i for i in order if excess[i] >= 0], parts, table) or [
            int(np.argmax(combined / thresholds))
        ]
        codes = list(Code)
        return [
            Heard(codes[i], self._intensity(combined[i], thresholds[i]), parts[_shortest(parts, table[:, i])])
            for i in kept
        ]

    @staticmethod
    def _consistent(kept: list[int], parts: list[str], table: Floats) -> list[int]:
        """Drop a code shown by the very words that show one of another family more strongly.

        Where a turn shows care, a faux code is a grave reading that needs clear evidence.
        """
        codes, shown = list(Code), {i: _shortest(parts, table[:, i]) for i in kept}
        surest = table.max(axis=0)

        def grave(i: int) -> bool:
            caring = any(codes[j].family is Family.ATTUNED and surest[j] > surest[i] for j in kept)
            return codes[i].family is Family.FAUX and surest[i] < GRAVE and caring

        def outdone(i: int) -> bool:
            rivals = (j for j in kept if codes[j].family is not codes[i].family)
            return any(table[shown[i], j] > table[shown[i], i] for j in rivals)

        return [i for i in kept if not (outdone(i) or grave(i))]

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
