"""Recorded sentence vectors: what a talk embedded, so that it replays without the embedding model.

Vectors that several recordings need lie once in a shared pack; a recording's own pack names every
text it needs (by hash, never the text itself) and holds the rest.
"""

import hashlib
import io
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from zipfile import BadZipFile

import numpy as np

from simulator.embeddings import WIDTH, Embedder, Vectors
from simulator.errors import CassetteError

Rows = dict[int, Vectors]


def key(text: str) -> int:
    """A text's name in a pack: the first 8 bytes of its SHA-256."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


@dataclass(frozen=True)
class Pack:
    """Vectors by text, of one embedding model; `needs` names also those that lie elsewhere."""

    model: str
    rows: Rows = field(default_factory=dict)
    needs: frozenset[int] = frozenset()

    def dump(self) -> bytes:
        """The file's bytes; equal packs give equal bytes."""
        keys = sorted(self.rows)
        table = np.vstack([self.rows[k] for k in keys]) if keys else np.zeros((0, WIDTH))
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            model=np.array(self.model),
            keys=np.array(keys, np.uint64),
            rows=table.astype(np.float16),
            needs=np.array(sorted(self.needs), np.uint64),
        )
        return buffer.getvalue()

    @classmethod
    def load(cls, data: bytes, where: str = "vectors") -> "Pack":
        """The inverse of `dump`.

        Raises: CassetteError when it cannot be read.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                rows = dict(zip(stored["keys"].tolist(), stored["rows"].astype(np.float32), strict=True))
                return cls(str(stored["model"]), rows, frozenset(stored["needs"].tolist()))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
            raise CassetteError(f"{where}: damaged; `simulator eval record SUITES --stale`.") from error

    def without(self, keys: Collection[int]) -> "Pack":
        """The same needs, without the rows of `keys`."""
        return Pack(self.model, {k: row for k, row in self.rows.items() if k not in keys}, self.needs)


class RecordedVectors:
    """An embedder that plays packs, or asks the real one and keeps what was asked."""

    remembers = True

    def __init__(self, shared: Pack, inner: Embedder | None = None) -> None:
        self._shared, self._inner = shared, inner
        self._own: Mapping[int, Vectors] = {}
        self._known: Rows = {}
        self._asked: set[int] = set()
        self.name = inner.name if inner else shared.model

    def open(self, own: Pack | None) -> None:
        """Begin a talk, with its own pack when it was recorded."""
        self._own = own.rows if own else {}
        self._asked = set()

    def close(self) -> Pack:
        """The pack of the talk that ends here."""
        return Pack(self.name, {k: self._row(k, "") for k in self._asked}, frozenset(self._asked))

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text: shape (len(texts), WIDTH).

        Raises: CassetteError for a text that was not recorded.
        """
        if not texts:
            return np.zeros((0, WIDTH), np.float32)
        keys = [key(text) for text in texts]
        self._asked.update(keys)
        return np.vstack([self._row(k, text) for k, text in zip(keys, texts, strict=True)])

    def _row(self, name: int, text: str) -> Vectors:
        if self._inner:
            if name not in self._known:
                self._known[name] = self._inner([text])[0]
            return self._known[name]
        found = self._own.get(name)
        if found is None:
            found = self._shared.rows.get(name)
        if found is None:
            told = "the words are new, so record it anew: simulator eval record SUITES --stale"
            raise CassetteError(f"nothing was recorded for '{text[:60]}'; {told}")
        return found
