"""The model of tone toward a target: states of the reader, three layers more, a target's words.

The reader's states of a target's sentence (after its third layer, one a word) come from the same
reading that finds names and attributions. Three layers of the model's own go on from there, once
for each target, whose words are marked; from the words of the target, and all words, it is given a
probability of being spoken of negatively, neutrally or positively. ``model.json`` holds the
temperature and the bias of each polarity that calibrate these on held-out sentences.

A quick judge is asked first: one look from the target at the words around it, at a hundredth of
the cost, learnt from the model itself. Where it is sure, its word stands and the layers are not
run.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from pathlib import Path

import numpy as np

from helpers import encoder, quotations, sentences
from helpers.encoder import MODELS, Encoder, ModelError, Words, check_files, load_encoder

MODEL, QUICK = "tone", "quick.onnx"
# words: of a context, between two contexts in one sentence, before a target
LONGEST, STEP, EDGE = 48, 24, 12
FAR = 16  # words from which on the quick judge tells no distances apart
PROBE = "The minister thanked her critics, then called their report a disgrace."
SAME = 0.98  # cosine of the probe's states below which the reader is another one


def find_contexts(
    text: str, words: Words, spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield the words (first, end) each target is judged by: its sentence, within its paragraph.

    Of a sentence with more than LONGEST words, the part of that length that holds the target.
    """
    paragraphs = quotations.find_paragraphs(text)
    wanted = sorted({_holder(paragraphs, start) for start, _ in spans}) if paragraphs else []
    blocks = [(*paragraphs[place], "body") for place in wanted]
    split = [(low, high) for low, high, _ in sentences.split_blocks(text, blocks)]
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


def mark(words: Words, first: int, last: int, start: int, end: int) -> np.ndarray:
    """Return 1 for the words of a context that overlap the target, else 0."""
    inside = (words.start[first:last] < end) & (words.end[first:last] > start)
    return inside.astype(np.float32)


def measure_distances(marks: np.ndarray) -> np.ndarray:
    """Return how many words each word stands before (below FAR) or after the target, at most FAR.

    ``marks`` (targets, words) are 1 on the words of each target, one at least.
    """
    at, length = np.arange(marks.shape[1]), marks.shape[1]
    first, last = marks.argmax(1)[:, None], length - 1 - marks[:, ::-1].argmax(1)[:, None]
    away = np.minimum(at - first, 0) + np.maximum(at - last, 0)
    return np.clip(away, -FAR, FAR) + FAR


def is_sure(shares: np.ndarray, asked: Sequence[float]) -> np.ndarray:
    """Tell of which targets the likeliest polarity (shares: targets, 3) has what is asked of it."""
    return shares.max(1) >= np.array(asked)[shares.argmax(1)]


class TargetModel:
    """The model, loaded: its ONNX session, the reader it goes on from, its calibration.

    Raises ModelError when a file is missing or altered, or when the reader's lower layers are not
    those that the model learnt to go on from.
    """

    def __init__(self, folder: Path, reader: Encoder):
        self.card = check_files(folder)
        self.reader = reader
        self.temperature, self.bias = self.card["temperature"], np.array(self.card["bias"])
        if similarity(np.array(self.card["probe"]), probe(reader)) < SAME:
            raise ModelError(
                f"the model in {folder} goes on from another reader than {reader.folder}: "
                "train it again with `python -m helpers train targets`"
            )
        self.session = encoder.open_session(folder)
        self.quick = encoder.open_session(folder, QUICK) if "quick" in self.card else None

    def judge(self, text: str, spans: Sequence[tuple[int, int]]) -> np.ndarray:
        """Return the probabilities of negative, neutral, positive for each span of a text.

        A span that holds no word of the text is given what the calibration alone says.
        """
        words, states = self.reader.states(text)
        shares = np.tile(self.calibrate(np.zeros(len(self.bias))), (len(spans), 1))
        held: dict[tuple[int, int], dict[bytes, list[int]]] = {}
        for place, context in enumerate(find_contexts(text, words, spans)):
            marks = mark(words, *context, *spans[place])
            if marks.any():
                held.setdefault(context, {}).setdefault(marks.tobytes(), []).append(place)
        for (first, last), targets in held.items():
            keys = sorted(targets)
            marks = np.stack([np.frombuffer(key, np.float32) for key in keys])
            for key, row in zip(keys, self._judge(states[first:last], marks), strict=True):
                shares[targets[key]] = row
        return shares

    def _judge(self, states: np.ndarray, marks: np.ndarray) -> np.ndarray:
        """Return the probabilities of one context's targets, by the quick judge if sure."""
        if self.quick is None:
            return self.calibrate(self.run(states, marks))
        inputs = {"states": states.astype(np.float32), "marks": marks}
        shares = self.quick.run(None, inputs | {"distances": measure_distances(marks)})[0]
        unsure = ~is_sure(shares, self.card["quick"]["sure"])
        if unsure.any():
            shares[unsure] = self.calibrate(self.run(states, marks[unsure]))
        return shares

    def calibrate(self, logits: np.ndarray) -> np.ndarray:
        """Return logits (…, polarities) as calibrated probabilities."""
        scores = logits / self.temperature + self.bias
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
    _, states = reader.states(PROBE)
    return states.astype(np.float32).mean(0)


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """Return the cosine of two vectors, 0 when their lengths differ."""
    if one.shape != other.shape:
        return 0.0
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


@lru_cache(maxsize=1)
def load_target_model(name: str = MODEL) -> TargetModel:
    """Load the model of ``data/models`` once in a process, on top of the reader in use."""
    return TargetModel(MODELS / name, load_encoder(encoder.MODEL))
