"""The coder's network at work: a turn and what was said before it, through MiniLM tuned on our corpus.

Plain arrays in an ONNX file, one thread, no padding: the same turn gives the same numbers whatever
stands beside it. Weights are kept in eight bits and computed with in thirty-two, so that machines agree.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import LibraryError
from simulator.inference import opened, word_pieces

Floats = NDArray[np.float32]
CLS, SEP = 101, 102
LONGEST_TURN, LONGEST_BEFORE = 300, 40
"""Word pieces kept of the turn (its beginning) and of what came before (its end)."""


@dataclass(frozen=True)
class Pieces:
    """A turn as the network reads it."""

    ids: list[int]
    start: int
    """Where the turn's own pieces begin."""
    offsets: Sequence[tuple[int, int]]
    """Characters of the turn that each of its pieces covers."""

    @property
    def types(self) -> list[int]:
        """1 for the turn and what ends it, 0 for the context."""
        return [int(at >= self.start) for at in range(len(self.ids))]

    @property
    def own(self) -> list[float]:
        """1 for the turn's own pieces; what ends the turn stands for one that has none."""
        end = max(len(self.ids) - 1, self.start + 1)
        return [float(self.start <= at < end) for at in range(len(self.ids))]


@dataclass(frozen=True)
class Signals:
    """What the network makes of a turn; log-odds throughout."""

    codes: Floats
    """Shape (35,)."""
    pieces: Floats
    """Shape (pieces of the turn, 35): which words show which code."""
    offsets: Sequence[tuple[int, int]]


def pieces(tokenizer: Any, text: str, before: str) -> Pieces:
    """Word pieces of the context and of the turn, in that order."""
    turn = tokenizer.encode(text, add_special_tokens=False)
    context = tokenizer.encode(before, add_special_tokens=False).ids[-LONGEST_BEFORE:] if before else []
    own = turn.ids[:LONGEST_TURN]
    return Pieces([CLS, *context, SEP, *own, SEP], len(context) + 2, turn.offsets[: len(own)])


class Network:
    """Reads the ONNX file at the first turn."""

    def __init__(self, model: Path, tokenizer: Path) -> None:
        self.path, self._tokens = model, tokenizer
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None
        self._heard = lru_cache(maxsize=256)(self._run)  # a turn is asked about from several sides

    def __call__(self, text: str, before: str = "") -> Signals:
        """What the turn shows.

        Raises: LibraryError when the network's file cannot be read.
        """
        return self._heard(text, before)

    def _run(self, text: str, before: str) -> Signals:
        with self._lock:
            self._loaded = self._loaded or self._load()
        session, tokenizer = self._loaded
        read = pieces(tokenizer, text, before)
        feeds = {
            "ids": np.array([read.ids], np.int64),
            "types": np.array([read.types], np.int64),
            "own": np.array([read.own], np.float32),
        }
        codes, tokens = (found[0] for found in session.run(["codes", "tokens"], feeds))
        return Signals(codes, tokens[read.start : len(read.ids) - 1], read.offsets)

    def _load(self) -> tuple[Any, Any]:
        try:
            return opened(self.path), word_pieces(self._tokens)
        except Exception as error:
            raise LibraryError(
                f"{self.path}: cannot be read ({type(error).__name__}); run `make train`."
            ) from error
