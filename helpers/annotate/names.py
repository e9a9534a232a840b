"""How names are written: clean spans, places and bodies known by name, acronyms, short forms."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from helpers.model import decoding
from helpers.store import lexicons

NOT_JOINED = "not joined"
_POSSESSIVE = re.compile(r"(?:[’'`´]s|(?<=s)[’'])$", re.IGNORECASE)
_LEADING = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_DEFINED = re.compile(
    r"(?:(?<!\s)\s++\((?:or |the )?(?P<a>[A-Z][A-Za-z0-9&.-]{1,9})\)"
    r"|,?(?<!\s)\s++or\s+(?:the\s+)?(?P<b>[A-Z][A-Z0-9&-]{1,9})\b"
    r"|,?(?<!\s)\s++(?:also |better |commonly )?known (?:as|by its initials) (?:the )?"
    r"(?P<c>[A-Z][A-Z0-9&-]{1,9})\b)"
)
_LONG = re.compile(
    r"(?:[A-Z][\w’'.&-]*)(?:\s+(?:(?:of|for|and|the|on|in|to|de|&)\s+){0,2}[A-Z][\w’'.&-]*)*$"
)
_HYPHENATED_GIVEN = re.compile(r"[A-Z]\w+-[a-z]\w+")  # Do-un: the family name stands in front
_INITIAL = re.compile(r"\b[A-Z]\.\s+")
_CAPITALISED = re.compile(r"(?<!\w)[^\W\d_a-z]\w*")
_FIRST_WORD = re.compile(r"\w+")
_SUFFIX = re.compile(r",?(?<!\s)\s++(?:Jr|Sr|II|III|IV)\.?$")

PHRASE = 200  # characters up to which a text is a phrase that may well come again


class Known(NamedTuple):
    """What a lexicon says of a name."""

    name: str
    label: str
    country: str
    lexicon: str


class Naming(NamedTuple):
    """The entity a written name stands for: canonical name, label, country and why it is that one.

    `reason` is "" when the name is written as the canonical name is.
    """

    entity: str
    label: str
    country: str
    reason: str


def could_be(owners: Iterable[str]) -> str:
    """Return the reason why a name that fits several is joined to none."""
    told = sorted(set(owners))
    listed = " or ".join(told[:4]) + (f" or {len(told) - 4} more" if len(told) > 4 else "")
    return f"could be {listed}: {NOT_JOINED}"


@lru_cache(maxsize=200_000)
def plain(text: str) -> str:
    """Return a name for comparison: straight apostrophes, single spaces, no article, no possessive.

    Dots of abbreviations go ("U.S." and "US" are the same), case stays.
    """
    text = bare(text)
    return re.sub(r"\b([A-Z])\.(?=[A-Z]\b|\s|-|$)", r"\1", text) if "." in text else text


def bare(text: str) -> str:
    """Return a name with straight apostrophes, single spaces, no article and no possessive."""
    text = _SPACE.sub(" ", text).strip().replace("’", "'").replace("‘", "'")
    return _POSSESSIVE.sub("", _LEADING.sub("", text))


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of a name without the marks around it, its article and possessive."""
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not (text[end - 1].isalnum() or text[end - 1] == "."):
        end -= 1
    start, end = decoding.trim(text, start, end)
    if text[end - 1 : end] == "." and "." not in text[start : end - 1] and end - start > 4:
        end -= 1
    return start, end


def person_name(name: str) -> str:
    """Return a person's name without middle initials and "Jr."."""
    name = _SUFFIX.sub("", plain(name))
    first, _, rest = name.partition(" ")
    return f"{first} {_INITIAL.sub('', rest)}".strip() if rest else name


@lru_cache(maxsize=200_000)
def family_names(name: str) -> tuple[str, ...]:
    """Return the words of a full name that may stand for it: the last, a family name in front."""
    words = person_name(name).split()
    if len(words) < 2:
        return ()
    family_first = lexicons.read_words("family_names", column="family_name")
    if words[0] in family_first or _HYPHENATED_GIVEN.fullmatch(words[-1]):
        return (words[0], words[-1])
    return (words[-1],)


