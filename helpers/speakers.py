"""Who speaks: from the words that name the source to one speaker.

What cannot be resolved stays as written and says so; nothing is guessed silently.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from helpers import descriptions, lexicons, names
from helpers.cast import REACH, Cast, Mention, together
from helpers.descriptions import SENTENCE_END, Description, describe
from helpers.pronouns import HE, IT, PRONOUNS, SHE, TITLE, Referent

RELATIVE = frozenset({"who", "which", "that", "whom"})
OPENING = 1500  # characters from the start in which a description may stand for a later name

_SEGMENT = re.compile(r",\s+|\s[—–]\s|\s--\s|\s\(|\)")
_PREPOSITION = re.compile(
    r"\b(?:of|for|to|by|with|from|in|at|near|on|about|against|behind|inside|than|as|who|whom|"
    r"which|that|whose|said|told|called)\s",
    re.IGNORECASE,
)
_NAMING = re.compile(
    r"\b(?:called|named|nicknamed|dubbed|known (?:only )?as|as|by the name of|"
    r"call(?:s|ed|ing)? (?:itself|himself|herself|themselves))\s+(?:the\s+)?(?=[A-Z])"
)
_NAMED_AS = re.compile(
    r"\b(?:names?|nam(?:ed|ing)|known|identified|call\w*|dubbed)\b", re.IGNORECASE
)
_SPEAKS_FOR = re.compile(
    r"\bspokes(?:man|woman|person|people)\b|\bpress (?:office|service)\b", re.IGNORECASE
)
_BODY_ADDED = re.compile(r"\s*(?:$|\(|,|(?:in|of|at|for|on|under|near|across|itself)\b)")
_NEWS = re.compile(
    r"\b(?:News|Times|Post|Herald|Gazette|Tribune|Courier|Chronicle|Journal|Press|Broadcasting|"
    r"Radio|Television|TV|newspaper|broadcaster|media|news agency)\b"
)
_CITING = re.compile(r"\b(?:citing|quoting)\s+(?P<whom>[^\n]{3,120})")
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
_GOES_ON = re.compile(r"\b(?:add(?:s|ed|ing)?|continu(?:es|ed|ing)|went on|goes on|also)\b")
_PASSIVE = re.compile(r"(?:is|are|was|were|be|been|being)\b|.*\b(?:been|being)\b|according\b")
_BARE = frozenset({"another", "one", "several", "some", "others", "both", "two", "three", "many"})
_LISTED = re.compile(r",|\band\b|&")
_ARTICLE = re.compile(r"(?:(?:the|an?)\s+)?", re.IGNORECASE)
_ROLE = re.compile(r"(?:(?:[Tt]he|[Aa]n?)\s+)?(?:[A-Z][a-z’'-]*\s+(?=[a-z]))?(?:[a-z][\w’'-]*\s+)*")
_FULL_NAME = re.compile(
    r"[^\W\d_a-z][\w’'.-]*(?:\s+(?:(?:of|and|the|de|van|von|bin|al)\s+){0,2}[^\W\d_a-z][\w’'.-]*)*"
)
_LOST_ARTICLE = re.compile(r"(?<!\w)(?P<article>the|an?|one|another)\s+$", re.IGNORECASE)
_POSSESSIVES = frozenset({"his", "her", "its", "their"})
_VERB = re.compile(r"\s+(?:has|have|had|is|are|was|were|will|would|did|does)\b")
_RELATIVE_CLAUSE = re.compile(r"\b(?:who|which|that|whose)\b")
_NAMES_ITSELF = re.compile(
    r",?\s+(?:(?:which|who|that)\s+(?:\w+\s+){0,4}?)?"
    r"(?:calls?|calling|called|named|known|goes|go|nicknamed|dubbed)\b"
)
_OWNER = re.compile(r"\w[’']s\s")
_AGE = re.compile(r",\s+(?P<age>\d{1,3})\b")
_AGED = re.compile(r"(?P<age>\d{1,3})-year-old")
_BROADCASTERS = frozenset({"broadcaster", "network", "channel", "station"})
_PAPERS = frozenset({"newspaper", "paper", "daily", "weekly", "tabloid"})
_ALIKE = (_BROADCASTERS, _PAPERS)
_OUTLET_NOUNS = _BROADCASTERS | _PAPERS | {"magazine", "agency", "outlet", "website", "service"}
_COMPANY = frozenset({"company", "firm", "business", "manufacturer"})
_GENERIC = frozenset({"group", "organisation", "organization", "body", "association", "movement"})
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
    said = [
        _Said(
            source,
            content,
            cue,
            form,
            source[0][0] if source else content[0][0],
            cues[0][0] if cues else -1,
        )
        for source, content, cue, form, cues in zip(
            *(
                attributions[column]
                for column in ("source_spans", "spans", "cue", "form", "cue_spans")
            ),
            strict=True,
        )
    ]
    resolved = [UNKNOWN] * len(said)
    for article_id, positions in rows.items():
        cast = Cast(
            texts.get(article_id, ""),
            sorted(named[article_id]),
            canonical,
            outlets.get(article_id, ""),
        )
        found = _Article(cast).resolve([said[position] for position in positions])
        for position, speaker in zip(positions, found, strict=True):
            resolved[position] = speaker
    index = attributions.index
    return attributions.assign(
        **{
            name: pd.Series([r[i] for r in resolved], index=index, dtype=object)
            for i, name in enumerate(Resolved._fields)
        }
    )


class _Article:
    """What is known of an article while its attributions are read in order."""

    def __init__(self, cast: Cast) -> None:
        self.text = cast.text
        self.cast = cast
        self.discourse = cast.discourse
        self.described: list[Referent] = []
        self._sources: list[tuple[int, int]] = []

    def _read_to(self, low: int) -> None:
        """Follow the narrative up to an offset: people described without a name, and pronouns."""
        begun = self.discourse.read
        for start, end, description in descriptions.find_phrases(self.text, begun, low):
            if self.discourse.in_quotes(start) or self.cast.within(start, end + 1):
                continue
            named = self.text[end : end + 2] == ", " and self.cast.within(end, end + 40)
            if (description.definite and not description.plural) or named:
                continue
            if description.plural and not self.discourse.opens_clause(start):
                continue
            if any(low <= start < high for low, high in self._sources):
                continue
            self._remember(start, end, description)
        self.discourse.read_to(low)

    def _remember(self, low: int, high: int, description: Description, named=False) -> Referent:
        """Return a new referent for those whom a phrase describes."""
        shortened = descriptions.shorten(self.text[low:high], named)
        referent = Referent(shortened, "", _what(description), plural=description.plural)
        told = descriptions.gender(description.head)
        referent.male = {"male": TITLE, "female": -TITLE}.get(told, 0.0)
        self.described.append(referent)
        self.discourse.add(low, high, referent)
        return referent

    def resolve(self, said: list[_Said]) -> list[Resolved]:
        """Return the speaker of each attribution."""
        self._sources = [(low, high) for one in said for low, high in one.source]
        found = [UNKNOWN] * len(said)
        order = sorted(range(len(said)), key=lambda i: said[i].at)
        waiting: list[int] = []
        for place, i in enumerate(order):
            before = order[place - 1] if place else None
            self.discourse.reported = [
                (start, end)
                for earlier in order[max(0, place - 12) : place]
                if said[earlier].form != "direct"
                for start, end in said[earlier].content
            ]
            if said[i].source:
                found[i] = self._from_source(said[i])
            elif before is not None and self._goes_on(said[before], said[i]):
                found[i] = _carried(found[before])
            if not said[i].source and said[i].form == "direct" and not said[i].cue:
                waiting.append(i)
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

    def _repeated(self, said: list[_Said], found: list[Resolved], i: int) -> Resolved | None:
        """Return who says the same words elsewhere: a headline quotes the story."""
        words = _words(self.text, said[i].content)
        for other, theirs in enumerate(said):
            if other != i and theirs.source and found[other].speaker:
                hers = set(_words(self.text, theirs.content))
                if len(words) >= 3 and sum(word in hers for word in words) >= 0.8 * len(words):
                    return _carried(found[other])
        return None

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
        if _is_outlet(found.speaker, self.text[low:high]):
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
        if word in PRONOUNS:
            referent = self._pronoun(low, PRONOUNS[word], said)
            if referent is not None:
                self.discourse.add(low, high, referent)
                return _resolved(referent, "pronoun"), referent
            return Resolved(written, "", "none"), Referent(written, "", "")
        parts = self._named(low, high) or self._named_with(low, high, said)
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
            called = self._called(low, min(len(self.text), naming.end() + 60))
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

    def _named(self, low: int, high: int) -> list[Referent]:
        """Return who is named by a source span, [] when its words only describe somebody."""
        segments = _segments(self.text, low, high)
        for number, (start, end) in enumerate(segments):
            if number and re.match(r"(?:who|whose|which|where)\b", self.text[start:end]):
                called = self._called(start, end)
                if called is not None:
                    return [called]
                continue
            beside = segments[number - 1 if number else 1] if len(segments) > 1 else (low, low)
            found = self._named_in(start, end, number) or self._unlisted(start, end, beside)
            if found:
                return self._with_others(found, end, segments[number + 1 :])
            if number == 0:
                called = self._called(start, end)
                if called is not None:
                    return [called]
        return []

    def _named_in(self, low: int, high: int, number: int) -> list[Referent]:
        """Return the names that one segment of a source is about."""
        inside = self.cast.within(low, high)
        people = [
            mention
            for mention in inside
            if mention.label == "PERSON" and not self._somebody_elses(mention, low, high)
        ]
        for mention in people:
            if any(
                not _LISTED.search(self.text[mention.end : m.start])
                for m in people
                if m.start > mention.end
            ):
                continue  # "Justice Helen Marr": the last of the names is the one
            return [self.cast.which(mention), *self._joint(mention, inside, high)]
        for mention in reversed(inside):
            if mention.label in ("ORG", "GPE", "FAC", "LOC") and self._is_head(mention, low, high):
                if number and not re.fullmatch(
                    r"(?:the\s+)?", self.text[low : mention.start], re.I
                ):
                    continue
                earlier = [
                    other
                    for other in inside
                    if other.end < mention.start
                    and _AND.fullmatch(self.text[other.end : mention.start])
                    and self._is_head(other, low, other.end)
                ]
                return [other.referent for other in [*earlier, mention]]
        return []

    def _with_others(
        self, found: list[Referent], end: int, rest: list[tuple[int, int]]
    ) -> list[Referent]:
        """Return the names with those of further segments, when a list goes on to "and X"."""
        more: list[Referent] = []
        for start, stop in rest:
            words = re.match(r"and\s+(?:the\s+)?", self.text[start:stop])
            inside = self.cast.within(start, stop)
            whole = inside and inside[0].start - start <= (words.end() if words else 4)
            if not whole or not re.match(r"\s*$", self.text[inside[-1].end : stop]):
                return found
            more += [mention.referent for mention in inside]
            if words:
                return found + more
        return found

    def _named_with(self, low: int, high: int, said: _Said) -> list[Referent]:
        """Return somebody named and others described beside them: "the U.S. and its allies"."""
        start, end = _segments(self.text, low, high)[0]
        joining = _AND_ALONE.search(self.text, start, end)
        if not joining:
            return []
        halves = [(start, joining.start()), (joining.end(), end)]
        named = [self._named(*half) for half in halves]
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

    def _somebody_elses(self, person: Mention, low: int, high: int) -> bool:
        """Tell whether a person is only mentioned: "Lee's lawyer", "a friend of Lee"."""
        if re.match(
            r"[’']s?\s+\w|\s+(?:administration|government|campaign|family|aide|ally|"
            r"supporter|lawyer|spokes\w+)s?\b",
            self.text[person.end : high],
        ):
            return True
        if descriptions.continues(self.text[person.end : high]):
            return True
        before = self.text[low : person.start]
        found = list(_PREPOSITION.finditer(before))
        naming = list(_NAMING.finditer(self.text, low, person.end))
        if not found or (naming and naming[-1].end() == person.start and _NAMED_AS.search(before)):
            return False
        between = before[found[-1].end() :].split()
        title = before[: found[0].start()].split()
        office = title and title[0][:1].isupper() and title[-1][:1].isupper()
        office = office and title[0].lower() not in ("the", "a", "an")
        return not (office and between and all(w[:1].isupper() or w == "the" for w in between))

    def _is_head(self, body: Mention, low: int, high: int) -> bool:
        """Tell whether a segment is about a body: its name ends the words before "in", "of"."""
        after = self.text[body.end : high]
        before = self.text[low : body.start]
        return bool(_BODY_ADDED.match(after)) and not _PREPOSITION.search(before)

    def _joint(self, first: Mention, inside: list[Mention], high: int) -> list[Referent]:
        others = [m for m in inside if m.start > first.end and m.label == first.label]
        return [
            self.cast.which(other)
            for other in others
            if re.fullmatch(
                r"(?:,\s+(?:\S+\s+){0,6}?)?,?\s*(?:and|&)\s+(?:[\w.’'-]+\s+){0,5}",
                self.text[first.end : other.start],
            )
            and not self._somebody_elses(other, other.start, high)
        ]

    def _called(self, low: int, high: int) -> Referent | None:
        """Return the name a segment gives: "a group calling itself X", "known only as X"."""
        for naming in _NAMING.finditer(self.text, low, high):
            name = _FULL_NAME.match(self.text, naming.end(), high)
            if name and _NAMED_AS.search(self.text[low : naming.end()]):
                inside = self.cast.within(*name.span())
                if inside and inside[0].end == name.end():
                    return inside[0].referent
                kind = {"organisation": "body"}.get(describe(self.text[low:high]).kind, "person")
                return self.cast.find(name.group()) or self.cast.enlist(name.group(), kind)
        return None

    def _unlisted(self, low: int, high: int, beside: tuple[int, int]) -> list[Referent]:
        """Return a name that no mention covers: capitals at the end, a role or title before it.

        `beside` is the segment that may tell what it names: "the operator, Castellan Ports".
        """
        role = _ROLE.match(self.text[low:high])
        start = names.strip_titles(self.text, low + role.end(), high)
        start += len(_ARTICLE.match(self.text[start:high]).group())
        name = self.text[start:high]
        words = name.split()
        if not _FULL_NAME.fullmatch(name) or name.lower() in PRONOUNS:
            return []
        if _PREPOSITION.search(role.group()):
            return []
        known = self.cast.find(name)
        if known is not None:
            return [known]
        told = [role.group(), self.text[slice(*beside)]]
        kinds = [descriptions.kind(descriptions.head_noun(words)) for words in told]
        titled = start > low + role.end()
        if len(words) < 2 and not (titled or kinds[0]):
            return []
        if descriptions.kind(words[-1]) or _OWNER.search(name):
            return []
        body = "organisation" in kinds and not titled
        return [self.cast.enlist(name, "body" if body else "person")]

    # ------------------------------------------------------------------------------- pronouns

    def _pronoun(self, low: int, pronoun: str, said: _Said) -> Referent | None:
        goes_on = bool(_GOES_ON.search(said.cue))
        if pronoun in (HE, SHE):
            return self.discourse.person(low, pronoun, said.content, goes_on)
        if pronoun == IT:
            return self.discourse.thing(low, said.content, goes_on)
        return self.discourse.group(low, said.content, goes_on)

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
        first = _segments(self.text, low, high)[0]
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
            referent = self._named_before(low, written, description) or self._described_before(
                low, written, description
            )
        elif description.determiner in ("a", "an") and low < OPENING:
            referent = self._in_headline(description)
        if referent is None and low < OPENING:
            referent = self._named_later(low, high, description)
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
            return _resolved(referent, "description"), referent
        inside = self.cast.within(low, high)
        named = bool(inside) and inside[0].start == low
        referent = self._remember(low, high, description, named)
        return Resolved(referent.speaker, "", "none"), referent

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
                speaker = f"{description.determiner} {noun}"
                if known.plural and description.determiner == "one":
                    speaker = f"one of {earlier.speaker}"
                if description.plural and not descriptions.is_plural(noun):
                    speaker = f"{description.determiner} {noun}s"
                referent = Referent(speaker, "", "person", plural=description.plural)
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

    def _named_before(self, low: int, written: str, description: Description) -> Referent | None:
        """Return the name a definite description takes up: "the newspaper", "the minister"."""
        aged = _AGED.search(written)
        if aged:
            return self._aged(low, aged.group("age"))
        if description.plural:
            return None
        noun = description.noun
        if noun in _OUTLET_NOUNS or description.kind == "organisation" or noun in _COMPANY:
            body = self._body_before(low, description)
            if body is not None:
                return body
        if description.kind == "person" and not description.owned:
            told = descriptions.gender(noun)
            person = self._person_called(low, noun, set(description.modifiers))
            if person is None and noun in ("man", "woman", "girl", "boy"):
                person = self.discourse.person(low, HE if told == "male" else SHE, [])
            return person
        return None

    def _aged(self, low: int, age: str) -> Referent | None:
        for mention in reversed(self.cast.before(low)):
            if mention.label == "PERSON" and re.match(
                rf",\s+(?:aged\s+)?{age}\b", self.text[mention.end : mention.end + 20]
            ):
                return mention.referent
        return None

    def _person_called(self, low: int, noun: str, modifiers: set[str]) -> Referent | None:
        """Return the last person called so before `low`: "Judge Marr", "Marr, a judge"."""
        called = re.compile(rf"\b{re.escape(noun)}\b", re.IGNORECASE)
        for mention in reversed(self.cast.before(low)):
            if mention.label != "PERSON":
                continue
            role = (
                _role_before(self.text, mention.start) + " | " + _role_after(self.text, mention.end)
            )
            if called.search(role) and modifiers <= {*role.lower().split()}:
                return mention.referent
        return None

    def _named_later(self, low: int, high: int, description: Description) -> Referent | None:
        """Return whom a story that opens with a description then names: one, and only one, so.

        "A prosecutor told the court" is followed by "the prosecutor, Jonas Weil"; the headline
        "Captain, 71" by "Caspar Wren, 71"; "Election commission" by its full name.
        """
        if description.plural or self._known_before(low, description):
            return None
        age = _AGE.match(self.text, high) or _AGE.search(self.text, low, high)
        named: dict[int, Referent] = {}
        for mention in self.cast.after(low):
            if mention.start < high or id(mention.referent) in named:
                continue
            if self._bears(mention, description, age):
                named[id(mention.referent)] = mention.referent
        return next(iter(named.values())) if len(named) == 1 else None

    def _known_before(self, low: int, description: Description) -> bool:
        kind = "PERSON" if description.kind == "person" else "ORG"
        return description.definite and any(m.label == kind for m in self.cast.before(low))

    def _bears(self, mention: Mention, description: Description, age: re.Match | None) -> bool:
        """Tell whether a name further on is given with a description's noun or age."""
        noun = re.escape(description.noun)
        if mention.label == "PERSON" and age:
            after = self.text[mention.end : mention.end + 12]
            return bool(re.match(rf",\s+{age.group('age')}\b", after))
        if mention.label == "PERSON" and description.kind == "person":
            if description.owned:
                return False
            before = self.text[max(0, mention.start - 40) : mention.start]
            modified = "".join(rf"{re.escape(word)}\s+" for word in description.modifiers)
            return bool(re.search(rf"\b[Tt]he\s+(?:\w+\s+)?{modified}{noun},?\s+$", before)) or (
                bool(
                    re.match(
                        rf",\s+an?\s+(?:\w+\s+)?{modified}{noun}\b",
                        self.text[mention.end : mention.end + 60],
                    )
                )
            )
        if mention.label == "ORG" and (
            description.kind == "organisation" or description.noun == "owner"
        ):
            words = {description.noun, *description.modifiers}
            return words <= set(mention.referent.speaker.lower().split()) or (
                not description.modifiers and _called_so(self.text, mention, description.noun)
            )
        return False

    def _body_before(self, low: int, description: Description) -> Referent | None:
        """Return the last body before `low` that the noun fits by name, kind or apposition."""
        noun, words = description.noun, set(description.modifiers)
        before = [m for m in self.cast.before(low) if m.label == "ORG"]
        for mention in reversed(before):
            name = mention.referent.speaker
            if not words <= set(name.lower().split()):
                continue
            if _fits(name, noun) or _called_so(self.text, mention, noun):
                return mention.referent
        if noun in _GENERIC and not words:
            near = [m for m in before if low - m.end < 600 and not m.referent.outlet]
            subjects = [m for m in near if self.discourse.opens_clause(m.start)]
            if subjects and _kind_of_name(subjects[-1].referent.speaker) in (
                "",
                "NGO or civil society",
            ):
                return subjects[-1].referent
        if noun in _COMPANY and not words:
            companies = [
                m
                for m in before
                if not _kind_of_name(m.referent.speaker) and not _NEWS.search(m.text)
            ]
            if companies:
                times = {id(m.referent): m.referent.times for m in companies}
                near = [m for m in companies if low - m.end < 800] or companies
                return max(near, key=lambda m: (times[id(m.referent)] >= 2, m.start)).referent
        return None

    # ------------------------------------------------------------------------ behind an outlet

    def _first_source(self, high: int, said: _Said) -> tuple[Resolved, Referent] | None:
        """Return who an outlet reports: "Xi said …, Xinhua reported", "…, citing officials"."""
        text = self.text
        citing = _CITING.search(text, high, min(len(text), high + 160))
        if citing and not re.search(r"[.!?][\s”\"]|\n", text[high : citing.start()]):
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
        for match, offset in ((cited, 0), (inner, 0), (beside, sentence)):
            if match is None:
                continue
            low, high = match.start("who") + offset, match.end("who") + offset
            if any(m.label == "PERSON" for m in self.cast.within(low, high)) or (
                text[low:high].lower() in PRONOUNS
            ):
                return self._refer(low, high, said)
        return None


