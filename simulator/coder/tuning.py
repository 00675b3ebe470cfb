"""Tunes MiniLM (Wang et al. 2020) on our corpus and writes it as ONNX. Needs torch: training only.

A turn may show several codes, and each of its word pieces is taught which codes it shows. Weights are
averaged over the steps (Polyak & Juditsky 1992). Two encoders are tuned in two ways and their log-odds
averaged, because their errors differ (Lakshminarayanan et al. 2017).
"""

import math
import re
import sys
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

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


class Encoder(nn.Module):
    """BERT's encoder with MiniLM's sizes, as plain as it can be written."""

    def __init__(self, weights: dict[str, Tensor], codes: int) -> None:
        super().__init__()
        weights = {name: weight.float().clone() for name, weight in weights.items()}
        self.width = weights["embeddings.word_embeddings.weight"].shape[1]
        self.word = nn.Embedding.from_pretrained(weights["embeddings.word_embeddings.weight"], freeze=True)
        self.place = nn.Embedding.from_pretrained(
            weights["embeddings.position_embeddings.weight"], freeze=False
        )
        self.side = nn.Embedding.from_pretrained(
            weights["embeddings.token_type_embeddings.weight"], freeze=False
        )
        self.norm = _norm(weights, "embeddings.LayerNorm")
        count = 1 + max(int(m.group(1)) for k in weights if (m := re.match(r"encoder\.layer\.(\d+)", k)))
        self.layers = nn.ModuleList(_Layer(weights, f"encoder.layer.{i}") for i in range(count))
        self.drop = nn.Dropout(0.1)
        self.codes, self.tokens = nn.Linear(2 * self.width, codes), nn.Linear(self.width, codes)

    def forward(
        self, ids: Tensor, types: Tensor, own: Tensor, mask: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Log-odds of the codes, of the turn and of each piece."""
        places = torch.arange(ids.shape[1], device=ids.device)
        hidden = self.drop(self.norm(self.word(ids) + self.place(places)[None] + self.side(types)))
        for layer in self.layers:
            hidden = layer(hidden, mask)
        weight = own[:, :, None]
        mean = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)
        most = (hidden + (weight - 1) * 1e4).max(1).values
        whole = self.drop(torch.cat([mean, most], 1))
        return self.codes(whole), self.tokens(self.drop(hidden))


class _Layer(nn.Module):
    def __init__(self, weights: dict[str, Tensor], name: str) -> None:
        super().__init__()
        self.query, self.key, self.value = (
            _linear(weights, f"{name}.attention.self.{part}") for part in ("query", "key", "value")
        )
        self.out, self.norm = (
            _linear(weights, f"{name}.attention.output.dense"),
            _norm(weights, f"{name}.attention.output.LayerNorm"),
        )
        self.up, self.down = (
            _linear(weights, f"{name}.intermediate.dense"),
            _linear(weights, f"{name}.output.dense"),
        )
        self.last = _norm(weights, f"{name}.output.LayerNorm")
        self.drop = nn.Dropout(0.1)

    def forward(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        batch, length, width = hidden.shape
        heads = 12

        def split(x: Tensor) -> Tensor:
            return x.view(batch, length, heads, width // heads).transpose(1, 2)

        scores = (
            split(self.query(hidden)) @ split(self.key(hidden)).transpose(2, 3) / math.sqrt(width // heads)
        )
        if mask is not None:
            scores = scores + (mask[:, None, None, :] - 1) * 1e4
        mixed = (
            (self.drop(scores.softmax(-1)) @ split(self.value(hidden)))
            .transpose(1, 2)
            .reshape(batch, length, width)
        )
        hidden = self.norm(hidden + self.drop(self.out(mixed)))
        grown: Tensor = self.last(hidden + self.drop(self.down(functional.gelu(self.up(hidden)))))
        return grown


def _linear(weights: dict[str, Tensor], name: str) -> nn.Linear:
    weight = weights[f"{name}.weight"]
    made = nn.Linear(weight.shape[1], weight.shape[0])
    made.weight, made.bias = nn.Parameter(weight), nn.Parameter(weights[f"{name}.bias"])
    return made


def _norm(weights: dict[str, Tensor], name: str) -> nn.LayerNorm:
    weight = weights[f"{name}.weight"]
    made = nn.LayerNorm(weight.shape[0], eps=1e-12)
    made.weight, made.bias = nn.Parameter(weight), nn.Parameter(weights[f"{name}.bias"])
    return made


class Both(nn.Module):
    """Encoders whose log-odds are averaged; the word table, which is never tuned, is one."""

    def __init__(self, encoders: Sequence[Encoder]) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        for encoder in encoders[1:]:
            encoder.word = encoders[0].word

    def forward(self, ids: Tensor, types: Tensor, own: Tensor) -> tuple[Tensor, ...]:
        """Mean log-odds of the codes, of the turn and of each piece."""
        found = [encoder(ids, types, own) for encoder in self.encoders]
        return tuple(torch.stack(one).mean(0) for one in zip(*found, strict=True))


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


def export(network: nn.Module, path: Path) -> None:
    """Write the network as ONNX, matrices and embeddings in eight bits with a scale a row or column."""
    import onnx

    example = torch.tensor([[101, 2023, 102, 2003, 102]]), torch.tensor([[0, 0, 0, 1, 1]])
    own = torch.tensor([[0.0, 0.0, 0.0, 1.0, 0.0]])
    names = ["codes", "tokens"]
    torch.onnx.export(
        network.eval(),
        (*example, own),
        str(path),
        input_names=["ids", "types", "own"],
        output_names=names,
        dynamic_axes={name: {1: "length"} for name in ("ids", "types", "own", "tokens")},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(str(path))
    _shrink(model.graph)
    onnx.save(model, str(path))


def _shrink(graph: Any) -> None:
    """Put `Cast(int8) * scale` in place of every large matrix; the runtime folds it when it loads."""
    from onnx import helper, numpy_helper

    looked_up = {node.input[0] for node in graph.node if node.op_type == "Gather"}
    nodes = []
    for tensor in list(graph.initializer):
        matrix = numpy_helper.to_array(tensor)
        if matrix.ndim != 2 or matrix.size < 10_000 or matrix.dtype != np.float32:
            continue
        axis = 1 if tensor.name in looked_up else 0
        scale = np.maximum(np.abs(matrix).max(axis=axis, keepdims=True), 1e-8).astype(np.float32) / 127
        small = np.round(matrix / scale).astype(np.int8)
        graph.initializer.remove(tensor)
        name = tensor.name
        graph.initializer.append(numpy_helper.from_array(small, f"{name}.int8"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
        if name in looked_up:
            for node in [node for node in graph.node if node.op_type == "Gather" and node.input[0] == name]:
                _gather_small(graph, node, name, helper)
        else:
            nodes.append(helper.make_node("Cast", [f"{name}.int8"], [f"{name}.cast"], to=1))
            nodes.append(helper.make_node("Mul", [f"{name}.cast", f"{name}.scale"], [name]))
    for node in reversed(nodes):
        graph.node.insert(0, node)


def _gather_small(graph: Any, node: Any, name: str, helper: Any) -> None:
    """Look rows up in eight bits and scale only those."""
    at = list(graph.node).index(node)
    rows, out = node.input[1], node.output[0]
    made = [
        helper.make_node("Gather", [f"{name}.int8", rows], [f"{out}.rows"]),
        helper.make_node("Cast", [f"{out}.rows"], [f"{out}.cast"], to=1),
        helper.make_node("Gather", [f"{name}.scale", rows], [f"{out}.scales"]),
        helper.make_node("Mul", [f"{out}.cast", f"{out}.scales"], [out]),
    ]
    graph.node.remove(node)
    for offset, new in enumerate(made):
        graph.node.insert(at + offset, new)
