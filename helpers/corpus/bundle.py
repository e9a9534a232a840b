"""What is handed on: tables as XLSX and Parquet, and a replication bundle without article text.

The bundle holds every table without the columns that repeat what an article says; in their place
stand offsets and hashes. Whoever has the articles can check that they are the same and fill the
texts in again; whoever has not can still count.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import IllegalCharacterError

from helpers import __version__
from helpers.store import schema, storage, tables
from helpers.store.paths import own_notice

SAID = {name: table.said for name, table in schema.TABLES.items() if table.said}
HASH = "text_sha256"
RUN = 4  # so many words together are words of an article, fewer are not
_WORD = re.compile(r"\\[nrt]|[^\W_]+")
LONGEST_NAME = 31
MOST_ROWS = 1_048_575
MEASURED, WIDEST = 200, 60  # rows by which a column's width is chosen; letters at the most
MOMENT = (1980, 1, 1, 0, 0, 0)
README = """This is a replication bundle of Attributed {version}, without the text of any article.

{tables}

Every span is a pair of character offsets into the text of its article; the column {hash} of
articles.parquet is the SHA-256 of that text in UTF-8, sha256 that of the file it was read from.
Left out are all columns that repeat what articles say: {left}.

Inside are names: those of the people, bodies and places that articles name and of outlets, and the
paths of the files that were read, below the folder of the articles. No other cell holds {run} words
together of an article: in paths, rules and reasons stands … for them.

With the articles, read them again and check and fill in the texts:

    python -m helpers build ARTICLES --out tables
    python -m helpers restore BUNDLE.zip tables --out restored

The offsets, counts and codes in this bundle are facts about the articles; the articles remain
their publishers'. manifest.json says how the tables were made. LICENSE is that of the program.

To cite: {citation}
"""


class BundleError(ValueError):
    """A bundle and articles that do not belong together; the message says which."""


def convert_exports(folder: str | Path) -> Path:
    """Write every CSV of a folder of exports as Parquet beside it, and all as `tables.xlsx`.

    Texts stay texts: nothing an article says becomes a formula. Returns the workbook's path.
    Raises FileNotFoundError when the folder holds no CSV.
    """
    files = sorted(Path(folder).glob("*.csv"))
    if not files:
        raise FileNotFoundError(f"{folder} holds no CSV: run a notebook with out={str(folder)!r}")
    sheets = {}
    for file in files:
        sheets[file.stem] = frame = tables.read_csv(file)
        tables.write_arrow(pa.Table.from_pandas(_plain(frame)), file.with_suffix(".parquet"))
    return write_workbook(sheets, Path(folder) / "tables.xlsx")


def write_workbook(sheets: Mapping[str, pd.DataFrame], path: Path) -> Path:
    """Write frames as the sheets of a workbook, whole or not at all; return its path.

    Texts stay texts, the first line stays in sight, and each column can be filtered.
    """
    book = Workbook()
    book.remove(book.active)
    names: set[str] = set()
    for name, frame in sheets.items():
        _add_sheet(book, name, frame, names)
    written = BytesIO()
    book.save(written)
    tables.write_bytes(written.getvalue(), path)
    return path


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    mixed = [name for name in frame if frame[name].dtype == object]
    return frame.astype(dict.fromkeys(mixed, "str"))


def _add_sheet(book: Workbook, name: str, frame: pd.DataFrame, names: set[str]) -> None:
    title = name[:LONGEST_NAME]
    number = 2
    while title.casefold() in names:
        title = f"{name[: LONGEST_NAME - 3]}_{number}"
        number += 1
    names.add(title.casefold())
    sheet = book.create_sheet(title)
    shown = frame.head(MOST_ROWS).astype(object).where(frame.notna(), None)
    for row, values in enumerate([list(frame), *shown.itertuples(index=False)], start=1):
        for column, value in enumerate(values, start=1):
            try:
                cell = sheet.cell(row, column, value)
            except IllegalCharacterError:
                cell = sheet.cell(row, column, "".join(c for c in value if c.isprintable()))
            if isinstance(value, str):
                cell.data_type = "s"
                if value[:1] in ("=", "+", "-", "@"):
                    cell.quotePrefix = True
    for column, name in enumerate(shown, start=1):
        longest = max([len(name), *shown[name].head(MEASURED).astype(str).str.len()])
        width = min(longest + 2, WIDEST)
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def cite(manifest: dict | None = None) -> str:
    """Return the sentence by which the program, and the tables of a manifest, are cited."""
    told = f"The Attributed authors. Attributed, version {__version__} (MIT licence)."
    if not manifest:
        return told
    return (
        f"{told} Tables of the corpus {manifest.get('corpus', '')!r}, fingerprint "
        f"{manifest.get('corpus_fingerprint', '')[:16]}, built {manifest.get('built', '')[:10]}."
    )


def write_bundle(folder: str | Path, file: str | Path) -> Path:
    """Write the replication bundle of a folder of tables as one zip; return its path.

    The same tables give the same file. Raises FileNotFoundError when there are no tables.
    """
    manifest = tables.read_manifest(folder)
    listed, packed = [], {}
    for name, frame in _without_words(folder).items():
        packed[f"{name}.parquet"] = to_parquet(frame)
        listed.append(f"{name}.parquet: {len(frame):,} rows")
    left = "; ".join(f"{name}: {', '.join(columns)}" for name, columns in SAID.items())
    packed["README.txt"] = README.format(
        version=__version__,
        tables="\n".join(listed),
        hash=HASH,
        run=RUN,
        left=left,
        citation=cite(manifest),
    ).encode()
    of_files = ("notes", "announced", "unopened")
    kept = {key: manifest[key] for key in manifest if key not in of_files}
    packed["manifest.json"] = json.dumps(kept, indent=2, sort_keys=True).encode()
    for name in ("CITATION.cff", "LICENSE"):
        packed[name] = own_notice(name)
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in sorted(packed.items()):
            bundle.writestr(zipfile.ZipInfo(name, MOMENT), content, zipfile.ZIP_DEFLATED)
    tables.write_bytes(written.getvalue(), Path(file))
    return Path(file)


def _without_words(folder: str | Path) -> dict[str, pd.DataFrame]:
    """Return the tables without columns that repeat articles and without runs of their words."""
    frames = {name: tables.read_table(name, folder) for name in schema.TABLES}
    articles, entities = frames["articles"], frames["entities"]
    names = [*entities["entity"], *entities["aliases"].explode().dropna(), *articles["outlet"]]
    names += frames["attributions"]["relay"].unique().tolist()
    read = [articles[name] for name in ("text", "headline", "byline")]
    articles[HASH] = [_hash(text) for text in articles["text"]]
    free = []
    for name, frame in frames.items():
        frames[name] = frame.drop(columns=list(SAID.get(name, ())))
        closed = {"duplicate_of", "entity", *schema.TABLES[name].vocabularies}
        texts = frames[name].select_dtypes(["object", "str"]).columns.difference(closed)
        texts = texts[~texts.str.contains("_id$|sha256$")]  # names of bodies and people are kept
        free += [(name, one) for one in texts if pd.api.types.infer_dtype(frame[one]) == "string"]
    cells = {cell for name, column in free for cell in frames[name][column].unique()}
    sought = {run for cell in cells for run in _runs(cell)}
    sought -= {run for name in names for run in _runs(name)}
    said = {run for texts in read for text in texts for run in _runs(text) if run in sought}
    cut = {cell: _cut(cell, said) for cell in cells} if said else {}
    for name, column in free:
        frames[name][column] = [cut.get(cell, cell) for cell in frames[name][column]]
    return frames


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = [word for word in _WORD.findall(text.casefold()) if word[0] != "\\"]
    return zip(*(words[place:] for place in range(RUN)), strict=False)


def _cut(text: str, said: set[tuple[str, ...]]) -> str:
    """Write … for each stretch of a text that is made of `said` runs of words."""
    spans = [word.span() for word in _WORD.finditer(text) if word.group()[0] != "\\"]
    words = [text[start:end].casefold() for start, end in spans]
    gone = {
        place + step
        for place in range(len(words) - RUN + 1)
        if tuple(words[place : place + RUN]) in said
        for step in range(RUN)
    }
    kept, last = [], 0
    for place in sorted(gone):
        start, end = spans[place]
        if place - 1 not in gone:
            kept.append(f"{text[last:start]}…")
        last = end
    return "".join(kept) + text[last:]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def to_parquet(frame: pd.DataFrame) -> bytes:
    """Return a frame as the bytes of a Parquet file."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    return storage.to_parquet(table.replace_schema_metadata())


