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
        types = [0] * read.start + [1] * (len(read.ids) - read.start)
        own = [
            float(read.start <= at < max(len(read.ids) - 1, read.start + 1)) for at in range(len(read.ids))
        ]
        feeds = {
            "ids": np.array([read.ids], np.int64),
            "types": np.array([types], np.int64),
            "own": np.array([own], np.float32),
        }
        codes, tokens = (found[0] for found in session.run(["codes", "tokens"], feeds))
        return Signals(codes, tokens[read.start : len(read.ids) - 1], read.offsets)

    def _load(self) -> tuple[Any, Any]:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(
                str(self.path), options, providers=["CPUExecutionProvider"]
            )
            tokenizer = Tokenizer.from_file(str(self._tokens))
        except Exception as error:
            raise LibraryError(
                f"{self.path}: cannot be read ({type(error).__name__}); run `make train`."
            ) from error
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return session, tokenizer
