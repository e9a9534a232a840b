"""Who speaks: from the words that name the source to one speaker.

What cannot be resolved stays as written and says so; nothing is guessed silently. The words of a
source pass through `STEPS`, one after another, until one tells whom they mean.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from helpers.annotate import (
    antecedents,
    attributions,
    descriptions,
    names,
    noun_phrases,
    outlets,
    source_names,
)
from helpers.annotate.antecedents import Cast, Referent
from helpers.annotate.descriptions import Asked, Choice
from helpers.annotate.noun_phrases import Description, describe, is_acronym, pronoun_of
from helpers.annotate.rules import rule
from helpers.text import sentences
from helpers.text.article import Article

Span = tuple[int, int]

OPENING = 1500  # characters from the start in which a headline may stand

_SPEAKS_FOR = re.compile(
    r"\bspokes(?:man|woman|person|people)\b|\bpress (?:office|service)\b", re.IGNORECASE
)
_CITING = re.compile(
    r"(?:(?!,\s+and\s+\w+(?:ed|s)\b)[^.!?\n]){0,150}?\b(?:citing|quoting)\s+(?P<whom>[^\n]{3,120})"
)
_AS_SAYING = re.compile(
    r",?\s+(?:\w+\s+)?(?:quoted|cited)\s+(?P<source>[^\n.;“”\"]{2,60}?)\s+as\s+(?:saying|telling)\b"
)
_GOES_ON = re.compile(r"\b(?:add(?:s|ed|ing)?|continu(?:es|ed|ing)|went on|goes on|also)\b")
_PASSIVE = re.compile(r"(?:is|are|was|were|be|been|being)\b|.*\b(?:been|being)\b|according\b")
_JOINED = re.compile(r"[,”\"]*\s*(?:and|but|while|as well as|,)\b|,\s")

_ASKED = re.compile(r"^[^\w\n]{0,5}(?P<label>[QA])\d{0,2}\s?[:.)]\s", re.MULTILINE)
_SIGNED = re.compile(r"(?:,[^.\n]*,)?\s+(?:is|was)\s")

_AT_PLACE = re.compile(r"\s(?:at|in|from|on)\s(?:the\s)?[\w’'-]+(?:\s[A-Z][\w’'-]*)*$")
_OWNER = re.compile(r"(?<=\w)[’']s$")
_LOST_ARTICLE = re.compile(r"(?<!\w)(?P<article>the|an?|one|another)\s+$", re.IGNORECASE)
_TAIL = re.compile(r"\s(?:of|at|from|with|near)\s[\w’'-]+(?:\s[\w’'-]+){0,4}\s*")
_CLAUSE = re.compile(r"[,;:“”\"]\s*|\b(?:and|but|said|says|told|by|to|from|of|with)\s+")
_PHRASE = re.compile(r"(?:(?![,.;:”\"](?:\s|$)|\s(?:who|that|which|as|for|in|on|and)\s)[^\n])+")
_CAPITALS = r"[A-Z][\w&.-]*(?:\s+(?:(?:of|for|and|the)\s+)?[A-Z][\w&.-]*)*"


class Resolved(NamedTuple):
    """Who speaks, which entity that is, and how it was found."""

    speaker: str
    speaker_id: str
    resolution: str


UNKNOWN = Resolved("", "", "none")


class Said(NamedTuple):
    """What a speaker is read from: the columns of one attribution."""

    source_spans: list[list[int]]
    spans: list[list[int]]
    cue: str
    form: str
    cue_spans: list[list[int]]

    @property
    def at(self) -> int:
        """Where its source begins, or its content where it has none."""
        return (self.source_spans or self.spans)[0][0]

    @property
    def cue_at(self) -> int:
        """Where its cue begins, -1 where it has none."""
        return self.cue_spans[0][0] if self.cue_spans else -1


ROW_COLUMNS = Said._fields


class Found(NamedTuple):
    """Whom words mean and how that was found."""

    referent: Referent
    resolution: str


def find_speakers(
    article: Article,
    columns: Sequence[Sequence],
    mentions: Iterable[tuple],
    canonical: Mapping[str, str],
) -> list[Resolved]:
    """Return the speakers of one article's attributions, given as their `ROW_COLUMNS`.

    A mention is (start, end, text, label, entity_id); `canonical` are the entities' names by id.
    A speaker is the canonical name of the entity the source names or refers to; or a description,
    in the words of the first attribution to the same source. Several who speak as one are joined
    by " and ", their ids by ";" in the same order, with an empty place for one who has no entity.
    """
    said = [Said(*row) for row in zip(*columns, strict=True)]
    return _Reader(article, Cast(article, mentions, canonical)).resolve(said)


def weigh_descriptions(
    article: Article,
    columns: Sequence[Sequence],
    mentions: Iterable[tuple],
    canonical: Mapping[str, str],
) -> list[tuple[Asked, Choice]]:
    """Return what `find_speakers`, given the same, weighs for each description it meets."""
    reader = _Reader(article, Cast(article, mentions, canonical))
    reader.resolve([Said(*row) for row in zip(*columns, strict=True)])
    return reader.descriptions.weighed


class _Reader:
    """What is known of an article while its attributions are read in order."""

    def __init__(self, article: Article, cast: Cast) -> None:
        self.article = article
        self.text = cast.text
        self.cast = cast
        self.discourse = cast.discourse
        self.labels = list(_ASKED.finditer(cast.text))  # of questions and answers
        self.described: list[Referent] = []
        self.descriptions = descriptions.Descriptions(cast)
        self.sources: list[Span] = []
        self.said: list[Said] = []

    @cached_property
    def asked(self) -> Referent | None:
        """Whom the lines above the first label name most often."""
        above = self.cast.within(0, self.labels[0].start()) if self.labels else []
        people = Counter(mention.referent for mention in above if mention.label == "PERSON")
        return max(people, key=people.__getitem__, default=None)

    @cached_property
    def authors(self) -> list[Referent]:
        """Who wrote the article."""
        return _authors(self)

    def resolve(self, said: list[Said]) -> list[Resolved]:
        """Return the speaker of each attribution."""
        self.said = said
        self.sources = sorted((low, high) for one in said for low, high in one.source_spans)
        found = [UNKNOWN] * len(said)
        order = sorted(range(len(said)), key=lambda i: said[i].at)
        for place, i in enumerate(order):
            now, before = said[i], said[order[place - 1]] if place else None
            if now.source_spans:
                found[i] = self._from_source(now)
                paragraph = self.discourse.paragraph
                line = paragraph(now.spans[0][0])
                if (
                    before
                    and before.source_spans == now.source_spans
                    and line > paragraph(now.source_spans[-1][1])
                ):
                    found[i] = _carried(found[i])
            elif before and _goes_on(self, before, now):
                found[i] = _carried(found[order[place - 1]])
        for i in order:
            unknown = not found[i].speaker_id and said[i].cue == ":" and said[i].at < OPENING
            if said[i].form == "direct" and (unknown or not (said[i].source_spans or said[i].cue)):
                found[i] = _repeated(self.text, said, found, i) or found[i]
        return found

    def _from_source(self, said: Said) -> Resolved:
        span = said.source_spans[0][0], said.source_spans[-1][1]
        span = attributions.strip(self.text, *span) or span
        low, high = _whole(self.text, *span, said.cue_at)
        for start, end, description in _described_in(self, low):
            self.remember(start, end, description)
        self.discourse.read_to(low)
        found = self.refer(low, high, said)
        speaker, written = found.referent.speaker, self.text[low:high]
        if found.referent.outlet or outlets.is_outlet(speaker) or outlets.is_outlet(written):
            found = _first_source(self, high, said) or found
        self.discourse.speak(found.referent, high)
        return Resolved(found.referent.speaker, found.referent.speaker_id, found.resolution)

    def refer(self, low: int, high: int, said: Said) -> Found:
        """Return whom the words of a span mean: what the first of the steps tells that can."""
        return next(found for step in STEPS if (found := step(self, low, high, said)))

    def remember(self, low: int, high: int, description: Description, named=False) -> Referent:
        """Return a new referent for those whom a phrase describes."""
        shortened = _name_given(self.text, high, description)
        shortened = shortened or noun_phrases.shorten(self.text[low:high], named)
        name = description.name
        whole = not description.head and description.kind != "person" and shortened.endswith(name)
        if whole and description.determiner == "the" and (" " in name or name.isupper()):
            shortened = shortened.removeprefix("the ")
        kind = {"organisation": "body"}.get(description.kind, description.kind)
        referent = Referent(shortened, "", kind, plural=description.plural)
        referent.male = antecedents.gender_told(description.noun)
        self.described.append(referent)
        self.discourse.add(low, high, referent)
        return referent


@rule("speakers: a first name that somebody gives", otherwise=lambda *_: "")
def _name_given(text: str, high: int, description: Description) -> str:
    """Return the name behind a description: "a man who gave only his first name, Stevan"."""
    clause = text[high : sentences.finish(text, high, min(high + 100, len(text)))]
    alone = description.kind == "person" and not description.plural
    name = noun_phrases.self_named(clause) if alone else ""
    return name if name and " name" in clause.partition(name)[0] else ""


# ------------------------------------------------------------------------ words without a source


@rule("speakers: a quotation goes on from the one before", otherwise=lambda *_: False)
def _goes_on(reader: _Reader, before: Said, now: Said) -> bool:
    """Tell whether words without a source go on from those before them.

    A quotation without a cue goes on in the same paragraph or the next; a second verb ("and
    added that …") in the same sentence.
    """
    begun = now.spans[0][0]
    reached = max(end for _, end in (*before.spans, *before.source_spans))
    if not now.cue:
        apart = reader.discourse.paragraph(begun) - reader.discourse.paragraph(reached)
        return now.form == "direct" and apart <= 1
    if _PASSIVE.match(now.cue) or begun < reached:
        return False
    joined = _JOINED.match(reader.text, reached, begun)
    return bool(joined) and reader.article.same_sentence(reached, begun)


@rule("speakers: a headline quotes the story", otherwise=lambda *_: None)
def _repeated(text: str, said: list[Said], found: list[Resolved], i: int) -> Resolved | None:
    """Return who says the same words, but for a few, elsewhere."""
    words, *others = (
        re.findall(r"\w+", " ".join(text[slice(*at)] for at in one.spans).lower())
        for one in (said[i], *said)
    )
    for theirs, one, there in zip(said, found, others, strict=True):
        same = sum(word in there for word in words) >= max(3, 0.8 * len(words))
        if same and theirs is not said[i] and theirs.source_spans and one.speaker:
            return _carried(one)
    return None


# --------------------------------------------------------------------------- before the source


@rule("speakers: words that a source lost", otherwise=lambda text, low, high, cue: (low, high))
def _whole(text: str, low: int, high: int, cue: int) -> Span:
    """Return a source with its article and all up to its cue: "A | woman | at the meeting".

    Whose plan is told, speaks: "the union's | plan".
    """
    if owner := _OWNER.search(text, low, high):
        high = owner.start()
    first, _, last = text[low:high].rpartition(" ")
    if first and last.lower() in noun_phrases.words("relative"):
        high = low + len(first.rstrip(" ,"))  # "a councillor who | added"
    article = _LOST_ARTICLE.search(text, max(0, low - 9), low)
    if article and text[low].islower():
        low = article.start("article")
    tail = text[high:cue] if high < cue < high + 60 else ""
    return low, high + (len(tail.rstrip()) if _TAIL.fullmatch(tail) else 0)


@rule("speakers: people described in the narrative", otherwise=lambda *_: [])
def _described_in(reader: _Reader, low: int) -> list[tuple[int, int, Description]]:
    """Return the people described without a name in the narrative up to an offset."""
    cast, discourse, found = reader.cast, reader.discourse, []
    phrases = noun_phrases.find_phrases(reader.text, discourse.read, low)
    for start, head, end, description in phrases:
        if discourse.in_quotes(start) or cast.within(start, head + 1):
            continue
        before = cast.before(start, 60)
        apposed = bool(before) and reader.text[before[-1].end : start] == ", "
        if apposed or description.points_back and not description.plural:
            continue
        if description.plural and not discourse.opens_clause(start):
            continue
        if not any(first <= start < last for first, last in reader.sources):
            found.append((start, end, description))
    return found


# ------------------------------------------------------------------------------------- the steps


@rule("speakers: who and which", otherwise=lambda *_: None)
def _relative(reader: _Reader, low: int, high: int, said: Said) -> Found | None:
    """Return whom "who" means: the phrase before it, or else what opens the sentence."""
    written = reader.text[low:high]
    if is_acronym(written) or written.lower() not in noun_phrases.words("relative"):
        return None
    begun = reader.discourse.sentence(max(0, low - 1))
    end = len(reader.text[:low].rstrip(" ,"))
    clause = _CLAUSE.split(reader.text[max(begun, low - 120) : end])[-1]
    if len(clause) > 3:
        span = end - len(clause), low
        span = attributions.strip(reader.text, *span) or span
        return reader.refer(*span, said)._replace(resolution="pronoun")
    for place in reader.discourse.before(low, low - begun):
        if place.subject and not place.quoted and place.referent.kind:
            return Found(place.referent, "pronoun")
    return Found(Referent(written, "", ""), "none")


@rule("speakers: I and we", otherwise=lambda *_: None)
def _first_person(reader: _Reader, low: int, high: int, said: Said) -> Found | None:
    """Return whom "I" or "we" means: who speaks the words around it, or else the author."""
    written = reader.text[low:high]
    if is_acronym(written) or written.lower() not in noun_phrases.words("first person"):
        return None
    around = [
        one
        for one in reader.said
        if one.source_spans
        and any(start <= low < end for start, end in one.spans)
        and not any(start <= one.source_spans[0][0] < end for start, end in said.spans)
    ]
    if around:
        holder = min(around, key=lambda one: one.spans[-1][1] - one.spans[0][0])
        span = holder.source_spans[0][0], holder.source_spans[-1][1]
        if reader.text[slice(*span)].lower() not in noun_phrases.words("first person"):
            return reader.refer(*span, holder)._replace(resolution="pronoun")
    if answers := _interviewed(reader, low):
        return Found(answers, "pronoun")
    if reader.discourse.in_quotes(low):
        last = reader.discourse.last
        return Found(last, "pronoun") if last else Found(Referent(written, "", ""), "none")
    if authors := reader.authors:
        return Found(authors[0] if len(authors) == 1 else antecedents.together(authors), "pronoun")
    return Found(Referent("the author", "", "person"), "description")


@rule("speakers: who answers in an interview", otherwise=lambda *_: None)
def _interviewed(reader: _Reader, at: int) -> Referent | None:
    """Return who is interviewed where an offset lies in an answer: "A: I was born in Harwick"."""
    place = bisect_right(reader.labels, at, key=re.Match.start) - 1
    first_and_last = reader.labels[0]["label"] + reader.labels[place]["label"] if place > 0 else ""
    return reader.asked if first_and_last == "QA" else None


@rule("speakers: who answers under a label", otherwise=lambda *_: None)
def _answering(reader: _Reader, low: int, high: int, said: Said) -> Found | None:
    """Return who is interviewed for the label of an answer: "A", "A7"."""
    label = re.fullmatch(r"A\d{0,2}", reader.text[low:high])
    answers = _interviewed(reader, low) if label else None
    return Found(answers, "description") if answers else None


@rule("speakers: who signs an article", otherwise=lambda reader: [])
def _authors(reader: _Reader) -> list[Referent]:
    """Return who wrote an article: of its byline, or of the note below it, "Lena Marr is …"."""
    byline = [name.strip() for name in re.split(r",|\band\b|&", reader.article.byline)]
    if any(byline):
        known = ((name, reader.cast.find(name)) for name in byline if name)
        return [found or Referent(name, "", "person") for name, found in known]
    below = reader.article.paragraphs[-1:]
    return [
        mention.referent
        for start, end in below
        for mention in reader.cast.within(start, end)
        if mention.label == "PERSON"
        and mention is next(m for m in reader.cast.mentions if m.referent is mention.referent)
        and (
            mention.start
            == names.strip_titles(reader.text, reader.discourse.sentence(mention.start), end)
        )
        and _SIGNED.match(reader.text, mention.end)
    ]


@rule("speakers: pronouns", otherwise=lambda *_: None)
def _pronoun(reader: _Reader, low: int, high: int, said: Said) -> Found | None:
    """Return whom "he", "it" or "they" means."""
    written = reader.text[low:high]
    pronoun = "" if is_acronym(written) else pronoun_of(written.lower())
    if not pronoun:
        return None
    goes_on = bool(_GOES_ON.search(said.cue))
    referent = reader.discourse.meant(low, pronoun, said.spans, goes_on)
    if referent is None:
        return Found(Referent(written, "", ""), "none")
    reader.discourse.add(low, high, referent)
    return Found(referent, "pronoun")


def _named(reader: _Reader, low: int, high: int, said: Said) -> Found | None:
    """Return the names in the words."""
    parts = list(dict.fromkeys(source_names.named(reader.cast, low, high)))
    if not parts:
        given = describe(reader.text[low:high])
        inside = reader.cast.within(low, high) if given.head and given.name else []
        parts = [mention.referent for mention in inside if mention.text == given.name][:1]
        known = None if given.head else reader.cast.find(reader.text[low:high])
        parts = [known] if known else parts
    if not parts:
        return None
    return Found(parts[0] if len(parts) == 1 else antecedents.together(parts), "name")


@rule("speakers: a spokesperson is the body", otherwise=lambda *_: None)
def _spoken_for(reader: _Reader, low: int, high: int, said: Said) -> Found | None:
    """Return the body a spokesperson without a name speaks for."""
    written = reader.text[low:high]
    if not _SPEAKS_FOR.search(written):
        return None
    first = source_names.segments(reader.text, low, high)[0]
    inside = reader.cast.within(*first)
    bodies = [m for m in inside if m.label == "ORG"] or [m for m in inside if m.label == "GPE"]
    if bodies and not any(m.label == "PERSON" for m in inside):
        return Found(bodies[0].referent, "name")
    description = describe(written)
    owner = "" if description.owned else description.owner
    at = reader.text.find(owner, low, high) if owner else -1
    if at >= 0:
        span = at, at + len(owner)
        found = _described(reader, *span, said)
        body = found.referent.kind == "body" or describe(owner).kind == "organisation"
        return Found(found.referent, "description") if body else None
    if description.determiner == "its" or not description.modifiers and " for " not in written:
        body = reader.discourse.thing(low, said.spans)
        if body is not None and body.kind == "body":
            return Found(body, "pronoun" if description.owned else "description")
    return None


def _described(reader: _Reader, low: int, high: int, said: Said) -> Found:
    """Return somebody known whom a description takes up, or else a new one so described."""
    written = reader.text[low:high]
    description = describe(written)
    referent = _supplied(reader, description) or _taken_up(reader, low, high, description, said)
    if referent is not None:
        reader.discourse.add(low, high, referent)
        return Found(referent, "description")
    inside = reader.cast.within(low, high)
    named = bool(inside) and inside[0].start == low
    return Found(reader.remember(low, high, description, named), "none")


STEPS = (_answering, _relative, _first_person, _pronoun, _named, _spoken_for, _described)


# ------------------------------------------------------------------ whom a description takes up


@rule("speakers: another of those described", otherwise=lambda *_: None)
def _supplied(reader: _Reader, description: Description) -> Referent | None:
    """Return "another grower" for "another" after "one grower"."""
    which, words = description.pronoun, description.text.split()
    if words[1:2] not in ([], ["of"]) or which not in noun_phrases.words("bare"):
        return None
    for earlier in reversed(reader.described[-6:]):
        known = describe(earlier.speaker)
        if known.kind not in ("person", "") or not known.head.isalpha():
            continue
        place = _AT_PLACE.search(earlier.speaker)
        bare = " ".join([*known.modifiers, known.noun]) + (place.group() if place else "")
        speaker = f"{which} {bare}s" if description.plural else f"{which} {bare}"
        if known.plural and which == "one":
            speaker = f"one of {earlier.speaker}"
        referent = Referent(speaker, "", "person", plural=description.plural)
        referent.male = antecedents.gender_told(known.noun)
        reader.described.append(referent)
        return referent
    return None


def _taken_up(
    reader: _Reader, low: int, high: int, description: Description, said: Said
) -> Referent | None:
    """Return the name, or the one described before, whom "the minister" takes up."""
    opening = low < OPENING and description.determiner in ("", "a", "an")
    known = None
    if opening and not description.plural:
        known = descriptions.named_later(reader.cast, low, description)
    back = description.points_back or description.owned or description.bare
    if known is None and back and description.kind == "organisation":
        known = descriptions.body_called(reader.cast, low, description)
    elif known is None and descriptions.takes_up(description):
        known = _weighed(reader, descriptions.Asked(low, high, description, said.spans))
    if known is None and back and description.kind == "document":
        known = _made_by(reader, low, description)
    elif known is None and back:
        known = _described_before(reader, description)
    if known is None and opening and description.determiner:
        known = _in_headline(reader, description)
    return known


@rule("speakers: a description weighed against the names", otherwise=lambda *_: None)
def _weighed(reader: _Reader, asked: Asked) -> Referent | None:
    """Return the name that a definite description takes up, if one is likelier than none."""
    before = (describe(earlier.speaker) for earlier in reader.described[-30:])
    seen = any(
        known.noun == asked.description.noun
        and bool(known.determiner)
        and not (known.points_back or known.plural)
        for known in before
    )
    return reader.descriptions.meant(asked, seen)


@rule("speakers: the same description", otherwise=lambda *_: None)
def _described_before(reader: _Reader, description: Description) -> Referent | None:
    """Return the source described before by the same noun."""
    words = set(description.modifiers)
    for earlier in reversed(reader.described[-30:]):
        known = describe(earlier.speaker)
        same = known.noun == description.noun and earlier.plural == description.plural
        if same and words <= set(earlier.speaker.lower().split()):
            return earlier
    return None


@rule("speakers: what the headline called the same", otherwise=lambda *_: None)
def _in_headline(reader: _Reader, description: Description) -> Referent | None:
    """Return what the headline called the same without an article: "Engineer’s memo"."""
    for earlier in reader.described:
        known = describe(earlier.speaker)
        if known.noun == description.noun and not known.determiner and not known.plural:
            return earlier
    return None


@rule("speakers: whose report a report is", otherwise=lambda *_: None)
def _made_by(reader: _Reader, low: int, description: Description) -> Referent | None:
    """Return a document under the words that first tell whose it is: "a report by X"."""
    known = _described_before(reader, description)
    if known is not None or description.bare:
        return known
    noun = re.escape(description.noun)
    found = re.finditer(
        rf"\b(?P<owner>(?:[Ii]ts|[Hh]is|[Hh]er|[Tt]heir)\b|{_CAPITALS}[’']s?)\s+(?:[\w-]+\s+)?{noun}\b"
        rf"|\b(?:an?|the)\s+(?:[\w’'-]+\s+){{0,4}}{noun}\s+(?:by|from)\s+(?:the\s+)?{_CAPITALS}"
        rf"|(?<=[a-z]\s){_CAPITALS}\s+{noun}\b",
        reader.text[:low],
    )
    made = next(
        (one for one in found if antecedents.DAYS.isdisjoint(re.findall(r"\w+", one.group()))), None
    )
    if made is None:
        return None
    fuller = noun_phrases.shorten(made.group(), not made.group().startswith(("A", "The")))
    if pronoun := pronoun_of((made["owner"] or "").lower()):
        owner = reader.discourse.meant(made.start(), pronoun, [])
        if owner is None or not owner.named:
            return None
        fuller = f"{owner.speaker}’s {description.noun}"
    reader.described.append(Referent(fuller, "", "document", plural=description.plural))
    return reader.described[-1]


# ------------------------------------------------------------------------------ behind an outlet


@rule("speakers: behind an outlet", otherwise=lambda *_: None)
def _first_source(reader: _Reader, high: int, said: Said) -> Found | None:
    """Return who an outlet reports: "Xi said …, Xinhua reported", "…, citing officials"."""
    behind = (high, said.spans[-1][1])
    citing = [_CITING.match(reader.text, at, min(len(reader.text), at + 160)) for at in behind]
    if citing := citing[0] or citing[1]:
        low = citing.start("whom")
        found = reader.refer(low, _PHRASE.match(reader.text, low).end(), said)
        described = found.resolution == "none"
        return found._replace(resolution="description") if described else found
    start, end = said.spans[0]
    saying = _AS_SAYING.match(reader.text, high)
    inner = attributions.saying().match(reader.text, start, end)
    beside = attributions.saying().match(reader.text, reader.discourse.sentence(start), start)
    behind = beside and not reader.text[beside.end() : start].strip(' ,“”"').removeprefix("that")
    for match in (saying, inner, beside if behind else None):
        found = reader.refer(*match.span("source"), said) if match else None
        unsure = ("none", "description") if match is inner else ("none",)
        if found and found.resolution not in unsure and not found.referent.outlet:
            return found
    return None


# ------------------------------------------------------------------------------------ words


def _carried(found: Resolved) -> Resolved:
    return found._replace(resolution="carried") if found.speaker else UNKNOWN
