"""Training of the quick judge, a small network that settles the plain cases of tone toward targets.

``python -m helpers train quick --sentences train.jsonl.gz --texts texts.jsonl --names names.jsonl
--out DIR`` needs the ``train`` extra and the finished model of tone. It learns to say what that
model says of names in sentences, whether people judged them or not, and is then asked first: where
it is sure, the model itself is not run. How far the two then agree is measured on texts held out
from its training. The corpora are the user's own files, only read.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import math
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from onnx import TensorProto, helper
from torch import nn
from torch.nn import functional

from helpers import export, mentions, network, targetmodel
from helpers.encoder import MODELS, Encoder
from helpers.export import EPSILON, HIDDEN, Graph
from helpers.schema import POLARITIES
from helpers.targetmodel import FAR, TargetModel
from helpers.train_targets import (
    NAMED,
    Sentence,
    add_line,
    keep_states,
    read_targets,
    read_unjudged,
)

ALL = 10**9
HELD = 20  # one in so many texts is held out
# From which probability its word stands, for negative, neutral, positive; chosen on dev, where the
# surest seven of ten targets must stay as right as by the model alone.
SURE = (0.8, 0.6, 0.8)


@dataclass
class Settings:
    """Everything that decides what a run does; written into the model's card."""

    epochs: int = 6
    width: int = 96
    heads: int = 6
    inner: int = 128
    rate: float = 2e-3
    dropout: float = 0.1
    masked: float = 0.05
    batch: int = 64
    average: float = 0.998
    seed: int = 0
    threads: int = 1


class Case(NamedTuple):
    """A sentence with its targets: states, marks (targets, words), what the model says of them."""

    states: torch.Tensor
    marks: torch.Tensor
    shares: torch.Tensor


