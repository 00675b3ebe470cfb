"""How well passages are found, and how well the checker tells support from its lack; on our own pairs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.files import json_rows
from simulator.library import folder
from simulator.store import Store
from simulator.support import ALIKE, alike

FIRST = 3


@dataclass(frozen=True)
class Found:
    """One ranking over all questions."""

    ranking: str
    questions: int
    recall: float
    """Share of questions (0..1) with a right passage among the first three."""
    mrr: float
    """Mean of 1 / rank of the first right passage."""


@dataclass(frozen=True)
class Checked:
    """The checker over judged (sentence, passage) pairs."""

    pairs: int
    precision: float
    recall: float


def pairs(name: str) -> list[dict[str, Any]]:
    """The rows of documents/grounding/NAME.jsonl.

    Raises: LibraryError naming the line that is not JSON.
    """
    return [row for _, row in json_rows(folder("documents") / "grounding" / f"{name}.jsonl")]


def found(store: Store) -> list[Found]:
    """Dense, by word, and fused."""
    rankings: dict[str, Callable[[str], Sequence[str]]] = {
        "dense": lambda query: store.rankings(query)[0],
        "by word (BM25)": lambda query: store.rankings(query)[1],
        "fused": lambda query: [hit.passage.id for hit in store.search(query, limit=50)],
    }
    questions = pairs("questions")
    return [_found(name, ranked, questions) for name, ranked in rankings.items()]


def _found(name: str, ranked: Callable[[str], Sequence[str]], questions: Sequence[dict[str, Any]]) -> Found:
    ranks = [_rank(ranked(row["query"]), row["ids"]) for row in questions]
    return Found(
        name,
        len(questions),
        float(np.mean([rank <= FIRST for rank in ranks])),
        float(np.mean([1 / rank for rank in ranks])),
    )


def _rank(ids: Sequence[str], right: Sequence[str]) -> float:
    return next((rank for rank, name in enumerate(ids, start=1) if name in right), float("inf"))


def checked(store: Store) -> Checked:
    """What likeness alone lets through, against what a reader judged."""
    known = {passage.id: passage for passage in store.passages()}
    rows = pairs("claims")
    said = np.array([alike(r["sentence"], known[r["id"]], store.embedder) >= ALIKE for r in rows])
    truth = np.array([r["supports"] for r in rows])
    right = int((said & truth).sum())
    return Checked(len(rows), right / max(1, int(said.sum())), right / int(truth.sum()))
