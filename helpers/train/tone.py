"""Training of the model of tone toward a target: layers on top of the reader's states.

``python -m helpers train targets --sentences train.jsonl.gz --dev rw=rw_dev.jsonl … --out DIR``
needs the ``train`` extra. The lower layers are the reader's and stay as they are, so their states
are computed once, by the very file that ships, and kept in DIR. With ``--press`` the model learns
from statements of the press as well: how their targets are spoken of, and which names are only
mentioned; with ``--before`` it goes on from a model made before and learns from what that says
of the judged sentences, so as not to forget. The corpora are the user's own files, only read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from helpers.annotate import mentions
from helpers.model import target_model
from helpers.model.encoder import MODELS, Encoder
from helpers.model.target_model import MENTIONED
from helpers.store.schema import POLARITIES
from helpers.study.corpora import read_lines
from helpers.text.article import Article
from helpers.train import contrasts, network, tuning
from helpers.train.network import HIDDEN

CODES = {2.0: 0, 4.0: 1, 6.0: 2}
ANSWERS = MENTIONED + 1
HALF = 0.5  # the weight of who is only mentioned
KEPT = 0.9  # of the targets held out, how many are kept when those only mentioned are dropped
FIFTH = 5
BATCH_STEP, PEAK_STEP = 8, 16
OWN = ("out", "anchor")


@dataclass
class ToneSettings:
    """Everything that decides what a run does; written into its checkpoints and its card.

    ``taught``: the weight of the model made before, beside what was judged. ``contrasts``: how
    many sentences of each construction of ``contrasts``.
    """

    epochs: int = 4
    layers: int = 2
    rate: float = 1.5e-4
    head_rate: float = 1e-3
    dropout: float = 0.1
    layer_dropout: float = 0.0
    masked: float = 0.05
    taught: float = 0.6
    contrasts: int = 30
    tokens: int = 512
    warmup: int = 100
    average: float = 0.997
    seed: int = 1
    threads: int = 1


class Row(NamedTuple):
    """A text, its targets' spans, and their places in POLARITIES or MENTIONED.

    ``weights``: how much each counts; ``press``: whether who is only mentioned was coded too.
    """

    text: str
    spans: list[tuple[int, int]]
    polarities: list[int]
    weights: list[float]
    press: bool = False


@dataclass(frozen=True)
class Sentence:
    """A sentence with targets: ``states`` (words, 384) are the reader's.

    ``marks`` (targets, words) are 1 on the words of each target; the others are as in ``Row``.
    """

    states: torch.Tensor
    marks: torch.Tensor
    polarities: torch.Tensor
    weights: torch.Tensor
    press: bool = False


class Case(NamedTuple):
    """A sentence to learn from, and what is to be answered for each target (targets, 4)."""

    sentence: Sentence
    shares: np.ndarray


class TargetNetwork(nn.Module):
    """The model in torch: layers over an anchor and the words, a last one that each target asks.

    All layers but the last read a sentence once, whatever its targets; in the last the mean of a
    target's words asks the sentence, and nothing else does.
    """

    def __init__(self, layers: int, dropout: float = 0.0, layer_dropout: float = 0.0):
        super().__init__()
        self.anchor = nn.Parameter(torch.randn(HIDDEN) * 0.1)
        self.layers = nn.ModuleList(network.Layer() for _ in range(layers))
        self.dropout, self.layer_dropout = nn.Dropout(dropout), nn.Dropout(layer_dropout)
        self.out = nn.Linear(2 * HIDDEN, ANSWERS)

    def forward(self, states, lengths, which, marks):
        """Return logits (targets, 4).

        ``states`` (sentences, words, 384) of ``lengths`` words; ``which`` sentence each target
        stands in; ``marks`` (targets, words).
        """
        rows, length, _ = states.shape
        x = self.dropout(torch.cat([self.anchor.expand(rows, 1, HIDDEN), states], 1))
        there = torch.arange(length) < lengths[:, None]
        mask = torch.zeros(rows, 1, 1, length + 1)
        mask[..., 1:].masked_fill_(~there[:, None, None], -1e9)
        if torch.is_autocast_enabled("cpu"):
            x, mask = x.bfloat16(), mask.bfloat16()
        *below, last = self.layers
        for layer in below:
            x = self.layer_dropout(layer(x, mask))
        words = x[:, 1:].float()
        target = (words[which] * marks[..., None]).sum(1) / marks.sum(1, keepdim=True).clamp(min=1)
        whole = (words * there[..., None]).sum(1) / lengths[:, None]
        asked = last.ask(target.to(x.dtype), which, x, mask).float()
        return self.out(self.dropout(torch.cat([asked, whole[which]], -1)))


def read_targets(path: Path) -> Iterator[Row]:
    """Yield each sentence of NewsMTSC's JSON lines, gzipped or not, with its judged targets."""
    for row in read_lines(path):
        spans = [(target["from"], target["to"]) for target in row["targets"]]
        polarities = [CODES[float(target["polarity"])] for target in row["targets"]]
        yield Row(row["sentence_normalized"], spans, polarities, [1.0] * len(spans))


