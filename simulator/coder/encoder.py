"""MiniLM (Wang et al. 2020) as it is tuned, and as it is written to ONNX. Needs torch: training only.

A turn may show several codes, and each of its word pieces is taught which codes it shows. Encoders
that were tuned in different ways are heard together, their log-odds averaged, because their errors
differ (Lakshminarayanan et al. 2017).
"""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


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
