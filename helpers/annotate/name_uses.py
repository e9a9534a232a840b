"""What an article's own use of a name says that it is: a place, a people, a body.

"In Kessaria" is said of no person, a dateline opens with a place, only a body has a chief
executive. Where a name is used so once it is that throughout the article.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Set

_NAME = r"(?P<name>[A-Z][\w&-]*(?:[ ][A-Z][\w&-]*){0,3})"
_DATELINE = re.compile(
    r"^[ \t]*(?P<place>[A-Z][A-Z.'’-]+(?:[ ][A-Z][A-Z.'’-]+){0,2})(?=(?:,[^\n–—(]{2,30})?\s*"
    r"(?P<agency>\([^)\n]{2,30}\)\s*)?(?:[–—]|--?\s))",
    re.MULTILINE,
)
_COMING = (
    "students?|man|woman|men|women|people|residents?|famil(?:y|ies)|workers?|doctors?|teachers?|"
    "farmers?|migrants?|refugees?|flights?|troops|soldiers?|exports|imports|goods"
)
_COMPANY = (
    r"company|firm|newspaper|daily|news agency|broadcaster|retailer|supermarket|manufacturer|"
    r"drugmaker|carmaker|chipmaker|airline|charity|start-?up|conglomerate|subsidiary|contractor"
)
_POST = r"chief executive|managing director|chairman|chairwoman|shareholders|headquarters|employees"
_PLACED = (
    re.compile(
        r"\b(?:in|across|throughout|outside|inside|(?:citizens?|people|capital|side|coast|streets|"
        rf"mayor|city|town|University|university) of)\s+{_NAME}(?![\w-]|[’']s?\s+(?:own\s)?(?:view|"
        r"words|case|opinion|mind|home|house|office|eyes|hands|party|camp|favou?r)\b)"
    ),
    re.compile(rf"\b[A-Z][A-Z.'’-]{{2,}},\s+{_NAME}(?=\s*[–—-]|,\s)"),
    re.compile(rf"(?<![\w’'-]){_NAME},\s+[A-Z]\w+[’']s\s+(?:\w+\s+)?(?:capital|city|port)\b"),
    re.compile(
        rf"\b(?:{_COMING})\s+from\s+{_NAME}(?![\w-]|[’'])"
        rf"|\bthe\s+(?P<side>[A-Z][\w&]*)\s+(?:side\s+of|border|embassy|parliament)\b"
    ),
    re.compile(
        rf"(?<![\w’'-]){_NAME}[’']s\s+(?:\w+\s+){{0,2}}?(?:largest|biggest|oldest|first|ministry|"
        r"minister|ministers|government|parliament|courts?|border|coast|capital|army|navy|police|"
        r"negotiators|economy|population|citizens|delegation|embassy|ambassador|mayor)\b"
    ),
)  # how an article uses the name of a place
_EMBODIED = (
    re.compile(rf"\b(?:{_COMPANY})\s+{_NAME}(?![\w]|[’']s\s+(?:founder|owner))"),
    re.compile(
        r"\b(?:news agency|newspaper|daily|broadcaster),\s+(?P<name>[A-Z]{2,8}),"
        r"|(?<![\w’'-])(?P<reports>[A-Z]{3,8})\s+(?:also\s+|later\s+|had\s+)?(?:reported|quoted)\b"
    ),
    re.compile(rf"\b(?:{_POST}|shares) (?:of|at|in)\s+{_NAME}(?!\w|[’']s\b)"),
    re.compile(rf"(?<![\w’'-]){_NAME}[’']s?\s+(?:\w+\s+){{0,2}}?(?:{_POST})\b"),
    re.compile(
        rf"(?<![\w’'-]){_NAME},\s+(?:the|an?|one of)\s+(?:[\w’'-]+\s+){{0,4}}?(?:{_COMPANY})"
        r"(?=[,.;]|\s+(?:that|which|of|in|for|based|behind|owned|run|on)\b)"
    ),
)  # and that of a body


def find_datelines(text: str) -> list[tuple[int, int]]:
    """Return the spans of the places, all in capitals, that open paragraphs as datelines."""
    return [match.span("place") for match in _DATELINE.finditer(text)]


def find_agencies(text: str) -> set[str]:
    """Return the agencies that datelines name: "LONDON, May 18 (Reuters) –"."""
    agencies = (match["agency"] for match in _DATELINE.finditer(text))
    return {agency.strip(" ()") for agency in agencies if agency}


def used_as_places(text: str) -> set[str]:
    """Return the names that the text uses as those of places."""
    dated = {text[start:end].title() for start, end in find_datelines(text)}
    return dated | _used(_PLACED, text)


def used_as_bodies(text: str) -> set[str]:
    """Return the names that the text uses as those of companies, papers and the like."""
    return _used(_EMBODIED, text)


def _used(patterns: Iterable[re.Pattern[str]], text: str) -> set[str]:
    found = (match for pattern in patterns for match in pattern.finditer(text))
    return {word for match in found for word in match.groupdict().values() if word}


def find_peoples(words: Set[str]) -> dict[str, str]:
    """Return the words that name the people of a place among the words, with that place."""
    return {people: place for place in words for people in _peoples_of(place) & words}


def _peoples_of(place: str) -> set[str]:
    """Return the names that the people of a place may have by the rules of English."""
    stem = place[:-1] if place[-1] in "aeioy" else place
    ends = ("n", "an", "ian", "ean", "ese", "i", "ish", "ic", "er")
    forms = {base + end for base in (place, stem) for end in ends}
    return (forms | {form + "s" for form in forms}) - {place}
