"""Who and what is named: people, bodies, places and peoples, as spans of an article's text."""

from __future__ import annotations

import calendar
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from functools import cache, lru_cache
from itertools import chain, pairwise
from operator import attrgetter
from typing import NamedTuple

import pandas as pd

from helpers.annotate import names, noun_phrases
from helpers.annotate.outlets import any_of
from helpers.annotate.rules import rule
from helpers.model import decoding
from helpers.store import lexicons, schema
from helpers.text.article import Article, read_articles

# Share of each rule's names that are right, span and type, on 3,697 sentences of the web and of
# Wikipedia (UNER EWT dev, Wikigold; people, bodies and places). Peoples, events and products are
# not coded there: 0.5 stands for not measured. (`score_mentions.py uner GOLD PRED --strip-the`.)
ACRONYM = "acronym defined in the text"
TITLED = "title or role before the name"
CONFIDENCE = {
    ACRONYM: 0.9,
    "lexicon": 0.87,
    "title or role before the name": 0.76,
    "form of the name": 0.68,
    "surname of a person named in full": 0.55,
}
_TIMES = frozenset([*calendar.month_name[1:], *calendar.day_name])
SURE = 0.8
UNSURE = 0.6  # a name of the reader less probable than this may be a surname after all
_WORD = re.compile(r"\w+")
_NAME = r"(?P<name>[A-Z][\w&-]{0,40}(?:[ ][A-Z][\w&-]{0,40}){0,3})"
_DATELINE = re.compile(
    r"^[ \t]*(?P<place>[A-Z][A-Z.'’-]+(?:[ ][A-Z][A-Z.'’-]+){0,2})(?=(?:,[^\n–—(]{2,30})?\s*"
    r"(?P<agency>\([^)\n]{2,30}\)\s*)?(?:[–—]|--?\s))",
    re.MULTILINE,
)
_HYPHENATED = re.compile(r"-[a-z]+\b")
_AFTER_PARTICLE = re.compile(r"[ -][A-Z][\w’'-]+(?:[ ][AE]l[ -][A-Z][\w’'-]+)*")
_NICKNAME = re.compile(r"\s[“\"‘'(][A-Z][\w’-]*[”\"’')]\s[A-Z][\w’-]+")
_GOES_ON = re.compile(r"(?:[ ][A-Z][a-z]+){1,2}(?![\w’'-])")
_LIKE_A_NAME = re.compile(r"\W*(?:[^\W\d_a-z]|\d\w*+\s++[A-Z]|\d++[A-Z]{2}|[a-z]{1,3}[A-Z-])")
_KIND = re.compile(r"<<([a-z ]+)>>")
_PIECE = re.compile(r"[^\n\r|/]+")

GOVERNMENT = "government"
_REACH = 90  # characters on both sides of a capital that tell whether it stands for a government
Span = tuple[int, int]


class Name(NamedTuple):
    """One name in a text."""

    start: int
    end: int
    label: str
    rule: str
    confidence: float


def find_mentions(articles: pd.DataFrame | Sequence[Article]) -> pd.DataFrame:
    """Return the names in articles: one row is one name where it stands.

    Needs the columns `article_id` and `text`; or the articles, cut up already, which are then read
    once for both names and attributions. Spans leave out a leading article, a title before a
    person's name and a trailing possessive, and never overlap. `stands_for` tells a capital that
    stands for a government. `entity_id` is empty until entities are known and `role` is "body"
    until the blocks of the article are.
    """
    return schema.frame("mentions", chain.from_iterable(map(find_rows, read_articles(articles))))


def find_rows(article: Article) -> list[dict]:
    """Return the names of one article as rows of the table, as `find_mentions` does."""
    return [
        schema.filled(
            "mentions",
            article_id=article.article_id,
            start=name.start,
            end=name.end,
            text=article.text[name.start : name.end],
            label=name.label,
            role="body",
            stands_for=stands_for(article.text, name.start, name.end),
            confidence=name.confidence,
            rule=name.rule,
        )
        for name in find_mentions_in(article)
    ]


def find_mentions_in(article: Article) -> list[Name]:
    """Return the names of an article, in order, without overlaps, and keep them with it."""
    if article.mentions is None:
        article.mentions = _read_names(article)
    return article.mentions


