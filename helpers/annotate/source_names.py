"""The names in a source: who of those it names is the one that speaks.

"A friend of Lee" names Lee and means somebody else; "Justice Helen Marr", "the operator,
Castellan", "a group calling itself Lantern" and "the union and the firm" name those who speak.
"""

from __future__ import annotations

import re

from helpers.annotate import descriptions, names
from helpers.annotate.cast import Cast, Mention
from helpers.annotate.descriptions import describe
from helpers.annotate.pronouns import PRONOUNS, Referent

PREPOSITION = re.compile(
    r"\b(?:of|for|to|by|with|from|in|at|near|on|about|against|behind|inside|than|as|who|whom|"
    r"which|that|whose|said|told|called)\s",
    re.IGNORECASE,
)
_SEGMENT = re.compile(r",\s+|\s[—–]\s|\s--\s|\s\(|\)")
_NAMING = re.compile(
    r"\b(?:called|named|nicknamed|dubbed|known (?:only )?as|as|by the name of|"
    r"call(?:s|ed|ing)? (?:itself|himself|herself|themselves))\s+(?:the\s+)?(?=[A-Z])"
)
_NAMED_AS = re.compile(
    r"\b(?:names?|nam(?:ed|ing)|known|identified|call\w*|dubbed)\b", re.IGNORECASE
)
_BODY_ADDED = re.compile(r"\s*(?:$|\(|,|(?:in|of|at|for|on|under|near|across|itself)\b)")
_LISTED = re.compile(r",|\band\b|&")
_ARTICLE = re.compile(r"(?:(?:the|an?)\s+)?", re.IGNORECASE)
_ROLE = re.compile(r"(?:(?:[Tt]he|[Aa]n?)\s+)?(?:[A-Z][a-z’'-]*\s+(?=[a-z]))?(?:[a-z][\w’'-]*\s+)*")
_FULL_NAME = re.compile(
    r"[^\W\d_a-z][\w’'.-]*(?:\s+(?:(?:of|and|the|de|van|von|bin|al)\s+){0,2}[^\W\d_a-z][\w’'.-]*)*"
)
_OWNER = re.compile(r"\w[’']s\s")
_AND = re.compile(r",?\s+(?:and|&)\s+(?:the\s+)?", re.IGNORECASE)


def named(cast: Cast, low: int, high: int) -> list[Referent]:
    """Return who is named by a source span, [] when its words only describe somebody."""
    parts = segments(cast.text, low, high)
    for number, (start, end) in enumerate(parts):
        if number and re.match(r"(?:who|whose|which|where)\b", cast.text[start:end]):
            called = name_given(cast, start, end)
            if called is not None:
                return [called]
            continue
        beside = parts[number - 1 if number else 1] if len(parts) > 1 else (low, low)
        found = _named_in(cast, start, end, number) or _unlisted(cast, start, end, beside)
        if found:
            return _with_others(cast, found, parts[number + 1 :])
        if number == 0:
            called = name_given(cast, start, end)
            if called is not None:
                return [called]
    return []


def _named_in(cast: Cast, low: int, high: int, number: int) -> list[Referent]:
    """Return the names that one segment of a source is about."""
    inside = cast.within(low, high)
    people = [
        mention
        for mention in inside
        if mention.label == "PERSON" and not _somebody_elses(cast, mention, low, high)
    ]
    for mention in people:
        if any(
            not _LISTED.search(cast.text[mention.end : m.start])
            for m in people
            if m.start > mention.end
        ):
            continue  # "Justice Helen Marr": the last of the names is the one
        return [cast.which(mention), *_joint(cast, mention, inside, high)]
    for mention in reversed(inside):
        if mention.label in ("ORG", "GPE", "FAC", "LOC") and _is_head(cast, mention, low, high):
            if number and not re.fullmatch(r"(?:the\s+)?", cast.text[low : mention.start], re.I):
                continue
            earlier = [
                other
                for other in inside
                if other.end < mention.start
                and _AND.fullmatch(cast.text[other.end : mention.start])
                and _is_head(cast, other, low, other.end)
            ]
            return [other.referent for other in [*earlier, mention]]
    return []


