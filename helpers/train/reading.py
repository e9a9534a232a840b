"""Training of the reader: the loop with its checkpoints, dev scores, and the finished model.

``python -m helpers train --attributions train.jsonl --dev dev.jsonl --out DIR …`` needs the
``train`` extra (torch, onnx, safetensors). The corpora are the user's own files, only read.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from helpers.model import decoding
from helpers.model.encoder import Encoder, Window, Words, fill, make_windows, read_words
from helpers.study.corpora import label_maps, read_lines
from helpers.text.article import Article
from helpers.train import network, tuning
from helpers.train.examples import (
    OTHERS,
    PLACES,
    SHARES,
    Example,
    build_examples,
    collate,
    cut,
    disturb,
    epoch_batches,
    make_silver,
    read_attributions,
    read_names,
    sharpen,
    swap_names,
)

HEAD_PARTS = ("tags", "names", "links", "shape", "quoted")
# the layers most hurt by rounding: their inputs are evened out first, on so many articles
UNEVEN = tuple(f"layers.{number}.{part}" for number in range(4) for part in ("up", "down"))
PEAK_ARTICLES = 40
FOLDS = 5


@dataclass
class ReadingSettings:
    """Everything that decides what a run does; written into its checkpoints and its card.

    ``frozen``: so many layers, and the embeddings below them, stay as they are (0: all but the
    word table learn).
    """

    epochs: int = 5
    hours: float = 0.0
    rate: float = 1.5e-4
    head_rate: float = 6e-4
    warmup: int = 100
    tokens: int = 2048
    limit: int = 256
    dropout: float = 0.1
    masked: float = 0.05
    link_weight: float = 0.3
    name_weight: float = 1.0
    average: float = 0.998
    frozen: int = 0
    seed: int = 1
    threads: int = 1
    minutes_between_saves: float = 4.0


class ReadingCourse(network.Course):
    """The course of the reader's training, with its losses and its log."""

    def __init__(self, settings: ReadingSettings, weights: Path, out: Path):
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        model = network.Reader(settings.dropout)
        network.load_weights(model, weights)
        network.freeze(model, settings.frozen)
        out.mkdir(parents=True, exist_ok=True)
        super().__init__(model, settings, HEAD_PARTS, out)
        self.sums: Counter = Counter()
        self.clock = self.saved = time.monotonic()

    def save(self) -> None:
        """Write everything needed to go on, and remember when."""
        super().save()
        self.saved = time.monotonic()

    def step(self, rows: list[dict], progress: float) -> None:
        """Learn from one batch; ``progress`` through the run, 0 to 1, lowers the learning rate."""
        losses = batch_losses(self.model, collate(rows))
        loss = (
            losses["tags"]
            + self.settings.link_weight * losses["links"]
            + self.settings.name_weight * losses["names"]
        )
        self.learn(loss, progress)
        self.sums.update({key: value.item() for key, value in losses.items()})
        self.sums["batches"] += 1
        now = time.monotonic()
        self.place["seconds"] += now - self.clock
        self.clock = now

    def report(self, progress: float) -> None:
        """Log the mean losses since the last report."""
        count = self.sums.pop("batches")
        means = " ".join(f"{key} {value / count:.4f}" for key, value in self.sums.items())
        place = self.place
        network.add_line(
            self.out,
            f"epoch {place['epoch'] + 1} step {place['step']} {means} "
            f"progress {progress:.3f} minutes {place['seconds'] / 60:.1f}",
        )
        self.sums.clear()


