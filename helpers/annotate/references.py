"""Whom the words of a source refer to: the names in it, or one named before whom its noun calls.

"A friend of Lee" names Lee and means somebody else; "Justice Helen Marr", "the operator,
Castellan" and "the union and the firm" name those who speak. "The newspaper", "the minister"
and "the man" take up somebody of the cast.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from helpers.annotate import names, noun_phrases
from helpers.annotate.antecedents import HE, SHE, Cast, Mention, Referent
from helpers.annotate.noun_phrases import Description, describe
from helpers.annotate.rules import rule
from helpers.store import lexicons
from helpers.text import sentences

Span = tuple[int, int]

_ADDRESSED = re.compile(r"\b(?![Aa]ccord)\w+(?:ing|ed)\s+(?:to|by|after|before|from)\s+$")
_SEGMENT = re.compile(r",\s+|\s[—–]\s|\s--\s|\s\(|\)")
_BODY_ADDED = re.compile(r"\s*(?:$|\(|,|(?:in|of|at|for|on|under|near|across|itself)\b)")
_AND = re.compile(r",?\s+(?:and|&)\s+(?:the\s+)?", re.IGNORECASE)
_JOINT = re.compile(r"(?:,\s+(?:\S+\s+){0,6}?)?,?\s*(?:and|&)\s+(?:[\w.’'-]+\s+){0,5}")
_NEWS = re.compile(
    r"\b(?:News|Times|Post|Herald|Gazette|Tribune|Courier|Chronicle|Journal|Press|Broadcasting|"
    r"Radio|Television|TV|newspaper|broadcaster|media|news agency)\b"
)
_ROLE_AFTER = re.compile(r",\s+(?:an?\s|the\s)?[^,.;\n]{0,60}")
_CLAUSE_START = re.compile(r"[;:“”\"\n]\s*|\band\b")
_OF = re.compile(r"\b(?:of|for|who|which|at|with|in)\b")


@cache
def _preposition() -> re.Pattern[str]:
    linking = "than|as|who|whom|which|that|whose|said|told|called"
    return re.compile(rf"\b(?:{noun_phrases.any_of('preposition')}|{linking})\s", re.IGNORECASE)


# -------------------------------------------------------------------------- names in the words


def segments(text: str, low: int, high: int) -> list[Span]:
    """Return the parts of a source between commas, dashes and brackets."""
    found, start = [], low
    for match in _SEGMENT.finditer(text, low, high):
        found.append((start, match.start()))
        start = match.end()
    found.append((start, high))
    return [(start, end) for start, end in found if start < end] or [(low, high)]


@rule("references: the names in a source", otherwise=lambda *_: [])
def named(cast: Cast, low: int, high: int) -> list[Referent]:
    """Return who is named by a source span, [] when its words only describe somebody."""
    parts = segments(cast.text, low, high)
    addressed = len(parts) > 1 and _ADDRESSED.search(cast.text, max(0, low - 30), low)
    for number, (start, end) in enumerate(parts):
        if addressed and not number:
            continue  # "Replying to | Mr Tesk, Lena Marr | said"
        if number and re.match(r"(?:who|whose|which|where)\b", cast.text[start:end]):
            continue
        found = _people_in(cast, start, end) or _bodies_in(cast, start, end, number > 0)
        if found:
            return found
    return []


def _people_in(cast: Cast, low: int, high: int) -> list[Referent]:
    """Return the people that one segment of a source is about."""
    people = [m for m in cast.within(low, high) if m.label == "PERSON"]
    people = [m for m in people if not _somebody_elses(cast, m, low, high)]
    for number, person in enumerate(people):
        following = people[number + 1 :]
        between = [cast.text[person.end : other.start] for other in following]
        if all("," in words or "&" in words or " and " in words for words in between):
            joint = zip(following, between, strict=True)
            others = [other for other, words in joint if _JOINT.fullmatch(words)]
            return [one.referent for one in (person, *others)]
    return []  # "Justice Helen Marr": the last of the names is the one


def _bodies_in(cast: Cast, low: int, high: int, further: bool) -> list[Referent]:
    """Return the bodies and places that one segment of a source is about, joined by "and"."""
    inside = cast.within(low, high)
    for mention in reversed(inside):
        if mention.label not in ("ORG", "GPE", "FAC", "LOC") or not _is_head(cast, mention, high):
            continue
        before = cast.text[low : mention.start]
        if further and before.lower().strip() not in ("", "the"):
            continue
        found = [mention]
        for earlier in reversed(inside[: inside.index(mention)]):
            if not _AND.fullmatch(cast.text[earlier.end : found[0].start]):
                break
            found.insert(0, earlier)
        if not _preposition().search(cast.text, low, found[0].start):
            return [one.referent for one in found]
    return []


def _is_head(cast: Cast, body: Mention, high: int) -> bool:
    """Tell whether a body's name ends the words before "in", "of"."""
    return bool(_BODY_ADDED.match(cast.text[body.end : high]))


