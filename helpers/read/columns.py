"""Which column or name of a record plays which role in an article, and what a cell says."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from helpers.read.documents import Document, Unreadable
from helpers.store.lexicons import read_lexicon

ROLES = ("text", "title", "outlet", "published", "url", "author", "id", "section")
FIELDS = ROLES[1:]
LEAST_WORDS_OF_A_TEXT = 20
MOST_WORDS_OF_A_SUMMARY = 200
LIMITS = {"Excel's": 32_767, "a database's": 65_535}  # characters, or bytes, of a text
SHORTEST_LIMIT = 8_000  # characters, from which on the bytes of a text are counted
LONGEST_ENDING = 250  # characters at the end of a text that may say that more follows
MOST_SHOWN = 30  # columns that are listed


@cache
def field_names(kind: str) -> dict[str, list[str]]:
    """Return the names under which each role is found, the most telling first.

    `kind` is "column" or "folder", for names spelt as `plain` spells them, "meta" for web pages, or
    "json" for what wraps records, their parts and their values.
    """
    names = read_lexicon("field_names")
    own = names[names["kind"] == kind]
    return {role: list(rows["name"]) for role, rows in own.groupby("role", sort=False)}


def plain(name: object) -> str:
    """Spell a column name without case, accents and punctuation."""
    decomposed = unicodedata.normalize("NFKD", str(name)).casefold()
    return "".join(filter(str.isalnum, decomposed))


def guess_mapping(
    columns: Iterable[str], sample: Sequence[Mapping[str, Any]] = ()
) -> dict[str, str]:
    """Guess the column of each role from the names and, for the text, from sample values.

    Of several columns named like a text, the one with the longest values on average is taken. If
    no name tells, it is the column with the longest values, if these are running text.
    """
    columns, names = list(columns), field_names("column")
    length = {column: _average(column, sample) for column in columns}
    by_name = {plain(column): column for column in reversed(columns)}
    found = {role: [by_name[name] for name in names[role] if name in by_name] for role in ROLES}
    mapping = {role: named[0] for role, named in found.items() if named}
    if "text" in mapping:
        mapping["text"] = max(found["text"], key=length.__getitem__)
    elif free := [column for column in columns if column not in mapping.values()]:
        longest = max(free, key=length.__getitem__)
        summaries = [column for column in free if is_summary(column)]
        if _average(longest, sample, str.split) >= LEAST_WORDS_OF_A_TEXT:
            mapping = {"text": longest} | mapping
        elif summaries:
            mapping = {"text": max(summaries, key=length.__getitem__)} | mapping
    return mapping


def is_summary(column: str) -> bool:
    """Say whether a column is named as one that holds summaries, not texts."""
    return plain(column) in field_names("column")["summary"]


def choose_mapping(
    columns: Iterable[str], sample: Sequence[Mapping[str, Any]], wanted: Mapping[str, str]
) -> dict[str, str]:
    """Return the guessed mapping with the wanted columns in place of guessed ones.

    Raises Unreadable, listing the columns there are, when a wanted column is absent or no column
    holds the text.
    """
    columns = list(columns)
    more = f" and {len(columns) - MOST_SHOWN:,} more" if len(columns) > MOST_SHOWN else ""
    there_are = f"its columns are {', '.join(map(repr, columns[:MOST_SHOWN]))}{more}"
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
        advice = "name it with a mapping such as text=COLUMN"
        if "url" in mapping:
            advice += (
                ", or, if this lists articles without their texts, save the pages that "
                f"{mapping['url']!r} names and keep this list beside them as metadata.csv, with a "
                "column 'file'"
            )
        raise Unreadable(f"no column looks like the text of articles; {there_are}. {advice}")
    return {role: mapping[role] for role in ROLES if role in mapping}


def check_roles(mapping: Mapping[str, str]) -> None:
    """Raise ValueError when a mapping names a role there is not."""
    unknown = sorted(set(mapping) - set(ROLES))
    if unknown:
        raise ValueError(f"a mapping cannot name {unknown[0]!r}; the roles are {', '.join(ROLES)}")


def describe_mapping(mapping: Mapping[str, str]) -> str:
    """Say a mapping in one line: text from column 'Body', title from 'Headline'."""
    parts = ", ".join(f"{role} from {column!r}" for role, column in mapping.items())
    return parts.replace(" from ", " from column ", 1) or "no column mapped"


def to_document(record: Mapping[str, Any], mapping: Mapping[str, str]) -> Document:
    """Turn one row or record into a document; columns without a role become metadata."""
    column = mapping["text"]
    text = as_text(record.get(column))
    summaries = [] if text.strip() else [name for name in record if is_summary(name)]
    if summaries:
        column = max(summaries, key=lambda name: len(as_text(record[name])))
        text = as_text(record[column])
    fields = {role: record.get(column) for role, column in mapping.items() if role != "text"}
    mapped = set(mapping.values())
    others = {name: value for name, value in record.items() if name not in mapped}
    document = Document(text, fields, others)
    if text.strip() and is_summary(column) and len(text.split()) < MOST_WORDS_OF_A_SUMMARY:
        problem = f"only a summary is here, from {column!r}; bring the whole text"
        document.problems.append(("text", problem))
    return document


@cache
def _endings() -> re.Pattern[str]:
    kinds = read_lexicon("cut_texts").groupby("kind")["pattern"].agg("|".join)
    sentence = rf"(?:^|(?<=\n)|(?<=[.!?…”\"]\s))(?:{kinds['sentence']})"
    return re.compile(rf"(?:(?:^|(?<=\W))(?:{kinds['end']})|{sentence})$", re.I | re.S)


def cut_off(text: str) -> str:
    """Say in words why a text is probably not the whole article; "" when nothing tells so."""
    long = len(text) > SHORTEST_LIMIT
    for whose, limit in LIMITS.items():
        if limit in (len(text), len(text.encode("utf-8", "replace")) if long else 0):
            told = f"the text has {whose} limit of {limit:,} characters and is probably cut"
            return f"{told}; export it as CSV or JSON"
    if found := _endings().search(text[-LONGEST_ENDING:].rstrip()):
        shown = " ".join(found[0].split())
        return f"the text ends in {shown!r}: only its beginning is here; bring the whole text"
    return ""


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
        spelt = {plain(name): one for name, one in value.items()}
        inner = next(filter(None, map(spelt.get, field_names("json")["value"])), None)
        return as_text(inner) if inner else json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _average(column: str, sample: Sequence[Mapping[str, Any]], cut: Callable = str) -> float:
    """Return how many pieces the texts in a column cut into on average: characters, or words."""
    values = [row[column] for row in sample if isinstance(row.get(column), str | Mapping)]
    values = [value if isinstance(value, str) else as_text(value) for value in values]
    return sum(len(cut(value)) for value in values) / max(len(sample), 1)
