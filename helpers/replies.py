"""Who was asked and did not answer: requests for comment that brought none."""

from __future__ import annotations

import re
from collections import defaultdict

import pandas as pd

from helpers import schema

_PATTERNS = {
    "declined to comment": r"(?:declined|refused|would not|wouldn[’']t|chose not)(?: to)?(?: further)? "
    r"(?:comment|be interviewed|discuss|answer questions)|had no (?:immediate )?comment|no comment",
    "not reached": r"(?:could|can)(?: not|n[’']t|not) (?:immediately )?be (?:immediately )?"
    r"(?:reached|contacted|located)|(?:was|were) (?:not|un)\s?(?:immediately )?"
    r"(?:available|reachable)(?: for comment)?",
    "no response": r"(?:did|do|does|had|has|have)(?: not|n[’']t)(?: yet)?(?: immediately)? "
    r"(?:respond(?:ed)?|repl(?:y|ied)|return(?:ed)?|answer(?:ed)?)\b(?! fire)"
    r"|(?:without|no) (?:any )?(?:immediate )?(?:response|reply)\b",
    "did not comment": r"(?:did|do|does|had|has|have)(?: not|n[’']t)(?: yet)?(?: immediately| publicly)? "
    r"comment(?:ed)?\b|without (?:confirming|commenting)|"
    r"(?:did|do|does|would|could)(?: not|n[’']t) (?:immediately )?confirm",
}
_ANY = re.compile("|".join(f"(?P<k{i}>{p})" for i, p in enumerate(_PATTERNS.values())), re.I)
_KINDS = tuple(_PATTERNS)
_SENTENCE_START = re.compile(r"[.!?][\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z])|[\n\r]+")
_TAIL = re.compile(
    r"\s+(?:to|on|about|for|a|any|further|the|comment|request|requests|several|multiple|calls?|messages?|"
    r"emails?|questions?|inquir(?:y|ies)|seeking|from|by|report|reports|immediately)\b"
)
_NOBODY = ("which", "who", "that", "it", "they", "he", "she")


def find_replies(articles: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Return the requests for comment that brought none: one row is one who did not answer.

    The span is the phrase that says so. `entity_id` is who was asked, where that is a name
    of the same sentence; two names joined by "and" give two rows with spans that each begin at
    one of the names. `text` is the span as written.
    """
    named = defaultdict(list)
    columns = ["article_id", "start", "end", "label", "entity_id"]
    for article_id, *mention in mentions[columns].itertuples(index=False, name=None):
        named[article_id].append(tuple(mention))
    rows = []
    for article_id, text in zip(articles["article_id"], articles["text"], strict=True):
        people = sorted(named[article_id])
        for match in _ANY.finditer(text):
            kind = _KINDS[int(match.lastgroup[1:])]
            end = _phrase_end(text, match.end())
            asked = _asked(text, match.start(), people)
            for start, entity_id in asked or [(match.start(), "")]:
                rows.append(
                    {
                        "article_id": article_id,
                        "start": start,
                        "end": end,
                        "entity_id": entity_id,
                        "text": text[start:end],
                        "kind": kind,
                    }
                )
    if not rows:
        return schema.empty("replies")
    found = pd.DataFrame(rows)[schema.TABLES["replies"].columns.names]
    return found.drop_duplicates(["article_id", "start", "end"], ignore_index=True)


def _phrase_end(text: str, end: int) -> int:
    for _ in range(8):
        tail = _TAIL.match(text, end)
        if not tail:
            return end
        end = tail.end()
    return end


def _asked(text: str, start: int, people: list[tuple]) -> list[tuple[int, str]]:
    """Return where the name of each who was asked begins, and its entity."""
    low = max((m.end() for m in _SENTENCE_START.finditer(text, max(0, start - 400), start)), default=max(0, start - 400))
    before = [m for m in people if low <= m[0] and m[1] <= start and m[2] != "NORP"]
    if not before:
        return []
    subject = before[-1]
    clause = [m for m in before if "," not in text[m[1] : start]]
    opening = before[0]
    chosen = [opening if opening[2] == "PERSON" or not clause else subject]
    if chosen[0] is opening or chosen[0] is subject:
        chosen += [
            m
            for m in before
            if m is not chosen[0]
            and re.fullmatch(r",?\s+and\s+(?:the\s+)?", text[min(m[1], chosen[0][1]) : max(m[0], chosen[0][0])])
        ]
    return sorted((m[0], m[3]) for m in chosen)
