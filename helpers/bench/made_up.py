"""What the bench is run on: articles made from a few, made-up names, made-up tables of many."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.store import schema, tables
from helpers.text import sentences

SEED = 20261123
_NUMBER = re.compile(r"\d+")


def vary(text: str, number: int, words: int) -> str:
    """Return a text with changes that make it another: other figures, a sentence of its own.

    It is cut after the sentence that reaches `words` words; 0 keeps it whole.
    """
    ends = [0, *(end for _, end in sentences.split_span(text, 0, len(text), []))]
    pieces = [text[start:end] for start, end in itertools.pairwise(ends)]
    if words:
        length = np.cumsum([len(piece.split()) for piece in pieces])
        pieces = pieces[: int(np.searchsorted(length, words)) + 1]
    place = number % (len(pieces) + 1)
    own = f"Clerk number {number} of Ward {number % 97} said the record was complete."
    pieces.insert(place, f" {own}" if place else f"{own} ")
    varied = "".join(pieces)
    return _NUMBER.sub(lambda found: str(int(found[0][:9]) + number % 7), varied)


def write_articles(folder: Path, texts: Sequence[str], count: int, words: int) -> Path:
    """Write articles made from some texts in turn, a hundred to a folder."""
    for number in range(count):
        file = folder / f"{number // 100:05d}" / f"{number:07d}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(vary(texts[number % len(texts)], number, words), encoding="utf-8")
    return folder


def summarise_names(count: int) -> list[pd.DataFrame]:
    """Return what parts of a corpus tell of their made-up names, ``count`` mentions in all."""
    from helpers.annotate import entities

    rng = np.random.default_rng(SEED)
    who = np.minimum(rng.zipf(1.2, count), 200_000)
    forms = [("{1} {0}", "PERSON"), ("{0} Ministry", "ORG"), ("{0}land", "GPE"), ("{0} Ltd", "ORG")]
    names, labels = [], []
    for number in who.tolist():
        form, label = forms[number % len(forms)]
        names.append(form.format(_word(number % 60_000), _word(number * 7 % 3_000)))
        labels.append(label)
    place = np.arange(count)
    ids = np.char.add("a", (place // 25).astype(str))
    found = pd.DataFrame({"article_id": ids, "start": place % 25 * 50, "text": names})
    found = found.assign(label=labels, confidence=0.9)
    parts = [found[first : first + 25_000] for first in range(0, count, 25_000)]
    return [
        entities.summarise_names(
            part, pd.DataFrame({"article_id": part["article_id"].unique()}).assign(text="")
        )
        for part in parts
    ]


def _word(number: int) -> str:
    """Return a made-up word, another one for each number below 60,000."""
    syllables = []
    for _ in range(3):
        number, place = divmod(number, 65)
        syllables.append("bdfgklmnprstv"[place // 5] + "aeiou"[place % 5])
    return "".join(syllables).title() + "n"


def write_large_tables(folder: Path, articles: int) -> None:
    """Write made-up tables as a build of many articles would leave them: 25 mentions an article."""
    rng = np.random.default_rng(SEED)
    entities = max(200, articles // 10)
    per = 1000
    labels = np.array(schema.LABELS)
    kind = rng.integers(0, 5, entities)
    ids = np.array([f"{labels[k].lower()}-name-{n}" for n, k in enumerate(kind)])
    made = pd.DataFrame({"entity_id": ids, "entity": [f"Name {n}" for n in range(entities)]})
    made = made.assign(label=labels[kind], country="", merge_reason="")
    made["aliases"] = pd.Series([[] for _ in ids], dtype=object)
    catalogue: dict[str, Any] = {"tables": {name: [] for name in schema.TABLES}}
    for first in range(0, articles, per):
        frames = _large_part(rng, first, min(per, articles - first), made)
        for name, frame in frames.items():
            part = folder / f"parts/made/part-{first:09d}"
            tables.write_table(_complete(name, frame), name, part)
            catalogue["tables"][name].append(f"parts/made/part-{first:09d}/{name}.parquet")
    for name, frame in {"entities": made, "problems": schema.empty("problems")}.items():
        tables.write_table(_complete(name, frame), name, folder / "corpus")
        catalogue["tables"][name].append(f"corpus/{name}.parquet")
    catalogue |= {"dropped": {}, "order": ""}
    tables.write_text(json.dumps(catalogue), folder / "corpus" / "catalogue.json")
    counts = dict.fromkeys(schema.TABLES, 0) | {"articles": articles}
    manifest = {"built": "", "catalogue": "corpus/catalogue.json", "corpus": "made up"}
    tables.write_manifest(manifest | {"counts": counts}, folder)


def _complete(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with every column of a table; those that were missing are empty."""
    blank = {pa.string(): "", pa.int64(): 0, pa.float64(): np.nan, pa.bool_(): False}
    table = schema.TABLES[name]
    for column in table.columns:
        if column.name not in frame:
            values = table.vocabularies.get(column.name)
            value = values[0] if values else blank.get(column.type)
            lists = pd.Series([[] for _ in range(len(frame))], index=frame.index, dtype=object)
            frame = frame.assign(**{column.name: lists if value is None else value})
    return frame[table.columns.names]


