"""The network in torch, for training only: encoder, heads, losses, training and export.

As an ONNX file it is written node by node: float, or int8 with an exact word table.
"""

from __future__ import annotations

import argparse
import copy
import math
import random
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from helpers.model.encoder import LINK, LINKS, MARGIN, NAME_TAGS, SHAPES, STATES, TAGS, WINDOW
from helpers.train.tuning import hash_file

HIDDEN, HEADS, LAYERS, INNER, POSITIONS, EPSILON = 384, 12, 6, 1536, 512, 1e-12
PRETRAINED = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MICROSOFT = "com.microsoft"
KEPT = ("model", "average", "optimiser")


class Layer(nn.Module):
    """One post-norm transformer layer, as in BERT."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(HIDDEN, 3 * HIDDEN)
        self.out = nn.Linear(HIDDEN, HIDDEN)
        self.norm1 = nn.LayerNorm(HIDDEN, EPSILON)
        self.up = nn.Linear(HIDDEN, INNER)
        self.down = nn.Linear(INNER, HIDDEN)
        self.norm2 = nn.LayerNorm(HIDDEN, EPSILON)

    def forward(self, x, mask):
        """Read states (batch, length, hidden) under an additive mask (batch, 1, 1, length)."""
        batch, length, _ = x.shape
        qkv = self.qkv(x).view(batch, length, 3, HEADS, HIDDEN // HEADS).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], mask)
        return self._finish(x, attended.transpose(1, 2).reshape(batch, length, HIDDEN))

    def ask(self, asker, which, x, mask):
        """Read states only for ``asker`` (askers, hidden), each of which asks row ``which``."""
        rows, length, _ = x.shape
        weight, bias = self.qkv.weight, self.qkv.bias
        query = functional.linear(asker, weight[:HIDDEN], bias[:HIDDEN])
        query = query.view(len(asker), 1, HEADS, HIDDEN // HEADS).transpose(1, 2)
        sides = functional.linear(x, weight[HIDDEN:], bias[HIDDEN:])
        key, value = sides.view(rows, length, 2, HEADS, HIDDEN // HEADS).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(
            query, key[which], value[which], mask[which]
        )
        return self._finish(asker, attended.transpose(1, 2).reshape(len(asker), HIDDEN))

    def _finish(self, x, attended):
        x = self.norm1(x + self.out(attended))
        return self.norm2(x + self.down(functional.gelu(self.up(x))))


class Reader(nn.Module):
    """The shared encoder with its three heads: tags, names and links."""

    def __init__(self, dropout: float = 0.1):
        super().__init__()
        self.word = nn.Embedding(30522, HIDDEN)
        self.position = nn.Embedding(POSITIONS, HIDDEN)
        self.shape = nn.Embedding(SHAPES, HIDDEN)
        self.quoted = nn.Embedding(2, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.dropout = nn.Dropout(dropout)
        self.tags = nn.Linear(HIDDEN, len(TAGS))
        self.names = nn.Linear(HIDDEN, len(NAME_TAGS))
        self.links = nn.Linear(HIDDEN, LINKS)
        self.word.weight.requires_grad = False
        for table in (self.shape, self.quoted):
            nn.init.zeros_(table.weight)

    def forward(self, ids, shapes, quoted, lengths):
        """Return (tag logits, name logits, link vectors), each (batch, length, …)."""
        length = ids.shape[1]
        at = torch.arange(length)
        states = self.word(ids) + self.position(at) + self.shape(shapes) + self.quoted(quoted)
        states = self.dropout(self.norm(states))
        mask = torch.zeros(len(ids), 1, 1, length)
        mask.masked_fill_((at >= lengths[:, None])[:, None, None], -1e9)
        if torch.is_autocast_enabled("cpu"):
            states, mask = states.bfloat16(), mask.bfloat16()
        for layer in self.layers:
            states = layer(states, mask)
        states = self.dropout(states)
        return self.tags(states), self.names(states), self.links(states)


def mixed() -> torch.autocast:
    """Compute in bfloat16 where the processor has it; elsewhere it would be twenty times slower."""
    able = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast("cpu", torch.bfloat16, enabled=able)


def load_weights(model: Reader, path: Path) -> None:
    """Fill the network from a checkpoint (``.pt``) or from the published encoder."""
    if path.suffix == ".pt":
        state = torch.load(path, weights_only=True)
        model.load_state_dict(state.get("average", state))
    else:
        load_pretrained(model, path)


def follow(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Move a running average of a network towards the network, in the parts that learn."""
    with torch.no_grad():
        for mean, new in zip(average.parameters(), model.parameters(), strict=True):
            if new.requires_grad:
                mean.lerp_(new, 1 - decay)


