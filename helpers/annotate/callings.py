"""Whom a noun calls: "the newspaper", "the minister", "the 43-year-old" among the cast."""

from __future__ import annotations

import re
from functools import lru_cache

from helpers.annotate import descriptions, names
from helpers.annotate.cast import BROADCASTERS, COMPANIES, OUTLET_NOUNS, PAPERS, Cast, Mention
from helpers.annotate.descriptions import Description, describe
from helpers.annotate.pronouns import HE, SHE, Referent
from helpers.annotate.source_names import PREPOSITION
from helpers.store import lexicons

_NEWS = re.compile(
    r"\b(?:News|Times|Post|Herald|Gazette|Tribune|Courier|Chronicle|Journal|Press|Broadcasting|"
    r"Radio|Television|TV|newspaper|broadcaster|media|news agency)\b"
)
_AGE = re.compile(r",\s+(?P<age>\d{1,3})\b")
_ALIKE = (BROADCASTERS, PAPERS)
_GENERIC = frozenset({"group", "organisation", "organization", "body", "association", "movement"})
_HEADED = {"minister": "ministry", "ambassador": "embassy", "commissioner": "commission"}
_HEADS = r"(?:heads|headed|leads|led|runs|ran|is\s+in\s+charge\s+of|is\s+(?:the\s+)?head\s+of)"
_AGED = re.compile(r"(?P<age>\d{1,3})-year-old")


def named_before(cast: Cast, low: int, written: str, description: Description) -> Referent | None:
    """Return the name a definite description takes up: "the newspaper", "the minister"."""
    aged = _AGED.search(written)
    if aged:
        return _aged(cast, low, aged.group("age"))
    if description.plural:
        return None
    noun = description.noun
    if noun in OUTLET_NOUNS or description.kind == "organisation" or noun in COMPANIES:
        body = _body_before(cast, low, description)
        if body is not None:
            return body
    if description.kind == "person" and not description.owned:
        told = descriptions.gender(noun)
        person = _person_called(cast, low, noun, set(description.modifiers))
        if person is None and noun in ("man", "woman", "girl", "boy"):
            person = cast.discourse.person(low, HE if told == "male" else SHE, [])
        if person is None and noun in _HEADED and not description.modifiers:
            person = _head_of(cast, low, _HEADED[noun])
        return person
    return None


def _aged(cast: Cast, low: int, age: str) -> Referent | None:
    for mention in reversed(cast.before(low)):
        if mention.label == "PERSON" and re.match(
            rf",\s+(?:aged\s+)?{age}\b", cast.text[mention.end : mention.end + 20]
        ):
            return mention.referent
    return None


def _person_called(cast: Cast, low: int, noun: str, modifiers: set[str]) -> Referent | None:
    """Return the last person called so before `low`: "Judge Marr", "Marr, a judge"."""
    called = re.compile(rf"\b{re.escape(noun)}\b", re.IGNORECASE)
    for mention in reversed(cast.before(low)):
        if mention.label != "PERSON":
            continue
        role = _role_before(cast.text, mention.start) + " | " + _role_after(cast.text, mention.end)
        if called.search(role) and modifiers <= {*role.lower().split()}:
            return mention.referent
    return None


def _head_of(cast: Cast, low: int, body: str) -> Referent | None:
    """Return the last person before `low` whom the text calls the head of such a body."""
    heads = re.compile(
        rf"\b{body},?\s+(?:whose|its)\s+(?:head|chief|boss)\b[^.!?;\n]{{0,60}}$", re.I
    )
    headed = re.compile(rf",?\s+(?:who\s+)?{_HEADS}\s+(?:the\s+)?(?:\w+\s+){{0,3}}{body}\b", re.I)
    for mention in reversed(cast.before(low)):
        if mention.label == "PERSON" and (
            heads.search(cast.text[max(0, mention.start - 120) : mention.start])
            or headed.match(cast.text, mention.end)
        ):
            return mention.referent
    return None


def named_later(cast: Cast, low: int, high: int, description: Description) -> Referent | None:
    """Return whom a story that opens with a description then names: one, and only one, so.

    "A prosecutor told the court" is followed by "the prosecutor, Jonas Weil"; the headline
    "Captain, 71" by "Caspar Wren, 71"; "Election commission" by its full name.
    """
    if description.plural or _known_before(cast, low, description):
        return None
    age = _AGE.match(cast.text, high) or _AGE.search(cast.text, low, high)
    named: dict[int, Referent] = {}
    for mention in cast.after(low):
        if mention.start < high or id(mention.referent) in named:
            continue
        if _bears(cast, mention, description, age):
            named[id(mention.referent)] = mention.referent
    return next(iter(named.values())) if len(named) == 1 else None


def _known_before(cast: Cast, low: int, description: Description) -> bool:
    kind = "PERSON" if description.kind == "person" else "ORG"
    return description.definite and any(m.label == kind for m in cast.before(low))