# ------------------------------------------------------------------------------------ words


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


def _segments(text: str, low: int, high: int) -> list[tuple[int, int]]:
    """Return the parts of a source between commas, dashes and brackets."""
    found, start = [], low
    for match in _SEGMENT.finditer(text, low, high):
        found.append((start, match.start()))
        start = match.end()
    found.append((start, high))
    return [(start, end) for start, end in found if start < end] or [(low, high)]


_AND_ALONE = re.compile(r"\s+and\s+")
_AND = re.compile(r",?\s+(?:and|&)\s+(?:the\s+)?", re.IGNORECASE)


def _what(description: Description) -> str:
    return {"organisation": "body"}.get(description.kind, description.kind)


def _role_before(text: str, start: int) -> str:
    words = re.split(r"[.!?;:“”\"\n]\s*|\band\b", text[max(0, start - 40) : start])[-1]
    return _PREPOSITION.split(words)[-1] if not words.rstrip().endswith(",") else words


def _role_after(text: str, end: int) -> str:
    after = re.match(r",\s+(?:an?\s|the\s)?[^,.;\n]{0,60}", text[end : end + 80])
    return re.split(r"\b(?:of|for|who|which|at|with|in)\b", after.group())[0] if after else ""


def _is_outlet(speaker: str, written: str) -> bool:
    known = names.known(speaker)
    if known is not None and known.lexicon == "outlets":
        return True
    head = describe(written).noun
    return bool(_NEWS.search(speaker)) or head in _OUTLET_NOUNS or head == "media"