def group_lengths(
    lengths: Sequence[int], tokens: int, rng: random.Random | None = None
) -> list[list[int]]:
    """Group places of similar length, at most ``tokens`` padded a group; shuffled by ``rng``."""
    jitter = (lambda: rng.uniform(-4, 4)) if rng else (lambda: 0)
    groups: list[list[int]] = [[]]
    for place in sorted(range(len(lengths)), key=lambda one: lengths[one] + jitter()):
        longest = max(lengths[other] for other in [*groups[-1], place])
        if groups[-1] and longest * (len(groups[-1]) + 1) > tokens:
            groups.append([])
        groups[-1].append(place)
    if rng:
        rng.shuffle(groups)
    return [group for group in groups if group]


def freeze(model: Reader, layers: int) -> None:
    """Keep the embeddings and the first ``layers`` layers as they are; 0 keeps the words only."""
    if layers:
        below = (model.position, model.shape, model.quoted, model.norm, *model.layers[:layers])
        for part in below:
            part.requires_grad_(False)


def load_pretrained(model: Reader, path: Path) -> None:
    """Fill the encoder from the all-MiniLM-L6-v2 weights; the heads stay as initialised."""
    with safe_open(path, "pt") as file, torch.no_grad():
        get = file.get_tensor
        model.word.weight.copy_(get("embeddings.word_embeddings.weight"))
        model.position.weight.copy_(
            get("embeddings.position_embeddings.weight")
            + get("embeddings.token_type_embeddings.weight")[0]
        )
        _copy(model.norm, get, "embeddings.LayerNorm")
        for number, layer in enumerate(model.layers):
            name = f"encoder.layer.{number}."
            for part in ("weight", "bias"):
                stack = [
                    get(f"{name}attention.self.{side}.{part}") for side in ("query", "key", "value")
                ]
                getattr(layer.qkv, part).copy_(torch.cat(stack))
            _copy(layer.out, get, name + "attention.output.dense")
            _copy(layer.norm1, get, name + "attention.output.LayerNorm")
            _copy(layer.up, get, name + "intermediate.dense")
            _copy(layer.down, get, name + "output.dense")
            _copy(layer.norm2, get, name + "output.LayerNorm")


def _copy(module: nn.Module, get, name: str) -> None:
    module.weight.copy_(get(name + ".weight"))
    module.bias.copy_(get(name + ".bias"))


def tag_loss(logits, gold, weight):
    """Cross-entropy over the words that carry a tag (``gold`` is -1 elsewhere)."""
    loss = functional.cross_entropy(
        logits.float().flatten(0, 1), gold.flatten(), ignore_index=-1, reduction="none"
    )
    return (loss * weight.flatten()).sum(), (gold >= 0).sum()


def name_loss(logits, allowed, weight):
    """Minus the log of the probability given to the tags a label set allows for each word.

    ``allowed`` holds one bit a tag; a corpus that calls a place only "location" allows GPE, LOC
    and FAC. Words without a label have weight 0.
    """
    bits = (allowed[..., None] >> torch.arange(len(NAME_TAGS))) & 1
    scores = functional.log_softmax(logits.float(), -1).masked_fill(bits == 0, -1e9)
    return -(torch.logsumexp(scores, -1) * weight).sum()


