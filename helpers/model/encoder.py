"""The encoder: text to words with exact offsets, words to windows, windows to scores, no torch.

A text is read once. Its words are those of the model's own tokeniser, each with its half-open
character offsets; they are packed, paragraph after paragraph, into windows of at most
``WINDOW`` sub-tokens, run through the int8 ONNX file in batches of similar length, and put
together again, one row of scores for each word of the text, whatever window it was read in.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from helpers.store.paths import MODELS, fingerprint
from helpers.store.schema import LABELS
from helpers.text.article import Article

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

MODEL = "reader"
WINDOW = 256
MARGIN = 48
SECTION = 16
POOL = 3
CHARACTERS = 100_000
CLS, SEP = 101, 102
HYPHEN = 3
STOPS = {**dict.fromkeys(".?!…", 2), **dict.fromkeys(",;:—–", 1), "-": HYPHEN}
TAGS = ("O", "B-source", "I-source", "B-cue", "I-cue", "B-content", "I-content")
NAME_TAGS = ("O", *(f"{prefix}-{label}" for label in LABELS for prefix in "BI"))
LINK = 64
LINKS = 4 * LINK + 2
STATES = "layer2.norm2"
# Sub-tokens to a character above which a window is no prose. Of 2,800 windows of 700 articles of
# a hundred outlets none of more than a margin has more than 0.45, half have 0.21.
DENSE = 0.55
SURE = 20.0  # the score of what is not looked for
IMPOSSIBLE = -1e9  # the score of a tag that may not follow
SLOWER = ["SkipLayerNormFusion"]  # the joined sum and norm take four times as long as the two apart


class ModelError(RuntimeError):
    """The model's files are missing, altered, or not what this version reads."""


@dataclass(frozen=True)
class Words:
    """The words of one text and the sub-tokens under them, as parallel arrays.

    Words: ``start`` and ``end`` (characters), ``paragraph`` (number), ``shape``, ``quoted``
    (1 inside double quotation marks), ``first`` (its first sub-token; one entry more than words),
    ``stop`` (2 a mark that ends a sentence, 1 one that ends a clause, 3 a hyphen).
    Sub-tokens: ``ids``.
    """

    start: np.ndarray
    end: np.ndarray
    paragraph: np.ndarray
    shape: np.ndarray
    quoted: np.ndarray
    first: np.ndarray
    ids: np.ndarray
    stop: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, part: slice) -> Words:
        low, high, _ = part.indices(len(self))
        return Words(
            self.start[low:high],
            self.end[low:high],
            self.paragraph[low:high],
            self.shape[low:high],
            self.quoted[low:high],
            self.first[low : high + 1] - self.first[low],
            self.ids[self.first[low] : self.first[high]],
            self.stop[low:high],
        )


@dataclass(frozen=True)
class Window:
    """Words ``low`` to ``high`` are read together; of these ``keep_low`` to ``keep_high`` count."""

    low: int
    high: int
    keep_low: int
    keep_high: int


@dataclass(frozen=True)
class Scores:
    """What the model says of each word: log-probabilities of tags and names, and link vectors.

    Words of one ``pool`` were read together, or share a paragraph: only they are linked.
    ``states`` is the state of each word's first sub-token after three layers, for the heads that
    go on from there; it has no columns when the model does not give it.
    """

    tags: np.ndarray
    names: np.ndarray
    links: np.ndarray
    pool: np.ndarray
    states: np.ndarray | None = None

    @cached_property
    def roles(self) -> np.ndarray:
        """Log-probability of each word to be in a source, in a cue, in a content."""
        return np.logaddexp(self.tags[:, 1::2], self.tags[:, 2::2])


class States(NamedTuple):
    """The words of a text, as offsets, and the state of each after the lower layers."""

    start: np.ndarray
    end: np.ndarray
    vectors: np.ndarray

    @classmethod
    def of(cls, sections: Sequence[tuple[Words, np.ndarray]]) -> States:
        """Put the words and states of the sections of one reading together."""
        if not sections:
            return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 0), np.float16))
        return cls(
            np.concatenate([words.start for words, _ in sections]),
            np.concatenate([words.end for words, _ in sections]),
            np.concatenate([states for _, states in sections]),
        )


@lru_cache(maxsize=100_000)
def shape(word: str) -> int:
    """How a word is written: 1 lower, 2 one capital, 3 Title, 4 UPPER, 5 miXed, 6 digits, ..."""
    if word.isalpha():
        if word.islower():
            return 1
        if len(word) == 1:
            return 2
        if word.isupper():
            return 4
        if word[0].isupper() and word[1:].islower():
            return 3
        return 5
    if word.isdigit():
        return 6
    return 7 if any(map(str.isalnum, word)) else 8