def _phrase_length(words: str) -> int:
    match = re.search(r"[,.;:”\"]\s|[,.;:]$|\s(?:who|that|which|as|for|in|on|and)\s|\n", words)
    return match.start() if match else len(words)


_NOT_DESCRIBING = re.compile(
    r"(?:the|an?|of|to|in|for|and|or|by|with|as|that|this|said|says|told|but|some|these|those|their|"
    r"his|her|its|our|from|at|on|were|are|was|is|had|have|has|if|when|between|against|citing|"
    r"quoting|few|other|most|many|all|both|reported|according|warned|\w+ing)",
    re.IGNORECASE,
)


def _called_so(text: str, mention: Mention, noun: str) -> bool:
    """Tell whether the text calls a body so beside its name: "the broadcaster NHK"."""
    before = text[max(0, mention.start - 40) : mention.start]
    after = text[mention.end : mention.end + 60]
    nouns = "|".join(map(re.escape, next((alike for alike in _ALIKE if noun in alike), {noun})))
    return bool(
        re.search(rf"\b(?:{nouns}),?\s+(?:called\s+)?$", before, re.IGNORECASE)
        or re.match(rf",\s+(?:an?|the)\s+(?:[\w-]+\s+){{0,4}}(?:{nouns})\b", after)
    )