def name_words(kind: str) -> frozenset[str]:
    """Return the words of one kind of `name_words.csv`, which parts of names are made of."""
    return lexicons.read_words("name_words", kind)


def ambiguous_names() -> frozenset[str]:
    """Return names that are also ordinary words or other names: never taken on sight."""
    return lexicons.read_words("ambiguous_names", column="name")


@cache
def known_names() -> dict[str, Known]:
    """Return every name of the lexicons, cleaned by `plain`, with what it stands for."""
    found: dict[str, Known] = {}
    for lexicon in ("outlets", "bodies"):
        country = lexicons.read_facts(lexicon, "name", "country")
        for written, name in lexicons.read_aliases(lexicon).items():
            found.setdefault(plain(written), Known(name, "ORG", country[name], lexicon))
    for row in lexicons.read_lexicon("places").itertuples():
        kind = "cities" if row.kind == "city" else "places"
        found.setdefault(plain(row.name), Known(row.place, "GPE", row.country, kind))
    for row in lexicons.read_lexicon("regions").itertuples():
        found.setdefault(plain(row.name), Known(row.region, "LOC", "", "regions"))
    for row in lexicons.read_lexicon("demonyms").itertuples():
        people = Known(singular(row.demonym), "NORP", row.country, "demonyms")
        found.setdefault(plain(row.demonym), people)
    return found


def country_names() -> Mapping[str, str]:
    """Return the name of each country by its ISO 3166 alpha-3 code."""
    return lexicons.read_facts("places", "country", "place", kind="country")


@cache
def _capitals() -> frozenset[str]:
    states = lexicons.read_words("places", "country", "name")
    return frozenset(map(plain, lexicons.read_words("places", "capital", "name") - states))


def is_capital(name: str) -> bool:
    """Tell whether a name is that of a country's capital."""
    name = plain(name)
    return name in _capitals() or (name.isupper() and name.title() in _capitals())


def singular(people: str) -> str:
    """Return "North Korean" for "North Koreans", "Tory" for "Tories", "Swiss" for "Swiss"."""
    if people.endswith("ies") and people[:-1] not in name_words("people in -ie"):
        return people[:-3] + "y"
    if people.endswith(("men", "women")):
        return people[:-2] + "an"
    return people[:-1] if people.endswith("s") and not people.endswith("ss") else people


@lru_cache(maxsize=200_000)
def known(text: str) -> Known | None:
    """Return what the lexicons say of a name as written, or None."""
    name = plain(text)
    found = known_names().get(name)
    if found is None and name.isupper() and len(name) > 4:
        found = known_names().get(name.title())
    if found is not None and found.name.startswith("The ") and not _LEADING.match(text):
        return None
    return found


@cache
def _by_first_word() -> dict[str, list[str]]:
    """Return the names that are sought in texts, longest first, by their first word."""
    written = {
        *lexicons.read_words("places", column="name"),
        *lexicons.read_words("demonyms", column="demonym"),
    }
    for lexicon in ("outlets", "bodies"):
        written |= {_LEADING.sub("", name) for name in lexicons.read_aliases(lexicon)}
    written |= {name.upper() for name in written if name.isalpha() and len(name) > 4}
    table: dict[str, list[str]] = defaultdict(list)
    for name in sorted(written, key=lambda name: (-len(name), name)):
        if first := _FIRST_WORD.match(name):
            table[first.group()].append(name)
    return table


def places(text: str, name: str, inside: tuple[str, ...] = ("_", "-")) -> Iterator[int]:
    """Yield where a name begins in a text, no word running into it or on from it.

    `inside` are the marks that make one word of what stands on both sides of them.
    """
    start = text.find(name) if name else -1
    while start >= 0:
        end = start + len(name)
        before, after = text[start - 1 : start], text[end : end + 1]
        if before.isalnum() or before in inside or after.isalnum() or after in inside:
            end = start + 1
        else:
            yield start
        start = text.find(name, end)


