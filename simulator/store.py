"""The only door to the document store: passages in, fused search out.

Chroma keeps the dense vectors; local Chroma has no sparse index, so BM25 stands beside it and the
two rankings are fused by reciprocal rank (Cormack, Clarke & Buettcher 2009).
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from simulator.embeddings import Embedder, cached
from simulator.errors import InputError, SimulatorError, StoreError
from simulator.library import Passage, Source, passages
from simulator.readers import read

if TYPE_CHECKING:
    import chromadb

RANK_OFFSET = 60
"""The usual constant of reciprocal rank fusion."""
POOL = 20
"""How many passages each ranking hands to the fusion."""
NEAREST = 200
"""How many texts are looked at for the ranking by meaning; a passage has up to seven."""
PART = "~"
"""Parts a passage's id from the number of a text it is found by."""


@dataclass(frozen=True)
class Hit:
    """A passage found, with its fused score (higher is nearer)."""

    passage: Passage
    score: float


class Store:
    """Passages of ours and of the user's, searchable by meaning and by word."""

    def __init__(self, folder: Path, embedder: Embedder, *, client: Any = None) -> None:
        self._folder, self._embedder = folder, embedder
        with _explaining(folder):
            self._collection = self._open(client)
            self._sync()
            self._passages = self._load()
        self._words = _WordIndex(list(self._passages.values()))

    def _open(self, client: Any) -> "chromadb.Collection":
        import chromadb
        from chromadb.config import Settings

        if client is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            client = chromadb.PersistentClient(
                str(self._folder), settings=Settings(anonymized_telemetry=False)
            )
        found: chromadb.Collection = client.get_or_create_collection(
            f"passages-{self._embedder.name}",
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine"}},
        )
        return found

    def _sync(self) -> None:
        """Bring our own passages up to date; the user's are left alone but for what rows now carry."""
        theirs = self._collection.get(where={"origin": "user"}, include=["metadatas"])
        old = [(i, m) for i, m in zip(theirs["ids"], theirs["metadatas"] or [], strict=True) if "of" not in m]
        if old:
            carried = [cast("Any", dict(m) | {"of": name, "first": True}) for name, m in old]
            self._collection.update(ids=[name for name, _ in old], metadatas=carried)
        ours = passages()
        stamp = hashlib.sha256("".join(p.model_dump_json() for p in ours).encode()).hexdigest()[:16]
        known = self._collection.get(where={"origin": "ours"}, include=["metadatas"])
        stamps = {str(m["stamp"]) for m in known["metadatas"] or []}
        texts = [text for p in ours for text in searchable(p)]
        if stamps == {stamp} and len(known["ids"]) == len(texts):
            return
        if known["ids"]:
            self._collection.delete(ids=known["ids"])
        self._write(ours, cached(self._embedder, texts, self._folder.parent / "vectors"), "ours", stamp)

    def _write(self, rows: Sequence[Passage], vectors: Any, origin: str, stamp: str) -> None:
        """One row for each text a passage is found by; the first of them carries the passage."""
        texts = [(p, number, text) for p in rows for number, text in enumerate(searchable(p))]
        self._collection.upsert(
            ids=[f"{p.id}{PART}{number}" for p, number, _ in texts],
            embeddings=[v.tolist() for v in vectors],
            documents=[text for _, _, text in texts],
            metadatas=[
                {
                    "origin": origin,
                    "stamp": stamp,
                    "of": p.id,
                    "first": not number,
                    "passage": p.model_dump_json(),
                }
                for p, number, _ in texts
            ],
        )

    def _load(self) -> dict[str, Passage]:
        rows = self._collection.get(where={"first": True}, include=["metadatas"])
        loaded = [Passage.model_validate_json(str(m["passage"])) for m in rows["metadatas"] or []]
        return {p.id: p for p in sorted(loaded, key=lambda p: p.id)}

    @property
    def embedder(self) -> Embedder:
        """What passages and queries are embedded with."""
        return self._embedder

    def search(self, query: str, *, among: Collection[str] | None = None, limit: int = 3) -> list[Hit]:
        """The passages nearest to `query` by meaning and word; `among` keeps those with these ids.

        Raises: StoreError when the index is damaged.
        """
        known, scores = self._passages, dict[str, float]()
        for ranking in self.rankings(query, among):
            for rank, name in enumerate(ranking[:POOL]):
                scores[name] = scores.get(name, 0.0) + 1 / (RANK_OFFSET + rank)
        # a document may be added or removed meanwhile: what is not known yet, or no longer, is not found
        best = sorted(known.keys() & scores.keys(), key=lambda name: (-scores[name], name))[:limit]
        return [Hit(known[name], scores[name]) for name in best]

    def rankings(self, query: str, among: Collection[str] | None = None) -> tuple[list[str], list[str]]:
        """Ids of passages, best first: by meaning, and by word (those that share one).

        Raises: StoreError when the index is damaged.
        """
        if not self._passages or (among is not None and not among):
            return [], []
        with _explaining(self._folder):
            found = self._collection.query(
                query_embeddings=self._embedder([query]).tolist(),
                n_results=NEAREST,
                where=cast("Any", None if among is None else {"of": {"$in": sorted(among)}}),
                include=[],
            )
        dense = list(dict.fromkeys(name.partition(PART)[0] for name in found["ids"][0]))
        sparse = self._words.ranked(query)
        return dense, sparse if among is None else [name for name in sparse if name in among]

    def add(self, path: Path) -> list[Passage]:
        """Read a file of the user's and add its passages; adding it again replaces them.

        Raises: InputError when the file cannot be read.
        """
        plain = (c if c.isascii() and c.isalnum() else "-" for c in path.stem.lower())
        # with a mark of its own: names in other alphabets, and names that look alike, stay apart
        mark = hashlib.sha256(path.name.encode(errors="replace")).hexdigest()[:6]
        slug = f"{''.join(plain).strip('-') or 'document'}-{mark}"
        title = path.stem.replace("_", " ").replace("-", " ")
        rows = [
            Passage(
                id=f"user-{slug}-{number:03}",
                title=(section.heading or title)[:80],
                topic="user",
                source=Source(document=path.name, title=title, section=section.heading),
                text=section.text,
            )
            for number, section in enumerate(read(path), start=1)
        ]
        with _explaining(self._folder):
            self._remove_document(path.name)
            texts = [text for p in rows for text in searchable(p)]
            self._write(rows, self._embedder(texts), "user", path.name)
        self._refresh()
        return rows

    def remove(self, document: str) -> int:
        """Remove a document of the user's; returns how many passages went.

        Raises: InputError when there is none of that name.
        """
        with _explaining(self._folder):
            count = self._remove_document(document)
        if not count:
            names = ", ".join(self.documents()) or "none yet"
            raise InputError(f"document {document}: not in the store; your documents are: {names}.")
        self._refresh()
        return count

    def _remove_document(self, document: str) -> int:
        ids = self._collection.get(where={"$and": [{"origin": "user"}, {"stamp": document}]}, include=[])[
            "ids"
        ]
        if ids:
            self._collection.delete(ids=ids)
        return len(ids)

    def _refresh(self) -> None:
        self._passages = self._load()
        self._words = _WordIndex(list(self._passages.values()))

    def documents(self) -> list[str]:
        """Names of the user's documents."""
        return sorted({p.source.document for p in self._passages.values() if p.topic == "user"})

    def passages(self) -> list[Passage]:
        """Every passage in the store."""
        return list(self._passages.values())


