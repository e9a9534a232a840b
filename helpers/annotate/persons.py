"""How persons are named: full names, the short forms that stand for them, spellings of one name."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from helpers.annotate import names
from helpers.annotate.names import Naming, could_be
from helpers.annotate.rules import rule
from helpers.store import lexicons

_QUOTED = re.compile(r"(?<!\s)\s++[\"“”'‘(][^\"“”'’)]+[\"”'’)](?=\s)")
_SUFFIX = re.compile(r",?(?<!\s)\s++(Jr|Sr|II|III|IV)\.?$")
# Reasons for which names from different articles are only proposed to be one.
_NO_GIVEN = "given name left out"
_SHORT = "short form of the given name"
UNSURE = (_NO_GIVEN, _SHORT)
_OF_ONE = "of the one person of that name"
_OTHER_SPELLING = "another spelling of the surname"
_WRITTEN = "title, initial or style of writing left out"
_INITIALS = re.compile(r"[^\W\d_]\.?(?:[^\W\d_]\.)?")
_UNDOTTED = re.compile(r"(?<=\w\w)\.(?=\s|$)")
_SPACE = re.compile(r"\s+")
_ARABIC = re.compile(r"^(?:al|el|ad|as|ash|ar|at|an|az)-(?=\w{3})", re.IGNORECASE)


class PersonName(NamedTuple):
    """A person's name without titles and nicknames.

    `words` are as written, with initials; `folded` are for comparison, without initials inside the
    name; `initials` are those left out; `suffix` is Jr, Sr or a number.
    """

    words: tuple[str, ...]
    folded: tuple[str, ...]
    initials: tuple[str, ...]
    suffix: str

    @property
    def text(self) -> str:
        """The name as one string."""
        dotted = f"{self.suffix}." if self.suffix in ("Jr", "Sr") else self.suffix
        return " ".join([*self.words, *filter(None, [dotted])])

    @property
    def is_full(self) -> bool:
        """Whether it is more than a surname or a given name."""
        return len(self.folded) > 1


@lru_cache(maxsize=200_000)
def read_name(written: str) -> PersonName:
    """Return the parts of a person's name as it is written.

    Titles, and what stands before them, and a nickname in quotation marks are left out: "U.S.
    President Joseph R. “Joe” Biden Jr." is Joseph R. Biden Jr., compared as joseph biden. Initials
    that are all a name has before its last word are kept in the comparison ("J. K. Rowling").
    """
    text = _SPACE.sub(" ", _QUOTED.sub("", written)).strip()
    text = names.bare(text)
    found = _SUFFIX.search(text)
    suffix = found.group(1) if found else ""
    text = text[: found.start()] if found else text
    text = _UNDOTTED.sub("", text[_title_end(text) :])
    words = [word for word in (word.strip(",;") for word in text.split()) if word] or [text]
    inner = [0 < at < len(words) - 1 and _is_initial(word) for at, word in enumerate(words)]
    kept = [word for word, flag in zip(words, inner, strict=True) if not flag]
    if len(kept) == 2 and _is_initial(kept[0]):
        kept = words
    initials = tuple(w[0].casefold() for w, flag in zip(words, inner, strict=True) if flag)
    return PersonName(tuple(words), tuple(_folded_words(kept)), initials, suffix)


def _title_end(text: str) -> int:
    """Return where the name begins behind titles and what qualifies them ("U.S. President")."""
    end = 0
    for match in names.titles().finditer(text):
        if match.end() < len(text) and (match.start() == 0 or text[match.start() - 1] == " "):
            end = match.end()
    before = text[:end].split()
    if " " not in text[end:] and before and before[-1] in names.name_words("royal title"):
        return text[:end].rindex(before[-1])
    return end


def _is_initial(word: str) -> bool:
    """Tell whether a word is one initial or two: "J.", "J", "H.W."."""
    return bool(_INITIALS.fullmatch(word)) and word.isupper()


def _folded_words(words: Iterable[str]) -> list[str]:
    """Return the words for comparison; hyphens part them: "Jong-un" is two words, as "Jong Un"."""
    return [part for word in words for part in fold(word).replace("-", " ").split()] or [""]


@lru_cache(maxsize=200_000)
def fold(text: str) -> str:
    """Return a text for comparison: no accents, case, dots or apostrophes."""
    if not text.isascii():
        spread = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in spread if not unicodedata.combining(c))
    return text.translate(_UNMARKED).casefold().translate(_LETTERS)


_UNMARKED = str.maketrans("", "", ".'’‘`´ʼ")
_LETTERS = str.maketrans("łøđı", "lodi") | str.maketrans({"æ": "ae", "œ": "oe"})


@lru_cache(maxsize=200_000)
def sound(word: str) -> str:
    """Return a folded word in one spelling of those in which it may be put into Latin letters."""
    word = _ARABIC.sub("", word)
    for pattern, spelling in lexicons.read_facts("name_sounds", "pattern", "spelling").items():
        word = re.sub(pattern, spelling, word)
    return word


@lru_cache(maxsize=200_000)
def sound_of(folded: tuple[str, ...]) -> tuple[str, ...]:
    """Return folded words in one spelling of each."""
    return tuple(map(sound, folded))


@lru_cache(maxsize=200_000)
def is_family_first(name: PersonName) -> bool:
    """Tell whether the family name stands in front, as in Chinese, Korean and Vietnamese names."""
    return len(name.words) > 1 and len(names.family_names(" ".join(name.words))) > 1


@lru_cache(maxsize=200_000)
def family_forms(name: PersonName) -> frozenset[tuple[str, ...]]:
    """Return the folded words that may stand for a full name: the last, the last two, and so on.

    For a family name in front also the first word. "López Obrador" stands for "Andrés Manuel López
    Obrador", "Kim" for "Kim Jong Un".
    """
    folded = name.folded
    forms = {folded[at:] for at in range(1, len(folded))}
    if is_family_first(name):
        forms.add(folded[:1])
    return frozenset(forms)


def given_form(name: PersonName) -> tuple[str, ...]:
    """Return the folded given name, by which a person may be called once named in full."""
    return name.folded[1:] if is_family_first(name) else name.folded[:1]


def middle_forms(name: PersonName) -> list[tuple[str, ...]]:
    """Return the folded words inside a full name by which its bearer may be called.

    Such is the father's surname before the mother's: "Barón" for "Rafael Barón Herazo".
    """
    return [(word,) for word in name.folded[1:-1] if word not in names.name_words("particle")]


def same_person(one: PersonName, other: PersonName) -> str:
    """Return why two full names are one person's, or "" when nothing says so.

    Names with different suffixes are two people, father and son it may be, and so are names of
    which one has none ("Donald Trump Jr."); but a monarch's number may be left out. Names with
    contrary initials are two people too.
    """
    if one.suffix != other.suffix:
        numbered = one.suffix and other.suffix
        if numbered or not (_is_regnal(one) and _is_regnal(other)):
            return ""
    if one.initials and other.initials and one.initials[0] != other.initials[0]:
        return ""
    if one.folded == other.folded:
        return "same name"
    shorter, longer = sorted((one.folded, other.folded), key=len)
    if len(shorter) < 2:
        return ""
    if shorter[-1] == longer[-1] and _in_order(shorter, longer):
        return "middle name left out" if shorter[0] == longer[0] else _NO_GIVEN
    if "".join(shorter) == "".join(longer):
        return "written apart or together"
    if shorter[-1] == longer[-1] and _short_given(shorter[0], longer[0]):
        return _SHORT
    if len(shorter) == len(longer) and _sound_alike(shorter, longer):
        return "another spelling of the name"
    return ""


def _is_regnal(name: PersonName) -> bool:
    """Tell whether a name can be a monarch's or a pope's, with a number or without it."""
    if name.suffix in ("Jr", "Sr"):
        return False
    royal = names.name_words("royal title")
    given_names = lexicons.read_words("given_names", column="name")
    return name.words[0] in royal or given_names.issuperset(name.words)


@rule("other spellings of a person's name", otherwise=lambda one, other: False)
def _sound_alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return all(sound(a) == sound(b) for a, b in zip(one, other, strict=True))


def _in_order(shorter: tuple[str, ...], longer: tuple[str, ...]) -> bool:
    """Tell whether all words of the shorter name stand in the longer in the same order."""
    rest = iter(longer)
    return all(any(word == other for other in rest) for word in shorter)


@rule("short forms of given names", otherwise=lambda one, other: one == other)
def _short_given(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) == 1 or one == other:
        return longer.startswith(shorter)
    return longer in nicknames().get(shorter, ()) or shorter in nicknames().get(longer, ())


@lru_cache(maxsize=1)
def nicknames() -> dict[str, frozenset[str]]:
    """Return the short forms of given names ("bob") with the names they stand for ("robert")."""
    table: dict[str, set[str]] = defaultdict(set)
    for row in lexicons.read_lexicon("nicknames").itertuples():
        table[row.short].update(row.names.split("|"))
    return {short: frozenset(full) for short, full in table.items()}


# ---------------------------------------------------------------------------- within an article


class _Person:
    """One person of an article: the full names that are theirs."""

    def __init__(self) -> None:
        self.spellings: Counter[str] = Counter()
        self.reasons: dict[str, str] = {}

    def add(self, written: str, name: PersonName, count: int, reason: str) -> None:
        """Add a full name; one without its given name is not what the person is to be called."""
        self.spellings[name.text] += 0 if reason == _NO_GIVEN else count
        self.reasons[written] = reason

    @property
    def entity(self) -> str:
        """The name most used, the longest of those used alike; in capitals if no other is."""
        used = self.spellings
        return min(used, key=lambda name: (name.isupper(), -used[name], -len(name), name))


class People(NamedTuple):
    """Whom each written name of an article stands for; and the people a shared short name fits.

    `shared` maps a name as written to the canonical names of those it could be.
    """

    named: dict[str, Naming]
    shared: dict[str, tuple[str, ...]]


def name_people(counts: Mapping[str, int]) -> People:
    """Return whom each written name of a person in one article stands for.

    `counts` maps the names as written to their mentions. Full names of one person are joined; a
    short name is joined to the one person it can stand for. One that several people share stays
    as it is and says who they are.
    """
    read = {written: read_name(written) for written in counts}
    people, named = _join_full(read, counts)
    for person in people:
        entity = person.entity
        for written, reason in person.reasons.items():
            same = read[written].text == entity
            named[written] = Naming(entity, "PERSON", "", "" if same else reason)
    shared = {}
    short = _Forms(people, read)
    for written, name in read.items():
        if written in named:
            continue
        kind, owners = short.find(name)
        if len(owners) == 1:
            named[written] = Naming(owners[0], "PERSON", "", f"{kind} {_OF_ONE}")
        else:
            named[written] = Naming(name.text, "PERSON", "", could_be(owners) if owners else "")
        if len(owners) > 1:
            shared[written] = owners
    return People(named, shared)


class Followed:
    """A shared short name followed through an article, from mention to mention.

    It stands for the only person of that name who has been named in full so far, and goes on to
    do so after another is named if it was used so at least twice before, or once where the other
    is named in full time and again. Used more than once before anybody was named in full, it is
    somebody the article takes as known: nobody here.
    """

    ESTABLISHED = 2

    def __init__(self, owners: Iterable[str]) -> None:
        self.owners = frozenset(owners)
        self.met: Counter[str] = Counter()
        self.early = 0
        self.used = 0

    def meet(self, entity: str) -> None:
        """Take note that a person is named in full."""
        if entity in self.owners:
            self.met[entity] += 1

    def use(self) -> tuple[str, str]:
        """Return whom the short name stands for here and why; ("", "") when it is not clear."""
        if not self.met:
            self.early += 1
        elif self.early < self.ESTABLISHED:
            first, *others = self.met
            if not others:
                self.used += 1
                return first, "surname of the only one of that name so far"
            if self.used >= self.ESTABLISHED:
                return first, "surname used for this one before another was named"
            if self.used and all(self.met[other] >= self.ESTABLISHED for other in others):
                return first, "surname used for this one, the other always named in full"
        return "", ""


def _join_full(
    read: Mapping[str, PersonName], counts: Mapping[str, int]
) -> tuple[list[_Person], dict[str, Naming]]:
    """Return the people named in full, and the full names that could be two people's."""
    people: list[_Person] = []
    unclear: dict[str, Naming] = {}
    full = [written for written, name in read.items() if name.is_full]
    full.sort(key=lambda w: (-len(read[w].folded), -len(read[w].initials), -counts[w], w))
    by_word: dict[str, list[_Person]] = defaultdict(list)
    for written in full:
        name = read[written]
        near = {id(p): p for word in _index_words(name) for p in by_word[word]}.values()
        fitting = {}
        for person in near:
            reasons = [same_person(name, read[other]) for other in person.reasons]
            if all(reasons):
                fitting[person.entity] = (person, reasons[0])
        if len(fitting) > 1:
            unclear[written] = Naming(name.text, "PERSON", "", could_be(fitting))
            continue
        person, reason = next(iter(fitting.values()), (None, "same name"))
        if person is None:
            person = _Person()
            people.append(person)
        person.add(written, name, counts[written], _WRITTEN if reason == "same name" else reason)
        for word in _index_words(name):
            if person not in by_word[word]:
                by_word[word].append(person)
    return people, unclear


