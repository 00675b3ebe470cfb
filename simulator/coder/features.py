"""A turn as numbers: sentence vectors, word and character n-grams. Plain arrays, no pickles."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings import WIDTH, Embedder

Floats = NDArray[np.float32]

WORD_RUN, CHARACTER_RUN = (1, 3), (2, 5)
MOST_WORDS, MOST_CHARACTERS = 9000, 9000
TEXT_SCALE, CONTEXT_SCALE, MEETING_SCALE, GRAM_SCALE = 4.0, 1.5, 15.0, 2.0
"""How much each block weighs in a shared L2 penalty; chosen by leave-one-hand-out on our corpus."""


def word_grams(text: str) -> list[str]:
    """Runs of one to three words; question and exclamation marks count as words."""
    tokens = re.findall(r"[a-z0-9']+|[?!]", _plain(text))
    return [" ".join(tokens[i : i + n]) for n in _lengths(WORD_RUN) for i in range(len(tokens) - n + 1)]


def character_grams(text: str) -> list[str]:
    """Runs of two to five characters inside words padded with a space."""
    return [
        f" {word} "[i : i + n]
        for word in _plain(text).split()
        for n in _lengths(CHARACTER_RUN)
        for i in range(len(word) + 3 - n)
    ]


_FULL_FORMS = [
    (re.compile(pattern), full)
    for pattern, full in (
        (r"\bwon'?t\b", "will not"),
        (r"\bcan'?t\b|\bcannot\b", "can not"),
        (r"\b(do|does|did|is|are|was|were|have|has|had|would|should|could)n'?t\b", r"\1 not"),
        (r"\b(i)'?m\b", r"\1 am"),
        (r"\b(you|we|they)'re\b", r"\1 are"),
        (r"\b(it|that|he|she|what|there|here)'s\b", r"\1 is"),
        (r"\b(i|you|we|they)'ve\b", r"\1 have"),
        (r"\b(i|you|we|they|it|he|she)'ll\b", r"\1 will"),
        (r"\b(i|you|we|they|it|he|she)'d\b", r"\1 would"),
        (r"\bgonna\b", "going to"),
        (r"\bwanna\b", "want to"),
    )
]


def _plain(text: str) -> str:
    """Lower case with contractions written out, so that "it's not" and "it is not" are one thing."""
    plain = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    for pattern, full in _FULL_FORMS:
        plain = pattern.sub(full, plain)
    return plain


def _lengths(run: tuple[int, int]) -> range:
    return range(run[0], run[1] + 1)


@dataclass(frozen=True)
class Vocabulary:
    """TF-IDF over one kind of n-gram (sublinear counts, unit rows)."""

    terms: Sequence[str]
    idf: Floats
    grams: Callable[[str], list[str]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", {term: i for i, term in enumerate(self.terms)})

    @classmethod
    def learn(
        cls, texts: Iterable[str], grams: Callable[[str], list[str]], *, most: int, rarest: int
    ) -> "Vocabulary":
        """Keep the `most` terms that stand in the most texts, in at least `rarest` of them."""
        rows = [set(grams(text)) for text in texts]
        counts = Counter(term for row in rows for term in row)
        kept = sorted((t for t, n in counts.items() if n >= rarest), key=lambda t: (-counts[t], t))[:most]
        idf = [np.log((1 + len(rows)) / (1 + counts[term])) + 1 for term in kept]
        return cls(kept, np.array(idf, np.float32), grams)

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Dense TF-IDF rows: shape (len(texts), len(terms))."""
        return np.vstack([self._row(text) for text in texts])

    def _row(self, text: str) -> Floats:
        index: Mapping[str, int] = self._index  # type: ignore[attr-defined]
        row = np.zeros(len(self.terms), np.float32)
        for term, count in Counter(self.grams(text)).items():
            if term in index:
                row[index[term]] = 1 + np.log(count)
        weighed: Floats = row * self.idf
        return weighed / max(float(np.linalg.norm(weighed)), 1e-9)


@dataclass(frozen=True)
class Features:
    """Everything a linear coder sees of a turn."""

    words: Vocabulary
    characters: Vocabulary
    embedder: Embedder

    def __call__(self, texts: Sequence[str], befores: Sequence[str]) -> Floats:
        """One row a turn: vectors of the turn, of what came before, their meeting, and n-grams."""
        vectors = self.embedder(texts)
        context = self.embedder([before or "-" for before in befores])
        return self.joined(texts, vectors, context)

    def joined(self, texts: Sequence[str], vectors: Floats, context: Floats) -> Floats:
        """The same, from vectors that are there already; each of shape (len(texts), WIDTH)."""
        assert vectors.shape[1] == WIDTH
        blocks = [
            TEXT_SCALE * vectors,
            CONTEXT_SCALE * context,
            MEETING_SCALE * vectors * context,
            GRAM_SCALE * self.words(texts),
            GRAM_SCALE * self.characters(texts),
        ]
        return np.hstack(blocks).astype(np.float32)