class QuickNetwork(nn.Module):
    """One look from the words of a target at all words of its sentence, and a small head.

    The words are read once for all targets of a sentence; a target asks them by what it is itself
    and by how far they stand from it.
    """

    def __init__(self, settings: Settings):
        super().__init__()
        width, self.heads = settings.width, settings.heads
        self.norm = nn.LayerNorm(HIDDEN, EPSILON)
        self.words = nn.Linear(HIDDEN, width)
        self.key = nn.Linear(width, width)
        self.query = nn.Linear(width, width)
        self.near = nn.Parameter(torch.zeros(2 * FAR + 1, settings.heads))
        self.own = nn.Linear(2 * width, settings.inner)
        self.whole = nn.Linear(2 * width, settings.inner, bias=False)
        self.out = nn.Linear(settings.inner, len(POLARITIES))
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, states, lengths, which, marks, distances):
        """Return logits (targets, 3).

        ``states`` (sentences, words, 384) of ``lengths`` words; ``which`` sentence each target
        stands in; ``marks`` and ``distances`` (targets, words).
        """
        there = torch.arange(states.shape[1]) < lengths[:, None]
        words = self.words(self.dropout(self.norm(states)))
        words = functional.gelu(words, approximate="tanh")
        mean = (words * there[..., None]).sum(1) / lengths[:, None]
        most = words.masked_fill(~there[..., None], -9).amax(1)
        own = words[which]
        target = (own * marks[..., None]).sum(1) / marks.sum(1, keepdim=True)
        parts = (-1, self.heads, words.shape[-1] // self.heads)
        query = self.query(target).view(parts)
        key = self.key(words)[which].unflatten(-1, parts[1:])
        scores = torch.einsum("tnd,twnd->tnw", query, key) / math.sqrt(parts[-1])
        scores = scores + self.near[distances].transpose(1, 2)
        attention = scores.masked_fill(~there[which][:, None], -1e9).softmax(-1)
        seen = torch.einsum("tnw,twnd->tnd", attention, own.unflatten(-1, parts[1:])).flatten(1)
        inner = self.own(self.dropout(torch.cat([target, seen], -1)))
        inner = inner + self.whole(self.dropout(torch.cat([mean, most], -1)))[which]
        return self.out(self.dropout(functional.gelu(inner, approximate="tanh")))


def read_named(path: Path) -> Iterable[tuple[str, list[tuple[int, int]], list[int]]]:
    """Yield the judged sentences with all names in them as targets, judged or not."""
    judged = list(read_targets(path))
    texts = pd.DataFrame({"text": [text for text, _, _ in judged]})
    texts = texts.assign(article_id=[str(number) for number in range(len(judged))])
    found: dict[str, list[tuple[int, int]]] = {}
    named = mentions.find_mentions(texts)
    named = named[named["label"].isin(NAMED)]
    for row in named[["article_id", "start", "end"]].itertuples(index=False):
        found.setdefault(row.article_id, []).append((row.start, row.end))
    for number, (text, spans, polarities) in enumerate(judged):
        more = [
            (low, high)
            for low, high in found.get(str(number), [])
            if not any(low < end and high > start for start, end in spans)
        ]
        yield text, spans + more, polarities + [-1] * len(more)


def make_cases(model: TargetModel, sentences: list[Sentence]) -> list[Case]:
    """Return the sentences with the probabilities that the model gives their targets."""
    cases = []
    for one in sentences:
        logits = model.run(one.states.numpy(), one.marks.numpy())
        shares = torch.from_numpy(model.calibrate(logits)).float()
        cases.append(Case(one.states, one.marks, shares))
    return cases


def make_batches(
    cases: list[Case], sentences: int, rng: random.Random | None = None
) -> list[list[int]]:
    """Group the places of sentences of similar length; shuffled by ``rng``."""
    jitter = (lambda: rng.uniform(0, 6)) if rng else (lambda: 0)
    order = sorted(range(len(cases)), key=lambda place: len(cases[place].states) + jitter())
    groups = [order[first : first + sentences] for first in range(0, len(order), sentences)]
    if rng:
        rng.shuffle(groups)
    return groups


def collate(cases: list[Case]) -> tuple[torch.Tensor, ...]:
    """Return states, lengths, which, marks and distances of a padded batch, and its shares."""
    lengths = torch.tensor([len(case.states) for case in cases])
    longest = int(lengths.max())
    states = torch.zeros(len(cases), longest, HIDDEN)
    which, marks, distances = [], [], []
    for place, case in enumerate(cases):
        length = len(case.states)
        states[place, :length] = case.states
        which += [place] * len(case.marks)
        padding = (0, longest - length)
        marks.append(functional.pad(case.marks, padding))
        far = torch.from_numpy(targetmodel.measure_distances(case.marks.numpy()))
        distances.append(functional.pad(far, padding))
    shares = torch.cat([case.shares for case in cases])
    return states, lengths, torch.tensor(which), torch.cat(marks), torch.cat(distances), shares


def train(
    cases: list[Case], held: list[Case], settings: Settings, log: Callable[[str], None]
) -> QuickNetwork:
    """Train on cases; return the running average of the network."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    rng = random.Random(settings.seed)
    model = QuickNetwork(settings)
    average = copy.deepcopy(model)
    optimiser = torch.optim.AdamW(model.parameters(), settings.rate, weight_decay=0.05)
    steps = settings.epochs * -(-len(cases) // settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.rate, total_steps=steps + 1, pct_start=0.1
    )
    step, begun = 0, time.monotonic()
    for epoch in range(settings.epochs):
        model.train()
        for group in make_batches(cases, settings.batch, rng):
            states, *inputs, shares = collate([cases[place] for place in group])
            states *= torch.rand(states.shape[:2])[..., None] >= settings.masked
            loss = functional.cross_entropy(model(states, *inputs), shares)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            step += 1
            network.follow(average, model, min(settings.average, (step + 1) / (step + 10)))
        minutes = (time.monotonic() - begun) / 60
        measured = measure_agreement(*predict(average, held))
        log(f"epoch {epoch + 1} minutes {minutes:.1f} {json.dumps(measured)}")
    return average


def predict(model: QuickNetwork, cases: list[Case]) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares (targets, 3) that the network gives and those it was to learn."""
    model.eval()
    found, learnt = [], []
    with torch.no_grad():
        for group in make_batches(cases, 128):
            *inputs, shares = collate([cases[place] for place in group])
            found.append(model(*inputs).softmax(-1).numpy())
            learnt.append(shares.numpy())
    return np.concatenate(found), np.concatenate(learnt)


def measure_agreement(found: np.ndarray, learnt: np.ndarray) -> dict[str, float]:
    """Return which part of the targets agree with the model, are settled, and agree where settled.

    Both are shares (targets, 3), of the network and of the model; NaN where nothing is settled.
    """
    same = found.argmax(1) == learnt.argmax(1)
    settled = targetmodel.is_sure(found, SURE)
    measured = {
        "agreement": same.mean(),
        "settled": settled.mean(),
        "agreement_where_settled": same[settled].mean() if settled.any() else np.nan,
    }
    return {name: round(float(value), 4) for name, value in measured.items()}


def write_model(model: QuickNetwork, path: Path) -> None:
    """Write the network as ONNX, for the targets of one sentence; weights are kept in half."""
    state = {name: value.float().numpy() for name, value in model.state_dict().items()}
    graph, heads = Graph(), model.heads
    width = state["key.weight"].shape[0]

    def half(name: str, value: np.ndarray) -> str:
        kept = graph.constant(name + ".half", value.astype(np.float16))
        return graph.add("Cast", [kept], name, to=TensorProto.FLOAT)

    def dense(x: str, name: str) -> str:
        product = graph.add("MatMul", [x, half(name, state[name + ".weight"].T)], name + ".product")
        if name + ".bias" not in state:
            return product
        return graph.add(
            "Add", [product, half(name + ".add", state[name + ".bias"])], name + ".sum"
        )

    def by_head(x: str, name: str, order: list[int]) -> str:
        shape = graph.constant(name + ".shape", np.array([-1, heads, width // heads]))
        split = graph.add("Reshape", [x, shape], name + ".split")
        return graph.add("Transpose", [split], name + ".heads", perm=order)

    norm = [half("norm.w", state["norm.weight"]), half("norm.b", state["norm.bias"])]
    x = graph.add("LayerNormalization", ["states", *norm], "normed", axis=-1, epsilon=EPSILON)
    words = graph.add("FastGelu", [dense(x, "words")], "read", export.MICROSOFT)
    last = graph.constant("last", np.array([1]))
    count = graph.add("ReduceSum", ["marks", last], "count", keepdims=1)
    target = graph.add("Div", [graph.add("MatMul", ["marks", words], "total"), count], "target")
    query = by_head(dense(target, "query"), "query", [1, 0, 2])
    key = by_head(dense(words, "key"), "key", [1, 2, 0])
    scale = graph.constant("scale", np.array(1 / math.sqrt(width // heads), np.float32))
    scores = graph.add("Mul", [graph.add("MatMul", [query, key], "asked"), scale], "scaled")
    near = graph.add("Gather", [half("near", state["near"]), "distances"], "near.rows")
    near = graph.add("Transpose", [near], "near.heads", perm=[2, 0, 1])
    attention = graph.add(
        "Softmax", [graph.add("Add", [scores, near], "scores")], "attention", axis=-1
    )
    seen = graph.add("MatMul", [attention, by_head(words, "value", [1, 0, 2])], "seen.heads")
    seen = graph.add("Transpose", [seen], "seen.split", perm=[1, 0, 2])
    seen = graph.add("Reshape", [seen, graph.constant("flat", np.array([-1, width]))], "seen")
    mean = graph.add("ReduceMean", [words], "mean", axes=[0], keepdims=1)
    most = graph.add("ReduceMax", [words], "most", axes=[0], keepdims=1)
    own = dense(graph.add("Concat", [target, seen], "about.target", axis=-1), "own")
    whole = dense(graph.add("Concat", [mean, most], "about.all", axis=-1), "whole")
    inner = graph.add(
        "FastGelu", [graph.add("Add", [own, whole], "both")], "inner", export.MICROSOFT
    )
    logits = dense(inner, "out")
    graph.add("Softmax", [logits], "shares", axis=-1)
    inputs = [
        helper.make_tensor_value_info("states", TensorProto.FLOAT, ["length", HIDDEN]),
        helper.make_tensor_value_info("marks", TensorProto.FLOAT, ["targets", "length"]),
        helper.make_tensor_value_info("distances", TensorProto.INT64, ["targets", "length"]),
    ]
    output = helper.make_tensor_value_info(
        "shares", TensorProto.FLOAT, ["targets", len(POLARITIES)]
    )
    export.write_graph(graph, "quick", inputs, [output], path)


def publish(model: QuickNetwork, folder: Path, card: dict) -> dict:
    """Write the quick judge beside the model of tone in ``folder`` and seal it there."""
    write_model(model, folder / targetmodel.QUICK)
    settings = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    seal = hashlib.sha256((folder / targetmodel.QUICK).read_bytes()).hexdigest()
    settings["sha256"][targetmodel.QUICK] = seal
    settings["quick"] = {"sure": SURE, "card": card}
    written = json.dumps(settings, indent=1) + "\n"
    (folder / "model.json").write_text(written, encoding="utf-8")
    return settings["quick"]


def main(argv: list[str] | None = None) -> int:
    """Train the quick judge of tone toward a target and write it beside the finished model."""
    parser = argparse.ArgumentParser(prog="helpers train quick", description=main.__doc__)
    add = parser.add_argument
    add("--sentences", type=Path, required=True, help="JSON lines as NewsMTSC publishes them")
    add("--texts", type=Path, required=True, help="JSON lines, id and text")
    add("--names", type=Path, required=True, help="JSON lines, id and spans of those texts")
    add("--reader", type=Path, default=MODELS / "reader", help="folder of the reader's model")
    add("--model", type=Path, default=MODELS / "tone", help="folder of the model of tone")
    add("--out", type=Path, required=True, help="states and log")
    for name, value in asdict(Settings()).items():
        add(f"--{name}", type=type(value), default=value)
    given = parser.parse_args(argv)
    settings = Settings(**{name: getattr(given, name) for name in asdict(Settings())})
    given.out.mkdir(parents=True, exist_ok=True)
    reader = Encoder(given.reader)
    model = TargetModel(given.model, reader)
    texts = list(read_unjudged(given.texts, given.names, ALL, settings.seed))
    parts = {"held": texts[::HELD], "texts": [row for n, row in enumerate(texts) if n % HELD]}
    parts["judged"] = list(read_named(given.sentences))
    cases = {
        name: make_cases(model, keep_states(reader, rows, given.out, f"quick-{name}"))
        for name, rows in parts.items()
    }
    log = partial(add_line, given.out / "log.txt")
    learnt = cases["texts"] + cases["judged"]
    targets = {"learnt": sum(len(case.marks) for case in learnt)}
    targets["held_out"] = sum(len(case.marks) for case in cases["held"])
    found = train(learnt, cases["held"], settings, log)
    card = {"settings": asdict(settings), "targets": targets, "trained": time.strftime("%Y-%m-%d")}
    card["held_out"] = measure_agreement(*predict(found, cases["held"]))
    log(json.dumps(publish(found, given.model, card)))
    return 0
