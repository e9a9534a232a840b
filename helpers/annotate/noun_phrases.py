"""What the words of a noun phrase tell: head noun, number, kind, gender, owner, short form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from helpers.annotate import names
from helpers.store import lexicons
from helpers.store.codebook import read_codebook

PERSONAL = frozenset({"he", "she", "i", "him", "her", "who"})
PLURAL = frozenset(
    {"they", "we", "them", "us", "these", "those", "many", "some", "others", "both", "several",
     "few", "most", "all", "everyone", "everybody"}
)  # fmt: skip
SINGULAR = frozenset({"someone", "somebody", "anyone", "one", "another", "nobody", "no-one"})
THINGS = frozenset({"it", "this", "that", "which"})
DEFINITE = frozenset(("the", "this", "that", "these", "those"))
POSSESSIVE = frozenset({"his", "her", "its", "their", "my", "our"})
PREPOSITION = (
    "of|for|in|at|from|on|with|to|by|near|inside|outside|within|about|against|behind|under|over|"
    "across|along|around|after|before|during|since|between|among|through|without|aboard"
)
_SMALL_NUMBER = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_NUMBER = (
    r"(?:(?:more|fewer|less) than |at least |at most |up to |about |around |nearly |over |almost )?"
    r"(?:an? (?:number|handful|few|couple|dozen|score|half-dozen|third|quarter|half|majority)|"
    r"(?:half a )?dozens?|hundreds|thousands|scores|\d[\d,.]*(?: percent| per cent|%)?|"
    r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-\w+)?(?: percent| per cent)?|"
    rf"{_SMALL_NUMBER}|several|some|many|most|both|all|a few|few|others|various|multiple|"
    r"numerous|none)"
)
_FIRST = re.compile(
    r"(?P<first>the|an?|this|that|these|those|another|one|both|each|every|some|several|many|most|"
    r"few|other|more|his|her|its|their|our|my|your|no|any|all|\d[\d,.]*|dozens|hundreds|scores|"
    rf"{_SMALL_NUMBER})\b",
    re.IGNORECASE,
)
_OF_SOME = re.compile(
    rf"(?:(?P<many>{_NUMBER})|one|another|each|either|neither|any)\s+of\s+", re.IGNORECASE
)
_ARTICLE = re.compile(r"(?:the|this|that|these|those)\s+", re.IGNORECASE)
_COUNTED = re.compile(
    rf"(?:(?:the |his |her |its |their |those |these )(?!most\b|all\b))?(?:{_NUMBER})\s+(?=\w)",
    re.I,
)
_INDEFINITE = re.compile(
    r"(?:an?|one|another|any|every|each|no|some|other|more)\s+(?:other\s+)?", re.IGNORECASE
)
_OWNED = re.compile(
    r"(?P<owner>his|her|its|their|my|our|(?:(?!(?:who|that|which|of|for|from|in|at|on|by|"
    r"with|to|and)\b)[\w.&-]+\s+){0,5}[\w.&-]+(?:[’']s|s[’']))\s+",
    re.IGNORECASE,
)
_AFTER_NOUN = re.compile(
    r",|;|:|\s[–—-]+\s|\s\(|(?<![-\w])(?:who|whom|which|that|whose|where|familiar|close|briefed|not|"
    rf"as|than|when|while|because|aged|including|also|there|{PREPOSITION})\b(?!-)"
)
_PARTICIPLE = re.compile(
    r"\w{3,}(?:ing|ed|wn|tten)|seen|sent|held|made|led|given|taken|born|run|kept|left|found|hit|gone"
)
_JOINED = re.compile(r"\s+(?:and|or|but)\s+")
_WORD = re.compile(r"[^\W_](?:[\w’'.&-]*\w)?(?:(?<=\.\w)\.)?")
_APPOSED = re.compile(r",?\s+(?P<more>(?:an?|the|its)\s+.+)")
_PROPER = r"[A-Z][\w’'.&-]*(?:\s+(?:(?:of|the|and|de|van|al)\s+)?[A-Z][\w’'.&-]*)*"
_APPOSED_NAME = re.compile(rf",\s+(?:the\s+)?(?P<name>{_PROPER})(?![’']s)\s*(?=,|$|\()")
_SELF_NAMED = re.compile(
    r"\b(?:called|named|calling (?:itself|himself|herself|themselves)|"
    r"(?:goes|go|going) by the name(?: of)?|known as|call (?:itself|themselves)|"
    r"gave (?:his|her|their) (?:first )?name (?:only )?as|who gave (?:his|her) name as|"
    r"who asked to be called)\s+(?:only )?(?:as )?(?:the )?"
    r"(?P<name>[A-Z“‘\"'][\w’'-]+(?:\s+[A-Z][\w’'-]+)*)"
)
_INTRODUCING = re.compile(
    r"\b(?P<first>an?|another|one|the|some|several|many|both|\d+|two|three|four|five|six|seven|eight|"
    r"nine|ten)\s+(?=[a-z])",
    re.IGNORECASE,
)
_NEXT_WORD = re.compile(r"[a-z][\w’'-]*")
_FUNCTION_WORD = re.compile(
    rf"(?:the|an?|and|or|as|that|this|these|those|but|some|their|his|her|its|our|were|are|was|is|be|"
    r"been|had|have|has|will|would|could|can|may|if|when|while|where|because|than|who|which|into|said|"
    r"says|told|asked|went|came|did|does|do|not|it|he|she|they|we|you|i|one|many|several|\w+ly|"
    rf"{PREPOSITION}|two|three)"
)
_ADDED = re.compile(
    r"\s+(?:from|on|of|at|in|across|near|by)\s+(?!(?:his|her|its|their)\b)(?:(?:the|an?)\s+)?"
    r"(?:[A-Z][\w’'-]*(?:\s+[A-Z][\w’'-]*)*|[a-z][\w’'-]*)"
)
_ROLE = re.compile(
    r"\w+(?:man|woman|person|ologist|ician|worker|keeper|holder)|"
    r"(?!(?:as|con|in|per|re|sub|de)sist)\w{3,}ist"
)
_CUT = re.compile(r",\s|\s[—–]\s|\s--\s|\s\(|,$|:$")
_CLAUSE = re.compile(
    r"\s(?:who|whose|which|speaking|asking|requesting|insisting)\s|"
    r"\s(?:on|under)\s(?=(?:the\s)?(?:condition|anonymity))"
)
_OF_THEM = re.compile(r"(?:one|another|some|two|three|both) of (?:them|us|these|those)", re.I)


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
        return self.plural or self.pronoun in PLURAL

    @property
    def points_back(self) -> bool:
        """Whether the phrase takes up something known: "the officials", "that company"."""
        return self.determiner in DEFINITE

    @property
    def owned(self) -> bool:
        """Whether the phrase begins with his, her, its or their."""
        return self.determiner in POSSESSIVE

    @property
    def bare(self) -> bool:
        """Whether it is one noun alone, as in headlines: "Council"."""
        return not (self.determiner or self.modifiers or self.plural)


def is_acronym(word: str) -> bool:
    """Tell whether a word is in capitals, and so no pronoun: "WHO", "US", "IT"."""
    return len(word) > 1 and word.isupper()


@lru_cache(maxsize=20_000)
def describe(text: str) -> Description:
    """Read a source as written: "the company's director", "two of the people who …", "she"."""
    text = " ".join(text.split())
    lower = text.lower().strip(" ,.") if not is_acronym(text) else ""
    if lower in PERSONAL | PLURAL | SINGULAR | THINGS:
        determiner = lower if lower in SINGULAR | PLURAL else ""
        return Description(text, determiner, pronoun=lower, plural=lower in PLURAL)
    if match := re.match(r"(those|these|all|many|some|others|few|most)\s+(?:who|whom)\b", lower):
        return Description(text, match.group(1), pronoun=match.group(1), plural=True)
    many = one = definite = False
    rest, owner = text, ""
    if match := _OF_SOME.match(rest):
        many, one = match["many"] is not None, match["many"] is None
        rest = rest[match.end() :]
    if (many or one) and rest in ("them", "us", "these", "those"):
        return Description(text, pronoun=text.partition(" ")[0].lower(), plural=many)
    if match := _ARTICLE.match(rest):
        definite, many = True, many or match.group().strip().lower() in ("these", "those")
        rest = rest[match.end() :]
    if match := _COUNTED.match(rest):
        many, rest = not one, rest[match.end() :]
        if match := _ARTICLE.match(rest):
            rest = rest[match.end() :]
    elif match := _INDEFINITE.match(rest):
        one = one or not match.group().lower().startswith(("other", "more", "any", "no "))
        rest = rest[match.end() :]
    if match := _OWNED.match(rest):
        owner, definite = match["owner"], True
        rest = rest[match.end() :]
    if one and rest.startswith(("them,", "us,", "these,", "those,")):
        return replace(describe(rest.partition(",")[2].strip()), text=text, plural=False)
    return _read(text, rest, owner, definite, many, one)


def _read(text: str, rest: str, owner: str, definite: bool, many: bool, one: bool) -> Description:
    """Read the noun group left of a phrase when determiner, number and owner are taken off."""
    end = _group_end(rest)
    chunk, after = rest[:end].strip(), rest[end:]
    words = _WORD.findall(chunk)
    first = _FIRST.match(text)
    determiner = first["first"].lower() if first else ""
    before = [word for word in owner.lower().split() if word != determiner and word != "the"]
    lowered = [word.lower() for word in words]
    head, plural = _head(words)
    called = _SELF_NAMED.search(rest)
    name = called["name"].strip("“”‘’\"'") if called else _own_name(words, after, head)
    if not owner and head:
        complement = re.match(r"\s*(?:of|for|from|at|with|to)\s+(?P<owner>[^,;]{2,80})", after)
        owner = complement["owner"] if complement else ""
    return Description(
        text,
        determiner,
        (*before, *lowered[:-1]),
        singular(lowered[-1]) if words else "",
        head,
        " ".join([*words[-2:-1], head]).lower() if head else "",
        (plural or many) and not one,
        definite,
        (kind(" ".join(lowered[-2:])) or kind(lowered[-1])) if words else "",
        name,
        owner,
    )


def _group_end(text: str) -> int:
    """Return where the noun group ends that opens a phrase: before "of", "who", "seen"."""
    match = _AFTER_NOUN.search(text, 1)
    end = match.start() if match else len(text)
    words = list(_WORD.finditer(text, 0, end))
    for before, word in pairwise(words):
        participle = word.group().islower() and _PARTICIPLE.fullmatch(word.group())
        if not participle or not _is_noun(before.group()):
            continue
        if not _is_noun(words[-1].group()) or _FIRST.match(text, word.end() + 1):
            end = word.start()
            break
    for joined in _JOINED.finditer(text, 0, end):
        last = _WORD.findall(text[: joined.start()])[-1:]
        if last and (_is_noun(last[0]) or last[0][0].isupper()):
            return joined.start()
    return end


def _is_noun(word: str) -> bool:
    return kind(word) != ""


def _head(words: list[str]) -> tuple[str, bool]:
    """Return the last common noun of a noun group in the singular, and whether it is a plural.

    A capital does not make a name of a word that opens a phrase alone ("Residents").
    """
    if not words:
        return "", False
    word = re.sub(r"[’']s?$", "", words[-1])
    opens = len(words) == 1 and _is_noun(word) and not word.endswith(("man", "men"))
    if word[0].islower() or opens or word.lower() in _kinds() and len(words) == 1:
        return singular(word.lower()), is_plural(word)
    return "", False


def _own_name(words: list[str], after: str, head: str) -> str:
    """Return the proper name that the phrase is about: at the end of its first group or apposed."""
    if head:
        apposed = _APPOSED_NAME.match(after)
        return apposed["name"] if apposed else ""
    if not words or not _is_capital(words[-1]):
        return ""
    titled = re.match(r"\s*(?:of|for)\s+(?:the\s+)?(?P<more>(?:[A-Z][\w’'.-]*\s*){3,})", after)
    if titled:
        return " ".join(titled["more"].split()[-2:])
    run: list[str] = []
    for word in reversed(words):
        if not _is_capital(word) and word not in ("de", "van", "von", "al", "bin", "da", "del"):
            break
        run.insert(0, word)
    return " ".join(run)


def _is_capital(word: str) -> bool:
    return word[0].isalpha() and not word.islower()


# ------------------------------------------------------------------------------- number, kind


@lru_cache(maxsize=1)
def _plurals() -> dict[str, tuple[str, str]]:
    table = lexicons.read_lexicon("plurals")
    return {row.plural: (row.singular, row.kind) for row in table.itertuples()}


@lru_cache(maxsize=8192)
def is_plural(noun: str) -> bool:
    """Tell whether a noun has the form of a plural."""
    noun = noun.lower()
    if noun in _plurals():
        return _plurals()[noun][1] != "singular"
    return noun.endswith("s") and not noun.endswith(("ss", "us", "is")) or noun.endswith("men")


@lru_cache(maxsize=8192)
def singular(noun: str) -> str:
    """Return a noun's singular: "ministries" gives "ministry", "women" "woman".

    >>> [singular(noun) for noun in ("series", "movies", "wives", "natives", "heroes", "spokesmen")]
    ['series', 'movie', 'wife', 'native', 'hero', 'spokesman']
    """
    known = _plurals().get(noun.lower())
    if known is not None:
        return known[0]
    if not is_plural(noun):
        return noun
    for ending, instead in (("men", "man"), ("ies", "y"), ("ches", "ch"), ("shes", "sh"),
                            ("sses", "ss"), ("xes", "x"), ("oes", "o"), ("wives", "wife"),
                            ("lives", "life"), ("selves", "self")):  # fmt: skip
        if noun.endswith(ending) and len(noun) > len(ending) + 1:
            return noun.removesuffix(ending) + instead
    return noun[:-1]


@lru_cache(maxsize=1)
def _kinds() -> dict[str, str]:
    table = lexicons.read_lexicon("affiliations")
    return dict(zip(table["noun"], table["kind"], strict=True))


@lru_cache(maxsize=8192)
def kind(noun: str) -> str:
    """Return what a noun denotes: person, organisation, document, or "" where it is not known."""
    one = singular(noun.lower())
    found = _kinds().get(noun.lower()) or _kinds().get(one, "")
    return found or ("person" if _ROLE.fullmatch(one) else "")


@lru_cache(maxsize=1)
def _genders() -> dict[str, str]:
    table = lexicons.read_lexicon("gendered_nouns")
    return dict(zip(table["noun"], table["gender"], strict=True))


def gender(noun: str) -> str:
    """Return the gender a noun or title tells: "male", "female" or "" (Ms, widow, chairman)."""
    noun = noun.lower().removesuffix("’s").removesuffix("'s")
    if noun in _genders() or noun.endswith("woman"):
        return _genders().get(noun, "female")
    male = noun.endswith("man") and len(noun) > 5
    return "male" if male and not noun.endswith(("human", "german", "roman")) else ""


# ----------------------------------------------------------------------------------- in a text


def continues(after: str) -> bool:
    """Tell whether the words after a name go on to a noun: "Marland" in "a Marland diplomat"."""
    found = re.match(
        r"\s+(?=[a-z])(?!(?:himself|herself|itself|alone|too|also|now|then|ha[sd]|is|was|will)\b)",
        after,
    )
    if not found or _AFTER_NOUN.match(after, found.end()):
        return False
    return not re.match(r"(?:and|or)\b", after[found.end() :])


def find_phrases(text: str, start: int, end: int) -> Iterator[tuple[int, int, int, Description]]:
    """Yield the people, bodies and documents a stretch of text describes: "a dentist from Ansel".

    Each is start, end of its noun, end, and what it says. It has a determiner and a noun of known
    kind at most three words after it; what follows "from", "of" and the like belongs to it as far
    as it is one noun.
    """
    for determiner in _INTRODUCING.finditer(text, start, end):
        begun, words = determiner.start("first"), []
        for word in _NEXT_WORD.finditer(text, determiner.end(), min(end, determiner.end() + 60)):
            apart = words and word.start() != words[-1].end() + 1
            if apart or _FUNCTION_WORD.fullmatch(word.group()) or len(words) == 5:
                break
            words.append(word)
        known = [kind(word.group()) != "" for word in words]
        if True not in known[:4]:
            continue
        last = known.index(True)
        while last + 1 < len(words) and known[last + 1]:
            last += 1
        stop = words[last].end()
        added = _ADDED.match(text, stop, end)
        yield begun, stop, added.end() if added else stop, describe(text[begun:stop])


# ----------------------------------------------------------------------------------- in short


def shorten(written: str, named: bool = False) -> str:
    """Return a description as it is kept: what follows a comma goes, and why there is no name.

    "A nurse there, who declined to be named" is "a nurse there". The first letter is small unless
    a name or title begins the phrase (`named`, or more than one capital at its start).
    """
    words = " ".join(written.split())
    first, *rest = [part for part in _CUT.split(words) if part] or [words]
    words = rest[0] if rest and _OF_THEM.fullmatch(first) and rest[0][:2] in ("a ", "an") else first
    words = _without_reason(words)
    return words if named or _begins_with_name(words) else words[:1].lower() + words[1:]


def _without_reason(words: str) -> str:
    """Leave out that a name is withheld: "speaking on condition of anonymity"."""
    withheld = _withheld().search(words, 1)
    clause = _CLAUSE.search(words, 1, withheld.end()) if withheld else None
    return words[: clause.start()] if clause else words


def _begins_with_name(words: str) -> bool:
    """Tell whether the capital of a first word is its own: "Russian officials", not "Residents"."""
    first, following, *_ = [*_WORD.findall(words)[:2], "", ""]
    if not first[:1].isupper():
        return True
    determined = bool(_FIRST.match(words))
    if following[:1].isupper() and not determined:
        return True
    if determined or first.lower() in _kinds():
        return False
    known = names.known(first)
    own = re.search(r"[A-Z0-9]", first[1:]) or first.endswith(("’s", "'s"))
    return bool(own) or known is not None and known.lexicon != "cities"


@lru_cache(maxsize=1)
def _withheld() -> re.Pattern[str]:
    return re.compile("|".join(read_codebook().anonymity["withheld"]), re.IGNORECASE)


# ------------------------------------------------------------------------------ names in a phrase


@lru_cache(maxsize=20_000)
def apposed_head(described: str, name: str) -> Description | None:
    """Read what stands in apposition behind a name ("Open Ballot, a group of volunteers")."""
    for start in names.places(described, name, ("_",)):
        match = _APPOSED.match(described, start + len(name))
        if match:
            return describe(match["more"])
    return None


def stands_as(described: str, name: str) -> str:
    """Say how a name stands in a phrase: "head", "owner" (of it, for it, its) or "" (not there).

    "Castellan’s chief executive" has Castellan as the owner, "the operator, Castellan" as the head.
    """
    start = next(names.places(described, name, ("_",)), -1)
    if start < 0:
        return ""
    before, after = described[:start], described[start + len(name) :]
    if re.match(r"[’']s?\s+\w", after):
        return "owner"
    if re.search(rf"\b(?:{PREPOSITION})\s+(?:[\w’'.-]+\s+){{0,3}}$", before):
        return "owner"
    following = re.match(r"\s+(?P<word>[a-z][\w-]+)", after)
    if following and not _NO_NOUN.fullmatch(following["word"]):
        return "head" if _PARTICIPLE.fullmatch(following["word"]) else "owner"
    return "head"


_NO_NOUN = re.compile(
    rf"(?:{PREPOSITION}|who|which|that|and|or|as|also|himself|herself|itself|not|whose|where|when|"
    r"while|said|says|told|aged|has|had|have|is|was|were|are|will|would|did)"
)