def read_contrasts(part: str, each: int) -> Iterator[Row]:
    """Yield made sentences, see ``contrasts``."""
    for text, spans, polarities in contrasts.make_contrasts(part, each):
        yield Row(text, spans, polarities, [1.0] * len(spans))


def read_press(files: Iterable[Path], texts: Iterable[Path]) -> Iterator[tuple[str, Row]]:
    """Yield the outlet and the judged names of each article whose statements were coded.

    ``files`` are as ``gold/wide`` and ``gold/world``; texts they lack are joined by id. Outlets of
    ``data/models/held_out.csv`` are left out.
    """
    known = {row["id"]: row["text"] for path in texts for row in read_lines(path)}
    held_out = tuning.held_out()
    for row in chain.from_iterable(map(read_lines, files)):
        text = row.get("text") or known.get(row["id"])
        if text and row["outlet"] not in held_out:
            judged = find_judged(text, row.get("statements") or row["attributions"])
            spans, answers, weights = map(list, zip(*judged, strict=True)) if judged else ([],) * 3
            yield row["outlet"], Row(text, spans, answers, weights, True)


def find_judged(text: str, statements: list[dict]) -> list[tuple[tuple[int, int], int, float]]:
    """Return span, answer and weight of the targets in what is said, and of who is only named.

    A name is only mentioned where no statement that holds it has it for a target or a speaker.
    """
    names = [(name.start, name.end) for name in mentions.find_mentions_in(Article(text))]
    judged: dict[tuple[int, int], tuple[int, float]] = {}
    mentioned, speakers = set(), set()
    for one in statements:
        inside = [
            name for name in names if any(a <= name[0] and name[1] <= b for a, b in one["content"])
        ]
        for target in one["targets"]:
            words = _words(target["entity"])
            mention = tuple(target["mention"]) if "mention" in target else (0, 0)
            named = [n for n in inside if words & _words(text[slice(*n)]) or overlap(n, mention)]
            weight = 2.0 if target.get("role") in ("suffers", "defended") else 1.0
            answer = POLARITIES.index(target["polarity"]), weight
            judged |= dict.fromkeys(named or [mention], answer)
        speaker = _words(one.get("speaker") or "")
        speakers |= {name for name in inside if speaker & _words(text[slice(*name)])}
        if one.get("statement", True):
            mentioned |= set(inside)
    judged.pop((0, 0), None)
    others = dict.fromkeys(mentioned - speakers - judged.keys(), (MENTIONED, HALF))
    return [(span, *answer) for span, answer in sorted((judged | others).items())]


def overlap(one: Sequence[int], other: Sequence[int]) -> bool:
    """Tell whether two spans share a character."""
    return one[0] < other[1] and one[1] > other[0]


def _words(name: str) -> set[str]:
    """Return how the words of a name begin, and their initials: two names of one share some."""
    words = re.findall(r"[^\W\d_a-z]\w+", name)
    initials = "".join(word[0] for word in words) if len(words) > 1 else re.sub(r"\W", "", name)
    return {word[:4].lower() for word in [*words, initials]} - {""}