def _with_others(cast: Cast, found: list[Referent], rest: list[tuple[int, int]]) -> list[Referent]:
    """Return the names with those of further segments, when a list goes on to "and X"."""
    more: list[Referent] = []
    for start, stop in rest:
        words = re.match(r"and\s+(?:the\s+)?", cast.text[start:stop])
        inside = cast.within(start, stop)
        whole = inside and inside[0].start - start <= (words.end() if words else 4)
        if not whole or not re.match(r"\s*$", cast.text[inside[-1].end : stop]):
            return found
        more += [mention.referent for mention in inside]
        if words:
            return found + more
    return found


def _somebody_elses(cast: Cast, person: Mention, low: int, high: int) -> bool:
    """Tell whether a person is only mentioned: "Lee's lawyer", "a friend of Lee"."""
    after = cast.text[person.end : high]
    if re.match(r"[’']s?\s+\w", after) or descriptions.continues(after):
        return True
    before = cast.text[low : person.start]
    found = list(PREPOSITION.finditer(before))
    naming = list(_NAMING.finditer(cast.text, low, person.end))
    if not found or (naming and naming[-1].end() == person.start and _NAMED_AS.search(before)):
        return False
    between = before[found[-1].end() :].split()
    title = before[: found[0].start()].split()
    office = title and title[0][:1].isupper() and title[-1][:1].isupper()
    office = office and title[0].lower() not in ("the", "a", "an")
    return not (office and between and all(w[:1].isupper() or w == "the" for w in between))


def _is_head(cast: Cast, body: Mention, low: int, high: int) -> bool:
    """Tell whether a segment is about a body: its name ends the words before "in", "of"."""
    after = cast.text[body.end : high]
    before = cast.text[low : body.start]
    return bool(_BODY_ADDED.match(after)) and not PREPOSITION.search(before)


def _joint(cast: Cast, first: Mention, inside: list[Mention], high: int) -> list[Referent]:
    others = [m for m in inside if m.start > first.end and m.label == first.label]
    return [
        cast.which(other)
        for other in others
        if re.fullmatch(
            r"(?:,\s+(?:\S+\s+){0,6}?)?,?\s*(?:and|&)\s+(?:[\w.’'-]+\s+){0,5}",
            cast.text[first.end : other.start],
        )
        and not _somebody_elses(cast, other, other.start, high)
    ]


def name_given(cast: Cast, low: int, high: int) -> Referent | None:
    """Return the name a segment gives: "a group calling itself X", "known only as X"."""
    for naming in _NAMING.finditer(cast.text, low, high):
        name = _FULL_NAME.match(cast.text, naming.end(), high)
        if name and _NAMED_AS.search(cast.text[low : naming.end()]):
            inside = cast.within(*name.span())
            if inside and inside[0].end == name.end():
                return inside[0].referent
            kind = {"organisation": "body"}.get(describe(cast.text[low:high]).kind, "person")
            return cast.find(name.group()) or cast.enlist(name.group(), kind)
    return None


def _unlisted(cast: Cast, low: int, high: int, beside: tuple[int, int]) -> list[Referent]:
    """Return a name that no mention covers: capitals at the end, a role or title before it.

    `beside` is the segment that may tell what it names: "the operator, Castellan Ports".
    """
    role = _ROLE.match(cast.text[low:high])
    start = names.strip_titles(cast.text, low + role.end(), high)
    start += len(_ARTICLE.match(cast.text[start:high]).group())
    name = cast.text[start:high]
    words = name.split()
    if not _FULL_NAME.fullmatch(name) or name.lower() in PRONOUNS:
        return []
    if PREPOSITION.search(role.group()):
        return []
    known = cast.find(name)
    if known is not None:
        return [known]
    told = [role.group(), cast.text[slice(*beside)]]
    kinds = [descriptions.kind(descriptions.head_noun(words)) for words in told]
    titled = start > low + role.end()
    if len(words) < 2 and not (titled or kinds[0]):
        return []
    if descriptions.kind(words[-1]) or _OWNER.search(name):
        return []
    which = re.match(r"which\b", cast.text[slice(*beside)])
    body = ("organisation" in kinds or which) and not titled
    return [cast.enlist(name, "body" if body else "person")]


def segments(text: str, low: int, high: int) -> list[tuple[int, int]]:
    """Return the parts of a source between commas, dashes and brackets."""
    found, start = [], low
    for match in _SEGMENT.finditer(text, low, high):
        found.append((start, match.start()))
        start = match.end()
    found.append((start, high))
    return [(start, end) for start, end in found if start < end] or [(low, high)]