def link_loss(links, words, content_target, source_target, content_rows, source_rows):
    """Two pointers: each content word to its cue's words, each cue word to its source's.

    Targets are (batch, length, length) flags; a row without a target points to nothing.
    """
    parts = links.float().split([LINK, LINK, LINK, LINK, 2], -1)
    total = 0.0
    for query, key, null, target, rows in (
        (parts[0], parts[1], parts[4][..., :1], content_target, content_rows),
        (parts[2], parts[3], parts[4][..., 1:], source_target, source_rows),
    ):
        scores = query @ key.transpose(1, 2) / math.sqrt(LINK)
        scores = torch.cat([scores.masked_fill(~words[:, None], -1e9), null], -1)
        right = torch.cat([target, ~target.any(-1, keepdim=True)], -1)
        loss = torch.logsumexp(scores, -1) - torch.logsumexp(scores.masked_fill(~right, -1e9), -1)
        total = total + (loss * rows).sum() / rows.sum().clamp(min=1)
    return total


def to_numpy(model: nn.Module) -> dict[str, np.ndarray]:
    """Every parameter as float32."""
    return {name: value.float().numpy() for name, value in model.state_dict().items()}


def find_peaks(
    model: nn.Module, layers: Iterable[str], batches: Iterable[tuple]
) -> dict[str, np.ndarray]:
    """Return the largest input of each channel of the named linear layers over some batches.

    A batch holds what the network is called with.
    """
    peaks: dict[str, torch.Tensor] = {}

    def watch(name: str):
        def look(_module, inputs, _output):
            seen = inputs[0].abs().flatten(0, -2).max(0).values
            peaks[name] = torch.maximum(peaks[name], seen) if name in peaks else seen

        return look

    hooks = [model.get_submodule(name).register_forward_hook(watch(name)) for name in layers]
    model.eval()
    with torch.no_grad():
        for batch in batches:
            model(*batch)
    for hook in hooks:
        hook.remove()
    return {name: peak.float().numpy() for name, peak in peaks.items()}


# ------------------------------------------------------------------------- a course of training


class Course:
    """A course of training that can stop and go on: network, running average, optimiser, place.

    ``settings`` has rate, head_rate (of the parts in ``own``), warmup and average; without ``out``
    nothing is kept.
    """

    def __init__(self, model: nn.Module, settings: Any, own: Sequence[str], out: Any):
        self.model, self.settings, self.out = model, settings, out
        self.average = copy.deepcopy(model)
        groups: list[dict[str, Any]] = [
            {"params": [], "base": settings.rate},
            {"params": [], "base": settings.head_rate},
        ]
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                groups[name.split(".")[0] in own]["params"].append(parameter)
        self.clipped = [parameter for group in groups for parameter in group["params"]]
        self.optimiser = torch.optim.AdamW(
            groups, lr=settings.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
        )
        self.place: dict[str, Any] = {"step": 0, "epoch": 0, "batch": 0, "seconds": 0.0}
        if out and (out / "last.pt").exists():
            state = torch.load(out / "last.pt", weights_only=True)
            for name in KEPT:
                getattr(self, name).load_state_dict(state[name])
            torch.set_rng_state(state["random"])
            self.place = state["place"]

    def learn(self, loss: torch.Tensor, progress: float) -> None:
        """Learn from the loss of a batch; ``progress`` through it all, 0 to 1, lowers the rate."""
        scale = min((self.place["step"] + 1) / self.settings.warmup, 1) * (1 - progress)
        for group in self.optimiser.param_groups:
            group["lr"] = group["base"] * scale
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.clipped, 1.0)
        self.optimiser.step()
        self.place["step"] += 1
        decay = min(self.settings.average, (self.place["step"] + 1) / (self.place["step"] + 10))
        follow(self.average, self.model, decay)

    def save(self) -> None:
        """Write everything needed to go on; the file appears whole or not at all."""
        state = {name: getattr(self, name).state_dict() for name in KEPT}
        state |= {"random": torch.get_rng_state(), "place": self.place}
        save_whole(state, self.out / "last.pt")


def save_whole(state: object, path: Path) -> None:
    """Write what torch can save; the file appears whole or not at all."""
    torch.save(state, path.with_suffix(".new"))
    path.with_suffix(".new").rename(path)


def add_line(out: Path, line: str) -> None:
    """Add a line to the log of a run, and show it."""
    with open(out / "log.txt", "a", encoding="utf-8") as file:
        print(line, file=file)
    print(line, file=sys.stderr)


