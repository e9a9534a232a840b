"""Training of the model of tone toward a target: three layers on top of the reader's states.

``python -m helpers train targets --sentences train.jsonl.gz --dev rw=rw_dev.jsonl … --out DIR``
needs the ``train`` extra. The lower layers are the reader's and stay as they are, so their states
are computed once, by the very file that ships, and kept in DIR. The corpora are the user's own
files, only read.
"""

from __future__ import annotations

import argparse
import copy
import gzip
import hashlib
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from onnx import TensorProto, helper
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from helpers import export, network, targetmodel
from helpers.encoder import MODELS, Encoder
from helpers.export import HIDDEN, Graph
from helpers.schema import POLARITIES
from helpers.train import PRETRAINED

CODES = {2.0: 0, 4.0: 1, 6.0: 2}
BINS = 10
COVERAGE = 0.7
PROBABILITIES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9)
BATCH_STEP = 8
OWN = ("out", "anchor")


@dataclass
class Settings:
    """Everything that decides what a run does; written into its checkpoints and its card."""

    epochs: int = 2
    layers: int = 3
    rate: float = 1e-4
    head_rate: float = 1e-3
    dropout: float = 0.15
    layer_dropout: float = 0.1
    masked: float = 0.05
    tokens: int = 1024
    warmup: int = 100
    average: float = 0.995
    seed: int = 1
    threads: int = 1


@dataclass(frozen=True)
class Sentence:
    """A sentence with judged targets.

    ``states`` (words, 384) are the reader's, ``marks`` (targets, words) are 1 on the words of each
    target, ``polarities`` (targets) are places in POLARITIES.
    """

    states: torch.Tensor
    marks: torch.Tensor
    polarities: torch.Tensor


class TargetNetwork(nn.Module):
    """The model in torch: an anchor before the words, layers, one head on each target's words."""

    def __init__(self, layers: int, dropout: float = 0.0, layer_dropout: float = 0.0):
        super().__init__()
        self.anchor = nn.Parameter(torch.randn(HIDDEN) * 0.1)
        self.layers = nn.ModuleList(network.Layer() for _ in range(layers))
        self.dropout, self.layer_dropout = nn.Dropout(dropout), nn.Dropout(layer_dropout)
        self.out = nn.Linear(2 * HIDDEN, len(POLARITIES))

    def forward(self, states, marks, lengths):
        """Return logits (batch, targets, 3) of the targets marked among ``lengths`` words."""
        batch, length, _ = states.shape
        x = self.dropout(torch.cat([self.anchor.expand(batch, 1, HIDDEN), states], 1))
        padding = torch.arange(length) >= lengths[:, None]
        mask = torch.zeros(batch, 1, 1, length + 1)
        mask[..., 1:].masked_fill_(padding[:, None, None], -1e9)
        if torch.is_autocast_enabled("cpu"):
            x, mask = x.bfloat16(), mask.bfloat16()
        for layer in self.layers:
            x = self.layer_dropout(layer(x, mask))
        x = x[:, 1:].float()
        targets = marks / marks.sum(-1, keepdim=True).clamp(min=1) @ x
        whole = (~padding).float()[:, None] / lengths[:, None, None] @ x
        pooled = torch.cat([targets, whole.expand_as(targets)], -1)
        return self.out(self.dropout(pooled))


