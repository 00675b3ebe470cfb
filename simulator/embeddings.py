"""Sentences into vectors with a local model; knows nothing of what they are compared for."""

import hashlib
import secrets
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.inference import opened, word_pieces

Vectors = NDArray[np.float32]
WIDTH = 384
LONGEST_TOKENS = 200


class Embedder(Protocol):
    """Anything that turns sentences into unit vectors of one width."""

    @property
    def name(self) -> str:
        """Name and version; vectors of different names are never compared."""

    @property
    def remembers(self) -> bool:
        """Whether it keeps what it embedded, so that nobody else need."""

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text: shape (len(texts), WIDTH)."""


class MiniLM:
    """all-MiniLM-L6-v2, int8, on CPU (Wang et al. 2020); loaded at the first call."""

    name = "minilm-l6-v2-int8-1"
    remembers = False

    def __init__(self, model: Path, tokenizer: Path) -> None:
        self._paths = model, tokenizer
        self._loaded: tuple[object, object] | None = None
        self._loading = threading.Lock()
        self._one = lru_cache(maxsize=1024)(self._embedded)  # a turn is looked at from many sides

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Embed each text by itself: padding would change the int8 result with its neighbours."""
        if not texts:
            return np.zeros((0, WIDTH), np.float32)
        return np.vstack([self._one(text) for text in texts])

    def _embedded(self, text: str) -> Vectors:
        with self._loading:
            self._loaded = self._loaded or self._load()
        session, tokenizer = self._loaded
        encoding = tokenizer.encode(text)  # type: ignore[attr-defined]
        ids = np.array([encoding.ids], np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        hidden = session.run(None, feeds)[0]  # type: ignore[attr-defined]
        return unit(hidden.mean(axis=1))

    def _load(self) -> tuple[object, object]:
        model, tokens = self._paths
        return opened(model), word_pieces(tokens, LONGEST_TOKENS)


def unit(vectors: NDArray[np.floating]) -> Vectors:
    """Rows scaled to length 1 and rounded to half precision, so that recordings compare equal."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled = vectors / np.maximum(length, 1e-9)
    rounded: Vectors = scaled.astype(np.float16).astype(np.float32)
    return rounded


def cached(embedder: Embedder, texts: Sequence[str], folder: Path) -> Vectors:
    """Vectors of authored texts, kept on disk; never used for what a trainee says."""
    if embedder.remembers:
        return embedder(texts)
    key = hashlib.sha256("\0".join([embedder.name, *texts]).encode()).hexdigest()[:24]
    path = folder / f"{key}.npy"
    try:
        found: Vectors = np.load(path).astype(np.float32)
    except (OSError, ValueError):
        found = embedder(texts)
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{secrets.token_hex(4)}.npy")  # two processes may begin at once
        np.save(partial, found.astype(np.float16))
        partial.replace(path)
    return found
