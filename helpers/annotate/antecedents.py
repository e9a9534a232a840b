"""Whom a pronoun, a surname or a noun means: the cast of one article, and the memory of it.

The cast is everybody and everything an article names. Whoever could be meant is a candidate where
it last stood. It must agree in gender, number and kind; of those that do the most prominent wins:
near, a subject, the last to speak. Gender is evidence about words (titles, nouns, the article's own
pronouns, the given name), used here only and kept nowhere.
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

from helpers.annotate import names, noun_phrases, outlets
from helpers.annotate.noun_phrases import describe, kind, pronoun_of
from helpers.annotate.rules import rule
from helpers.annotate.stance import saying_verbs
from helpers.store import lexicons
from helpers.text.article import Article

Span = tuple[int, int]
Spans = Sequence[Sequence[int]]

HE, SHE = "he", "she"
IT, THEY = "it", "they"
REACH = 6000  # characters back in which names are sought
PERSON_REACH = 4000  # characters back in which a pronoun's person is sought
NEAR = 1500  # characters back in which a body, document or group is sought
# Scores of a candidate, in narrative sentences: 1 is as good as one sentence nearer.
SUBJECT = 0.8  # it opens a clause
LAST_SPEAKER = 1.2  # it spoke last
GOES_ON = 2.0  # "she added": it spoke last
QUOTED = -3.0  # it stands in somebody's direct speech
PARAGRAPH = -0.25  # for each paragraph between
OFTEN = 0.15  # for each time it was named, up to six
AGREES, DISAGREES = 1.0, -4.0  # bounds of the agreement in gender
OPENS = 0.4  # a thing that opens the sentence before
BODY_AS_THEY = -1.6
WORST = -6.0
# Evidence of gender.
TITLE, GIVEN_NAME, NEARBY = 4.0, 2.0, 1.5
CLEAR = 1.5  # by how much the best candidate must lead for the pronoun to tell its gender

KINDS = {"PERSON": "person", "ORG": "body", "GPE": "place"}
SPEAKERS = " and "  # between the names of several who speak as one
IDS = ";"  # between their entity_ids

_LAST_WORD = re.compile(r"\w+\Z")
_GENDERED = re.compile(r"\b(?:[Hh]e|[Ss]he|[Hh]is|[Hh]er|[Hh]im|[Hh]imself|[Hh]erself)\b")
_PAIR = re.compile(r"(?:,[^,.\n]{2,60})?,?\s+and\s+(?:[\w.’'-]+\s+){0,4}")
_CAPITALS = r"[A-Z][\w&-]*(?:[ ][A-Z][\w&-]*)*"
_BODY_NAMED = re.compile(rf"(?<![\w’'])(?P<noun>[a-z]+),?[ ](?P<name>{_CAPITALS})")
_BODY_APPOSED = re.compile(
    rf"(?<![\w’'])(?P<name>{_CAPITALS}),[ ]"
    r"(?:which[ ]|(?:the|an?|its)[ ](?P<words>[^,.;:\n]{2,60}))"
)
_TAKEN_UP = re.compile(r"(?:The|It)\b")
_ADDRESSED = re.compile(r"\b(?![Aa]ccord)\w+(?:ing|ed)\s+(?:to|by|after|before|from)\s+$")
_BRACKETS = re.compile(r"\s?\([^()\n]*\)")
_SEGMENT = re.compile(rf"(?P<inside>{_BRACKETS.pattern})|,\s+|\s[—–]\s|\s--\s|\s\(|\)")
_BODY_ADDED = re.compile(r"\s*(?:$|\(|,|(?:in|of|at|for|on|under|near|across|itself)\b)")
_AND = re.compile(r",?\s+(?:and|&)\s+(?:the\s+)?", re.IGNORECASE)
_JOINT = re.compile(r"(?:,\s+(?:\S+\s+){0,6}?)?,?\s*(?:and|&)\s+(?:[\w.’'-]+\s+){0,5}")
DAYS = frozenset([*calendar.day_name, *calendar.month_name])


@dataclass(slots=True, eq=False)
class Referent:
    """Somebody or something an article speaks of: its name or description, and what it is."""

    speaker: str
    speaker_id: str
    kind: str  # person, body, place, document or ""
    plural: bool = False
    male: float = 0.0
    times: int = 0
    outlet: bool = False
    spoke: bool = False
    listed: bool = False  # it has a name, but no mention has it

    @property
    def named(self) -> bool:
        """Whether it has a name of its own."""
        return self.speaker_id != "" or self.listed


def together(parts: list[Referent]) -> Referent:
    """Return several who speak as one: names joined by " and ", ids by ";" in the same order."""
    return Referent(
        SPEAKERS.join(part.speaker for part in parts),
        IDS.join(part.speaker_id for part in parts),
        parts[0].kind,
        plural=True,
    )


@dataclass(slots=True)
class Place:
    """A referent where it stands in the text, with the number of its sentence and paragraph.

    `standing` is what its standing there adds to its prominence, wherever it is asked from.
    """

    start: int
    end: int
    referent: Referent
    subject: bool
    quoted: bool
    sentence: int
    paragraph: int
    standing: float


class Discourse:
    """The memory of one article, read from its beginning: who stands where, and who spoke."""

    def __init__(self, article: Article) -> None:
        self.text = article.text
        self._quoted = article.quoted
        self.sentences = [start for start, *_ in article.sentences]
        self._paragraphs = [start for start, _ in article.paragraphs]
        self.places: list[Place] = []
        self._starts: list[int] = []
        self.last: Referent | None = None
        self.last_at = -1
        self.read = 0

    def in_quotes(self, offset: int) -> bool:
        """Tell whether an offset lies inside quotation marks."""
        return offset < len(self._quoted) and self._quoted[offset] == 1

    def sentence(self, offset: int) -> int:
        """Return where the sentence of an offset begins, quotations counted as parts of one."""
        place = bisect_right(self.sentences, offset) - 1
        return self.sentences[place] if place >= 0 else 0

    def sentence_end(self, offset: int) -> int:
        """Return where the sentence after that of an offset begins."""
        place = bisect_right(self.sentences, offset)
        return self.sentences[place] if place < len(self.sentences) else len(self.text)

    def paragraph(self, offset: int) -> int:
        """Return the number of the paragraph of an offset."""
        return bisect_right(self._paragraphs, offset)

    def add(self, start: int, end: int, referent: Referent, subject: bool | None = None) -> None:
        """Remember that a referent stands in text[start:end]; where `subject` is told, unnamed."""
        referent.times += subject is None
        subject = self.opens_clause(start) if subject is None else subject
        at = bisect_left(self._starts, start)
        self._starts.insert(at, start)
        quoted = self.in_quotes(start)
        where = bisect_right(self.sentences, start), self.paragraph(start)
        standing = SUBJECT * subject + QUOTED * quoted
        self.places.insert(at, Place(start, end, referent, subject, quoted, *where, standing))

    def speak(self, referent: Referent, at: int) -> None:
        """Remember that a referent spoke."""
        self.last, self.last_at = referent, at
        referent.spoke = True

    def read_to(self, offset: int) -> None:
        """Follow the narrative up to an offset: whom its pronouns mean stays prominent."""
        if offset > self.read:
            for match in _narrative_pronouns(self, offset):
                word = match.group().lower()
                referent = self.person(match.start(), pronoun_of(word), [], reach=NEAR)
                if referent is not None:
                    self.add(*match.span(), referent, word in (HE, SHE))
            self.read = offset

    def before(self, offset: int, reach: int = PERSON_REACH) -> list[Place]:
        """Return the places in the `reach` characters before an offset, in order."""
        low = bisect_left(self._starts, offset - reach)
        return self.places[low : bisect_left(self._starts, offset)]

    def opens_clause(self, start: int) -> bool:
        """Tell whether the words at an offset, titles before them set aside, open a clause."""
        low = max(self.sentence(start), start - 80)
        before = self.text[low:start]
        while before[-1:].isspace() and (words := before.split()):
            if not _belongs_to_name(words[-1]):
                break
            before = before.rstrip().removesuffix(words[-1])
        bare = before.rstrip()
        if not bare:
            return before in ("", "\n")
        last = _LAST_WORD.search(bare, max(0, len(bare) - 10))
        return (
            bare[-1] in ",;:–—(" or bool(last) and bare != before and _opens(last.group().lower())
        )

    # ------------------------------------------------------------------------ whom a word means

    def meant(self, low: int, pronoun: str, own: Spans, goes_on: bool = False) -> Referent | None:
        """Return whom "he", "she", "it" or "they" at an offset means, None where nobody fits.

        `own` are the words so attributed, in which nobody is sought; `goes_on` says that the verb
        is one such as "added".
        """
        if pronoun in (HE, SHE):
            return self.person(low, pronoun, own, goes_on)
        return (self.thing if pronoun == IT else self.group)(low, own, goes_on)

    def person(
        self, low: int, pronoun: str, own: Spans, goes_on: bool = False, reach: int = PERSON_REACH
    ) -> Referent | None:
        """Return whom "he" or "she" at an offset means."""
        sign = 1 if pronoun == HE else -1

        def suits(referent: Referent) -> float | None:
            if referent.kind != "person" or referent.plural or sign * referent.male <= DISAGREES:
                return None
            return max(DISAGREES, min(AGREES, sign * referent.male))

        best, lead = self._best(low, reach, own, goes_on, suits)
        if best is not None and lead >= CLEAR:
            best.male += sign
        return best

    def thing(self, low: int, own: Spans, goes_on: bool = False) -> Referent | None:
        """Return what "it" at an offset means as a speaker: a body, a place or a document.

        An outlet must have spoken, or open the sentence before: "VESTA went further. It …".
        """
        begun = self.sentence(low)
        before = self.before(begun, begun - self.sentence(max(0, begun - 2)))
        opening = next((p.referent for p in before if p.subject and not p.quoted), None)

        def suits(referent: Referent) -> float | None:
            if referent.kind not in ("body", "place", "document") or referent.plural:
                return None
            silent = referent.outlet and not referent.spoke and referent is not opening
            return None if silent else OPENS * (referent is opening)

        return self._best(low, NEAR, own, goes_on, suits)[0]

    def group(self, low: int, own: Spans, goes_on: bool = False) -> Referent | None:
        """Return whom "they" at an offset means: several people, or a body."""

        def suits(referent: Referent) -> float | None:
            if referent.plural:
                return 0.0
            silent = referent.outlet and not referent.spoke
            return BODY_AS_THEY if referent.kind == "body" and not silent else None

        return self._best(low, NEAR, own, goes_on, suits)[0]

    def _best(
        self,
        low: int,
        reach: int,
        own: Spans,
        goes_on: bool,
        suits: Callable[[Referent], float | None],
    ) -> tuple[Referent | None, float]:
        """Return the most prominent referent that suits, and its lead over the next."""
        scores: dict[Referent, float] = {}
        weigh = cache(suits)
        here = -bisect_right(self.sentences, low) + PARAGRAPH * self.paragraph(low)
        for place in self.before(low, reach):
            referent, weight = place.referent, weigh(place.referent)
            if weight is None or any(start <= place.start < end for start, end in own):
                continue
            weight += OFTEN * min(referent.times, 6)
            if referent is self.last and self.last_at <= low:
                weight += GOES_ON if goes_on else LAST_SPEAKER
            far = here + place.sentence - PARAGRAPH * place.paragraph
            # rounded, so that no tie hangs on the order in which the parts are added
            score = round(weight + far + place.standing, 9)
            if score >= max(WORST, scores.get(referent, WORST)):
                scores[referent] = score
        if not scores:
            return None, 0.0
        best, *others = sorted(scores, key=lambda referent: -scores[referent])
        return best, scores[best] - (scores[others[0]] if others else WORST)


@rule("antecedents: whom the pronouns of the narrative mean", otherwise=lambda *_: [])
def _narrative_pronouns(discourse: Discourse, offset: int) -> list[re.Match[str]]:
    """Return the pronouns outside quotations between what was read and an offset."""
    found = _GENDERED.finditer(discourse.text, discourse.read, offset)
    return [match for match in found if not discourse.in_quotes(match.start())]


@rule("antecedents: a clause opens behind a word", otherwise=lambda word: False)
def _opens(word: str) -> bool:
    """Tell whether a new clause may begin behind a word: "that", "said"."""
    return word in noun_phrases.words("joining") or word in saying_verbs(("neutral",))


@lru_cache(maxsize=4096)
def _belongs_to_name(word: str) -> bool:
    """Tell whether a word before a name is a part of it: a title, a role, an adjective of place."""
    bare = word.strip("“‘\"'(").rstrip(",")
    if word[-1] in ",;:." and not bare.endswith("."):
        return False
    small = bare.lower() in noun_phrases.words("before a name")
    return small or bare[:1].isupper() or kind(bare) in ("person", "organisation")


# ------------------------------------------------------------------------------------- gender


def gender_told(noun: str) -> float:
    """Return the evidence of gender in a noun or title: "Ms.", "widow", "boys"."""
    told = noun_phrases.gender(noun) or noun_phrases.gender(noun_phrases.singular(noun))
    return {"male": TITLE, "female": -TITLE}.get(told, 0.0)


def gender_before(text: str, start: int) -> float:
    """Return the evidence of gender in a title or noun right before a name: "Ms.", "widow"."""
    before = re.search(r"(?<![\w’'.-])([\w’'.-]+),?\s+$", text[max(0, start - 24) : start])
    return gender_told(before.group(1)) if before else 0.0


def given_name(name: str) -> float:
    """Return the evidence of gender in a person's full name, 0 where its given name is not known.

    The list is made from first names as counted in the United States census of 1990 and from
    those of the Faker library: what most bearers are, which for one bearer proves nothing.
    """
    first, _, family = name.partition(" ")
    told = lexicons.read_facts("given_names", "name", "gender").get(first, "") if family else ""
    return {"male": GIVEN_NAME, "female": -GIVEN_NAME}.get(told, 0.0)


@rule("antecedents: gender from the pronouns beside a name", otherwise=lambda discourse: [])
def pronouns_beside(discourse: Discourse) -> list[tuple[Referent, float]]:
    """Return what the pronouns beside a person tell: a sentence with one name and "he" or "she"."""
    told = []
    people = (one for one in discourse.places if one.referent.kind == "person" and not one.quoted)
    for _, beside in groupby(people, attrgetter("sentence")):
        first, *others = beside
        high = discourse.sentence_end(first.start)
        following = _GENDERED.search(discourse.text, first.end, high)
        alone = all(other.referent is first.referent for other in others)
        if alone and following and not discourse.in_quotes(following.start()):
            he = pronoun_of(following.group().lower()) == HE
            told.append((first.referent, NEARBY if he else -NEARBY))
    return told


# --------------------------------------------------------------------------------------- cast


class Mention(NamedTuple):
    """A name where it stands, and whom it names."""

    start: int
    end: int
    text: str
    label: str
    referent: Referent


class Cast:
    """The names of an article, in order, and the memory that pronouns are resolved in.

    A mention is (start, end, text, label, entity_id); `canonical` are the entities' names by id.
    """

    def __init__(
        self, article: Article, mentions: Iterable[tuple], canonical: Mapping[str, str]
    ) -> None:
        self.text = article.text
        self.discourse = Discourse(article)
        self.mentions: list[Mention] = []
        referents: dict[str, Referent] = {}
        for start, end, written, label, entity_id in sorted(mentions):
            key = entity_id or f"{label} {written}"
            if key not in referents:
                name = canonical.get(entity_id, written)
                several = label == "PERSON" and kind(name) == "person"
                several = several and noun_phrases.is_plural(name)  # "Dockers"
                referents[key] = Referent(name, entity_id, KINDS.get(label, ""), several)
            self.mentions.append(Mention(start, end, written, label, referents[key]))
        self.referents = list(referents.values())
        self._starts = [mention.start for mention in self.mentions]
        self.outlets = [
            outlet
            for outlet in outlets.find_outlets(self.text)
            if self.text[outlet.start].isupper() and not _TAKEN_UP.match(self.text, outlet.start)
        ]
        spelled = {names.plain(name) for one in self.outlets for name in one.names(self.text)}
        for name in _bodies_without_mention(self):
            self._stand(name, Referent(names.plain(name), "", "body", listed=True))
        own = set(article.outlet.lower().split())
        for referent in self.referents:
            plain = names.plain(referent.speaker)
            if plain in spelled and referent.kind in ("person", "body"):
                referent.kind, referent.outlet = "body", True
            if own and referent.kind == "body" and set(plain.lower().split()) <= own:
                referent.kind, referent.outlet = "", True  # who prints the article does not speak
        self.mentions = [m._replace(label="ORG") if m.referent.outlet else m for m in self.mentions]
        for mention in self.mentions:
            self.discourse.add(mention.start, mention.end, mention.referent)
        for first, second in _pairs(self):
            pair = together([first.referent, second.referent])
            self.discourse.add(first.start, second.end, pair)
        self._read_gender()

    def _read_gender(self) -> None:
        for referent in self.referents:
            if referent.kind == "person":
                referent.male += given_name(referent.speaker)
        for mention in self.mentions:
            if mention.label == "PERSON":
                mention.referent.male += gender_before(self.text, mention.start)
        for referent, male in pronouns_beside(self.discourse):
            referent.male += male

    def _stand(self, name: str, body: Referent) -> None:
        """Let a name mean a body wherever it stands and no mention covers it."""
        self.referents.append(body)
        for start in names.places(self.text, name, ("_",)):
            end = start + len(name)
            if not self.covered(start, end):
                at = bisect_left(self._starts, start)
                self.mentions.insert(at, Mention(start, end, name, "ORG", body))
                self._starts.insert(at, start)

    def covered(self, start: int, end: int) -> bool:
        """Tell whether a mention touches a span."""
        at = bisect_left(self._starts, start)
        near = self.mentions[max(0, at - 1) : at + 2]
        return any(mention.start < end and start < mention.end for mention in near)

    def within(self, low: int, high: int) -> list[Mention]:
        """Return the names inside a span."""
        found = self.mentions[bisect_left(self._starts, low) : bisect_left(self._starts, high)]
        return [mention for mention in found if mention.end <= high]

    def before(self, offset: int, reach: int = REACH) -> list[Mention]:
        """Return the names in the `reach` characters before an offset, in order."""
        low = bisect_left(self._starts, offset - reach)
        return self.mentions[low : bisect_left(self._starts, offset)]

    def find(self, name: str) -> Referent | None:
        """Return who has a name, however it is written, or who alone bears it as a surname."""
        plain = names.plain(name[names.strip_titles(name, 0, len(name)) :])
        people = [one for one in self.referents if one.kind == "person"]
        bearers = [one for one in people if plain in names.family_names(one.speaker)]
        alone = bearers[0] if len(bearers) == 1 else None
        named = (one for one in self.referents if one.named and one.speaker == plain)
        return next(named, alone)


@rule("cast: bodies that no mention covers", otherwise=lambda cast: [])
def _bodies_without_mention(cast: Cast) -> list[str]:
    """Return names of bodies that no mention covers: "the operator, Castellan Ports"."""
    found = [(outlet.start, outlet.end) for outlet in cast.outlets]
    for match in _BODY_NAMED.finditer(cast.text):
        if kind(match["noun"]) == "organisation":
            found.append(match.span("name"))
    for match in _BODY_APPOSED.finditer(cast.text):
        called = describe(match["words"] or "").kind == "organisation"
        if called or not match["words"] and " " in match["name"]:
            found.append(match.span("name"))
    known = {referent.speaker for referent in cast.referents}
    missing = (cast.text[slice(*span)] for span in found if not cast.covered(*span))
    return [
        name
        for name in dict.fromkeys(missing)
        if not {names.plain(name), name.split()[0]} & (known | DAYS)
        and not names.titles().match(f"{name} ")
    ]


@rule("cast: two people named together", otherwise=lambda cast: [])
def _pairs(cast: Cast) -> list[tuple[Mention, Mention]]:
    """Return two people named together: "they" may mean them."""
    people = [
        pair for pair in pairwise(cast.mentions) if pair[0].label == pair[1].label == "PERSON"
    ]
    return [
        (first, second)
        for first, second in people
        if first.referent is not second.referent
        and _PAIR.fullmatch(cast.text, first.end, second.start)
    ]


# -------------------------------------------------------------------------- names in the words


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
        between = [
            _BRACKETS.sub("", cast.text[person.end : other.start]) for other in following
        ]
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