def read_states(reader: Encoder, rows: Iterable[Row], name: str = "") -> Iterator[Sentence]:
    """Yield each context of targets with its states, as the run-time reading gives them."""
    for row in tqdm(rows, desc=f"states {name}", mininterval=10):
        article = Article(row.text)
        words = reader.states(article)
        held: dict[tuple[int, int], list] = {}
        contexts = target_model.find_contexts(article, words, row.spans)
        for span, *answer, context in zip(
            row.spans, row.polarities, row.weights, contexts, strict=True
        ):
            marks = target_model.mark(words, *context, *span)
            if marks.any():
                held.setdefault(context, []).append((marks, *answer))
        for (first, last), targets in held.items():
            marks, polarities, weights = zip(*targets, strict=True)
            yield Sentence(
                torch.from_numpy(words.vectors[first:last].copy()),
                torch.from_numpy(np.stack(marks)),
                torch.tensor(polarities),
                torch.tensor(weights),
                row.press,
            )


def keep_states(reader: Encoder, rows: Iterable[Row], folder: Path, name: str) -> list[Sentence]:
    """Return the sentences of a corpus, from ``folder`` when they were read before by this reader.

    They are kept under the hash of the texts, the targets and the reader's file.
    """
    rows = list(rows)
    seal = hashlib.sha256(json.dumps(rows).encode())
    seal.update(reader.card["sha256"]["model.onnx"].encode())
    kept = folder / f"{name}-{seal.hexdigest()[:16]}.pt"
    if not kept.exists():
        found = [tuple(vars(one).values()) for one in read_states(reader, rows, name)]
        network.save_whole(found, kept)
    return [Sentence(*row) for row in torch.load(kept, weights_only=True)]


def make_cases(
    sentences: list[Sentence],
    teacher: target_model.TargetModel | None = None,
    taught: float = 0.0,
) -> list[Case]:
    """Return the sentences with the shares to learn for each target.

    What was judged counts 1 - ``taught`` beside what ``teacher``, a model made before, says.
    """
    cases = []
    for sentence in sentences:
        shares = np.eye(ANSWERS, dtype=np.float32)[sentence.polarities.numpy()]
        if teacher:
            logits = teacher.run(sentence.states.numpy(), sentence.marks.numpy())
            said = teacher.calibrate(logits)[:, :MENTIONED]
            shares *= 1 - taught
            shares[:, :MENTIONED] += taught * said / said.sum(1, keepdims=True)
        cases.append(Case(sentence, shares))
    return cases


def make_batches(
    cases: list[Case], tokens: int, rng: random.Random | None = None
) -> list[list[Case]]:
    """Group sentences of similar length, at most ``tokens`` words a batch."""
    lengths = [len(case.sentence.states) for case in cases]
    groups = network.group_lengths(lengths, tokens, rng)
    return [[cases[place] for place in group] for group in groups]