def train(
    examples: dict[str, list[Example]],
    settings: ReadingSettings,
    weights: Path,
    out: Path,
    evaluate: Callable[[network.Reader], dict] | None = None,
    shares: Mapping[str, float] = SHARES,
) -> network.Reader:
    """Train, or go on from ``out/last.pt``; return the running average of the network.

    ``shares`` says what part of each corpus is drawn in an epoch.
    """
    run = ReadingCourse(settings, weights, out)
    place = run.place
    for epoch in range(place["epoch"], settings.epochs):
        rng = random.Random(f"{settings.seed} {epoch}")
        noise = np.random.default_rng([settings.seed, epoch])
        batches = epoch_batches(examples, rng, settings.limit, settings.tokens, shares)
        run.clock = time.monotonic()
        for number in range(place["batch"], len(batches)):
            progress = (epoch + number / len(batches)) / settings.epochs
            if settings.hours:
                progress = max(progress, place["seconds"] / (3600 * settings.hours))
            if progress >= 1:
                break
            rows = [cut(example, window) for example, window in batches[number]]
            for row in rows:
                disturb(row, noise, settings.masked)
            run.step(rows, progress)
            place["batch"] = number + 1
            if place["step"] % 25 == 0:
                run.report(progress)
            if time.monotonic() - run.saved > 60 * settings.minutes_between_saves:
                run.save()
        place["epoch"], place["batch"] = epoch + 1, 0
        run.save()
        torch.save(run.average.state_dict(), out / f"epoch{epoch + 1}.pt")
        if evaluate:
            network.add_line(out, f"epoch {epoch + 1} {json.dumps(evaluate(run.average))}")
        if settings.hours and place["seconds"] >= 3600 * settings.hours:
            break
    return run.average


def batch_losses(model: network.Reader, batch: dict) -> dict[str, torch.Tensor]:
    """Return the three losses of one batch, each a mean over the words it is about."""
    with network.mixed():
        tags, names, links = model(batch["ids"], batch["shapes"], batch["quoted"], batch["lengths"])
    known = (batch["tags"] >= 0).float()
    tag_sum, tag_count = network.tag_loss(tags, batch["tags"], known)
    name_sum = network.name_loss(names, batch["allowed"], batch["weight"])
    link = network.link_loss(
        links,
        batch["first"],
        batch["content"],
        batch["source"],
        batch["content_rows"],
        batch["source_rows"],
    )
    return {
        "tags": tag_sum / tag_count.clamp(min=1),
        "names": name_sum / batch["weight"].sum().clamp(min=1),
        "links": link,
    }


class TorchEncoder(Encoder):
    """The runtime's reading of texts with the network in torch in place of the ONNX file."""

    def __init__(self, model: network.Reader, tokenizer: Tokenizer):
        self.model, self.tokenizer = model.eval(), tokenizer

    def _run(self, words: Words, window: Window) -> np.ndarray:
        ids, shapes, quoted, position = fill(words, window)
        inputs = [torch.tensor(values)[None] for values in (ids, shapes, quoted)]
        with torch.no_grad(), network.mixed():
            scores = self.model(*inputs, torch.tensor([len(ids)]))
        rows = torch.cat([part[0].float() for part in scores], -1).numpy()
        return rows[position[window.keep_low - window.low : window.keep_high - window.low]]


def find_all(encoder: Encoder, articles: list[dict]) -> list[list[dict]]:
    """Return the attributions found in each article, see `tuning.find`."""
    return [
        tuning.find(
            article["text"], list(encoder.read(Article(article["text"]))), decoding.Settings()
        )
        for article in articles
    ]


def dev_scores(encoder: Encoder, articles: list[dict], named: list[tuple]) -> dict[str, float]:
    """Return end-to-end F1 of attributions (cross-validated threshold) and strict F1 of names.

    ``named`` holds (text, spans in our labels); places count as one label.
    """
    result = {}
    if articles:
        calibrated = tuning.calibrate(articles, find_all(encoder, articles))
        result["attributions"] = calibrated["cross_validated_f1"]
        result["calibration_error"] = calibrated["calibration_error"]
    if named:
        result["names"] = name_scores(count_names(encoder, named))["all"]
    return result