def read_sentences(path: Path) -> list[dict]:
    """Read sentences with judged targets, as NewsMTSC publishes them (JSON lines, or .gz)."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    return [json.loads(line) for line in content.decode("utf-8").splitlines()]


def read_states(reader: Encoder, rows: list[dict], name: str = "") -> Iterator[Sentence]:
    """Yield each context of judged targets with its states, as the run-time reading gives them."""
    for row in tqdm(rows, desc=f"states {name}", mininterval=10):
        text = row["sentence_normalized"]
        words, states = reader.states(text)
        spans = [(target["from"], target["to"]) for target in row["targets"]]
        held: dict[tuple[int, int], list] = {}
        for target, span, context in zip(
            row["targets"], spans, targetmodel.find_contexts(text, words, spans), strict=True
        ):
            marks = targetmodel.mark(words, *context, *span)
            if marks.any():
                held.setdefault(context, []).append((marks, CODES[float(target["polarity"])]))
        for (first, last), judged in held.items():
            marks, polarities = zip(*judged, strict=True)
            yield Sentence(
                torch.from_numpy(states[first:last]),
                torch.from_numpy(np.stack(marks)),
                torch.tensor(polarities),
            )


def keep_states(reader: Encoder, path: Path, folder: Path, name: str) -> list[Sentence]:
    """Return the sentences of a file, from ``folder`` when they were read before by this reader."""
    seal = hashlib.sha256(path.read_bytes())
    seal.update(reader.card["sha256"]["model.onnx"].encode())
    kept = folder / f"{name}-{seal.hexdigest()[:16]}.pt"
    if not kept.exists():
        found = read_states(reader, read_sentences(path), name)
        rows = [(one.states, one.marks, one.polarities) for one in found]
        torch.save(rows, kept.with_suffix(".new"))
        kept.with_suffix(".new").rename(kept)
    return [Sentence(*row) for row in torch.load(kept, weights_only=True)]


def make_batches(
    sentences: list[Sentence], tokens: int, rng: random.Random | None = None
) -> list[list[Sentence]]:
    """Group sentences of similar length, at most ``tokens`` words a batch; shuffled by ``rng``."""
    jitter = (lambda: rng.uniform(-4, 4)) if rng else (lambda: 0)
    batches: list[list[Sentence]] = [[]]
    for sentence in sorted(sentences, key=lambda one: len(one.states) + jitter()):
        longest = max(len(other.states) for other in [*batches[-1], sentence])
        if batches[-1] and longest * (len(batches[-1]) + 1) > tokens:
            batches.append([])
        batches[-1].append(sentence)
    if rng:
        rng.shuffle(batches)
    return [batch for batch in batches if batch]


def collate(sentences: list[Sentence]) -> tuple[torch.Tensor, ...]:
    """Return states, marks, lengths and polarities (-1 for no target) of a padded batch."""
    lengths = torch.tensor([len(one.states) for one in sentences])
    longest = -(-int(lengths.max()) // BATCH_STEP) * BATCH_STEP
    most = max(len(one.polarities) for one in sentences)
    states = torch.zeros(len(sentences), longest, HIDDEN)
    marks = torch.zeros(len(sentences), most, longest)
    polarities = torch.full((len(sentences), most), -1)
    for row, one in enumerate(sentences):
        count, length = one.marks.shape
        states[row, :length] = one.states
        marks[row, :count, :length] = one.marks
        polarities[row, :count] = one.polarities
    return states, marks, lengths, polarities


class Run:
    """A training run that can stop and go on: network, running average, optimiser, place."""

    def __init__(self, settings: Settings, weights: Path, out: Path):
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.settings, self.out = settings, out
        self.model = TargetNetwork(settings.layers, settings.dropout, settings.layer_dropout)
        load_upper_layers(self.model, weights)
        self.average = copy.deepcopy(self.model)
        groups = [
            {"params": [], "base": settings.rate},
            {"params": [], "base": settings.head_rate},
        ]
        for name, parameter in self.model.named_parameters():
            groups[name.split(".")[0] in OWN]["params"].append(parameter)
        self.optimiser = torch.optim.AdamW(
            groups, lr=settings.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
        )
        self.place = {"step": 0, "epoch": 0, "seconds": 0.0}
        if (out / "last.pt").exists():
            self._load()

    def _load(self) -> None:
        state = torch.load(self.out / "last.pt", weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["random"])
        self.place = state["place"]

    def save(self) -> None:
        """Write everything needed to go on; the file appears whole or not at all."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "random": torch.get_rng_state(),
            "place": self.place,
        }
        torch.save(state, self.out / "new.pt")
        (self.out / "new.pt").rename(self.out / "last.pt")

    def step(self, sentences: list[Sentence], progress: float) -> float:
        """Learn from one batch; ``progress`` through the run, 0 to 1, lowers the learning rate."""
        scale = min((self.place["step"] + 1) / self.settings.warmup, 1) * (1 - progress)
        for group in self.optimiser.param_groups:
            group["lr"] = group["base"] * scale
        states, marks, lengths, polarities = collate(sentences)
        states *= torch.rand(states.shape[:2])[..., None] >= self.settings.masked
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.model(states, marks, lengths)
        loss = functional.cross_entropy(
            logits.float().flatten(0, 1), polarities.flatten(), ignore_index=-1
        )
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.place["step"] += 1
        decay = min(self.settings.average, (self.place["step"] + 1) / (self.place["step"] + 10))
        with torch.no_grad():
            for mean, new in zip(self.average.parameters(), self.model.parameters(), strict=True):
                mean.lerp_(new, 1 - decay)
        return loss.item()

    def log(self, line: str) -> None:
        """Add a line to the log of the run, and show it."""
        with open(self.out / "log.txt", "a", encoding="utf-8") as file:
            print(line, file=file)
        print(line, file=sys.stderr)


