"""What the words of a noun phrase tell: head noun, number, kind, gender, owner, short form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise

from helpers.annotate import names
from helpers.store import lexicons
from helpers.store.lexicons import read_codebook

_NUMBER = (
    r"(?:(?:(?:more|fewer|less) than|at least|at most|up to|about|around|nearly|over|almost) )?"
    r"(?:an? (?:number|handful|few|couple|dozen|score|half-dozen|third|quarter|half|majority)|"
    r"(?:half a )?dozens?|hundreds|thousands|scores|\d[\d,.]*(?: percent| per cent|%)?|"
    r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:-\w+)?(?: percent| per cent)?|"
    r"two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"several|some|many|most|both|all|a few|few|others|various|multiple|numerous|none)"
)
# how a phrase may open: "two of", "the", "his three", "another", "the company’s"
_OPENING = re.compile(
    rf"(?:(?:(?P<part>{_NUMBER})|(?P<one>one|another|each|either|neither|any)) of )?"
    r"(?P<definite>(?:the|this|that|these|those) )?"
    rf"(?:(?P<number>(?:(?:the|his|her|its|their|those|these) (?!most\b|all\b))?{_NUMBER} (?=\w)"
    r"(?:(?:the|this|that|these|those) )?)"
    r"|(?:(?P<single>an?|one|another|every|each|some)|any|no|other|more) (?:other )?)?"
    r"(?:(?P<owner>his|her|its|their|my|our|(?:(?!(?:who|that|which|of|for|from|in|at|on|by|with|to|"
    r"and)\b)[\w.&-]+ ){0,5}[\w.&-]+(?:[’']s|s[’'])) )?",
    re.IGNORECASE,
)
_PARTICIPLE = re.compile(
    r"\w{3,}(?:ing|ed|wn|tten)|seen|sent|held|made|led|given|taken|born|run|kept|left|found|hit|gone"
)
_WORD = re.compile(r"[^\W_](?:[\w’'.&-]*\w)?(?:(?<=\.\w)\.)?")
_PROPER = r"[A-Z][\w’'.&-]*(?:\s+(?:(?:of|the|and|de|van|al)\s+)?[A-Z][\w’'.&-]*)*"
_APPOSED_NAME = re.compile(rf",\s+(?:the\s+)?(?P<name>{_PROPER})(?![’']s)\s*(?=,|$|\()")
_OFFICE_OF = re.compile(r"\s*(?:of|for)\s+(?:the\s+)?(?P<more>(?:[A-Z][\w’'.-]*\s*){3,})")
_OWNER_AFTER = re.compile(r"\s*(?:of|for|from|at|with|to)\s+(?P<owner>[^,;]{2,80})")
_SELF_NAMED = re.compile(
    r"\b(?:called|named|calling (?:it|him|her|them)sel(?:f|ves)|"
    r"go(?:es|ing)? by the name(?: of)?|known as|call (?:it|them)sel(?:f|ves)|"
    r"(?:gave|give|giving) (?:only )?(?:his|her|their) (?:first )?name,?|who asked to be called)"
    r"\s+(?:only )?(?:as )?(?:the )?(?P<name>[A-Z“‘\"'][\w’'-]+(?:\s+[A-Z][\w’'-]+)*)"
)
_ROLE = re.compile(
    r"\w+(?:man|woman|person|ologist|ician|worker|keeper|holder)|"
    r"(?!(?:as|con|in|per|re|sub|de)sist)\w{3,}ist"
)
_NEXT_WORD = re.compile(r"[a-z][\w’'-]*")
_ADDED = re.compile(
    r"\s+(?:from|on|of|at|in|across|near|by)\s+(?!(?:his|her|its|their)\b)(?:(?:the|an?)\s+)?"
    r"(?:[A-Z][\w’'-]*(?:\s+[A-Z][\w’'-]*)*|[a-z][\w’'-]*)"
)
_CUT = re.compile(r",\s|\s[—–]\s|\s--\s|\s\(|,$|:$")
_CLAUSE = re.compile(
    r"\s(?:who|whose|which|speaking|asking|requesting|insisting)\s|"
    r"\s(?:on|under)\s(?=(?:the\s)?(?:condition|anonymity))"
)


def words(kind: str) -> frozenset[str]:
    """Return the small words of a kind: "possessive", "preposition", "it", "person pronoun", …."""
    return lexicons.read_words("phrase_words", kind)


@cache
def any_of(kind: str) -> str:
    """Return a pattern for one of the small words of a kind."""
    return "|".join(sorted(words(kind)))


@cache
def _pattern(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return an expression in which `<<kind>>` stands for one of the small words of that kind."""
    return re.compile(re.sub("<<([a-z ]+)>>", lambda m: any_of(m[1]), pattern), flags)