def _fits(name: str, noun: str) -> bool:
    known = names.known(name)
    if noun in _OUTLET_NOUNS and _outlet_fits(name, noun):
        return True
    if noun in name.lower().split():
        return True
    if known is not None and known.lexicon == "bodies":
        return _body_affiliation().get(known.name) == _body_kinds().get(noun, "-")
    return False


def _kind_of_name(name: str) -> str:
    """Return the affiliation that the lexicons or the words of a body's name give it."""
    known = names.known(name)
    if known is not None:
        return known.lexicon
    kinds = [_body_kinds()[word] for word in name.lower().split() if word in _body_kinds()]
    return "" if not kinds or kinds[-1] == "business" else kinds[-1]


def _outlet_fits(name: str, noun: str) -> bool:
    known = names.known(name)
    kind = _outlet_kinds().get(known.name, "") if known and known.lexicon == "outlets" else ""
    if noun in _BROADCASTERS:
        return kind == "broadcaster" or bool(
            re.search(r"\b(?:Radio|TV|Television|Broadcast\w*)\b", name)
        )
    if noun in _PAPERS:
        return kind == "newspaper" or bool(
            re.search(
                r"(?:Times|Post|Herald|Gazette|Tribune|Courier|Chronicle|News|Journal)$", name
            )
        )
    if noun == "agency":
        return kind == "agency" or name.split()[-1] in ("Agency", "Service", "Press")
    return kind != "" or noun in name.lower().split()


@lru_cache(maxsize=1)
def _body_kinds() -> dict[str, str]:
    table = lexicons.read_lexicon("affiliations")
    table = table[table["kind"] == "organisation"]
    return dict(zip(table["noun"], table["affiliation"], strict=True))


@lru_cache(maxsize=1)
def _body_affiliation() -> dict[str, str]:
    table = lexicons.read_lexicon("bodies")
    return dict(zip(table["name"], table["affiliation"], strict=True))


@lru_cache(maxsize=1)
def _outlet_kinds() -> dict[str, str]:
    table = lexicons.read_lexicon("outlets")
    return dict(zip(table["name"], table["kind"], strict=True))