@rule("references: somebody else's friend or lawyer", otherwise=lambda *_: False)
def _somebody_elses(cast: Cast, person: Mention, low: int, high: int) -> bool:
    """Tell whether a person is only mentioned: "Lee's lawyer", "a friend of Lee".

    After an office in capitals the name is the holder's: "Minister for Ports Nella Ostrow".
    """
    after = cast.text[person.end : high]
    if re.match(r"[’']s?\s+\w", after) or noun_phrases.continues(after):
        return True
    before = cast.text[low : person.start]
    found = list(_preposition().finditer(before))
    if not found:
        return False
    between = before[found[-1].end() :].split()
    title = before[: found[0].start()].split()
    office = title and title[0][:1].isupper() and title[0].lower() not in ("the", "a", "an")
    office = office and (title[-1][:1].isupper() or noun_phrases.kind(title[-1]) == "person")
    office = office and not title[-1].lower().endswith(("ing", "ed"))  # "Replying to Mr Tesk"
    small = ("the", "and", "of")
    return not (office and between and all(w[:1].isupper() or w in small for w in between))


# ----------------------------------------------------------------------- one whom a noun calls


@rule("references: one named before whom a noun calls", otherwise=lambda *_: None)
def named_before(cast: Cast, low: int, description: Description) -> Referent | None:
    """Return the name a definite description takes up: "the newspaper", "the minister"."""
    if description.plural:
        return None
    noun = description.noun
    if description.kind == "organisation" or noun in _outlet_nouns():
        return _body_called(cast, low, noun, set(description.modifiers))
    if description.kind == "person" and not description.owned:
        person = _person_called(cast, low, noun, set(description.modifiers))
        if person is None and description.points_back and noun in ("man", "woman", "girl", "boy"):
            he = HE if noun_phrases.gender(noun) == "male" else SHE
            person = cast.discourse.person(low, he, [])
        return person
    return None


@rule("references: one named later whom a headline's noun calls", otherwise=lambda *_: None)
def named_later(cast: Cast, low: int, description: Description) -> Referent | None:
    """Return whom the story names that its headline calls by a noun: one, and only one, so."""
    words, end, found = {description.noun, *description.modifiers}, len(cast.text), set()
    below = cast.text.find("\n", low)
    for mention in cast.after(below) if below >= 0 else ():
        if mention.label == "PERSON":
            fits = description.kind == "person" and _is_called(cast, mention, end, *words)
        else:
            fits = words <= set(mention.referent.speaker.lower().split())
            fits |= description.bare and _called_so(cast.text, mention, description.noun, end)
            fits &= mention.label == "ORG"
        if fits:
            found.add(mention.referent)
    return found.pop() if len(found) == 1 else None


@rule("references: the full name of the body that a headline calls by a noun", lambda *_: None)
def named_in_full(text: str, low: int, description: Description) -> Referent | None:
    """Return what the story calls the body that its headline calls by a noun: "Council"."""
    if description.kind != "organisation" or not description.bare:
        return None
    full = rf"\b(?:(?!(?:The|A|An|Its|In)\b)[A-Z][\w&’'-]*[ ])+(?i:{re.escape(description.noun)})\b"
    found = set(re.findall(full, text[low + 1 :]))
    return Referent(found.pop(), "", "body") if len(found) == 1 else None


@rule("references: the holder of an office", otherwise=lambda *_: None)
def _person_called(cast: Cast, low: int, noun: str, modifiers: set[str]) -> Referent | None:
    """Return the last person called so before `low`: "Judge Marr", "Marr, a judge"."""
    for mention in reversed(cast.before(low)):
        if mention.label == "PERSON" and _is_called(cast, mention, low, noun, *modifiers):
            return mention.referent
    return None


def _is_called(cast: Cast, person: Mention, low: int, *called: str) -> bool:
    """Tell whether the words beside a name, up to `low`, call its bearer so: "Marr, a judge"."""
    others = [m for m in cast.before(person.start, 60) if m.label == "PERSON"]
    role = _role_before(cast.text, others[-1].end if others else 0, person.start)
    words = {*role.lower().split(), *_role_after(cast.text, person.end, low).lower().split()}
    return set(called) <= {word.strip(',“”"') for word in words}


