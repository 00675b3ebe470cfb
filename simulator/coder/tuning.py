"""Tunes encoders on our corpus. Needs torch: training only.

Weights are averaged over the steps (Polyak & Juditsky 1992); turns are joined, bared of punctuation
and shown without context as they are learned, since people do all three.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from simulator.coder.encoder import Encoder
from simulator.coder.network import Pieces, pieces

EPOCHS = 5
BATCH = 32
WARM_UP = 0.08
KEEP = 0.998
"""How much of the averaged weights each step keeps."""
JOINED, BARE, ALONE = 0.22, 0.25, 0.15
"""Shares of turns that are joined with another one, stripped of punctuation, or shown without context."""
LONGEST_JOINED = 70
"""Words."""
PIECE_WEIGHT = 0.5


@dataclass(frozen=True)
class Recipe:
    """One way of tuning."""

    seed: int
    rate: float
    """Learning rate of the encoder's uppermost layer."""
    head_rate: float
    deeper: float = 1.0
    """What a layer's rate is multiplied with to get the rate of the one below (Howard & Ruder 2018)."""
    heads_first: bool = False
    """Whether the heads learn for an epoch before the encoder moves (Kumar et al. 2022)."""


RECIPES = (
    Recipe(seed=11, rate=1.5e-4, head_rate=1e-3),
    Recipe(seed=12, rate=1.8e-4, head_rate=3e-4, deeper=0.8, heads_first=True),
)
HEADS_ONLY_RATE = 1e-3


@dataclass(frozen=True)
class Lesson:
    """One turn to learn from."""

    text: str
    before: str
    shown: Sequence[tuple[int, str]]
    """Codes with the words that show them."""
    codes: Sequence[float]
    """1 for each code the turn shows, 0 for the others."""


def tuned(
    lessons: Sequence[Lesson], weights: dict[str, Tensor], codes: int, tokenizer: Any, recipe: Recipe
) -> Encoder:
    """An encoder after its lessons, its weights averaged over the steps."""
    torch.manual_seed(recipe.seed)
    rng = Random(recipe.seed)
    encoder = Encoder(weights, codes)
    if recipe.heads_first:
        groups = [{"params": _heads(encoder), "lr": HEADS_ONLY_RATE}]
        encoder = _learned(encoder, groups, 1, lessons, tokenizer, rng)
    groups = [{"params": _heads(encoder), "lr": recipe.head_rate}, *_layers(encoder, recipe)]
    return _learned(encoder, groups, EPOCHS, lessons, tokenizer, rng)


def _heads(encoder: Encoder) -> list[nn.Parameter]:
    return [*encoder.codes.parameters(), *encoder.tokens.parameters()]


def _layers(encoder: Encoder, recipe: Recipe) -> list[dict[str, Any]]:
    """The encoder's parameters with their rates, from the uppermost layer down to the places of words."""
    parts: list[list[nn.Module]] = [[layer] for layer in reversed(encoder.layers)]
    parts += [[encoder.place, encoder.side, encoder.norm]]
    return [
        {
            "params": [p for module in part for p in module.parameters()],
            "lr": recipe.rate * recipe.deeper**depth,
        }
        for depth, part in enumerate(parts)
    ]


def _learned(
    encoder: Encoder,
    groups: list[dict[str, Any]],
    epochs: int,
    lessons: Sequence[Lesson],
    tokenizer: Any,
    rng: Random,
) -> Encoder:
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = epochs * (len(lessons) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / (WARM_UP * steps)) * max(0.02, 1 - step / steps)
    )
    averaged = deepcopy(encoder).eval()
    learning = {id(p) for group in groups for p in group["params"]}
    for parameter in encoder.parameters():
        parameter.requires_grad_(id(parameter) in learning)
    for epoch in range(epochs):
        encoder.train()
        losses = []
        for batch in _batches(lessons, tokenizer, rng):
            loss = _loss(encoder, batch)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            _average(averaged, encoder)
            losses.append(float(loss.detach()))
        sys.stderr.write(f"  epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.3f}\n")
    return averaged


