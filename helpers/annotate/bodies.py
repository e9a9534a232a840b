"""How places, peoples, bodies and things are named in one article: short forms and acronyms."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

from helpers.annotate import names, outlets
from helpers.annotate.names import Naming, could_be
from helpers.annotate.persons import fold
from helpers.annotate.rules import rule
from helpers.store import lexicons

DEFINED = "acronym defined in the article"
# Words for the legal form of a company, as registers abbreviate them; written for this project.
_LEGAL = re.compile(
    r"(?<![\s,])[\s,]++(?:Incorporated|Inc|Corporation|Corp|Company|Co|Limited|Ltd|LLC|LLP|PLC|Plc|plc|AG|SA|"
    r"S\.A|NV|GmbH|SE|Group|Holdings|Holding)\.?$"
)
# Words that a region's name carries or leaves out, as in "Kursk Oblast" and "Kursk".
_DISTRICT = re.compile(
    r"(?<!\s)\s++(?:Province|Oblast|Region|Governorate|Prefecture|Krai)$", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_][\w’'.&-]*")


def name_things(
    counts: Mapping[str, Mapping[str, int]], text: str, people: frozenset[str] = frozenset()
) -> dict[tuple[str, str], Naming]:
    """Return what each written name of one article stands for, persons apart.

    `counts` maps each label to the names as written with their mentions, `text` is the article
    and `people` are words that stand for a person in it. A short form that could be two names
    stays as it is and says which.
    """
    acronyms = _acronyms(counts, text)
    named: dict[tuple[str, str], Naming] = {}
    for label, found in counts.items():
        for written in found:
            naming = _known(written, label, acronyms)
            if naming is not None:
                named[written, label] = naming
    for label, found in counts.items():
        left = {written: found[written] for written in found if (written, label) not in named}
        there = {n.entity: w for (w, other), n in named.items() if _alike(other, label)}
        for written, naming in _name_unknown(left, label, there, named, people).items():
            alone = " " in names.plain(written) or not naming.reason or _stands_alone(written, text)
            plain = Naming(names.plain(written), label, own_country(written), "")
            named[written, label] = naming if alone else plain
    return _name_points(named)


def _stands_alone(word: str, text: str) -> bool:
    """Tell whether a word that is short for a longer name is ever used as a name by itself.

    "The Army said" is; the first word of "Army Tactical Missile Systems" is not.
    """
    pattern = rf"(?P<before>[A-Z][\w’'-]*\s+)?(?<![\w-]){re.escape(word)}(?![\w-])(?!\s+[A-Z])"
    return not text or any(
        match["before"] is None or match["before"].strip() in names.name_words("opener")
        for match in re.finditer(pattern, text)
    )


def _alike(one: str, other: str) -> bool:
    return one == other or {one, other} <= {"GPE", "LOC"} or {one, other} <= {"ORG", "FAC"}


@rule("acronyms for bodies", otherwise=lambda counts, text: {})
def _acronyms(counts: Mapping[str, Mapping[str, int]], text: str) -> dict[str, str]:
    """Return the acronyms the article defines with their long forms.

    None are sought where every name in capitals is in a lexicon.
    """
    bracketed = _bracketed(counts.get("ORG", {}), text)
    capitals = {written for found in counts.values() for written in found if written.isupper()}
    if not any(len(written) > 1 and names.known(written) is None for written in capitals):
        return bracketed
    spans = names.find_acronyms(text)
    short = {acronym: names.plain(text[start:end]) for acronym, (start, end) in spans.items()}
    return bracketed | short


@rule("a body in brackets behind a body", otherwise=lambda found, text: {})
def _bracketed(found: Mapping[str, int], text: str) -> dict[str, str]:
    """Return short forms with the long ones they follow: "Chamber of Construction (Capac)"."""
    short = [written for written in found if " " not in written and names.known(written) is None]
    defined = {}
    for written in short:
        before = text.partition(f" ({written})")[0]
        longer = [one for one in found if " " in one and before.endswith(one)]
        if longer and len(before) < len(text):
            defined[names.plain(written)] = names.plain(max(longer, key=len))
    return defined


def _known(written: str, label: str, acronyms: Mapping[str, str]) -> Naming | None:
    """Return what a name of a lexicon, or an acronym defined in the article, stands for."""
    name = names.plain(written)
    defined = acronyms.get(name)
    known = names.known(defined) if defined else names.known(written)
    if known is not None and (known.label == label or defined):
        reason = f"listed in {known.lexicon}.csv"
        if defined:
            reason = DEFINED
        same = known.name == name
        return Naming(known.name, known.label, known.country, "" if same else reason)
    if defined:
        return Naming(defined, label, own_country(defined), DEFINED)
    return None


# ------------------------------------------------------------------------------------ short forms


def _name_unknown(
    found: Mapping[str, int],
    label: str,
    there: Mapping[str, str],
    named: Mapping[tuple[str, str], Naming],
    people: frozenset[str],
) -> dict[str, Naming]:
    """Return what the names of one label that no lexicon knows stand for."""
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for written, count in found.items():
        groups[_core(written, label)][names.plain(written)] += count
    shown = {core: _display(spelled) for core, spelled in groups.items()}
    longer = {**{_core(entity, label): entity for entity in there}, **shown}
    result = {}
    for written in found:
        core, name = _core(written, label), names.plain(written)
        naming = None
        if not (people and name in people):
            naming = _short_form(core, name, label, longer, named)
        if naming is None:
            entity = there_name if (there_name := _same_core(core, there, label)) else shown[core]
            reason = "" if entity == name else _style(entity, name)
            naming = Naming(entity, label, own_country(entity), reason)
        result[written] = naming
    return result


def _same_core(core: str, there: Mapping[str, str], label: str) -> str:
    return next((entity for entity in there if _core(entity, label) == core), "")


def _display(spelled: Counter[str]) -> str:
    """Return the spelling most used, not in capitals where there is another."""
    return min(spelled, key=lambda n: (shouts(n), -spelled[n], n.isupper(), len(n), n))


def shouts(name: str) -> bool:
    """Tell whether a name is in capitals and no acronym: "HARWICK"."""
    return name.isupper() and len(name) > 4 and name.isalpha()


def _style(entity: str, name: str) -> str:
    if fold(entity) == fold(name):
        return "the same but for capitals, accents or dots"
    if names.singular(name) == names.singular(entity):
        return "one and several of a people"
    if split_country(entity)[0] and split_country(name)[0]:
        return "the same body of the same country"
    return "the same but for the legal form or the word for a region"


@lru_cache(maxsize=200_000)
def _core(name: str, label: str) -> str:
    """Return what two ways of writing one name share.

    Companies lose their legal form, regions the word for a region; a country at the front of a
    body is its code, so that "Chinese Foreign Ministry" and "China's Foreign Ministry" are alike.
    """
    name = names.plain(name)
    if label in ("ORG", "FAC"):
        country, rest = split_country(name)
        if country:
            return f"{country.casefold()}: {fold(rest)}"
        shorter = _LEGAL.sub("", name)
        return fold(shorter if len(shorter) > 2 else name).replace("-", " ")
    if label in ("GPE", "LOC"):
        return fold(_DISTRICT.sub("", name))
    return fold(names.singular(name) if label == "NORP" else name)


def core_of(name: str, label: str) -> str:
    """Return the form under which names of one thing are compared over the corpus."""
    return _core(name, label)


@lru_cache(maxsize=200_000)
def split_country(name: str) -> tuple[str, str]:
    """Return the country at the front of a body's name, and the rest: ("CHN", "Foreign Ministry").

    ("", name) when no country stands there, or nothing follows it.
    """
    words = name.split()
    for size in (3, 2, 1):
        if len(words) > size:
            country = _countries().get(names.plain(" ".join(words[:size])))
            if country:
                return country, " ".join(words[size:])
    return "", name


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    """Return the names of countries and of their peoples with the country's code."""
    places = lexicons.read_lexicon("places")
    states = places.loc[places["kind"] == "country", ["name", "country"]]
    peoples = lexicons.read_lexicon("demonyms")[["demonym", "country"]]
    found = [
        *peoples.itertuples(index=False, name=None),
        *states.itertuples(index=False, name=None),
    ]
    return {names.plain(name): country for name, country in found if country}