def load_upper_layers(model: TargetNetwork, weights: Path) -> None:
    """Begin with the last layers of the published encoder."""
    encoder = network.Reader()
    network.load_pretrained(encoder, weights)
    for layer, trained in zip(model.layers, encoder.layers[-len(model.layers) :], strict=True):
        layer.load_state_dict(trained.state_dict())


def train(
    sentences: list[Sentence],
    dev: dict[str, list[Sentence]],
    settings: Settings,
    weights: Path,
    out: Path,
) -> TargetNetwork:
    """Train, or go on from ``out/last.pt``; return the running average of the network."""
    run = Run(settings, weights, out)
    for epoch in range(run.place["epoch"], settings.epochs):
        rng = random.Random(f"{settings.seed} {epoch}")
        batches = make_batches(sentences, settings.tokens, rng)
        run.model.train()
        losses, begun = 0.0, time.monotonic()
        for number, batch in enumerate(tqdm(batches, desc=f"epoch {epoch + 1}")):
            losses += run.step(batch, (epoch + number / len(batches)) / settings.epochs)
        run.place["epoch"] = epoch + 1
        run.place["seconds"] += time.monotonic() - begun
        run.save()
        scores = {name: measure(*predict(run.average, some)) for name, some in dev.items()}
        minutes = run.place["seconds"] / 60
        run.log(
            f"epoch {epoch + 1} loss {losses / len(batches):.4f} minutes {minutes:.1f} "
            f"{json.dumps(scores)}"
        )
    return run.average


def predict(model: TargetNetwork, sentences: list[Sentence]) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits (targets, 3) of the network in torch, and the polarities."""
    model.eval()
    logits, polarities = [], []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for batch in make_batches(sentences, 4096):
            *inputs, gold = collate(batch)
            logits.append(model(*inputs).float()[gold >= 0].numpy())
            polarities.append(gold[gold >= 0].numpy())
    return np.concatenate(logits), np.concatenate(polarities)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis."""
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def macro_f1(gold: np.ndarray, found: np.ndarray) -> float:
    """Return the mean F1 of the three polarities."""
    scores = []
    for polarity in range(len(POLARITIES)):
        right = np.sum((gold == polarity) & (found == polarity))
        scores.append(2 * right / max(np.sum(gold == polarity) + np.sum(found == polarity), 1))
    return float(np.mean(scores))


