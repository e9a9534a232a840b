"""Names that are known and withheld: the words that say so, the reason, whose statements they mean.

The words are the codebook's (`anonymity` in data/codebook.yml), and its alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from helpers.annotate import noun_phrases
from helpers.annotate.noun_phrases import Description, describe, pronoun_kind
from helpers.annotate.positions import Source
from helpers.annotate.rules import rule
from helpers.store.lexicons import Codebook
from helpers.text import sentences
from helpers.text.article import Article

Span = tuple[int, int]

_CLAUSE_START = re.compile(
    r"(?:[,;:“”\"(—–]|\bwho\b|\bbut\b|\band\b)(?!.*(?:[,;:“”\"(—–]|\bwho\b))"
)
_CLAUSE_END = re.compile(r"[;:“”\"()—–]|,?\s+(?:said|says|told|added)\b|,(?=\s)")
_ADJECTIVE = re.compile(r"(?:unidentified|anonymous|unnamed)", re.IGNORECASE)
_SUBJECT = re.compile(
    r"(?P<subject>(?:(?:[Tt]he|[Aa]n?|[Oo]ne)\s+)?(?:[\w’'-]+\s+){0,4}?[\w’'-]+),?\s*$"
)
_OWN_SUBJECT = re.compile(
    r"\s*(?P<subject>(?:[Tt]he|[Aa]n?|[Oo]ne)\s+[\w’'-]+|[Hh]e|[Ss]he|[Tt]hey)\s"
)
_AUXILIARIES = re.compile(r"(?:(?:^|\s+)(?:was|were|is|are|has|have|had|did|do|does))+\s*$")


@dataclass(frozen=True)
class Withheld:
    """Words that say that a name is withheld: the span, the words, the reason given or ""."""

    start: int
    end: int
    words: str
    reason: str
    subject: Description
    passive: bool = False  # "was not named"

    @property
    def of_a_thing(self) -> bool:
        """Whether what has no name is no person: "The ship was not named until May"."""
        subject = self.subject
        if not self.passive or subject.pronoun:
            return pronoun_kind(subject.pronoun) == "thing"
        return bool(subject.head) and noun_phrases.kind(subject.head) != "person"

    @property
    def adjective(self) -> bool:
        """Whether it is one word before a noun ("unidentified officials")."""
        return bool(_ADJECTIVE.fullmatch(self.words))


@lru_cache(maxsize=8)
def _patterns(book: Codebook) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds, in a text in lower case, that a name is withheld, and why.

    There an expression without capitals is several times quicker when it minds the case.
    """
    withheld, reason = (
        "|".join(f"(?:{pattern})" for pattern in patterns)
        for patterns in (book.anonymity.withheld, book.anonymity.reason)
    )
    plain = withheld == withheld.lower()
    return re.compile(withheld, 0 if plain else re.IGNORECASE), re.compile(reason, re.IGNORECASE)


def find_withheld(article: Article, book: Codebook) -> list[Withheld]:
    """Find the words that say that a name is withheld, in the sentences of an article."""
    withheld, reason = _patterns(book)
    lowered = sentences.lower(article.text)
    found: list[Withheld] = []
    for low, high, _ in article.sentences:
        for match in withheld.finditer(lowered, low, high):
            if not found or match.start() >= found[-1].end:
                found.append(_read(article.text, low, high, match.span(), reason))
    return [words for words in found if not words.of_a_thing]


def _read(text: str, low: int, high: int, at: Span, reason: re.Pattern[str]) -> Withheld:
    """Widen the words to their clause and take the reason from it or from the clause after it."""
    first, last = at
    written = text[first:last]
    if _ADJECTIVE.fullmatch(written):
        noun = re.match(r"\s+(?:[\w’'-]+\s+){0,4}?[\w’'-]+", text[last:high])
        subject = describe(written + noun.group() if noun else written)
        return Withheld(first, last, written, "", subject)
    opening = _CLAUSE_START.search(text[low:first])
    start = low + (opening.start() if opening else 0)
    start += re.match(r"[\s,;:“”\"(—–]*(?:and\s+|but\s+)?", text[start:]).end()
    start = min(start, first)
    end = _clause_end(text, last, high)
    why = reason.search(text, first, min(high, end + 160))
    words = ""
    if why and not re.search(r"[“”\"]", text[last : why.start()]):
        end = max(end, _clause_end(text, why.end(), high))
        words = " ".join(text[why.start() : end].split()).strip(" ,.")
    passive = written.lower().startswith("not ")
    subject = _subject(text[low : max(start, low)], text[start:first], passive)
    said = " ".join(text[start:end].split()).strip(" ,.")
    return Withheld(start, end, said, words, subject, passive)


