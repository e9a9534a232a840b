"""Training of the model of tone toward a target: layers on top of the reader's states.

``python -m helpers train targets --sentences train.jsonl.gz --dev rw=rw_dev.jsonl … --out DIR``
needs the ``train`` extra. The lower layers are the reader's and stay as they are, so their states
are computed once, by the very file that ships, and kept in DIR. With ``--teachers`` the model
learns, beside what people judged, what slower models say: of the same targets, of the other names
in their sentences, and of names in texts that nobody judged (``--texts``, ``--names``). The corpora
are the user's own files, only read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from onnx import TensorProto, helper
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from helpers.annotate import mentions
from helpers.model import target_model
from helpers.model.encoder import MODELS, Encoder
from helpers.store.schema import POLARITIES
from helpers.study.corpora import read_lines
from helpers.text.article import Article
from helpers.train import network, teachers, tuning
from helpers.train.network import HIDDEN

ALL = 10**9
CODES = {2.0: 0, 4.0: 1, 6.0: 2}
BATCH_STEP, PEAK_STEP = 8, 16
OWN = ("out", "anchor")
NAMED = ("PERSON", "ORG", "GPE", "NORP")


@dataclass
class ToneSettings:
    """Everything that decides what a run does; written into its checkpoints and its card.

    ``taught``: the weight of the teachers beside the people, where both judged a target;
    ``judged``: how much such a target counts beside one that only teachers judged.
    """

    epochs: int = 4
    layers: int = 2
    rate: float = 1.5e-4
    head_rate: float = 1e-3
    dropout: float = 0.1
    layer_dropout: float = 0.0
    masked: float = 0.05
    taught: float = 0.6
    judged: float = 2.0
    tokens: int = 512
    warmup: int = 100
    average: float = 0.997
    seed: int = 1
    threads: int = 1


@dataclass(frozen=True)
class Sentence:
    """A sentence with targets.

    ``states`` (words, 384) are the reader's, ``marks`` (targets, words) are 1 on the words of each
    target, ``polarities`` (targets) are places in POLARITIES, -1 where nobody judged. ``text`` is
    the sentence and ``spans`` are the targets' characters in it, for the teachers.
    """

    states: torch.Tensor
    marks: torch.Tensor
    polarities: torch.Tensor
    text: str
    spans: list[tuple[int, int]]


class Case(NamedTuple):
    """A sentence to learn from: how each target is spoken of (targets, 3), how much it counts."""

    sentence: Sentence
    shares: np.ndarray
    weights: np.ndarray


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
        self.out = nn.Linear(2 * HIDDEN, len(POLARITIES))

    def forward(self, states, lengths, which, marks):
        """Return logits (targets, 3).

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


def read_targets(path: Path) -> Iterator[tuple[str, list[tuple[int, int]], list[int]]]:
    """Yield the text, the targets' spans and their polarities of each judged sentence.

    The file is as NewsMTSC publishes it: JSON lines, gzipped or not.
    """
    for row in read_lines(path):
        spans = [(target["from"], target["to"]) for target in row["targets"]]
        polarities = [CODES[float(target["polarity"])] for target in row["targets"]]
        yield row["sentence_normalized"], spans, polarities


def read_named(path: Path) -> Iterator[tuple[str, list[tuple[int, int]], list[int]]]:
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


def read_unjudged(
    texts: Path, names: Path, count: int, seed: int
) -> Iterator[tuple[str, list[tuple[int, int]], list[int]]]:
    """Yield texts with ``count`` of the names in them, drawn at random, as targets not judged.

    ``texts`` holds JSON lines of id and text, ``names`` of id and spans (start, end, label).
    """
    known = {row["id"]: row["spans"] for row in read_lines(names)}
    rows = [row for row in read_lines(texts) if row["id"] in known]
    places = [
        (number, start, end)
        for number, row in enumerate(rows)
        for start, end, label in known[row["id"]]
        if label in NAMED
    ]
    drawn: dict[int, list[tuple[int, int]]] = {}
    for number, start, end in sorted(random.Random(seed).sample(places, min(count, len(places)))):
        drawn.setdefault(number, []).append((start, end))
    for number, spans in drawn.items():
        yield rows[number]["text"], spans, [-1] * len(spans)