@dataclass(frozen=True)
class Description:
    """What a phrase says of whom it means.

    `head` is the common noun that says what it is, in the singular and small letters, "" where a
    name or pronoun stands alone; `noun` the last word of the phrase in the singular, name or not;
    `modifiers` the words before it, and `phrase` the head with the word before it. `determiner` is
    the first word where it is "the", "his", "two" and the like. `plural` and `definite` are what
    the words show, `kind` is person, organisation, document or "". `name` is the proper name that
    the phrase is about (alone, after a title or in apposition), `owner` whom it belongs to or
    speaks for.
    """

    text: str
    determiner: str = ""
    modifiers: tuple[str, ...] = ()
    noun: str = ""
    head: str = ""
    phrase: str = ""
    plural: bool = False
    definite: bool = False
    kind: str = ""
    name: str = ""
    owner: str = ""
    pronoun: str = ""

    @property
    def capitals(self) -> frozenset[str]:
        """The words with a capital inside the phrase: "American", "Home", "Ministry"."""
        return frozenset(word for word in _WORD.findall(self.text)[1:] if word[0].isupper())

    @property
    def many(self) -> bool:
        """Whether several are meant."""
        return self.plural or pronoun_kind(self.pronoun) == "several"

    @property
    def points_back(self) -> bool:
        """Whether the phrase takes up something known: "the officials", "that company"."""
        return self.determiner in words("definite")

    @property
    def owned(self) -> bool:
        """Whether the phrase begins with his, her, its or their."""
        return self.determiner in words("possessive")

    @property
    def bare(self) -> bool:
        """Whether it is one noun alone, as in headlines: "Council"."""
        return not (self.determiner or self.modifiers or self.plural)


def is_acronym(word: str) -> bool:
    """Tell whether a word is in capitals, and so no pronoun: "WHO", "US", "IT"."""
    return len(word) > 1 and word.isupper()


def pronoun_kind(pronoun: str) -> str:
    """Return what a pronoun stands for: person, several, one, thing; "" for other words."""
    return lexicons.read_facts("pronouns", "word", "stands_for").get(pronoun, "")


def pronoun_of(word: str) -> str:
    """Return the pronoun that a word is a form of: he, she, it, they; "" for other words."""
    return lexicons.read_facts("pronouns", "word", "form_of").get(word, "")


@lru_cache(maxsize=20_000)
def describe(text: str) -> Description:
    """Read a source as written: "the company's director", "two of the people who …", "she"."""
    text = " ".join(text.split())
    lower = text.lower().strip(" ,.") if not is_acronym(text) else ""
    first, _, second = lower.partition(" ")
    if meant := pronoun_kind(lower):
        several = meant == "several"
        determiner = lower if several or meant == "one" else ""
        return Description(text, determiner, pronoun=lower, plural=several)
    if second.startswith(("who ", "whom ")) and pronoun_kind(first) == "several":
        return Description(text, first, pronoun=first, plural=True)
    opening = _OPENING.match(text)
    part, number = opening["part"], opening["number"]
    article = (opening["definite"] or "").lower()
    one = bool(opening["one"] or opening["single"])
    many = bool(part or number and not one or article in ("these ", "those "))
    rest, owner = text[opening.end() :], opening["owner"] or ""
    them, _, more = rest.partition(",")
    if them in words("them") and (part or one):
        if one and more:
            return replace(describe(more.strip()), text=text, plural=False)
        return Description(text, pronoun=first, plural=many)
    read = _read(text, rest, owner, bool(article or owner))
    return replace(read, plural=(read.plural or many) and not one)


def opens(word: str) -> bool:
    """Tell whether a word opens a phrase: "the", "his", "two", "20%"."""
    word = word.lower()
    kinds = ("definite", "possessive", "determiner")
    return word[:1].isdecimal() or any(word in words(kind) for kind in kinds)


def _read(text: str, rest: str, owner: str, definite: bool) -> Description:
    """Read the noun group left of a phrase when determiner, number and owner are taken off."""
    end = _group_end(rest)
    group, after = _WORD.findall(rest[:end]), rest[end:]
    first = text.lower().partition(" ")[0].strip(",")
    determiner = first if opens(first) else ""
    before = [word for word in owner.lower().split() if word not in (determiner, "the")]
    lowered = [word.lower() for word in group]
    head, plural = _head(group)
    name = self_named(rest) or _own_name(group, after, head)
    if not owner and head and (complement := _OWNER_AFTER.match(after)):
        owner = complement["owner"]
    return Description(
        text,
        determiner,
        (*before, *lowered[:-1]),
        singular(lowered[-1]) if group else "",
        head,
        " ".join([*group[-2:-1], head]).lower() if head else "",
        plural,
        definite,
        (kind(" ".join(lowered[-2:])) or kind(lowered[-1])) if group else "",
        name,
        owner,
    )


