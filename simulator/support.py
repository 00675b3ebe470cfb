"""Whether a passage supports a sentence: what a reader judged for our own pages, likeness for the rest.

Likeness cannot tell a claim from its opposite, so it only lets through what is clearly about the same
thing; how often it is right stands in docs/measurements.md.
"""

from collections.abc import Mapping
from functools import cache

from pydantic import TypeAdapter, ValidationError

from simulator.domain.codebook import Code
from simulator.domain.utterance import sentences
from simulator.embeddings import Embedder
from simulator.errors import LibraryError
from simulator.files import parse
from simulator.library import Passage, Side, folder

ALIKE = 0.35
"""Cosine (0..1) between a sentence and the passage's nearest sentence from which it counts as support."""


_JUDGED = TypeAdapter(dict[Code, dict[Side, list[str]]])


@cache
def judged() -> Mapping[Code, Mapping[Side, list[str]]]:
    """For each code and side of its `why`, the passages a reader found to say so.

    Raises: LibraryError naming file and field.
    """
    path = folder("documents") / "grounding" / "supports.yaml"
    try:
        return _JUDGED.validate_python(parse(path))
    except ValidationError as error:
        raise LibraryError(f"{path}: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error


def alike(sentence: str, passage: Passage, embedder: Embedder) -> float:
    """Cosine of a sentence and the nearest sentence of a passage, -1..1."""
    vectors = embedder([sentence, *(sentences(passage.text) or [passage.text])])
    return float((vectors[1:] @ vectors[0]).max())