def read_states(
    reader: Encoder, rows: Iterable[tuple[str, list[tuple[int, int]], list[int]]], name: str = ""
) -> Iterator[Sentence]:
    """Yield each context of targets with its states, as the run-time reading gives them."""
    for text, spans, polarities in tqdm(rows, desc=f"states {name}", mininterval=10):
        article = Article(text)
        words = reader.states(article)
        held: dict[tuple[int, int], list] = {}
        for span, polarity, context in zip(
            spans, polarities, target_model.find_contexts(article, words, spans), strict=True
        ):
            marks = target_model.mark(words, *context, *span)
            if marks.any():
                held.setdefault(context, []).append((marks, polarity, span))
        for (first, last), targets in held.items():
            marks, polarity, inside = zip(*targets, strict=True)
            low, high = int(words.start[first]), int(words.end[last - 1])
            yield Sentence(
                torch.from_numpy(words.vectors[first:last].copy()),
                torch.from_numpy(np.stack(marks)),
                torch.tensor(polarity),
                text[low:high],
                [(start - low, end - low) for start, end in inside],
            )


def keep_states(
    reader: Encoder,
    rows: Iterable[tuple[str, list[tuple[int, int]], list[int]]],
    folder: Path,
    name: str,
) -> list[Sentence]:
    """Return the sentences of a corpus, from ``folder`` when they were read before by this reader.

    They are kept under the hash of the texts, the targets and the reader's file.
    """
    rows = list(rows)
    seal = hashlib.sha256(json.dumps(rows).encode())
    seal.update(reader.card["sha256"]["model.onnx"].encode())
    kept = folder / f"{name}-{seal.hexdigest()[:16]}.pt"
    if not kept.exists():
        found = [
            (one.states, one.marks, one.polarities, one.text, one.spans)
            for one in read_states(reader, rows, name)
        ]
        network.save_whole(found, kept)
    return [Sentence(*row) for row in torch.load(kept, weights_only=True)]


def teach(
    judged: list[Sentence],
    unjudged: list[Sentence],
    dev: dict[str, list[Sentence]],
    weights: Path,
    seeds: range,
    out: Path,
    log: Callable[[str], None],
) -> tuple[np.ndarray, np.ndarray]:
    """Train the teachers, or take the finished ones in ``out``; return what they say.

    Two arrays of shares (targets, 3): of the judged and of the unjudged targets, in their order;
    each is the mean over the teachers. A target that no teacher can see has equal shares.
    """
    tokenizer = network.read_tokenizer(weights.parent)
    corpora = {"judged": judged, "unjudged": unjudged, **dev}
    rows = {name: teacher_rows(tokenizer, some) for name, some in corpora.items()}
    seen = [row for row in rows["judged"] if row is not None and row.polarity >= 0]

    def measure_dev(teacher: teachers.Teacher) -> dict:
        return {
            name: tuning.measure(
                teachers.judge(teacher, [row for row in rows[name] if row is not None]),
                np.array([row.polarity for row in rows[name] if row is not None]),
            )
            for name in dev
        }

    logits: dict[str, list[np.ndarray]] = {name: [] for name in corpora}
    for seed in seeds:
        kept = out / f"teacher{seed}.npz"
        if not kept.exists():
            teacher = teachers.train(
                seen,
                teachers.TeacherSettings(),
                seed,
                weights,
                out / f"teacher{seed}.pt",
                measure_dev,
                log,
            )
            said = {name: _judge_all(teacher, some) for name, some in rows.items()}
            np.savez(kept.with_suffix(".new.npz"), **said)
            kept.with_suffix(".new.npz").rename(kept)
        with np.load(kept) as said:
            for name in corpora:
                logits[name].append(said[name])
    shares = {name: tuning.softmax(np.array(some)).mean(0) for name, some in logits.items()}
    for name, some in dev.items():
        gold = np.concatenate([one.polarities.numpy() for one in some])
        scores = json.dumps(tuning.measure(np.log(shares[name]), gold))
        log(f"teachers together, {name}: {scores}")
    return shares["judged"], shares["unjudged"]


