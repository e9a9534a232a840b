"""Who was asked and did not answer: requests for comment that brought none."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict

import pandas as pd

from helpers.store import schema
from helpers.text import sentences

_NOT = r"(?:did|do|does|had|has|have|would|will)(?: not|n[’']t)"
_SOON = r"(?: yet)?(?: immediately| publicly| directly| further)?"
_ASKING = r"(?:calls?|messages?|requests?|e-?mails?|questions?|inquir(?:y|ies)|letters?)"
_PATTERNS = {
    "declined to comment": r"(?:declined|refused|would not|wouldn[’']t|chose not)(?: to)?"
    r"(?: further)? (?:comment|be interviewed|discuss|answer (?:further |any )?questions)"
    r"|(?:had|made|offered|gave) no (?:immediate |further )?comment",
    "not reached": r"(?:could|can)(?: not|n[’']t|not) (?:immediately )?be (?:immediately )?"
    r"(?:reached|contacted|located)|(?:was|were)(?: not|n[’']t)? (?:immediately )?"
    r"(?:un)?(?:available|reachable) (?:for|to) (?:an? )?(?:comment|interview)"
    r"|(?:efforts|attempts) to (?:reach|contact) .{3,60}? (?:were unsuccessful|failed)",
    "no response": rf"{_NOT}{_SOON} (?:(?:respond(?:ed)?|repl(?:y|ied))\b"
    rf"|(?:return|answer)(?:ed)?\b(?=[^.\n]{{1,30}}\b{_ASKING}\b))"
    r"|(?:has|have|had|is|are) yet to (?:respond|reply|comment)\b"
    rf"|ignored (?:\w+ )?{_ASKING}\b|{_ASKING} (?:\w+ )?(?:went unanswered|"
    r"(?:was|were) not (?:answered|returned))|\bno (?:immediate )?(?:response|reply) (?:from|to)\b",
    "did not comment": rf"{_NOT}{_SOON} comment(?:ed)?\b|without (?:confirming|commenting)|"
    rf"{_NOT} (?:immediately )?confirm\b|"
    r"(?:would |could |did )?neither confirm(?:ed)? nor den(?:y|ied)",
}
_CONDITION = re.compile(
    r"\b(?:if|because|when|whether|unless|who|that) (?:they|he|she|it|we|you)? ?$"
)
_ANY = re.compile("|".join(f"(?P<k{i}>{p})" for i, p in enumerate(_PATTERNS.values())))
_KINDS = tuple(_PATTERNS)
_TAIL = re.compile(
    r"\s+(?:(?P<closing>comments?|requests?|calls?|messages?|emails?|questions?|inquir(?:y|ies)|"
    r"reports?|further|immediately|interview)|to|on|about|for|an?|any|the|several|multiple|"
    r"repeated|seeking|from)\b"
)
_AFTER_PREPOSITION = re.compile(r"\b(?:in|of|for|at|near|from|by|to|with)\s+(?:the\s+)?$")
_CLAUSE = re.compile(
    r"[;:–—]|,\s+(?:but|and|though|while)\s+|\s+but\s+|^(?:Through|In|On|At|By)\b[^,]*,\s+"
)
_VERB = re.compile(r"\b(?:said|says|was|were|is|are|had|has)\b")
_NOUN = re.compile(r"[^\W\d_]{2}")
_SPOKE = re.compile(r"\s+(?:said|says|added)\s+(?:that\s+)?(?:he|she|it|they)$")
_AND = re.compile(r",?\s+(?:and|nor|or)\s+(?:the\s+)?")


def find_replies(articles: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Return the requests for comment that brought none: one row is one who did not answer.

    The span is the phrase that says so, `who` the words that say who was asked ("Her office").
    Where two share a phrase ("Both A and B did not respond") it begins at each one's name.
    `entity_id` is who was asked, "" where the sentence names nobody.
    """
    named = defaultdict(list)
    columns = ["article_id", "start", "end", "label", "entity_id"]
    for article_id, *mention in mentions[columns].itertuples(index=False, name=None):
        named[article_id].append(tuple(mention))
    rows = []
    for article_id, text in zip(articles["article_id"], articles["text"], strict=True):
        people = sorted(named[article_id])
        for match in _ANY.finditer(sentences.lower(text)):
            if _CONDITION.search(text[max(0, match.start() - 20) : match.start()]):
                continue
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
                        "who": _who(text, begun, match.start(), people),
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
