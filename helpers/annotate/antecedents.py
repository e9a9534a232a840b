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
        find = {IT: self.thing, THEY: self.group}.get(pronoun)
        return find(low, own, goes_on) if find else None  # "you"

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
        and name.lower() not in noun_phrases.words("joining")
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