def read_arguments(
    parser: argparse.ArgumentParser, argv: list[str] | None, defaults: Any
) -> tuple[argparse.Namespace, Any, Path]:
    """Add the settings to a command; return its arguments, the settings, the published weights."""
    for name, value in asdict(defaults).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    arguments = parser.parse_args(argv)
    settings = type(defaults)(**{name: getattr(arguments, name) for name in asdict(defaults)})
    weights = arguments.weights / "model.safetensors"
    if hash_file(weights) != PRETRAINED:
        parser.error(f"{weights} is not the published all-MiniLM-L6-v2")
    return arguments, settings, weights


def read_tokenizer(folder: Path) -> Tokenizer:
    """Read the published tokeniser, which neither cuts nor pads here."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


# ------------------------------------------------------------------------------- export to ONNX


class Graph:
    """Nodes and constants of a graph in the making."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add a constant and return its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], name: str, domain: str = "", **attributes) -> str:
        """Add a node with one output and return that output's name."""
        self.nodes.append(
            helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes)
        )
        return name


def linear(
    graph: Graph,
    x: str,
    weight: np.ndarray,
    bias: np.ndarray,
    name: str,
    kind: str,
    peaks: np.ndarray | None = None,
) -> str:
    """Add ``x @ weight.T + bias``; ``weight`` is (outputs, inputs) as torch keeps it.

    ``kind`` is "float" or "dynamic" (int8 weights, inputs rounded as they come, one scale for
    all). ``peaks`` holds the largest input seen in each channel: the channels are then evened out
    before they are rounded.
    """
    bias_name = graph.constant(name + ".bias", bias)
    if kind == "float":
        product = graph.add(
            "MatMul", [x, graph.constant(name + ".weight", weight.T)], name + ".product"
        )
        return graph.add("Add", [product, bias_name], name)
    if peaks is not None:
        factor = even_out(peaks, weight)
        reciprocal = graph.constant(name + ".smooth", (1 / factor).astype(np.float32))
        x = graph.add("Mul", [x, reciprocal], name + ".smoothed")
        weight = weight * factor
    scale = np.abs(weight).max(1) / 127
    quantised = np.clip(np.rint(weight / scale[:, None]), -127, 127).astype(np.int8)
    inputs = [
        x,
        graph.constant(name + ".weight", quantised.T),
        graph.constant(name + ".scale", scale.astype(np.float32)),
        "",
        bias_name,
    ]
    return graph.add("DynamicQuantizeMatMul", inputs, name, MICROSOFT)


def even_out(peaks: np.ndarray, weight: np.ndarray, strength: float = 0.7) -> np.ndarray:
    """Return for each input channel what its weights are multiplied, its values divided by.

    A few channels are ten times as large as the rest, so that one scale for all rounds the rest
    coarsely; part of their size is moved into the weights, which have a scale for each output
    (Xiao et al. 2023, "SmoothQuant", ICML). The geometric mean of the factors is 1.
    """
    columns = np.abs(weight).max(0)
    logs = strength * np.log(np.maximum(peaks, 1e-3))
    logs -= (1 - strength) * np.log(np.maximum(columns, 1e-4))
    return np.exp(logs - logs.mean())


