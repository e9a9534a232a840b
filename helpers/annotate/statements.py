"""Whether what the reader marked is anybody's statement: a linear head on the reader's states.

The reader learnt beliefs, plans and documents as well as speech, and marks bare actions ("thanked
the minister"), nicknames and topics too. The head weighs the states of cue, source and content.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.annotate.rules import rule
from helpers.model import decoding, encoder, target_model
from helpers.model.encoder import MODELS, Encoder, States
from helpers.text.article import Article

Span = tuple[int, int]

MODEL = "statements"
WEIGHTS = "weights.npy"
EDGE = 0.01  # confidence nearer to 0 or 1 counts as this


class Found(NamedTuple):
    """One attribution; all spans are offsets into the text, `cue` and `source` None when absent."""

    content: tuple[Span, ...]
    cue: Span | None
    source: Span | None
    confidence: float
    rule: str


class StatementModel:
    """The head, loaded: a weight of each feature, and above which probability nothing is stated.

    Raises ModelError when a file is missing or altered, or when another reader is in use than the
    one whose states it learnt from.
    """

    def __init__(self, folder: Path, reader: Encoder):
        self.card = encoder.check_files(folder)
        self.weights = np.load(folder / WEIGHTS, allow_pickle=False).astype(np.float32)
        target_model.check_reader(folder, self.card, reader, "statements")

    def keep(self, features: np.ndarray) -> np.ndarray:
        """Tell of each row of features whether it is a statement."""
        odds = features @ self.weights[:-1] + self.weights[-1]
        return 1 / (1 + np.exp(-odds)) <= self.card["threshold"]


def read_features(states: States, found: Sequence[Found]) -> np.ndarray:
    """Return what the head weighs, a row for each attribution.

    The mean states of cue, source and content and the state of the content's first word, zeros
    where there is none; the log-odds of the confidence; 1 without cue, 1 without source; the
    logarithm of the content's length in words.
    """
    return np.stack([_features(states, item) for item in found])


def _features(states: States, item: Found) -> np.ndarray:
    cue, source = ([span] if span else [] for span in (item.cue, item.source))
    content = _inside(states, item.content)
    sure = min(max(item.confidence, EDGE), 1 - EDGE)
    facts = [np.log(sure / (1 - sure)), not cue, not source, np.log1p(len(content))]
    groups = (_inside(states, cue), _inside(states, source), content, content[:1])
    return np.concatenate([*(_mean(states, words) for words in groups), facts], dtype=np.float32)


def _inside(states: States, spans: Sequence[Span]) -> np.ndarray:
    words = [np.arange(*decoding.word_range(states, *span)) for span in spans]
    return np.unique(np.concatenate(words)) if words else np.zeros(0, int)


def _mean(states: States, words: np.ndarray) -> np.ndarray:
    vectors = states.vectors[words].astype(np.float32)
    return vectors.mean(0) if len(vectors) else np.zeros(states.vectors.shape[1], np.float32)


@rule("only what is stated", lambda article, found: found)
def keep_statements(article: Article, found: list[Found]) -> list[Found]:
    """Leave out the attributions that the head takes for nobody's statement.

    Of a reading that came without its states all stay.
    """
    states = decoding.read(article).states
    if not found or states is None:
        return found
    kept = load_statement_model().keep(read_features(states, found))
    return [item for item, stays in zip(found, kept, strict=True) if stays]


@lru_cache(maxsize=1)
def load_statement_model(name: str = MODEL) -> StatementModel:
    """Load the head of ``data/models`` once in a process, on top of the reader in use."""
    return StatementModel(MODELS / name, encoder.load_encoder(encoder.MODEL))