def calibration_error(gold: np.ndarray, shares: np.ndarray) -> float:
    """Return the expected calibration error of the best class over ten equal bins.

    Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks", ICML.
    """
    best, right = shares.max(1), shares.argmax(1) == gold
    bins = np.minimum((best * BINS).astype(int), BINS - 1)
    gaps = [
        abs(right[bins == place].mean() - best[bins == place].mean()) * np.mean(bins == place)
        for place in np.unique(bins)
    ]
    return float(np.sum(gaps))


def measure(logits: np.ndarray, gold: np.ndarray) -> dict[str, float]:
    """Return macro-F1 over all and over the 70 % surest targets, accuracy, calibration error."""
    shares = softmax(logits)
    found = shares.argmax(1)
    surest = np.argsort(-shares.max(1), kind="stable")[: round(COVERAGE * len(gold))]
    scores = {
        "macro_f1": macro_f1(gold, found),
        "macro_f1_at_70": macro_f1(gold[surest], found[surest]),
        "accuracy": float(np.mean(found == gold)),
        "calibration_error": calibration_error(gold, shares),
    }
    return {name: round(score, 4) for name, score in scores.items()}


def measure_coverage(shares: np.ndarray, gold: np.ndarray) -> list[list[float]]:
    """Return rows of probability asked for, part judged so surely, accuracy and macro-F1 there."""
    best, found = shares.max(1), shares.argmax(1)
    rows = []
    for asked in PROBABILITIES:
        sure = best >= asked
        if sure.any():
            scores = np.mean(found[sure] == gold[sure]), macro_f1(gold[sure], found[sure])
            rows.append([asked, *(round(float(part), 3) for part in (sure.mean(), *scores))])
    return rows