def _read_names(article: Article) -> list[Name]:
    text = article.text
    model = _model_names(article)
    listed = _listed_names(text)
    acronyms = _acronym_names(text)
    bodies = _body_names(text)
    sure = [n for n in model if n.label == "ORG" and n.confidence >= SURE]
    titled = [name for name in _titled_names(text) if not _in_a_body(name, sure)]
    chosen = _layer(titled, _layer(acronyms, _layer(listed, _layer(bodies, model))))
    chosen = _settle_uses(text, _split_pairs(text, _named_alone(text, chosen)))
    return sorted(_layer(_surnames(text, chosen), chosen))


@rule("names of the lexicons", otherwise=lambda text: [])
def _listed_names(text: str) -> list[Name]:
    return [_by_rule(*span, known.label, "lexicon") for *span, known in names.find_known(text)]


def _by_rule(start: int, end: int, label: str, rule: str) -> Name:
    return Name(start, end, label, rule, CONFIDENCE[rule])


def _model_names(article: Article) -> list[Name]:
    found, text = [], article.text
    for read in decoding.read(article).names:
        for piece in _PIECE.finditer(text, read.start, read.end):
            start, end = names.trim(text, *piece.span())
            if read.label == "PERSON":
                start = names.strip_titles(text, start, end)
            written = text[start:end]
            if not _LIKE_A_NAME.match(written):
                continue
            name = Name(start, end, read.label, f"model {read.label}", read.confidence)
            known = names.known(written)
            if known and not (read.label == "PERSON" and known.lexicon == "cities"):
                name = _by_rule(start, end, known.label, "lexicon")
            found.append(name)
    return _agree(text, _layer([_whole(text, name) for name in _layer(found, [])], []))


@rule("the rest of a name", otherwise=lambda text, name: name)
def _whole(text: str, name: Name) -> Name:
    """Return a name of the model with the words of it that the model left out.

    The rest of "Do-un", written so elsewhere too, what follows "Al" or "van", and the next words of
    a name it was not sure of.
    """
    if not name.rule.startswith("model"):
        return name
    rest = _HYPHENATED.match(text, name.end)
    if rest and name.label == "PERSON" and text.count(text[name.start : rest.end()]) > 1:
        return name._replace(end=rest.end())
    last = text[name.start : name.end].split()[-1].casefold()
    if name.label == "PERSON" and last in names.name_words("particle"):
        rest = _AFTER_PARTICLE.match(text, name.end)
        return name._replace(end=rest.end()) if rest else name
    if name.confidence < UNSURE and name.label in ("PERSON", "ORG"):
        rest = _GOES_ON.match(text, name.end)
        words = rest.group().split() if rest else []
        word = text[name.start : name.end]
        role = noun_phrases.kind(word) == "person" or bool(noun_phrases.gender(word))
        if words and not (role or _not_a_person(words) or names.known(words[0])):
            return name._replace(end=rest.end())
    return name


@rule("one label for one spelling", otherwise=lambda text, found: found)
def _agree(text: str, found: list[Name]) -> list[Name]:
    """Give names of the model that are written alike the label most of them have."""
    votes: dict[str, Counter] = defaultdict(Counter)
    for name in found:
        votes[text[name.start : name.end]][name.label] += 1
    agreed = []
    for name in found:
        count = votes[text[name.start : name.end]]
        label = min(
            count,
            key=lambda candidate: (
                -count[candidate],
                candidate == "ORG",
                schema.LABELS.index(candidate),
            ),
        )
        if name.rule.startswith("model") and label != name.label:
            name = name._replace(label=label, rule=f"model {label}")
        agreed.append(name)
    return agreed


def _layer(upper: list[Name], lower: list[Name]) -> list[Name]:
    """Return both, the upper list winning unless the lower name holds it and says more."""
    kept: list[Name] = []
    taken: list[Name] = []
    for name in sorted(upper, key=lambda n: (n.start, -n.end)):
        if not taken or name.start >= taken[-1].end:
            taken.append(name)
    index = 0
    dropped = set()
    for name in sorted(lower, key=lambda n: (n.start, -n.end)):
        while index < len(taken) and taken[index].end <= name.start:
            index += 1
        clashes = []
        position = index
        while position < len(taken) and taken[position].start < name.end:
            clashes.append(taken[position])
            position += 1
        if not clashes:
            kept.append(name)
        elif len(clashes) == 1 and _says_more(name, clashes[0]):
            kept.append(name)
            dropped.add(clashes[0])
    return sorted([*kept, *(name for name in taken if name not in dropped)])