def find_known(text: str) -> Iterator[tuple[int, int, Known]]:
    """Yield the names of the lexicons that stand in a text, longest first at each place.

    Ambiguous names (Jordan, Time) and cities other than capitals are left to the reader of names.
    """
    return iter(_known_in(text)) if len(text) <= PHRASE else _find_known(text)


@lru_cache(maxsize=8192)
def _known_in(phrase: str) -> tuple[tuple[int, int, Known], ...]:
    return tuple(_find_known(phrase))


def _find_known(text: str) -> Iterator[tuple[int, int, Known]]:
    table, ambiguous = _by_first_word(), ambiguous_names()
    position = 0
    for word in _CAPITALISED.finditer(text):
        listed = table.get(word.group())
        if not listed or word.start() < position or not word.group()[0].isupper():
            continue
        for name in listed:
            end = word.start() + len(name)
            if name in ambiguous or not _stands(text, name, word.start(), end):
                continue
            found = known(name)
            if found is None or found.lexicon == "cities":
                continue
            yield word.start(), end, found
            position = end
            break


def _stands(text: str, name: str, start: int, end: int) -> bool:
    written = text[start:end].replace("’", "'")
    before, after = text[start - 1 : start], text[end : end + 1]
    return (
        written == name
        and not (before.isalnum() or before and before in "_@#.")
        and not (after.isalnum() or after == "_")
        and not (name.isupper() and text[end : end + 2].lower() in ("-1", "-2"))
    )


def find_acronyms(text: str) -> dict[str, tuple[int, int]]:
    """Return the acronyms a text defines, each with the span of its long form.

    "Harbour Workers' Union (HWU)", "Korea Central News Agency, or KCNA": the initials must agree.
    """
    found: dict[str, tuple[int, int]] = {}
    for match in _DEFINED.finditer(text):
        acronym = match.group("a") or match.group("b") or match.group("c")
        low = max(0, match.start() - 120)
        long = _LONG.search(text[low : match.start()].rstrip(","))
        if not long or acronym in found:
            continue
        words = list(re.finditer(r"[^\W_][\w’'.&]*", long.group()))
        for first in range(len(words)):
            if initials_agree(acronym, [w.group() for w in words[first:]]):
                found[acronym] = (low + long.start() + words[first].start(), low + long.end())
                break
    return found


def initials_agree(acronym: str, words: list[str]) -> bool:
    """Tell whether an acronym is made of the first letters of words, small words in or out.

    A word in capitals counts with all its letters: "UN High Commissioner for Refugees", UNHCR.
    """
    letters = [c for c in acronym.upper() if c.isalpha()]
    firsts = [[*filter(str.isalpha, w)] if w.isupper() else [w[0]] for w in words]
    capitals = [c for first in firsts for c in first if first[0].isupper()]
    every = [c.upper() for first in firsts for c in first]
    return len(letters) >= 2 and letters in (capitals, every)


@cache
def titles() -> re.Pattern[str]:
    """Return the pattern of one or more titles before a name, with the space after them."""
    return re.compile(rf"(?:(?:{title_words()})\s+)+(?=\S)")


@cache
def title_words() -> str:
    """Return a pattern of the titles; of a short one the point may lack: "Gen Orr", not "Gen Z"."""
    words = sorted(lexicons.read_words("titles", column="title"), key=lambda w: (-len(w), w))
    return "|".join(re.sub(r"\\\.$", r"(?:\.|(?=\\s\\w\\w))", re.escape(word)) for word in words)


def is_title(word: str) -> bool:
    """Tell whether a word is a title, in capitals or not: "secretary"."""
    return bool(titles().match(f"{word.title()} A"))


def strip_titles(text: str, start: int, end: int) -> int:
    """Return where a person's name begins after "President", "Lt. Gen." and the like."""
    match = titles().match(text, start, end)
    return match.end() if match and match.end() < end else start