def own_country(name: str) -> str:
    """Return the country of a place, people or body as far as its name tells, or ""."""
    known = names.known(name)
    return known.country if known is not None else split_country(name)[0]


@rule("short forms of bodies", otherwise=lambda core, name, label, longer, named: None)
def _short_form(
    core: str,
    name: str,
    label: str,
    longer: Mapping[str, str],
    named: Mapping[tuple[str, str], Naming],
) -> Naming | None:
    """Return what a short form stands for, None when the name stands for itself."""
    if label not in ("ORG", "FAC", "EVENT", "PRODUCT"):
        return None
    if label == "ORG" and name.isupper() and 2 <= len(name) <= 7:
        bodies = {
            entity
            for entity in longer.values()
            if entity != name and names.initials_agree(name, _WORD.findall(entity))
        }
        if len(bodies) == 1:
            entity = bodies.pop()
            return _joined(entity, label, "initials of the one body of that name", named)
        if bodies:
            return Naming(name, label, "", could_be(bodies))
        return None
    words = core.split(": ")[-1].split()
    owners = {
        entity
        for other, entity in longer.items()
        if other != core and _shortens(words, core, other, entity)
    }
    if len(owners) == 1:
        kind = "body" if label == "ORG" else "thing"
        reason = f"short form of the one {kind} of that name"
        return _joined(owners.pop(), label, reason, named)
    if owners:
        return Naming(name, label, own_country(name), could_be(owners))
    return None