def _large_part(
    rng: np.random.Generator, first: int, count: int, entities: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    ids = np.array([f"a{number:09d}" for number in range(first, first + count)])
    text = "The mayor of the town said on Monday that the harbour would stay open. " * 40
    empty = dict.fromkeys(schema.TABLES["articles"].columns.names, "")
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 365, count), unit="D")
    outlets = np.array(["Courier", "Gazette", "Herald", "Mercury"])[rng.integers(0, 4, count)]
    articles = pd.DataFrame({**empty, "article_id": ids, "path": ids, "outlet": outlets})
    articles = articles.assign(published=days, words=480, text=text, language="en")
    mentions = _large_mentions(rng, ids, entities)
    said = _large_attributions(rng, ids, entities)
    blocks = pd.DataFrame({"article_id": ids, "start": 0, "end": len(text) - 1, "role": "body"})
    return {
        "articles": articles,
        "blocks": blocks,
        "sentences": blocks,
        "mentions": mentions,
        "attributions": said,
        "targets": schema.empty("targets"),
        "replies": schema.empty("replies"),
    }


def _large_mentions(
    rng: np.random.Generator, ids: np.ndarray, entities: pd.DataFrame
) -> pd.DataFrame:
    number = len(ids) * 25
    who = np.minimum(rng.zipf(1.3, number) - 1, len(entities) - 1)
    start = np.tile(np.arange(25) * 70, len(ids))
    frame = pd.DataFrame({"article_id": np.repeat(ids, 25), "start": start, "end": start + 5})
    chosen = entities.iloc[who]
    return frame.assign(
        text=chosen["entity"].to_numpy(),
        label=chosen["label"].to_numpy(),
        role=rng.choice(["headline", "body", "caption"], number, p=[0.05, 0.85, 0.1]),
        entity_id=chosen["entity_id"].to_numpy(),
        confidence=0.8,
        rule="model",
    )


def _large_attributions(
    rng: np.random.Generator, ids: np.ndarray, entities: pd.DataFrame
) -> pd.DataFrame:
    per = 8
    number = len(ids) * per
    chosen = entities.iloc[np.minimum(rng.zipf(1.3, number) - 1, len(entities) - 1)]
    start = np.tile(np.arange(per) * 200, len(ids))
    owner = np.repeat(ids, per)
    spans = pd.Series([[[s, s + 60]] for s in start.tolist()], dtype=object)
    pick = {
        name: rng.choice(values, number)
        for name, values in schema.TABLES["attributions"].vocabularies.items()
        if name not in ("relay_ownership", "role")
    }
    kinds = list(schema.SOURCE_TYPES)
    likely = [0.03 if kind == "anonymous source" else 0.97 / (len(kinds) - 1) for kind in kinds]
    pick["source_type"] = rng.choice(kinds, number, p=likely)
    return pd.DataFrame(
        {
            "attribution_id": [f"{a}-{s}-{s + 60}" for a, s in zip(owner, start, strict=True)],
            "article_id": owner,
            "start": start,
            "end": start + 60,
            "spans": spans,
            "text": "the harbour would stay open until the end of the year",
            "cue": "said",
            "cue_spans": pd.Series([[[s + 61, s + 65]] for s in start.tolist()], dtype=object),
            "source_text": chosen["entity"].to_numpy(),
            "source_spans": pd.Series([[[s + 66, s + 72]] for s in start.tolist()], dtype=object),
            "speaker": chosen["entity"].to_numpy(),
            "speaker_id": chosen["entity_id"].to_numpy(),
            "named": pd.Series(pick["source_type"]).str.startswith("named").to_numpy(),
            "relay_ownership": "",
            "words": 10,
            "role": "body",
            "confidence": 0.8,
            "rule": "model",
            "tone": 0.1,
            "tone_agreement": 0.8,
            **pick,
        }
    )