def _index_words(name: PersonName) -> set[str]:
    """Return the words by which names that may be the same are found."""
    return {name.folded[-1], sound(name.folded[-1]), "".join(name.folded)}


FORMS: Mapping[str, Callable[[PersonName], Iterable[tuple[str, ...]]]] = {
    "surname": family_forms,
    _OTHER_SPELLING: lambda name: map(sound_of, family_forms(name)),
    "given name": lambda name: [given_form(name)],
    "middle name": middle_forms,
}


class _Forms:
    """The short forms of an article's people, by kind; the first kind that fits is meant."""

    def __init__(self, people: Iterable[_Person], read: Mapping[str, PersonName]) -> None:
        self.owners: dict[str, dict[tuple[str, ...], list[str]]] = {
            kind: defaultdict(list) for kind in FORMS
        }
        for person in people:
            full = [read[written] for written in person.reasons]
            for kind, forms in FORMS.items():
                for form in {form for name in full for form in forms(name)}:
                    self.owners[kind][form].append(person.entity)

    def find(self, name: PersonName) -> tuple[str, tuple[str, ...]]:
        """Return the people a short name can stand for, and which kind of short name it is."""
        for kind, owners in self.owners.items():
            form = sound_of(name.folded) if kind == _OTHER_SPELLING else name.folded
            if form in owners:
                return kind, tuple(owners[form])
        return "", ()