def _bears(cast: Cast, mention: Mention, description: Description, age: re.Match | None) -> bool:
    """Tell whether a name further on is given with a description's noun or age."""
    noun = re.escape(description.noun)
    if mention.label == "PERSON" and age:
        after = cast.text[mention.end : mention.end + 12]
        return bool(re.match(rf",\s+{age.group('age')}\b", after))
    if mention.label == "PERSON" and description.kind == "person":
        if description.owned:
            return False
        before = cast.text[max(0, mention.start - 40) : mention.start]
        if not description.determiner and not description.modifiers:
            role = re.search(r"\b(?P<noun>\w+)[^\S\n]+$", before)
            if role and role["noun"].lower() == description.noun:
                return True  # a headline's "Skipper" is "Skipper Ines Dahl"
        modified = "".join(rf"{re.escape(word)}\s+" for word in description.modifiers)
        return bool(re.search(rf"\b[Tt]he\s+(?:\w+\s+)?{modified}{noun},?\s+$", before)) or (
            bool(
                re.match(
                    rf",\s+an?\s+(?:\w+\s+)?{modified}{noun}\b",
                    cast.text[mention.end : mention.end + 60],
                )
            )
        )
    if mention.label == "ORG" and (
        description.kind == "organisation" or description.noun == "owner"
    ):
        words = {description.noun, *description.modifiers}
        return words <= set(mention.referent.speaker.lower().split()) or (
            not description.modifiers and _called_so(cast.text, mention, description.noun)
        )
    return False


def _body_before(cast: Cast, low: int, description: Description) -> Referent | None:
    """Return the last body before `low` that the noun fits by name, kind or apposition."""
    noun, words = description.noun, set(description.modifiers)
    before = [m for m in cast.before(low) if m.label == "ORG"]
    for mention in reversed(before):
        name = mention.referent.speaker
        if not words <= set(name.lower().split()):
            continue
        if _fits(name, noun) or _called_so(cast.text, mention, noun):
            return mention.referent
    if noun in _GENERIC and not words:
        near = [m for m in before if low - m.end < 600 and not m.referent.outlet]
        subjects = [m for m in near if cast.discourse.opens_clause(m.start)]
        if subjects and _kind_of_name(subjects[-1].referent.speaker) in (
            "",
            "NGO or civil society",
        ):
            return subjects[-1].referent
    if noun in COMPANIES and not words:
        companies = [
            m for m in before if not _kind_of_name(m.referent.speaker) and not _NEWS.search(m.text)
        ]
        if companies:
            times = {id(m.referent): m.referent.times for m in companies}
            near = [m for m in companies if low - m.end < 800] or companies
            return max(near, key=lambda m: (times[id(m.referent)] >= 2, m.start)).referent
    return None


def is_outlet(speaker: str, written: str) -> bool:
    """Tell whether a speaker, or the words of the source, are a news outlet."""
    known = names.known(speaker)
    if known is not None and known.lexicon == "outlets":
        return True
    head = describe(written).noun
    return bool(_NEWS.search(speaker)) or head in OUTLET_NOUNS or head == "media"


def _role_before(text: str, start: int) -> str:
    words = re.split(r"[.!?;:“”\"\n]\s*|\band\b", text[max(0, start - 40) : start])[-1]
    return PREPOSITION.split(words)[-1] if not words.rstrip().endswith(",") else words


def _role_after(text: str, end: int) -> str:
    after = re.match(r",\s+(?:an?\s|the\s)?[^,.;\n]{0,60}", text[end : end + 80])
    return re.split(r"\b(?:of|for|who|which|at|with|in)\b", after.group())[0] if after else ""


def _called_so(text: str, mention: Mention, noun: str) -> bool:
    """Tell whether the text calls a body so beside its name: "the broadcaster NHK"."""
    before = text[max(0, mention.start - 40) : mention.start]
    after = text[mention.end : mention.end + 60]
    nouns = "|".join(map(re.escape, next((alike for alike in _ALIKE if noun in alike), {noun})))
    return bool(
        re.search(rf"\b(?:{nouns}),?\s+(?:called\s+)?$", before, re.IGNORECASE)
        or re.match(rf",\s+(?:an?|the)\s+(?:[\w-]+\s+){{0,4}}(?:{nouns})\b", after)
    )


def _fits(name: str, noun: str) -> bool:
    known = names.known(name)
    if noun in OUTLET_NOUNS and _outlet_fits(name, noun):
        return True
    if noun in name.lower().split():
        return True
    if known is not None and known.lexicon == "bodies":
        return _body_affiliation().get(known.name) == _body_kinds().get(noun, "-")
    return False


def _kind_of_name(name: str) -> str:
    """Return the affiliation that the lexicons or the words of a body's name give it."""
    known = names.known(name)
    if known is not None:
        return known.lexicon
    kinds = [_body_kinds()[word] for word in name.lower().split() if word in _body_kinds()]
    return "" if not kinds or kinds[-1] == "business" else kinds[-1]


def _outlet_fits(name: str, noun: str) -> bool:
    known = names.known(name)
    kind = _outlet_kinds().get(known.name, "") if known and known.lexicon == "outlets" else ""
    if noun in BROADCASTERS:
        return kind == "broadcaster" or bool(
            re.search(r"\b(?:Radio|TV|Television|Broadcast\w*)\b", name)
        )
    if noun in PAPERS:
        return kind == "newspaper" or bool(
            re.search(
                r"(?:Times|Post|Herald|Gazette|Tribune|Courier|Chronicle|News|Journal)$", name
            )
        )
    if noun == "agency":
        return kind == "agency" or name.split()[-1] in ("Agency", "Service", "Press")
    return kind != "" or noun in name.lower().split()


@lru_cache(maxsize=1)
def _body_kinds() -> dict[str, str]:
    table = lexicons.read_lexicon("affiliations")
    table = table[table["kind"] == "organisation"]
    return dict(zip(table["noun"], table["affiliation"], strict=True))


@lru_cache(maxsize=1)
def _body_affiliation() -> dict[str, str]:
    table = lexicons.read_lexicon("bodies")
    return dict(zip(table["name"], table["affiliation"], strict=True))


@lru_cache(maxsize=1)
def _outlet_kinds() -> dict[str, str]:
    table = lexicons.read_lexicon("outlets")
    return dict(zip(table["name"], table["kind"], strict=True))
