"""What an article's own use of a name says that it is: a place, a people, a body, a government.

"In Kessaria" is said of no person, a dateline opens with a place, only a body has a chief
executive. Where a name is used so once it is that throughout the article.
"""

from __future__ import annotations

import re
from collections.abc import Set
from functools import cache

from helpers.annotate import names
from helpers.store import lexicons

_NAME = r"(?P<name>[A-Z][\w&-]*(?:[ ][A-Z][\w&-]*){0,3})"
_DATELINE = re.compile(
    r"^[ \t]*(?P<place>[A-Z][A-Z.'’-]+(?:[ ][A-Z][A-Z.'’-]+){0,2})(?=(?:,[^\n–—(]{2,30})?\s*"
    r"(?P<agency>\([^)\n]{2,30}\)\s*)?(?:[–—]|--?\s))",
    re.MULTILINE,
)
GOVERNMENT = "government"
_REACH = 90
_AUXILIARY = (
    r"(?:also|now|still|has|have|had|will|would|could|may|might|must|should|can|cannot|is|was|were|"
    r"are|be|been|being|did|does|do|not|never|recently|long|already|later|repeatedly|reportedly|"
    r"since|once|again|yet|to|even|only|formally|publicly|officially)"
)
_OTHER = r"(?:,?\s+(?:and|or)\s+(?:the\s+)?[A-Z][\w.’'-]*(?:\s+[A-Z][\w.’'-]*)?)?"
_OWNED = re.compile(
    r"[’'](?:s)?\s+(?:[\w-]+\s+){0,2}(?:intervention|invasion|decision|government|polic|position|"
    r"response|stance|claim|demand|support|troops|forces|army|military|all(?:y|ies)\b|ambassador|"
    r"envoy|nuclear|sanctions|offer|proposal|war\b|aggression|leaders|officials|interests|ambitions|"
    r"relations|plan|threat|move\b|moves\b|effort|aid\b|attack|strateg|role\b|view|security|defen[cs]e|"
    r"diploma|foreign|promise|pledge|refusal|backing|influence|assistance|request|assertion)"
)
_TOWARD = (
    r"(?:against|between|towards?|with|accus(?:es|ed|ing)|blam(?:es|ed|ing)|urg(?:es|ed|ing)|"
    r"tell(?:s|ing)?|told|warn(?:s|ed|ing)?|lets?|letting|allow(?:s|ed|ing)?|press(?:es|ed|ing)?|"
    r"pressur(?:e on|es|ed|ing)|condemn(?:s|ed|ing)?|criticis(?:es|ed|ing)|criticiz(?:es|ed|ing)|"
    r"sanctions on|all(?:y|ies) of|persuad(?:e|es|ed|ing)|forc(?:e|es|ed|ing)|help(?:s|ed|ing)?|"
    r"arm(?:s|ed|ing)|supply(?:ing)?|recogni[sz](?:e|es|ed|ing))"
)
_OBJECT = re.compile(
    rf"\b{_TOWARD}\s+(?:both\s+|neither\s+)?(?:[A-Z][\w.’'-]*(?:\s+[A-Z][\w.’'-]*)?"
    r"(?:,\s+[A-Z][\w.’'-]*)?,?\s+(?:and|or|nor)\s+)?(?:the\s+)?$"
)
_IN_PLACE = re.compile(
    r"\b(?:in|at|near|from|outside|around|across|through|inside|into|within|throughout|downtown|"
    r"central|northern|southern|eastern|western|greater|over|above|via|leave|left|visit\w*|reach\w*|"
    r"(?:city|mayor|streets?|centre|center|suburbs?|outskirts|south|north|east|west|parts?|people|"
    r"residents|capital|bishop|university)\s+of)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_OF_PLACE = re.compile(
    r",\s+[A-Z]|-based\b|\s+(?:time|mayor|police|airport|suburbs?|residents?|streets?|metro|subway|"
    r"district|stock|Stock|University|Airport|Marathon|Olympics|[Rr]egion)\b|"
    r"[’']s\s+(?:\w+\s+)?(?:mayor|streets?|airports?|residents|suburbs|subway|metro|districts?|"
    r"outskirts|neighbo|centre|center|skyline|population)"
)


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
    return dated | _used("place", text)


def used_as_bodies(text: str) -> set[str]:
    """Return the names that the text uses as those of companies, papers and the like."""
    return _used("body", text)


def _used(kind: str, text: str) -> set[str]:
    found = (match for pattern in _patterns(kind) for match in pattern.finditer(text))
    return {word for match in found for word in match.groupdict().values() if word}


@cache
def _patterns(kind: str) -> list[re.Pattern[str]]:
    listed = lexicons.read_lexicon("name_uses")
    patterns = listed.loc[listed["kind"] == kind, "pattern"]
    return [re.compile(pattern.replace("NAME", _NAME)) for pattern in patterns]


def find_peoples(words: Set[str]) -> dict[str, str]:
    """Return the words that name the people of a place among the words, with that place."""
    return {people: place for place in words for people in _peoples_of(place) & words}


def _peoples_of(place: str) -> set[str]:
    """Return the names that the people of a place may have by the rules of English."""
    stem = place[:-1] if place[-1] in "aeioy" else place
    ends = ("n", "an", "ian", "ean", "ese", "i", "ish", "ic", "er")
    forms = {base + end for base in (place, stem) for end in ends}
    return (forms | {form + "s" for form in forms}) - {place}


def stands_for(text: str, start: int, end: int) -> str:
    """Return "government" when a name is a capital that stands for its government here, else "".

    It does where it does what governments do ("Moscow warned"), owns what they own ("Washington's
    policy") or is dealt with as they are ("talks with Tehran"); not after a word of place ("in
    Paris") nor before its country ("Lima, Peru").
    """
    if not is_capital(text[start:end]):
        return ""
    before, after = text[max(0, start - _REACH) : start], text[end : end + _REACH]
    if _IN_PLACE.search(before) or _OF_PLACE.match(after):
        return ""
    meant = _subject().match(after) or _OWNED.match(after) or _OBJECT.search(before)
    return GOVERNMENT if meant else ""


@cache
def _subject() -> re.Pattern[str]:
    """Return the pattern of what follows who does what governments do."""
    acts = "|".join(sorted(names.name_words("government act")))
    return re.compile(
        rf"{_OTHER}(?:,[^,.;\n]{{1,60}},)?(?:\s+{_AUXILIARY}|n[’']t)*\s+(?:{acts})\w*(?!\w)"
        r"(?!\s+(?:by|in)\b)"
    )


def is_capital(name: str) -> bool:
    """Tell whether a name is that of a country's capital."""
    name = names.plain(name)
    return name in _capitals() or (name.isupper() and name.title() in _capitals())


@cache
def _capitals() -> frozenset[str]:
    places = lexicons.read_lexicon("places")
    countries = set(places.loc[places["kind"] == "country", "name"])
    capitals = places.loc[places["kind"] == "capital", "name"]
    return frozenset(names.plain(name) for name in capitals if name not in countries)
