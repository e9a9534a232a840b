"""The model of tone toward a target: states of the reader, layers more, a question by each target.

The reader's states of a target's sentence (after its third layer, one a word) come from the same
reading that finds names and attributions. Layers of the model's own go on from there, once for a
sentence; in the last of them the words of each target ask the sentence, and from the answer, and
all words, the target is given a probability of being spoken of negatively, neutrally or positively,
and one of being only mentioned. ``model.json`` holds the temperature that calibrates these on
held-out sentences, and above which probability a name is taken for only mentioned.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from pathlib import Path

import numpy as np

from helpers.model import decoding, encoder
from helpers.model.encoder import (
    MODELS,
    Encoder,
    ModelError,
    States,
    Words,
    check_files,
    load_encoder,
)
from helpers.store.schema import POLARITIES
from helpers.text.article import Article

MODEL = "tone"
MENTIONED = len(POLARITIES)  # the answer behind them: only named, nothing is said of it
# words: of a context, between two contexts in one sentence, before a target
LONGEST, STEP, EDGE = 48, 24, 12
WORDLESS = (0.25, 0.5, 0.25, 0.0)  # what a span without a word is given
PROBE = "The minister thanked her critics, then called their report a disgrace."
SAME = 0.98  # cosine of the probe's states below which the reader is another one


def find_contexts(
    article: Article, words: Words | States, spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield the words (first, end) each target is judged by: its sentence, within its paragraph.

    Of a sentence with more than LONGEST words, the part of that length that holds the target.
    """
    paragraphs = article.paragraphs
    wanted = sorted({_holder(paragraphs, start) for start, _ in spans}) if paragraphs else []
    blocks = [(*paragraphs[place], "body") for place in wanted]
    split = [(low, high) for low, high, _ in article.split(blocks)]
    for start, end in spans:
        low, high = split[_holder(split, start)] if split else (start, end)
        first = int(np.searchsorted(words.start, min(low, start)))
        last = int(np.searchsorted(words.start, max(high, end)))
        if last - first > LONGEST:
            place = int(np.searchsorted(words.start, start)) - first
            first = min(first + max(0, place - EDGE) // STEP * STEP, last - LONGEST)
            last = first + LONGEST
        yield first, last


def _holder(spans: Sequence[tuple[int, int]], start: int) -> int:
    """Return the place of the last ordered span that begins at or before ``start``, else 0."""
    return max(0, bisect_right(spans, start, key=itemgetter(0)) - 1)


def mark(words: Words | States, first: int, last: int, start: int, end: int) -> np.ndarray:
    """Return 1 for the words of a context that overlap the target, else 0."""
    inside = (words.start[first:last] < end) & (words.end[first:last] > start)
    return inside.astype(np.float32)


class TargetModel:
    """The model, loaded: its ONNX session, the reader it goes on from, its calibration.

    Raises ModelError when a file is missing or altered, or when the reader's lower layers are not
    those that the model learnt to go on from.
    """

    def __init__(self, folder: Path, reader: Encoder):
        self.card = check_files(folder)
        self.reader = reader
        self.temperature = self.card["temperature"]
        check_reader(folder, self.card, reader, "targets")
        self.session = encoder.open_session(folder)

    def judge(self, article: Article, spans: Sequence[tuple[int, int]]) -> np.ndarray:
        """Return how each span of a text is spoken of: negatively, neutrally, positively.

        These probabilities add up to 1; behind them stands that of being only mentioned.
        A span that holds no word of the text is given WORDLESS, which leaves it unsure.
        """
        shares = np.tile(WORDLESS, (len(spans), 1))
        for places, answers in self.ask(article, spans):
            shares[places] = self.calibrate(answers)
        shares[:, :MENTIONED] /= shares[:, :MENTIONED].sum(1, keepdims=True)
        return shares

    def ask(
        self, article: Article, spans: Sequence[tuple[int, int]]
    ) -> Iterator[tuple[list[int], np.ndarray]]:
        """Yield what the network answers (…) to spans of a text, with their places among them.

        Spans of the same words of a context are asked once; one that holds no word is not asked.
        """
        words = decoding.read(article, self.reader).states
        assert words is not None, "what is read has the states of its words"
        if len(words.start) and not words.vectors.shape[1]:
            folder = self.reader.folder
            raise ModelError(f"the model in {folder} gives no {encoder.STATES}; export it again")
        held: dict[tuple[int, int], dict[bytes, list[int]]] = {}
        for place, context in enumerate(find_contexts(article, words, spans)):
            marks = mark(words, *context, *spans[place])
            if marks.any():
                held.setdefault(context, {}).setdefault(marks.tobytes(), []).append(place)
        for (first, last), targets in held.items():
            keys = sorted(targets)
            marks = np.stack([np.frombuffer(key, np.float32) for key in keys])
            answers = self.run(words.vectors[first:last], marks)
            for key, answer in zip(keys, answers, strict=True):
                yield targets[key], answer

    def calibrate(self, logits: np.ndarray) -> np.ndarray:
        """Return logits (…, answers) as calibrated probabilities."""
        scores = logits / self.temperature
        raised = np.exp(scores - scores.max(-1, keepdims=True))
        return raised / raised.sum(-1, keepdims=True)

    def run(self, states: np.ndarray, marks: np.ndarray) -> np.ndarray:
        """Return the logits of the targets of one context.

        They are rounded together, so that each hangs on the others in the second decimal.
        """
        inputs = {"states": states[None].astype(np.float32), "marks": marks}
        return self.session.run(None, inputs)[0]


def probe(reader: Encoder) -> np.ndarray:
    """Return the mean state of a fixed sentence, by which two readers are told apart."""
    return reader.states(Article(PROBE)).vectors.astype(np.float32).mean(0)


def check_reader(folder: Path, card: dict, reader: Encoder, command: str) -> None:
    """Raise ModelError when a model learnt from the states of another reader than this one."""
    if similarity(np.array(card["probe"]), probe(reader)) < SAME:
        raise ModelError(
            f"the model in {folder} goes on from another reader than {reader.folder}: "
            f"train it again with `python -m helpers train {command}`"
        )


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """Return the cosine of two vectors, 0 when their lengths differ."""
    if one.shape != other.shape:
        return 0.0
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


@lru_cache(maxsize=1)
def load_target_model(name: str = MODEL) -> TargetModel:
    """Load the model of ``data/models`` once in a process, on top of the reader in use."""
    return TargetModel(MODELS / name, load_encoder(encoder.MODEL))
