"""Whom a pronoun means: an article's memory of who was named, who spoke, and how prominently.

Every person, body, document or group that could be meant is a candidate where it last stood. It
must agree in gender, number and kind; of those that do the most prominent wins: near, a subject,
the last to speak. Gender is evidence about words (titles, nouns, the article's own pronouns, the
given name), used here only and kept nowhere.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from helpers.annotate import descriptions
from helpers.store import lexicons

Spans = Sequence[Sequence[int]]

HE, SHE, IT, THEY = "he", "she", "it", "they"
PRONOUNS = {
    "he": HE,
    "him": HE,
    "his": HE,
    "himself": HE,
    "she": SHE,
    "her": SHE,
    "hers": SHE,
    "herself": SHE,
    "they": THEY,
    "them": THEY,
    "their": THEY,
    "both": THEY,
    "it": IT,
    "its": IT,
}
REACH = 4000  # characters back in which a person is sought
NEAR = 1500  # characters back in which a body, document or group is sought
# Scores of a candidate, in narrative sentences: 1 is as good as one sentence nearer.
SUBJECT = 0.8  # it opens a clause
LAST_SPEAKER = 1.2  # it spoke last
GOES_ON = 2.0  # "she added": it spoke last
QUOTED = -3.0  # it stands in somebody's direct speech
REPORTED = -0.7  # it stands in somebody's indirect speech
PARAGRAPH = -0.25  # for each paragraph between
OFTEN = 0.15  # for each time it was named, up to six
AGREES, DISAGREES = 1.0, -4.0  # bounds of the agreement in gender
UNNAMED = -1.0  # it is only described, and has not spoken
PLACE = -0.8  # a place that is meant by "it" as a speaker
OPENS = 0.4  # a thing that opens the sentence before
ALONE = 2.5  # the only fitting person of the sentence before, where the pronoun opens the next
READS = 1.2  # a document where "it says", in the present
BODY_AS_THEY = -1.6
PERSON_AS_IT = -2.0  # somebody taken for a person of whom the article never says he or she
WORST = -6.0
# Evidence of gender.
TITLE, GIVEN_NAME, NEARBY = 4.0, 2.0, 1.5
CLEAR = 1.5  # by how much the best candidate must lead for the pronoun to tell its gender

_QUOTED = re.compile(r"“[^”\n]*(?:”|\n|$)|\"[^\"\n]*(?:\"|\n|$)")
_FULL_STOP = re.compile(
    r"(?=[.!?])(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bMrs)(?<!\bSt)(?<!\bGen)(?<!\bSen)(?<!\bRep)(?<!\bGov)"
    r"(?<!\b[A-Z])[.!?][\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z0-9])|[\n\r]+"
)
_LINE = re.compile(r"\S[^\n\r]*")
_SUBJECT_AFTER = frozenset(
    {"that", "and", "but", "or", "when", "while", "as", "because", "if", "after", "before", "since",
     "where", "although", "though", "until", "unless", "than", "so", "yet", "then", "whom", "which",
     "said", "says", "told", "added"}
)  # fmt: skip
_LAST_WORD = re.compile(r"\w+\Z")
_GENDERED = re.compile(r"\b(?:he|she|his|her|him|himself|herself)\b", re.IGNORECASE)
_SPEAKER_BESIDE = re.compile(r"[,”\"]\s+(?:he|she)\s+(?:said|says|added|told|recalled|explained)\b")
_BEFORE_A_NAME = ("person", "organisation")  # "the skipper Dahl", "news agency VESTA"
_SUBJECT_PRONOUN = frozenset({"he", "she"})


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


@dataclass(slots=True)
class Place:
    """A referent where it stands in the text, with the number of its sentence and paragraph.

    ``standing`` is what its standing there adds to its prominence, wherever it is asked from.
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
    """The memory of one article, read from its beginning."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.quotes = [match.span() for match in _QUOTED.finditer(text)]
        self._quote_starts = [start for start, _ in self.quotes]
        self.stops = [
            match.end() for match in _FULL_STOP.finditer(text) if not self.in_quotes(match.end())
        ]
        self.lines = [match.start() for match in _LINE.finditer(text)]
        self.places: list[Place] = []
        self._starts: list[int] = []
        self._reported: list[tuple[int, int]] = []
        self.last: Referent | None = None
        self.last_at = -1
        self.read = 0

    def in_quotes(self, offset: int) -> bool:
        """Tell whether an offset lies inside quotation marks."""
        place = bisect_right(self._quote_starts, offset) - 1
        return place >= 0 and offset < self.quotes[place][1]

    def sentence(self, offset: int) -> int:
        """Return where the sentence of an offset begins, quotations counted as parts of one."""
        place = bisect_right(self.stops, offset) - 1
        return self.stops[place] if place >= 0 else 0

    def paragraph(self, offset: int) -> int:
        """Return the number of the paragraph of an offset."""
        return bisect_right(self.lines, offset)

    def add(self, start: int, end: int, referent: Referent) -> None:
        """Remember that a referent stands in text[start:end]."""
        self._place(start, end, referent, self.opens_clause(start))
        referent.times += 1

    def _place(self, start: int, end: int, referent: Referent, subject: bool) -> None:
        at = bisect_left(self._starts, start)
        self._starts.insert(at, start)
        quoted = self.in_quotes(start)
        where = bisect_right(self.stops, start), self.paragraph(start)
        standing = SUBJECT * subject + QUOTED * quoted
        self.places.insert(at, Place(start, end, referent, subject, quoted, *where, standing))

    def report(self, spans: Iterable[tuple[int, int]]) -> None:
        """Note where the indirect speech stands that was read last."""
        self._reported = []
        for start, end in sorted(spans):
            if self._reported and start <= self._reported[-1][1]:
                start, last = self._reported.pop()
                end = max(end, last)
            self._reported.append((start, end))

    def _is_reported(self, offset: int) -> bool:
        place = bisect_right(self._reported, (offset, len(self.text))) - 1
        return place >= 0 and offset < self._reported[place][1]

    def speak(self, referent: Referent, at: int) -> None:
        """Remember that a referent spoke."""
        self.last, self.last_at = referent, at
        referent.spoke = True

    def read_to(self, offset: int) -> None:
        """Follow the narrative up to an offset: whom its pronouns mean stays prominent."""
        if offset <= self.read:
            return
        for match in _GENDERED.finditer(self.text, self.read, offset):
            if not self.in_quotes(match.start()):
                word = match.group().lower()
                referent = self.person(match.start(), PRONOUNS[word], [], reach=NEAR)
                if referent is not None:
                    self._place(match.start(), match.end(), referent, word in _SUBJECT_PRONOUN)
        self.read = offset

    def before(self, offset: int, reach: int = REACH) -> list[Place]:
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
        if bare[-1] in ",;:–—(":
            return True
        last = _LAST_WORD.search(bare, max(0, len(bare) - 10))
        return last is not None and bare != before and last.group().lower() in _SUBJECT_AFTER

    def _weigh(self, referent: Referent, low: int, goes_on: bool) -> float:
        """Return what a referent's prominence is at an offset, wherever it stood."""
        score = OFTEN * min(referent.times, 6)
        if not (referent.named or referent.spoke):
            score += UNNAMED
        if referent is self.last and self.last_at <= low:
            score += GOES_ON if goes_on else LAST_SPEAKER
        return score

    def person(
        self, low: int, pronoun: str, own: Spans, goes_on: bool = False, reach: int = REACH
    ) -> Referent | None:
        """Return whom "he" or "she" at an offset means; `own` are the words so attributed."""
        sign = 1 if pronoun == HE else -1

        def agrees(referent: Referent) -> float | None:
            if referent.kind != "person" or referent.plural or sign * referent.male <= DISAGREES:
                return None
            return max(DISAGREES, min(AGREES, sign * referent.male))

        def suits(referent: Referent) -> float | None:
            agreed = agrees(referent)
            return agreed + ALONE if agreed is not None and referent is alone else agreed

        alone = self._alone_before(low, agrees)
        best, lead = self._best(low, reach, own, goes_on, suits)
        if best is not None and lead >= CLEAR:
            best.male += sign
        return best

    def thing(
        self, low: int, own: Spans, goes_on: bool = False, reads: bool = False
    ) -> Referent | None:
        """Return what "it" at an offset means as a speaker: a body, a place or a document.

        `reads` says that the verb is one for documents: "it reads", "it says".
        """

        def suits(referent: Referent) -> float | None:
            if referent.kind == "person" and referent.named and not referent.plural:
                return PERSON_AS_IT if referent.male == 0 and referent.spoke else None
            if referent.kind not in ("body", "place", "document") or referent.plural:
                return None
            if referent.outlet and not (referent.spoke or referent in opening):
                return None
            if referent.kind == "document" and reads:
                return READS
            return (PLACE if referent.kind == "place" else 0.0) + OPENS * (referent in opening)

        opening = self._subjects_before(low)
        return self._best(low, NEAR, own, goes_on, suits)[0]

    def _subjects_before(self, low: int) -> list[Referent]:
        """Return what opens the sentence before that of an offset: "VESTA went further. It …"."""
        begun = self.sentence(low)
        first = self.sentence(max(0, begun - 2))
        return [
            place.referent
            for place in self.before(begun, begun - first)
            if place.subject and not place.quoted
        ][:1]

    def _alone_before(self, low: int, suits: Callable[[Referent], float | None]) -> Referent | None:
        """Return the one who suits in the sentence before that of a pronoun that opens its own.

        "It was sold to a dentist. He has renamed it." Both stand in one paragraph. "The dentist"
        may be another way to call somebody named before: the rest of the evidence decides.
        """
        begun = self.sentence(low)
        if begun != low or not begun:
            return None
        first = self.sentence(begun - 2)
        if self.paragraph(first) != self.paragraph(low):
            return None
        people = {
            id(place.referent): place.referent
            for place in self.before(begun, begun - first)
            if not place.quoted and suits(place.referent) is not None
        }
        if len(people) != 1:
            return None
        (found,) = people.values()
        return None if found.speaker.lower().startswith("the ") else found

    def group(self, low: int, own: Spans, goes_on: bool = False) -> Referent | None:
        """Return whom "they" at an offset means: several people, or a body."""

        def suits(referent: Referent) -> float | None:
            if referent.plural:
                return 0.0
            if referent.outlet and not referent.spoke:
                return None
            return BODY_AS_THEY if referent.kind == "body" else None

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
        scores: dict[int, tuple[float, Referent]] = {}
        weights: dict[int, float | None] = {}
        here = -bisect_right(self.stops, low) + PARAGRAPH * self.paragraph(low)
        for place in self.before(low, reach):
            referent = place.referent
            if id(referent) not in weights:
                suited = suits(referent)
                known = None if suited is None else suited + self._weigh(referent, low, goes_on)
                weights[id(referent)] = known
            weight = weights[id(referent)]
            if weight is None or (own and _inside(place, own)):
                continue
            far = here + place.sentence - PARAGRAPH * place.paragraph
            reported = REPORTED * self._is_reported(place.start)
            # rounded, so that no tie hangs on the order in which the parts are added
            score = round(weight + far + place.standing + reported, 9)
            best = scores.get(id(referent))
            if score >= WORST and (best is None or score >= best[0]):
                scores[id(referent)] = (score, referent)
        if not scores:
            return None, 0.0
        ranked = sorted(scores.values(), key=lambda scored: -scored[0])
        lead = ranked[0][0] - (ranked[1][0] if len(ranked) > 1 else WORST)
        return ranked[0][1], lead


