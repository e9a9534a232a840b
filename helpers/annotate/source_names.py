"""Who is named by the words of a source, and who is only mentioned in them."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

from helpers.annotate import names, noun_phrases
from helpers.annotate.antecedents import Cast, Mention, Referent
from helpers.annotate.rules import rule

Span = tuple[int, int]

_ADDRESSED = re.compile(r"\b(?![Aa]ccord)\w+(?:ing|ed)\s+(?:to|by|after|before|from)\s+$")
_BRACKETS = re.compile(r"\s?\([^()\n]*\)")
_SEGMENT = re.compile(rf"(?P<inside>{_BRACKETS.pattern})|,\s+|\s[—–]\s|\s--\s|\s\(|\)")
_BODY_ADDED = re.compile(r"\s*(?:$|\(|,|(?:in|of|at|for|on|under|near|across|itself)\b)")
_LINK = re.compile(r"(?:(?P<last>,?\s+(?:and|&)\s+)|,\s+)(?P<title>[^,]*)$")
_LINKED = re.compile(r"\b(?:of|from|in|for)\s+(?:the\s+)?$")
_LIST_ENDS = re.compile(r"\s*(?:\([^()\n]*\)|(?:of|from)\s[^,]*)?")
_AND = re.compile(r",?\s+(?:and|&)\s+(?:the\s+)?", re.IGNORECASE)
_JOINT = re.compile(r"(?:,\s+(?:\S+\s+){0,6}?)?,?\s*(?:and|&)\s+(?:[\w.’'-]+\s+){0,5}")


@cache
def preposition() -> re.Pattern[str]:
    """Return the pattern of words behind which a name is not who speaks: "of", "who", "told"."""
    linking = "than|as|who|whom|which|that|whose|said|told|called"
    return re.compile(rf"\b(?:{noun_phrases.any_of('preposition')}|{linking})\s", re.IGNORECASE)


def segments(text: str, low: int, high: int) -> list[Span]:
    """Return the parts of a source between commas and dashes outside brackets."""
    found, start = [], low
    for match in _SEGMENT.finditer(text, low, high):
        if match["inside"]:
            continue  # "Chamber of Ports (CP) chair Lena Marr"
        found.append((start, match.start()))
        start = match.end()
    found.append((start, high))
    return [(start, end) for start, end in found if start < end] or [(low, high)]


@rule("cast: the names in a source", otherwise=lambda *_: [])
def named(cast: Cast, low: int, high: int) -> list[Referent]:
    """Return who is named by a source span, [] when its words only describe somebody."""
    if several := _listed(cast, low, high):
        return several
    parts = segments(cast.text, low, high)
    addressed = len(parts) > 1 and _ADDRESSED.search(cast.text, max(0, low - 30), low)
    for number, (start, end) in enumerate(parts):
        if addressed and not number:
            continue  # "Replying to | Mr Tesk, Lena Marr | said"
        if number and cast.text.startswith(("wh", "including "), start):
            continue  # "Quist, who met Orr"; "several, including Orr"
        found = _people_in(cast, start, end) or _bodies_in(cast, start, end, number > 0)
        if found:
            return found
    return []


@rule("cast: several in a list", otherwise=lambda *_: [])
def _listed(cast: Cast, low: int, high: int) -> list[Referent]:
    """Return those of a list: "Quist, Marr and Minister Orr of Harwick"; "Quist and the HWU"."""
    text = cast.text
    some = [m for m in _of_themselves(cast, low, high) if not _LINKED.search(text, low, m.start)]
    kinds = [mention.label for mention in some]
    if len(some) < 2 or set(kinds) != {"PERSON"} and kinds != ["PERSON", "ORG"]:
        return []
    pairs = list(pairwise(some))
    links = [_LINK.match(_BRACKETS.sub("", text[one.end : other.start])) for one, other in pairs]
    ends = _LIST_ENDS.fullmatch(text, some[-1].end, high)
    if not (ends and all(links) and links[-1] and links[-1]["last"]):
        return []
    titles = [text[low : some[0].start], *(link["title"] for link in links if link)]
    small = ("the", "former")
    holds = (w[0].isupper() or w in small or _is_office(w) for one in titles for w in one.split())
    return [mention.referent for mention in some] if all(holds) else []


def _of_themselves(cast: Cast, low: int, high: int) -> list[Mention]:
    """Return the names inside a span, without those in brackets or compounds: "an anti-Orr PAC"."""
    brackets = [match.span() for match in _BRACKETS.finditer(cast.text, low, high)]
    return [
        mention
        for mention in cast.within(low, high)
        if not any(start < mention.start < end for start, end in brackets)
        and not (mention.start > low and cast.text[mention.start - 1] == "-")
    ]


def _people_in(cast: Cast, low: int, high: int) -> list[Referent]:
    """Return the people that one segment of a source is about."""
    people = [m for m in _of_themselves(cast, low, high) if m.label == "PERSON"]
    people = [m for m in people if not _somebody_elses(cast, m, low, high)]
    for number, person in enumerate(people):
        following = people[number + 1 :]
        between = [_BRACKETS.sub("", cast.text[person.end : other.start]) for other in following]
        if all("," in words or "&" in words or " and " in words for words in between):
            joint = zip(following, between, strict=True)
            others = [other for other, words in joint if _JOINT.fullmatch(words)]
            return [one.referent for one in (person, *others)]
    return []  # "Justice Helen Marr": the last of the names is the one


def _bodies_in(cast: Cast, low: int, high: int, further: bool) -> list[Referent]:
    """Return the bodies and places that one segment of a source is about, joined by "and"."""
    inside = _of_themselves(cast, low, high)
    for mention in reversed(inside):
        ends = _BODY_ADDED.match(cast.text[mention.end : high])  # before "in", "of"
        if mention.label in ("PERSON", "NORP") or not ends:
            continue
        before = cast.text[low : mention.start]
        if further and before.lower().strip() not in ("", "the"):
            continue
        found = [mention]
        for earlier in reversed(inside[: inside.index(mention)]):
            if not _AND.fullmatch(cast.text[earlier.end : found[0].start]):
                break
            found.insert(0, earlier)
        if not preposition().search(cast.text, low, found[0].start):
            return [one.referent for one in found]
    return []


def _names_as_words(cast: Cast, low: int, high: int) -> str:
    """Return a text without brackets, each name in it one word: "chair of Bank_of_Kessaria"."""
    parts, end = [], low
    for mention in cast.within(low, high):
        name = cast.text[mention.start : mention.end].replace(" ", "_")
        parts += [cast.text[end : mention.start], name]
        end = mention.end
    return _BRACKETS.sub("", "".join(parts) + cast.text[end:high])


def _is_office(word: str) -> bool:
    return names.is_title(word) or noun_phrases.kind(word) == "person"


@rule("cast: somebody else's friend or lawyer", otherwise=lambda *_: False)
def _somebody_elses(cast: Cast, person: Mention, low: int, high: int) -> bool:
    """Tell whether a person is only mentioned: "Lee's lawyer", "a friend of Lee".

    After an office in capitals the name is the holder's: "Minister for Ports Nella Ostrow"; and
    after one with what it is of, "secretary of state Nella Ostrow".
    """
    after = cast.text[person.end : high]
    owner = after.startswith(("’", "'")) and " " in after.strip()
    if owner or noun_phrases.continues(after):
        return True
    before = _names_as_words(cast, low, person.start)
    found = list(preposition().finditer(before))
    if not found:
        return False
    between = before[found[-1].end() :].split()
    title = before[: found[0].start()].split()
    whole = before[found[0].end() :].split()  # what the office is of
    linked = found[0].group().strip().lower() in noun_phrases.words("preposition")
    holder = linked and title and between and _is_office(title[-1])
    if holder and not any(map(_is_office, whole)):
        return False
    office = title and title[0][:1].isupper() and not noun_phrases.opens(title[0])
    office = office and (title[-1][:1].isupper() or noun_phrases.kind(title[-1]) == "person")
    office = office and not title[-1].lower().endswith(("ing", "ed"))  # "Replying to Mr Tesk"
    small = ("the", "and", "of")
    return not (office and between and all(w[:1].isupper() or w in small for w in between))
