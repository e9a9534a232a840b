"""Training of the model of sources: a layer on top of the reader's states, asked by each place.

``python -m helpers train sources --gold GOLD.jsonl … --tables DIR … --out DIR`` needs the
``train`` extra. GOLD holds articles with statements and their sources (as the world and the wide
set do), DIR the tables that this project builds of the same articles: the places that name a
speaker, and what the rules say of him, are learnt as they will be met.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from helpers.annotate.profiles import places_of
from helpers.model import profile_model, target_model
from helpers.model.encoder import MODELS, Encoder
from helpers.model.profile_model import ProfileModel
from helpers.store.tables import read_table
from helpers.study.corpora import read_lines, read_texts
from helpers.study.pairing import find_closest
from helpers.text.article import Article
from helpers.train import network, tuning
from helpers.train.tone import Sentence, TargetNetwork, load_upper_layers, write_model
from helpers.train.tuning import held_out

BATCH = 24
SMOOTHING = 0.05
OWN = ("out", "anchor", "known")


@dataclass
class ProfileSettings:
    """Everything that decides what a run does; written into its card."""

    epochs: int = 4
    layers: int = 1
    rate: float = 1.5e-4
    head_rate: float = 7.5e-4
    dropout: float = 0.2
    warmup: int = 50
    average: float = 0.995
    seed: int = 1
    threads: int = 1


class Case(NamedTuple):
    """One statement: the places that mean its source, what else is known, its affiliation.

    A place is the number of a sentence and 1 on the words of it; ``sentences`` are the states.
    """

    sentences: list[torch.Tensor]
    places: list[tuple[int, torch.Tensor]]
    known: np.ndarray
    affiliation: int


class ProfileNetwork(TargetNetwork):
    """The model in torch: evidence and weight of each place; what is known has weights apart."""

    def __init__(self, settings: ProfileSettings, known: int, answers: int):
        super().__init__(settings.layers, settings.dropout)
        self.out = nn.Linear(self.out.in_features, answers + 1)
        self.known = nn.Linear(known, answers, bias=False)
        nn.init.zeros_(self.known.weight)

    def judge(self, cases: list[Case]) -> torch.Tensor:
        """Return the logits (cases, answers)."""
        *inputs, owner, known = collate(cases)
        found = self(*inputs)
        weights = (found[:, -1] - found[:, -1].max()).exp()
        total = torch.zeros(len(cases)).index_add(0, owner, weights)
        shares = (weights / total[owner])[:, None] * found[:, :-1]
        return self.known(known).index_add(0, owner, shares)


def collate(cases: list[Case]) -> tuple[torch.Tensor, ...]:
    """Return states, lengths, which and marks of a padded batch, whose each place is, and known."""
    held: dict[tuple[int, int], int] = {}
    states, which, marks, owner = [], [], [], []
    for number, case in enumerate(cases):
        for sentence, mark in case.places:
            key = (id(case.sentences), sentence)
            if key not in held:
                held[key] = len(states)
                states.append(case.sentences[sentence].float())
            which.append(held[key])
            marks.append(mark)
            owner.append(number)
    padded = nn.utils.rnn.pad_sequence(states, batch_first=True)
    longest = padded.shape[1]
    marked = torch.stack([functional.pad(mark, (0, longest - len(mark))) for mark in marks])
    lengths = torch.tensor([len(one) for one in states])
    known = torch.from_numpy(np.stack([case.known for case in cases]))
    return padded, lengths, torch.tensor(which), marked, torch.tensor(owner), known


def read_gold(
    files: Iterable[Path], texts: dict[str, str], without: Iterable[str] = ()
) -> dict[str, list[dict]]:
    """Return the coded statements of each article by its words; ``texts`` holds those by id.

    Articles of the outlets ``without`` are left out.
    """
    left_out = frozenset(without)
    found = {}
    for row in (row for file in files for row in read_lines(file)):
        if row["outlet"] not in left_out:
            statements = row.get("statements") or row["attributions"]
            coded = [one for one in statements if one.get("statement", True)]
            found[_words(texts[row["id"]])] = [one for one in coded if one.get("affiliation")]
    return found


def read_cases(
    gold: dict[str, list[dict]], folder: Path, reader: Encoder, affiliations: list[str]
) -> Iterator[Case]:
    """Yield the cases of the articles of some tables, as far as they are coded."""
    names = ("articles", "attributions", "entities")
    articles, said, entities = (read_table(name, folder) for name in names)
    labels = dict(zip(entities["entity_id"], entities["label"], strict=True))
    rows_of = {key: part.to_dict("records") for key, part in said.groupby("article_id")}
    named: dict[str, dict[str, list[tuple[int, int]]]] = {}
    for article_id, rows in tuning.read_mentions(folder).items():
        there = named[article_id] = defaultdict(list)
        for start, end, *_, entity_id in rows:
            there[entity_id].append((int(start), int(end)))
    for article_id, text in articles[["article_id", "text"]].itertuples(index=False):
        rows, coded = rows_of.get(article_id, []), gold.get(_words(text), [])
        pairs = [(one, row) for one in coded if (row := _best(one, rows)) is not None]
        if not pairs:
            continue
        article = Article(text)
        words = reader.states(article)
        sentences: list[torch.Tensor] = []
        seen: dict[tuple[int, int], int] = {}
        for one, row in pairs:
            spans = places_of(row, named.get(article_id, {}))
            places = []
            for span, context in zip(
                spans, target_model.find_contexts(article, words, spans), strict=True
            ):
                mark = target_model.mark(words, *context, *span)
                if context not in seen:
                    seen[context] = len(sentences)
                    sentences.append(torch.from_numpy(words.vectors[slice(*context)].copy()))
                if mark.any():
                    places.append((seen[context], torch.from_numpy(mark)))
            rules = row["source_type"], row["affiliation"]
            label = labels.get(row["speaker_id"].partition(";")[0], "")
            known = profile_model.known(label, row, *rules, affiliations)
            if places and one["affiliation"] in affiliations:
                yield Case(sentences, places, known, affiliations.index(one["affiliation"]))


def _words(text: str) -> str:
    return " ".join(text.split())


def _best(coded: dict, rows: list[dict]) -> dict | None:
    """Return the attribution whose content is most that of a coded statement."""
    place, _ = find_closest(coded["content"], [row["spans"] for row in rows])
    return rows[place] if place >= 0 else None


def train(
    cases: list[Case], held: list[Case], settings: ProfileSettings, weights: Path, out: Path,
    answers: int,
) -> ProfileNetwork:  # fmt: skip
    """Train on the cases and report the share of the held-out ones that are right."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    rng = random.Random(settings.seed)
    model = ProfileNetwork(settings, len(cases[0].known), answers)
    load_upper_layers(model, weights)
    course = network.Course(model, settings, OWN, None)
    steps = len(cases) // BATCH
    for epoch in range(settings.epochs):
        rng.shuffle(cases)
        model.train()
        for number in range(steps):
            batch = cases[number * BATCH : (number + 1) * BATCH]
            with network.mixed():
                logits = model.judge(batch)
            gold = torch.tensor([case.affiliation for case in batch])
            loss = functional.cross_entropy(logits.float(), gold, label_smoothing=SMOOTHING)
            course.learn(loss, (epoch + number / steps) / settings.epochs)
        logits, gold = predict(course.average, held)
        right = round(float((logits.argmax(1) == gold).mean()), 4)
        network.add_line(out, f"epoch {epoch + 1} held out {right} of {len(gold)}")
    return course.average


