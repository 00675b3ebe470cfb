"""Oddities and danger, heard by likeness: linear models over sentence vectors and n-grams."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from simulator.coder.arrays import arrays
from simulator.coder.calibration import sigmoid
from simulator.coder.features import Features, Floats, Vocabulary, character_grams, word_grams
from simulator.domain.codebook import Oddity
from simulator.domain.screening import Danger
from simulator.domain.utterance import sentences
from simulator.embeddings import Embedder

ARRAYS = Path(__file__).with_name("likeness.npz")


class Likeness:
    """Listens with the arrays that `make train` wrote."""

    def __init__(self, embedder: Embedder, path: Path = ARRAYS) -> None:
        self._embedder, self._path = embedder, path

    @cached_property
    def _arrays(self) -> dict[str, Any]:
        return arrays(self._path)

    @cached_property
    def _features(self) -> Features:
        return Features(
            Vocabulary(self._arrays["words"].tolist(), self._arrays["words_idf"], word_grams),
            Vocabulary(self._arrays["characters"].tolist(), self._arrays["characters_idf"], character_grams),
            self._embedder,
        )

    def oddity(self, text: str) -> Oddity | None:
        """The oddity of a turn that is no move in the talk."""
        odds = self._scored([text], "odd") / self._arrays["odd_threshold"]
        best = int(np.argmax(odds))
        return Oddity(str(self._arrays["odd_names"][best])) if odds[best] >= 1 else None

    def danger(self, text: str) -> Danger | None:
        """A disclosure of danger that the patterns of the safety rail may have missed."""
        parts = list(dict.fromkeys([text, *sentences(text)]))
        odds = self._scored(parts, "danger") / self._arrays["danger_threshold"]
        best = int(np.argmax(odds))
        return Danger(str(self._arrays["danger_names"][best])) if odds[best] >= 1 else None

    def _scored(self, parts: list[str], task: str) -> Floats:
        """Probabilities of a task's labels, the surest of all parts, from the columns in use alone.

        The whole product would go to BLAS's threads, which on a busy machine take 480 ms to meet
        instead of 0.05 ms (docs/measurements.md).
        """
        rows = self._features(parts, [""] * len(parts))
        used = np.flatnonzero(rows.any(axis=0))
        sums = rows[:, used] @ self._weights[task][:, used].T + self._arrays[f"{task}_bias"]
        found: Floats = sigmoid(sums).max(axis=0)
        return found

    @cached_property
    def _weights(self) -> dict[str, Floats]:
        return {task: self._arrays[f"{task}_weights"].astype(np.float32) for task in ("odd", "danger")}
