"""What the bench is run on: many articles, names and tables, made from a few."""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.annotate import entities
from helpers.corpus.parts import ROOTS
from helpers.corpus.wall import Wall
from helpers.read.articles import iter_records
from helpers.read.files import iter_files
from helpers.store import schema, tables
from helpers.store.storage import Storage
from helpers.text import sentences

SEED = 20261123
EXPORTED_CHARACTERS = 10_000  # of an article in an export
CASTS = 100  # copies of a build's entities in large tables
FORMS = (("{1} {0}", "PERSON"), ("{0} Ministry", "ORG"), ("{0}land", "GPE"), ("{0} Ltd", "ORG"))


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
    return re.sub(r"\d+", lambda found: str(int(found[0][:9]) + number % 7), "".join(pieces))


def article_file(folder: Path, number: int) -> Path:
    """Return the file of an article that `write_articles` writes, a hundred to a folder."""
    return folder / f"{number // 100:05d}" / f"{number:07d}.txt"


def write_articles(folder: Path, texts: Sequence[str], count: int, words: int) -> Path:
    """Write articles made from some texts in turn; return the folder."""
    for number in range(count):
        text = vary(texts[number % len(texts)], number, words)
        tables.write_text(text, article_file(folder, number))
    return folder


def write_exports(folder: Path, texts: Sequence[str], count: int) -> tuple[Path, Path]:
    """Write the same articles of 10,000 characters as an export of Nexis and as JSON Lines."""
    folder.mkdir(parents=True, exist_ok=True)
    export, lines = folder / "export.txt", folder / "lines.jsonl"
    with export.open("w", encoding="utf-8") as one, lines.open("w", encoding="utf-8") as other:
        one.write(f"Job Number: 1\n\nDocuments ({count})\n\n")
        for number in range(count):
            places = itertools.count(number)
            body = f"Clerk number {number} said the record was complete."
            while len(body) < EXPORTED_CHARACTERS:
                body += "\n\n" + texts[next(places) % len(texts)].strip()
            body = body[:EXPORTED_CHARACTERS].strip()
            head = {"title": f"Record {number} is complete", "outlet": "The Vale Echo"}
            day = f"March {number % 28 + 1}, 2024"
            one.write("\n\n".join([*head.values(), day, "Body", body, "End of Document\n\n"]))
            other.write(json.dumps(head | {"published": day, "text": body}) + "\n")
    return export, lines


def read_articles(file: Path, walled: bool = False) -> int:
    """Read the articles of a file, behind the wall or not; forget them, return how many."""
    with Wall() as wall:
        read = wall.read if walled else iter_records
        return sum(isinstance(item, dict) for source in iter_files(file) for item in read(source))


def summarise_names(count: int) -> list[pd.DataFrame]:
    """Return what parts of a corpus tell of their made-up names, ``count`` mentions in all."""
    who = np.minimum(np.random.default_rng(SEED).zipf(1.2, count), 200_000)
    place = np.arange(count)
    named = [
        (FORMS[n % 4][0].format(_word(n % 60_000), _word(n * 7 % 3_000)), FORMS[n % 4][1])
        for n in who.tolist()
    ]
    found = pd.DataFrame(named, columns=["text", "label"]).assign(
        article_id=np.char.add("a", (place // 25).astype(str)),
        start=place % 25 * 50,
        confidence=0.9,
    )
    parts = [found[first : first + 25_000] for first in range(0, count, 25_000)]
    return [
        entities.summarise_names(part, part[["article_id"]].drop_duplicates().assign(text=""))
        for part in parts
    ]


def _word(number: int) -> str:
    """Return a made-up word, another one for each number below 60,000."""
    places = [number // 65**turn % 65 for turn in range(3)]
    pairs = ("bdfgklmnprstv"[place // 5] + "aeiou"[place % 5] for place in places)
    return "".join(pairs).title() + "n"


def write_large_tables(folder: Path, build: str | Path, articles: int, alike: int = 0) -> None:
    """Write the tables of a build again and again, as a build of so many articles would leave them.

    Each copy of an article has ids of its own; the entities are those of a hundred corpora. With
    `alike` only so many copies have the same statements; the others have other words in them.
    """
    frames = {name: tables.read_table(name, build) for name in schema.TABLES}
    alone = {name: frames.pop(name) for name in ROOTS}
    casts = [_own(alone["entities"], number) for number in range(CASTS)]
    alone["entities"] = pd.concat(casts, ignore_index=True)
    ids = frames["articles"]["article_id"]

    def pieces(name: str) -> Iterator[pa.Table]:
        for copy in range(-(-articles // len(ids))):
            kept = frames[name]["article_id"].isin(ids[: articles - copy * len(ids)])
            yield schema.to_arrow(name, _own(frames[name][kept], copy, alike))

    for name in frames:
        Storage(folder).write_rows(f"{name}.parquet", schema.told(name), pieces(name))
    for name, frame in alone.items():
        tables.write_table(frame, name, folder)
    counts = dict.fromkeys(schema.TABLES, 0) | {"articles": articles}
    tables.write_manifest({"built": "", "corpus": "made up", "counts": counts}, folder)


def _own(frame: pd.DataFrame, copy: int, alike: int = 0) -> pd.DataFrame:
    """Return rows as those of another copy of a build, with ids and perhaps words of its own."""
    marked = {}
    if alike and "spans" in frame:
        other = rf"\1 {_word(copy // alike)}"
        marked["text"] = frame["text"].str.replace(r"(\w+\W+\w+)\W+\w+", other, regex=True)
    for name in frame.columns[frame.columns.str.contains("_id$|^duplicate_of$")]:
        mark = copy % CASTS if name in ("entity_id", "speaker_id") else copy
        marked[name] = frame[name].where(frame[name] == "", frame[name] + f"-{mark}")
    return frame.assign(**marked)


if __name__ == "__main__":
    print(f"{read_articles(Path(sys.argv[1]), walled=len(sys.argv) > 2):,} articles")