def _role_before(text: str, low: int, start: int) -> str:
    """Return the words before a name that may say what its bearer is: "former minister".

    What stands before another name says what its bearer is: "Replying to Minister X, Y said".
    """
    low = sentences.begin(text, max(low, start - 40), start)
    words = _CLAUSE_START.split(text[low:start])[-1]
    return words if words.rstrip().endswith(",") else _preposition().split(words)[-1]


def _role_after(text: str, end: int, low: int) -> str:
    after = _ROLE_AFTER.match(text, end, min(end + 80, low))
    return _OF.split(after.group())[0] if after else ""


@rule("references: the body of a kind", otherwise=lambda *_: None)
def _body_called(cast: Cast, low: int, noun: str, modifiers: set[str]) -> Referent | None:
    """Return the last body before `low` that the noun fits by name, kind or apposition."""
    before = [m for m in cast.before(low) if m.label == "ORG"]
    for mention in reversed(before):
        name = mention.referent.speaker
        if not modifiers <= set(name.lower().split()):
            continue
        if _fits(name, noun) or _called_so(cast.text, mention, noun, low):
            return mention.referent
    kinds = {"", _affiliations("affiliations").get(noun, "")}
    if kinds & {"business", "NGO or civil society", "unknown"} and not modifiers:
        alike = [m for m in before if _kind_of_name(m.referent.speaker) in kinds]
        near = [m for m in alike if low - m.end < 800] or alike
        subjects = [m for m in near if cast.discourse.opens_clause(m.start)]
        often = [m for m in subjects or near if m.referent.times > 1] or subjects or near
        return often[-1].referent if often else None
    return None


def _fits(name: str, noun: str) -> bool:
    """Tell whether a noun is in a body's name or names its kind."""
    if noun in name.lower().split():
        return True
    known = names.known(name)
    if known is None and noun in _outlet_nouns():
        return bool(_NEWS.search(name))
    if known is not None and known.lexicon == "outlets":
        return noun in _outlet_nouns() and _outlet_kinds().get(known.name) in _outlet_nouns()[noun]
    if known is not None and known.lexicon == "bodies":
        return _affiliations("bodies").get(known.name) == _affiliations("affiliations").get(noun)
    return False


def _called_so(text: str, mention: Mention, noun: str, low: int) -> bool:
    """Tell whether the text before `low` calls a body so beside its name: "the broadcaster NHK"."""
    before = text[max(0, mention.start - 40) : mention.start].rstrip(" ,").split()
    alike = {word for word, kinds in _outlet_nouns().items() if kinds == _outlet_nouns().get(noun)}
    beside = before[-1:] + _role_after(text, mention.end, low).split()
    return any(word.lower() in alike | {noun} for word in beside)


def _kind_of_name(name: str) -> str:
    """Return the affiliation that the lexicons or the words of a body's name give it."""
    known = names.known(name)
    if known is not None:
        return known.lexicon
    if _NEWS.search(name):
        return "outlets"
    kinds = _affiliations("affiliations")
    return next((kinds[word] for word in reversed(name.lower().split()) if word in kinds), "")


def is_outlet(speaker: str, written: str) -> bool:
    """Tell whether a speaker, or the words of the source, are a news outlet."""
    known = names.known(speaker)
    if known is not None and known.lexicon == "outlets":
        return True
    said = describe(written)
    nouns = {said.noun, *said.modifiers[-1:]}
    return bool(_NEWS.search(speaker)) or not nouns.isdisjoint(_outlet_nouns()) or "media" in nouns


@lru_cache(maxsize=1)
def _outlet_nouns() -> dict[str, tuple[str, ...]]:
    """Return the nouns that call an outlet, each with the kinds of outlet that it fits."""
    kinds = {
        ("broadcaster",): ("broadcaster", "network", "channel", "station"),
        ("newspaper",): ("newspaper", "paper", "daily", "weekly", "tabloid"),
        ("agency",): ("agency",),
    }
    every = tuple(set(_outlet_kinds().values()))
    rest = dict.fromkeys(("magazine", "outlet", "website", "service"), every)
    return {noun: kind for kind, nouns in kinds.items() for noun in nouns} | rest


@lru_cache(maxsize=1)
def _outlet_kinds() -> dict[str, str]:
    table = lexicons.read_lexicon("outlets")
    return dict(zip(table["name"], table["kind"], strict=True))


@lru_cache(maxsize=2)
def _affiliations(lexicon: str) -> dict[str, str]:
    """Return the affiliation of each body by name, or of each noun for an organisation."""
    table = lexicons.read_lexicon(lexicon)
    if lexicon == "bodies":
        return dict(zip(table["name"], table["affiliation"], strict=True))
    table = table[table["kind"] == "organisation"]
    return dict(zip(table["noun"], table["affiliation"], strict=True))
