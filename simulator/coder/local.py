"""The local coder: a small network tuned on our own corpus hears the codes; CPU, milliseconds.

Probabilities are per code (several may hold); the quote is the clause whose words show the code most.
"""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from simulator.coder import Coder
from simulator.coder.arrays import arrays
from simulator.coder.calibration import sigmoid
from simulator.coder.likeness import Likeness
from simulator.coder.network import Floats, Network, Signals
from simulator.domain.codebook import Code, Oddity, Reading
from simulator.domain.cue import cued
from simulator.domain.screening import Danger
from simulator.domain.utterance import clauses
from simulator.embeddings import Embedder
from simulator.errors import LibraryError
from simulator.library import CUES, cues
from simulator.library import folder as documents

HERE = Path(__file__).parent
MODEL, TOKENIZER, FIGURES = HERE / "coder.onnx", HERE / "tokenizer.json", HERE / "coder.npz"
"""What `make train` writes: the network, its word pieces, calibration and thresholds."""
ODD_MARKS = frozenset("\u2026.-_ ")
NEARLY = 0.9
"""How much of the clearest clause's share a shorter one needs to be the quote."""


class LocalCoder(Coder):
    """Codes turns with the files that `make train` wrote."""

    def __init__(self, embedder: Embedder | None = None, folder: Path = HERE) -> None:
        """Without an embedder only codes are heard: neither oddities nor danger."""
        self._likeness = Likeness(embedder) if embedder else None
        self._network = Network(folder / MODEL.name, folder / TOKENIZER.name)
        self._path = folder / FIGURES.name

    @cached_property
    def _figures(self) -> dict[str, Any]:
        return arrays(self._path)

    @cached_property
    def name(self) -> str:
        """`local-` and the fingerprint of all that decides what is heard.

        Raises: LibraryError when a file is missing.
        """
        digest = hashlib.sha256()
        for path in (self._network.path, self._path, documents("documents") / CUES):
            try:
                digest.update(path.read_bytes())
            except OSError as error:
                raise LibraryError(f"{path}: cannot be read ({error.strerror}); run `make train`.") from error
        return f"local-{digest.hexdigest()[:8]}"

    @cached_property
    def _thresholds(self) -> Mapping[Code, float]:
        return dict(zip(Code, self._figures["codes_threshold"].tolist(), strict=True))

    def read(self, text: str, before: str = "") -> Reading:
        """A calibrated probability and a quote for every code; a turn without words is a silence.

        Raises: LibraryError when the coder's files cannot be read.
        """
        if set(text) <= ODD_MARKS:
            return Reading({}, {}, {}, Oddity.SILENCE, self.name)
        signals = self._network(text, before)
        chances = sigmoid(self._figures["slope"] * signals.codes + self._figures["shift"]).astype(np.float32)
        quotes = dict(zip(Code, _quotes(text, signals), strict=True))
        told = dict(zip(Code, chances.tolist(), strict=True))
        oddity = self._likeness.oddity(text) if self._likeness else None
        return cued(Reading(told, quotes, self._thresholds, oddity, self.name), text, before, cues())

    def danger(self, text: str) -> Danger | None:
        """A disclosure of danger that the patterns of the safety rail may have missed."""
        return self._likeness.danger(text) if self._likeness else None


def _quotes(text: str, signals: Signals) -> list[str]:
    """For each code the shortest clause that shows it nearly as clearly as the clearest one."""
    parts = list(dict.fromkeys(clauses(text))) or [text]
    shares = np.array([_share(text, part, signals) for part in parts])
    return [_shortest(parts, shares[:, code]) for code in range(len(Code))]


def _share(text: str, part: str, signals: Signals) -> Floats:
    """How clearly each code is shown by the words of a part: the mean over its word pieces, 0..1."""
    begin = text.find(part)
    inside = [i for i, (a, b) in enumerate(signals.offsets) if begin <= a and b <= begin + len(part)]
    if not inside:
        return np.zeros(len(Code), np.float32)
    found: Floats = sigmoid(signals.pieces[inside]).mean(axis=0)
    return found


def _shortest(parts: list[str], share: Floats) -> str:
    near = [part for part, value in zip(parts, share, strict=True) if value >= NEARLY * share.max()]
    return min(near, key=len)
