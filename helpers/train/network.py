"""The network in torch, for training only: encoder, heads, losses, and its export to ONNX."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import nn
from torch.nn import functional

from helpers.model.encoder import LINK, LINKS, NAME_TAGS, SHAPES, TAGS

HIDDEN, HEADS, LAYERS, INNER, POSITIONS, EPSILON = 384, 12, 6, 1536, 512, 1e-12


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


def to_numpy(model: Reader) -> dict[str, np.ndarray]:
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
