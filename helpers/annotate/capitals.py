"""Capitals that stand for a government: "Moscow had not responded", "sanctions against Tehran"."""

from __future__ import annotations

import re
from functools import lru_cache

from helpers.annotate import names
from helpers.store import lexicons

GOVERNMENT = "government"
_REACH = 90
# What governments do in the news, places do not; word beginnings, written for this project.
_ACTS = (
    "accus|admit|adopt|agree|aid|allow|alleg|announc|annex|answer|argu|arm|ask|"
    "back|ban|believ|blam|block|brand|call|cancel|challeng|claim|complain|condemn|"
    "consider|cooperat|co-operat|coordinat|criticis|criticiz|cut|decid|declar|"
    "declin|demand|deni|deny|deploy|describ|dismiss|dispatch|disput|escalat|expect|"
    "expel|fear|fund|halt|hope|impos|insist|intend|invad|issu|launch|let|lift|"
    "maintain|negotiat|offer|oppos|order|pledg|plan|press|pressur|promis|propos|"
    "protest|provid|publish|push|react|recogni|refus|regard|reject|release|repl|"
    "respon|restor|retaliat|said|sanction|saying|says|seek|sending|sends|sent|"
    "sever|sign|signal|sought|stress|summon|suppl|support|suspect|suspend|threaten|"
    "tighten|told|tried|tries|urg|veto|view|vow|want|warn|welcom|wish|withdr"
)
_ACT = rf"(?:{_ACTS})\w*"
_AUXILIARY = (
    r"(?:also|now|still|has|have|had|will|would|could|may|might|must|should|can|cannot|is|was|were|"
    r"are|be|been|being|did|does|do|not|never|recently|long|already|later|repeatedly|reportedly|"
    r"since|once|again|yet|to|even|only|formally|publicly|officially)"
)
_OTHER = r"(?:,?\s+(?:and|or)\s+(?:the\s+)?[A-Z][\w.’'-]*(?:\s+[A-Z][\w.’'-]*)?)?"
_SUBJECT = re.compile(
    rf"{_OTHER}(?:,[^,.;\n]{{1,60}},)?(?:\s+{_AUXILIARY}|n[’']t)*\s+{_ACT}(?!\w)(?!\s+(?:by|in)\b)"
)
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
    meant = _SUBJECT.match(after) or _OWNED.match(after) or _OBJECT.search(before)
    return GOVERNMENT if meant else ""


def is_capital(name: str) -> bool:
    """Tell whether a name is that of a country's capital."""
    name = names.plain(name)
    return name in _capitals() or (name.isupper() and name.title() in _capitals())


@lru_cache(maxsize=1)
def _capitals() -> frozenset[str]:
    places = lexicons.read_lexicon("places")
    countries = set(places.loc[places["kind"] == "country", "name"])
    capitals = places.loc[places["kind"] == "capital", "name"]
    return frozenset(names.plain(name) for name in capitals if name not in countries)
