"""Which column of a table of articles plays which role: guessed, overridable, said in words."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from helpers.read.documents import Document, Unreadable

ROLES = ("text", "title", "outlet", "published", "url", "author", "id", "section")
FILE_COLUMNS = ("file", "filename", "path", "filepath")
SAMPLE_ROWS = 50
LEAST_WORDS_OF_A_TEXT = 20

NAMES = {  # as they are spelt without case and punctuation, the most telling first
    "text": (
        "text",
        "fulltext",
        "articletext",
        "maintext",
        "bodytext",
        "body",
        "articlebody",
        "content",
        "articlecontent",
        "story",
        "storytext",
        "article",
        "cleantext",
        "plaintext",
    ),
    "title": (
        "headline",
        "title",
        "articletitle",
        "articleheadline",
        "mainheadline",
        "hed",
        "head",
        "heading",
    ),
    "outlet": (
        "outlet",
        "publication",
        "publisher",
        "publishername",
        "newspaper",
        "paper",
        "source",
        "sourcename",
        "newsoutlet",
        "mediaoutlet",
        "medium",
        "media",
        "site",
        "sitename",
        "sourcedomain",
        "domain",
        "provider",
    ),
    "published": (
        "published",
        "publishedat",
        "publishedon",
        "publishedtime",
        "datepublished",
        "datepublish",
        "publicationdate",
        "publisheddate",
        "publishdate",
        "pubdate",
        "pubtime",
        "articledate",
        "date",
        "datetime",
        "timestamp",
        "time",
    ),
    "url": ("url", "articleurl", "weburl", "canonicalurl", "permalink", "link", "href", "uri"),
    "author": (
        "byline",
        "author",
        "authors",
        "authorname",
        "creator",
        "writer",
        "reporter",
        "journalist",
    ),
    "id": ("articleid", "id", "guid", "docid", "documentid", "recordid", "uid", "uuid"),
    "section": ("section", "sectionname", "desk", "category", "rubric"),
}


def plain(name: object) -> str:
    """Spell a column name without case, accents and punctuation."""
    decomposed = unicodedata.normalize("NFKD", str(name)).casefold()
    return re.sub(r"[\W_]", "", decomposed)


def guess_mapping(
    columns: Iterable[str], sample: Sequence[Mapping[str, Any]] = ()
) -> dict[str, str]:
    """Guess the column of each role from the names and, for the text, from sample values.

    Of several columns named like a text, the one with the longest values on average is taken. If
    no name tells, it is the column with the longest values, if these are running text.
    """
    columns = list(columns)
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(plain(column), column)
    mapping = {}
    for role in ROLES:
        named = [by_name[name] for name in NAMES[role] if name in by_name]
        if role == "text" and named:
            mapping[role] = max(named, key=lambda column: _average_length(column, sample))
        elif named:
            mapping[role] = named[0]
    if "text" not in mapping:
        free = [column for column in columns if column not in mapping.values()]
        longest = max(free, key=lambda column: _average_length(column, sample), default="")
        if longest and _average_words(longest, sample) >= LEAST_WORDS_OF_A_TEXT:
            mapping = {"text": longest} | mapping
    return mapping


def choose_mapping(
    columns: Iterable[str], sample: Sequence[Mapping[str, Any]], wanted: Mapping[str, str]
) -> dict[str, str]:
    """Return the guessed mapping with the wanted columns in place of guessed ones.

    Raises Unreadable, listing the columns there are, when a wanted column is absent or no column
    holds the text.
    """
    columns = list(columns)
    there_are = "its columns are " + ", ".join(repr(column) for column in columns)
    spelt = {plain(column): column for column in reversed(columns)}
    chosen = {}
    for role, name in wanted.items():
        if name not in columns and plain(name) not in spelt:
            raise Unreadable(f"there is no column {name!r} to take the {role} from; {there_are}")
        chosen[role] = name if name in columns else spelt[plain(name)]
    guessed = guess_mapping(columns, sample)
    taken = set(chosen.values())
    mapping = {role: name for role, name in guessed.items() if name not in taken} | chosen
    if "text" not in mapping:
        raise Unreadable(
            f"no column looks like the text of articles; {there_are}. Name it with a mapping "
            "such as text=COLUMN"
        )
    return {role: mapping[role] for role in ROLES if role in mapping}


def check_roles(mapping: Mapping[str, str]) -> None:
    """Raise ValueError when a mapping names a role there is not."""
    unknown = sorted(set(mapping) - set(ROLES))
    if unknown:
        raise ValueError(f"a mapping cannot name {unknown[0]!r}; the roles are {', '.join(ROLES)}")


def describe_mapping(mapping: Mapping[str, str]) -> str:
    """Say a mapping in one line: text from column 'Body', title from 'Headline'."""
    if not mapping:
        return "no column mapped"
    parts = [f"{role} from {column!r}" for role, column in mapping.items()]
    return ", ".join([parts[0].replace(" from ", " from column ", 1), *parts[1:]])


def to_document(record: Mapping[str, Any], mapping: Mapping[str, str]) -> Document:
    """Turn one row or record into a document; columns without a role become metadata."""
    text = record.get(mapping["text"])
    fields = {role: record.get(column) for role, column in mapping.items() if role != "text"}
    mapped = set(mapping.values())
    others = {name: value for name, value in record.items() if name not in mapped}
    return Document(text if isinstance(text, str) else as_text(text), fields, others)


def as_text(value: Any) -> str:
    """Write a cell as text: nothing as "", 12.0 as 12, a list with commas, {"name": x} as x."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, date):
        return "" if value != value else value.isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(as_text, value)))
    if isinstance(value, Mapping):
        name = value.get("name")
        return as_text(name) if name else json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _average_length(column: str, sample: Sequence[Mapping[str, Any]]) -> float:
    return sum(len(_value(row, column)) for row in sample) / max(len(sample), 1)


def _average_words(column: str, sample: Sequence[Mapping[str, Any]]) -> float:
    return sum(len(_value(row, column).split()) for row in sample) / max(len(sample), 1)


def _value(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    return value if isinstance(value, str) else ""