def teacher_rows(tokenizer: Tokenizer, sentences: list[Sentence]) -> list[teachers.Row | None]:
    """Return every target of the sentences as the teachers read it."""
    return [
        teachers.make_row(tokenizer, one.text, span, int(polarity))
        for one in sentences
        for span, polarity in zip(one.spans, one.polarities, strict=True)
    ]


def _judge_all(teacher: teachers.Teacher, rows: list[teachers.Row | None]) -> np.ndarray:
    logits = np.zeros((len(rows), len(POLARITIES)), np.float32)
    seen = {place: row for place, row in enumerate(rows) if row is not None}
    if seen:
        logits[list(seen)] = teachers.judge(teacher, list(seen.values()))
    return logits


def make_cases(
    sentences: list[Sentence],
    taught: np.ndarray | None = None,
    weight: float = 0.0,
    judged: float = 1.0,
) -> list[Case]:
    """Return the sentences with the shares to learn for each target.

    People's judgement counts 1 - ``weight`` beside the teachers' shares ``taught`` (targets, 3),
    and nothing where nobody judged; a target that people judged counts ``judged`` times.
    """
    cases, first = [], 0
    for sentence in sentences:
        polarities = sentence.polarities.numpy()
        people = polarities >= 0
        shares = np.eye(len(POLARITIES), dtype=np.float32)[np.maximum(polarities, 0)]
        if taught is not None:
            said = taught[first : first + len(polarities)]
            own = np.where(people, 1 - weight, 0)[:, None]
            shares = own * shares + (1 - own) * said
        cases.append(Case(sentence, shares, np.where(people, judged, 1.0)))
        first += len(polarities)
    return cases


def make_batches(
    cases: list[Case], tokens: int, rng: random.Random | None = None
) -> list[list[Case]]:
    """Group sentences of similar length, at most ``tokens`` words a batch."""
    lengths = [len(case.sentence.states) for case in cases]
    groups = network.group_lengths(lengths, tokens, rng)
    return [[cases[place] for place in group] for group in groups]


