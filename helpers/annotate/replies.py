"""Who was asked and did not answer: requests for comment that brought none."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from functools import cache

import pandas as pd

from helpers.store import lexicons, schema
from helpers.text import sentences

_CONDITION = re.compile(
    r"\b(?:if|because|when|whether|unless|who|that) (?:they|he|she|it|we|you)? ?$"
)
_TAIL = re.compile(
    r"\s+(?:(?P<closing>comments?|requests?|calls?|messages?|emails?|questions?|inquir(?:y|ies)|"
    r"reports?|further|immediately|interview)|to|on|about|for|an?|any|the|several|multiple|"
    r"repeated|seeking|from)\b"
)
_AFTER_PREPOSITION = re.compile(r"\b(?:in|of|for|at|near|from|by|to|with)\s+(?:the\s+)?$")
_CLAUSE = re.compile(
    r"[;:–—]|,\s+(?:but|and|though|while)\s+|(?<!\s)\s++but\s+|^(?:Through|In|On|At|By)\b[^,]*,\s+"
)
_VERB = re.compile(r"\b(?:said|says|was|were|is|are|had|has)\b")
_NOUN = re.compile(r"[^\W\d_]{2}")
_SPOKE = re.compile(r"(?<!\s)\s++(?:said|says|added)\s+(?:that\s+)?(?:he|she|it|they)$")
_AND = re.compile(r",?\s+(?:and|nor|or)\s+(?:the\s+)?")


def find_replies(articles: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Return the requests for comment that brought none: one row is one who did not answer.

    The span is the phrase that says so, `who` the words that say who was asked ("Her office").
    Where two share a phrase ("Both A and B did not respond") it begins at each one's name.
    `entity_id` is who was asked, "" where the sentence names nobody.
    """
    named = defaultdict(list)
    for one in mentions.itertuples():
        named[one.article_id].append((one.start, one.end, one.label, one.entity_id))
    rows = []
    for article_id, text in zip(articles["article_id"], articles["text"], strict=True):
        people = sorted(named[article_id])
        for match in _phrases().finditer(sentences.lower(text)):
            if _CONDITION.search(text[max(0, match.start() - 20) : match.start()]):
                continue
            end = _phrase_end(text, match.end())
            asked = _asked(text, match.start(), people)
            for start, entity_id in asked or [(match.start(), "")]:
                begun = start if len(asked) > 1 else match.start()
                who = _who(text, begun, match.start(), people)
                kind = schema.REPLY_KINDS[(match.lastindex or 1) - 1]
                spoken = text[begun:end]
                rows.append((article_id, begun, end, entity_id, spoken, who, kind))
    columns = schema.TABLES["replies"].columns.names
    found = pd.DataFrame(rows, columns=columns) if rows else schema.empty("replies")
    return found.drop_duplicates(["article_id", "start", "end"], ignore_index=True)


@cache
def _phrases() -> re.Pattern[str]:
    """Return the pattern of what says that nobody answered: a group for each kind, in order."""
    kinds = lexicons.read_facts("reply_phrases", "kind", "pattern")
    return re.compile("|".join(f"({kinds[kind]})" for kind in schema.REPLY_KINDS))


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


def _who(text: str, begun: int, start: int, people: list[tuple]) -> str:
    """Return the words in front of a phrase that say who was asked, as written."""
    if begun < start:
        named = [m for m in people[bisect_left(people, (begun,)) :] if m[0] == begun]
        return text[begun : named[0][1]] if named else text[begun:start].strip(" ,")
    low = sentences.begin(text, max(0, start - 200), start)
    before = text[low:start].rstrip(" ,")
    clause = _CLAUSE.split(before)[-1]
    words = clause if 0 < len(clause.split()) <= 12 and _NOUN.search(clause) else before
    words = _SPOKE.sub("", words)
    subject = _asked(text, start, people)[:1]
    if subject and (len(words.split()) > 9 or _VERB.search(words)):
        named = people[bisect_left(people, (subject[0][0],))]
        words = text[named[0] : named[1]]
    return " ".join(words.split()[-14:]).strip(' ,“”"')


def _asked(text: str, start: int, people: list[tuple]) -> list[tuple[int, str]]:
    """Return where the name of each who was asked begins, and its entity."""
    low = sentences.begin(text, max(0, start - 400), start)
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
