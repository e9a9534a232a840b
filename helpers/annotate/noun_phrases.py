"""How a source is described: what its head noun is, how many it means, which name stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from helpers.annotate import names
from helpers.store import lexicons

PERSONAL = frozenset({"he", "she", "i", "him", "her", "who"})
PLURAL = frozenset({"they", "we", "them", "us", "these", "those", "many", "some", "others", "both",
                    "several", "few", "most", "all", "everyone", "everybody"})  # fmt: skip
SINGULAR = frozenset({"someone", "somebody", "anyone", "one", "another", "nobody", "no-one"})
THINGS = frozenset({"it", "this", "that", "which"})
_NUMBER = (
    r"(?:(?:more|fewer|less) than |at least |at most |up to |about |around |nearly |over |almost )?"
    r"(?:an? (?:number|handful|few|couple|dozen|score|half-dozen|third|quarter|half|majority)|"
    r"(?:half a )?dozens?|hundreds|thousands|scores|\d[\d,.]*(?: percent| per cent|%)?|"
    r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-\w+)?(?: percent| per cent)?|"
    r"two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|several|some|many|most|both|all|"
    r"few|a few|others|various|multiple|numerous|none)"
)
_OF_MANY = re.compile(rf"(?:{_NUMBER})\s+of\s+", re.IGNORECASE)
_OF_ONE = re.compile(r"(?:one|another|each|either|neither|any)\s+of\s+", re.IGNORECASE)
_COUNTED = re.compile(
    rf"(?:(?:the |his |her |its |their |those |these )(?!most\b|all\b))?(?:{_NUMBER})\s+(?=\w)",
    re.I,
)
_INDEFINITE = re.compile(
    r"(?:an?|one|another|any|every|each|no|some)\s+(?:other\s+)?", re.IGNORECASE
)
_DEFINITE = re.compile(r"(?:the|this|that|these|those)\s+", re.IGNORECASE)
_OWNED = re.compile(
    r"(?P<owner>his|her|its|their|my|our|(?:(?!(?:who|that|which|of|for|from|in|at|on|by|"
    r"with|to|and)\b)[\w.&-]+\s+){0,5}"
    r"[\w.&-]+(?:[’']s|s[’']))\s+",
    re.IGNORECASE,
)
_END = re.compile(
    r",|;|:|\s[–—-]\s|\s\(|(?<![-\w])(?:of|for|in|at|from|on|with|who|whom|which|that|whose|where|familiar|"
    r"close|briefed|to|by|not|near|outside|inside|behind|about|after|before|against|among|under|"
    r"within|aboard|without|as|than|when|while|because|aged|including|also)\b(?!-)"
)
_JOINED = re.compile(r"\s+(?:and|or|but)\s+")
_WORD = re.compile(r"[^\W_][\w’'.&-]*")
_APPOSED = re.compile(r",?\s+(?P<more>(?:an?|the|its)\s+.+)")
_PARTICIPLE = re.compile(
    r"\w{3,}(?:ing|ed|wn|tten)|seen|sent|held|made|led|given|taken|born|run|kept|left|found|hit|gone"
)
_CAPITAL = re.compile(r"[A-Z]|[a-z]+[A-Z]")
_SELF_NAMED = re.compile(
    r"\b(?:called|named|calling (?:itself|himself|herself|themselves)|"
    r"(?:goes|go|going) by the name(?: of)?|known as|call (?:itself|themselves)|"
    r"gave (?:his|her|their) (?:first )?name (?:only )?as|who gave (?:his|her) name as|"
    r"who asked to be called)\s+(?:only )?(?:as )?(?:the )?"
    r"(?P<name>[A-Z“‘\"'][\w’'-]+(?:\s+[A-Z][\w’'-]+)*)"
)
_PLURAL_NOUNS = frozenset({"people", "police", "men", "women", "children", "media", "folk"})


@dataclass(frozen=True)
class Described:
    """What a source's words say of it.

    `head` is the common noun that says what it is, in the singular and small letters, "" where a
    name or pronoun stands alone; `phrase` is that noun with the word before it.
    `plural` and `definite` are what the words show. `name` is the proper name that is the source
    itself (alone, after a title or in apposition), `owner` whom it belongs to or speaks for.
    """

    text: str
    head: str = ""
    phrase: str = ""
    plural: bool = False
    definite: bool = False
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


@lru_cache(maxsize=20_000)
def describe(text: str) -> Described:
    """Read a source as written: "the company's director", "two of the people who …", "she"."""
    text = " ".join(text.split())
    lower = text.lower().strip(" ,.")
    if lower in PERSONAL | PLURAL | SINGULAR | THINGS:
        return Described(text, pronoun=lower, plural=lower in PLURAL)
    if match := re.match(r"(those|these|all|many|some|others|few|most)\s+(?:who|whom)\b", lower):
        return Described(text, pronoun=match.group(1), plural=True)
    many = one = False
    rest = text
    if match := _OF_MANY.match(rest):
        rest, many = rest[match.end() :], True
    elif match := _OF_ONE.match(rest):
        rest, one = rest[match.end() :], True
    called = _SELF_NAMED.search(rest)
    definite = False
    owner = ""
    if match := _DEFINITE.match(rest):
        definite = match.group().strip().lower() in ("the", "this", "that", "these", "those")
        many = many or match.group().strip().lower() in ("these", "those")
        rest = rest[match.end() :]
    if match := _COUNTED.match(rest):
        many, rest = not one, rest[match.end() :]
    elif match := _INDEFINITE.match(rest):
        one, rest = True, rest[match.end() :]
    if match := _OWNED.match(rest):
        owner, definite = match.group("owner"), True
        rest = rest[match.end() :]
    if one and rest.lower().startswith(("them,", "us,", "these,", "those,")):
        return replace(describe(rest.partition(",")[2].strip()), text=text, plural=False)
    chunk, after = _chunk(rest)
    words = _WORD.findall(chunk)
    head, plural = _head(words)
    name = called.group("name").strip("“”‘’\"'") if called else ""
    name = name or _own_name(words, chunk, after, head)
    if not owner and head:
        complement = re.match(r"\s*(?:of|for|from|at|with|to)\s+(?P<owner>[^,;]{2,80})", after)
        owner = complement.group("owner") if complement else ""
    plural = (plural or many) and not one
    phrase = " ".join([*words[-2:-1], head]).lower() if head else ""
    return Described(text, head, phrase, plural, definite, name, owner)


def _chunk(text: str) -> tuple[str, str]:
    """Cut the noun group that opens a phrase from what follows it."""
    match = _END.search(text)
    end = match.start() if match and match.start() > 0 else len(text)
    words = list(_WORD.finditer(text, 0, end))
    for before, word in pairwise(words):
        participle = word.group().islower() and _PARTICIPLE.fullmatch(word.group())
        if participle and _is_noun(before.group()) and not _is_noun(words[-1].group()):
            end = word.start()
            break
    for joined in _JOINED.finditer(text, 0, end):
        last = _WORD.findall(text[: joined.start()])[-1:]
        if last and (_is_noun(last[0]) or last[0][0].isupper()):
            end = joined.start()
            break
    return text[:end].strip(), text[end:]


def _is_noun(word: str) -> bool:
    return word.lower() in _nouns() or singular(word.lower()) in _nouns()


@lru_cache(maxsize=1)
def _nouns() -> frozenset[str]:
    return frozenset(lexicons.read_lexicon("affiliations")["noun"])


def _head(words: list[str]) -> tuple[str, bool]:
    """Return the last common noun of a noun group in the singular, and whether it is a plural.

    A capital does not make a name of a word that opens a phrase alone ("Residents").
    """
    if not words:
        return "", False
    word = re.sub(r"[’']s?$", "", words[-1])
    if word[0].islower() or (len(words) == 1 and _is_noun(word)):
        return singular(word.lower()), is_plural(word)
    return "", False


def _own_name(words: list[str], chunk: str, after: str, head: str) -> str:
    """Return the proper name that the phrase is about: at the end of its first group or apposed."""
    if words and not head and _CAPITAL.match(words[-1]):
        titled = re.match(r"\s*(?:of|for)\s+(?:the\s+)?(?P<more>(?:[A-Z][\w’'.-]*\s*){3,})", after)
        if titled:
            return " ".join(titled.group("more").split()[-2:])
        run: list[str] = []
        for word in reversed(words):
            if not (_CAPITAL.match(word) or word in ("de", "van", "von", "al", "bin", "da", "del")):
                break
            run.insert(0, word)
        return " ".join(run)
    apposed = re.match(
        r",\s+(?:the\s+)?(?P<name>[A-Z][\w’'.&-]*(?:\s+(?:(?:of|the|and|de|van|al)\s+)?[A-Z][\w’'.&-]*)*)"
        r"(?![’']s)\s*(?=,|$|\()",
        after,
    )
    return apposed.group("name") if apposed and head else ""


def is_plural(noun: str) -> bool:
    """Tell whether a noun has the form of a plural."""
    noun = noun.lower()
    return noun in _PLURAL_NOUNS or (
        noun.endswith("s")
        and not noun.endswith(("ss", "us", "is"))
        and noun not in ("press", "news")
    )


def singular(noun: str) -> str:
    """Return a noun's singular: "ministries" gives "ministry", "women" "woman"."""
    irregular = {"people": "people", "men": "man", "women": "woman", "children": "child"}
    if noun in irregular:
        return irregular[noun]
    if noun.endswith(("spokesmen", "spokeswomen")):
        return noun[:-2] + "an"
    if noun.endswith("ies") and len(noun) > 4:
        return noun[:-3] + "y"
    if noun.endswith(("ches", "shes", "sses", "xes")):
        return noun[:-2]
    return noun[:-1] if is_plural(noun) and noun != "police" and noun != "media" else noun


