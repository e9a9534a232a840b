"""Names that are known and withheld: the words that say so, the reason, whom they mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from helpers.annotate.noun_phrases import Description, describe
from helpers.store import stems
from helpers.store.codebook import Codebook

_CLAUSE_START = re.compile(
    r"(?:[,;:“”\"(—–]|\bwho\b|\bbut\b|\band\b)(?!.*(?:[,;:“”\"(—–]|\bwho\b))"
)
_CLAUSE_END = re.compile(r"[;:“”\"()—–]|[.!?](?=\s|$)|,?\s+(?:said|says|told|added)\b|,(?=\s)")
_ADJECTIVE = re.compile(r"(?:unidentified|anonymous|unnamed)", re.IGNORECASE)
_SUBJECT = re.compile(
    r"(?P<subject>(?:(?:[Tt]he|[Aa]n?|[Oo]ne)\s+)?(?:[\w’'-]+\s+){0,4}?[\w’'-]+),?\s*$"
)


@dataclass(frozen=True)
class Withheld:
    """Words that say that a name is withheld: the span, the words, the reason given or ""."""

    start: int
    end: int
    words: str
    reason: str
    subject: Description

    @property
    def adjective(self) -> bool:
        """Whether it is one word before a noun ("unidentified officials")."""
        return bool(_ADJECTIVE.fullmatch(self.words))


@lru_cache(maxsize=8)
def _patterns(book: Codebook) -> tuple[re.Pattern[str], re.Pattern[str]]:
    withheld, reason = (
        re.compile("|".join(f"(?:{pattern})" for pattern in book.anonymity[key]), re.IGNORECASE)
        for key in ("withheld", "reason")
    )
    return withheld, reason


@lru_cache(maxsize=8)
def _stems(book: Codebook) -> frozenset[str]:
    """Return what a text holds where a name is withheld; nothing when one pattern has no stem."""
    return stems.find_common_stems(book.anonymity["withheld"])


def find_withheld(text: str, sentences: list[tuple[int, int]], book: Codebook) -> list[Withheld]:
    """Find the words that say that a name is withheld, in the sentences of one text."""
    withheld, reason = _patterns(book)
    found: list[Withheld] = []
    for low, high in stems.keep_spans(_stems(book), text, sentences):
        for match in withheld.finditer(text, low, high):
            if found and match.start() < found[-1].end:
                continue
            found.append(_read(text, low, high, match, reason))
    return found


def _read(
    text: str, low: int, high: int, match: re.Match[str], reason: re.Pattern[str]
) -> Withheld:
    """Widen the words to their clause and take the reason from it or from the clause after it."""
    if _ADJECTIVE.fullmatch(match.group()):
        noun = re.match(r"\s+(?:[\w’'-]+\s+){0,4}?[\w’'-]+", text[match.end() : high])
        subject = describe(match.group() + noun.group() if noun else match.group())
        return Withheld(match.start(), match.end(), match.group(), "", subject)
    opening = _CLAUSE_START.search(text[low : match.start()])
    start = low + (opening.start() if opening else 0)
    start += re.match(r"[\s,;:“”\"(—–]*(?:and\s+|but\s+)?", text[start:]).end()
    start = min(start, match.start())
    closing = _CLAUSE_END.search(text, match.end(), high)
    end = closing.start() if closing else high
    why = reason.search(text, match.start(), min(high, end + 160))
    words = ""
    if why and not re.search(r"[“”\"]", text[match.end() : why.start()]):
        closing = _CLAUSE_END.search(text, why.end(), high)
        end = max(end, closing.start() if closing else high)
        words = " ".join(text[why.start() : end].split()).strip(" ,.")
    subject = _subject(text[low : max(start, low)], text[start : match.start()])
    said = " ".join(text[start:end].split()).strip(" ,.")
    return Withheld(start, end, said, words, subject)


def _subject(before: str, clause: str) -> Description:
    """Return whom a clause about a withheld name is about: its own subject, or what it follows."""
    own = re.match(
        r"\s*(?P<subject>(?:[Tt]he|[Aa]n?|[Oo]ne)\s+[\w’'-]+|[Hh]e|[Ss]he|[Tt]hey)\s", clause
    )
    if own:
        return describe(own.group("subject"))
    match = _SUBJECT.search(before.rstrip(" ,"))
    return describe(match.group("subject")) if match else describe("")