def collate(cases: list[Case]) -> tuple[torch.Tensor, ...]:
    """Return states, lengths, which and marks of a padded batch, its shares and weights."""
    lengths = torch.tensor([len(case.sentence.states) for case in cases])
    longest = -(-int(lengths.max()) // BATCH_STEP) * BATCH_STEP
    states = torch.zeros(len(cases), longest, HIDDEN)
    which, marks = [], []
    for row, (sentence, *_) in enumerate(cases):
        length = len(sentence.states)
        states[row, :length] = sentence.states
        which += [row] * len(sentence.marks)
        marks.append(functional.pad(sentence.marks, (0, longest - length)))
    shares = torch.from_numpy(np.concatenate([case.shares for case in cases])).float()
    weights = torch.from_numpy(np.concatenate([case.weights for case in cases])).float()
    return states, lengths, torch.tensor(which), torch.cat(marks), shares, weights


def begin(settings: ToneSettings, weights: Path, out: Path) -> network.Course:
    """Begin the course of training, or go on from ``out/last.pt``."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    model = TargetNetwork(settings.layers, settings.dropout, settings.layer_dropout)
    load_upper_layers(model, weights)
    course = network.Course(model, settings, OWN, out)
    course.clipped = list(model.parameters())
    return course


def batch_loss(model: TargetNetwork, cases: list[Case], masked: float) -> torch.Tensor:
    """Return the loss of one batch, a share ``masked`` of its words hidden."""
    states, *inputs, shares, weights = collate(cases)
    states *= torch.rand(states.shape[:2])[..., None] >= masked
    with network.mixed():
        logits = model(states, *inputs)
    losses = functional.cross_entropy(logits.float(), shares, reduction="none")
    return (losses * weights).sum() / weights.sum()


def load_upper_layers(model: TargetNetwork, weights: Path) -> None:
    """Begin with the last layers of the published encoder."""
    encoder = network.Reader()
    network.load_pretrained(encoder, weights)
    for layer, trained in zip(model.layers, encoder.layers[-len(model.layers) :], strict=True):
        layer.load_state_dict(trained.state_dict())


def train(
    cases: list[Case],
    dev: dict[str, list[Sentence]],
    settings: ToneSettings,
    weights: Path,
    out: Path,
) -> TargetNetwork:
    """Train, or go on from ``out/last.pt``; return the running average of the network."""
    run = begin(settings, weights, out)
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
        scores = {name: tuning.measure(*predict(run.average, some)) for name, some in dev.items()}
        minutes = run.place["seconds"] / 60
        told = f"epoch {epoch + 1} loss {losses / len(batches):.4f} minutes {minutes:.1f}"
        network.add_line(out, f"{told} {json.dumps(scores)}")
    return run.average


def predict(model: TargetNetwork, sentences: list[Sentence]) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits (targets, 3) of the network in torch, and the polarities."""
    model.eval()
    logits, polarities = [], []
    with torch.no_grad(), network.mixed():
        for batch in make_batches(make_cases(sentences), 4096):
            *inputs, shares, _ = collate(batch)
            logits.append(model(*inputs).float().numpy())
            polarities.append(shares.argmax(1).numpy())
    return np.concatenate(logits), np.concatenate(polarities)


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
        "sha256": {"model.onnx": network.hash_file(folder / "model.onnx")},
        "probe": [round(float(value), 2) for value in target_model.probe(reader)],
        "temperature": 1.0,
        "card": card,
    }
    network.write_card(folder, settings)
    judge = target_model.TargetModel(folder, reader)
    logits, gold = {}, {}
    for name, sentences in dev.items():
        rows = [judge.run(one.states.numpy(), one.marks.numpy()) for one in sentences]
        logits[name] = np.concatenate(rows)
        gold[name] = np.concatenate([one.polarities.numpy() for one in sentences])
    names = np.repeat(list(dev), [len(polarities) for polarities in gold.values()])
    every = np.concatenate(list(logits.values())), np.concatenate(list(gold.values()))
    settings["temperature"] = tuning.fit_temperature(*every)
    crossed = tuning.cross_calibrated(*every)
    card["dev"] = {name: tuning.measure(crossed[names == name], gold[name]) for name in dev}
    card["coverage"] = tuning.measure_coverage(tuning.softmax(crossed), every[1])
    network.write_card(folder, settings)
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
    add("--teachers", type=int, default=0, help="so many slower models to learn from as well")
    add("--texts", type=Path, help="JSON lines, id and text: more to learn from the teachers")
    add("--names", type=Path, help="JSON lines, id and spans (start, end, label) of those texts")
    add("--unjudged", type=int, default=ALL, help="names to draw from those texts (default: all)")
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
    read = read_named if arguments.teachers else read_targets
    judged = keep_states(reader, read(arguments.sentences), arguments.out, "train")
    if arguments.teachers:
        unjudged = []
        if arguments.texts:
            rows = read_unjudged(
                arguments.texts, arguments.names, arguments.unjudged, settings.seed
            )
            unjudged = keep_states(reader, rows, arguments.out, "unjudged")
        log = partial(network.add_line, arguments.out)
        seeds = range(1, arguments.teachers + 1)
        said = teach(judged, unjudged, dev, weights, seeds, arguments.out, log)
        cases = make_cases(judged, said[0], settings.taught, settings.judged)
        cases += make_cases(unjudged, said[1])
    else:
        cases = make_cases(judged)
    model = train(cases, dev, settings, weights, arguments.out)
    card = network.make_card(settings)
    folder = arguments.model or arguments.out / "model"
    result = publish(model, reader, dev, folder, card, judged[::PEAK_STEP])
    print(json.dumps(result["card"]))
    return 0