def _clause_end(text: str, at: int, high: int) -> int:
    """Return where the clause that holds `at` ends, the sentence at the latest."""
    high = sentences.finish(text, at, high)
    closing = _CLAUSE_END.search(text, at, high)
    return closing.start() if closing else high - (text[high - 1] in ".!?")


def _subject(before: str, clause: str, passive: bool) -> Description:
    """Return whom a clause about a withheld name is about: its own subject, or what it follows."""
    own = _AUXILIARIES.sub("", clause).strip() if passive else ""
    if own and own.lower() not in ("who", "whom", "that"):
        return describe(own)
    started = _OWN_SUBJECT.match(clause)
    if started:
        return describe(started["subject"])
    match = _SUBJECT.search(before.rstrip(" ,"))
    return describe(match["subject"] if match else "")


# ------------------------------------------------------------------------- whose name it is


def match(withheld: list[Withheld], sources: list[Source]) -> list[Withheld | None]:
    """Return for each source the words about its own name, wherever in the article they are."""
    found: list[Withheld | None] = [None] * len(sources)
    unnamed = (
        [place for place, source in enumerate(sources) if _nameless(source)] if withheld else []
    )
    for words in withheld:
        for place in _meant(words, sources, unnamed):
            before = found[place]
            if before is None or (words.reason and not before.reason):
                found[place] = words
    return _spread(found, sources, unnamed)


def _meant(words: Withheld, sources: list[Source], unnamed: list[int]) -> list[int]:
    """Return the sources that words about a name stand beside, or whom they point back to."""
    beside = [place for place in unnamed if _beside(sources[place], words)]
    if beside or words.adjective:
        return beside
    subject = words.subject
    before = [
        place
        for place in unnamed
        if sources[place].described.head and _place(sources[place]) <= words.start
    ]
    if pronoun_kind(subject.pronoun) == "person" or subject.pronoun == "they":
        return before[-1:]
    return [place for place in before if _same_noun(sources[place].described, subject)][-1:]


def _beside(source: Source, words: Withheld) -> bool:
    if words.adjective and words.words in source.shown:
        return True
    if any(start <= words.start < end + 2 for start, end in source.row["source_spans"]):
        return True
    pronoun = words.subject.pronoun
    if words.adjective or (pronoun and source.written.pronoun != pronoun):
        return False
    low, high = source.window
    inside = any(start <= words.start < end for start, end in source.row["spans"])
    fits = not words.subject.head or _same_noun(source.described, words.subject)
    return low <= words.start < high and not inside and fits


@rule("withheld wherever it speaks", lambda found, sources, unnamed: found)
def _spread(
    found: list[Withheld | None], sources: list[Source], unnamed: list[int]
) -> list[Withheld | None]:
    """Give every statement of a source what the article says of its name anywhere."""
    known = [place for place in unnamed if found[place] is not None]
    whole = list(found)
    for place in unnamed:
        if whole[place] is None:
            same = (other for other in known if _one_source(sources[place], sources[other]))
            whole[place] = next((found[other] for other in same), None)
    return whole


def _nameless(source: Source) -> bool:
    said = source.described
    if source.name_stands == "head" or said.name or not (said.head or said.pronoun):
        return False
    return source.kinds.get(said.head, "person") in ("person", "group")


def _place(source: Source) -> int:
    return (source.row["source_spans"] or source.row["spans"])[0][0]


def _same_noun(one: Description, other: Description) -> bool:
    return bool(one.head) and one.head == other.head and one.many == other.many


@rule("one unnamed source", lambda one, other: False)
def _one_source(one: Source, other: Source) -> bool:
    """Tell whether two sources of one article, neither named, are the same people."""
    if one.row["speaker"] and one.row["speaker"] == other.row["speaker"]:
        return True
    ours, theirs = one.described, other.described
    pointing = one.written.definite or re.match(
        r"(?:another|one|two|three|some) of\b", one.written.text, re.IGNORECASE
    )
    unresolved = other.written.definite and other.row["resolution"] == "none"
    pointed = unresolved and ours.many == theirs.many
    whole = ours.many and not theirs.many
    told_apart = ours.capitals and theirs.capitals and not ours.capitals & theirs.capitals
    same = bool(ours.head) and ours.head == theirs.head and not told_apart
    return same and not whole and bool(pointing or pointed)
