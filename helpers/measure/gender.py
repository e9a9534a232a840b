"""Referential gender: the pronouns an article itself uses for a person; never read from a name."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict

import pandas as pd

from helpers.text import quotations

REFERENCES = ["article_id", "start", "end", "text", "pronoun", "entity_id"]
PRONOUNS = ("he", "she", "they")
UNKNOWN, MIXED = "unknown", "mixed"
MOST = 0.8  # the share of one pronoun from which a person is referred to by it
_FORMS = {
    **dict.fromkeys(("he", "him", "his", "himself"), "he"),
    **dict.fromkeys(("she", "her", "hers", "herself"), "she"),
}
_PRONOUN = re.compile(rf"\b(?:{'|'.join(_FORMS)})\b", re.IGNORECASE)
_STATED = re.compile(
    r"\bwho (?:uses|goes by|prefers)(?: the)?(?: pronouns?)? (?P<form>they|he|she)(?:\b|/)",
    re.IGNORECASE,
)


def find_references(
    articles: pd.DataFrame, sentences: pd.DataFrame, mentions: pd.DataFrame
) -> pd.DataFrame:
    """Return the pronouns that can mean one person only: one row is one pronoun.

    Outside quotations, where the paragraph so far and the rest of the sentence name one person and
    no other. "They" is taken only where the article says that somebody uses it, since it mostly
    means several. `mentions` have their `entity_id`.
    """
    people = mentions[(mentions["label"] == "PERSON") & (mentions["entity_id"] != "")]
    named = _by_article(people, ["start", "end", "entity_id"])
    cut = _by_article(sentences, ["start", "end"])
    rows = []
    for article_id, text in zip(articles["article_id"], articles["text"], strict=True):
        if article_id not in named:
            continue
        for start, end, pronoun in _pronouns(text):
            entity_id = _only_person(named[article_id], cut.get(article_id, []), text, start)
            if entity_id:
                rows.append((article_id, start, end, text[start:end], pronoun, entity_id))
    return pd.DataFrame(rows, columns=REFERENCES).astype({"start": "int64", "end": "int64"})


def _by_article(frame: pd.DataFrame, columns: list[str]) -> dict[str, list[tuple]]:
    found: dict[str, list[tuple]] = defaultdict(list)
    for article_id, *cells in frame[["article_id", *columns]].itertuples(index=False, name=None):
        found[article_id].append(tuple(cells))
    return {article_id: sorted(rows) for article_id, rows in found.items()}


def _pronouns(text: str) -> list[tuple[int, int, str]]:
    """Return the pronouns outside quotations, and those a person is said to use."""
    quoted = bytearray(len(text))
    for quotation in quotations.find_quotations(text):
        quoted[quotation.start : quotation.end] = b"\x01" * (quotation.end - quotation.start)
    found = [
        (match.start(), match.end(), _FORMS[match.group().lower()])
        for match in _PRONOUN.finditer(text)
        if not quoted[match.start()]
    ]
    stated = [(*m.span("form"), m.group("form").lower()) for m in _STATED.finditer(text)]
    return sorted({*found, *stated})


def _only_person(named: list[tuple], sentences: list[tuple], text: str, at: int) -> str:
    """Return the one person named in the paragraph as far as the end of the sentence at a place.

    That person must be named before it.
    """
    place = bisect_right(sentences, (at, 1 << 60)) - 1
    end = sentences[place][1] if place >= 0 else at
    people = _people(named, text.rfind("\n", 0, at) + 1, max(end, at))
    before = _people(named, text.rfind("\n", 0, at) + 1, at)
    return people.pop() if len(people) == 1 and people == before else ""


def _people(named: list[tuple], start: int, end: int) -> set[str]:
    low, high = bisect_left(named, (start,)), bisect_left(named, (end,))
    return {entity_id for _, _, entity_id in named[low:high]}


def measure_pronouns(people: pd.DataFrame, references: pd.DataFrame) -> pd.DataFrame:
    """Tell by which pronoun each person is referred to; one row is one entity of `people`.

    `people` has entity_id and entity. `he`, `she` and `they` count the references; `pronoun` is
    the one that at least 80 % of them use, "mixed" when none is, "unknown" when there is none.
    """
    counts = pd.crosstab(references["entity_id"], references["pronoun"])
    counts = counts.reindex(index=people["entity_id"], columns=list(PRONOUNS), fill_value=0)
    total = counts.sum(axis=1)
    share = counts.max(axis=1) / total.where(total > 0)
    pronoun = counts.idxmax(axis=1).where(share >= MOST, MIXED).where(total > 0, UNKNOWN)
    measured = people[["entity_id", "entity"]].reset_index(drop=True)
    counts, pronoun = counts.reset_index(drop=True), pronoun.reset_index(drop=True)
    return pd.concat([measured, counts.astype("int64"), pronoun.rename("pronoun")], axis=1)