def write_onnx(
    state: dict[str, np.ndarray],
    path: Path,
    kind: str = "dynamic",
    peaks: Mapping[str, np.ndarray] = MappingProxyType({}),
    gelu: str = "FastGelu",
) -> None:
    """Write the network with its linear layers as ``kind``, float or dynamic.

    ``peaks`` holds the largest input of each channel of the layers to be evened out, by name.
    """
    graph = Graph()

    def dense(x: str, weight: str, name: str) -> str:
        parts = state[weight + ".weight"], state[weight + ".bias"]
        return linear(graph, x, *parts, name, kind, peaks.get(weight))

    table = state["word.weight"]
    if kind == "float":
        words = graph.add("Gather", [graph.constant("words", table), "ids"], "word")
    else:
        scale = np.abs(table).max(1, keepdims=True) / 127
        quantised = np.rint(table / np.maximum(scale, 1e-12)).astype(np.int8)
        rows = graph.add("Gather", [graph.constant("words", quantised), "ids"], "word.rows")
        factor = graph.constant("words.scale", scale.astype(np.float32))
        scales = graph.add("Gather", [factor, "ids"], "word.scales")
        whole = graph.add("Cast", [rows], "word.cast", to=TensorProto.FLOAT)
        words = graph.add("Mul", [whole, scales], "word")
    # the three small tables as one: shape and quotation state are one index
    shapes, quoted = state["shape.weight"], state["quoted.weight"]
    marks = (shapes[:, None] + quoted[None]).reshape(-1, HIDDEN)
    looks = graph.add("Gather", [graph.constant("looks", marks), "look"], "look.rows")
    length = graph.add("Shape", ["ids"], "length", start=1, end=2)
    places = graph.add(
        "Slice",
        [
            graph.constant("positions", state["position.weight"][: WINDOW + MARGIN]),
            graph.constant("zero", np.zeros(1, np.int64)),
            length,
            graph.constant("axis", np.zeros(1, np.int64)),
        ],
        "place",
    )
    x = graph.add("Add", [words, looks], "sum")
    x = graph.add("Add", [x, places], "sum2")
    x = graph.add(
        "LayerNormalization",
        [
            x,
            graph.constant("norm.w", state["norm.weight"]),
            graph.constant("norm.b", state["norm.bias"]),
        ],
        "embedded",
        axis=-1,
        epsilon=EPSILON,
    )
    for number in range(LAYERS):
        x = add_layer(graph, x, state, f"layers.{number}.", f"layer{number}.", dense, gelu)
    weight = np.concatenate([state[f"{head}.weight"] for head in ("tags", "names", "links")])
    bias = np.concatenate([state[f"{head}.bias"] for head in ("tags", "names", "links")])
    linear(graph, x, weight, bias, "scores", "float")
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "length"]),
        helper.make_tensor_value_info("look", TensorProto.INT64, ["batch", "length"]),
    ]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", "length", width])
        for name, width in (("scores", len(bias)), (STATES, HIDDEN))
    ]
    write_graph(graph, "reader", inputs, outputs, path)


def write_graph(graph: Graph, name: str, inputs: list, outputs: list, path: Path) -> None:
    """Write a graph with its inputs and outputs (value infos) to an ONNX file."""
    model = helper.make_model(
        helper.make_graph(graph.nodes, name, inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)],
        ir_version=9,
    )
    onnx.save(model, path)


def add_layer(
    graph: Graph,
    x: str,
    state: dict[str, np.ndarray],
    layer: str,
    name: str,
    dense: Callable[[str, str, str], str],
    gelu: str = "FastGelu",
    asker: str = "",
) -> str:
    """Add one transformer layer over ``x`` and return the name of its output.

    ``layer`` begins the names of its weights in ``state``, ``name`` those of its nodes;
    ``dense(x, weight, name)`` adds a linear map. With ``asker`` the layer is read only for the
    states of that name, which ask ``x``; its first weights then come as "query" and "sides".
    """
    sides = [name + side for side in ("query", "key", "value")]
    if asker:
        dense(asker, layer + "query", sides[0])
        split = dense(x, layer + "sides", name + "sides"), sides[1:]
        x = asker
    else:
        split = dense(x, layer + "qkv", name + "qkv"), sides
    graph.nodes.append(helper.make_node("Split", [split[0]], split[1], name + "split", axis=-1))
    attended = graph.add("MultiHeadAttention", sides, name + "attended", MICROSOFT, num_heads=HEADS)
    out = dense(attended, layer + "out", name + "out")
    x = _norm(graph, out, x, state, layer + "norm1", name + "norm1")
    up = graph.add(gelu, [dense(x, layer + "up", name + "up")], name + "gelu", MICROSOFT)
    down = dense(up, layer + "down", name + "down")
    return _norm(graph, down, x, state, layer + "norm2", name + "norm2")


def _norm(graph: Graph, x: str, residual: str, state: dict, weight: str, name: str) -> str:
    whole = graph.add("Add", [x, residual], name + ".sum")
    inputs = [
        whole,
        graph.constant(name + ".w", state[weight + ".weight"]),
        graph.constant(name + ".b", state[weight + ".bias"]),
    ]
    return graph.add("LayerNormalization", inputs, name, axis=-1, epsilon=EPSILON)