def _inside(place: Place, spans: Spans) -> bool:
    return any(start <= place.start < end for start, end in spans)


@lru_cache(maxsize=4096)
def _belongs_to_name(word: str) -> bool:
    """Tell whether a word before a name is a part of it: a title, a role, an adjective of place."""
    bare = word.strip("“‘\"'(").rstrip(",")
    if word.endswith((",", ";", ":", ".")) and not bare.endswith("."):
        return False
    if bare.lower() in ("the", "a", "an", "former", "acting", "his", "her", "its", "their"):
        return True
    return bare[:1].isupper() or bare == "news" or descriptions.kind(bare) in _BEFORE_A_NAME


def gender_before(text: str, start: int) -> float:
    """Return the evidence of gender in a title or noun right before a name: "Ms.", "widow"."""
    before = re.search(r"([\w’'.-]+),?\s+$", text[max(0, start - 24) : start])
    if before is None:
        return 0.0
    told = descriptions.gender(before.group(1))
    return {"male": TITLE, "female": -TITLE}.get(told, 0.0)


def gender_after(text: str, end: int) -> float:
    """Return the evidence of gender in an apposition: "Marr, a widow of 71,"."""
    after = re.match(r",\s+((?:an?|the|his|her|their)\s[^,.;\n]{2,60})", text[end : end + 80])
    if after is None:
        return 0.0
    told = descriptions.gender(descriptions.head_noun(after.group(1)))
    return {"male": TITLE, "female": -TITLE}.get(told, 0.0)


