"""Who speaks: from the words that name the source to one speaker.

What cannot be resolved stays as written and says so; nothing is guessed silently.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from helpers.annotate import callings, descriptions, source_names
from helpers.annotate.cast import REACH, Cast, together
from helpers.annotate.descriptions import SENTENCE_END, Description, describe
from helpers.annotate.noun_phrases import is_plural, singular
from helpers.annotate.pronouns import HE, IT, PRONOUNS, SHE, TITLE, Referent

RELATIVE = frozenset({"who", "which", "that", "whom"})
SAME_WORDS = 0.8  # share of a headline's quoted words that stand in an attribution of the story
OPENING = 1500  # characters from the start in which a headline may stand, and a description for a
# later name

_SPEAKS_FOR = re.compile(
    r"\bspokes(?:man|woman|person|people)\b|\bpress (?:office|service)\b", re.IGNORECASE
)
_CITING = re.compile(r"\b(?:citing|quoting)\s+(?P<whom>[^\n]{3,120})")
_CITING_BEHIND = re.compile(r"[”\"’']*,\s+(?:citing|quoting)\s+(?P<whom>[^\n]{3,120})")
_SAID = (
    r"(?:also\s+|had\s+|has\s+|later\s+|then\s+)*"
    r"(?:said|says|told|added|warned|claimed|announced|stated|vowed|declared|denied|insisted|argued)"
)
_SOMEBODY = r"(?:(?:the|a|an|one)\s+)?[^\W\d_][\w’'.-]*(?:\s+[^\W\d_][\w’'.-]*){0,8}?"
_OPENING = r"(?:(?:During|In|At|On|After|Before|Earlier|Later)\b[^,.]{0,60},\s+)?"
_INNER = re.compile(rf"{_OPENING}(?P<who>{_SOMEBODY})\s+{_SAID}\b")
_BESIDE = re.compile(rf"{_OPENING}(?P<who>{_SOMEBODY})\s+{_SAID}(?:\s+(?:\w+\s+){{0,4}}?that)?\s*$")
_AS_CITED = re.compile(
    r"[,”\"]*\s*said\s+(?P<who>[^\n,.;“”\"]{2,60}?),?(?:\s[^\n.;“”\"]{0,90}?)?,?\s+"
    r"(?:as\s+)?(?:cited|quoted|reported|carried)\s+by\b"
)
_AS_SAYING = re.compile(
    r",?\s+(?:\w+\s+)?(?:quoted|cited)\s+(?P<who>[^\n.;“”\"]{2,60}?)\s+as\s+(?:saying|telling)\b"
)
_GOES_ON = re.compile(r"\b(?:add(?:s|ed|ing)?|continu(?:es|ed|ing)|went on|goes on|also)\b")
_ANOTHER_VERB = re.compile(r"[.!?][\s”\"]|\n|,\s+and\s+\w+(?:ed|s)\b")
_READS = re.compile(r"(?:also\s+)?(?:says|reads|states|goes on)")
_ITS_NAME = re.compile(
    r"[^.!?;“”\"\n]{0,80}?\b(?:first name|name),?\s+(?:only\s+)?(?:as\s+)?(?P<name>[A-Z][\w’'-]+)"
)
_OTHERS_TOO = re.compile(r"\s+(?:and|as well as)\s+(?=[a-z]|(?:the|its|his|her|their)\s)")
_PASSIVE = re.compile(r"(?:is|are|was|were|be|been|being)\b|.*\b(?:been|being)\b|according\b")
_BEING = re.compile(r"\b(?:is|are|was|were|be|been|being|came|comes)\b|according\b")
_BARE = frozenset({"another", "one", "several", "some", "others", "both", "two", "three", "many"})
_LOST_ARTICLE = re.compile(r"(?<!\w)(?P<article>the|an?|one|another)\s+$", re.IGNORECASE)
_POSSESSIVES = frozenset({"his", "her", "its", "their"})
_TAIL = re.compile(r"\s(?:of|at|from|with|near)\s[\w’'-]+(?:\s[\w’'-]+){0,4}\s*")
_AT_PLACE = re.compile(r"\s(?:at|in|from|on)\s(?:the\s)?[\w’'-]+(?:\s[A-Z][\w’'-]*)*$")
_VERB = re.compile(r"\s+(?:has|have|had|is|are|was|were|will|would|did|does)\b")
_RELATIVE_CLAUSE = re.compile(r"\b(?:who|which|that|whose)\b")
_NAMES_ITSELF = re.compile(
    r",?\s+(?:(?:which|who|that)\s+(?:\w+\s+){0,4}?)?"
    r"(?:calls?|calling|called|named|known|goes|go|nicknamed|dubbed)\b"
)
_APPOSED = re.compile(r",\s+(?:(?:the|an?|his|her|its)\s+)?(?!(?:of|for|in|at|on|who|which)\s)")
_CAPITALS = r"[A-Z][\w&.-]*(?:\s+(?:(?:of|for|and|the)\s+)?[A-Z][\w&.-]*)*"
_MAKER = rf"\s+(?:by|from)\s+(?:the\s+)?{_CAPITALS}"


class Resolved(NamedTuple):
    """Who speaks, which entity that is, and how it was found."""

    speaker: str
    speaker_id: str
    resolution: str


class _Said(NamedTuple):
    """The spans of one attribution that its speaker is read from."""

    source: list[list[int]]
    content: list[list[int]]
    cue: str
    form: str
    at: int
    cue_at: int


UNKNOWN = Resolved("", "", "none")
ROW_COLUMNS = ("source_spans", "spans", "cue", "form", "cue_spans")


def add_speaker(
    attributions: pd.DataFrame,
    articles: pd.DataFrame,
    mentions: pd.DataFrame,
    entities: pd.DataFrame,
) -> pd.DataFrame:
    """Return the attributions with `speaker`, `speaker_id` and `resolution` filled.

    `mentions` need their `entity_id`. `speaker` is the canonical name of the entity the source
    names or refers to; or a description, in the words of the first attribution to the same
    source. Several who speak as one are joined by " and ", their ids by ";" in the same order,
    with an empty place for one who has no entity.
    """
    canonical = dict(zip(entities["entity_id"], entities["entity"], strict=True))
    texts = dict(zip(articles["article_id"], articles["text"], strict=True))
    outlets = (
        dict(zip(articles["article_id"], articles["outlet"], strict=True))
        if "outlet" in articles
        else {}
    )
    named: dict[str, list[tuple]] = defaultdict(list)
    columns = ["article_id", "start", "end", "text", "label", "entity_id"]
    for article_id, *mention in mentions[columns].itertuples(index=False, name=None):
        named[article_id].append(tuple(mention))
    rows: dict[str, list[int]] = defaultdict(list)
    for position, article_id in enumerate(attributions["article_id"]):
        rows[article_id].append(position)
    columns = [attributions[column].tolist() for column in ROW_COLUMNS]
    resolved = [UNKNOWN] * len(attributions)
    for article_id, positions in rows.items():
        own = [[column[position] for position in positions] for column in columns]
        text, outlet = texts.get(article_id, ""), outlets.get(article_id, "")
        found = find_speakers(own, text, outlet, named[article_id], canonical)
        for position, speaker in zip(positions, found, strict=True):
            resolved[position] = speaker
    index = attributions.index
    return attributions.assign(
        **{
            name: pd.Series([r[i] for r in resolved], index=index, dtype=object)
            for i, name in enumerate(Resolved._fields)
        }
    )


def find_speakers(
    columns: Sequence[Sequence],
    text: str,
    outlet: str,
    mentions: Iterable[tuple],
    canonical: Mapping[str, str],
) -> list[Resolved]:
    """Return the speakers of one article's attributions, given as their `ROW_COLUMNS`.

    A mention is (start, end, text, label, entity_id); `canonical` are the entities' names by id.
    """
    said = [
        _Said(
            source,
            content,
            cue,
            form,
            source[0][0] if source else content[0][0],
            cues[0][0] if cues else -1,
        )
        for source, content, cue, form, cues in zip(*columns, strict=True)
    ]
    return _Article(Cast(text, sorted(mentions), canonical, outlet)).resolve(said)


class _Article:
    """What is known of an article while its attributions are read in order."""

    def __init__(self, cast: Cast) -> None:
        self.text = cast.text
        self.cast = cast
        self.discourse = cast.discourse
        self.described: list[Referent] = []
        self._sources: list[tuple[int, int]] = []
        self._said_words: dict[int, frozenset[str]] = {}

    def _read_to(self, low: int) -> None:
        """Follow the narrative up to an offset: people described without a name, and pronouns."""
        begun = self.discourse.read
        for start, end, description in descriptions.find_phrases(self.text, begun, low):
            head = start + descriptions.head_end(self.text[start:end])
            if self.discourse.in_quotes(start) or self.cast.within(start, head + 1):
                continue
            if self._taken_up(start, head, description):
                continue
            named = bool(_APPOSED.match(self.text, end)) and self.cast.within(end, end + 40)
            before = self.cast.before(start, 60)
            named = named or before and self.text[before[-1].end : start] == ", "
            if (description.definite and not description.plural) or named:
                continue
            if description.plural and not self.discourse.opens_clause(start):
                continue
            at = bisect_right(self._sources, (start, len(self.text))) - 1
            if at >= 0 and start < self._sources[at][1]:
                continue
            self._remember(start, end, description)
        self.discourse.read_to(low)

    def _taken_up(self, start: int, end: int, description: Description) -> bool:
        """Note whom a subject such as "the company" takes up in the narrative; tell if anybody."""
        if description.determiner != "the" or description.kind != "organisation":
            return False
        if description.plural or not self.discourse.opens_clause(start):
            return False
        written = self.text[start:end]
        referent = callings.named_before(self.cast, start, written, description)
        if referent is not None:
            self.discourse.add(start, end, referent)
        return referent is not None

    def _remember(self, low: int, high: int, description: Description, named=False) -> Referent:
        """Return a new referent for those whom a phrase describes."""
        given = _ITS_NAME.match(self.text, high) if description.kind == "person" else None
        if given and not description.plural:
            referent = self.cast.find(given["name"]) or self.cast.enlist(given["name"], "person")
            self.discourse.add(low, high, referent)
            return referent
        shortened = descriptions.shorten(self.text[low:high], named)
        referent = Referent(shortened, "", _what(description), plural=description.plural)
        referent.male = _gender_told(description.noun)
        self.described.append(referent)
        self.discourse.add(low, high, referent)
        return referent

    def resolve(self, said: list[_Said]) -> list[Resolved]:
        """Return the speaker of each attribution."""
        self._sources = sorted((low, high) for one in said for low, high in one.source)
        found = [UNKNOWN] * len(said)
        order = sorted(range(len(said)), key=lambda i: said[i].at)
        waiting: list[int] = []
        for place, i in enumerate(order):
            before = order[place - 1] if place else None
            self.discourse.report(
                (start, end)
                for earlier in order[max(0, place - 12) : place]
                if said[earlier].form != "direct"
                for start, end in said[earlier].content
            )
            if said[i].source:
                found[i] = self._from_source(said[i])
                if self._carries_on(said[i], [said[j] for j in order[:place]]):
                    found[i] = _carried(found[i])
            elif said[i].cue and (subject := self._subject_of(said[i])) is not None:
                found[i] = _resolved(subject, "name")
                self.discourse.speak(subject, said[i].cue_at)
            elif before is not None and self._goes_on(said[before], said[i]):
                found[i] = _carried(found[before])
            if not said[i].source and said[i].form == "direct" and not said[i].cue:
                waiting.append(i)
        waiting += [i for i in order if self._only_described(said[i], found[i])]
        for i in waiting:
            found[i] = self._repeated(said, found, i) or self._next(said, found, i) or found[i]
        return found

    # ------------------------------------------------------------------------ without a source

    def _goes_on(self, before: _Said, now: _Said) -> bool:
        """Tell whether words without a source go on from those before them.

        A quotation without a cue goes on in the same paragraph or the next; a second verb ("and
        added that …") in the same sentence.
        """
        begun, reached = now.content[0][0], max(end for _, end in before.content)
        reached = max([reached, *(end for _, end in before.source)])
        if not now.cue:
            apart = self.discourse.paragraph(begun) - self.discourse.paragraph(reached)
            return now.form == "direct" and apart <= 1
        if _PASSIVE.match(now.cue) or begun < reached:
            return False
        between = self.text[reached:begun]
        joined = re.match(r"[,”\"]*\s*(?:and|but|while|as well as|,)\b|,\s", between)
        return bool(joined) and not SENTENCE_END.search(between)

    def _subject_of(self, said: _Said) -> Referent | None:
        """Return the name that opens the sentence right before a cue: "Marland has asked …"."""
        begun = self.discourse.sentence(said.cue_at)
        inside = self.cast.within(begun, said.cue_at)
        whole = inside and inside[0].start == begun and inside[0].label in ("PERSON", "ORG", "GPE")
        if not whole or self.text[inside[0].end : said.cue_at].strip():
            return None
        return None if _BEING.search(said.cue) else inside[0].referent

    def _only_described(self, said: _Said, found: Resolved) -> bool:
        """Tell whether a headline quotes somebody under a description: "Student held: “…”"."""
        quoted = said.form == "direct" and bool(said.source) and said.cue == ":"
        return quoted and not found.speaker_id and said.at < OPENING

    def _carries_on(self, now: _Said, earlier: list[_Said]) -> bool:
        """Tell whether a quotation goes on in a later paragraph than the source it shares."""
        line = self.discourse.paragraph(now.content[0][0])
        return line > self.discourse.paragraph(now.source[-1][1]) and any(
            other.source == now.source and other.content[0][0] < now.content[0][0]
            for other in earlier
        )

    def _repeated(self, said: list[_Said], found: list[Resolved], i: int) -> Resolved | None:
        """Return who says the same words elsewhere: a headline quotes the story."""
        words = _words(self.text, said[i].content)
        if len(words) < 3:
            return None
        for other, theirs in enumerate(said):
            if other != i and theirs.source and found[other].speaker:
                there = self._words_of(other, theirs)
                if sum(word in there for word in words) >= SAME_WORDS * len(words):
                    return _carried(found[other])
        return None

    def _words_of(self, number: int, said: _Said) -> frozenset[str]:
        if number not in self._said_words:
            self._said_words[number] = frozenset(_words(self.text, said.content))
        return self._said_words[number]

    def _next(self, said: list[_Said], found: list[Resolved], i: int) -> Resolved | None:
        """Return who speaks next in the paragraph, when a quotation without a source opens it."""
        line = self.discourse.paragraph(said[i].content[-1][1])
        beside = [
            (theirs.at, found[other])
            for other, theirs in enumerate(said)
            if other != i and theirs.source and self.discourse.paragraph(theirs.at) == line
        ]
        if not beside or min(beside)[0] < said[i].at:
            return None
        return _carried(min(beside)[1])

    # --------------------------------------------------------------------------- from a source

    def _from_source(self, said: _Said) -> Resolved:
        low, high = self._whole(*_trimmed(self.text, said.source[0][0], said.source[-1][1]), said)
        self._read_to(low)
        found, referent = self._refer(low, high, said)
        if referent.outlet or callings.is_outlet(found.speaker, self.text[low:high]):
            first = self._first_source(high, said)
            if first is not None:
                found, referent = first
        self.discourse.speak(referent, high)
        return found

    def _whole(self, low: int, high: int, said: _Said) -> tuple[int, int]:
        """Return a source span with the article it lost, a noun after "his", and no verb."""
        article = _LOST_ARTICLE.search(self.text, max(0, low - 9), low)
        if article and self.text[low].islower():
            low = article.start("article")
        if self.text[low:high].lower() in _POSSESSIVES and 0 < said.cue_at - high < 50:
            following = self.text[high : said.cue_at]
            if re.fullmatch(r"\s[a-z][\w\s’'-]+", following):
                return _trimmed(self.text, low, said.cue_at)
        tail = self.text[high : said.cue_at] if high < said.cue_at < high + 60 else ""
        if _TAIL.fullmatch(tail):
            return low, high + len(tail.rstrip())
        verb = _VERB.search(self.text, low, high)
        if verb and not _RELATIVE_CLAUSE.search(self.text, low, verb.start()):
            return low, verb.start()
        return low, high

    def _refer(self, low: int, high: int, said: _Said) -> tuple[Resolved, Referent]:
        """Return whom the words of a span mean; a new referent where they are only described."""
        written = self.text[low:high]
        word = written.lower()
        if word in RELATIVE:
            begun = self._phrase_before(low)
            if begun < low:
                end = _trimmed(self.text, begun, low)[1]
                found, referent = self._refer(begun, end, said)
                return found._replace(resolution="pronoun"), referent
            return self._subject_before(low, written)
        if word in PRONOUNS:
            referent = self._pronoun(low, PRONOUNS[word], said)
            if referent is not None:
                self.discourse.add(low, high, referent)
                return _resolved(referent, "pronoun"), referent
            return Resolved(written, "", "none"), Referent(written, "", "")
        parts = source_names.named(self.cast, low, high) or self._named_with(low, high, said)
        if not parts and _SPEAKS_FOR.search(written):
            owner = self._spoken_for(low, high, said)
            if owner is not None:
                return owner
        if not parts:
            parts = self._named_beyond(low, high)
        if parts:
            return self._joined(parts)
        return self._described(low, high, said)

    def _named_beyond(self, low: int, high: int) -> list[Referent]:
        """Return the name right after a description: "the minister, Lena Marr,", "who call …"."""
        naming = _NAMES_ITSELF.match(self.text, high)
        if naming:
            called = source_names.name_given(self.cast, low, min(len(self.text), naming.end() + 60))
            return [called] if called is not None else []
        comma = re.compile(r",\s+").match(self.text, high)
        if comma is None or not _takes_up(describe(self.text[low:high])):
            return []
        apposed = self.cast.within(comma.end(), comma.end() + 60)[:1]
        whole = apposed and apposed[0].start == comma.end() and self.text[apposed[0].end] == ","
        return [apposed[0].referent] if whole and apposed[0].label in ("PERSON", "ORG") else []

    def _joined(self, parts: list[Referent]) -> tuple[Resolved, Referent]:
        parts = list(dict.fromkeys(parts))
        if len(parts) == 1:
            return _resolved(parts[0], "name"), parts[0]
        joint = together(parts)
        return _resolved(joint, "name"), joint

    # ----------------------------------------------------------------------------------- names

    def _named_with(self, low: int, high: int, said: _Said) -> list[Referent]:
        """Return somebody named and others described beside them: "the U.S. and its allies"."""
        start, end = source_names.segments(self.text, low, high)[0]
        joining = _AND_ALONE.search(self.text, start, end)
        if not joining:
            return []
        halves = [(start, joining.start()), (joining.end(), end)]
        named = [source_names.named(self.cast, *half) for half in halves]
        if all(named) or not any(named):
            return []
        other = describe(self.text[slice(*halves[bool(named[0])])])
        role = not named[0] and not other.plural  # "the author and critic Mara Quist"
        if role or not (other.plural or other.determiner):
            return []
        return [
            part
            for half, names_there in zip(halves, named, strict=True)
            for part in names_there or [self._described(*half, said)[1]]
        ]

    # ------------------------------------------------------------------------------- pronouns

    def _pronoun(self, low: int, pronoun: str, said: _Said) -> Referent | None:
        goes_on = bool(_GOES_ON.search(said.cue))
        if pronoun in (HE, SHE):
            return self.discourse.person(low, pronoun, said.content, goes_on)
        if pronoun == IT:
            reads = bool(_READS.fullmatch(said.cue))
            return self.discourse.thing(low, said.content, goes_on, reads)
        return self.discourse.group(low, said.content, goes_on)

    def _subject_before(self, low: int, written: str) -> tuple[Resolved, Referent]:
        """Return whom "who" means away from its noun: what opens the sentence."""
        for place in self.discourse.before(low, low - self.discourse.sentence(max(0, low - 1))):
            if place.subject and not place.quoted and place.referent.kind:
                return _resolved(place.referent, "pronoun"), place.referent
        return Resolved(written, "", "none"), Referent(written, "", "")

    def _phrase_before(self, low: int) -> int:
        """Return where the noun phrase before a relative pronoun begins."""
        end = len(self.text[:low].rstrip(" ,"))
        begun = max(self.discourse.sentence(max(0, low - 1)), low - 120)
        clause = re.split(
            r"[,;:“”\"]\s*|\b(?:and|but|said|says|told|by|to|from|of|with)\s+", self.text[begun:end]
        )[-1]
        return end - len(clause) if len(clause) > 3 else low

    # ----------------------------------------------------------------------- those spoken for

    def _spoken_for(self, low: int, high: int, said: _Said) -> tuple[Resolved, Referent] | None:
        """Return the body a spokesperson without a name speaks for."""
        written = self.text[low:high]
        first = source_names.segments(self.text, low, high)[0]
        inside = self.cast.within(*first)
        bodies = [m for m in inside if m.label == "ORG"] or [m for m in inside if m.label == "GPE"]
        if bodies and not any(m.label == "PERSON" for m in inside):
            return _resolved(bodies[0].referent, "name"), bodies[0].referent
        of = re.search(
            r"\b(?:for|of|from|with|at)\s+(?=(?:the|its|their)\s)", written[: first[1] - low]
        )
        owner = re.match(r"(?:the\s+)?(?P<noun>[\w-]+)[’']s\s", written)
        if of or owner:
            span = (low + of.end(), first[1]) if of else (low, low + owner.end("noun"))
            found, referent = self._described(*span, said)
            body = (
                referent.kind == "body" or describe(self.text[slice(*span)]).kind == "organisation"
            )
            if not body:
                return None
            resolution = "description" if found.resolution == "none" else found.resolution
            return found._replace(resolution=resolution), referent
        description = describe(written)
        if description.determiner == "its" or not description.modifiers and " for " not in written:
            body = self.discourse.thing(low, said.content)
            if body is not None and body.kind == "body":
                how = "pronoun" if description.owned else "description"
                return _resolved(body, how), body
        return None

    # ---------------------------------------------------------------------------- descriptions

    def _described(self, low: int, high: int, said: _Said) -> tuple[Resolved, Referent]:
        written = self.text[low:high]
        description = describe(written)
        referent = None
        if description.head == "" and description.determiner in _BARE:
            referent = self._supplied(description)
        elif _takes_up(description):
            referent = callings.named_before(
                self.cast, low, written, description
            ) or self._described_before(low, written, description)
        elif description.determiner in ("a", "an") and low < OPENING:
            referent = self._in_headline(description)
        if referent is None and low < OPENING:
            referent = callings.named_later(self.cast, low, high, description)
        if referent is None and description.definite and _GOES_ON.search(said.cue):
            last = self.discourse.last
            if (
                last
                and last.kind == description.kind == "person"
                and last.plural == description.plural
            ):
                referent = last
        if referent is not None:
            self.discourse.add(low, high, referent)
            joined = _OTHERS_TOO.search(written)
            if joined and not description.plural and describe(written[joined.end() :]).plural:
                others = descriptions.shorten(written[joined.end() :])
                referent = together([referent, Referent(others, "", "", plural=True)])
            return _resolved(referent, "description"), referent
        full = self._in_full(low, high, description)
        if full:
            referent = Referent(full, "", "body")
            self.described.append(referent)
            self.discourse.add(low, high, referent)
            return _resolved(referent, "description"), referent
        inside = self.cast.within(low, high)
        named = bool(inside) and inside[0].start == low
        referent = self._remember(low, high, description, named)
        return Resolved(referent.speaker, "", "none"), referent

    def _in_full(self, low: int, high: int, description: Description) -> str:
        """Return what the story calls the body that its headline calls by a noun: "Council"."""
        bare = not description.determiner and not description.modifiers and not description.plural
        if not bare or description.kind != "organisation" or low >= OPENING:
            return ""
        noun = re.escape(description.noun)
        full = rf"\b(?!(?:The|A|An|Its|In)[ ])(?:[A-Z][\w&’'-]*[ ])+{noun}\b"
        found = {match.group() for match in re.finditer(full, self.text[high:])}
        return found.pop() if len(found) == 1 else ""

    def _in_headline(self, description: Description) -> Referent | None:
        """Return what the headline called the same without an article: "Engineer’s memo"."""
        for earlier in self.described:
            known = describe(earlier.speaker)
            if known.noun == description.noun and not known.determiner and not known.plural:
                return earlier
        return None

    def _supplied(self, description: Description) -> Referent | None:
        """Return "another grower" for "another" after "one grower"."""
        for earlier in reversed(self.described[-6:]):
            known = describe(earlier.speaker)
            if known.kind in ("person", "") and known.head:
                noun = known.noun if description.determiner in ("another", "one") else known.head
                place = _AT_PLACE.search(earlier.speaker)
                if place and description.determiner == "another":
                    noun += place.group()
                speaker = f"{description.determiner} {noun}"
                if known.plural and description.determiner == "one":
                    speaker = f"one of {earlier.speaker}"
                if description.plural and not is_plural(noun):
                    speaker = f"{description.determiner} {noun}s"
                referent = Referent(speaker, "", "person", plural=description.plural)
                referent.male = _gender_told(noun)
                self.described.append(referent)
                return referent
        return None

    def _described_before(
        self, low: int, written: str, description: Description
    ) -> Referent | None:
        """Return the source described before by the same noun, or its first full description."""
        words = set(description.modifiers)
        for earlier in reversed(self.described[-30:]):
            known = describe(earlier.speaker)
            same = known.noun == description.noun and earlier.plural == description.plural
            if same and words <= set(earlier.speaker.lower().split()):
                return earlier
        if not description.plural and description.kind != "document":
            return None
        fuller = self._fuller(low, description)
        if not fuller:
            return None
        referent = Referent(fuller, "", _what(description), plural=description.plural)
        self.described.append(referent)
        return referent

    def _fuller(self, low: int, description: Description) -> str:
        """Return the fuller description of the same earlier: "unidentified city officials"."""
        if description.kind == "document":
            return self._made_by(low, description)
        noun = re.escape(description.head)
        text = self.text[max(0, low - REACH) : low]
        found = ""
        for match in re.finditer(rf"\b((?:[\w’'.-]+\s+){{1,3}}){noun}\b", text):
            words = match.group(1).split()
            while words and _NOT_DESCRIBING.fullmatch(words[0]):
                words.pop(0)
            if words and not any(_NOT_DESCRIBING.fullmatch(word) for word in words):
                found = " ".join([*words, description.head])
        return found

    def _made_by(self, low: int, description: Description) -> str:
        """Return the first words that tell whose document it is: "a report by X", "its report"."""
        noun = re.escape(description.head)
        pattern = (
            rf"\b(?P<owner>(?:[Ii]ts|[Hh]is|[Hh]er|[Tt]heir)\b|{_CAPITALS}[’']s?)\s+"
            rf"(?:[\w-]+\s+){{0,1}}{noun}\b|\b(?:an?|the)\s+(?:[\w’'-]+\s+){{0,4}}{noun}{_MAKER}"
            rf"|(?<=[a-z]\s){_CAPITALS}\s+{noun}\b"
        )
        made = re.search(pattern, self.text[:low])
        if made is None:
            return ""
        pronoun = PRONOUNS.get((made.group("owner") or "").lower())
        if pronoun is None:
            return descriptions.shorten(made.group(), not made.group().startswith(("A", "The")))
        owner = self._owner(made.start(), pronoun)
        return f"{owner.speaker}’s {description.head}" if owner and owner.named else ""

    def _owner(self, at: int, pronoun: str) -> Referent | None:
        if pronoun in (HE, SHE):
            return self.discourse.person(at, pronoun, [])
        return self.discourse.thing(at, []) if pronoun == IT else self.discourse.group(at, [])

    # ------------------------------------------------------------------------ behind an outlet

    def _first_source(self, high: int, said: _Said) -> tuple[Resolved, Referent] | None:
        """Return who an outlet reports: "Xi said …, Xinhua reported", "…, citing officials"."""
        text = self.text
        citing = _CITING.search(text, high, min(len(text), high + 160))
        if citing and _ANOTHER_VERB.search(text[high : citing.start()]):
            citing = None
        citing = citing or _CITING_BEHIND.match(text, said.content[-1][1])
        if citing:
            low = citing.start("whom")
            end = low + _phrase_length(citing.group("whom"))
            found, referent = self._refer(low, end, said)
            if found.resolution == "none":
                found = found._replace(resolution="description")
            return found, referent
        start, end = said.content[0]
        cited = _AS_CITED.match(text, said.content[-1][1])
        inner = _INNER.match(text, start, end)
        sentence = self.discourse.sentence(start)
        beside = _BESIDE.match(text[sentence:start].rstrip())
        saying = _AS_SAYING.match(text, high)
        for match, offset in ((cited, 0), (saying, 0), (inner, 0), (beside, sentence)):
            if match is None:
                continue
            low, high = match.start("who") + offset, match.end("who") + offset
            found, referent = self._refer(low, high, said)
            if found.resolution != "none" and not referent.outlet:
                return found, referent
        return None


# ------------------------------------------------------------------------------------ words


def _gender_told(noun: str) -> float:
    told = descriptions.gender(singular(noun))
    return {"male": TITLE, "female": -TITLE}.get(told, 0.0)


def _takes_up(description: Description) -> bool:
    """Tell whether a description takes up somebody known, as headlines do without "the"."""
    bare = not description.determiner and not description.modifiers and not description.plural
    return description.definite or description.owned or bare


def _resolved(referent: Referent, resolution: str) -> Resolved:
    return Resolved(referent.speaker, referent.speaker_id, resolution)


def _carried(found: Resolved) -> Resolved:
    return found._replace(resolution="carried") if found.speaker else UNKNOWN


def _words(text: str, spans: list[list[int]]) -> list[str]:
    return [w.lower() for start, end in spans for w in re.findall(r"\w+", text[start:end])]


def _trimmed(text: str, low: int, high: int) -> tuple[int, int]:
    while high > low and text[high - 1] in " ,;:–—":
        high -= 1
    while low < high and text[low] in " ,;:–—\n":
        low += 1
    return low, high


_AND_ALONE = re.compile(r"\s+and\s+")


def _what(description: Description) -> str:
    return {"organisation": "body"}.get(description.kind, description.kind)


def _phrase_length(words: str) -> int:
    match = re.search(r"[,.;:”\"]\s|[,.;:]$|\s(?:who|that|which|as|for|in|on|and)\s|\n", words)
    return match.start() if match else len(words)


_NOT_DESCRIBING = re.compile(
    r"(?:the|an?|of|to|in|for|and|or|by|with|as|that|this|said|says|told|but|some|these|those|their|"
    r"his|her|its|our|from|at|on|were|are|was|is|had|have|has|if|when|between|against|citing|"
    r"quoting|few|other|most|many|all|both|reported|according|warned|\w+ing)",
    re.IGNORECASE,
)