@lru_cache(maxsize=20_000)
def apposed_head(described: str, name: str) -> Described | None:
    """Read what stands in apposition behind a name ("Open Ballot, a group of volunteers")."""
    for start in _places(described, name):
        match = _APPOSED.match(described, start + len(name))
        if match:
            return describe(match.group("more"))
    return None


def _places(described: str, name: str) -> Iterator[int]:
    """Yield where a name begins in a phrase, and no word runs on into it."""
    start = described.find(name)
    while start >= 0:
        if not _in_word(described[start - 1 : start]):
            yield start
        start = described.find(name, start + 1)


def _in_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def stands_as(described: str, name: str) -> str:
    """Say how a name stands in a phrase: "head", "owner" (of it, for it, its) or "" (not there).

    "Castellan’s chief executive" has Castellan as the owner, "the operator, Castellan" as the head.
    """
    for start in _places(described, name):
        end = start + len(name)
        if not _in_word(described[end : end + 1]):
            break
    else:
        return ""
    before, after = described[:start], described[end:]
    if re.match(r"[’']s?\s+\w", after):
        return "owner"
    if re.search(
        r"\b(?:of|for|from|at|with|in|to|by|near|on|inside|against|about|behind)\s+(?:[\w’'.-]+\s+){0,3}$",
        before,
    ):
        return "owner"
    following = re.match(r"\s+(?P<word>[a-z][\w-]+)", after)
    if following and following.group("word") not in _NOT_NOUNS:
        return "owner" if not _PARTICIPLE.fullmatch(following.group("word")) else "head"
    return "head"


_NOT_NOUNS = frozenset(
    {"who", "which", "that", "and", "or", "of", "for", "in", "at", "from", "on", "with", "to", "by",
     "as", "also", "himself", "herself", "itself", "not", "whose", "where", "when", "while", "said",
     "says", "told", "aged", "has", "had", "have", "is", "was", "were", "are", "will", "would",
     "did"}
)  # fmt: skip


def known_name(words: str) -> names.Known | None:
    """Return what the lexicons say of the first name in some words."""
    return next((known for _, _, known in names.find_known(words)), None)