def collate(cases: list[Case]) -> tuple[torch.Tensor, ...]:
    """Return states, lengths, which and marks of a padded batch; its cases' shares, weights, press.

    ``press`` (targets) says for which of them being only mentioned is an answer.
    """
    lengths = torch.tensor([len(case.sentence.states) for case in cases])
    longest = -(-int(lengths.max()) // BATCH_STEP) * BATCH_STEP
    states = torch.zeros(len(cases), longest, HIDDEN)
    which, marks = [], []
    for row, (sentence, _) in enumerate(cases):
        length = len(sentence.states)
        states[row, :length] = sentence.states
        which += [row] * len(sentence.marks)
        marks.append(functional.pad(sentence.marks, (0, longest - length)))
    shares = torch.from_numpy(np.concatenate([case.shares for case in cases])).float()
    weights = torch.cat([case.sentence.weights for case in cases])
    press = torch.tensor([case.sentence.press for case in cases])[which]
    return states, lengths, torch.tensor(which), torch.cat(marks), shares, weights, press


def begin(
    settings: ToneSettings, weights: Path, out: Path, before: Path | None = None
) -> network.Course:
    """Begin the course of training, with a model made ``before``, or go on from ``out/last.pt``."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    model = TargetNetwork(settings.layers, settings.dropout, settings.layer_dropout)
    if before:
        load_before(model, before)
    else:
        load_upper_layers(model, weights)
    course = network.Course(model, settings, OWN, out)
    course.clipped = list(model.parameters())
    return course


def batch_loss(model: TargetNetwork, cases: list[Case], masked: float) -> torch.Tensor:
    """Return the loss of one batch, a share ``masked`` of its words hidden."""
    states, *inputs, shares, weights, press = collate(cases)
    states *= torch.rand(states.shape[:2])[..., None] >= masked
    with network.mixed():
        logits = model(states, *inputs).float()
    logits[:, MENTIONED].masked_fill_(~press, -1e4)
    losses = functional.cross_entropy(logits, shares, reduction="none")
    return (losses * weights).sum() / weights.sum()


def load_upper_layers(model: TargetNetwork, weights: Path) -> None:
    """Begin with the last layers of the published encoder."""
    encoder = network.Reader()
    network.load_pretrained(encoder, weights)
    for layer, trained in zip(model.layers, encoder.layers[-len(model.layers) :], strict=True):
        layer.load_state_dict(trained.state_dict())


def load_before(model: TargetNetwork, folder: Path) -> None:
    """Begin with the layers of a model made before, as they are rounded in its file."""
    graph = onnx.load(folder / "model.onnx").graph
    held = {one.name: numpy_helper.to_array(one).astype(np.float32) for one in graph.initializer}
    state = {name: value.clone() for name, value in model.state_dict().items()}

    def keep(name: str, weight: np.ndarray, bias: np.ndarray) -> None:
        state[f"{name}.weight"][: len(weight)] = torch.from_numpy(weight)
        state[f"{name}.bias"][: len(bias)] = torch.from_numpy(bias)

    def dense(name: str) -> tuple[np.ndarray, np.ndarray]:
        weight = held[f"{name}.weight"].T * held.get(f"{name}.scale", np.ones(1))[:, None]
        return weight * held.get(f"{name}.smooth", 1), held[f"{name}.bias"]

    state["anchor"] = torch.from_numpy(held["anchor"][0, 0])
    keep("out", *dense("logits"))
    for number in range(len(model.layers)):
        name = f"layer{number}."
        sides = ["qkv"] if f"{name}qkv.weight" in held else ["query", "sides"]
        stacked = zip(*(dense(name + side) for side in sides), strict=True)
        keep(f"layers.{number}.qkv", *map(np.concatenate, stacked))
        for part in ("out", "up", "down"):
            keep(f"layers.{number}.{part}", *dense(name + part))
        for part in ("norm1", "norm2"):
            keep(f"layers.{number}.{part}", held[f"{name}{part}.w"], held[f"{name}{part}.b"])
    model.load_state_dict(state)


def take_mean(folders: Sequence[Path], layers: int) -> TargetNetwork:
    """Return the network whose weights are the mean of those of models made before."""
    model, other = TargetNetwork(layers), TargetNetwork(layers)
    states = []
    for folder in folders:
        load_before(other, folder)
        states.append({name: value.clone() for name, value in other.state_dict().items()})
    mean = {name: torch.stack([one[name] for one in states]).mean(0) for name in states[0]}
    model.load_state_dict(mean)
    return model


def train(
    cases: list[Case],
    dev: dict[str, list[Sentence]],
    settings: ToneSettings,
    weights: Path,
    out: Path,
    before: Path | None = None,
) -> TargetNetwork:
    """Train, or go on from ``out/last.pt``; return the running average of the network."""
    run = begin(settings, weights, out, before)
    for epoch in range(run.place["epoch"], settings.epochs):
        rng = random.Random(f"{settings.seed} {epoch}")
        batches = make_batches(cases, settings.tokens, rng)
        run.model.train()
        losses, begun = 0.0, time.monotonic()
        for number, batch in enumerate(tqdm(batches, desc=f"epoch {epoch + 1}")):
            loss = batch_loss(run.model, batch, settings.masked)
            run.learn(loss, (epoch + number / len(batches)) / settings.epochs)
            losses += loss.item()
        run.place["epoch"] = epoch + 1
        run.place["seconds"] += time.monotonic() - begun
        run.save()
        scores = {
            name: tuning.measure(*only_judged(*predict(run.average, some)))
            for name, some in dev.items()
        }
        minutes = run.place["seconds"] / 60
        told = f"epoch {epoch + 1} loss {losses / len(batches):.4f} minutes {minutes:.1f}"
        network.add_line(out, f"{told} {json.dumps(scores)}")
    return run.average


def predict(model: TargetNetwork, sentences: list[Sentence]) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits (targets, 4) of the network in torch, and the answers."""
    model.eval()
    logits, polarities = [], []
    with torch.no_grad(), network.mixed():
        for batch in make_batches(make_cases(sentences), 4096):
            *inputs, shares, _, _ = collate(batch)
            logits.append(model(*inputs).float().numpy())
            polarities.append(shares.argmax(1).numpy())
    return np.concatenate(logits), np.concatenate(polarities)


def only_judged(logits: np.ndarray, gold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return logits of the polarities, and the polarity, of those that are targets."""
    target = gold != MENTIONED
    return logits[target, :MENTIONED], gold[target]


def write_model(model: TargetNetwork, path: Path, sentences: list[Sentence]) -> None:
    """Write the network as int8 ONNX: states and marks of one sentence to its targets' logits.

    ``sentences`` show how large the values inside become; they are evened out before rounding.
    """
    uneven = [f"layers.{n}.{part}" for n in range(len(model.layers)) for part in ("up", "down")]
    batches = (collate(batch)[:4] for batch in make_batches(make_cases(sentences), 1024))
    peaks = network.find_peaks(model, uneven, batches)
    state = network.to_numpy(model)
    graph = network.Graph()

    def dense(x: str, weight: str, name: str) -> str:
        parts = state[weight + ".weight"], state[weight + ".bias"]
        return network.linear(graph, x, *parts, name, "dynamic", peaks.get(weight))

    number = len(model.layers) - 1
    last = f"layers.{number}."
    for part in ("weight", "bias"):
        stacked = state[f"{last}qkv.{part}"]
        state[f"{last}query.{part}"] = stacked[:HIDDEN]
        state[f"{last}sides.{part}"] = stacked[HIDDEN:]

    axis = graph.constant("axis", np.ones(1, np.int64))
    anchor = graph.constant("anchor", state["anchor"][None, None])
    x = graph.add("Concat", [anchor, "states"], "anchored", axis=1)
    for place in range(number):
        x = network.add_layer(graph, x, state, f"layers.{place}.", f"layer{place}.", dense)
    end = graph.constant("end", np.array([np.iinfo(np.int64).max]))
    words = graph.add("Slice", [x, axis, end, axis], "words")
    total = graph.add("MatMul", ["marks", words], "total")
    count = graph.add("ReduceSum", ["marks", axis], "count", keepdims=1)
    target = graph.add("Div", [total, count], "target")
    target = network.add_layer(graph, x, state, last, f"layer{number}.", dense, asker=target)
    whole = graph.add("ReduceMean", [words], "whole", axes=[1], keepdims=1)
    whole = graph.add("Expand", [whole, graph.add("Shape", [target], "wide")], "whole.each")
    pooled = graph.add("Concat", [target, whole], "pooled", axis=-1)
    pooled = graph.add("Squeeze", [pooled, graph.constant("first", np.zeros(1, np.int64))], "one")
    network.linear(graph, pooled, state["out.weight"], state["out.bias"], "logits", "float")
    inputs = [
        helper.make_tensor_value_info("states", TensorProto.FLOAT, [1, "length", HIDDEN]),
        helper.make_tensor_value_info("marks", TensorProto.FLOAT, ["targets", "length"]),
    ]
    output = helper.make_tensor_value_info(
        "logits", TensorProto.FLOAT, ["targets", model.out.out_features]
    )
    network.write_graph(graph, "tone", inputs, [output], path)


def publish(
    model: TargetNetwork,
    reader: Encoder,
    dev: dict[str, list[Sentence]],
    folder: Path,
    card: dict,
    seen: list[Sentence],
) -> dict:
    """Write the int8 model, calibrate it on the dev targets, and seal it with its hash.

    ``seen`` are judged sentences it learnt from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_model(model, folder / "model.onnx", seen)
    settings = {
        "sha256": {"model.onnx": tuning.hash_file(folder / "model.onnx")},
        "probe": [round(float(value), 2) for value in target_model.probe(reader)],
        "temperature": 1.0,
        "mentioned": 1.0,
        "card": card,
    }
    tuning.write_card(folder, settings)
    judge = target_model.TargetModel(folder, reader)
    logits, gold = {}, {}
    for name, sentences in dev.items():
        rows = [judge.run(one.states.numpy(), one.marks.numpy()) for one in sentences]
        logits[name] = np.concatenate(rows)
        gold[name] = np.concatenate([one.polarities.numpy() for one in sentences])
    judged = {name: only_judged(logits[name], gold[name]) for name in dev}
    names = np.repeat(list(dev), [len(polarities) for _, polarities in judged.values()])
    every = tuple(map(np.concatenate, zip(*judged.values(), strict=True)))
    judge.temperature = settings["temperature"] = tuning.fit_temperature(*every)
    press = [name for name, some in dev.items() if any(one.press for one in some)]
    if press:
        shares = np.concatenate([judge.calibrate(logits[name])[:, -1] for name in press])
        target = np.concatenate([gold[name] for name in press]) != MENTIONED
        settings["mentioned"] = round(float(np.quantile(shares[target], KEPT)), 4)
        card["mentioned"] = tuning.measure_mentioned(shares, target)
    crossed = tuning.cross_calibrated(*every)
    card["dev"] = {name: tuning.measure(crossed[names == name], judged[name][1]) for name in dev}
    card["coverage"] = tuning.measure_coverage(tuning.softmax(crossed), every[1])
    tuning.write_card(folder, settings)
    return settings


def main(argv: list[str] | None = None) -> int:
    """Train and write the model of tone toward a target; an interrupted run goes on."""
    parser = argparse.ArgumentParser(prog="helpers train targets", description=main.__doc__)
    add = parser.add_argument
    add("--sentences", type=Path, required=True, help="JSON lines as NewsMTSC publishes them")
    add(
        "--dev", nargs="+", required=True, metavar="NAME=FILE", help="held out: scores, temperature"
    )
    add("--weights", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    add("--reader", type=Path, default=MODELS / "reader", help="folder of the reader's model")
    add("--press", nargs="*", type=Path, default=[], help="JSON lines as gold/wide, gold/world")
    add("--texts", nargs="*", type=Path, default=[], help="JSON lines, id and text, of the press")
    add("--before", type=Path, help="folder of a model made before: to go on and learn from")
    add("--mean", nargs="*", type=Path, default=[], help="folders of models: take their mean")
    add("--out", type=Path, required=True, help="states, checkpoints and log")
    add("--model", type=Path, help="folder to write the ONNX model into (default: OUT/model)")
    arguments, settings, weights = network.read_arguments(parser, argv, ToneSettings())
    arguments.out.mkdir(parents=True, exist_ok=True)
    reader = Encoder(arguments.reader)
    files = {name: Path(file) for name, file in (item.split("=", 1) for item in arguments.dev)}
    dev = {
        name: keep_states(reader, read_targets(path), arguments.out, name)
        for name, path in files.items()
    }
    judged = keep_states(reader, read_targets(arguments.sentences), arguments.out, "train")
    press = list(read_press(arguments.press, arguments.texts))
    held = set(sorted({outlet for outlet, _ in press})[::FIFTH])
    apart = [row for outlet, row in press if outlet in held]
    learnt = [row for outlet, row in press if outlet not in held]
    if press:
        dev["press"] = keep_states(reader, apart, arguments.out, "held")
    if arguments.mean:
        model = take_mean(arguments.mean, settings.layers)
    else:
        teacher = target_model.TargetModel(arguments.before, reader) if arguments.before else None
        cases = make_cases(judged, teacher, settings.taught)
        cases += make_cases(keep_states(reader, learnt, arguments.out, "press"))
        made = read_contrasts("train", settings.contrasts)
        cases += make_cases(keep_states(reader, made, arguments.out, "contrasts"))
        model = train(cases, dev, settings, weights, arguments.out, arguments.before)
    card = tuning.make_card(settings) | {"mean of": len(arguments.mean)}
    folder = arguments.model or arguments.out / "model"
    result = publish(model, reader, dev, folder, card, judged[::PEAK_STEP])
    print(json.dumps(result["card"]))
    return 0