def _joined(
    entity: str, label: str, reason: str, named: Mapping[tuple[str, str], Naming]
) -> Naming:
    known = names.known(entity)
    if known is not None:
        return Naming(known.name, known.label, known.country, reason)
    return Naming(entity, label, own_country(entity), reason)


def _shortens(words: list[str], core: str, other: str, entity: str) -> bool:
    """Tell whether a name is the beginning or the end of a longer one.

    "Northern Ferry" for "Northern Ferry Company", "Foreign Ministry" for "Russian Foreign
    Ministry", "the Times" for "The New York Times". One word at the end must be a noun for a body
    or the last word of an outlet ("House" is not short for "White House").
    """
    country, _, rest = other.rpartition(": ")
    theirs = rest.split()
    if ": " in core or not words:
        return False
    if country and words == theirs:
        return True
    if len(words) >= len(theirs) and not country:
        return False
    if theirs[: len(words)] == words and len("".join(words)) > 2:
        return (words[0] not in _weak() or len(words) > 1) and theirs[-1] not in names.name_words(
            "grounds"
        )
    if theirs[-len(words) :] == words:
        return len(words) > 1 or words[0] in _nouns() or outlets.is_listed(entity)
    return False


@lru_cache(maxsize=1)
def _weak() -> frozenset[str]:
    """Return words that begin many names and stand for none of them."""
    demonyms = lexicons.read_lexicon("demonyms")["demonym"].str.casefold()
    return names.name_words("weak beginning") | frozenset(demonyms)


@lru_cache(maxsize=1)
def _nouns() -> frozenset[str]:
    """Return nouns for bodies that, with a capital, stand for the one body called so."""
    nouns = lexicons.read_lexicon("affiliations")
    single = nouns.loc[nouns["kind"] == "organisation", "noun"]
    return frozenset(noun for noun in single if " " not in noun) - {"house", "group", "press"}


def acronyms_of(name: str) -> set[str]:
    """Return the acronyms that the first letters of a name make, small words in or out."""
    words = _WORD.findall(name)
    capitals = "".join(word[0] for word in words if word[0].isupper())
    every = "".join(word[0].upper() for word in words)
    return {acronym for acronym in (capitals, every) if len(acronym) > 1}


def acronyms_among(spelled: Iterable[str]) -> set[str]:
    """Return the spellings of one body that are acronyms of another of its spellings."""
    made = {acronym for name in spelled if " " in name for acronym in acronyms_of(name)}
    return made.intersection(spelled)


# ----------------------------------------------------------------------------------- "the North"


@rule("the North for a country", otherwise=lambda named: named)
def _name_points(named: dict[tuple[str, str], Naming]) -> dict[tuple[str, str], Naming]:
    """Let "the North" stand for the one country of the article whose name begins so."""
    known = lexicons.read_words("name_words", "point of the compass")
    points = [key for key in named if names.plain(key[0]).title() in known]
    if not points:
        return named
    states = {
        (names.country_names()[naming.country], naming.country)
        for naming in named.values()
        if naming.country in names.country_names()
    }
    for key in points:
        point = names.plain(key[0]).title() + " "
        owners = sorted(state for state in states if state[0].startswith(point))
        countries = {country for _, country in owners}
        others = {
            n.entity
            for n in named.values()
            if n.entity.startswith(point) and n.country not in countries
        }
        if len(owners) == 1 and not others:
            reason = "the one country of the article whose name begins so"
            named[key] = Naming(owners[0][0], "GPE", owners[0][1], reason)
        elif owners:
            naming = named[key]
            told = could_be([*(name for name, _ in owners), *others])
            named[key] = naming._replace(reason=told)
    return named
