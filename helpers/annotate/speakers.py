"""Who speaks: from the words that name the source to one speaker.

What cannot be resolved stays as written and says so; nothing is guessed silently. The words of a
source pass through `STEPS`, one named rule after another, until one tells whom they mean; words
without a source pass through the rules of `_carry`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from helpers.annotate import noun_phrases, references
from helpers.annotate.antecedents import (
    DAYS,
    PRONOUNS,
    Cast,
    Referent,
    gender_told,
    together,
)
from helpers.annotate.noun_phrases import Description, describe, is_acronym
from helpers.annotate.rules import rule
from helpers.annotate.stance import saying_pattern
from helpers.text.article import Article

Span = tuple[int, int]

ROW_COLUMNS = ("source_spans", "spans", "cue", "form", "cue_spans")
RELATIVE = frozenset({"who", "which", "that", "whom"})
SAME_WORDS = 0.8  # share of a headline's quoted words that stand in an attribution of the story
OPENING = 1500  # characters from the start in which a headline may stand
SPEAKING = ("neutral", "doubting", "conceding", "warning", "denying")  # stances of verbs
EDGE = " ,;:–—\n"

_SPEAKS_FOR = re.compile(
    r"\bspokes(?:man|woman|person|people)\b|\bpress (?:office|service)\b", re.IGNORECASE
)
_CITING = re.compile(
    r"(?:(?!,\s+and\s+\w+(?:ed|s)\b)[^.!?\n]){0,150}?\b(?:citing|quoting)\s+(?P<whom>[^\n]{3,120})"
)
_AS_SAYING = re.compile(
    r",?\s+(?:\w+\s+)?(?:quoted|cited)\s+(?P<who>[^\n.;“”\"]{2,60}?)\s+as\s+(?:saying|telling)\b"
)
_GOES_ON = re.compile(r"\b(?:add(?:s|ed|ing)?|continu(?:es|ed|ing)|went on|goes on|also)\b")
_PASSIVE = re.compile(r"(?:is|are|was|were|be|been|being)\b|.*\b(?:been|being)\b|according\b")
_JOINED = re.compile(r"[,”\"]*\s*(?:and|but|while|as well as|,)\b|,\s")

_OF_BODY = re.compile(r"\b(?:for|of|from|with|at)\s+(?=(?:the|its|their)\s)")
_BARE = ("another", "one", "several", "some", "others", "both", "many")
_AT_PLACE = re.compile(r"\s(?:at|in|from|on)\s(?:the\s)?[\w’'-]+(?:\s[A-Z][\w’'-]*)*$")
_LOST_ARTICLE = re.compile(r"(?<!\w)(?P<article>the|an?|one|another)\s+$", re.IGNORECASE)
_TAIL = re.compile(r"\s(?:of|at|from|with|near)\s[\w’'-]+(?:\s[\w’'-]+){0,4}\s*")
_ITS_NAME = re.compile(
    r"[^.!?;“”\"\n]{0,80}?\b(?:first name|name),?\s+(?:only\s+)?(?:as\s+)?(?P<name>[A-Z][\w’'-]+)"
)
_OWNER = re.compile(r"(?:the\s+)?(?P<noun>[\w-]+)[’']s\s")
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
    """The spans of one attribution that its speaker is read from."""

    source: list[list[int]]
    content: list[list[int]]
    cue: str
    form: str
    at: int
    cue_at: Span


class Found(NamedTuple):
    """Whom words mean and how that was found."""

    referent: Referent
    resolution: str

    def row(self) -> Resolved:
        """Return what is kept of it."""
        return Resolved(self.referent.speaker, self.referent.speaker_id, self.resolution)


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
    said = [
        Said(
            source,
            content,
            cue,
            form,
            source[0][0] if source else content[0][0],
            (cues[0][0], cues[-1][1]) if cues else (-1, -1),
        )
        for source, content, cue, form, cues in zip(*columns, strict=True)
    ]
    return _Reader(article, Cast(article, mentions, canonical)).resolve(said)


class _Reader:
    """What is known of an article while its attributions are read in order."""

    def __init__(self, article: Article, cast: Cast) -> None:
        self.article = article
        self.text = cast.text
        self.cast = cast
        self.discourse = cast.discourse
        self.described: list[Referent] = []
        self.sources: list[Span] = []

    def resolve(self, said: list[Said]) -> list[Resolved]:
        """Return the speaker of each attribution."""
        self.sources = sorted((low, high) for one in said for low, high in one.source)
        found = [UNKNOWN] * len(said)
        order = sorted(range(len(said)), key=lambda i: said[i].at)
        for place, i in enumerate(order):
            earlier = [said[j] for j in order[:place]]
            if said[i].source:
                found[i] = self._from_source(said[i])
                if _carries_on(self, said[i], earlier):
                    found[i] = _carried(found[i])
            elif place and _goes_on(self, earlier[-1], said[i]):
                found[i] = _carried(found[order[place - 1]])
        for i in order:
            unknown = not found[i].speaker_id and said[i].cue == ":" and said[i].at < OPENING
            if said[i].form == "direct" and (unknown or not (said[i].source or said[i].cue)):
                found[i] = _repeated(self, said, found, i) or found[i]
        return found

    def _from_source(self, said: Said) -> Resolved:
        low, high = _beside_cue(self, said) or _whole(
            self.text,
            *_trimmed(self.text, said.source[0][0], said.source[-1][1]),
            said.cue_at[0],
        )
        for start, end, description in _described_in(self, low):
            self.remember(start, end, description)
        self.discourse.read_to(low)
        found = self.refer(low, high, said)
        written = self.text[low:high]
        if found.referent.outlet or references.is_outlet(found.referent.speaker, written):
            found = _first_source(self, high, said) or found
        self.discourse.speak(found.referent, high)
        return found.row()

    def refer(self, low: int, high: int, said: Said) -> Found:
        """Return whom the words of a span mean: what the first of the steps tells that can."""
        return next(found for step in STEPS if (found := step(self, low, high, said)))

    def remember(self, low: int, high: int, description: Description, named=False) -> Referent:
        """Return a new referent for those whom a phrase describes."""
        shortened = _name_given(self, high, description)
        shortened = shortened or noun_phrases.shorten(self.text[low:high], named)
        name = description.name
        whole = not description.head and description.kind != "person" and shortened.endswith(name)
        if whole and description.determiner == "the" and (" " in name or name.isupper()):
            shortened = shortened.removeprefix("the ")
        kind = {"organisation": "body"}.get(description.kind, description.kind)
        referent = Referent(shortened, "", kind, plural=description.plural)
        referent.male = gender_told(description.noun)
        self.described.append(referent)
        self.discourse.add(low, high, referent)
        return referent


@rule("speakers: a first name that somebody gives", otherwise=lambda *_: "")
def _name_given(reader: _Reader, high: int, description: Description) -> str:
    """Return the name behind a description: "a man who gave only his first name, Stevan"."""
    given = _ITS_NAME.match(reader.text, high) if description.kind == "person" else None
    return given["name"] if given and not description.plural else ""


# ------------------------------------------------------------------------ words without a source


@rule("speakers: a quotation goes on from the one before", otherwise=lambda *_: False)
def _goes_on(reader: _Reader, before: Said, now: Said) -> bool:
    """Tell whether words without a source go on from those before them.

    A quotation without a cue goes on in the same paragraph or the next; a second verb ("and
    added that …") in the same sentence.
    """
    begun = now.content[0][0]
    reached = max(end for _, end in (*before.content, *before.source))
    if not now.cue:
        apart = reader.discourse.paragraph(begun) - reader.discourse.paragraph(reached)
        return now.form == "direct" and apart <= 1
    if _PASSIVE.match(now.cue) or begun < reached:
        return False
    joined = _JOINED.match(reader.text, reached, begun)
    return bool(joined) and reader.article.same_sentence(reached, begun)


@rule("speakers: a quotation over several paragraphs is carried", otherwise=lambda *_: False)
def _carries_on(reader: _Reader, now: Said, earlier: list[Said]) -> bool:
    """Tell whether a quotation goes on in a later paragraph than the source it shares."""
    line = reader.discourse.paragraph(now.content[0][0])
    return line > reader.discourse.paragraph(now.source[-1][1]) and any(
        other.source == now.source and other.content[0][0] < now.content[0][0] for other in earlier
    )


@rule("speakers: a headline quotes the story", otherwise=lambda *_: None)
def _repeated(reader: _Reader, said: list[Said], found: list[Resolved], i: int) -> Resolved | None:
    """Return who says the same words elsewhere."""
    words = _words(reader.text, said[i].content)
    if len(words) < 3:
        return None
    for theirs, one in zip(said, found, strict=True):
        if theirs is not said[i] and theirs.source and one.speaker:
            there = set(_words(reader.text, theirs.content))
            if sum(word in there for word in words) >= SAME_WORDS * len(words):
                return _carried(one)
    return None


# --------------------------------------------------------------------------- before the source


@rule("speakers: the name beside the cue, not the next paragraph's", otherwise=lambda *_: None)
def _beside_cue(reader: _Reader, said: Said) -> Span | None:
    """Return the name right beside a cue whose source was sought in another paragraph."""
    paragraph, (low, high) = reader.discourse.paragraph, said.cue_at
    if low < 0 or paragraph(said.source[0][0]) == paragraph(low):
        return None
    for mention in reader.cast.within(max(0, low - 60), high + 60):
        after = reader.text[high : mention.start] == " "
        if mention.label in ("PERSON", "ORG") and (after or reader.text[mention.end : low] == " "):
            return mention.start, mention.end
    return None


@rule("speakers: words that a source lost", otherwise=lambda text, low, high, cue: (low, high))
def _whole(text: str, low: int, high: int, cue: int) -> Span:
    """Return a source with its article and all up to its cue: "A | woman | at the meeting"."""
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
    if is_acronym(written) or written.lower() not in RELATIVE:
        return None
    begun = reader.discourse.sentence(max(0, low - 1))
    end = len(reader.text[:low].rstrip(" ,"))
    clause = _CLAUSE.split(reader.text[max(begun, low - 120) : end])[-1]
    if len(clause) > 3:
        span = _trimmed(reader.text, end - len(clause), low)
        return reader.refer(*span, said)._replace(resolution="pronoun")
    for place in reader.discourse.before(low, low - begun):
        if place.subject and not place.quoted and place.referent.kind:
            return Found(place.referent, "pronoun")
    return Found(Referent(written, "", ""), "none")


@rule("speakers: pronouns", otherwise=lambda *_: None)
def _pronoun(reader: _Reader, low: int, high: int, said: Said) -> Found | None:
    """Return whom "he", "it" or "they" means."""
    written = reader.text[low:high]
    if is_acronym(written) or written.lower() not in PRONOUNS:
        return None
    goes_on = bool(_GOES_ON.search(said.cue))
    pronoun = PRONOUNS[written.lower()]
    referent = reader.discourse.meant(low, pronoun, said.content, goes_on)
    if referent is None:
        return Found(Referent(written, "", ""), "none")
    reader.discourse.add(low, high, referent)
    return Found(referent, "pronoun")


def _named(reader: _Reader, low: int, high: int, said: Said) -> Found | None:
    """Return the names in the words."""
    parts = list(dict.fromkeys(references.named(reader.cast, low, high)))
    if not parts:
        given = describe(reader.text[low:high])
        inside = reader.cast.within(low, high) if given.head and given.name else []
        parts = [mention.referent for mention in inside if mention.text == given.name][:1]
        known = None if given.head else reader.cast.find(reader.text[low:high])
        parts = [known] if known else parts
    if not parts:
        return None
    return Found(parts[0] if len(parts) == 1 else together(parts), "name")


@rule("speakers: a spokesperson is the body", otherwise=lambda *_: None)
def _spoken_for(reader: _Reader, low: int, high: int, said: Said) -> Found | None:
    """Return the body a spokesperson without a name speaks for."""
    written = reader.text[low:high]
    if not _SPEAKS_FOR.search(written):
        return None
    first = references.segments(reader.text, low, high)[0]
    inside = reader.cast.within(*first)
    bodies = [m for m in inside if m.label == "ORG"] or [m for m in inside if m.label == "GPE"]
    if bodies and not any(m.label == "PERSON" for m in inside):
        return Found(bodies[0].referent, "name")
    of = _OF_BODY.search(reader.text, low, first[1])
    owner = _OWNER.match(reader.text, low, high)
    if of or owner:
        span = (of.end(), first[1]) if of else (low, owner.end("noun"))
        found = _described(reader, *span, said)
        if (
            found.referent.kind == "body"
            or describe(reader.text[slice(*span)]).kind == "organisation"
        ):
            return Found(found.referent, "description")
        return None
    description = describe(written)
    if description.determiner == "its" or not description.modifiers and " for " not in written:
        body = reader.discourse.thing(low, said.content)
        if body is not None and body.kind == "body":
            return Found(body, "pronoun" if description.owned else "description")
    return None


def _described(reader: _Reader, low: int, high: int, said: Said) -> Found:
    """Return somebody known whom a description takes up, or else a new one so described."""
    written = reader.text[low:high]
    description = describe(written)
    for take_up in (_supplied, _taken_up, _in_headline, _last_to_speak):
        referent = take_up(reader, low, description, said)
        if referent is not None:
            reader.discourse.add(low, high, referent)
            return Found(referent, "description")
    inside = reader.cast.within(low, high)
    named = bool(inside) and inside[0].start == low
    return Found(reader.remember(low, high, description, named), "none")


STEPS: tuple[Callable[[_Reader, int, int, Said], Found | None], ...] = (
    _relative,
    _pronoun,
    _named,
    _spoken_for,
    _described,
)


# ------------------------------------------------------------------ whom a description takes up


@rule("speakers: another of those described", otherwise=lambda *_: None)
def _supplied(reader: _Reader, low: int, description: Description, said: Said) -> Referent | None:
    """Return "another grower" for "another" after "one grower"."""
    which, words = description.pronoun, description.text.split()
    if len(words) > 1 and words[1] != "of" or which not in _BARE:
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
        referent.male = gender_told(known.noun)
        reader.described.append(referent)
        return referent
    return None


def _taken_up(reader: _Reader, low: int, description: Description, said: Said) -> Referent | None:
    """Return the name, or the one described before, whom "the minister" takes up."""
    if low < OPENING and not description.plural and description.determiner in ("", "a", "an"):
        known = references.named_later(reader.cast, low, description)
        known = known or references.named_in_full(reader.text, low, description)
        if known is not None:
            return known
    if not (description.points_back or description.owned or description.bare):
        return None
    known = references.named_before(reader.cast, low, description)
    return known or (
        _made_by(reader, low, description)
        if description.kind == "document"
        else _described_before(reader, low, description)
    )


@rule("speakers: the same description", otherwise=lambda *_: None)
def _described_before(reader: _Reader, low: int, description: Description) -> Referent | None:
    """Return the source described before by the same noun."""
    words = set(description.modifiers)
    for earlier in reversed(reader.described[-30:]):
        known = describe(earlier.speaker)
        same = known.noun == description.noun and earlier.plural == description.plural
        if same and words <= set(earlier.speaker.lower().split()):
            return earlier
    return None


@rule("speakers: whose report a report is", otherwise=lambda *_: None)
def _made_by(reader: _Reader, low: int, description: Description) -> Referent | None:
    """Return a document under the words that first tell whose it is: "a report by X"."""
    known = _described_before(reader, low, description)
    if known is not None or description.bare:
        return known
    noun = re.escape(description.noun)
    found = re.finditer(
        rf"\b(?P<owner>(?:[Ii]ts|[Hh]is|[Hh]er|[Tt]heir)\b|{_CAPITALS}[’']s?)\s+(?:[\w-]+\s+)?{noun}\b"
        rf"|\b(?:an?|the)\s+(?:[\w’'-]+\s+){{0,4}}{noun}\s+(?:by|from)\s+(?:the\s+)?{_CAPITALS}"
        rf"|(?<=[a-z]\s){_CAPITALS}\s+{noun}\b",
        reader.text[:low],
    )
    made = next((one for one in found if DAYS.isdisjoint(re.findall(r"\w+", one.group()))), None)
    if made is None:
        return None
    fuller = noun_phrases.shorten(made.group(), not made.group().startswith(("A", "The")))
    pronoun = (made["owner"] or "").lower()
    if pronoun in noun_phrases.words("possessive"):
        owner = reader.discourse.meant(made.start(), PRONOUNS[pronoun], [])
        if owner is None or not owner.named:
            return None
        fuller = f"{owner.speaker}’s {description.noun}"
    reader.described.append(Referent(fuller, "", "document", plural=description.plural))
    return reader.described[-1]


@rule("speakers: what the headline called the same", otherwise=lambda *_: None)
def _in_headline(
    reader: _Reader, low: int, description: Description, said: Said
) -> Referent | None:
    """Return what the headline called the same without an article: "Engineer’s memo"."""
    if description.determiner not in ("a", "an") or low >= OPENING:
        return None
    for earlier in reader.described:
        known = describe(earlier.speaker)
        if known.noun == description.noun and not known.determiner and not known.plural:
            return earlier
    return None


@rule("speakers: the last to speak goes on", otherwise=lambda *_: None)
def _last_to_speak(
    reader: _Reader, low: int, description: Description, said: Said
) -> Referent | None:
    """Return the last to speak for "the official added"."""
    last = reader.discourse.last
    if last is None or not description.points_back or not _GOES_ON.search(said.cue):
        return None
    same = last.kind == description.kind == "person" and last.plural == description.plural
    return last if same else None


# ------------------------------------------------------------------------------ behind an outlet


@rule("speakers: behind an outlet", otherwise=lambda *_: None)
def _first_source(reader: _Reader, high: int, said: Said) -> Found | None:
    """Return who an outlet reports: "Xi said …, Xinhua reported", "…, citing officials"."""
    behind = (high, said.content[-1][1])
    citing = [_CITING.match(reader.text, at, min(len(reader.text), at + 160)) for at in behind]
    if citing := citing[0] or citing[1]:
        low = citing.start("whom")
        found = reader.refer(low, _PHRASE.match(reader.text, low).end(), said)
        described = found.resolution == "none"
        return found._replace(resolution="description") if described else found
    start, end = said.content[0]
    sentence = reader.discourse.sentence(start)
    saying = _AS_SAYING.match(reader.text, high)
    inner = _inner().match(reader.text, start, end)
    beside = _inner().match(reader.text, sentence, start)
    behind = beside and not reader.text[beside.end() : start].strip(' ,“”"').removeprefix("that")
    for match in (saying, inner, beside if behind else None):
        found = reader.refer(*match.span("who"), said) if match else None
        if found and found.resolution != "none" and not found.referent.outlet:
            return found
    return None


@cache
def _inner() -> re.Pattern[str]:
    """Return what finds who speaks inside the words an outlet reports: "Xi said that …"."""
    somebody = r"(?:(?:the|a|an|one)\s+)?[^\W\d_][\w’'.-]*(?:\s+[^\W\d_][\w’'.-]*){0,8}?"
    opening = r"(?:(?:During|In|At|On|After|Before|Earlier|Later)\b[^,.]{0,60},\s+)?"
    adverb = r"(?:(?:also|had|has|later|then)\s+){0,2}"
    return re.compile(rf"{opening}(?P<who>{somebody})\s+{adverb}{saying_pattern(SPEAKING)}\b")


# ------------------------------------------------------------------------------------ words


def _carried(found: Resolved) -> Resolved:
    return found._replace(resolution="carried") if found.speaker else UNKNOWN


def _words(text: str, spans: list[list[int]]) -> list[str]:
    return [w.lower() for start, end in spans for w in re.findall(r"\w+", text[start:end])]


def _trimmed(text: str, low: int, high: int) -> Span:
    while high > low and text[high - 1] in EDGE:
        high -= 1
    while low < high and text[low] in EDGE:
        low += 1
    return low, high