@lru_cache(maxsize=1)
def _given_names() -> dict[str, str]:
    table = lexicons.read_lexicon("given_names")
    return dict(zip(table["name"], table["gender"], strict=True))


def given_name(name: str) -> float:
    """Return the evidence of gender in a person's full name, 0 where its given name is not known.

    The list is made from first names as counted in the United States census of 1990 and from
    those of the Faker library: what most bearers are, which for one bearer proves nothing.
    """
    first, _, family = name.partition(" ")
    told = _given_names().get(first, "") if family else ""
    return {"male": GIVEN_NAME, "female": -GIVEN_NAME}.get(told, 0.0)


def read_gender(discourse: Discourse) -> None:
    """Add what the pronouns beside a person tell: a sentence with one name and "he" or "she"."""
    stops = [*discourse.stops, len(discourse.text)]
    people: dict[int, list[Place]] = {}
    for place in discourse.places:
        if place.referent.kind == "person" and not place.quoted:
            people.setdefault(place.sentence, []).append(place)
    for sentence, places in people.items():
        if len({id(place.referent) for place in places}) > 1:
            continue
        low, high = places[0].end, stops[min(sentence, len(stops) - 1)]
        if _SPEAKER_BESIDE.search(discourse.text, low, high):
            continue  # "Tesk did not take her calls, she said": the name is in what she says
        following = _GENDERED.search(discourse.text, low, high)
        if following and not discourse.in_quotes(following.start()):
            sign = 1 if PRONOUNS[following.group().lower()] == HE else -1
            places[0].referent.male += sign * NEARBY