def read_bundle(file: str | Path) -> dict[str, pd.DataFrame]:
    """Read the tables of a bundle; raises BundleError when the file is none."""
    try:
        with zipfile.ZipFile(file) as bundle:
            return {
                name: schema.to_frame(pq.read_table(BytesIO(bundle.read(f"{name}.parquet"))))
                for name in schema.TABLES
            }
    except (KeyError, zipfile.BadZipFile, pa.ArrowException) as error:
        raise BundleError(f"{file} is no replication bundle: {error}") from None


def restore(file: str | Path, articles: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Fill the words of every span of a bundle in again from articles of one's own.

    `articles` has article_id and text. Returns the bundle's tables with `text` for mentions,
    attributions and replies, and cue and source_text for attributions. Raises BundleError when an
    article is missing or has another text than the bundle was made from, naming the first.
    """
    found = read_bundle(file)
    texts = dict(zip(articles["article_id"], articles["text"], strict=True))
    for row in found["articles"].itertuples():
        if row.article_id not in texts:
            raise BundleError(f"no article {row.article_id} ({row.path}) to fill the bundle from")
        if _hash(texts[row.article_id]) != getattr(row, HASH):
            raise BundleError(f"article {row.article_id} ({row.path}) has another text by now")
    for name in ("mentions", "attributions", "replies"):
        rows = found[name]
        spans = zip(rows["article_id"], rows["start"], rows["end"], strict=True)
        rows["text"] = [texts[article][start:end] for article, start, end in spans]
    said = found["attributions"]
    for column, held in (("cue", "cue_spans"), ("source_text", "source_spans")):
        said[column] = [
            " ".join(texts[article][start:end] for start, end in spans)
            for article, spans in zip(said["article_id"], said[held], strict=True)
        ]
    return found