def _says_more(lower: Name, upper: Name) -> bool:
    return (
        lower.start <= upper.start
        and lower.end >= upper.end
        and lower.end - lower.start > upper.end - upper.start + 1
        and (
            upper.rule in ("lexicon", "form of the name")
            and lower.label not in ("GPE", "NORP")
            or upper.rule == TITLED
            and lower.label == "PERSON"
        )
    )


@rule("acronyms defined in the text", otherwise=lambda text: [])
def _acronym_names(text: str) -> list[Name]:
    found = []
    for acronym, (start, end) in names.find_acronyms(text).items():
        known = names.known(text[start:end]) or names.known(acronym)
        label = known.label if known else "ORG"
        start, end = names.trim(text, start, end)
        found.append(_by_rule(start, end, label, ACRONYM))
        pattern = rf"(?<![\w-]){re.escape(acronym)}(?!\w)"
        found += [_by_rule(m.start(), m.end(), label, ACRONYM) for m in re.finditer(pattern, text)]
    return found


@rule("forms of the names of bodies and places", otherwise=lambda text: [])
def _body_names(text: str) -> list[Name]:
    small, found = names.name_words("small start"), []
    for label in ("ORG", "PRODUCT", "LOC"):
        for pattern in patterns(label):
            alone = "name" in pattern.groupindex
            for match in pattern.finditer(text):
                start, end = match.span("name" if alone else 0)
                while (word := _WORD.match(text, start, end)) and word.group() in small:
                    start = names.trim(text, word.end(), end)[0]
                if alone or " " in text[start:end] and not text[start:end].isupper():
                    found.append(_by_rule(*names.trim(text, start, end), label, "form of the name"))
    return found


@rule("titles before a name", otherwise=lambda text: [])
def _titled_names(text: str) -> list[Name]:
    """Return the capitalised words after "Mr", "Lt. Gen." or "the spokeswoman, "."""
    found = []
    for match in _titles().finditer(text):
        start = names.strip_titles(text, match.start("name"), match.end("name"))
        start, end = names.trim(text, start, match.end("name"))
        written = text[start:end]
        words = written.split()
        if words and not names.known(words[0]) and not _not_a_person(words):
            found.append(_by_rule(start, end, "PERSON", TITLED))
    return found


def _in_a_body(name: Name, bodies: list[Name]) -> bool:
    """Tell whether what follows a role ("its owner") is, or begins, one of the bodies, in order."""
    place = bisect_right(bodies, name.start, key=attrgetter("start")) - 1
    return place >= 0 and name.end <= bodies[place].end


def _not_a_person(words: list[str]) -> bool:
    """Tell whether a word is one that no person's name holds: a title, a body's noun, a month."""
    return words[-1] in names.name_words("company noun") or any(
        w in _TIMES or w.lower() in _titles_and_nouns() or w in names.name_words("no surname")
        for w in words
    )


@lru_cache(maxsize=1)
def _titles_and_nouns() -> frozenset[str]:
    titles = lexicons.read_words("titles", column="title")
    return frozenset(map(str.lower, titles)) | lexicons.read_words("affiliations", column="noun")


@lru_cache(maxsize=1)
def _no_surname() -> re.Pattern[str]:
    """Return the pattern of what follows a word that is no surname there: a noun for a body."""
    nouns = names.name_words("body noun") | names.name_words("company noun")
    return re.compile(rf"\w|\s{any_of(nouns)}\b")


@lru_cache(maxsize=1)
def _titles() -> re.Pattern[str]:
    roles = lexicons.read_words("affiliations", "person", "noun")
    before = rf"(?:{names.title_words()})[^\S\n]+|{any_of(roles)},?[^\S\n]+(?=\S+\s+[A-Z])"
    word = r"[A-Z][\w’'-]{0,40}\w"
    name = rf"{word}(?:\s+(?:[A-Z]\.\s+)?(?:(?:de|van|von|al|bin|der|den|la)\s+)?{word}){{0,2}}"
    return re.compile(rf"(?<![\w-])(?:{before})(?P<name>{name})")


