"""Who was asked and did not answer: requests for comment that brought none."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict

import pandas as pd

from helpers import schema

_PATTERNS = {
    "declined to comment": r"(?:declined|refused|would not|wouldn[’']t|chose not)(?: to)?"
    r"(?: further)? (?:comment|be interviewed|discuss|answer questions)"
    r"|had no (?:immediate )?comment",
    "not reached": r"(?:could|can)(?: not|n[’']t|not) (?:immediately )?be (?:immediately )?"
    r"(?:reached|contacted|located)|(?:was|were) (?:not|un)\s?(?:immediately )?"
    r"(?:available|reachable)(?: for comment)?",
    "no response": r"(?:did|do|does|had|has|have)(?: not|n[’']t)(?: yet)?(?: immediately)? "
    r"(?:(?:respond(?:ed)?|repl(?:y|ied))\b|(?:return|answer)(?:ed)?\b"
    r"(?=[^.\n]{1,30}\b(?:calls?|messages?|requests?|emails?|questions?)\b))"
    r"|\bno (?:immediate )?(?:response|reply) (?:from|to)\b",
    "did not comment": r"(?:did|do|does|had|has|have)(?: not|n[’']t)(?: yet)?"
    r"(?: immediately| publicly)? comment(?:ed)?\b|without (?:confirming|commenting)|"
    r"(?:did|do|does|would)(?: not|n[’']t) (?:immediately )?confirm",
}
_ANY = re.compile("|".join(f"(?P<k{i}>{p})" for i, p in enumerate(_PATTERNS.values())), re.I)
_KINDS = tuple(_PATTERNS)
_SENTENCE_START = re.compile(r"[.!?][\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z])|[\n\r]+")
_TAIL = re.compile(
    r"\s+(?:(?P<closing>comments?|requests?|calls?|messages?|emails?|questions?|inquir(?:y|ies)|"
    r"reports?|further|immediately|interview)|to|on|about|for|an?|any|the|several|multiple|"
    r"repeated|seeking|from)\b"
)
_AFTER_PREPOSITION = re.compile(r"\b(?:in|of|for|at|near|from|by|to|with)\s+(?:the\s+)?$")
_AND = re.compile(r",?\s+(?:and|nor|or)\s+(?:the\s+)?")


def find_replies(articles: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Return the requests for comment that brought none: one row is one who did not answer.

    The span is the phrase that says so. Where two share it ("Both A and B did not respond") it
    begins at each one's name. `entity_id` is who was asked, "" where the sentence names nobody.
    """
    named = defaultdict(list)
    columns = ["article_id", "start", "end", "label", "entity_id"]
    for article_id, *mention in mentions[columns].itertuples(index=False, name=None):
        named[article_id].append(tuple(mention))
    rows = []
    for article_id, text in zip(articles["article_id"], articles["text"], strict=True):
        people = sorted(named[article_id])
        for match in _ANY.finditer(text):
            end = _phrase_end(text, match.end())
            asked = _asked(text, match.start(), people)
            for start, entity_id in asked or [(match.start(), "")]:
                begun = start if len(asked) > 1 else match.start()
                rows.append(
                    {
                        "article_id": article_id,
                        "start": begun,
                        "end": end,
                        "entity_id": entity_id,
                        "text": text[begun:end],
                        "kind": _KINDS[int(match.lastgroup[1:])],
                    }
                )
    if not rows:
        return schema.empty("replies")
    found = pd.DataFrame(rows)[schema.TABLES["replies"].columns.names]
    return found.drop_duplicates(["article_id", "start", "end"], ignore_index=True)


def _phrase_end(text: str, end: int) -> int:
    """Return where "did not respond to a request for comment" ends, given the end of "respond"."""
    ended = end
    for _ in range(8):
        tail = _TAIL.match(text, end)
        if not tail:
            break
        end = tail.end()
        if tail.group("closing"):
            ended = end
    return ended


def _asked(text: str, start: int, people: list[tuple]) -> list[tuple[int, str]]:
    """Return where the name of each who was asked begins, and its entity."""
    low = max(0, start - 400)
    low = max((m.end() for m in _SENTENCE_START.finditer(text, low, start + 1)), default=low)
    near = people[bisect_left(people, (low,)) : bisect_left(people, (start,))]
    before = [m for m in near if m[1] <= start and m[2] != "NORP"]
    if not before:
        return []
    subjects = [m for m in before if not _AFTER_PREPOSITION.search(text[low : m[0]])]
    before = subjects or before
    nearest, opening = before[-1], before[0]
    adjoining = not re.search(r"[,;–—]", text[nearest[1] : start])
    subject = nearest if adjoining and opening[2] != "PERSON" else opening
    chosen = [subject]
    for mention in reversed(before):
        if mention[1] <= chosen[-1][0] and _AND.fullmatch(text, mention[1], chosen[-1][0]):
            chosen.append(mention)
    return sorted((m[0], m[3]) for m in chosen)
