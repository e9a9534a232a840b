"""Noun phrases that describe a source: head noun, number, kind, and the short form kept of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from helpers.annotate import names
from helpers.annotate.noun_phrases import is_plural, singular
from helpers.store import lexicons

SENTENCE_END = re.compile(r"[.!?][\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z0-9])|[\n\r]+")
WORD = re.compile(r"[^\W_](?:[\w’'.&-]*\w)?")
_PREPOSITION = (
    "of|for|in|at|from|on|with|to|by|near|inside|outside|within|about|against|behind|under|over|"
    "across|along|around|after|before|during|since|between|among|through|without"
)
_POSTMODIFIER = re.compile(
    r",|\s[—–-]+\s|\s\(|:|\b(?:who|which|that|whom|whose|familiar|close|briefed|not|and|or|there|"
    rf"{_PREPOSITION})\b"
    r"|\b\w{2,}ing\s+(?=(?:the|an?|his|her|its|their|some|off|up|out|as|"
    rf"{_PREPOSITION})\b)"
    r"|\b(?:\w+ed|seen|shown|known|born|held|written|made|given|sent|taken)\s+"
    rf"(?=(?:as|last|this|{_PREPOSITION})\b)",
)
_DETERMINER = re.compile(
    r"(?P<first>the|an?|this|that|these|those|another|one|both|each|every|some|several|many|most|"
    r"few|other|more|his|her|its|their|our|my|your|no|any|all|\d[\d,.]*|two|three|four|five|six|"
    r"seven|eight|nine|ten|eleven|twelve|dozens|hundreds|scores)\b"
    r"(?:\s+(?:(?:more|other)\s+)?(?:of\s+)?(?:the|his|her|its|their|these|those|them|us)\b)?\s*",
    re.IGNORECASE,
)
_INTRODUCING = re.compile(
    r"\b(?P<first>an?|another|one|the|some|several|many|both|two|three|four|five|six|seven|eight|"
    r"nine|ten|\d+)\s+(?=[a-z])",
    re.IGNORECASE,
)
_NEXT_WORD = re.compile(r"[a-z][\w’'-]*")
_FUNCTION_WORD = re.compile(
    r"(?:the|an?|of|to|in|for|and|or|by|with|as|that|this|these|those|but|some|their|his|her|its|our|"
    r"from|at|on|were|are|was|is|be|been|had|have|has|will|would|could|can|may|if|when|while|where|"
    r"because|than|who|which|between|against|about|into|said|says|told|asked|went|came|did|does|do|"
    r"not|it|he|she|they|we|you|i|one|two|three|many|several|\w+ly)"
)
_SEVERAL = re.compile(
    r"these|those|both|some|several|many|most|few|two|three|four|five|six|seven|eight|nine|ten|"
    r"eleven|twelve|dozens|hundreds|scores|all|\d[\d,]+|[2-9]"
)
_DEFINITE = frozenset({"the", "this", "that", "these", "those"})
_POSSESSIVE = frozenset({"his", "her", "its", "their"})
_MALE_ENDING, _FEMALE_ENDING = "man", "woman"
_ROLE_ENDINGS = ("man", "woman", "person", "ologist", "ician", "worker", "keeper", "holder")
_IST = re.compile(r"\w{3,}(?<!check)(?<!play)(?<!black)(?<!short)(?<!wait)(?<!wish)(?<!hit)ist")
_ADDED = re.compile(
    r"\s+(?:from|on|of|at|in|across|near|by)\s+(?!(?:his|her|its|their)\b)(?:(?:the|an?)\s+)?"
    r"(?:[A-Z][\w’'-]*(?:\s+[A-Z][\w’'-]*)*|[a-z][\w’'-]*)"
)
_CUT = re.compile(r",\s|\s[—–]\s|\s--\s|\s\(|,$|:$")
_CLAUSE = re.compile(r"\s(?:who|whose|which|speaking|asking|requesting|insisting|on)\s")
_WITHHELD = re.compile(
    r"\s(?:who|whose)\b[^,;]{0,40}\b(?:asked|wanted|wished|requested|preferred|want|wish)\b"
    r"[^,;]{0,30}\bnot?\b[^,;]{0,30}\b(?:names?|named|identified)\b"
)
_ONE_OF_THEM = re.compile(r"(?:one|another|some|two|three|both) of (?:them|us|these|those)", re.I)


class Description(NamedTuple):
    """What the words of a noun phrase tell: all in small letters, the head noun as written."""

    determiner: str
    modifiers: tuple[str, ...]
    head: str
    plural: bool
    kind: str  # person, organisation, document or ""

    @property
    def noun(self) -> str:
        """The head noun in the singular."""
        return singular(self.head)

    @property
    def definite(self) -> bool:
        """Whether the phrase takes up something known: "the officials", "that company"."""
        return self.determiner in _DEFINITE

    @property
    def owned(self) -> bool:
        """Whether the phrase begins with his, her, its or their."""
        return self.determiner in _POSSESSIVE


def head_end(written: str) -> int:
    """Return where the head noun of a phrase ends: before "of", "who", a comma and the like."""
    for match in _POSTMODIFIER.finditer(written):
        if match.start() > 0 and written[: match.start()].strip():
            return len(written[: match.start()].rstrip())
    return len(written.rstrip())


def head_noun(written: str) -> str:
    """Return the noun a phrase is about, as written, "" when there is no word in it."""
    words = WORD.findall(written[: head_end(written)])
    return words[-1] if words else ""


@lru_cache(maxsize=8192)
def describe(written: str) -> Description:
    """Read a noun phrase."""
    determiner = _DETERMINER.match(written)
    first = determiner.group("first").lower() if determiner else ""
    rest = written[determiner.end() :] if determiner else written
    words = [word.lower() for word in WORD.findall(rest[: head_end(rest)])]
    head = words[-1] if words else ""
    plural = bool(_SEVERAL.fullmatch(first)) or is_plural(head) and first != "one"
    denotes = kind(" ".join(words[-2:])) or kind(head)
    return Description(first, tuple(words[:-1]), head, plural, denotes)


def continues(after: str) -> bool:
    """Tell whether the words after a name go on to a noun: "Marland" in "a Marland diplomat"."""
    found = re.match(r"\s+(?=[a-z])(?!(?:himself|herself|itself|alone|too|also|now|then)\b)", after)
    return bool(found) and not _POSTMODIFIER.match(after, found.end())


@lru_cache(maxsize=8192)
def kind(noun: str) -> str:
    """Return what a noun denotes: person, organisation, document, or "" where it is not known."""
    found = _kinds().get(noun.lower()) or _kinds().get(singular(noun), "")
    if not found and (singular(noun).endswith(_ROLE_ENDINGS) or _IST.fullmatch(singular(noun))):
        return "person"
    return found


def find_phrases(text: str, start: int, end: int) -> Iterator[tuple[int, int, Description]]:
    """Yield the people, bodies and documents a stretch of text describes: "a dentist from Ansel".

    Each has a determiner and a noun of known kind at most three words after it; what follows
    "from", "of" and the like belongs to it as far as it is one noun.
    """
    for determiner in _INTRODUCING.finditer(text, start, end):
        begun = determiner.start("first")
        words = []
        for word in _NEXT_WORD.finditer(text, determiner.end(), min(end, determiner.end() + 60)):
            if words and word.start() != words[-1].end() + 1:
                break
            if _FUNCTION_WORD.fullmatch(word.group()):
                break
            words.append(word)
            if len(words) == 5:
                break
        known = [bool(kind(word.group())) for word in words]
        if True not in known or known.index(True) > 3:
            continue
        last = known.index(True)
        while last + 1 < len(words) and known[last + 1]:
            last += 1
        added = _ADDED.match(text, words[last].end(), end)
        stop = added.end() if added else words[last].end()
        yield begun, stop, describe(text[begun : words[last].end()])


def gender(noun: str) -> str:
    """Return the gender a noun or title tells: "male", "female" or "" (Ms, widow, chairman)."""
    noun = noun.lower().removesuffix("’s").removesuffix("'s")
    told = _genders().get(noun, "")
    if not told and noun.endswith(_FEMALE_ENDING):
        return "female"
    if not told and noun.endswith(_MALE_ENDING) and len(noun) > 5:
        return "" if noun.endswith(("human", "german", "roman")) else "male"
    return told


def shorten(written: str, named: bool = False) -> str:
    """Return a description as it is kept: what follows a comma goes, and why there is no name.

    "A nurse there, who declined to be named" is "a nurse there". The first letter is small unless
    a name or title begins the phrase (`named`, or more than one capital at its start).
    """
    words = " ".join(written.split())
    cut = _CUT.search(words)
    if cut and cut.start() > 0:
        first, rest = words[: cut.start()], words[cut.end() :]
        again = _CUT.search(rest)
        other = rest[: again.start()] if again else rest
        if _ONE_OF_THEM.fullmatch(first) and re.match(r"an?\s", other):
            first = other
        words = first
    words = _without_reason(words)
    return words if named or _begins_with_name(words) else words[:1].lower() + words[1:]


def _without_reason(words: str) -> str:
    withheld = _WITHHELD.search(words)
    if withheld and withheld.start() > 0:
        return words[: withheld.start()]
    for pattern in _reasons():
        match = pattern.search(words)
        if match:
            clause = [m.start() for m in _CLAUSE.finditer(words, 0, match.start() + 1)]
            opening = re.match(r"(?:who|whose|on|speaking)\b", match.group())
            cut = match.start() if opening or not clause else clause[-1]
            if words[:cut].strip():
                return words[:cut].strip()
    return words


def _begins_with_name(words: str) -> bool:
    first = WORD.match(words)
    if first is None or not first.group()[0].isupper():
        return True
    word = first.group()
    if _DETERMINER.match(words) or word.lower() in _kinds():
        following = WORD.search(words, first.end())
        return bool(not _DETERMINER.match(words) and following and following.group()[0].isupper())
    following = WORD.search(words, first.end())
    if following and following.group()[0].isupper():
        return True
    if re.search(r"[A-Z0-9]", word[1:]) or word.endswith(("’s", "'s")):
        return True
    known = names.known(word)
    return known is not None and known.lexicon != "cities"


@lru_cache(maxsize=1)
def _kinds() -> dict[str, str]:
    table = lexicons.read_lexicon("affiliations")
    return dict(zip(table["noun"], table["kind"], strict=True))


@lru_cache(maxsize=1)
def _genders() -> dict[str, str]:
    table = lexicons.read_lexicon("gendered_nouns")
    return dict(zip(table["noun"], table["gender"], strict=True))


@lru_cache(maxsize=1)
def _reasons() -> list[re.Pattern[str]]:
    table = lexicons.read_lexicon("anonymity")
    patterns = table.loc[table["kind"] == "reason", "pattern"]
    return [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