@rule("nicknames inside, titles alone", otherwise=lambda text, found: found)
def _named_alone(text: str, found: list[Name]) -> list[Name]:
    """Join a name around its nickname, "Bram “Bo” Orr"; leave out "the Crown Prince" and "His"."""
    small = lexicons.read_words("phrase_words", "function word")
    result: list[Name] = []
    for name in found:
        if result and name.start < result[-1].end:
            continue
        if name.label == "PERSON" and (inside := _NICKNAME.match(text, name.end)):
            name = name._replace(end=inside.end())
        written = text[name.start : name.end]
        if written.lower() in small and not written.isupper():
            continue
        title = name.label == "PERSON" and names.is_title(written)
        if not (
            title
            and text[max(0, name.start - 9) : name.start].lower().endswith(("the ", "highness "))
        ):
            result.append(name)
    return result


@rule("pairs of surnames", otherwise=lambda text, found: found)
def _split_pairs(text: str, found: list[Name]) -> list[Name]:
    """Split "Biden-Xi" in two where the article names both people in full."""
    short, result = _short_forms(text, found), []
    for name in found:
        one, dash, other = text[name.start : name.end].partition("-")
        if dash and short.issuperset((one, other)):
            middle = name.start + len(one)
            result += [name._replace(end=middle), name._replace(start=middle + 1)]
        else:
            result.append(name)
    return result


@rule("uses of a name in the article", otherwise=lambda text, found: found)
def _settle_uses(text: str, found: list[Name]) -> list[Name]:
    """Take a name for a place, a people or a body where the article itself says so.

    A surname of somebody named in full is left alone, and so is what a title stands before.
    """
    found = _join_datelines(text, found)
    read = {text[n.start : n.end] for n in found if n.rule.startswith("model")}
    read -= _short_forms(text, found)
    read -= {text[n.start : n.end] for n in found if n.rule.startswith("title")}
    alone = {word for word in read if word.isalpha()}
    peoples = find_peoples(alone)
    places = {*peoples.values(), *(used_as("place", text) & alone)}
    places |= {
        text[name.start : name.end]
        for name, other in pairwise(found)
        if other.label == "GPE" and text[name.end : other.start] == " and "
    } & alone
    bodies = used_as("body", text) | find_agencies(text)
    bodies |= {text[n.start : n.end].split()[0] for n in found if _is_company(text, n)}
    bodies |= {
        text[name.start : name.end]
        for body, name in pairwise(found)
        if body.label == "ORG" and _in_brackets(text, body.end, name)
    }
    bodies &= read - places
    settled = []
    for name in found:
        word = text[name.start : name.end]
        if name.rule.startswith("model") and word in peoples:
            name = name._replace(label="NORP", rule="people of a place in the article")
        elif name.rule == "model PERSON" and word in places:
            name = name._replace(label="GPE", rule="place by its use in the article")
        elif name.rule in ("model PERSON", "model GPE") and word in bodies:
            name = name._replace(label="ORG", rule="body by its use in the article")
        settled.append(name)
    return settled


def _in_brackets(text: str, end: int, name: Name) -> bool:
    """Tell whether a name stands in brackets right behind another: "Chamber of Ports (Capac)"."""
    return text[end : name.start] == " (" and text[name.end : name.end + 1] == ")"


def _is_company(text: str, name: Name) -> bool:
    last = text[name.start : name.end].split()[-1]
    return name.label == "ORG" and last in names.name_words("company noun")


@rule("places of datelines", otherwise=lambda text, found: found)
def _join_datelines(text: str, found: list[Name]) -> list[Name]:
    """Return the names with the place that opens a dateline as one name."""
    places = [
        Name(start, end, "GPE", "dateline", CONFIDENCE["lexicon"])
        for start, end in find_datelines(text)
        if any(start <= name.start and name.end <= end for name in found)
    ]
    sure = [name for name in found if name.rule in ("lexicon", ACRONYM)]
    return _layer(sure, _layer(places, found)) if places else found