def calibrate(logits: np.ndarray, gold: np.ndarray) -> tuple[float, list[float]]:
    """Return the divisor of the logits and the additions to each polarity of least log loss.

    The additions correct for the share of each polarity, which differs between the sentences learnt
    from and those judged (bias-corrected temperature scaling: Alexandari, Kundaje and Shrikumar
    2020, "Maximum likelihood with bias-corrected calibration", ICML).
    """
    rows, targets = torch.tensor(logits, dtype=torch.double), torch.tensor(gold)
    free = torch.zeros(1 + len(POLARITIES), dtype=torch.double, requires_grad=True)
    optimiser = torch.optim.LBFGS([free], max_iter=200, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        value = functional.cross_entropy(rows * torch.exp(free[0]) + free[1:], targets)
        value.backward()
        return value

    optimiser.step(loss)
    scale, *bias = free.detach().tolist()
    return round(float(np.exp(-scale)), 4), [round(part - bias[1], 4) for part in bias]


def cross_calibrated(logits: np.ndarray, gold: np.ndarray, folds: int = 5) -> np.ndarray:
    """Return the logits calibrated on the other folds, for figures that do not flatter."""
    fold = np.random.default_rng(0).permutation(len(gold)) % folds
    result = np.zeros_like(logits)
    for number in range(folds):
        temperature, bias = calibrate(logits[fold != number], gold[fold != number])
        result[fold == number] = logits[fold == number] / temperature + bias
    return result


def write_model(model: TargetNetwork, path: Path) -> None:
    """Write the network as int8 ONNX: states and marks of one sentence to its targets' logits."""
    state = {name: value.float().numpy() for name, value in model.state_dict().items()}
    graph = Graph()

    def dense(x: str, weight: str, name: str) -> str:
        return export.linear(
            graph, x, state[weight + ".weight"], state[weight + ".bias"], name, "dynamic"
        )

    anchor = graph.constant("anchor", state["anchor"][None, None])
    x = graph.add("Concat", [anchor, "states"], "anchored", axis=1)
    for number in range(len(model.layers)):
        name = f"layer{number}."
        x = export.add_layer(graph, x, state, f"layers.{number}.", name, dense)
    axis = graph.constant("axis", np.ones(1, np.int64))
    end = graph.constant("end", np.array([np.iinfo(np.int64).max]))
    x = graph.add("Slice", [x, axis, end, axis], "words")
    total = graph.add("MatMul", ["marks", x], "total")
    last = graph.constant("last", np.array([2]))
    count = graph.add("ReduceSum", ["marks", last], "count")
    target = graph.add("Div", [total, count], "target")
    whole = graph.add("ReduceMean", [x], "whole", axes=[1])
    shape = graph.add("Shape", [target], "shape")
    whole = graph.add("Expand", [whole, shape], "sentence")
    pooled = graph.add("Concat", [target, whole], "pooled", axis=-1)
    export.linear(graph, pooled, state["out.weight"], state["out.bias"], "logits", "float")
    inputs = [
        helper.make_tensor_value_info("states", TensorProto.FLOAT, ["batch", "length", HIDDEN]),
        helper.make_tensor_value_info("marks", TensorProto.FLOAT, ["batch", "targets", "length"]),
    ]
    output = helper.make_tensor_value_info(
        "logits", TensorProto.FLOAT, ["batch", "targets", len(POLARITIES)]
    )
    export.write_graph(graph, "tone", inputs, [output], path)


def publish(
    model: TargetNetwork, reader: Encoder, dev: dict[str, list[Sentence]], folder: Path, card: dict
) -> dict:
    """Write the int8 model, calibrate it on the dev targets, and seal it with its hash."""
    folder.mkdir(parents=True, exist_ok=True)
    write_model(model, folder / "model.onnx")
    seal = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    settings = {
        "sha256": {"model.onnx": seal},
        "probe": [round(float(value), 2) for value in targetmodel.probe(reader)],
        "temperature": 1.0,
        "bias": [0.0] * len(POLARITIES),
        "card": card,
    }
    _write_json(folder / "model.json", settings)
    judge = targetmodel.TargetModel(folder, reader)
    logits, gold = {}, {}
    for name, sentences in dev.items():
        rows = [judge.run(one.states.numpy(), one.marks.numpy()) for one in sentences]
        logits[name] = np.concatenate(rows)
        gold[name] = np.concatenate([one.polarities.numpy() for one in sentences])
    names = np.repeat(list(dev), [len(polarities) for polarities in gold.values()])
    every = np.concatenate(list(logits.values())), np.concatenate(list(gold.values()))
    settings["temperature"], settings["bias"] = calibrate(*every)
    crossed = cross_calibrated(*every)
    card["dev"] = {name: measure(crossed[names == name], gold[name]) for name in dev}
    card["coverage"] = measure_coverage(softmax(crossed), every[1])
    _write_json(folder / "model.json", settings)
    return settings


def _write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


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
    add("--out", type=Path, required=True, help="states, checkpoints and log")
    add("--model", type=Path, help="folder to write the ONNX model into (default: OUT/model)")
    for name, value in asdict(Settings()).items():
        add(f"--{name.replace('_', '-')}", type=type(value), default=value)
    arguments = parser.parse_args(argv)
    settings = Settings(**{name: getattr(arguments, name) for name in asdict(Settings())})
    weights = arguments.weights / "model.safetensors"
    if hashlib.sha256(weights.read_bytes()).hexdigest() != PRETRAINED:
        parser.error(f"{weights} is not the published all-MiniLM-L6-v2")
    arguments.out.mkdir(parents=True, exist_ok=True)
    reader = Encoder(arguments.reader)
    sentences = keep_states(reader, arguments.sentences, arguments.out, "train")
    dev = {}
    for item in arguments.dev:
        name, _, file = item.partition("=")
        dev[name] = keep_states(reader, Path(file), arguments.out, name)
    model = train(sentences, dev, settings, weights, arguments.out)
    card = {"settings": asdict(settings), "trained": time.strftime("%Y-%m-%d")}
    result = publish(model, reader, dev, arguments.model or arguments.out / "model", card)
    print(json.dumps(result["card"]))
    return 0