def self_named(clause: str) -> str:
    """Return the name that somebody goes by or gives: "a man who gave only his name, Stevan"."""
    called = _SELF_NAMED.search(clause)
    return called["name"].strip("“”‘’\"'") if called else ""


def _ends_noun() -> re.Pattern[str]:
    return _pattern(r",|;|:|\s[–—-]+\s|\s\(|(?<![-\w])(?:<<after a noun>>|<<preposition>>)\b(?!-)")


def _group_end(text: str) -> int:
    """Return where the noun group ends that opens a phrase: before "of", "who", "seen"."""
    match = _ends_noun().search(text, 1)
    end = match.start() if match else len(text)
    group = list(_WORD.finditer(text, 0, end))
    for before, word in pairwise(group):
        participle = word.group().islower() and _PARTICIPLE.fullmatch(word.group())
        if not participle or not kind(before.group()):
            continue
        if not kind(group[-1].group()) or opens(text[word.end() + 1 :].partition(" ")[0]):
            end = word.start()
            break
    for before, word in pairwise(_WORD.finditer(text, 0, end)):
        noun = kind(before.group()) or before.group()[0].isupper()
        if word.group() in ("and", "or", "but") and noun:
            return before.end()
    return end


def _head(group: list[str]) -> tuple[str, bool]:
    """Return the last common noun of a noun group in the singular, and whether it is a plural.

    A capital does not make a name of a word that opens a phrase alone ("Residents").
    """
    if not group:
        return "", False
    word = (
        group[-1].removesuffix("s").rstrip("’'") if group[-1].endswith(("’s", "'s")) else group[-1]
    )
    listed = word.lower() in _kinds() or kind(word) and not word.endswith(("man", "men"))
    if word[0].islower() or len(group) == 1 and listed:
        return singular(word.lower()), is_plural(word)
    return "", False


def _own_name(group: list[str], after: str, head: str) -> str:
    """Return the proper name that the phrase is about: at the end of its first group or apposed."""
    if head:
        apposed = _APPOSED_NAME.match(after)
        return apposed["name"] if apposed else ""
    if not group or not _is_capital(group[-1]):
        return ""
    if titled := _OFFICE_OF.match(after):
        return " ".join(titled["more"].split()[-2:])
    run: list[str] = []
    for word in reversed(group):
        if not _is_capital(word) and word not in names.name_words("particle"):
            break
        run.insert(0, word)
    return " ".join(run)


def _is_capital(word: str) -> bool:
    return word[0].isalpha() and not word.islower()


# ------------------------------------------------------------------------------- number, kind


@lru_cache(maxsize=8192)
def is_plural(noun: str) -> bool:
    """Tell whether a noun has the form of a plural."""
    noun = noun.lower()
    listed = lexicons.read_facts("plurals", "plural", "kind").get(noun)
    if listed is not None:
        return listed != "singular"
    return noun.endswith("s") and not noun.endswith(("ss", "us", "is")) or noun.endswith("men")


@lru_cache(maxsize=8192)
def singular(noun: str) -> str:
    """Return a noun's singular: "ministries" gives "ministry", "women" "woman".

    >>> [singular(noun) for noun in ("series", "movies", "wives", "natives", "heroes", "spokesmen")]
    ['series', 'movie', 'wife', 'native', 'hero', 'spokesman']
    """
    known = lexicons.read_facts("plurals", "plural", "singular").get(noun.lower())
    if known is not None:
        return known
    if not is_plural(noun):
        return noun
    for plural, one in lexicons.read_facts("plural_endings", "plural", "singular").items():
        if noun.endswith(plural) and len(noun) > len(plural) + 1:
            return noun.removesuffix(plural) + one
    return noun[:-1]


def _kinds() -> Mapping[str, str]:
    return lexicons.read_facts("affiliations", "noun", "kind")


@lru_cache(maxsize=8192)
def kind(noun: str) -> str:
    """Return what a noun denotes: person, organisation, document, or "" where it is not known."""
    one = singular(noun.lower())
    found = _kinds().get(noun.lower()) or _kinds().get(one, "")
    return found or ("person" if _ROLE.fullmatch(one) else "")


def gender(noun: str) -> str:
    """Return the gender a noun or title tells: "male", "female" or "" (Ms, widow, chairman)."""
    noun = noun.lower().removesuffix("’s").removesuffix("'s")
    listed = lexicons.read_facts("gendered_nouns", "noun", "gender").get(noun)
    if listed or noun.endswith("woman"):
        return listed or "female"
    male = noun.endswith("man") and len(noun) > 5
    return "male" if male and not noun.endswith(("human", "german", "roman")) else ""


