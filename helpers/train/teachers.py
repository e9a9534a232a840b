"""Teachers of the tone model: the whole published encoder, read once for each marked target.

Too slow to ship, they say of targets that nobody judged what the shipped model then learns to say
(Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network"). Needs torch.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from helpers.store.schema import POLARITIES
from helpers.train import network
from helpers.train.examples import MASK
from helpers.train.network import HIDDEN

LONGEST = 160
SMOOTHING = 0.05


@dataclass
class TeacherSettings:
    """What decides a teacher's training.

    ``joined``: the share of sentences that are given another one before or after them, so that
    a teacher learns to look at the words about its target.
    """

    epochs: int = 2
    rate: float = 1e-4
    head_rate: float = 1e-3
    tokens: int = 1024
    warmup: int = 100
    masked: float = 0.05
    joined: float = 0.35
    average: float = 0.995


class Row(NamedTuple):
    """One target in its sentence: sub-tokens, 1 on the target's, its polarity (-1: not judged)."""

    ids: np.ndarray
    marks: np.ndarray
    polarity: int


class Teacher(nn.Module):
    """The encoder with a mark on the target; a head on the means of its words and of all words."""

    def __init__(self, dropout: float = 0.1):
        super().__init__()
        self.enc = network.Reader(0.0)
        self.seg = nn.Parameter(torch.zeros(HIDDEN))
        self.out = nn.Linear(2 * HIDDEN, len(POLARITIES))
        self.drop = nn.Dropout(dropout)

    def forward(self, ids, marks, lengths):
        """Return logits (rows, 3) of the targets marked among ``lengths`` sub-tokens."""
        length = ids.shape[1]
        at = torch.arange(length)
        states = self.enc.word(ids) + self.enc.position(at) + marks[..., None] * self.seg
        states = self.drop(self.enc.norm(states))
        padding = at >= lengths[:, None]
        mask = torch.zeros(len(ids), 1, 1, length).masked_fill_(padding[:, None, None], -1e9)
        if torch.is_autocast_enabled("cpu"):
            states, mask = states.bfloat16(), mask.bfloat16()
        for layer in self.enc.layers:
            states = layer(states, mask)
        states = states.float()
        target = (states * marks[..., None]).sum(1) / marks.sum(1, keepdim=True)
        whole = (states * (~padding)[..., None]).sum(1) / lengths[:, None]
        return self.out(self.drop(torch.cat([target, whole], -1)))


def make_row(tokenizer: Tokenizer, text: str, span: tuple[int, int], polarity: int) -> Row | None:
    """Return a target as a teacher reads it; None when it holds no sub-token."""
    encoding = tokenizer.encode(text)
    offsets, ids = np.array(encoding.offsets), np.array(encoding.ids)
    marks = (offsets[:, 0] < span[1]) & (offsets[:, 1] > span[0]) & (offsets[:, 1] > offsets[:, 0])
    if not marks.any():
        return None
    if len(ids) > LONGEST:
        middle = int(np.flatnonzero(marks)[0])
        first = max(1, min(middle - LONGEST // 2, len(ids) - LONGEST + 1))
        kept = np.r_[0, first : min(first + LONGEST - 2, len(ids) - 1), len(ids) - 1]
        ids, marks = ids[kept], marks[kept]
    return Row(ids, marks.astype(np.float32), polarity)


def join(row: Row, other: Row, before: bool) -> Row:
    """Set another sentence beside a target's own: what is said of the target stays the same."""
    if len(row.ids) + len(other.ids) > LONGEST:
        return row
    more, none = other.ids[1:-1], np.zeros(len(other.ids) - 2, np.float32)
    at = 1 if before else len(row.ids) - 1
    ids = np.concatenate([row.ids[:at], more, row.ids[at:]])
    return Row(ids, np.concatenate([row.marks[:at], none, row.marks[at:]]), row.polarity)


def make_batches(
    rows: Sequence[Row], tokens: int, rng: random.Random | None = None
) -> list[list[int]]:
    """Group the numbers of rows of similar length, at most ``tokens`` a batch."""
    return network.group_lengths([len(row.ids) for row in rows], tokens, rng)


def collate(rows: Sequence[Row]) -> tuple[torch.Tensor, ...]:
    """Return sub-tokens, marks and lengths of a padded batch."""
    lengths = torch.tensor([len(row.ids) for row in rows])
    longest = -(-int(lengths.max()) // 8) * 8
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    marks = torch.zeros(len(rows), longest)
    for place, row in enumerate(rows):
        ids[place, : len(row.ids)] = torch.from_numpy(row.ids)
        marks[place, : len(row.ids)] = torch.from_numpy(row.marks)
    return ids, marks, lengths


def train(
    rows: Sequence[Row],
    settings: TeacherSettings,
    seed: int,
    weights: Path,
    path: Path,
    measure: Callable[[Teacher], dict],
    log: Callable[[str], None],
) -> Teacher:
    """Train a teacher, or take the finished one in ``path``; return its running average."""
    if path.exists():
        kept = Teacher()
        kept.load_state_dict(torch.load(path, weights_only=True))
        return kept
    torch.manual_seed(seed)
    rng = random.Random(seed)
    model = Teacher()
    network.load_pretrained(model.enc, weights)
    course = network.Course(model, settings, ("out", "seg"), None)
    course.clipped = [part for part in model.enc.parameters() if part.requires_grad]
    begun = time.monotonic()
    for epoch in range(settings.epochs):
        batches = make_batches(rows, settings.tokens, rng)
        model.train()
        for number, batch in enumerate(batches):
            drawn = [_vary(rows[place], rows, settings.joined, rng) for place in batch]
            ids, marks, lengths = collate(drawn)
            hidden = (torch.rand(ids.shape) < settings.masked) & (marks == 0) & (ids > MASK)
            with network.mixed():
                logits = model(ids.masked_fill(hidden, MASK), marks, lengths)
            gold = torch.tensor([row.polarity for row in drawn])
            loss = functional.cross_entropy(logits.float(), gold, label_smoothing=SMOOTHING)
            course.learn(loss, (epoch + number / len(batches)) / settings.epochs)
        minutes = (time.monotonic() - begun) / 60
        scores = json.dumps(measure(course.average))
        log(f"teacher {seed} epoch {epoch + 1} minutes {minutes:.1f} {scores}")
    network.save_whole(course.average.state_dict(), path)
    return course.average


def _vary(row: Row, rows: Sequence[Row], joined: float, rng: random.Random) -> Row:
    if rng.random() >= joined:
        return row
    return join(row, rows[rng.randrange(len(rows))], rng.random() < 0.5)


def judge(teacher: Teacher, rows: Sequence[Row]) -> np.ndarray:
    """Return a teacher's logits (rows, 3)."""
    teacher.eval()
    logits = np.zeros((len(rows), len(POLARITIES)), np.float32)
    with torch.no_grad(), network.mixed():
        for batch in make_batches(rows, 4096):
            logits[batch] = teacher(*collate([rows[place] for place in batch])).float().numpy()
    return logits