@torch.no_grad()
def _average(averaged: Encoder, encoder: Encoder) -> None:
    for kept, new in zip(averaged.parameters(), encoder.parameters(), strict=True):
        if new.requires_grad:
            kept.mul_(KEEP).add_(new, alpha=1 - KEEP)


def _batches(lessons: Sequence[Lesson], tokenizer: Any, rng: Random) -> Iterator[list[tuple[Lesson, Pieces]]]:
    """The lessons varied anew, in batches of like length and random order."""
    varied = [_varied(lesson, lessons, rng) for lesson in lessons]
    read = [(lesson, pieces(tokenizer, lesson.text, lesson.before)) for lesson in varied if lesson.text]
    read.sort(key=lambda pair: len(pair[1].ids) + 8 * rng.random())
    batches = [read[i : i + BATCH] for i in range(0, len(read), BATCH)]
    rng.shuffle(batches)
    yield from batches


def _varied(lesson: Lesson, lessons: Sequence[Lesson], rng: Random) -> Lesson:
    """The lesson as another day might show it: joined with another turn, bare, or without context."""
    text, before, shown, codes = lesson.text, lesson.before, lesson.shown, lesson.codes
    other = rng.choice(lessons)
    fits = len(text.split()) + len(other.text.split()) < LONGEST_JOINED
    if rng.random() < JOINED and fits:
        text = f"{text} {other.text}" if rng.random() < 0.5 else f"{other.text} {text}"
        shown, codes = [*shown, *other.shown], np.maximum(codes, other.codes).tolist()
        before = before if rng.random() < 0.5 else other.before
    before = "" if rng.random() < ALONE else before
    if rng.random() < BARE:
        text, shown = _bare(text), [(code, _bare(words)) for code, words in shown]
        before = _bare(before) if rng.random() < 0.7 else before
    return Lesson(text, before, shown, codes)


def _bare(text: str) -> str:
    return re.sub(r"[^\w\s']", "", text).lower().strip()


def _loss(encoder: Encoder, batch: list[tuple[Lesson, Pieces]]) -> Tensor:
    ids, types, own, mask = _padded([read for _, read in batch])
    with torch.autocast("cpu", torch.bfloat16):
        codes, tokens = encoder(ids, types, own, mask)
    wanted = torch.tensor([lesson.codes for lesson, _ in batch])
    shown = torch.stack([_shown(lesson, read, ids.shape[1]) for lesson, read in batch])
    whole = functional.binary_cross_entropy_with_logits(codes.float(), wanted, reduction="sum") / len(batch)
    each = functional.binary_cross_entropy_with_logits(tokens.float(), shown, reduction="none").sum(-1)
    return whole + PIECE_WEIGHT * (each * own).sum() / own.sum().clamp(min=1)


def _padded(rows: Sequence[Pieces]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    longest = max(len(row.ids) for row in rows)
    ids, types = torch.zeros(2, len(rows), longest, dtype=torch.long)
    own, mask = torch.zeros(2, len(rows), longest)
    for i, row in enumerate(rows):
        end = len(row.ids)
        ids[i, :end] = torch.tensor(row.ids)
        types[i, :end] = torch.tensor(row.types)
        own[i, :end] = torch.tensor(row.own)
        mask[i, :end] = 1
    return ids, types, own, mask


def _shown(lesson: Lesson, read: Pieces, length: int) -> Tensor:
    """Which codes each word piece shows."""
    found = torch.zeros(length, len(lesson.codes))
    for code, span in lesson.shown:
        begin = lesson.text.find(span)
        for at, (first, last) in enumerate(read.offsets):
            if begin >= 0 and first >= begin and last <= begin + len(span):
                found[read.start + at, code] = 1
    return found