def _short_forms(text: str, found: list[Name]) -> set[str]:
    """Return the surnames of the people that names in full stand for."""
    full = {
        names.person_name(text[n.start : n.end])
        for n in found
        if n.label == "PERSON" and " " in text[n.start : n.end]
    }
    short = {word for name in full for word in names.family_names(name)}
    short = {word for word in short if len(word) > 1 and word[0].isupper()}
    return short - {w for w in short if names.known(w) and names.known(w).label != "PERSON"}


@rule("surnames of people named in full", otherwise=lambda text, found: [])
def _surnames(text: str, found: list[Name]) -> list[Name]:
    """Return the surnames of people named in full, wherever they stand outside longer names."""
    short = _short_forms(text, found)
    if not short:
        return []
    by_word: dict[str, list[str]] = defaultdict(list)
    for form in sorted(short, key=len, reverse=True):
        by_word[_WORD.match(form).group()].append(form)
    inside = {(n.start, n.end): n for n in found}
    held = bytearray(len(text))
    for name in found:
        held[name.start : name.end] = b"\x01" * (name.end - name.start)
    result, end = [], 0
    for word in _WORD.finditer(text):
        start = word.start()
        if start < end or word.group() not in by_word or text[start - 1 : start] in ("’", "'"):
            continue
        for form in by_word[word.group()]:
            if text.startswith(form, start) and not _no_surname().match(text, start + len(form)):
                break
        else:
            continue
        end = start + len(form)
        exact = inside.get((start, end))
        if exact is None and held[start]:
            continue
        if exact is None or (exact.label != "PERSON" and exact.confidence < UNSURE):
            result.append(_by_rule(start, end, "PERSON", "surname of a person named in full"))
    return result


# ------------------------------------------------------------------------ what uses of a name tell


@cache
def patterns(kind: str) -> list[re.Pattern[str]]:
    """Return the patterns of one kind of `name_uses.csv`.

    There NAME stands for a name, `<<feature>>` for one of the words of that kind.
    """
    listed = sorted(lexicons.read_words("name_uses", kind, "pattern"))
    return [
        re.compile(_KIND.sub(lambda kind: any_of(names.name_words(kind[1])), one))
        for one in (pattern.replace("NAME", _NAME) for pattern in listed)
    ]


def find_datelines(text: str) -> list[Span]:
    """Return the spans of the places, all in capitals, that open paragraphs as datelines."""
    return [match.span("place") for match in _DATELINE.finditer(text)]


def find_agencies(text: str) -> set[str]:
    """Return the agencies that datelines name: "LONDON, May 18 (Reuters) –"."""
    agencies = (match["agency"] for match in _DATELINE.finditer(text))
    return {agency.strip(" ()") for agency in agencies if agency}


def used_as(kind: str, text: str) -> set[str]:
    """Return the names that a text uses as those of places ("place") or of bodies ("body").

    "In Kessaria" is said of no person, a dateline opens with a place, companies are explained.
    """
    found = (match for pattern in patterns(kind) for match in pattern.finditer(text))
    used = {word for match in found for word in match.groupdict().values() if word}
    if kind == "place":
        used |= {text[slice(*span)].title() for span in find_datelines(text)}
    return used


def find_peoples(words: Set[str]) -> dict[str, str]:
    """Return the words that name the people of a place among the words, with that place."""
    return {people: place for place in words for people in _peoples_of(place) & words}


def _peoples_of(place: str) -> set[str]:
    """Return the names that the people of a place may have by the rules of English."""
    stem = place[:-1] if place[-1] in "aeioy" else place
    ends = names.name_words("ending of a people")
    forms = {base + end for base in (place, stem) for end in ends}
    return (forms | {form + "s" for form in forms}) - {place}


def stands_for(text: str, start: int, end: int) -> str:
    """Return "government" when a name is a capital that stands for its government here, else "".

    It does where it does what governments do ("Moscow warned"), owns what they own ("Washington's
    policy") or is dealt with as they are ("talks with Tehran"); not after a word of place ("in
    Paris") nor before its country ("Lima, Peru").
    """
    if not names.is_capital(text[start:end]):
        return ""
    before, after = text[max(0, start - _REACH) : start], text[end : end + _REACH]

    def told(kind: str) -> bool:
        return any(pattern.search(before) for pattern in patterns(f"{kind} before")) or any(
            pattern.match(after) for pattern in patterns(f"{kind} after")
        )

    return GOVERNMENT if told("government") and not told("city") else ""