def count_names(encoder: Encoder, named: list[tuple]) -> Counter:
    """Count names of people, bodies and places that are right, found and in the gold.

    ``named`` holds (text, spans in our labels); a name is right when span and type are, places
    (GPE, LOC, FAC) being one type. Keys are (type, "right" or "found" or "gold").
    """
    counts: Counter = Counter()
    for text, spans in named:
        gold = {(start, end, _type(labels[0])) for start, end, labels in spans if "O" not in labels}
        found = set()
        for words, scores in encoder.read(Article(text)):
            for low, high, label, _ in decoding.find_names(words, scores):
                start, end = int(words.start[low]), int(words.end[high - 1])
                found.add((*decoding.trim(text, start, end), _type(label)))
        for key, names in (("gold", gold), ("found", found), ("right", gold & found)):
            counts.update((kind, key) for *_, kind in names if kind)
    return counts


def _type(label: str) -> str:
    return "" if label in OTHERS else "PLACE" if label in PLACES else label


def name_scores(counts: Counter) -> dict[str, float]:
    """Return the strict F1 of each type of name and of all together."""
    kinds = sorted({kind for kind, _ in counts})
    for key in ("right", "found", "gold"):
        counts["all", key] = sum(counts[kind, key] for kind in kinds)
    return {
        kind: round(tuning.f1(*(counts[kind, key] for key in ("right", "found", "gold"))), 4)
        for kind in (*kinds, "all")
    }


def cross_validate(
    kind: str, rows: list[dict], examples_of: Callable, learn: Callable, tokenizer: Tokenizer
) -> dict[str, float]:
    """Train ``FOLDS`` times, each time without one part of a corpus; score the parts together.

    ``examples_of(rows)`` makes the examples, ``learn(examples, number)`` the network.
    """
    counts: Counter = Counter()
    for fold in range(FOLDS):
        held = [row for row in rows if row["kind"] == kind and row["number"] % FOLDS == fold]
        model = learn(examples_of([row for row in rows if row not in held]), fold)
        named = [(row["text"], sharpen(row["spans"], [], kind)) for row in held]
        counts += count_names(TorchEncoder(model, tokenizer), named)
        print(f"fold {fold + 1}, so far {json.dumps(name_scores(counts.copy()))}", file=sys.stderr)
    return name_scores(counts)


def read_windows(tokenizer: Tokenizer, texts: Iterable[str]) -> Iterator[tuple]:
    """Yield the windows of texts as the network is called with them."""
    for text in texts:
        words = read_words(tokenizer, Article(text))
        for window in make_windows(words):
            *inputs, _ = fill(words, window)
            yield *(torch.tensor(part)[None] for part in inputs), torch.tensor([len(inputs[0])])


def publish(
    model: network.Reader,
    tokenizer: Tokenizer,
    articles: list[dict],
    folder: Path,
    card: dict,
    texts: Sequence[str],
) -> dict:
    """Write the int8 model with its tokeniser, set its decoder on dev, and seal it with hashes.

    ``texts`` show how large the values inside the network become.
    """
    folder.mkdir(parents=True, exist_ok=True)
    peaks = network.find_peaks(model, UNEVEN, read_windows(tokenizer, texts))
    network.write_onnx(network.to_numpy(model), folder / "model.onnx", "dynamic", peaks)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    hashes = {name: tuning.hash_file(folder / name) for name in ("model.onnx", "tokenizer.json")}
    settings: dict = {"sha256": hashes, "decoder": {}, "card": card}
    tuning.write_card(folder, settings)
    if articles:
        measured = tuning.calibrate(articles, find_all(Encoder(folder), articles))
        settings["decoder"] = {key: measured[key] for key in ("threshold", "weights")}
        card["dev"] = {key: measured[key] for key in ("cross_validated_f1", "calibration_error")}
        tuning.write_card(folder, settings)
    return settings


def _pairs(items: list[str]) -> list[tuple[str, str]]:
    return [(kind, value) for kind, _, value in (item.partition("=") for item in items)]