SHAPES = 9


def read_words(tokenizer, article: Article) -> Words:
    """Split a text into the tokeniser's words, with the features the model reads."""
    text = article.text
    quoted = np.frombuffer(bytes(article.quoted), np.uint8)
    parts: list[list[np.ndarray]] = [[] for _ in range(7)]
    count = 0
    for group in _pieces(article):
        encodings = tokenizer.encode_batch(
            [text[low:high] for low, high, _ in group], add_special_tokens=False
        )
        for (low, _, paragraph), encoding in zip(group, encodings, strict=True):
            word_ids = np.array(encoding.word_ids, dtype=np.int64)
            if not len(word_ids):
                continue
            offsets = np.array(encoding.offsets, dtype=np.int64) + low
            heads = np.flatnonzero(np.diff(word_ids, prepend=-1))
            tails = np.append(heads[1:], len(word_ids)) - 1
            starts, ends = offsets[heads, 0], offsets[tails, 1]
            forms = [text[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
            found = (
                starts,
                ends,
                np.full(len(heads), paragraph),
                [shape(form) for form in forms],
                heads + count,
                encoding.ids,
                [STOPS.get(form, 0) for form in forms],
            )
            for part, values in zip(parts, found, strict=True):
                part.append(np.asarray(values, dtype=np.int32))
            count += len(word_ids)
    start, end, paragraph, shapes, first, ids, stop = (
        np.concatenate(part) if part else np.zeros(0, np.int32) for part in parts
    )
    return Words(
        start=start.astype(np.int64),  # what a search for a Python int need not copy
        end=end.astype(np.int64),
        paragraph=paragraph,
        shape=shapes,
        quoted=quoted[start].astype(np.int32),
        first=np.append(first, np.int32(count)),
        ids=ids,
        stop=stop,
    )


def _pieces(article: Article) -> Iterator[list[tuple[int, int, int]]]:
    """Yield groups of (start, end, paragraph): paragraphs, the very long ones cut at a space."""
    group, size = [], 0
    for paragraph, (low, high) in enumerate(article.paragraphs):
        while low < high:
            cut = high
            if high - low > CHARACTERS:
                cut = article.text.rfind(" ", low, low + CHARACTERS) + 1 or low + CHARACTERS
            group.append((low, cut, paragraph))
            size += cut - low
            low = cut
            if size > CHARACTERS:
                yield group
                group, size = [], 0
    if group:
        yield group


def make_windows(words: Words, limit: int = WINDOW, shift: int = 0) -> list[Window]:
    """Pack the paragraphs of a text into windows of at most ``limit`` sub-tokens.

    A paragraph is cut only when it alone is too long: between sentences, or, inside a sentence
    longer than a window, with ``MARGIN`` sub-tokens of context on either side of the cut.
    ``shift`` makes the first window that many sub-tokens smaller (to vary training).
    """
    if not len(words):
        return []
    room = limit - 2
    units = list(_units(words, room))
    total = sum(size for _, _, size in units)
    target = -(-total // -(-total // room))
    windows, low, high, filled = [], units[0][0], units[0][0], min(shift, room - 1)
    for unit_low, unit_high, size in units:
        if size > room:
            if high > low:
                windows.append(Window(low, high, low, high))
            windows += _overlapping(words, unit_low, unit_high, room)
            low = high = unit_high
            filled = 0
            continue
        if high > low and (filled + size > room or filled >= target):
            windows.append(Window(low, high, low, high))
            low, filled = unit_low, 0
        high = unit_high
        filled += size
    if high > low:
        windows.append(Window(low, high, low, high))
    return windows


def _units(words: Words, room: int) -> Iterator[tuple[int, int, int]]:
    """Paragraphs, or sentences of too long ones: first word, end, sub-tokens with a separator."""
    edges = np.flatnonzero(np.diff(words.paragraph)) + 1
    for low, high in zip([0, *edges.tolist()], [*edges.tolist(), len(words)], strict=True):
        size = int(words.first[high] - words.first[low]) + 1
        if size <= room:
            yield low, high, size
            continue
        ends = np.flatnonzero(words.stop[low:high] == 2) + low + 1
        # a closing mark after the full stop stays with its sentence
        cuts, reach = [low], low
        for end in ends.tolist():
            if end <= reach:  # it stands among the marks behind an earlier one
                continue
            while end < high and words.start[end] == words.end[end - 1]:
                end += 1
            reach = end
            if cuts[-1] < end < high:
                cuts.append(end)
        cuts.append(high)
        for first, last in zip(cuts[:-1], cuts[1:], strict=True):
            yield first, last, int(words.first[last] - words.first[first]) + 1


def _overlapping(words: Words, low: int, high: int, room: int) -> list[Window]:
    """Windows over one sentence that is longer than a window, cut after a comma if there is one."""
    margin = min(MARGIN, room // 4)
    step = room - 2 * margin - 1
    windows, keep = [], low
    while keep < high:
        end = int(np.searchsorted(words.first, words.first[keep] + step, "right")) - 1
        end = min(max(end, keep + 1), high)
        middle = (keep + end) // 2
        stops = np.flatnonzero(words.stop[middle:end] % HYPHEN) + middle + 1
        if end < high and len(stops):
            end = int(stops[-1])
        left = int(np.searchsorted(words.first, words.first[keep] - margin, "left"))
        right = int(np.searchsorted(words.first, words.first[end] + margin, "right")) - 1
        windows.append(Window(max(left, low), min(max(right, end), high), keep, end))
        keep = end
    return windows


def fill(words: Words, window: Window) -> tuple[np.ndarray, ...]:
    """Return the inputs of one window: ids, shapes, quoted flags, and each word's position in it.

    Every paragraph ends with a separator; a single word of more sub-tokens than a window holds
    is cut short.
    """
    low, high = window.low, window.high
    sizes = np.diff(words.first[low : high + 1])
    opens = np.zeros(high - low, np.int64)
    opens[1:] = np.diff(words.paragraph[low:high]) > 0
    position = 1 + np.cumsum(opens) + (words.first[low:high] - words.first[low])
    length = int(position[-1] + sizes[-1] + 1)
    ids = np.full(length, SEP, np.int64)
    ids[0] = CLS
    shapes, quoted = np.zeros(length, np.int64), np.zeros(length, np.int64)
    at = np.repeat(position - words.first[low:high], sizes) + np.arange(
        words.first[low], words.first[high]
    )
    ids[at] = words.ids[words.first[low] : words.first[high]]
    shapes[at] = np.repeat(words.shape[low:high], sizes)
    quoted[at] = np.repeat(words.quoted[low:high], sizes)
    return ids, shapes, quoted, position


class Encoder:
    """One model, loaded: its ONNX session, its tokeniser and the settings of its decoder."""

    def __init__(self, folder: Path):
        from tokenizers import Tokenizer

        self.folder = folder
        self.card = check_files(folder)
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.session = open_session(folder)

    def read(self, article: Article) -> Iterator[tuple[Words, Scores]]:
        """Yield the words of a text with their scores, in sections that end between sentences.

        An article is one section; only a text of many thousand words has several.
        """
        words = read_words(self.tokenizer, article)
        for windows in _sections(make_windows(words, WINDOW)):
            low, high = windows[0].keep_low, windows[-1].keep_high
            rows = np.concatenate([self._run(words, window) for window in windows])
            edges = np.cumsum([len(TAGS), len(NAME_TAGS), LINKS])
            tags, names, links, state = np.split(rows, edges, axis=1)
            pool = np.repeat(
                _pools(words, windows), [window.keep_high - window.keep_low for window in windows]
            )
            state = state.astype(np.float16)
            yield words[low:high], Scores(log_softmax(tags), log_softmax(names), links, pool, state)

    def states(self, article: Article) -> States:
        """Read a text for the states of its words alone."""
        return States.of([(words, scores.states) for words, scores in self.read(article)])

    def _run(self, words: Words, window: Window) -> np.ndarray:
        """Return the scores, then the states, of the words that count in one window.

        Windows are run one by one, without padding: that is the fastest on a CPU, and the scores
        of a text do not depend on what else is read.
        """
        if is_no_prose(words, window):
            return self._nothing(window.keep_high - window.keep_low)
        ids, shapes, quoted, position = fill(words, window)
        inputs = {"ids": ids[None], "look": (2 * shapes + quoted)[None]}
        outputs = self.session.run(None, inputs)
        kept = position[window.keep_low - window.low : window.keep_high - window.low]
        return np.concatenate([output[0, kept] for output in outputs], axis=1)

    def _nothing(self, words: int) -> np.ndarray:
        """Return the rows of words of which none is in a name or a statement."""
        state = self.session.get_outputs()[-1].shape[-1]
        rows = np.zeros((words, len(TAGS) + len(NAME_TAGS) + LINKS + state), np.float32)
        rows[:, [0, len(TAGS)]] = SURE
        return rows


def is_no_prose(words: Words, window: Window) -> bool:
    """Tell whether a window holds far more sub-tokens to a letter than news ever does.

    Base64, runs of signs and columns of single letters cost as much a sub-token as news does, and
    have up to five times as many of them. Nothing is sought in these.
    """
    size = int(words.first[window.high] - words.first[window.low])
    letters = int(words.end[window.high - 1] - words.start[window.low])
    return size > MARGIN and size > DENSE * letters


def open_session(folder: Path) -> InferenceSession:
    """Load the network of a model, to be run on one thread of the processor.

    A processor that sums bytes in 16 bits (AVX2 without VNNI) is asked not to cut the sums short:
    it gives the scores that others give, more slowly.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        str(folder / "model.onnx"),
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=SLOWER,
    )


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities over the last axis."""
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def best_tags(logs: np.ndarray, opens: np.ndarray) -> np.ndarray:
    """Return the likeliest legal sequence of BIO tags.

    Tags are O, then B and I of each label in turn. An I follows its own B or I, and never opens a
    paragraph (``opens`` marks the first words). The likeliest tag of each word is kept where
    that is legal already; other paragraphs are solved by Viterbi's algorithm.
    """
    best = logs.argmax(1)
    before = np.roll(best, 1)
    inner = (best > 0) & (best % 2 == 0)
    legal = ~inner | (~opens & ((before == best) | (before == best - 1)))
    if legal.all():
        return best
    edges = [*np.flatnonzero(opens).tolist(), len(best)]
    allowed = np.zeros((logs.shape[1], logs.shape[1]), bool)
    for tag in range(logs.shape[1]):
        allowed[:, tag] = True
        if tag and tag % 2 == 0:
            allowed[:, tag] = False
            allowed[[tag - 1, tag], tag] = True
    penalty = np.where(allowed, 0, IMPOSSIBLE)
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        if not legal[low:high].all():
            best[low:high] = _viterbi(logs[low:high], penalty)
    return best


def _viterbi(logs: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    back = np.zeros(logs.shape, np.int64)
    total = logs[0].copy()
    total[2::2] = IMPOSSIBLE
    for at in range(1, len(logs)):
        paths = total[:, None] + penalty
        back[at] = paths.argmax(0)
        total = paths.max(0) + logs[at]
    path = np.zeros(len(logs), np.int64)
    path[-1] = total.argmax()
    for at in range(len(logs) - 1, 0, -1):
        path[at - 1] = back[at, path[at]]
    return path


def read_spans(tags: np.ndarray) -> list[tuple[int, int, int]]:
    """Return the spans of a legal sequence of tags: first word, end, label number."""
    spans = []
    begins = np.flatnonzero(tags % 2 == 1)
    outside = np.append(tags, 0)
    for low in begins.tolist():
        inner = int(tags[low]) + 1
        high = low + 1
        while outside[high] == inner:
            high += 1
        spans.append((low, high, inner // 2 - 1))
    return spans


def _sections(windows: list[Window]) -> Iterator[list[Window]]:
    """Group windows by SECTION or more, cut between sentences unless one is endless."""
    group: list[Window] = []
    for window in windows:
        group.append(window)
        whole = window.keep_high == window.high
        if len(group) >= (SECTION if whole else 4 * SECTION):
            yield group
            group = []
    if group:
        yield group


def _pools(words: Words, windows: list[Window]) -> np.ndarray:
    """Return a number for each window, the same for a few that share a paragraph."""
    numbers, size = [0], 1
    for before, after in zip(windows[:-1], windows[1:], strict=True):
        same = words.paragraph[before.keep_high - 1] == words.paragraph[after.keep_low]
        size = size + 1 if same and size < POOL else 1
        numbers.append(numbers[-1] + (size == 1))
    return np.array(numbers)


def check_files(folder: Path) -> dict:
    """Return the model's settings; raise ModelError when a file is missing or altered."""
    path = folder / "model.json"
    if not path.is_file():
        raise ModelError(
            f"no model in {folder}: model.json is missing; take data/models anew from the project"
        )
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        hashes = settings["sha256"].items()
        if settings.pop("sealed", None) not in (None, fingerprint(settings)):
            raise ValueError("its numbers are not those it was written with")
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise ModelError(
            f"the model's file {path} was altered: {problem}; "
            "take data/models anew from the project"
        ) from None
    for name, expected in hashes:
        file = folder / name
        if not file.is_file():
            raise ModelError(
                f"the model's file {file} is missing; take data/models anew from the project"
            )
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        if found != expected:
            raise ModelError(
                f"the model's file {file} was altered: its sha256 is {found}, not {expected}; "
                "take data/models anew from the project"
            )
    return settings


def check_models() -> None:
    """Raise ModelError when a file of any model in `data/models` is missing or altered."""
    for folder in filter(Path.is_dir, MODELS.iterdir()):
        check_files(folder)


@lru_cache(maxsize=2)
def load_encoder(name: str = MODEL) -> Encoder:
    """Load a model of ``data/models`` once in a process."""
    return Encoder(MODELS / name)