# ----------------------------------------------------------------------------------- in a text


def continues(after: str) -> bool:
    """Tell whether the words after a name go on to a noun: "Marland" in "a Marland diplomat"."""
    word = _NEXT_WORD.match(after.lstrip()) if after[:1].isspace() else None
    if word is None or _PARTICIPLE.fullmatch(word.group()):
        return False
    return not any(word.group() in words(kind) for kind in ("after a name", "preposition"))


def find_phrases(text: str, start: int, end: int) -> Iterator[tuple[int, int, int, Description]]:
    """Yield the people, bodies and documents a stretch of text describes: "a dentist from Ansel".

    Each is start, end of its noun, end, and what it says. It has a determiner and a noun of known
    kind at most three words after it; what follows "from", "of" and the like belongs to it as far
    as it is one noun.
    """
    introducing = _pattern(r"\b(?P<first><<introducing>>|\d+)\s+(?=[a-z])", re.IGNORECASE)
    for determiner in introducing.finditer(text, start, end):
        begun, group = determiner.start("first"), []
        for word in _NEXT_WORD.finditer(text, determiner.end(), min(end, determiner.end() + 60)):
            apart = group and word.start() != group[-1].end() + 1
            if apart or _is_small(word.group()) or len(group) == 5:
                break
            group.append(word)
        known = [kind(word.group()) != "" for word in group]
        if True not in known[:4]:
            continue
        last = known.index(True)
        while last + 1 < len(group) and known[last + 1]:
            last += 1
        stop = group[last].end()
        added = _ADDED.match(text, stop, end)
        yield begun, stop, added.end() if added else stop, describe(text[begun:stop])


def _is_small(word: str) -> bool:
    return word.endswith("ly") or word in words("function word") | words("preposition")


# ----------------------------------------------------------------------------------- in short


def shorten(written: str, named: bool = False) -> str:
    """Return a description as it is kept: what follows a comma goes, and why there is no name.

    "A nurse there, who declined to be named" is "a nurse there". The first letter is small unless
    a name or title begins the phrase (`named`, or more than one capital at its start).
    """
    phrase = " ".join(written.split())
    first, *rest = [part for part in _CUT.split(phrase) if part] or [phrase]
    one_of_them = describe(first).pronoun and rest and rest[0].startswith(("a ", "an "))
    phrase = _without_reason(rest[0] if one_of_them else first)
    return phrase if named or _begins_with_name(phrase) else phrase[:1].lower() + phrase[1:]


def _without_reason(phrase: str) -> str:
    """Leave out that a name is withheld: "speaking on condition of anonymity"."""
    withheld = _withheld().search(phrase, 1)
    clause = _CLAUSE.search(phrase, 1, withheld.end()) if withheld else None
    return phrase[: clause.start()] if clause else phrase


def _begins_with_name(phrase: str) -> bool:
    """Tell whether the capital of a first word is its own: "Russian officials", not "Residents"."""
    first, following, *_ = [*_WORD.findall(phrase)[:2], "", ""]
    if not first[:1].isupper():
        return True
    if opens(first):
        return False
    if following[:1].isupper():
        return True
    if first.lower() in _kinds():
        return False
    known = names.known(first)
    own = first.endswith(("’s", "'s")) or any(c.isupper() or c.isdecimal() for c in first[1:])
    return own or known is not None and known.lexicon != "cities"


@lru_cache(maxsize=1)
def _withheld() -> re.Pattern[str]:
    return re.compile("|".join(read_codebook().anonymity.withheld), re.IGNORECASE)


# ------------------------------------------------------------------------------ names in a phrase


@lru_cache(maxsize=20_000)
def apposed_head(described: str, name: str) -> Description | None:
    """Read what stands in apposition behind a name ("Open Ballot, a group of volunteers")."""
    for start in names.places(described, name, ("_",)):
        more = described[start + len(name) :].lstrip(", ")
        if opens(more.partition(" ")[0]):
            return describe(more)
    return None


def stands_as(described: str, name: str) -> str:
    """Say how a name stands in a phrase: "head", "owner" (of it, for it, its) or "" (not there).

    "Castellan’s chief executive" has Castellan as the owner, "the operator, Castellan" as the head.
    """
    start = next(names.places(described, name, ("_",)), -1)
    if start < 0:
        return ""
    before, after = described[:start], described[start + len(name) :]
    possessed = after.startswith(("’", "'")) and " " in after.rstrip()
    return "owner" if possessed or continues(after) or _behind().search(before) else "head"


def _behind() -> re.Pattern[str]:
    return _pattern(r"\b(?:<<preposition>>)\s+(?:[\w’'.-]+\s+){0,3}$")