def searchable(passage: Passage) -> list[str]:
    """What a passage is found by: itself, and questions it answers."""
    return [f"{passage.title}. {passage.text}", *passage.asks]


class _WordIndex:
    """BM25 over titles and texts, in memory."""

    def __init__(self, rows: Sequence[Passage]) -> None:
        import bm25s

        self._ids = [p.id for p in rows]
        self._index: Any = None
        if rows:
            tokens = bm25s.tokenize(
                [" ".join(searchable(p)) for p in rows], stopwords="en", show_progress=False
            )
            self._index = bm25s.BM25()
            self._index.index(tokens, show_progress=False)

    def ranked(self, query: str) -> list[str]:
        """Ids that share a word with the query, best first."""
        import bm25s

        tokens = bm25s.tokenize([query], stopwords="en", show_progress=False, return_ids=False)[0]
        if self._index is None or not tokens:
            return []
        scores = self._index.get_scores(tokens)
        order = sorted(range(len(self._ids)), key=lambda i: (-scores[i], self._ids[i]))
        return [self._ids[i] for i in order if scores[i] > 0]


@contextmanager
def _explaining(folder: Path) -> Iterator[None]:
    """Chroma raises errors of several libraries; all become one line."""
    try:
        yield
    except SimulatorError:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise StoreError(
            f"{folder}: the document store is damaged or cannot be opened ({kind}); remove the folder "
            "and run again: our passages are rebuilt, add your own documents anew."
        ) from error


def as_json(hits: Sequence[Hit]) -> str:
    """Hits for a program to read."""
    return json.dumps(
        [h.passage.model_dump(mode="json") | {"score": round(h.score, 5)} for h in hits], indent=1
    )