def predict(model: ProfileNetwork, cases: list[Case]) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits (cases, answers) of the network in torch, and the affiliations."""
    model.eval()
    batches = [cases[at : at + 64] for at in range(0, len(cases), 64)]
    with torch.no_grad():
        logits = [model.judge(batch).float().numpy() for batch in batches]
    return np.concatenate(logits), np.array([case.affiliation for case in cases])


def publish(
    model: ProfileNetwork, reader: Encoder, cases: list[Case], held: list[Case], folder: Path,
    affiliations: list[str], settings: ProfileSettings,
) -> dict:  # fmt: skip
    """Write the int8 model and seal it; its temperature is fitted on the held-out cases."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = [
        Sentence(case.sentences[number].float(), mark[None], torch.zeros(1).long(), torch.ones(1))
        for case in cases[:: max(1, len(cases) // 300)]
        for number, mark in case.places[:1]
    ]
    write_model(model, folder / "model.onnx", shown)
    logits, gold = predict(model, held)
    card = {
        "sha256": {"model.onnx": tuning.hash_file(folder / "model.onnx")},
        "probe": [round(float(value), 2) for value in target_model.probe(reader)],
        "temperature": tuning.fit_temperature(logits, gold),
        "affiliations": affiliations,
        "known": np.round(model.known.weight.detach().numpy().T, 3).tolist(),
        "card": tuning.make_card(settings)
        | {"held out": {"right": float((logits.argmax(1) == gold).mean()), "of": len(gold)}},
    }
    tuning.write_card(folder, card)
    ProfileModel(folder, reader)
    return card


def main(argv: list[str] | None = None) -> int:
    """Train and write the model of sources."""
    parser = argparse.ArgumentParser(prog="helpers train sources", description=main.__doc__)
    add = parser.add_argument
    add("--gold", nargs="+", type=Path, required=True, help="coded articles, JSON lines")
    add("--dev", nargs="+", type=Path, required=True, help="the same, held out: calibrates")
    add("--articles", nargs="+", type=Path, required=True, help="JSON lines: id, text")
    add("--tables", nargs="+", type=Path, required=True, help="what was built of those articles")
    add("--weights", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    add("--out", type=Path, required=True, help="log")
    add("--model", type=Path, help="folder to write the ONNX model into (default: OUT/model)")
    arguments, settings, weights = network.read_arguments(parser, argv, ProfileSettings())
    arguments.out.mkdir(parents=True, exist_ok=True)
    reader = Encoder(MODELS / "reader")
    texts = read_texts(arguments.articles)
    learnt = read_gold(arguments.gold, texts, held_out())
    held = read_gold(arguments.dev, texts)
    coded = (one["affiliation"] for rows in learnt.values() for one in rows)
    affiliations = sorted(set(coded))
    cases, measured = (
        [
            case
            for folder in arguments.tables
            for case in read_cases(gold, folder, reader, affiliations)
        ]
        for gold in (learnt, held)
    )
    model = train(cases, measured, settings, weights, arguments.out, len(affiliations))
    folder = arguments.model or arguments.out / "model"
    card = publish(model, reader, cases, measured, folder, affiliations, settings)
    print(json.dumps(card["card"]))
    return 0