def main(argv: list[str] | None = None) -> int:
    """Train, measure and write a model; an interrupted run goes on where it stopped."""
    parser = argparse.ArgumentParser(prog="helpers train", description=main.__doc__)
    add = parser.add_argument
    add(
        "--attributions",
        nargs="+",
        required=True,
        metavar="CORPUS=FILE",
        help="JSON lines: id, text, attributions",
    )
    add("--dev", type=Path, required=True, help="the same, held out: sets the decoder, is scored")
    add("--names", nargs="*", default=[], metavar="KIND=FILE", help=f"of {sorted(label_maps())}")
    add("--dev-names", nargs="*", default=[], metavar="KIND=FILE", help="held out, scored")
    add("--fifth", nargs="*", default=[], metavar="KIND", help="of --names: hold a fifth out")
    add("--folds", metavar="KIND", help="of --names: only score it by 5-fold, write no model")
    add("--shares", nargs="*", default=[], metavar="KIND=NUMBER", help="drawn in each epoch")
    add("--swapped", type=int, default=0, help="copies of --fifth or --folds with names swapped")
    add("--silver", type=Path, help="machine-made names (made with spaCy when the file is missing)")
    add("--weights", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    add("--start", type=Path, help="checkpoint (.pt) to go on from, in place of those weights")
    add("--out", type=Path, required=True, help="checkpoints and log")
    add("--model", type=Path, help="folder to write the ONNX model into (default: OUT/model)")
    arguments, settings, weights = network.read_arguments(parser, argv, ReadingSettings())
    tokenizer = network.read_tokenizer(arguments.weights)
    dev = list(read_lines(arguments.dev))
    names, dev_names = (
        [row for kind, file in _pairs(items) for row in read_names(kind, Path(file))]
        for items in (arguments.names, arguments.dev_names)
    )
    texts = {row["id"]: row["text"] for row in names}
    articles = [
        row
        for corpus, file in _pairs(arguments.attributions)
        for row in read_attributions(corpus, Path(file), texts)
    ]
    kept_out = tuning.held_out()
    articles, names = (
        [row for row in rows if row.get("outlet") not in kept_out] for rows in (articles, names)
    )
    held = [row for row in names if row["kind"] in arguments.fifth and row["number"] % FOLDS == 0]
    names = [row for row in names if row not in held]
    dev_names += held
    silver = {}
    if arguments.silver:
        if not arguments.silver.exists():
            make_silver([*articles, *names], arguments.silver)
        silver = {row["id"]: row["spans"] for row in read_lines(arguments.silver)}
    named = [(row["text"], sharpen(row["spans"], [], row["kind"])) for row in dev_names]
    start = arguments.start or weights
    shares = SHARES | {kind: float(share) for kind, share in _pairs(arguments.shares)}
    swapped = {arguments.folds, *arguments.fifth}

    def build(rows: list[dict]) -> dict[str, list[Example]]:
        some = [row for row in rows if row["kind"] in swapped]
        for copy_number in range(arguments.swapped):
            rows = rows + swap_names(some, random.Random(f"{settings.seed} {copy_number}"), 0.5)
        return build_examples(tokenizer, articles, silver, rows)

    if arguments.folds:
        scores = cross_validate(
            arguments.folds,
            names,
            build,
            lambda examples, fold: train(
                examples, settings, start, arguments.out / f"fold{fold + 1}", shares=shares
            ),
            tokenizer,
        )
        print(json.dumps(scores))
        return 0
    model = train(
        build(names),
        settings,
        start,
        arguments.out,
        lambda model: dev_scores(TorchEncoder(model, tokenizer), dev, named),
        shares,
    )
    card = tuning.make_card(settings)
    every = max(1, len(articles) // PEAK_ARTICLES)
    shown = [article["text"] for article in articles[::every]]
    folder = arguments.model or arguments.out / "model"
    result = publish(model, tokenizer, dev, folder, card, shown)
    print(json.dumps(result["card"]))
    return 0
